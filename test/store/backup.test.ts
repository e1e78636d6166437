/** Backups of a store that another process is writing, and what becomes of them. */

import fs from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { StoreFormatError, StoreInUseError } from '../../src/store/lmdb/errors.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { restore } from '../../src/store/lmdb/restore.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { EPOCH_JUMP } from '../../src/store/types.js'
import { CliProcess } from '../support/cli-process.js'
import { runHere } from '../support/command.js'
import { A, appendTexts, B, commit, log, put, readAll, unit } from './contract/support.js'
import { crashedCopy } from './support/crashed.js'
import { newFolder } from './support/folder.js'

const clock = systemClock

/** A store with a little in the tables and a little in the journal. */
async function someStore(t: Test): Promise<string> {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 4096 })
  await appendTexts(store, A, 'a', 'k=b', 'c')
  await store.close()
  return folder
}

t.test('what was acknowledged before a backup began is in it, whatever is written meanwhile', async t => {
  const folder = newFolder(t)
  // Small files: they are turned all the time.
  const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 15 })
  let acknowledged = 0
  let stopped = false
  const writing = (async () => {
    for (let i = 1; !stopped; i++) {
      const text = `${i} ${'x'.repeat(i % 500)}`
      await commit(
        store,
        unit({ puts: [put(B, 'last', String(i))], appends: [{ actor: A, bytes: Buffer.from(text) }] }),
      )
      acknowledged = i
    }
  })()
  for (let round = 0; round < 4; round++) {
    const to = path.join(newFolder(t), 'backup')
    const before = acknowledged
    const cli = new CliProcess(['backup', to, '--data', folder])
    t.equal(await cli.exit(), 0, cli.stderr)
    const { versions, last } = await viewStore(to, clock, view => {
      const [logged] = [...view.logs()]
      const last = Number(Buffer.from(view.record(B, 'last') ?? []).toString())
      return { versions: [...(logged?.entries() ?? [])].map(({ version }) => version), last }
    })
    t.ok(last >= before, `${last} of ${before} that were acknowledged`)
    t.equal(versions.length, last, 'each unit is there whole or not at all')
    t.equal(versions.at(-1), last)
  }
  stopped = true
  await writing
  await store.close()
})

t.test('a journal that changes many pages of the tables is in the backup', async t => {
  const folder = newFolder(t)
  // Two such records fill a page. lmdb aborted with 500 pages that the first transaction on a copy frees.
  const all = (text: string) => Array.from({ length: 1_400 }, (_, i) => put(`user/${i}`, 'p', text.padEnd(1_800)))
  const earlier = await openLmdbStore({ path: folder })
  await commit(earlier, unit({ puts: all('before') }))
  await earlier.close()
  const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 24 })
  t.teardown(() => store.close())
  await commit(store, unit({ puts: all('after') }))
  const to = path.join(newFolder(t), 'backup')
  const cli = new CliProcess(['backup', to, '--data', folder])
  t.equal(await cli.exit(), 0, cli.stderr)
  const texts = await viewStore(to, clock, view =>
    Array.from(view.records(), ({ bytes }) => Buffer.from(bytes).toString().trimEnd()),
  )
  t.same([texts.length, new Set(texts)], [1_400, new Set(['after'])])
})

t.test('a view of a store shows what its journal holds beyond the tables', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 20 })
  await appendTexts(store, A, 'a', 'k=b', 'c', 'l=d')
  await commit(store, unit({ puts: [put(A, 'x', 'one'), put(A, 'y', 'gone'), put(B, 'x', 'two')] }))
  await store.close()
  const again = await openLmdbStore({ path: folder, journalBytes: 2 ** 20 })
  await appendTexts(again, A, 'k=e')
  await appendTexts(again, B, 'of b')
  await appendTexts(again, 'user/8', 'of another')
  await commit(
    again,
    unit({ puts: [put(A, 'y', null), put(A, 'a', 'first'), put(B, 'x', 'three')], trims: [{ actor: A, upTo: 1 }] }),
  )
  const viewed = await viewStore(folder, clock, view => ({
    records: [...view.records()].map(({ actor, name, bytes }) => `${actor}/${name} ${Buffer.from(bytes)}`),
    logs: [...view.logs()].map(({ actor, head, floor, entries, keys }) => [
      `${actor} ${floor} ${head}`,
      [...entries()]
        .map(({ version, keyed, bytes }) => `${version}${keyed ? '*' : ''}:${Buffer.from(bytes)}`)
        .join(' '),
      [...keys].join(' '),
    ]),
    one: Buffer.from(view.record(B, 'x') ?? []).toString(),
    none: view.record(A, 'y'),
  }))
  t.same(viewed.records, [`${B}/x three`, `${A}/a first`, `${A}/x one`])
  t.same(viewed.logs, [
    [`${B} 0 1`, '1:of b', ''],
    [`${A} 1 5`, '3:c 4*:d 5*:e', 'k,5 l,4'],
    ['user/8 0 1', '1:of another', ''],
  ])
  t.equal(viewed.one, 'three')
  t.equal(viewed.none, undefined)
  await again.close()
})

t.test('a backup is restored into a new folder in a new epoch, and every version jumps', async t => {
  const folder = await someStore(t)
  const [to, data] = [path.join(newFolder(t), 'backup'), path.join(newFolder(t), 'data')]
  t.match(await backUp({ from: folder, to, clock }), { epoch: 1 })
  t.same(fs.readdirSync(to), ['data.mdb'])
  t.same(await restore({ from: to, to: data, epochMin: 0 }), { epoch: 2, replacedEpoch: 0 })
  const original = await openLmdbStore({ path: folder })
  const store = await openLmdbStore({ path: data })
  t.same(store.id, original.id)
  t.equal(store.epochOf(0), 2)
  t.same(await log(store, A), await log(original, A))
  t.match(await appendTexts(store, A, 'new'), [{ from: 3, version: 3 + EPOCH_JUMP + 1 }])
  await store.close()
  await original.close()
})

t.test('no epoch is given twice: the same backup, other folders, a store that went on', async t => {
  const folder = await someStore(t)
  const [to, other] = [path.join(newFolder(t), 'one'), path.join(newFolder(t), 'two')]
  await backUp({ from: folder, to, clock })
  await backUp({ from: folder, to: other, clock })
  const epochs: number[] = []
  const restored = async (from: string, data: string, epochMin = 0) => {
    epochs.push((await restore({ from, to: data, epochMin })).epoch)
  }
  await restored(to, path.join(newFolder(t), 'data'))
  await restored(to, path.join(newFolder(t), 'data'))
  await restored(to, folder)
  await restored(other, folder) // which has been served as the third of them
  await restored(other, path.join(newFolder(t), 'data'), 17)
  await restored(other, path.join(newFolder(t), 'data'), 3)
  t.same(epochs, [2, 3, 4, 5, 17, 18])
  const store = await openLmdbStore({ path: folder })
  t.equal(store.epochOf(0), 5)
  await store.close()
})

t.test('a restored store takes nothing from the journal of the one that it replaced', async t => {
  const folder = newFolder(t)
  const to = path.join(newFolder(t), 'backup')
  const store = await openLmdbStore({ path: folder, journalBytes: 4096 })
  await appendTexts(store, A, 'kept')
  await backUp({ from: folder, to, clock })
  await appendTexts(store, A, 'gone')
  // As after a crash: the journal still holds what came later.
  const crashed = crashedCopy(t, folder)
  await store.close()
  await restore({ from: to, to: crashed, epochMin: 0 })
  const again = await openLmdbStore({ path: crashed, journalBytes: 4096 })
  t.same(await log(again, A), ['1:kept'])
  await appendTexts(again, A, 'new')
  t.equal((await readAll(again, A)).entries.length, 2)
  await again.close()
})

t.test('what is no whole backup, and a folder that is not its own, are refused and left as they were', async t => {
  const folder = await someStore(t)
  const to = path.join(newFolder(t), 'backup')
  await backUp({ from: folder, to, clock })

  await t.rejects(backUp({ from: folder, to, clock }), { name: 'StoreFolderError', message: /exists already/ })
  await t.rejects(backUp({ from: newFolder(t), to: `${to}2`, clock }), StoreFormatError)
  await t.rejects(openLmdbStore({ path: to }), { name: 'StoreFormatError', message: /is a backup: longwire restore/ })

  const data = path.join(newFolder(t), 'data')
  await t.rejects(
    restore({ from: folder, to: data, epochMin: 0 }),
    { message: /is not a whole backup/ },
    'a data folder',
  )
  await t.rejects(restore({ from: newFolder(t), to: data, epochMin: 0 }), StoreFormatError)
  const foreign = newFolder(t)
  fs.writeFileSync(path.join(foreign, 'letter'), 'to keep')
  await t.rejects(restore({ from: to, to: foreign, epochMin: 0 }), { message: /is not empty and holds no store/ })
  t.same(fs.readdirSync(foreign), ['letter'])

  const another = await someStore(t)
  await t.rejects(restore({ from: to, to: another, epochMin: 0 }), { message: /holds another store/ })
  const store = await openLmdbStore({ path: another })
  await t.rejects(restore({ from: to, to: another, epochMin: 0 }), StoreInUseError)
  t.equal((await log(store, A)).length, 3)
  await store.close()

  fs.mkdirSync(path.join(to, 'restored.new')) // nothing can be noted there
  await t.rejects(restore({ from: to, to: data, epochMin: 0 }), { message: /--epoch N restores without it/ })
  t.same(
    await restore({ from: to, to: data, epochMin: 9 }),
    { epoch: 9, replacedEpoch: 0 },
    'what failed is no obstacle',
  )
})

t.test('a backup that is interrupted leaves nothing, or is whole', async t => {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder })
  for (let i = 0; i < 40; i++) await appendTexts(store, A, 'x'.repeat(200_000))
  await store.close()
  for (let i = 0; i < 3; i++) {
    const parent = newFolder(t)
    const to = path.join(parent, 'backup')
    const cli = new CliProcess(['backup', to, '--data', folder])
    const watcher = fs.watch(parent, () => cli.child.kill('SIGTERM'))
    const code = await cli.exit()
    watcher.close()
    t.same(fs.readdirSync(parent), code === 0 ? ['backup'] : [], cli.stderr)
    if (code === 0) t.equal((await restore({ from: to, to: path.join(parent, 'data'), epochMin: 0 })).epoch, 2)
    else t.match(cli.stderr, /^longwire: ended by SIGTERM: no backup was made\n$/)
  }
  // Where not even that could be done, what is left is no backup, and the next one removes it.
  const parent = newFolder(t)
  fs.mkdirSync(path.join(parent, `backup.partial-${2 ** 30}`)) // no process has such an id
  await backUp({ from: folder, to: path.join(parent, 'backup'), clock })
  t.same(fs.readdirSync(parent), ['backup'])
  const half = newFolder(t)
  fs.copyFileSync(path.join(folder, 'data.mdb'), path.join(half, 'data.mdb'))
  await t.rejects(restore({ from: half, to: path.join(newFolder(t), 'data'), epochMin: 0 }), StoreFormatError)
})

t.test('the commands say what is wrong in one line, with an exit code', async t => {
  const folder = await someStore(t)
  const dir = newFolder(t)
  const run = async (...argv: string[]) => {
    const cli = new CliProcess(argv)
    return { code: await cli.exit(), stdout: cli.stdout, stderr: cli.stderr }
  }
  for (const [argv, code, message] of [
    [['backup'], 2, /the folder to be made is missing/],
    [['backup', 'a', 'b'], 2, /unexpected argument: b/],
    [['backup', dir, '--data', folder], 1, /exists already: a backup overwrites nothing/],
    [['backup', path.join(dir, 'x'), '--data', dir], 1, /holds no Longwire data/],
    [['restore'], 2, /the backup to be restored is missing/],
    [['restore', dir, '--epoch', 'next'], 2, /--epoch must be an integer/],
    [['restore', dir, '--data', folder], 1, /holds no Longwire data/],
    [['verify', 'x'], 2, /unexpected argument: x/],
    [['verify', '--data', dir], 1, /holds no Longwire data/],
  ] as const) {
    // What is only called wrongly needs no process.
    const { code: found, stdout, stderr } = await (code === 2 ? runHere(argv) : run(...argv))
    t.equal(found, code, argv.join(' '))
    t.equal(stdout, '')
    t.match(stderr, /^longwire: [^\n]+\n$/)
    t.match(stderr, message)
  }
  for (const command of ['backup', 'restore', 'verify']) {
    const { code, stdout } = await runHere([command, '--help'])
    t.equal(code, 0)
    t.match(stdout, new RegExp(`^longwire ${command}`))
    t.match(stdout, /--data FOLDER[^-]*default\s+\.\/data/)
  }
  const verified = await run('verify', '--data', folder)
  t.equal(verified.code, 1, 'what is there are no items')
  t.match(verified.stdout, /^fault: the log of user\/7, item 1 cannot be read: [^\n]+$/m)
  t.match(verified.stdout, /^epoch +1$/m)
  t.match(verified.stdout, /^faults +3$/m)
})
