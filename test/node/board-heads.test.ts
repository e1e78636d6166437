/** New posts on boards, as connections are told of them: who, how often, by which node, and what it costs. */
import t from 'tap'
import {
  createRoomServicePostRequest,
  createRoomSummary,
  decodeRoomServiceCreateResponse,
  decodeRoomServiceListResponse,
  RoomKind,
  RoomRole,
} from '../../protocol/generated/messages.js'
import { HEAD_INTERVAL_MS, ROOMS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { INTERESTS_MAX, Interests } from '../../src/cluster/interests.js'
import { BoardListeners } from '../../src/connection/board-listeners.js'
import { GRANT_MS, SIGNALS_PER_SECOND } from '../../src/connection/watches.js'
import { ManualClock } from '../support/manual-clock.js'
import { cast, type Looker, type Scene, signalScene } from '../support/signal-scene.js'

const RULES = { allPublish: false, codeNeeded: false }

async function make(scene: Scene, owner: Looker): Promise<string> {
  const request = { sendSeq: owner.account.next(), title: 'news', kind: RoomKind.BOARD, rules: RULES }
  const { body } = await owner.ask(METHODS.roomCreate, request)
  await scene.pass(2_000)
  return decodeRoomServiceCreateResponse(body as Uint8Array).conversation
}

async function post(owner: Looker, conversation: string): Promise<void> {
  const request = createRoomServicePostRequest({ sendSeq: owner.account.next(), conversation, text: 'news' })
  const { code } = await owner.ask(METHODS.roomPost, request)
  if (code !== undefined) throw new Error(code)
}

async function list(looker: Looker, heads = true) {
  const { body } = await looker.ask(METHODS.roomList, { after: '', heads })
  return decodeRoomServiceListResponse(body as Uint8Array).rooms
}

/** A board of Alice's, to which Bob listens. */
async function board(kind: 'store' | 'hub', names: readonly string[], here: string, there: string) {
  const scene = await signalScene(kind, names)
  const [alice, bob, carol] = await cast(scene)
  const [a, b, c] = [
    await scene.connect(alice, here),
    await scene.connect(bob, there),
    await scene.connect(carol, there),
  ]
  const conversation = await make(scene, a)
  await b.ask(METHODS.roomSubscribe, { sendSeq: bob.next(), conversation, code: '' })
  await scene.pass(2_000)
  return { scene, a, b, c, conversation }
}

const PLACES = [
  { kind: 'store', names: ['a'], here: 'a', there: 'a' },
  { kind: 'store', names: ['a', 'b'], here: 'a', there: 'b' },
  { kind: 'hub', names: ['hub', 'a', 'b'], here: 'a', there: 'b' },
  { kind: 'hub', names: ['hub', 'a'], here: 'a', there: 'hub' },
] as const

for (const { kind, names, here, there } of PLACES) {
  const where = here === there ? 'at one node' : `at ${here} and ${there}, of the ${kind} of ${names.join(', ')}`
  t.test(`of 100 posts a listener is told at most one a second, and the last: ${where}`, async t => {
    const { scene, a, b, c, conversation } = await board(kind, names, here, there)
    t.match(await list(b), [{ head: 0, unconfirmed: 0 }])
    await scene.settle()
    const beganMs = scene.clock.monotonic()
    for (let i = 0; i < 100; i += 1) {
      await post(a, conversation)
      scene.clock.advance(40)
    }
    await scene.pass(2 * HEAD_INTERVAL_MS)
    const heads = b.heads()
    t.equal(heads[0], '1, after 0')
    t.equal(heads.at(-1), '100, after 99')
    t.ok(heads.length >= 4, `${heads.length}`)
    t.ok(heads.length <= 1 + (scene.clock.monotonic() - beganMs) / HEAD_INTERVAL_MS, `${heads.length}`)
    t.same([a.heads(), c.heads()], [[], []], 'who has not asked is told nothing')
    t.match(await list(b), [{ head: 100, unconfirmed: 100 }])
    await scene.close()
  })
}

t.test('a post costs no event where nobody is told; else one a second to each node with a listener', async t => {
  const { scene, a, b, conversation } = await board('store', ['a', 'b', 'c'], 'a', 'b')
  const toOthers = (): readonly string[] => scene.sent().filter(event => event.endsWith(' head'))
  for (let i = 0; i < 10; i += 1) await post(a, conversation)
  await scene.pass(3_000)
  t.same(toOthers(), [])
  await list(b)
  await scene.settle()
  for (let i = 0; i < 10; i += 1) await post(a, conversation)
  await scene.pass(3_000)
  t.same(toOthers(), ['a>b head', 'a>b head'])
  t.same(b.heads(), ['11, after 10', '20, after 19'])
  b.leave()
  await scene.pass(60_000)
  scene.sent()
  await post(a, conversation)
  await scene.pass(3_000)
  t.same(toOthers(), [], 'the interest has expired')
  t.equal(scene.node('b').access.boards.size, 0)
  await scene.close()
})

t.test('a head that is lost between nodes is found by the next List', async t => {
  const { scene, a, b, conversation } = await board('store', ['a', 'b'], 'a', 'b')
  await list(b)
  await scene.settle()
  scene.lost.all = true
  await post(a, conversation)
  await scene.pass(5_000)
  t.same(b.heads(), [])
  t.match(await list(b), [{ head: 1, unconfirmed: 1 }])
  scene.lost.all = false
  await post(a, conversation)
  await scene.pass(2_000)
  t.same(b.heads(), ['2, after 1'])
  await scene.close()
})

const ENDS: Readonly<Record<string, (a: Looker, b: Looker, conversation: string) => Promise<unknown>>> = {
  'is removed': (a, b, conversation) =>
    a.ask(METHODS.roomSetRole, { sendSeq: a.account.next(), conversation, uid: b.uid, role: RoomRole.REMOVED }),
  'listens no longer': (_, b, conversation) =>
    b.ask(METHODS.roomUnsubscribe, { sendSeq: b.account.next(), conversation }),
}

for (const [what, end] of Object.entries(ENDS)) {
  t.test(`who ${what} is told nothing within 30 s; the other boards go on`, async t => {
    const { scene, a, b, conversation } = await board('hub', ['hub', 'a', 'b'], 'a', 'b')
    const other = await make(scene, a)
    await b.ask(METHODS.roomSubscribe, { sendSeq: b.account.next(), conversation: other, code: '' })
    await scene.pass(2_000)
    await list(b)
    await end(a, b, conversation)
    await scene.pass(GRANT_MS + 2_000)
    await post(a, conversation)
    await post(a, other)
    await post(a, other)
    await scene.pass(3_000)
    t.same(b.heads(), ['1, after 0', '2, after 1'])
    await scene.close()
  })
}

t.test('in the background a connection is told no heads: it says so with its List', async t => {
  const { scene, a, b, conversation } = await board('store', ['a'], 'a', 'a')
  await list(b)
  await list(b, false)
  await post(a, conversation)
  await scene.pass(2_000)
  t.same(b.heads(), [])
  t.equal(scene.node('a').access.boards.size, 0)
  await scene.close()
})

t.test('a connection that does not keep up gets no heads', async t => {
  const { scene, a, b, conversation } = await board('store', ['a'], 'a', 'a')
  await list(b)
  b.pipe.takes = false
  await b.ask(METHODS.roomGet, { conversation }).catch(() => {})
  const waiting = b.connection.waitingBytes
  t.ok(waiting > 0)
  await post(a, conversation)
  await scene.pass(2_000)
  t.equal(b.connection.waitingBytes, waiting)
  t.equal(scene.node('a').access.watches.figures.dropped, 1)
  await scene.close()
})

/** A table of listeners, with connections that take all. */
function table() {
  const clock = new ManualClock()
  const interests = new Interests({
    ...{ node: 'a', clock, defer: run => run(), tell() {}, isHere: () => false, changed() {} },
  })
  const figures = { sent: 0, dropped: 0 }
  const boards = new BoardListeners({ clock, interests, figures })
  const member = (uid: number) => ({
    ...{ uid, device: 1, attempt: 1, appended() {}, close() {} },
    offer: () => true,
  })
  return { clock, interests, figures, boards, member }
}

const nameOf = (i: number): string => `room:1.1.${String(i).padStart(6, '0')}`

function rooms(from: number, count: number, more: { closed?: boolean; kind?: RoomKind } = {}) {
  return Array.from({ length: count }, (_, i) =>
    createRoomSummary({ conversation: nameOf(from + i), kind: RoomKind.BOARD, ...more }),
  )
}

t.test('a page takes the place of what was known in its range; closed and realtime rooms are not told', t => {
  const { interests, boards, member } = table()
  const [one, two] = [member(1), member(2)]
  boards.listed(one, { after: '', heads: true }, { rooms: rooms(0, 50), next: nameOf(49) })
  boards.listed(one, { after: nameOf(49), heads: true }, { rooms: rooms(50, 10), next: '' })
  boards.listed(two, { after: '', heads: true }, { rooms: rooms(0, 1), next: '' })
  t.equal(interests.size, 60)
  boards.listed(one, { after: '', heads: true }, { rooms: rooms(1, 48), next: nameOf(48) })
  t.equal(interests.size, 60, 'the first is still the other one’s')
  boards.listed(two, { after: '', heads: true }, { rooms: rooms(0, 1, { closed: true }), next: '' })
  t.equal(interests.size, 59)
  boards.listed(two, { after: '', heads: true }, { rooms: rooms(0, 5, { kind: RoomKind.REALTIME }), next: '' })
  t.equal(boards.size, 1)
  boards.gone(one)
  t.same([boards.size, interests.size], [0, 0])
  boards.stop()
  t.end()
})

t.test(
  'a connection holds 200 boards at most, whatever its pages say, and all together no more than a node remembers',
  t => {
    const { interests, boards, member } = table()
    const one = member(1)
    for (let i = 0; i < 10; i += 1) {
      boards.listed(
        one,
        { after: nameOf(i * 50 - 1), heads: true },
        { rooms: rooms(i * 50, 50), next: nameOf(i * 50 + 49) },
      )
    }
    t.equal(interests.size, ROOMS_MAX)
    for (let i = 1; i < 400; i += 1) {
      boards.listed(member(i + 1), { after: '', heads: true }, { rooms: rooms(i * 1_000, ROOMS_MAX), next: '' })
    }
    t.equal(interests.size, INTERESTS_MAX)
    boards.stop()
    t.end()
  },
)

t.test('a connection gets 20 heads a second, the rest is dropped', t => {
  const { clock, figures, boards, member } = table()
  boards.listed(member(1), { after: '', heads: true }, { rooms: rooms(0, 50), next: '' })
  const tellAll = (): void => {
    for (const { conversation } of rooms(0, 50)) {
      const to = conversation.replace('room:', 'room/')
      boards.take({ kind: 'transient', from: 'b', to, topic: 'head', bytes: new Uint8Array(0) })
    }
  }
  tellAll()
  t.same(figures, { sent: SIGNALS_PER_SECOND, dropped: 50 - SIGNALS_PER_SECOND })
  clock.advance(HEAD_INTERVAL_MS)
  tellAll()
  t.equal(figures.sent, 2 * SIGNALS_PER_SECOND)
  boards.stop()
  t.end()
})
