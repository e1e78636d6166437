/** What a device remembers of boards, and where they stand in the list. */
import t from 'tap'
import type { Client, Message, Room } from '../../../clients/typescript/index.js'
import { BoardsNews } from '../../../clients/web/model/board-news.js'
import type { Chat } from '../../../clients/web/model/chats.js'
import { listRows } from '../../../clients/web/model/list-rows.js'
import { WebPlatform } from '../../support/web-platform.js'

const NOON = new Date(2026, 4, 14, 12).getTime()

function room(name: string, change: Partial<Room> = {}): Room {
  const words = { state: 'listening', role: 'listener', kind: 'board', title: name, closed: false } as const
  return { conversation: `room:${name}`, ...words, head: 5, confirmed: 5, unconfirmed: 0, ...change }
}

/** News on a device that has these rooms, at some time. */
function device(platform: WebPlatform, rooms: readonly Room[] = []) {
  let tell = (_: Room): void => {}
  let nowMs = NOON
  const client = { rooms: { all: () => rooms }, serverTime: () => nowMs } as unknown as Client
  const on = ((_: 'room', listener: (room: Room) => void) => {
    tell = listener
    return () => {}
  }) as Client['on']
  const news = new BoardsNews(client, platform, on)
  const at = (ms: number): void => {
    nowMs = NOON + ms
  }
  return { news, at, tell: (one: Room) => tell(one) }
}

const post = (number: number, change: Partial<Message> = {}): Message =>
  ({ conversation: 'room:a', number, atMs: NOON - 500, sender: 7, text: `post ${number}`, ...change }) as Message

t.test('the newest post that was read is remembered, and since when this device knows of the board', async t => {
  const platform = new WebPlatform([])
  const { news, at, tell } = device(platform, [room('a')])
  t.same(news.of('room:a'), { head: 5, atMs: 0, from: 5 }, 'what was there before is from nobody knows when')
  at(10)
  tell(room('a', { confirmed: 5, head: 5 }))
  t.equal(news.of('room:a').atMs, 0)
  tell(room('a', { head: 6, unconfirmed: 1 }))
  t.match(news.of('room:a'), { head: 6, atMs: NOON + 10, from: 5, post: undefined })
  news.read(post(6))
  news.read(post(4))
  const known = { head: 6, atMs: NOON + 10, from: 5, post: { number: 6, atMs: NOON - 500, by: 7, text: 'post 6' } }
  t.same(news.of('room:a'), known, 'an older page is no news')
  news.read(post(6, { text: '' }))
  t.equal(news.of('room:a').post?.text, '', 'it was removed')
  news.read(post(6, { text: 'x'.repeat(9_000) }))
  t.equal(news.of('room:a').post?.text.length, 160)

  const later = device(platform, [room('a', { head: 6, confirmed: 6 })])
  t.match(later.news.of('room:a'), { atMs: NOON + 10, from: 5 }, 'with the next page, too')
  later.tell(room('a', { state: 'none' }))
  t.match(
    device(platform).news.of('room:a'),
    { head: 0, post: undefined },
    'of a board that is left nothing is remembered',
  )
  later.tell(room('a', { confirmed: 9, head: 9 }))
  t.match(later.news.of('room:a'), { from: 9, post: undefined }, 'who listens anew begins anew')
  later.news.forget()
  t.same([...platform.values.keys()], [])
})

t.test('what is remembered wrongly is of no use and does no harm', async t => {
  for (const value of ['{}', '[1]', '[["room:a"]]', '[["room:a",{"head":null}],["room:b",{}]]', 'nonsense']) {
    const platform = new WebPlatform([])
    platform.values.set('longwire.boards', value)
    const { news } = device(platform)
    t.match(news.of('room:b'), { head: 0, atMs: 0 }, value)
  }
})

t.test('a board stands among the chats by the time of its news; one that was begun here stands above', async t => {
  const chat = (uid: number, atMs: number, pinned = false): Chat =>
    ({ conversation: `direct:${uid}`, pinned, archived: false, asks: false, last: atMs && { atMs } }) as unknown as Chat
  const chats = [chat(1, NOON - 9_000, true), chat(2, NOON - 100), chat(3, NOON - 200), chat(4, 0)]
  const { news, at, tell } = device(
    new WebPlatform([]),
    ['old', 'a', 'new', 'unread'].map(name => room(name)),
  )
  tell(room('a', { head: 6 }))
  news.read(post(6, { atMs: NOON - 150 }))
  at(-150)
  const boards = [room('old'), room('a'), room('new'), room('unread', { unconfirmed: 3 })]
  const shown = (filter: 'all' | 'groups' | 'boards'): string[] =>
    listRows(chats, boards, news, filter).map(({ conversation }) => conversation)
  news.begun('room:new')
  t.same(shown('all').slice(0, 2), ['direct:1', 'room:unread'], 'what is to be confirmed, since nobody knows when')
  t.same(shown('groups'), [])
  t.same(new Set(shown('boards')), new Set(['room:unread', 'room:a', 'room:new', 'room:old']))
  t.same(shown('all').slice(-2), ['room:old', 'direct:4'], 'nothing is known of these')
  at(0)
  news.begun('room:new')
  t.ok(shown('all').indexOf('room:new') < shown('all').indexOf('direct:2'))
})
