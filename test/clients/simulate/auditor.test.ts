import t from 'tap'
import { Auditor } from '../../../clients/simulate/auditor.js'

const ANN = 257
const BOB = 513
const EVE = 770

/** Ann and Bob, with so many devices each. */
function auditorOf(devices: number): Auditor {
  const auditor = new Auditor()
  for (const uid of [ANN, BOB]) for (let device = 1; device <= devices; device++) auditor.join(uid, device)
  return auditor
}

t.test('a message shown once on every device is delivered, and nothing is owed', async t => {
  const auditor = auditorOf(2)
  auditor.sent(ANN, 1, 7, BOB)
  t.equal(auditor.owed, 3, 'two devices of the recipient, one other of the sender')
  auditor.accepted(ANN, 1, 7)
  t.equal(auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 7 }), undefined)
  t.equal(auditor.deliveredCount, 0, 'one of its devices has it')
  auditor.shown({ uid: BOB, device: 2 }, { sender: ANN, device: 1, sendSeq: 7 })
  t.equal(auditor.deliveredCount, 1)
  t.equal(auditor.verdict().lost, 1, 'the sender’s other device does not have it')
  auditor.shown({ uid: ANN, device: 2 }, { sender: ANN, device: 1, sendSeq: 7 })
  t.equal(auditor.owed, 0)
  t.match(auditor.verdict(), { sent: 1, accepted: 1, delivered: 1, lost: 0, duplicated: 0, reordered: 0, examples: [] })
})

t.test('an accepted message that is missing is lost; one without an answer is not', async t => {
  const auditor = auditorOf(1)
  auditor.sent(ANN, 1, 1, BOB)
  auditor.sent(ANN, 1, 2, BOB)
  auditor.accepted(ANN, 1, 1)
  const verdict = auditor.verdict()
  t.match(verdict, { sent: 2, accepted: 1, unanswered: 1, delivered: 0, lost: 1 })
  t.same(verdict.examples, [`message 1 of device 1 of ${ANN} was accepted and is missing`])
})

t.test('shown twice on one device is duplicated, on two devices it is not', async t => {
  const auditor = auditorOf(2)
  auditor.sent(ANN, 1, 1, BOB)
  auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 1 })
  t.equal(auditor.shown({ uid: BOB, device: 2 }, { sender: ANN, device: 1, sendSeq: 1 }), undefined)
  t.equal(auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 1 }), 'duplicated')
  t.equal(auditor.verdict().duplicated, 1)
})

t.test('order is per device of the sender, and a late one still counts as shown', async t => {
  const auditor = auditorOf(2)
  for (const seq of [3, 4, 6]) auditor.sent(ANN, 1, seq, BOB)
  auditor.sent(ANN, 2, 1, BOB)
  auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 3 })
  auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 6 })
  t.equal(
    auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 2, sendSeq: 1 }),
    undefined,
    'another device has its own order',
  )
  t.equal(auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 4 }), 'reordered')
  t.equal(auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 4 }), 'duplicated')
  for (const seq of [3, 4, 6]) auditor.accepted(ANN, 1, seq)
  t.match(auditor.verdict(), { reordered: 1, duplicated: 1 })
})

t.test('what was never sent, sent to another, or altered is found', async t => {
  const auditor = auditorOf(1)
  auditor.join(EVE, 1)
  auditor.sent(ANN, 1, 1, BOB, Auditor.digest('hello'))
  t.equal(auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 2 }, 0), 'invented')
  t.equal(
    auditor.shown({ uid: EVE, device: 1 }, { sender: ANN, device: 1, sendSeq: 1 }, Auditor.digest('hello')),
    'invented',
  )
  t.equal(
    auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 1 }, Auditor.digest('hallo')),
    'altered',
  )
  auditor.accepted(ANN, 1, 1)
  t.match(auditor.verdict(), { invented: 2, altered: 1, lost: 1 })
  t.equal(auditor.faultCount, 3)
})

t.test('a refused message may not be shown; a failed one may', async t => {
  const auditor = auditorOf(1)
  for (const seq of [1, 2, 3, 4]) auditor.sent(ANN, 1, seq, BOB)
  auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 1 })
  auditor.refused(ANN, 1, 1)
  auditor.refused(ANN, 1, 2)
  t.equal(auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 2 }), 'invented')
  auditor.accepted(ANN, 1, 3)
  auditor.failed(ANN, 1, 3)
  auditor.failed(ANN, 1, 4)
  t.equal(auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 4 }), undefined)
  t.equal(auditor.owed, 0)
  t.match(auditor.verdict(), { invented: 2, refused: 2, failed: 2, lost: 0, accepted: 1 })
})

t.test('a device that comes later owes nothing less, one that goes is owed nothing', async t => {
  const auditor = auditorOf(1)
  auditor.sent(ANN, 1, 1, BOB)
  auditor.accepted(ANN, 1, 1)
  auditor.shown({ uid: BOB, device: 1 }, { sender: ANN, device: 1, sendSeq: 1 })
  t.equal(auditor.deliveredCount, 1)
  auditor.join(BOB, 2)
  t.equal(auditor.owed, 1)
  t.match(auditor.verdict(), { delivered: 0, lost: 1 })
  auditor.leave(BOB, 2)
  t.equal(auditor.owed, 0)
  t.match(auditor.verdict(), { delivered: 1, lost: 0 })
})

t.test('numbers of one device must rise, and answers be to what was sent', async t => {
  const auditor = auditorOf(1)
  auditor.sent(ANN, 1, 5, BOB)
  t.throws(() => auditor.sent(ANN, 1, 5, BOB), RangeError)
  t.throws(() => auditor.accepted(ANN, 1, 6), RangeError)
})
