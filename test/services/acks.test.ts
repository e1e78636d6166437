import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { Acks } from '../../src/services/acks.js'
import type { Engine } from '../../src/sync/index.js'
import type { AckInput } from '../../src/sync/rules/watermark.js'
import type { Outcome } from '../../src/sync/types.js'
import { ManualClock } from '../support/manual-clock.js'

interface Submitted {
  readonly actor: string
  readonly input: AckInput
  readonly settle: (outcome: Outcome<unknown>) => void
}

const DONE = { kind: 'done', result: undefined, own: undefined } as const

function setup() {
  const clock = new ManualClock()
  const submitted: Submitted[] = []
  const engine = {
    submit: (actor: string, _transition: unknown, input: AckInput, settle: Submitted['settle']) =>
      submitted.push({ actor, input, settle }),
  }
  return { clock, submitted, acks: new Acks(engine as unknown as Engine, clock) }
}

const mark = (peer: number, sendSeq: number, device = 1) => ({ peer, device, sendSeq })

t.test('the first marks after a quiet second are committed at once, those of several users together', async t => {
  const { clock, submitted, acks } = setup()
  acks.add(256, 1, 10, [mark(512, 3)], [])
  acks.add(257, 1, 20, [mark(512, 4)], [])
  clock.advance(20)
  t.same(
    submitted.map(each => each.actor),
    ['user/256', 'user/257'],
  )
  for (const { settle } of submitted.splice(0)) settle(DONE)
  clock.advance(1_100)
  t.equal(clock.pending, 0, 'nothing ticks when nothing is gathered')
  acks.add(256, 1, 11, [mark(512, 4)], [])
  clock.advance(20)
  t.equal(submitted.length, 1)
})

t.test('a user is quiet again after a second, also if the last tick came right before its commit', async t => {
  const { clock, submitted, acks } = setup()
  acks.add(257, 1, 1, [], [])
  clock.advance(3_990)
  acks.add(256, 1, 1, [mark(512, 1)], [])
  clock.advance(60_000)
  t.equal(submitted.length, 2)
  for (const { settle } of submitted.splice(0)) settle(DONE)
  acks.add(256, 1, 2, [mark(512, 2)], [])
  clock.advance(20)
  t.equal(submitted.length, 1)
})

t.test('a busy user is committed once a second, with everything in the end', async t => {
  const { clock, submitted, acks } = setup()
  for (let i = 1; i <= 400; i++) {
    acks.add(256, 1, i, [mark(512, i)], [])
    clock.advance(25)
    submitted.at(-1)?.settle(DONE)
  }
  clock.advance(1_100)
  t.ok(submitted.length >= 10 && submitted.length <= 11, `${submitted.length} in 10 s`)
  t.equal(submitted.at(-1)?.input.versions.get(1), 400)
  t.strictSame(submitted.at(-1)?.input.marks.get(512), { delivered: { 1: 400 }, read: {} })
})

t.test('of many users that are quiet ten are committed at once, in 20 ms; the others gather', async t => {
  const { clock, submitted, acks } = setup()
  for (let i = 0; i < 100; i++) acks.add(256 + i, 1, 1, [mark(512, 1)], [])
  clock.advance(900)
  t.equal(submitted.length, 10)
  clock.advance(300)
  t.equal(submitted.length, 100)
})

t.test('versions alone wait for four seconds, or for marks', async t => {
  const { clock, submitted, acks } = setup()
  acks.add(256, 1, 10, [], [])
  acks.add(257, 1, 10, [], [])
  clock.advance(3_900)
  t.equal(submitted.length, 0)
  acks.add(256, 2, 11, [mark(512, 1)], [])
  clock.advance(20)
  t.equal(submitted.length, 1)
  t.strictSame(
    [...(submitted[0]?.input.versions ?? [])],
    [
      [1, 10],
      [2, 11],
    ],
  )
  clock.advance(200)
  t.same(
    submitted.map(each => each.actor),
    ['user/256', 'user/257'],
  )
})

t.test('what a second brings is one unit, with the highest of each', async t => {
  const { clock, submitted, acks } = setup()
  acks.add(256, 1, 9, [mark(512, 1)], [])
  clock.advance(20)
  submitted.pop()?.settle(DONE)
  acks.add(256, 1, 10, [mark(512, 3)], [])
  acks.add(256, 1, 12, [mark(512, 5), mark(768, 1)], [mark(512, 4)])
  acks.add(256, 2, 11, [mark(512, 4)], [])
  clock.advance(900)
  t.equal(submitted.length, 0)
  clock.advance(300)
  t.equal(submitted.length, 1)
  t.equal(submitted[0]?.actor, 'user/256')
  t.strictSame(
    [...(submitted[0]?.input.versions ?? [])],
    [
      [1, 12],
      [2, 11],
    ],
  )
  t.strictSame(submitted[0]?.input.marks.get(512), { delivered: { 1: 5 }, read: { 1: 4 } })
  clock.advance(1_000)
  t.equal(clock.pending, 0, 'nothing ticks when nothing is gathered')
})

t.test('many marks go in several units, one after the other, the versions in the last', async t => {
  const { clock, submitted, acks } = setup()
  const marks = Array.from({ length: 200 }, (_, i) => mark(1_000 + i, 1))
  acks.add(256, 1, 9, marks, [])
  clock.advance(1_200)
  t.equal(submitted.length, 1)
  t.equal(submitted[0]?.input.versions.size, 0)
  submitted[0]?.settle(DONE)
  t.equal(submitted.length, 2)
  t.equal((submitted[0]?.input.marks.size ?? 0) + (submitted[1]?.input.marks.size ?? 0), 200)
  t.equal(submitted[1]?.input.versions.get(1), 9)
})

t.test('what could not be committed is gathered again, and nothing of the user passes it', async t => {
  const { clock, submitted, acks } = setup()
  acks.add(256, 1, 9, [mark(512, 3)], [])
  clock.advance(1_200)
  acks.add(256, 1, 20, [mark(768, 1)], [])
  clock.advance(2_000)
  t.equal(submitted.length, 1, 'one at a time')
  submitted[0]?.settle({ kind: 'unavailable' })
  clock.advance(2_000)
  t.equal(submitted.length, 2)
  t.equal(submitted[1]?.input.versions.get(1), 20)
  t.strictSame([...(submitted[1]?.input.marks.keys() ?? [])].sort(), [512, 768])
})

t.test('a flood of marks is refused and costs nothing more', async t => {
  const { submitted, acks } = setup()
  let code: number = CODES.OK.code
  for (let i = 0; i < 40; i += 1) {
    const marks = Array.from({ length: 256 }, (_, j) => mark(1_000 + 256 * i + j, 1))
    code = acks.add(256, 1, 1, marks, [])
  }
  t.equal(code, CODES.FLOOD.code)
  acks.flush()
  t.equal(submitted.length, 1)
})

t.test('who waits for an ack is called when it is committed, also at a second try, or never will be', async t => {
  const { clock, submitted, acks } = setup()
  const called: string[] = []
  const add = (name: string, version: number, marks = [mark(512, version)]): void => {
    acks.add(256, 1, version, marks, [])
    acks.whenSettled(256, () => called.push(name))
  }
  add('plain', 1, [])
  add('marked', 2)
  clock.advance(20)
  t.equal(submitted.length, 1)
  t.same(called, [])
  submitted.shift()?.settle({ kind: 'unavailable' })
  add('later', 3)
  t.same(called, [])
  clock.advance(2_000)
  t.equal(submitted.length, 1)
  submitted.shift()?.settle(DONE)
  t.same(called, ['plain', 'marked', 'later'])
  add('impossible', 4)
  clock.advance(2_000)
  submitted.shift()?.settle({ kind: 'refused' })
  t.same(called.at(-1), 'impossible')
})
