/** The entries of an open chat: their order, and the rows that are made of them. */
import t from 'tap'
import type { GroupChange, Message } from '../../../clients/typescript/index.js'
import { changeEntry, mapped, replaced, withEntry, withOlder } from '../../../clients/web/model/entries.js'
import { keyOf, rowsOf } from '../../../clients/web/model/log-rows.js'
import { actsOn } from '../../../clients/web/model/message-acts.js'

const NOON = new Date(2026, 4, 14, 12).getTime()
const MINUTE = 60_000

function message(sendSeq: number, change: Partial<Message> = {}): Message {
  const base = changeEntry({
    conversation: 'direct:7',
    number: 0,
    atMs: NOON,
    act: 'unknown',
    by: 7,
    uid: 0,
    text: '',
    role: 'none',
  })
  return { ...base, peer: 7, sender: 7, device: 1, sendSeq, change: undefined, text: `m${sendSeq}`, ...change }
}

function inGroup(sendSeq: number, number: number, change: Partial<Message> = {}): Message {
  return message(sendSeq, { conversation: 'group:a', peer: 0, number, ...change })
}

const CHANGE: GroupChange = {
  conversation: 'group:a',
  number: 5,
  atMs: NOON,
  act: 'left',
  by: 7,
  uid: 7,
  text: '',
  role: 'none',
}

t.test('one author within five minutes on one day is one group', async t => {
  const rows = rowsOf(
    [
      message(1),
      message(2, { atMs: NOON + 4 * MINUTE }),
      message(3, { atMs: NOON + 9 * MINUTE }),
      message(4, { sender: 8, atMs: NOON + 9 * MINUTE }),
      message(5, { sender: 8, atMs: NOON + 24 * 60 * MINUTE }),
    ],
    { divider: { key: '7/1/3', count: 3 }, joined: undefined, tops: [] },
    true,
  )
  const shown = rows.map(({ message: { text }, day, unread, first, last }) =>
    [day && 'day', unread > 0 && `unread ${unread}`, text, first && 'first', last && 'last'].filter(Boolean).join(' '),
  )
  t.same(shown, ['day m1 first', 'm2 last', 'unread 3 m3 first last', 'm4 first last', 'day m5 first last'])
  t.equal(new Set(rows.map(({ key }) => key)).size, rows.length, 'each has a key of its own')
})

t.test('a message keeps its key when the group gives it a place', async t => {
  t.equal(keyOf(inGroup(1, 0)), keyOf(inGroup(1, 9)))
  t.not(keyOf(changeEntry(CHANGE)), keyOf(inGroup(0, 5)))
})

t.test('a group orders by number; what has no place yet stands at the end', async t => {
  const waiting = inGroup(9, 0, { sender: 1, state: 'queued' })
  let all: readonly Message[] = [inGroup(1, 1), inGroup(3, 6), waiting]
  all = withEntry(all, inGroup(2, 3))
  all = withEntry(all, changeEntry(CHANGE))
  all = withEntry(all, inGroup(4, 7))
  t.same(
    all.map(({ number }) => number),
    [1, 3, 5, 6, 7, 0],
  )
  all = withEntry(all, { ...waiting, state: 'accepted', number: 4 })
  t.same(
    all.map(({ number }) => number),
    [1, 3, 4, 5, 6, 7],
    'once, in its place',
  )
})

t.test('a received message goes before own ones that wait', async t => {
  const all = withEntry([message(1), message(2, { sender: 1, state: 'sending' })], message(3))
  t.same(
    all.map(({ text }) => text),
    ['m1', 'm3', 'm2'],
  )
})

t.test(
  'a changed message takes the place of the same one; a deleted one goes; of one that is not there nothing comes',
  async t => {
    const all = [message(1), message(2)]
    t.same(
      replaced(all, message(1, { text: 'new' })).map(({ text }) => text),
      ['new', 'm2'],
    )
    const gone = message(1, { changed: { ...message(1).changed, deleted: true } })
    t.same(
      replaced(all, gone).map(({ text }) => text),
      ['m2'],
    )
    t.equal(replaced(all, message(3)), all)
  },
)

t.test('an older page stands in front, each entry once', async t => {
  const all = withOlder([message(2), message(3)], [message(1), message(2)])
  t.same(
    all.map(({ text }) => text),
    ['m1', 'm2', 'm3'],
  )
  t.equal(
    mapped(all, each => each),
    all,
    'nothing changed: the same list',
  )
})

t.test('what can be done with a message', async t => {
  const at = { uid: 1, nowMs: NOON + MINUTE, group: undefined, members: 0, closed: false, unanswered: false }
  const allowed = (one: Message, change: Partial<typeof at> = {}): string[] =>
    Object.entries(actsOn(one, { ...at, ...change })).flatMap(([act, can]) => (can ? [act] : []))
  const own = message(1, { sender: 1, state: 'accepted', atMs: NOON })
  t.same(allowed(own), ['reply', 'react', 'edit', 'recall', 'forward', 'copy', 'delete'])
  t.same(allowed(own, { nowMs: NOON + 3 * MINUTE }), ['reply', 'react', 'edit', 'forward', 'copy', 'delete'])
  t.same(allowed(own, { nowMs: NOON + 1_500 * MINUTE }), ['reply', 'react', 'forward', 'copy', 'delete'])
  t.same(allowed(message(1)), ['reply', 'react', 'forward', 'copy', 'delete'])
  t.same(allowed(message(1), { closed: true }), ['forward', 'copy', 'delete'])
  t.same(allowed(own, { unanswered: true }), ['reply', 'recall', 'forward', 'copy', 'delete'])
  t.same(allowed({ ...own, state: 'queued' }), [])
  t.same(allowed({ ...own, changed: { ...own.changed, recalledBy: 1 } }), ['delete'])
  t.same(allowed(inGroup(1, 0, { sender: 1, state: 'accepted' })), [], 'it has no place yet')
  t.ok(allowed(inGroup(1, 4, { sender: 1, state: 'accepted' }), { members: 50 }).includes('readBy'))
  t.notOk(allowed(inGroup(1, 4, { sender: 1, state: 'accepted' }), { members: 51 }).includes('readBy'))
})
