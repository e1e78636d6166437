/** What the auditor of boards catches: posts that are not what was accepted, and lists of rooms that count wrongly. */
import t from 'tap'
import { BoardAuditor } from '../../../clients/simulate/board-auditor.js'
import type { Room } from '../../../clients/typescript/index.js'

const ANN = 257
const BOB = 513
const BOARD = 'room:a'

/** In place of a digest: the post came without its text. */
const REMOVED = -1

const postOf = (number: number) => ({ sender: ANN, device: 1, sendSeq: 10 + number })

/** Ann has posted three times, and both read everything. Bob has confirmed the first. The second is being removed. */
function world({ isRead = true } = {}) {
  const auditor = new BoardAuditor()
  for (const uid of [ANN, BOB]) {
    auditor.listens(BOARD, uid)
    auditor.reads({ uid, device: 1 })
  }
  for (const number of [1, 2, 3]) {
    auditor.posted(BOARD, postOf(number), number)
    auditor.accepted(BOARD, postOf(number))
  }
  const shown = (uid: number, number: number, digest = number): void =>
    auditor.shown({ uid, device: 1 }, BOARD, number, postOf(number), digest < 0 ? undefined : digest)
  if (isRead) for (const uid of [ANN, BOB]) for (const number of [1, 2, 3]) shown(uid, number)
  auditor.confirming(BOARD, BOB, 1)()
  auditor.removing(BOARD, 2, postOf(2))
  const list = (uid: number, more: Partial<Room>): readonly string[] => {
    const asking = auditor.asking(uid)
    const room = {
      conversation: BOARD,
      title: 'a',
      kind: 'board',
      state: 'listening',
      role: 'listener',
      closed: false,
    } as const
    auditor.listed(asking, [{ ...room, head: 3, confirmed: uid === BOB ? 1 : 0, unconfirmed: 0, ...more }])
    return auditor.verdict().unconfirmedWrong
  }
  return { auditor, shown, list }
}

t.test('what was accepted and read once by all is right; so is what a removal under way may count or not', async t => {
  const { auditor, list } = world()
  t.match(auditor.verdict(), { sent: 3, accepted: 3, delivered: 3, lost: 0, duplicated: 0, orderViolations: 0 })
  for (const unconfirmed of [1, 2]) t.same(list(BOB, { unconfirmed }), [])
  t.same(list(ANN, { unconfirmed: 0 }), [], 'own posts need no confirmation')
  auditor.removed(BOARD, 2)
  t.same(list(BOB, { unconfirmed: 1 }), [])
  t.match(auditor.verdict(), { removed: 1, lists: 4, invented: 0 })
})

t.test('each wrong number of a list is caught', async t => {
  const faults: readonly (readonly [Partial<Room>, RegExp])[] = [
    // As a server that counts one more, also where it counts what was removed.
    [{ unconfirmed: 2 }, /^the list of 513 has 2 unconfirmed, not 1 to 1, of room:a$/],
    [{ unconfirmed: 0 }, /has 0 unconfirmed, not 1 to 1/],
    [{ unconfirmed: 2, confirmed: 0 }, /has confirmed 0, not 1 to 1/],
    [{ unconfirmed: 0, confirmed: 3 }, /has confirmed 3, not 1 to 1/],
    [{ unconfirmed: 0, head: 2 }, /has the head 2/],
    [{ unconfirmed: 1, head: 4 }, /has the head 4/],
    [{ conversation: 'room:b' }, /has nothing/],
  ]
  for (const [fault, sentence] of faults) {
    const { auditor, list } = world()
    auditor.removed(BOARD, 2)
    const wrong = list(BOB, fault)
    t.equal(wrong.length, 1, `${sentence}`)
    t.match(wrong[0], sentence)
  }
})

t.test('a confirmation that was taken before the list was asked for counts, one under way may', async t => {
  const { auditor, list } = world()
  auditor.removed(BOARD, 2)
  const done = auditor.confirming(BOARD, BOB, 3)
  t.same(list(BOB, { confirmed: 1, unconfirmed: 1 }), [])
  t.same(list(BOB, { confirmed: 3, unconfirmed: 0 }), [])
  done()
  t.equal(list(BOB, { confirmed: 1, unconfirmed: 1 }).length, 1, 'it went back')
})

t.test('posts that are lost, twice, out of order, altered or never sent are caught', async t => {
  const faults: readonly (readonly [string, readonly number[], number?])[] = [
    ['lost', [1, 3]],
    ['duplicated', [1, 2, 3, 3]],
    ['orderViolations', [2, 1, 3]],
    // Two listeners read different texts under one number.
    ['orderViolations', [1, 2, 3], 3],
    ['invented', [1, 2, 3, 4]],
  ]
  for (const [name, numbers, digest] of faults) {
    const { auditor, shown } = world({ isRead: false })
    for (const number of [1, 2, 3]) shown(ANN, number)
    for (const number of numbers) shown(BOB, number, digest)
    t.ok(auditor.verdict()[name as 'lost'] > 0, name)
  }
})

t.test('a post without its text is right only where it was removed', async t => {
  const { auditor, shown } = world({ isRead: false })
  for (const number of [1, 2, 3]) shown(ANN, number, number === 2 ? REMOVED : number)
  for (const number of [1, 2, 3]) shown(BOB, number, number === 2 ? REMOVED : number)
  t.match(auditor.verdict(), { removed: 1, lost: 0, invented: 0, orderViolations: 0 })
  const other = world()
  other.auditor.reads({ uid: BOB, device: 2 })
  for (const number of [1, 2, 3]) {
    other.auditor.shown({ uid: BOB, device: 2 }, BOARD, number, postOf(number), number === 3 ? undefined : number)
  }
  t.ok(other.auditor.verdict().orderViolations > 0, 'nobody removed number 3')
})
