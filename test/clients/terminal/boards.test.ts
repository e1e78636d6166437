/** Boards in the chat: what is entered becomes requests, what comes becomes lines. The test plays the server. */
import t from 'tap'
import {
  createConversationMessage,
  createRoomSummary,
  RoomKind,
  RoomRole,
  RoomState,
} from '../../../protocol/generated/messages.js'
import { groupFailure, ROOM, roomItem, UID } from '../../support/client-harness.js'
import { type Talk, talk } from '../../support/talk.js'

const LISTENS = { state: RoomState.LISTENING, number: 7, kind: RoomKind.BOARD, role: RoomRole.LISTENER }
const NEWS = createRoomSummary({
  ...{ conversation: ROOM, title: 'Town news', kind: RoomKind.BOARD, role: RoomRole.LISTENER },
  ...{ head: 12, confirmed: 9, unconfirmed: 3 },
})

const post = (number: number, sender: number, text: string) =>
  createConversationMessage({ conversation: ROOM, sender, device: 1, sendSeq: number, number, text, atMs: 1 })

/** The server says where the boards stand. */
async function stands(it: Talk, room: Partial<typeof NEWS> = {}): Promise<void> {
  it.harness.advance(500)
  await it.answer('roomList', { rooms: [createRoomSummary({ ...NEWS, ...room })] })
}

/** A chat of somebody who listens to a board. */
async function listening(t: Parameters<typeof talk>[0], room: Partial<typeof NEWS> = {}): Promise<Talk> {
  const it = await talk(t, roomItem({ ...LISTENS, confirmed: 9 }))
  await stands(it, room)
  await it.harness.steps()
  return it
}

t.test('who comes in is told what is unconfirmed, reads it, and confirms it', async t => {
  const it = await listening(t)
  await it.see('-- 3 unconfirmed on Town news: /board read "Town news"')
  const read = it.chat.enter('/board read "town news"')
  const posts = [post(10, 300, 'ten'), post(11, 300, 'eleven'), post(12, UID, 'mine')]
  t.match(await it.answer('roomPosts', { posts, head: 12 }), { after: 9, before: 0 })
  await it.harness.until(read)
  await it.see(
    '     bob in Town news: ten',
    '     bob in Town news: eleven',
    '✓    you → Town news: mine',
    '-- to confirm these: /board confirm',
  )
  t.match(await it.enter('/board confirm', 'roomConfirm'), { conversation: ROOM, upTo: 12 })
  it.push(roomItem({ ...LISTENS, confirmed: 12 }))
  await it.see('-- confirmed on Town news')
  await it.chat.enter('/boards')
  await it.see(`-- Town news (${ROOM})`)
})

t.test('the board of a device that comes back is told of when the chat opens', async t => {
  const it = await listening(t)
  it.shown.length = 0
  await it.chat.open(undefined)
  t.same(
    it.shown.filter(line => line.includes('unconfirmed')),
    [],
    'it was told',
  )
})

t.test('a board is made, posted on, and published on by others', async t => {
  const it = await talk(t)
  const made = await it.enter('/board create "Town news"', 'roomCreate', { conversation: ROOM })
  t.match(made, { title: 'Town news', kind: RoomKind.BOARD, rules: { allPublish: false, codeNeeded: false } })
  it.push(roomItem({ ...LISTENS, role: RoomRole.OWNER }))
  await stands(it, { role: RoomRole.OWNER, head: 0, confirmed: 0, unconfirmed: 0 })
  await it.see('-- the board Town news is yours: /board post "Town news"')
  t.match(await it.enter('/board post "Town news" hello all', 'roomPost'), { text: 'hello all', conversation: ROOM })
  await it.see('-- posted')
  const role = await it.enter('/board publisher "Town news" bob', 'roomSetRole')
  t.match(role, { uid: 300, role: RoomRole.PUBLISHER })
  t.match(await it.enter('/board publisher "Town news" bob off', 'roomSetRole'), { role: RoomRole.LISTENER })
  await it.see('-- bob may post', '-- bob posts no longer')
  const profile = { title: 'Town news', kind: RoomKind.BOARD, owner: UID, listeners: 2, createdAtMs: 1 }
  await it.enter('/board info "Town news"', 'roomGet', profile)
  const rows = [
    `-- Town news (${ROOM})`,
    '2 listeners, owner you, since 1970-01-01',
    `to listen: /board subscribe ${ROOM}`,
  ]
  t.same(
    it.shown.splice(0).flatMap(line => line.split(/\n *│ /)),
    rows,
  )
  t.match(await it.enter('/board close "Town news"', 'roomClose'), { conversation: ROOM })
})

t.test('a post is removed by its number, which a list of the last ones shows', async t => {
  const it = await listening(t)
  it.shown.length = 0
  const listed = it.chat.enter('/board remove "Town news"')
  const posts = [post(11, 300, 'eleven'), post(12, UID, 'mine')]
  t.match(await it.answer('roomPosts', { posts, head: 12 }), { limit: 20, after: 0 })
  await it.harness.until(listed)
  await it.see('-- 11: bob: eleven', '-- 12: you: mine')
  t.match(await it.enter('/board remove "Town news" 12', 'roomRemove'), { conversation: ROOM, number: 12 })
  await it.see('-- removed')
  await it.chat.enter('/board remove "Town news" last')
  await it.see('!! usage: /board remove BOARD [NUMBER]')
})

t.test('a board is listened to by its code, and left; what it refuses is said', async t => {
  const it = await talk(t)
  t.match(await it.enter(`/board subscribe ${ROOM} secret`, 'roomSubscribe'), { conversation: ROOM, code: 'secret' })
  it.push(roomItem({ state: RoomState.ASKED, number: 7 }))
  const refused = groupFailure(1, 1, 'WRONG_CODE')
  if (refused.content?.case === 'failed') refused.content.value.conversation = ROOM
  it.push(roomItem({ state: RoomState.UNSPECIFIED, number: 7 }), refused)
  await it.see(`!! not done on ${ROOM}: nobody joins the group, or listens to the room, by this code`)
  const other = await listening(t)
  other.shown.length = 0
  t.match(await other.enter(`/board leave ${ROOM}`, 'roomUnsubscribe'), { conversation: ROOM })
  other.push(roomItem({ state: RoomState.UNSPECIFIED, number: 7 }))
  await other.see('-- you listen to Town news no longer')
})

t.test('what is entered wrongly is said, and asks nothing', async t => {
  const it = await listening(t)
  it.shown.length = 0
  for (const line of [
    '/board read Weather',
    '/board post Town news hello',
    '/board read "Town news" many',
    '/board confirm',
    '/board publisher "Town news" bob on',
  ]) {
    await it.chat.enter(line)
  }
  t.same(it.shown, [
    '!! you listen to no board Weather (/boards lists them)',
    '!! a title of several words stands in quotes: "Town news"',
    '!! usage: /board read BOARD [COUNT], 100 at most',
    '!! nothing to confirm was shown: /board read BOARD first',
    '!! usage: /board publisher BOARD NAME [off]',
  ])
  it.shown.length = 0
  await it.chat.enter('/board')
  t.match(it.shown, [/^-- \/boards .*\n.*\/board create TITLE/])
})
