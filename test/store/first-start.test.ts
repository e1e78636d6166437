/** What a start makes durable, and what it makes of a first start that a power loss ended. */

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { commandClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { makeJournal, makeTables, START_PARTIAL } from '../../src/store/lmdb/first-start.js'
import { JOURNAL, makeJournalFiles } from '../../src/store/lmdb/journal-file.js'
import { FORMAT, openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { Tables } from '../../src/store/lmdb/tables.js'
import { A, appendTexts, log } from './contract/support.js'
import { crashedCopy, overwrite } from './support/crashed.js'
import { newFolder } from './support/folder.js'

const JOURNAL_BYTES = 2 ** 16

/** The paths of synced files and folders in order, and `write` for each write behind a journal's start, while `act` runs. */
async function syncsOf(t: Test, act: () => Promise<unknown>): Promise<string[]> {
  const { openSync, fsyncSync, write } = fs
  const paths = new Map<number, string>()
  const seen: string[] = []
  const restoreAll = (): void => {
    Object.assign(fs, { openSync, fsyncSync, write })
  }
  t.teardown(restoreAll)
  Object.assign(fs, {
    openSync: (...args: Parameters<typeof openSync>) => {
      const descriptor = openSync(...args)
      paths.set(descriptor, String(args[0]))
      return descriptor
    },
    fsyncSync: (descriptor: number) => {
      seen.push(paths.get(descriptor) ?? '')
      fsyncSync(descriptor)
    },
    write: (...args: Parameters<typeof write>) => {
      seen.push('write')
      write(...args)
    },
  })
  await act()
  restoreAll()
  return seen
}

t.test('every folder above a new one is synced, by serve, backup and restore', async t => {
  const root = newFolder(t)
  const folder = path.join(root, 'a', 'b', 'data')
  const started = await syncsOf(t, async () =>
    (await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })).close(),
  )
  const to = path.join(root, 'c', 'd', 'backup')
  const backedUp = await syncsOf(t, () => backUp({ from: folder, to, clock: commandClock }))
  const data = path.join(root, 'e', 'f', 'data')
  const restored = await syncsOf(t, () => restore({ from: to, to: data, epochMin: 0 }))
  const above = (file: string): string[] => (file === root ? [root] : [...above(path.dirname(file)), file])
  for (const [synced, names] of [
    [started, [...above(folder), path.join(folder, START_PARTIAL, 'data.mdb'), path.join(folder, 'journal-0')]],
    [backedUp, above(path.dirname(to))],
    [restored, [...above(data), path.join(data, 'restore.partial', 'data.mdb')]],
  ] as const) {
    for (const name of names) t.ok(synced.includes(name), name)
  }
})

t.test('a start syncs all that it rests on before it writes, also with nothing to replay', async t => {
  const folder = path.join(newFolder(t), 'data')
  await (await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })).close()
  const synced = await syncsOf(t, async () => {
    const store = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })
    await appendTexts(store, A, 'a')
    await store.close()
  })
  const before = synced.slice(0, synced.indexOf('write'))
  for (const name of ['', 'data.mdb', 'journal-0', 'journal-1', '..']) {
    t.ok(before.includes(path.join(folder, name).replace(/\/$/, '')), name)
  }
})

t.test('a first start that a power loss ended is done again, wherever it had come to', async t => {
  const cases: Readonly<Record<string, (folder: string) => Promise<void>>> = {
    'tables in the making': async folder => {
      fs.mkdirSync(path.join(folder, START_PARTIAL))
      fs.writeFileSync(path.join(folder, START_PARTIAL, 'data.mdb'), randomBytes(10_000))
    },
    'tables made, and no journal': folder => makeTablesIn(folder),
    'tables made, and one file of the journal in pieces': async folder => {
      await makeTablesIn(folder)
      fs.writeFileSync(path.join(folder, 'journal-0'), randomBytes(10_000))
    },
    'both files made, and the tables do not name them': async folder => {
      await makeTablesIn(folder)
      const tables = new Tables(folder, 2 ** 20)
      makeJournal(folder, tables, JOURNAL_BYTES, seededRandom('first'))
      tables.putMetas({ [JOURNAL]: 0 })
      await tables.close()
    },
  }
  for (const [name, leave] of Object.entries(cases)) {
    const folder = newFolder(t)
    await leave(folder)
    const store = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })
    await appendTexts(store, A, 'a')
    const copy = crashedCopy(t, folder)
    await store.close()
    const again = await openLmdbStore({ path: copy, journalBytes: JOURNAL_BYTES })
    t.same(await log(again, A), ['1:a'], name)
    t.notOk(fs.existsSync(path.join(folder, START_PARTIAL)))
    await again.close()
  }
})

t.test('tables that are missing where a journal is are damage, and nothing is made in their place', async t => {
  const folder = newFolder(t)
  await (await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })).close()
  fs.rmSync(path.join(folder, 'data.mdb'))
  await t.rejects(openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES }), {
    name: 'StoreDamagedError',
    message: /data.mdb is missing, but .*journal-0 exists/,
  })
  t.notOk(fs.existsSync(path.join(folder, 'data.mdb')))
})

t.test('garbage in either meta page of new tables does not let their journal be made anew', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })
  await appendTexts(store, A, 'a')
  for (const page of [0, 1]) {
    const copy = crashedCopy(t, folder)
    overwrite(path.join(copy, 'data.mdb'), page * 4096, randomBytes(4096))
    const again = await openLmdbStore({ path: copy, journalBytes: JOURNAL_BYTES })
    t.same(await log(again, A), ['1:a'], `page ${page}`)
    await again.close()
  }
  await store.close()
})

async function makeTablesIn(folder: string): Promise<void> {
  const tables = new Tables(folder, 2 ** 20)
  tables.create({ id: randomBytes(16), secret: randomBytes(16) }, FORMAT)
  await tables.close()
}

t.test('a first start that was killed between its two notes of the journal is completed by the next', async t => {
  const folder = newFolder(t)
  await makeTables(folder, 2 ** 20, seededRandom(1), FORMAT)
  const tables = new Tables(folder, 2 ** 20)
  makeJournalFiles(folder, 2 ** 14, { id: tables.id(), salt: 7 }, 0)
  tables.putMetas({ [JOURNAL]: 7 })
  await tables.close()
  await (await openLmdbStore({ path: folder, journalBytes: 2 ** 14 })).close()
  // Whichever of the two meta pages is lost: the other knows the journal.
  for (const page of [0, 1]) {
    const copy = crashedCopy(t, folder)
    overwrite(path.join(copy, 'data.mdb'), 4096 * page, Buffer.alloc(64, 0xff))
    const damaged = await openLmdbStore({ path: copy, journalBytes: 2 ** 14 })
    await damaged.close()
    const again = new Tables(copy, 2 ** 20)
    t.equal(again.meta(JOURNAL), 7, `without meta page ${page}`)
    await again.close()
  }
})
