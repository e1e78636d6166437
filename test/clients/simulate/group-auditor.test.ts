import t from 'tap'
import { GroupAuditor, type GroupVerdict, type Membership } from '../../../clients/simulate/group-auditor.js'

const ANN = 257
const BOB = 513
const EVE = 770
const GROUP = 'group:a'

/** What each user shows, by number: a change, or the number by which Ann sent a message. */
type Showings = Readonly<Record<number, [number, Membership | number][]>>

const CREATED = { act: 'created', by: ANN, uid: 0 }
const joined = (uid: number): Membership => ({ act: 'joined', by: uid, uid })
const LEFT = { act: 'left', by: BOB, uid: BOB }
const REMOVED = { act: 'removed', by: ANN, uid: BOB }

/** Bob is in the group from 2 to 4 and from 6 on, Eve from 7 to the end. */
const RIGHT: Showings = {
  [ANN]: [
    [1, CREATED],
    [2, joined(BOB)],
    [3, 11],
    [4, LEFT],
    [5, 12],
    [6, joined(BOB)],
    [7, joined(EVE)],
    [8, 13],
  ],
  [BOB]: [
    [2, joined(BOB)],
    [3, 11],
    [4, LEFT],
    [6, joined(BOB)],
    [7, joined(EVE)],
    [8, 13],
  ],
  [EVE]: [
    [7, joined(EVE)],
    [8, 13],
  ],
}

/** Ann's second device sends, so that all showings are of first devices. */
function auditorOf(showings: Showings): GroupAuditor {
  const auditor = new GroupAuditor()
  for (const uid of [ANN, BOB, EVE]) auditor.join(uid, 1)
  for (const sendSeq of [11, 12, 13]) {
    auditor.sent(GROUP, { sender: ANN, device: 2, sendSeq }, sendSeq)
    auditor.accepted(GROUP, { sender: ANN, device: 2, sendSeq })
  }
  for (const [uid, those] of Object.entries(showings)) {
    const viewer = { uid: Number(uid), device: 1 }
    for (const [number, what] of those) {
      if (typeof what === 'object') auditor.changed(viewer, GROUP, number, what)
      else auditor.shown(viewer, GROUP, number, { sender: ANN, device: 2, sendSeq: what }, what)
    }
  }
  return auditor
}

const judged = (change: Showings): GroupVerdict => auditorOf({ ...RIGHT, ...change }).verdict()

const GOOD = { lost: 0, duplicated: 0, orderViolations: 0, unentitled: 0, invented: 0, unanswered: 0 }

t.test('each member has what is of its memberships, and nothing else: all is well', async t => {
  t.match(judged({}), { ...GOOD, sent: 3, accepted: 3, delivered: 3, examples: [] })
  const removed = new Map(RIGHT[ANN]).set(4, REMOVED)
  const ofBob = new Map(RIGHT[BOB]).set(4, REMOVED)
  t.match(judged({ [ANN]: [...removed], [BOB]: [...ofBob] }), { ...GOOD, delivered: 3 }, 'removed is as left')
})

t.test('an item from between two memberships is one that he must not have', async t => {
  const verdict = judged({ [BOB]: [...(RIGHT[BOB] ?? []).slice(0, 3), [5, 12], ...(RIGHT[BOB] ?? []).slice(3)] })
  t.match(verdict, { ...GOOD, unentitled: 1, delivered: 3 })
  t.match(verdict.examples, [
    /^number 5 of group:a \(message 12 of device 2 of 257\) was shown to 513, who was no member$/,
  ])
  t.match(
    judged({ [EVE]: [[6, joined(BOB)], ...(RIGHT[EVE] ?? [])] }),
    { ...GOOD, unentitled: 1 },
    'nor one from before',
  )
})

t.test('a missing item is lost: a message, a change, the very last', async t => {
  const without = (number: number) => ({ [BOB]: (RIGHT[BOB] ?? []).filter(([each]) => each !== number) })
  t.match(judged(without(3)), { ...GOOD, lost: 1, delivered: 2 })
  t.match(judged(without(7)), { ...GOOD, lost: 1, delivered: 3 })
  t.match(judged(without(8)), { ...GOOD, lost: 1, delivered: 2, examples: [/missing on device 1 of 513$/] })
  t.match(judged({ [EVE]: [] }), { ...GOOD, lost: 2 }, 'one who has nothing at all')
})

t.test('two items shown in the wrong order', async t => {
  const verdict = judged({
    [EVE]: [
      [8, 13],
      [7, joined(EVE)],
    ],
  })
  t.match(verdict, {
    ...GOOD,
    orderViolations: 1,
    examples: [/^number 7 of group:a was shown after 8 on device 1 of 770$/],
  })
})

t.test('a number shown twice', async t => {
  t.match(judged({ [EVE]: [...(RIGHT[EVE] ?? []), [8, 13]] }), { ...GOOD, duplicated: 1, delivered: 3 })
})

t.test('a number that is one thing here and another there', async t => {
  t.match(judged({ [EVE]: [...(RIGHT[EVE] ?? []).slice(0, 1), [8, 12]] }), { orderViolations: 1 })
})

t.test('a message under two numbers, and messages in another order than they were sent', async t => {
  const all = (...rest: [number, number][]): Showings => ({
    [ANN]: [...(RIGHT[ANN] ?? []).slice(0, 7), ...rest],
    [BOB]: [...(RIGHT[BOB] ?? []).slice(0, 5), ...rest],
    [EVE]: [...(RIGHT[EVE] ?? []).slice(0, 1), ...rest],
  })
  t.match(judged(all([8, 13], [9, 13])), { ...GOOD, duplicated: 1 })
  const auditor = auditorOf(all([8, 13]))
  const late = { sender: ANN, device: 2, sendSeq: 10 }
  auditor.sent(GROUP, late, 10)
  auditor.accepted(GROUP, late)
  for (const uid of [ANN, BOB, EVE]) auditor.shown({ uid, device: 1 }, GROUP, 9, late, 10)
  t.match(auditor.verdict(), { ...GOOD, orderViolations: 1, delivered: 4 })
})

t.test('accepted is in the group or failed; what failed, was altered or never sent is not there', async t => {
  const auditor = auditorOf(RIGHT)
  const message = { sender: BOB, device: 1, sendSeq: 5 }
  auditor.sent(GROUP, message, 5)
  t.match(auditor.verdict(), { ...GOOD, unanswered: 1 })
  auditor.accepted(GROUP, message)
  t.match(auditor.verdict(), { ...GOOD, lost: 1, examples: [/^message 5 of device 1 of 513 was accepted by group:a/] })
  auditor.failed(GROUP, message, 'failed')
  t.match(auditor.verdict(), GOOD)
  auditor.placed(GROUP, 9, message, 5)
  for (const uid of [ANN, EVE]) auditor.shown({ uid, device: 1 }, GROUP, 9, message, 5)
  t.match(auditor.verdict(), { ...GOOD, invented: 1 })
  const other = { sender: ANN, device: 2, sendSeq: 13 }
  t.match(judged({ [EVE]: [] }).invented, 0)
  for (const uid of [ANN, BOB, EVE]) auditor.shown({ uid, device: 1 }, GROUP, 10, { ...other, sendSeq: 14 }, 14)
  t.match(auditor.verdict(), { ...GOOD, invented: 2 })
})

t.test('a device that sent a message must know its number, unless it gave it up', async t => {
  const auditor = auditorOf(RIGHT)
  const message = { sender: BOB, device: 1, sendSeq: 5 }
  auditor.sent(GROUP, message, 5)
  auditor.accepted(GROUP, message)
  for (const uid of [ANN, EVE]) auditor.shown({ uid, device: 1 }, GROUP, 9, message, 5)
  t.match(auditor.verdict(), { ...GOOD, lost: 1 })
  auditor.failed(GROUP, message, 'unsure')
  t.match(auditor.verdict(), GOOD)
})

t.test('a message without its text counts as shown if its author may have taken it back, and only then', async t => {
  for (const recalling of [true, false]) {
    const auditor = auditorOf({ ...RIGHT, [EVE]: [[7, joined(EVE)]] })
    const message = { sender: ANN, device: 2, sendSeq: 13 }
    if (recalling) auditor.recalling(GROUP, message)
    auditor.shown({ uid: EVE, device: 1 }, GROUP, 8, message, undefined)
    t.match(auditor.verdict(), { orderViolations: recalling ? 0 : 1, duplicated: 0, invented: 0 })
  }
  const auditor = auditorOf(RIGHT)
  t.same([...auditor.members(GROUP)].sort(), [
    [ANN, 1],
    [BOB, 6],
    [EVE, 7],
  ])
})
