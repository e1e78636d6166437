/** What the library keeps of rooms, and when it asks the server where the boards stand. */
import fc from 'fast-check'
import t from 'tap'
import { MemoryStorage, type Room, type Storage } from '../../../clients/typescript/index.js'
import { COMPARE_MS, RECOUNT_MS, SOON_MS } from '../../../clients/typescript/rules/boards.js'
import type { OperationRequest } from '../../../clients/typescript/rules/send-queue.js'
import { jsonOf, requestOf } from '../../../clients/typescript/rules/stored-request.js'
import { encodeNotice } from '../../../protocol/frame-codec.js'
import { loadSchema } from '../../../protocol/generate/load-schema.js'
import {
  createRoomSummary,
  createSignalNotice,
  RoomKind,
  RoomRole,
  type RoomServicePostRequest,
  RoomState,
  type RoomSummary,
} from '../../../protocol/generated/messages.js'
import { METHODS } from '../../../protocol/methods.js'
import { Harness, ROOM, reasonOf, rejectionOf, roomItem, syncBody, UID } from '../../support/client-harness.js'
import { valuesOf } from '../../support/message-values.js'
import { close, commit, opened } from '../../support/storage-contract.js'

const OTHER = 'room:300.1.2'
const LISTENS = { state: RoomState.LISTENING, number: 7, kind: RoomKind.BOARD, role: RoomRole.LISTENER }

const NEWS = createRoomSummary({
  conversation: ROOM,
  title: 'News',
  kind: RoomKind.BOARD,
  role: RoomRole.LISTENER,
  head: 12,
  confirmed: 9,
  unconfirmed: 3,
})

const shown = ({ conversation, title, head, confirmed, unconfirmed }: Room): string =>
  `${conversation} ${title} ${confirmed}/${head} ${unconfirmed}`

/** Answers the List that waits, after what else was sent. @returns what it asked */
function answerList(harness: Harness, rooms: RoomSummary[] = [NEWS], next = '') {
  harness.settle()
  const { id, request } = harness.pipe.takeNext('roomList')
  harness.pipe.respond('roomList', id, { rooms, next })
  return request
}

/** Online, listening to a board of which the server has said where it stands. */
async function listening(storage = new MemoryStorage()): Promise<Harness> {
  // No ping within a test.
  const harness = await Harness.online(storage, { heartbeatMs: 1_800_000 })
  harness.pipe.push(0, 1, [roomItem({ ...LISTENS, confirmed: 9 })])
  harness.advance(SOON_MS)
  answerList(harness)
  await harness.steps()
  harness.pipe.skip()
  return harness
}

function tellsHead(harness: Harness, number: number, before: number, uid = 300): void {
  const notice = createSignalNotice({ conversation: ROOM, signal: { case: 'head', value: { number, before, uid } } })
  harness.pipe.receive(encodeNotice(METHODS.signal.number, METHODS.signal.encode(notice)))
}

/** Another storage with the same values, as a file would have them. @param named the names that a value has there */
async function copied(storage: Storage, named: (name: string) => readonly string[]): Promise<MemoryStorage> {
  const copy = new MemoryStorage()
  const { values } = await opened(storage)
  const renamed = [...values].flatMap(([name, value]) => named(name).map(each => [each, value] as const))
  await opened(copy)
  await commit(copy, { values: JSON.parse(JSON.stringify(Object.fromEntries(renamed))) })
  await close(copy)
  return copy
}

function asks(harness: Harness): number {
  return harness.pipe.peek().filter(name => name === 'roomList').length
}

t.test('a new room is asked about once, and known from then on, also after a restart without a connection', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  harness.pipe.push(0, 2, [roomItem({ ...LISTENS, confirmed: 9 }), roomItem({ ...LISTENS, conversation: OTHER })])
  t.equal(asks(harness), 0)
  harness.advance(SOON_MS)
  t.equal(asks(harness), 1, 'once for all of a page')
  t.same(answerList(harness), { after: '', heads: true })
  await harness.steps()
  t.match(harness.client.rooms.room(ROOM), { state: 'listening', role: 'listener', kind: 'board', closed: false })
  t.same(harness.client.rooms.all().map(shown), [`${ROOM} News 9/12 3`, `${OTHER}  0/0 0`])
  t.same(
    harness.of('boards').map(({ boards }) => boards.map(shown)),
    [[`${ROOM} News 9/12 3`, `${OTHER}  0/0 0`]],
  )
  await harness.client.close()

  const again = await Harness.start(storage)
  t.same(again.client.rooms.all().map(shown), [`${ROOM} News 9/12 3`, `${OTHER}  0/0 0`])
})

t.test('each login asks right behind Hello, and yields one event; who listens to nothing asks nothing', async t => {
  const harness = await listening()
  harness.told.length = 0
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  t.same(harness.pipe.peek(), ['hello', 'roomList'])
  harness.greet()
  const next = answerList(harness, [{ ...NEWS, head: 15, unconfirmed: 100 }], ROOM)
  t.equal(next.after, '')
  await harness.steps()
  t.equal(harness.of('boards').length, 0, 'there is another page')
  t.equal(answerList(harness, []).after, ROOM)
  await harness.steps()
  t.same(
    harness.of('boards').map(({ boards }) => boards.map(shown)),
    [[`${ROOM} News 9/15 100`]],
  )
  t.same(harness.of('room').map(shown), [`${ROOM} News 9/15 100`])

  harness.pipe.push(1, 2, [roomItem({ state: RoomState.UNSPECIFIED, number: 7 })])
  await harness.steps()
  t.match(harness.client.rooms.room(ROOM), { state: 'none', role: 'none', title: 'News', head: 0, unconfirmed: 0 })
  t.same(harness.client.rooms.all(), [])
  harness.pipe.end()
  harness.reconnect()
  harness.advance(2 * COMPARE_MS)
  t.equal(asks(harness), 0)
})

t.test('a connection that ends between two pages is asked for all of them again', async t => {
  const harness = await listening()
  harness.advance(1.1 * COMPARE_MS)
  answerList(harness, [NEWS], ROOM)
  await harness.steps()
  t.equal(asks(harness), 1)
  harness.pipe.end()
  harness.reconnect()
  await harness.steps()
  t.equal(answerList(harness, []).after, ROOM, 'what was under way is asked again')
  await harness.steps()
  t.equal(
    answerList(harness, [{ ...NEWS, head: 13, unconfirmed: 4 }]).after,
    '',
    'of the first page this server knows nothing',
  )
  await harness.steps()
  t.match(harness.client.rooms.room(ROOM), { head: 13, unconfirmed: 4 })
})

t.test('the head that follows the known one is counted here; behind another one the server counts again', async t => {
  const harness = await listening()
  tellsHead(harness, 13, 12)
  t.match(harness.client.rooms.room(ROOM), { head: 13, unconfirmed: 4 })
  tellsHead(harness, 14, 13, UID)
  t.match(harness.client.rooms.room(ROOM), { head: 14, unconfirmed: 4 }, 'an own post needs no confirmation')
  tellsHead(harness, 13, 12)
  t.match(harness.client.rooms.room(ROOM), { head: 14, unconfirmed: 4 }, 'a late one says nothing')
  harness.advance(2 * RECOUNT_MS)
  t.equal(asks(harness), 0)

  tellsHead(harness, 20, 19)
  t.match(harness.client.rooms.room(ROOM), { head: 20, unconfirmed: 5 }, 'so many at least')
  tellsHead(harness, 25, 24)
  harness.advance(RECOUNT_MS - 1)
  t.equal(asks(harness), 0)
  harness.advance(RECOUNT_MS + 1)
  t.equal(asks(harness), 1, 'once for both')
  answerList(harness, [{ ...NEWS, head: 25, unconfirmed: 14 }])
  await harness.steps()
  t.match(harness.client.rooms.room(ROOM), { head: 25, unconfirmed: 14 })
  t.equal(harness.of('room').at(-1)?.unconfirmed, 14)
})

t.test('what comes while the server is asked is newer than its answer', async t => {
  const harness = await listening()
  const listed = harness.client.rooms.list()
  await harness.steps()
  const { id } = harness.pipe.takeNext('roomList')
  tellsHead(harness, 13, 12)
  harness.pipe.respond('roomList', id, { rooms: [NEWS] })
  t.same((await harness.until(listed)).map(shown), [`${ROOM} News 9/12 3`])
  t.match(harness.client.rooms.room(ROOM), { head: 13, unconfirmed: 4 })
  harness.advance(SOON_MS)
  answerList(harness, [{ ...NEWS, head: 13, unconfirmed: 4 }])
  await harness.steps()
  harness.advance(SOON_MS)
  t.equal(asks(harness), 0)
})

t.test('boards are compared every five minutes, which repairs what was not told; never twice at a time', async t => {
  const harness = await listening()
  harness.advance(0.9 * COMPARE_MS - 1)
  t.equal(asks(harness), 0)
  harness.advance(0.2 * COMPARE_MS + 1)
  answerList(harness, [{ ...NEWS, head: 30, unconfirmed: 18 }])
  await harness.steps()
  t.match(harness.client.rooms.room(ROOM), { head: 30, unconfirmed: 18 })
  harness.advance(1.1 * COMPARE_MS)
  t.equal(asks(harness), 1)
  harness.pipe.push(1, 2, [roomItem({ ...LISTENS, confirmed: 20 })])
  harness.advance(SOON_MS)
  t.equal(asks(harness), 1, 'one is under way')
  answerList(harness, [{ ...NEWS, head: 30, unconfirmed: 18 }])
  await harness.steps()
  t.match(harness.client.rooms.room(ROOM), { confirmed: 20 }, 'it was asked before the user has confirmed')
  harness.advance(SOON_MS)
  answerList(harness, [{ ...NEWS, head: 30, confirmed: 20, unconfirmed: 8 }])
  await harness.steps()
  t.match(harness.client.rooms.room(ROOM), { confirmed: 20, unconfirmed: 8 })
})

t.test('all confirmed is known without the server', async t => {
  const harness = await listening()
  harness.pipe.push(1, 2, [roomItem({ ...LISTENS, confirmed: 12 })])
  harness.advance(SOON_MS)
  t.match(harness.client.rooms.room(ROOM), { head: 12, confirmed: 12, unconfirmed: 0 })
  t.equal(asks(harness), 0)
})

t.test('an application in the background is told of no heads', async t => {
  const harness = await listening()
  harness.client.rooms.follow(true)
  t.equal(asks(harness), 0, 'it was so')
  harness.client.rooms.follow(false)
  t.equal(answerList(harness).heads, false)
  await harness.steps()
  harness.pipe.end()
  harness.reconnect()
  t.equal(answerList(harness).heads, false, 'nor on the next connection')
  t.equal(
    reasonOf(() => harness.client.rooms.follow(1 as unknown as boolean)),
    'INVALID_ARGUMENT',
  )
})

t.test('a room that a complete resync does not bring is none', async t => {
  const harness = await listening()
  harness.pipe.end()
  harness.reconnect({ resync: true, head: 0 })
  await harness.steps()
  t.same(harness.client.rooms.all(), [])
  t.match(harness.of('room').at(-1), { conversation: ROOM, state: 'none', title: 'News' })
})

t.test('a device that begins at the head has rooms by its keyed state', async t => {
  const harness = await Harness.signedIn(new MemoryStorage(), { firstScreen: true })
  harness.greet({ head: 50, ack: 0 })
  harness.pipe.respond('sync', harness.pipe.takeNext('sync').id, syncBody(50, false, [roomItem(LISTENS, 30)]))
  await harness.steps()
  harness.advance(SOON_MS)
  answerList(harness)
  await harness.steps()
  t.same(harness.client.rooms.all().map(shown), [`${ROOM} News 9/12 3`])
})

t.test('of a storage that knows no rooms everything is asked for once more', async t => {
  const harness = await listening()
  await harness.client.close()
  const older = await copied(harness.storage, name =>
    name.startsWith('room/') ? [] : [name.replace('applied/5', 'applied/4')],
  )
  const again = await Harness.start(older)
  again.client.connect()
  again.settle()
  again.pipe.open()
  t.equal(again.greet({ head: 1 }).since, 0)
})

t.test('what is done in a room that is being made waits for the room’s yes', async t => {
  const harness = await Harness.online()
  const made = harness.client.rooms.create('News')
  await harness.steps()
  const { id } = harness.pipe.takeNext('roomCreate')
  harness.pipe.respond('roomCreate', id, { conversation: ROOM })
  t.equal(await harness.until(made), ROOM)
  harness.pipe.push(0, 1, [roomItem({ state: RoomState.ASKED, number: 7, role: RoomRole.OWNER })])
  void harness.client.rooms.post(ROOM, 'first')
  await harness.steps()
  t.notOk(harness.pipe.peek().includes('roomPost'))
  t.match(harness.client.state().sendQueue, [{ what: 'roomPost', state: 'held' }])
  harness.pipe.push(1, 2, [roomItem({ ...LISTENS, role: RoomRole.OWNER })])
  await harness.steps()
  t.match(harness.pipe.takeNext('roomPost').request, { text: 'first', conversation: ROOM })

  void harness.client.rooms.subscribe(OTHER).catch(() => {})
  void harness.client.rooms.confirm(OTHER, 4).catch(() => {})
  await harness.steps()
  harness.pipe.refuse(harness.pipe.takeNext('roomSubscribe').id, 'ROOM_LIMIT')
  await harness.steps()
  t.equal(harness.pipe.takeNext('roomConfirm').request.upTo, 4, 'nobody will say yes')
})

t.test('a post goes out with all that it has, also after a restart', async t => {
  const harness = await listening()
  harness.pipe.end()
  const content = { kind: 'location', latitude: 1, longitude: 2, name: 'here' } as const
  const metadata = Uint8Array.of(1, 2, 3)
  void harness.client.rooms.post(ROOM, 'I am here', { content, metadata }).catch(() => {})
  await harness.steps()
  await harness.client.close()
  const again = await Harness.start(await copied(harness.storage, name => [name]))
  again.client.connect()
  again.settle()
  again.pipe.open()
  const { request } = again.pipe.takeNext('roomPost')
  t.match(request, { conversation: ROOM, text: 'I am here', content: { kind: 2 } })
  t.same(new Uint8Array(request.metadata), metadata)
  t.ok((request.content?.body.length ?? 0) > 4)
  t.equal(
    await rejectionOf(again.client.rooms.post(ROOM, 'x', { metadata: new Uint8Array(1_025) })),
    'INVALID_ARGUMENT',
  )
  t.equal(await rejectionOf(again.client.rooms.post(ROOM, 'x'.repeat(16_385))), 'TEXT_TOO_LONG')
})

t.test('each request with bytes is the same after it was stored', t => {
  const message = loadSchema().messages.find(({ name }) => name === 'RoomServicePostRequest')
  if (message === undefined) throw new Error('no such message')
  const { encodeRequest } = METHODS.roomPost
  fc.assert(
    fc.property(valuesOf(message), request => {
      const stored = JSON.parse(JSON.stringify(jsonOf(request))) as OperationRequest
      const back = requestOf(stored) as RoomServicePostRequest
      t.strictSame(encodeRequest(back), encodeRequest(request as RoomServicePostRequest))
    }),
  )
  t.end()
})
