import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { FileStorage, type Storage, type StoredMessage } from '../../../clients/typescript/index.js'
import { bytesIn, HURRIED } from '../../support/client-storage.js'
import { ManualClock } from '../../support/manual-clock.js'
import { close, commit, message, opened, page } from '../../support/storage-contract.js'

t.test('keeps values and messages over a restart', async t => {
  const folder = t.testdir()
  const first = await opened(new FileStorage(folder))
  await commit(first.storage, {
    values: { a: 1, b: [1, 'two', { c: null }] },
    messages: [message(7, 1), message(7, 2)],
  })
  await commit(first.storage, { values: { a: undefined }, outcomes: [{ ...message(7, 1), code: 105 }] })
  await close(first.storage)
  const second = await opened(new FileStorage(folder))
  t.same([...second.values], [['b', [1, 'two', { c: null }]]])
  t.match(await history(second.storage, 7), [
    { sendSeq: 1, code: 105, text: 'message 1' },
    { sendSeq: 2, code: 0 },
  ])
  await commit(second.storage, { forget: true, values: { z: 1 } })
  await close(second.storage)
  const third = await opened(new FileStorage(folder))
  t.same([...third.values], [['z', 1]])
  t.same(await history(third.storage, 7), [])
  await close(third.storage)
})

t.test('a crash at every byte leaves exactly the commits before it, and the journal goes on from there', async t => {
  const folder = t.testdir()
  const path = join(folder, 'journal')
  const { storage } = await opened(new FileStorage(folder))
  const ends = [statSync(path).size]
  for (let i = 1; i <= 6; i++) {
    await commit(storage, { values: { count: i, [`k${i}`]: 'é'.repeat(i) }, messages: [message(7, i)] })
    ends.push(statSync(path).size)
  }
  await close(storage)
  const whole = readFileSync(path)
  for (let cut = ends[0] as number; cut <= whole.length; cut++) {
    const crashed = join(t.testdirName, `cut-${cut}`)
    mkdirSync(crashed)
    writeFileSync(join(crashed, 'journal'), whole.subarray(0, cut))
    const expected = ends.filter(end => end <= cut).length - 1
    const after = await opened(new FileStorage(crashed))
    const count = Number(after.values.get('count') ?? 0)
    const kept = (await history(after.storage, 7)).length
    if (count !== expected || kept !== expected) t.fail(`cut at ${cut}: ${count} and ${kept}, not ${expected}`)
    await commit(after.storage, { values: { after: cut } })
    await close(after.storage)
    const again = await opened(new FileStorage(crashed))
    if (again.values.get('after') !== cut || Number(again.values.get('count') ?? 0) !== expected) {
      t.fail(`cut at ${cut}: what came behind the cut is lost`)
    }
    await close(again.storage)
  }
  t.pass(`${whole.length - (ends[0] as number)} cuts`)
})

t.test(
  'what was rewritten, taken out or cleared is nowhere in the folder, from the commit on that said so',
  async t => {
    const folder = t.testdir()
    const { storage } = await opened(new FileStorage(folder, { clock: HURRIED }))
    await commit(storage, {
      values: { 'out/1': ['m', 7, 'secret one'] },
      messages: [message(7, 1, 'secret one'), message(7, 2, 'secret two'), message(8, 3, 'secret three')],
    })
    await commit(storage, { values: { 'out/1': undefined }, messages: [message(7, 9, 'stays')] })
    t.match(bytesIn(folder), /one.*two.*three/s)
    await commit(storage, { rewrites: [{ ...message(7, 1), present: { text: '', changed: { recalledBy: 7 } } }] })
    t.notMatch(bytesIn(folder), /secret one/)
    const size = statSync(join(folder, 'journal')).size
    await commit(storage, {
      rewrites: [{ ...message(7, 9), present: { text: 'stays', changed: { reactions: [['a', 1]] } } }],
    })
    t.ok(statSync(join(folder, 'journal')).size > size, 'a reaction takes nothing away, and costs no new file')
    await commit(storage, { rewrites: [message(7, 2)] })
    t.notMatch(bytesIn(folder), /secret two/)
    await commit(storage, { clearings: [{ conversation: 'direct:8', upTo: 3 }] })
    t.notMatch(bytesIn(folder), /secret/)
    t.match(bytesIn(folder), /stays/)
    await commit(storage, {
      messages: [message(7, 10, 'secret four')],
      rewrites: [{ ...message(7, 10), present: { text: 'four' } }],
    })
    t.notMatch(bytesIn(folder), /secret/, 'and never gets there')
    await close(storage)
  },
)

t.test('what the history has dropped is nowhere either when it is rewritten or cleared', async t => {
  for (const historyPerConversation of [4, 0]) {
    const folder = t.testdir()
    const options = { clock: HURRIED, historyPerConversation }
    const first = await opened(new FileStorage(folder, options))
    const many = Array.from({ length: 60 }, (_, i) => message(7, i + 1, `secret ${i + 1}.`))
    for (const each of many) await commit(first.storage, { messages: [each, { ...each, conversation: 'direct:8' }] })
    t.match(bytesIn(folder), /secret 1\./)
    await close(first.storage)
    const { storage } = await opened(new FileStorage(folder, options))
    const size = statSync(join(folder, 'journal')).size
    await commit(storage, {
      rewrites: [{ ...message(7, 1), present: { text: '', changed: { reactions: [['a', 1]] } } }],
    })
    t.ok(statSync(join(folder, 'journal')).size > size, 'a reaction takes nothing away')
    await commit(storage, { rewrites: [{ ...message(7, 1), present: { text: '', changed: { recalledBy: 7 } } }] })
    t.notMatch(bytesIn(folder), /secret 1\./)
    for (const peer of [7, 8]) {
      await commit(storage, { messages: many.map(each => ({ ...each, conversation: `direct:${peer}` as const })) })
    }
    t.match(bytesIn(folder), /secret 1\./)
    await commit(storage, { clearings: [{ conversation: 'direct:7', upTo: 60 }] })
    await commit(storage, { clearings: [{ conversation: 'direct:8', upTo: 60 }] })
    t.notMatch(bytesIn(folder), /secret/)
    await close(storage)
  }
})

t.test('the journal is rewritten once a second for what is gone; a commit counts as done when it is gone', async t => {
  const folder = t.testdir()
  const clock = new ManualClock()
  const { storage } = await opened(new FileStorage(folder, { clock }))
  await commit(storage, { messages: [1, 2, 3].map(each => message(7, each, `secret ${each}`)) })
  await commit(storage, { rewrites: [message(7, 1)] })
  const before = bytesIn(folder)
  let isDone = false
  const second = commit(storage, { values: { a: 1 }, rewrites: [message(7, 2)] }).then(() => {
    isDone = true
  })
  clock.advance(999)
  await new Promise(resolve => setImmediate(resolve))
  t.notOk(isDone)
  t.equal(bytesIn(folder), before, 'nothing was written')
  clock.advance(1)
  await second
  t.notMatch(bytesIn(folder), /secret [12]/)
  t.match(bytesIn(folder), /"a",1/)
  const third = commit(storage, { rewrites: [message(7, 3)] })
  await close(storage)
  await third
  t.notMatch(bytesIn(folder), /secret/, 'a close does not wait')
  t.equal(clock.pending, 0)
})

t.test('a torn last record, whatever its bytes are, is cut; damage before it is not passed over', async t => {
  const folder = t.testdir()
  const path = join(folder, 'journal')
  const { storage } = await opened(new FileStorage(folder))
  const ends = [statSync(path).size]
  for (let i = 1; i <= 3; i++) {
    await commit(storage, { values: { count: i } })
    ends.push(statSync(path).size)
  }
  await close(storage)
  const whole = readFileSync(path)
  const torn = Buffer.from(whole)
  torn.fill(0, ends[2])
  writeFileSync(path, torn)
  const zeros = await opened(new FileStorage(folder))
  t.equal(zeros.values.get('count'), 2)
  await close(zeros.storage)
  for (let at = (ends[2] as number) + 8; at < whole.length; at++) {
    const flipped = Buffer.from(whole)
    flipped[at] = (flipped[at] as number) ^ 0x40
    writeFileSync(path, flipped)
    const after = await opened(new FileStorage(folder))
    if (after.values.get('count') !== 2) t.fail(`byte ${at}`)
    await close(after.storage)
  }
  const damaged = Buffer.from(whole)
  const inside = (ends[1] as number) + 10
  damaged[inside] = (damaged[inside] as number) ^ 0x40
  writeFileSync(path, damaged)
  await t.rejects(opened(new FileStorage(folder)), { message: /damaged at byte/ })
})

t.test(
  'is compacted as it grows, keeps what it kept, and a compaction that a crash cut short means nothing',
  async t => {
    const folder = t.testdir()
    const path = join(folder, 'journal')
    const { storage } = await opened(new FileStorage(folder, { historyPerConversation: 100 }))
    const text = 'x'.repeat(10_000)
    let largest = 0
    for (let i = 1; i <= 400; i++) {
      await commit(storage, { values: { count: i }, messages: [message(7, i, text)] })
      largest = Math.max(largest, statSync(path).size)
    }
    t.ok(largest < 4_000_000, `the journal stays small: ${largest}`)
    await close(storage)
    copyFileSync(path, `${path}.new`)
    truncateSync(`${path}.new`, 100)
    const after = await opened(new FileStorage(folder, { historyPerConversation: 100 }))
    t.equal(after.values.get('count'), 400)
    const messages = await history(after.storage, 7)
    t.equal(messages.at(-1)?.sendSeq, 400)
    t.ok(messages.length >= 100 && messages.length < 200)
    await close(after.storage)
  },
)

t.test('is for its owner alone', async t => {
  const folder = t.testdir()
  const { storage } = await opened(new FileStorage(folder))
  t.match(readdirSync(folder).sort(), ['journal', /^lock-[0-9a-f]{16}$/])
  t.equal(statSync(join(folder, 'journal')).mode & 0o077, 0)
  await close(storage)
  t.same(readdirSync(folder), ['journal'])
})

t.test('what was refused is not held: the folder can be mended and opened', async t => {
  const folder = t.testdir({ journal: 'something else altogether' })
  await t.rejects(opened(new FileStorage(folder)), { message: /damaged/ })
  t.same(readdirSync(folder), ['journal'])
  rmSync(join(folder, 'journal'))
  await close((await opened(new FileStorage(folder))).storage)
})

t.test('a folder that cannot be, and a journal of another format, are errors that name them', async t => {
  const folder = t.testdir({ file: 'not a folder' })
  await t.rejects(opened(new FileStorage(join(folder, 'file', 'inside'))), { message: /file/ })
  const { storage } = await opened(new FileStorage(folder))
  await close(storage)
  writeFileSync(join(folder, 'journal'), 'something else altogether')
  await t.rejects(opened(new FileStorage(folder)), { message: /damaged at byte 0/ })
})

t.test('a commit after close fails and says so', async t => {
  const { storage } = await opened(new FileStorage(t.testdir()))
  await close(storage)
  await t.rejects(commit(storage, { values: { a: 1 } }), { message: /closed/ })
})

async function history(storage: Storage, peer: number): Promise<readonly StoredMessage[]> {
  return (await page(storage, peer)).messages
}
