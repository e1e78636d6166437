import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { StoreFailedError, StoreFolderError, StoreFormatError, StoreInUseError } from '../../src/store/lmdb/errors.js'
import { SECTOR_BYTES, WRITES_AT } from '../../src/store/lmdb/journal-file.js'
import { KIND_PARTITION } from '../../src/store/lmdb/keys.js'
import { FORMAT, openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import type { LmdbStore } from '../../src/store/lmdb/store.js'
import { Tables } from '../../src/store/lmdb/tables.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { partitionOf } from '../../src/store/partition.js'
import { A, append, appendTexts, B, commit, log, put, record, unit } from './contract/support.js'
import { crashedCopy } from './support/crashed.js'
import { newFolder } from './support/folder.js'

/** Space for some writes before the other file takes its turn. */
const JOURNAL_BYTES = 2 ** 16

/** Commits until the checkpoint thread has brought a file into the tables. */
async function untilCheckpoint(store: LmdbStore, folder: string): Promise<void> {
  const before = fs.statSync(path.join(folder, 'data.mdb')).mtimeMs
  for (let i = 0; fs.statSync(path.join(folder, 'data.mdb')).mtimeMs === before; i++) {
    if (i > 20_000) throw new Error('no checkpoint')
    await commit(store, unit({ puts: [put(A, 'filler', 'x'.repeat(200))] }))
  }
}

t.test('after a crash everything answered is there: from the journal alone', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder })
  await commit(store, unit({ puts: [put(A, 'x', 'one', 11), put(A, 'y', 'gone')] }))
  await appendTexts(store, A, 'a', 'k=b', 'c')
  await commit(store, unit({ puts: [put(A, 'y', null)] }))
  await appendTexts(store, A, 'k=d')
  await store.newEpoch(0)
  const again = await openLmdbStore({ path: crashedCopy(t, folder) })
  t.same(again.id, store.id)
  t.equal(again.epochOf(0), 2)
  t.equal(await record(again, A, 'x'), '11:one')
  t.equal(await record(again, A, 'y'), 'absent')
  t.same(await log(again, A), ['1:a', '3:c', '4:d'])
  await again.close()
  await store.close()
})

t.test('after a crash everything answered is there: from tables and both journal files', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 4096 })
  await appendTexts(store, A, 'k=first', 'second')
  await untilCheckpoint(store, folder)
  await appendTexts(store, A, 'k=third', 'fourth')
  await commit(store, unit({ puts: [put(A, 'x', 'last', 12)] }))
  await store.close()
  const again = await openLmdbStore({ path: crashedCopy(t, folder) })
  t.same(await log(again, A), ['2:second', '3:third', '4:fourth'])
  t.equal(await record(again, A, 'x'), '12:last')
  await again.close()
})

t.test('a write that a crash cut off is not there, and those before it are', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })
  await appendTexts(store, A, 'a')
  await appendTexts(store, A, 'b')
  const whole = fs.readFileSync(path.join(folder, 'journal-0'))
  await appendTexts(store, A, `c${'x'.repeat(6_000)}`)
  const longer = fs.readFileSync(path.join(folder, 'journal-0'))
  const cut = crashedCopy(t, folder)
  await store.close()
  const start = WRITES_AT + 2 * SECTOR_BYTES
  const end = WRITES_AT + longer.subarray(WRITES_AT).lastIndexOf('x') + 1
  t.ok(end - start > 6_000)
  for (let at = start; at < end; at += 397) {
    fs.writeFileSync(path.join(cut, 'journal-0'), Buffer.concat([longer.subarray(0, at), whole.subarray(at)]))
    const copy = crashedCopy(t, cut)
    const again = await openLmdbStore({ path: copy, journalBytes: JOURNAL_BYTES })
    t.same(await log(again, A), ['1:a', '2:b'], `cut at ${at}`)
    t.same(await appendTexts(again, A, 'other'), [{ from: 2, version: 3 }])
    await again.close()
  }
})

t.test('a first write in a file used before, of which only the end reached the disk, is no damage', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })
  await appendTexts(store, A, 'a')
  await appendTexts(store, A, 'b')
  const recovered = crashedCopy(t, folder)
  await store.close()
  const old = fs.readFileSync(path.join(recovered, 'journal-0'))
  const again = await openLmdbStore({ path: recovered, journalBytes: JOURNAL_BYTES })
  await appendTexts(again, A, 'c')
  const crashed = crashedCopy(t, recovered)
  await again.close()
  const bytes = fs.readFileSync(path.join(crashed, 'journal-0'))
  old.copy(bytes, WRITES_AT, WRITES_AT, WRITES_AT + 40)
  fs.writeFileSync(path.join(crashed, 'journal-0'), bytes)
  const last = await openLmdbStore({ path: crashed, journalBytes: JOURNAL_BYTES })
  t.same(await log(last, A), ['1:a', '2:b'])
  await last.close()
})

t.test(
  'a second store on the folder is refused, in this process and in another, until the first has ended',
  async t => {
    const folder = newFolder(t)
    const store = await openLmdbStore({ path: folder })
    await t.rejects(openLmdbStore({ path: folder }), StoreInUseError)
    t.equal(await record(store, A, 'x'), 'absent', 'the first goes on')
    await store.close()

    const holder = spawn(
      process.execPath,
      [fileURLToPath(new URL('./support/hold-store.js', import.meta.url)), folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    t.teardown(() => holder.kill('SIGKILL'))
    await once(holder.stdout, 'data')
    await t.rejects(openLmdbStore({ path: folder }), {
      name: 'StoreInUseError',
      message: `the data folder ${folder} is in use by process ${holder.pid}`,
    })
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    const again = await openLmdbStore({ path: folder })
    t.equal(await record(again, A, 'x'), '5:held')
    await again.close()
  },
)

t.test('a lock file that a power loss left in pieces is made anew', async t => {
  const folder = newFolder(t)
  fs.writeFileSync(path.join(folder, 'writer.mdb'), Buffer.alloc(8192))
  const store = await openLmdbStore({ path: folder })
  await t.rejects(openLmdbStore({ path: folder }), StoreInUseError)
  await store.close()
})

t.test('reads called all at once while a commit is under way are all answered, and see it', async t => {
  const store = await openLmdbStore({ path: newFolder(t) })
  const committing = appendTexts(store, A, 'a', 'b')
  const reads = Array.from({ length: 100 }, () => store.read(A, 0, 9, 9, 99))
  t.same(await committing, [
    { from: 0, version: 1 },
    { from: 1, version: 2 },
  ])
  const ranges = await Promise.all(reads)
  t.ok(ranges.every(({ entries, head, durable }) => entries.length === 2 && head === 2 && durable === 2))
  await store.close()
})

t.test('whatever is read of a log while a commit is under way waits until that is durable', async t => {
  const store = await openLmdbStore({ path: newFolder(t) })
  const appends = [append(A, 'keyed', 'k'), { ...append(A, 'said'), conversation: 'x' }]
  const committing = commit(store, unit({ appends }))
  let answered = 0
  const reads = [
    store.entries(A, [1, 2]),
    store.keyed(A, ['k']),
    store.chain(A, 2, 9, 99),
    store.conversations(A, null, 9),
  ].map(async read => {
    const { length } = await read
    answered++
    return length
  })
  // The write cannot end within this turn of the event loop, and what is at hand would be answered.
  for (let microtask = 0; microtask < 20; microtask++) await undefined
  t.equal(answered, 0)
  t.same(await Promise.all(reads), [2, 1, 1, 1])
  await committing
  await store.close()
})

t.test('data of another format is refused, naming both and what to do', async t => {
  for (const other of [1, FORMAT + 1]) {
    const folder = newFolder(t)
    const tables = new Tables(folder, 2 ** 20)
    tables.create({ id: new Uint8Array(16), secret: new Uint8Array(16) }, other)
    await tables.close()
    await t.rejects(openLmdbStore({ path: folder }), {
      name: 'StoreFormatError',
      message:
        `the data folder ${folder} holds Longwire data of format ${other}; ` +
        `this program reads format ${FORMAT}: use the release that wrote it, or another folder`,
    })
  }
})

/** Makes of a closed store what a release of format 2 had: no lists of logs. */
async function downgrade(folder: string): Promise<void> {
  const tables = new Tables(folder, 2 ** 20)
  const batch = tables.batch({ isApart: true })
  const listed = [...tables.range(Buffer.of(KIND_PARTITION), Buffer.of(KIND_PARTITION + 1))]
  for (const { key } of listed) {
    const head = Buffer.alloc(6, 0xff)
    head.writeUInt16LE(key.length)
    batch.addOld(Buffer.concat([head, key]))
  }
  tables.apply(batch, tables.meta('applied'))
  tables.putMetas({ format: 2 })
  await tables.close()
}

t.test('a store of format 2 is taken over, with a word, and its walks find all logs; a backup of one too', async t => {
  const folder = newFolder(t)
  const backup = path.join(newFolder(t), 'backup')
  const store = await openLmdbStore({ path: folder })
  for (const actor of [A, B, 'user/519', 'group/1']) await appendTexts(store, actor, 'a', 'k=b')
  await commit(store, unit({ trims: [{ actor: B, upTo: 9 }], drops: [{ actor: B, key: 'k' }] }))
  await store.close()
  await downgrade(folder)
  await backUp({ from: folder, to: backup, clock: systemClock })
  const listed = await viewStore(folder, systemClock, view => [...view.logs()].map(({ listed }) => listed))
  t.same(listed, [true, true, true, true])

  const check = async (folder: string) => {
    const warnings: string[] = []
    const again = await openLmdbStore({ path: folder, onWarning: text => warnings.push(text) })
    t.same(warnings, [`${folder} is of format ${FORMAT} from now on: earlier releases cannot read it`])
    t.same(
      (await again.logs(7, null, 9)).map(({ actor, head }) => `${actor} ${head}`),
      ['user/263 2', 'user/519 2', 'user/7 2'],
    )
    t.same(await again.logs(partitionOf('group/1'), null, 9), [{ actor: 'group/1', head: 2, floor: 0, gaps: [] }])
    t.same(await log(again, A), ['1:a', '2:b'])
    await again.close()
    await (await openLmdbStore({ path: folder, onWarning: text => warnings.push(text) })).close()
    t.equal(warnings.length, 1, 'once')
  }
  await check(folder)
  const restored = path.join(newFolder(t), 'restored')
  await restore({ from: backup, to: restored, epochMin: 0 })
  await check(restored)
})

t.test('what is not our data is refused and left alone', async t => {
  const foreign = newFolder(t)
  const db = open({ path: foreign, noSubdir: false })
  await db.put('greeting', 'hello')
  await db.close()
  await t.rejects(openLmdbStore({ path: foreign }), {
    name: 'StoreFormatError',
    message: `the data folder ${foreign} holds no Longwire data; this program reads format ${FORMAT}`,
  })

  const garbage = newFolder(t)
  fs.writeFileSync(path.join(garbage, 'data.mdb'), Buffer.alloc(8192, 'garbage'))
  await t.rejects(openLmdbStore({ path: garbage }), StoreFormatError)
  t.equal(fs.readFileSync(path.join(garbage, 'data.mdb'), 'latin1').slice(0, 7), 'garbage')
})

t.test('a folder that cannot be used is refused, naming it and why', async t => {
  const file = path.join(newFolder(t), 'file')
  fs.writeFileSync(file, '')
  await t.rejects(openLmdbStore({ path: path.join(file, 'data') }), StoreFolderError)
  await t.rejects(openLmdbStore({ path: '/proc/longwire/data' }), StoreFolderError, 'where nobody can make one')
  await t.rejects(openLmdbStore({ path: file }), {
    name: 'StoreFolderError',
    message: new RegExp(`the data folder ${file} `),
  })
})

t.test('after a failed write nothing is answered any more', async t => {
  const folder = newFolder(t)
  const failures: Error[] = []
  const store = await openLmdbStore({ path: folder, onFatal: error => failures.push(error) })
  await appendTexts(store, A, 'a')
  closeFileBehind(path.join(folder, 'journal-0'))
  const first = appendTexts(store, A, 'b')
  const [second, third] = [appendTexts(store, A, 'c'), store.read(A, 0, 9, 9, 9)]
  await t.rejects(first, StoreFailedError)
  await t.rejects(second, StoreFailedError)
  await t.rejects(third, StoreFailedError, 'a read that waited')
  await t.rejects(store.get(A, ['x']), StoreFailedError)
  await t.rejects(store.read(A, 0, 9, 9, 9), StoreFailedError)
  t.equal(failures.length, 1)
  await t.rejects(store.close())
  const again = await openLmdbStore({ path: crashedCopy(t, folder) })
  t.same(await log(again, A), ['1:a'])
  await again.close()
})

t.test('after a failed checkpoint nothing is answered any more', async t => {
  const folder = newFolder(t)
  const failures: Error[] = []
  const store = await openLmdbStore({
    path: folder,
    journalBytes: JOURNAL_BYTES,
    onFatal: error => failures.push(error),
  })
  await appendTexts(store, A, 'a')
  fs.truncateSync(path.join(folder, 'journal-0'))
  const filling = (async () => {
    for (;;) await appendTexts(store, A, 'x'.repeat(100))
  })()
  await t.rejects(filling, StoreFailedError)
  t.match(failures, [{ message: /answers nothing more: .*journal-0 has 0 of the writes 1 to \d+/ }])
  await store.close()
})

t.test('a process that exits in the midst of a checkpoint does exit, with its code', async t => {
  const script = fileURLToPath(new URL('./support/exiting-writer.js', import.meta.url))
  for (const ms of [120, 200, 300, 400, 500]) {
    const folder = newFolder(t)
    const writer = spawn(process.execPath, [script, folder, String(ms)], { stdio: 'inherit' })
    const hanging = setTimeout(() => writer.kill('SIGKILL'), 15_000)
    t.same(await once(writer, 'exit'), [70, null], `after ${ms} ms`)
    clearTimeout(hanging)
    await (await openLmdbStore({ path: folder })).close()
  }
})

t.test('a process whose checkpoint thread has failed ends, whether the thread does or not', async t => {
  const script = fileURLToPath(new URL('./support/failing-checkpoint.js', import.meta.url))
  const pipe = path.join(newFolder(t), 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const [held, when, ends, says] of [
    ['', 'told', [70, null], 'no space left'],
    [pipe, 'told', [null, 'SIGKILL'], 'no space left'],
    [pipe, 'at once', [null, 'SIGKILL'], ''],
  ] as const) {
    const started = spawn(process.execPath, [script, held, when], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    started.stdout.on('data', bytes => (said += bytes))
    let hung = false
    const hanging = setTimeout(() => {
      hung = true
      started.kill('SIGKILL')
    }, 20_000)
    t.same(await once(started, 'close'), ends)
    clearTimeout(hanging)
    t.notOk(hung, `${held === '' ? 'a thread that ends' : 'one that does not'}, exit ${when}`)
    t.equal(said, says)
  }
})

t.test('what was in the tables stays readable while the map grows', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 18, mapBytes: 2 ** 17 })
  const text = 'x'.repeat(50_000)
  for (let i = 1; i <= 100; i++) {
    await appendTexts(store, A, `${i}${text}`)
    const range = await store.read(A, 0, 1, 9, 9)
    if (range.entries[0]?.bytes.length !== text.length + 1 || range.head !== i) t.fail(`after ${i}`)
  }
  t.equal((await log(store, A)).length, 100)
  await store.close()
})

/** Closes the store's own descriptor of a file. */
function closeFileBehind(file: string): void {
  for (const name of fs.readdirSync('/proc/self/fd')) {
    const link = path.join('/proc/self/fd', name)
    if (fs.existsSync(link) && fs.readlinkSync(link) === file) fs.closeSync(Number(name))
  }
}

t.test('many long reads at once leave the event loop to others in between', async t => {
  const store = await openLmdbStore({ path: newFolder(t) })
  const text = 'x'.repeat(16_000)
  await appendTexts(store, A, ...Array.from({ length: 20 }, () => text))
  const versions = Array.from({ length: 16 }, (_, i) => i + 1)
  let answered = 0
  const reads = Array.from({ length: 40 }, async (_, i) => {
    const isPage = i % 2 === 0
    const found = isPage ? (await store.read(A, 0, 20, 256, 262_144)).entries : await store.entries(A, versions)
    t.ok(found.length > 10)
    answered++
  })
  let turns = 0
  while (answered < reads.length) {
    const before = answered
    await new Promise(resolve => setImmediate(resolve))
    t.ok(answered - before <= 8, `${answered - before} in one turn`)
    turns++
  }
  t.ok(turns >= 8, `${turns} turns`)
  await Promise.all(reads)

  const last = Array.from({ length: 20 }, () => store.read(A, 0, 20, 256, 262_144))
  await store.close()
  t.equal((await Promise.all(last)).length, 20, 'those that wait when it is closed are answered')
})
