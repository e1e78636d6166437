/** A process that opens the tables at the wrong moment notes an older transaction as the newest one (newest.ts): nothing is lost. */

import { execFileSync } from 'node:child_process'
import path from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { databaseState } from '../../src/store/lmdb/database-file.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import type { LmdbStore } from '../../src/store/lmdb/store.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { eventually } from '../support/eventually.js'
import { A, ALL, append, commit, put, textOf, unit } from './contract/support.js'
import { newFolder } from './support/folder.js'

/** Prints the note, and writes another one if it is told which. */
const NOTING = `
  const [file, number] = process.argv.slice(1)
  const fs = require('node:fs')
  const descriptor = fs.openSync(file, 'r+')
  const bytes = Buffer.alloc(8)
  fs.readSync(descriptor, bytes, 0, 8, 8)
  process.stdout.write(String(bytes.readBigUInt64LE()))
  if (number !== undefined) {
    bytes.writeBigUInt64LE(BigInt(number))
    fs.writeSync(descriptor, bytes, 0, 8, 8)
  }`

/** The transaction that is noted as the newest one. */
function noted(folder: string): number {
  return Number(execFileSync(process.execPath, ['-e', NOTING, path.join(folder, 'lock.mdb')], { encoding: 'utf8' }))
}

/** Another process notes this transaction, as it would have found it before the last checkpoint. */
function noteOld(folder: string, transaction: number): void {
  execFileSync(process.execPath, ['-e', NOTING, path.join(folder, 'lock.mdb'), String(transaction)])
}

interface Rig {
  readonly folder: string
  readonly store: LmdbStore
  readonly texts: string[]
}

/** Each commit fills a file of the journal. */
async function rig(t: Test): Promise<Rig> {
  const folder = newFolder(t)
  return { folder, store: await openLmdbStore({ path: folder, journalBytes: 4096 }), texts: [] }
}

/** Commits until one more checkpoint was made. @returns the transaction before it */
async function checkpoint({ folder, store, texts }: Rig): Promise<number> {
  const file = path.join(folder, 'data.mdb')
  const newest = (): number => {
    const state = databaseState(file)
    return state.kind === 'whole' ? state.meta.transaction : 0
  }
  const before = newest()
  await eventually(async () => {
    texts.push(`${texts.length} `.repeat(300))
    await commit(store, unit({ puts: [put(A, 'last', texts.at(-1) ?? '')], appends: [append(A, texts.at(-1) ?? '')] }))
    return newest() > before
  })
  // What follows is under way until the note is there.
  await eventually(() => noted(folder) === newest())
  return newest() - 1
}

async function shown(store: LmdbStore): Promise<string[]> {
  const { entries } = await store.read(A, 0, ALL, 1_000, 2 ** 30)
  const [last] = await store.get(A, ['last'])
  return [...entries.map(({ bytes }) => textOf(bytes)), `last ${textOf(last?.bytes ?? new Uint8Array())}`]
}

function expected({ texts }: Rig): string[] {
  return [...texts, `last ${texts.at(-1)}`]
}

t.test('what a checkpoint brought is read', async t => {
  const made = await rig(t)
  await checkpoint(made)
  const before = await checkpoint(made)
  noteOld(made.folder, before)
  // At first what is read may still be in memory.
  await eventually(async () => {
    t.same(await shown(made.store), expected(made))
    return noted(made.folder) === before + 1
  })
  await made.store.close()
})

t.test('what a checkpoint brought is there after the next one, and after a start', async t => {
  const made = await rig(t)
  await checkpoint(made)
  for (let round = 0; round < 5; round++) {
    // Even and odd: lmdb takes one of its two meta pages by the number that is noted.
    const before = await checkpoint(made)
    noteOld(made.folder, before - (round % 2))
    await checkpoint(made)
  }
  t.same(await shown(made.store), expected(made))
  noteOld(made.folder, noted(made.folder) - 1)
  await made.store.close()
  const logs = await viewStore(made.folder, systemClock, view => [...view.logs()].map(log => log.head))
  t.same(logs, [made.texts.length])
  const store = await openLmdbStore({ path: made.folder })
  t.same(await shown(store), expected(made))
  await store.close()
})
