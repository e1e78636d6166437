/** Damage in data.mdb: it is refused by name, and never ends in a signal, in an older state or in other content. */

import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { databaseState } from '../../src/store/lmdb/database-file.js'
import { isBlock } from '../../src/store/lmdb/entry-value.js'
import { SECTOR_BYTES, WRITES_AT } from '../../src/store/lmdb/journal-file.js'
import { KIND_ENTRY } from '../../src/store/lmdb/keys.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import type { Tables } from '../../src/store/lmdb/tables.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { A, append, B, commit, put, record, unit } from './contract/support.js'
import { crashedCopy, overwrite, withTables } from './support/crashed.js'
import { newFolder } from './support/folder.js'

const PAGE_BYTES = 4096
/** Both meta pages: a head of 24 bytes, and what it says of the state. */
const META_BYTES = 168

interface Sample {
  readonly folder: string
  readonly bytes: Buffer
  /** Everything in it, as text. */
  readonly content: string
}

/** A store that is whole, through some checkpoints, with branches, values on pages of their own and free pages. */
async function sample(t: Test): Promise<Sample> {
  const folder = newFolder(t)
  for (let round = 0; round < 3; round++) {
    const store = await openLmdbStore({ path: folder, journalBytes: 4096 })
    for (let i = 0; i < 30; i++) {
      const text = `${round}.${i} `.repeat(1 + ((i * 37) % 60))
      await commit(
        store,
        unit({ puts: [put(A, `r${i}`, text), put(B, 'x', text)], appends: [append(B, text, `k${i % 9}`)] }),
      )
      // Entries without a key lie in blocks.
      if (i % 6 === 0) await commit(store, unit({ appends: [append(A, `${i} of many`), append(A, text.slice(0, 90))] }))
    }
    await commit(store, unit({ puts: [put(A, 'long', 'y'.repeat(30_000 + round))] }))
    await store.close()
  }
  return { folder, bytes: fs.readFileSync(path.join(folder, 'data.mdb')), content: await contentOf(folder) }
}

function contentOf(folder: string): Promise<string> {
  return viewStore(folder, systemClock, view => {
    const records = [...view.records()].map(({ actor, name, stamp, bytes }) => [
      actor,
      name,
      stamp,
      Buffer.from(bytes).toString(),
    ])
    const logs = [...view.logs()].map(log => [
      log.actor,
      log.head,
      [...log.keys],
      [...log.entries()].map(({ version, bytes }) => [version, Buffer.from(bytes).toString()]),
    ])
    return JSON.stringify([records, logs])
  })
}

/** What a damaged file comes to: its error, or 'whole' if its content is what it was. */
async function outcome(whole: Sample, bytes: Buffer): Promise<string> {
  fs.writeFileSync(path.join(whole.folder, 'data.mdb'), bytes)
  try {
    return (await contentOf(whole.folder)) === whole.content ? 'whole' : 'other content'
  } catch (error) {
    return error instanceof Error ? error.name : 'no error'
  }
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ (1 << bit)
  return copy
}

function count(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const each of outcomes) counts[each] = (counts[each] ?? 0) + 1
  return counts
}

t.test('a file without a byte, or cut off anywhere, is refused by serve, verify, backup and restore alike', async t => {
  const whole = await sample(t)
  const file = path.join(whole.folder, 'data.mdb')
  const cuts = [0, 1, 23, 100, 4095, 4096, 4300, 8191, 8192, 8193]
  for (let at = 2.5; at * PAGE_BYTES < whole.bytes.length; at += 3.5) cuts.push(at * PAGE_BYTES)
  for (const cut of cuts) {
    const bytes = whole.bytes.subarray(0, cut)
    // Pages that are free at the end need not be there: lmdb would not have written them.
    if (cut > 4 * PAGE_BYTES && (await outcome(whole, bytes)) === 'whole') continue
    const refused = { name: /^Store(Damaged|Format)Error$/, message: file }
    fs.writeFileSync(file, bytes)
    await t.rejects(openLmdbStore({ path: whole.folder }), refused, `serve, ${cut}`)
    await t.rejects(contentOf(whole.folder), refused, `verify, ${cut}`)
    const to = path.join(whole.folder, 'backup')
    await t.rejects(backUp({ from: whole.folder, to, clock: systemClock }), refused, `backup, ${cut}`)
    await t.rejects(
      restore({ from: whole.folder, to: path.join(whole.folder, 'new'), epochMin: 0 }),
      refused,
      `restore, ${cut}`,
    )
    t.same(fs.readFileSync(file), bytes, 'nothing was written to it')
  }
})

t.test('no bit of either meta page leads to a signal or to other content', async t => {
  const whole = await sample(t)
  const file = path.join(whole.folder, 'data.mdb')
  const outcomes: string[] = []
  for (const page of [0, 1]) {
    for (let at = 0; at < META_BYTES; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bytes = flipped(whole.bytes, page * PAGE_BYTES + at, bit)
        fs.writeFileSync(file, bytes)
        // What the look at the file refuses lmdb never sees.
        outcomes.push(databaseState(file).kind === 'whole' ? await outcome(whole, bytes) : 'StoreDamagedError')
      }
    }
  }
  const { whole: harmless = 0, StoreDamagedError: refused = 0, ...other } = count(outcomes)
  t.same(other, {})
  t.ok(refused > 1200, `${refused} are refused`)
  // What lmdb does not read: the transaction and the free space of a meta page itself, the size of its map, the boot.
  t.ok(harmless > 0, `${harmless} change nothing`)
})

t.test(
  'of two meta pages a torn one is mended at a start if the journal has what came after the other, and else refused',
  async t => {
    const folder = newFolder(t)
    const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 16 })
    for (let i = 0; i < 200; i++) await commit(store, unit({ puts: [put(A, `r${i}`, 'x'.repeat(500))] }))
    await store.close()
    const content = await contentOf(folder)
    const file = path.join(folder, 'data.mdb')
    const names = ['data.mdb', 'journal-0', 'journal-1']
    const files = new Map(names.map(name => [name, fs.readFileSync(path.join(folder, name))]))
    const state = databaseState(file)
    const newest = state.kind === 'whole' ? state.meta.index : 0
    for (const page of [newest, 1 - newest]) {
      for (const [name, bytes] of files) fs.writeFileSync(path.join(folder, name), bytes)
      const bytes = Buffer.from(files.get('data.mdb') ?? '')
      for (let at = 0; at < PAGE_BYTES; at += 4)
        bytes.writeUInt32LE(Math.imul(at + 1, 0x9e3779b1) >>> 0, page * PAGE_BYTES + at)
      fs.writeFileSync(file, bytes)
      await t.rejects(
        contentOf(folder),
        { name: 'StoreDamagedError', message: /meta page [01]: its magic is wrong/ },
        'verify',
      )
      const warnings: string[] = []
      const again = await openLmdbStore({ path: folder, journalBytes: 2 ** 16, onWarning: text => warnings.push(text) })
      await again.close()
      t.match(warnings, [/data.mdb continues from .*meta page [01]: its magic is wrong/])
      t.equal(await contentOf(folder), content, page === newest ? 'the journal had the rest' : 'it was the older one')
    }
    // The journal is used again after that state was written: what the other page tells is older than where it begins.
    const later = await openLmdbStore({ path: folder, journalBytes: 4096 })
    for (let i = 0; i < 200; i++) await commit(later, unit({ puts: [put(A, `r${i}`, 'y'.repeat(500))] }))
    await later.close()
    const bytes = fs.readFileSync(file)
    const after = databaseState(file)
    const index = after.kind === 'whole' ? after.meta.index : 0
    const applied = bytes.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES)
    applied.fill(0)
    fs.writeFileSync(file, bytes)
    fs.copyFileSync(path.join(folder, 'journal-0'), path.join(folder, 'saved'))
    const mended = openLmdbStore({ path: folder, journalBytes: 4096 })
    const came = await mended.then(
      async store => {
        await store.close()
        return contentOf(folder)
      },
      (error: Error) => error.name,
    )
    t.ok(came === 'StoreDamagedError' || came.includes('y'.repeat(500)), 'refused, or with nothing missing')
  },
)

t.test('the newest state is missed even if the write that took the place of what it holds was torn', async t => {
  const folder = newFolder(t)
  // Its clock never strikes, so that no mark is written.
  const clock = { ...systemClock, after: () => ({ cancel() {} }) }
  const first = await openLmdbStore({ path: folder, journalBytes: 2 ** 16, clock })
  await commit(first, unit({ puts: [put(A, 'x', 'recovered', 11)] }))
  const killed = crashedCopy(t, folder)
  await first.close()
  const second = await openLmdbStore({ path: killed, journalBytes: 2 ** 16, clock })
  const torn = crashedCopy(t, killed)
  await second.close()
  overwrite(path.join(torn, 'journal-0'), WRITES_AT, Buffer.alloc(SECTOR_BYTES, 'garbage'))
  const file = path.join(torn, 'data.mdb')
  const whole = fs.readFileSync(file)
  const state = databaseState(file)
  const page = state.kind === 'whole' ? state.meta.index : 0
  fs.writeFileSync(file, flipped(whole, page * PAGE_BYTES + 5, 6))
  await t.rejects(openLmdbStore({ path: torn, journalBytes: 2 ** 16 }), {
    name: 'StoreDamagedError',
    message: /the last write is 0, but write 1 was finished/,
  })
  fs.writeFileSync(file, whole)
  const again = await openLmdbStore({ path: torn, journalBytes: 2 ** 16 })
  t.equal(await record(again, A, 'x'), '11:recovered', 'without the flipped bit nothing is missing')
  await again.close()
})

t.test(
  'a flipped bit anywhere in the tables is found by verify; reading it is an error and never other content',
  async t => {
    const whole = await sample(t)
    const entries = [Buffer.of(KIND_ENTRY), Buffer.of(KIND_ENTRY + 1)] as const
    const isInBlocks = (tables: Tables) => [...tables.range(...entries)].some(({ value }) => isBlock(value))
    t.ok(await withTables(whole.folder, isInBlocks), 'some entries lie in blocks')
    const outcomes: string[] = []
    for (let at = 2 * PAGE_BYTES; at < whole.bytes.length; at += 101) {
      outcomes.push(await outcome(whole, flipped(whole.bytes, at, at % 8)))
    }
    const {
      whole: unused = 0,
      StoreDamagedError: refused = 0,
      StoreFormatError: _nameless = 0,
      ...other
    } = count(outcomes)
    t.same(other, {})
    t.ok(refused > 50, `${refused} are refused`)
    t.ok(unused > 0, `${unused} are in what is not used`)
  },
)

t.test('a start refuses a damaged key, which would seem never to have been written', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 4096 })
  const appends = [{ ...append(A, 'an entry'), conversation: 'group' }]
  await commit(store, unit({ puts: [put(A, 'last', 'a record')], appends }))
  await store.close()
  const file = path.join(folder, 'data.mdb')
  const bytes = fs.readFileSync(file)
  for (const [kind, name] of [
    ['c', '\0group'],
    ['r', '/last'],
  ]) {
    const key = `${kind}${A}${name}`
    // The last letter changes: the order of the keys stays.
    fs.writeFileSync(file, flipped(bytes, bytes.indexOf(key) + key.length - 1, 1))
    const refused = { name: 'StoreDamagedError', message: /a value is not what was written, under "/ }
    await t.rejects(openLmdbStore({ path: folder }), refused, key)
  }
})

t.test('a damaged value is not given to whoever reads it, and no other value suffers', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 4096 })
  await commit(
    store,
    unit({
      puts: [put(A, 'x', 'the content of x'), put(A, 'y', 'fine'), put(A, 'z', 'the content of z')],
      appends: [append(A, 'an entry')],
    }),
  )
  await store.close()
  const file = path.join(folder, 'data.mdb')
  const told: string[] = []
  const onDamage = ({ message }: Error): void => void told.push(message)
  const damaged = await openLmdbStore({ path: folder, journalBytes: 4096, onDamage })
  const bytes = fs.readFileSync(file)
  bytes[bytes.indexOf('an entry')] = 0x41
  // Each whole, with its stamp before it and its seal behind it, in the place of the other.
  const [x, z] = [bytes.indexOf('the content of x'), bytes.indexOf('the content of z')]
  for (let at = -8; at < 'the content of x'.length + 4; at++) {
    const byte = bytes.readUInt8(x + at)
    bytes[x + at] = bytes.readUInt8(z + at)
    bytes[z + at] = byte
  }
  // lmdb has mapped the file: it must not become shorter for a moment.
  fs.writeFileSync(file, bytes, { flag: 'r+' })
  await t.rejects(damaged.get(A, ['x']), {
    name: 'StoreDamagedError',
    message: `${file} is damaged: a value is not what was written, under "r${A}/x\\u0000\\u0000\\u0006"`,
  })
  await t.rejects(damaged.get(A, ['z']), { name: 'StoreDamagedError' })
  await t.rejects(damaged.read(A, 0, 9, 9, 999), { name: 'StoreDamagedError', message: file })
  t.equal(Buffer.from((await damaged.get(A, ['y']))[0]?.bytes ?? []).toString(), 'fine')
  await t.rejects(damaged.read(A, 0, 9, 9, 999))
  t.equal(told.length, 3, 'each is told of once, to those who run it')
  t.ok(told.every(message => message.includes(`${file} is damaged`)))
  await damaged.close()
})
