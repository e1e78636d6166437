/** The embedded store and a disk that fills up: when it says that there is little space, and when there is again. */

import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { assertStore, backUp } from '../../src/store/lmdb/backup.js'
import { ChangeEncoder } from '../../src/store/lmdb/change-encoder.js'
import { DiskFullError } from '../../src/store/lmdb/errors.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { bytesTaken, type PageUse, type Pending, Reusable, Space } from '../../src/store/lmdb/space.js'
import { Tables } from '../../src/store/lmdb/tables.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import type { SpaceLevel } from '../../src/store/types.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { A, appendTexts, log } from './contract/support.js'
import { newFolder } from './support/folder.js'

const MIB = 2 ** 20

/** A store whose disk has as much free as the test says. */
async function onDisk(t: Test, freeBytes: number, journalBytes = MIB) {
  const disk = { freeBytes, looks: 0 }
  const levels: SpaceLevel[] = []
  const clock = new ManualClock()
  const store = await openLmdbStore({
    path: newFolder(t),
    journalBytes,
    clock,
    freeBytesMin: 64 * MIB,
    onSpace: level => levels.push(level),
    look: async () => {
      disk.looks++
      return disk.freeBytes
    },
  })
  t.teardown(() => store.close())
  return { store, disk, levels, clock }
}

t.test(
  'space is ample above twice the mark, filling below, scarce below the mark, none below its quarter; better an eighth above',
  async t => {
    const { store, disk, levels, clock } = await onDisk(t, 150 * MIB)
    t.equal(store.space, 'ample')
    t.equal(store.freeBytes, 150 * MIB)
    const becomes = async (freeBytes: number, level: SpaceLevel) => {
      disk.freeBytes = freeBytes
      const { looks } = disk
      clock.advance(1_001)
      await appendTexts(store, A, 'one more')
      await eventually(() => disk.looks > looks && store.freeBytes === freeBytes)
      t.equal(store.space, level, `${freeBytes / MIB} MiB`)
    }
    await becomes(130 * MIB, 'ample')
    await becomes(127 * MIB, 'filling')
    await becomes(130 * MIB, 'filling')
    await becomes(137 * MIB, 'ample')
    await becomes(127 * MIB, 'filling')
    await becomes(66 * MIB, 'filling')
    await becomes(63 * MIB, 'scarce')
    await becomes(66 * MIB, 'scarce')
    await becomes(15 * MIB, 'none')
    await becomes(20 * MIB, 'scarce')
    await becomes(73 * MIB, 'filling')
    await becomes(137 * MIB, 'ample')
    t.same(levels, ['filling', 'ample', 'filling', 'scarce', 'none', 'scarce', 'filling', 'ample'])
  },
)

t.test('while there is little space the disk is looked at again though nothing is written', async t => {
  const { store, disk, clock } = await onDisk(t, 60 * MIB)
  t.equal(store.space, 'scarce')
  disk.freeBytes = 150 * MIB
  await eventually(() => {
    clock.advance(1_000)
    return store.space === 'ample'
  })
})

t.test('the disk is looked at by bytes written, not by commits, and nobody waits for it', async t => {
  const { store, disk } = await onDisk(t, 1_000 * MIB, 2 ** 24)
  const looks = disk.looks
  for (let i = 0; i < 500; i++) await appendTexts(store, A, 'a small one')
  t.equal(disk.looks, looks)
  const text = 'x'.repeat(MIB / 2)
  for (let i = 0; i < 32; i++) await appendTexts(store, A, text)
  t.ok(disk.looks >= looks + 3 && disk.looks <= looks + 8, `${disk.looks - looks} looks for 16 MiB`)
})

t.test('what the journal holds counts as taken, and no longer once it is in the tables', async t => {
  // A file of 32 MiB is full with 8 MiB of changes. They may take 24 in the tables: 140 are too few then.
  const { store, clock, levels } = await onDisk(t, 140 * MIB, 2 ** 25)
  const text = 'x'.repeat(MIB / 4)
  for (let i = 0; store.space === 'ample'; i++) {
    if (i > 40) throw new Error('the journal counts for nothing')
    await appendTexts(store, A, text)
  }
  await eventually(() => {
    clock.advance(1_000)
    return store.space === 'ample'
  })
  t.same(levels, ['filling', 'ample'])
})

/** Changes; a journal file of the test's size holds some 400. */
const HALF_A_CHECKPOINT = 200

t.test('an estimate of what a checkpoint takes is never below what it takes', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 17 })
  const size = () => fs.statSync(path.join(folder, 'data.mdb')).size
  let before = size()
  let pending = { changes: 0, bytes: 0 }
  let earlier = pending
  const foreseen = (each: Pending) => bytesTaken(each, { pageBytes: 4096, used: before / 4096, free: 0 })
  for (let i = 0; i < 4_000; i++) {
    const actor = `user/${(i * 7919) % 1024}`
    const text = 'x'.repeat(i % 50 === 0 ? 9_000 : i % 300)
    await store.commit(0, [{ expect: [], puts: [], trims: [], appends: [{ actor, bytes: Buffer.from(text) }] }])
    pending = { changes: pending.changes + 1, bytes: pending.bytes + text.length + 64 }
    if (size() === before) continue
    // Of two generations at the most: what was written since, and what was on its way.
    const allowed = foreseen(earlier) + foreseen(pending)
    if (size() - before > allowed) t.fail(`took ${size() - before} bytes, ${allowed} were foreseen`)
    before = size()
    // The file may be seen growing in the midst of a checkpoint: what follows at once is of the same.
    if (pending.changes > HALF_A_CHECKPOINT) earlier = pending
    pending = { changes: 0, bytes: 0 }
  }
  await store.close()
})

t.test('an estimate for entries that change in the tables is not below what they take, with their blocks', async t => {
  const folder = newFolder(t)
  const earlier = await openLmdbStore({ path: folder, journalBytes: 2 ** 24 })
  const actors = Array.from({ length: 1_200 }, (_, i) => `user/${i}`)
  for (const actor of actors) await appendTexts(earlier, actor, ...new Array<string>(100).fill('x'.repeat(130)))
  await earlier.close()
  const encoder = new ChangeEncoder(2 ** 16)
  const header = { keyed: false, stamp: 9, conversation: undefined, previous: 0, passingKey: undefined }
  const tables = new Tables(folder, 2 ** 30)
  t.teardown(() => tables.close())
  for (const kind of ['replaced', 'removed']) {
    encoder.restart()
    encoder.begin(0)
    // A page has the keys of about three logs.
    for (const actor of actors.filter((_, i) => i % 3 === 0)) {
      if (kind === 'replaced') encoder.putEntryOf(actor, 50, header, Buffer.from('short'))
      else encoder.removeEntry(actor, 1)
    }
    const batch = tables.batch()
    batch.add(encoder.buffer.subarray(0, encoder.position))
    const [use, { size }] = [tables.pages(), batch]
    tables.apply(batch, tables.meta('applied') + 1)
    const after = tables.pages()
    // What is free afterwards was freed just now, and taken before it.
    const took = use.pageBytes * (after.used + after.free - use.used - use.free)
    t.ok(bytesTaken(size, use) >= took, `${kind}: took ${took} bytes, ${bytesTaken(size, use)} were foreseen`)
    t.ok(took > 2 ** 20, 'the file grew')
    t.ok(encoder.changes >= size.changes && encoder.tableBytes >= size.bytes, 'the journal counts no less')
  }
})

t.test('pages freed by the last two transactions do not count as free yet', async t => {
  const reusable = new Reusable()
  const use = { pageBytes: 4096, used: 100, free: 1_000 }
  t.equal(reusable.bytes(use), 4_096_000)
  reusable.took(96_000)
  t.equal(reusable.bytes(use), 4_000_000)
  reusable.took(1_000_000)
  t.equal(reusable.bytes(use), 3_000_000)
  reusable.took(0)
  reusable.took(0)
  t.equal(reusable.bytes(use), 4_096_000)
})

t.test('without space for its files a store does not begin; with its files there it does', async t => {
  const folder = newFolder(t)
  await t.rejects(openLmdbStore({ path: folder, journalBytes: 2 ** 50 }), DiskFullError)
  t.notOk(fs.existsSync(path.join(folder, 'data.mdb')), 'lmdb was not let near it')
  const store = await openLmdbStore({ path: folder, look: async () => 0 })
  t.equal(store.space, 'none')
  t.same(await log(store, A), [])
  await store.close()
})

/** What the file system says is free, in pages of 4 KiB; undefined: what there is. */
function freeForTest(t: Test) {
  const disk: { pages: number | undefined } = { pages: undefined }
  const { statfsSync } = fs
  const said = (folder: string) => {
    const real = statfsSync(folder)
    return disk.pages === undefined ? real : { ...real, bavail: disk.pages, bsize: 4096 }
  }
  Object.assign(fs, { statfsSync: said })
  t.teardown(() => Object.assign(fs, { statfsSync }))
  return disk
}

t.test(
  'without space for what lmdb maps nothing is opened and nothing is left; with its files there it is',
  async t => {
    const data = path.join(newFolder(t), 'data')
    const beside = path.dirname(data)
    const backup = path.join(beside, 'backup')
    await (await openLmdbStore({ path: data })).close()
    await backUp({ from: data, to: backup, clock: systemClock })
    const ways: Readonly<Record<string, () => Promise<unknown>>> = {
      view: () => viewStore(data, systemClock, () => 0),
      'view of a backup': () => viewStore(backup, systemClock, () => 0),
      backup: () => backUp({ from: data, to: path.join(beside, 'other'), clock: systemClock }),
      restore: () => restore({ from: backup, to: path.join(beside, 'restored'), epochMin: 0 }),
      open: () => openLmdbStore({ path: data }),
    }
    const disk = freeForTest(t)
    disk.pages = 2
    for (const [name, way] of Object.entries(ways)) {
      for (const lock of ['lock.mdb', 'writer.mdb', 'writer.mdb-lock'])
        fs.rmSync(path.join(data, lock), { force: true })
      const before = fs.readdirSync(beside, { recursive: true })
      await t.rejects(way(), { message: /the disk of .* is full: up to \d+ KiB are needed, 8 KiB are free$/ }, name)
      t.same(fs.readdirSync(beside, { recursive: true }), before, name)
    }
    disk.pages = undefined
    await (await openLmdbStore({ path: data })).close()
    disk.pages = 0
    await (await openLmdbStore({ path: data })).close()
    await viewStore(data, systemClock, () => 0)
  },
)

t.test('a folder that we may not enter is not said to hold no data', async t => {
  const folder = newFolder(t)
  const data = path.join(folder, 'data')
  await (await openLmdbStore({ path: data })).close()
  fs.chmodSync(folder, 0)
  const isRoot = process.geteuid?.() === 0 // whom no mode keeps out
  if (isRoot) process.seteuid?.(65_534)
  try {
    t.throws(() => assertStore(data), { name: 'StoreFolderError', message: /cannot be read: .*permission denied/ })
  } finally {
    if (isRoot) process.seteuid?.(0)
    fs.chmodSync(folder, 0o700)
  }
  t.throws(() => assertStore(folder), { name: 'StoreFormatError', message: /holds no Longwire data/ })
})

t.test('a look at the disk while the tables begin no transaction settles, with what was known of them', async t => {
  let asked = 0
  const use = (): PageUse => {
    if (asked++ > 0) throw new Error('MDB_PANIC')
    return { pageBytes: 4096, used: 10, free: 5 }
  }
  const clock = new ManualClock()
  const look = async (): Promise<number> => 2 ** 30
  const space = new Space({ clock, markBytes: 1, look, use, pending: () => [], onLook() {}, onSpace() {} })
  await space.look()
  t.equal(asked, 2)
  t.equal(space.freeBytes, 2 ** 30)
  t.equal(space.level, 'ample')
})
