/** Rooms, through the services: who may do what, what a board keeps, what is unconfirmed, and what a post costs. */
import t from 'tap'
import { CODES, codeName } from '../../protocol/codes.js'
import {
  createRoomServicePostRequest,
  decodeRoomServiceCreateResponse,
  decodeRoomServiceGetResponse,
  decodeRoomServiceListResponse,
  decodeRoomServicePostsResponse,
  decodeSignalNotice,
  type Room,
  RoomKind,
  RoomRole,
  RoomState,
} from '../../protocol/generated/messages.js'
import {
  GROUP_CODE_BYTES_MAX,
  ROOM_LISTENERS_MAX,
  ROOM_PUBLISHERS_MAX,
  ROOMS_MAX,
  ROOMS_OWNED_MAX,
} from '../../protocol/limits.js'
import { METHODS, type MethodName, type RequestMethod, type RequestOf } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { roomActor } from '../../src/sync/references.js'
import { listener, listenerCounts, ridOf, roomPublishers } from '../../src/sync/rules/room-records.js'
import type { RecordKind } from '../../src/sync/types.js'
import { type Reply, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'

const NO_RULES = { allPublish: false, codeNeeded: false }

/** Counts what is written. */
class CountingStore extends MemoryStore {
  puts = 0
  appends = 0

  override commit(...[scope, units]: Parameters<MemoryStore['commit']>) {
    for (const unit of units) {
      this.puts += unit.puts.length
      this.appends += unit.appends.length
    }
    return super.commit(scope, units)
  }
}

async function world() {
  const store = new CountingStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, new ManualClock(), 'node')
  let key = 0
  const enter = (name: string): Promise<TestDevice> => {
    key += 1
    return new TestDevice(node).enter(name, key)
  }
  return { store, node, enter }
}

async function create(owner: TestDevice, kind: RoomKind = RoomKind.BOARD, rules = NO_RULES): Promise<string> {
  const reply = await owner.call(METHODS.roomCreate, { sendSeq: owner.next(), title: 'news', kind, rules })
  const { conversation } = decodeRoomServiceCreateResponse(reply.body)
  await isHere(owner, conversation, RoomState.LISTENING)
  return conversation
}

/** What the device's timeline shows of a room. */
async function roomOf(device: TestDevice, conversation: string): Promise<Room | undefined> {
  const all = (await device.items()).map(({ item }) => item.content)
  return all.flatMap(item => (item?.case === 'room' && item.value.conversation === conversation ? [item.value] : []))[0]
}

function isHere(device: TestDevice, conversation: string, state: RoomState): Promise<void> {
  return eventually(async () => (await roomOf(device, conversation))?.state === state)
}

async function listen(device: TestDevice, conversation: string, code = ''): Promise<void> {
  await device.call(METHODS.roomSubscribe, { sendSeq: device.next(), conversation, code })
  await isHere(device, conversation, RoomState.LISTENING)
}

function post(device: TestDevice, conversation: string, text: string): Promise<Reply> {
  return device.call(METHODS.roomPost, createRoomServicePostRequest({ sendSeq: device.next(), conversation, text }))
}

function setRole(owner: TestDevice, conversation: string, { uid }: TestDevice, role: RoomRole): Promise<Reply> {
  return owner.call(METHODS.roomSetRole, { sendSeq: owner.next(), conversation, uid, role })
}

async function get(device: TestDevice, conversation: string) {
  return decodeRoomServiceGetResponse((await device.call(METHODS.roomGet, { conversation })).body)
}

interface Range {
  readonly before?: number
  readonly after?: number
  readonly limit?: number
}

async function posts(device: TestDevice, conversation: string, { before = 0, after = 0, limit = 0 }: Range = {}) {
  const { body } = await device.call(METHODS.roomPosts, { conversation, before, after, limit })
  return decodeRoomServicePostsResponse(body)
}

async function list(device: TestDevice, after = '') {
  return decodeRoomServiceListResponse((await device.call(METHODS.roomList, { after, heads: false })).body).rooms
}

async function unconfirmed(device: TestDevice, conversation: string): Promise<number | undefined> {
  return (await list(device)).find(room => room.conversation === conversation)?.unconfirmed
}

/** The codes of the Failed items of a room. */
async function failures(device: TestDevice): Promise<string[]> {
  return (await device.items()).flatMap(({ item }) =>
    item.content?.case === 'failed' ? [codeName(item.content.value.code)] : [],
  )
}

const PEOPLE = ['stranger', 'listener', 'publisher', 'owner', 'former', 'removed'] as const
type Person = (typeof PEOPLE)[number]
type RoomName = Extract<MethodName, `room${string}`> | 'watch' | 'typing'
type Rooms = (typeof METHODS)[RoomName]

interface Row<N extends RoomName> {
  readonly request: (asker: TestDevice, conversation: string, target: TestDevice) => RequestOf<N>
  /** The codes in the order of PEOPLE: of the answer, or `failed` and that of the item which tells the outcome. */
  readonly codes: readonly string[]
}

const named = (asker: TestDevice, conversation: string) => ({ sendSeq: asker.next(), conversation })
const OWNER_ALONE = ['NOT_LISTENER', 'NOT_PUBLISHER', 'NOT_PUBLISHER', 'OK', 'NOT_LISTENER', 'NOT_LISTENER']
const LISTENERS = ['NOT_LISTENER', 'OK', 'OK', 'OK', 'NOT_LISTENER', 'NOT_LISTENER']
const READERS = ['NO_SUCH_ROOM', 'OK', 'OK', 'OK', 'NO_SUCH_ROOM', 'NO_SUCH_ROOM']

/** Who may do what with a board where a code is needed, in which the owner has posted once. */
const TABLE: { readonly [N in RoomName]: Row<N> } = {
  roomCreate: {
    request: asker => ({ sendSeq: asker.next(), title: 'x', kind: RoomKind.BOARD, rules: NO_RULES }),
    codes: ['OK', 'OK', 'OK', 'OK', 'OK', 'OK'],
  },
  roomSet: {
    request: (asker, conversation) => ({ ...named(asker, conversation), title: 'x', rules: NO_RULES, newCode: false }),
    codes: OWNER_ALONE,
  },
  roomSetRole: {
    request: (asker, conversation, { uid }) => ({ ...named(asker, conversation), uid, role: RoomRole.PUBLISHER }),
    codes: OWNER_ALONE,
  },
  roomSubscribe: {
    request: (asker, conversation) => ({ ...named(asker, conversation), code: 'a guess' }),
    codes: ['failed WRONG_CODE', 'OK', 'OK', 'OK', 'failed WRONG_CODE', 'failed NOT_ALLOWED'],
  },
  roomUnsubscribe: {
    request: named,
    codes: ['NOT_LISTENER', 'OK', 'OK', 'NOT_ALLOWED', 'NOT_LISTENER', 'NOT_LISTENER'],
  },
  roomPost: {
    request: (asker, conversation) => createRoomServicePostRequest({ ...named(asker, conversation), text: 'hello' }),
    codes: ['NOT_LISTENER', 'failed NOT_PUBLISHER', 'OK', 'OK', 'NOT_LISTENER', 'NOT_LISTENER'],
  },
  roomRemove: {
    request: (asker, conversation) => ({ ...named(asker, conversation), number: 1 }),
    codes: ['NOT_LISTENER', 'failed NOT_AUTHOR', 'failed NOT_AUTHOR', 'OK', 'NOT_LISTENER', 'NOT_LISTENER'],
  },
  roomClose: { request: named, codes: OWNER_ALONE },
  roomConfirm: {
    request: (asker, conversation) => ({ ...named(asker, conversation), upTo: 1 }),
    codes: LISTENERS,
  },
  roomGet: { request: (_, conversation) => ({ conversation }), codes: READERS },
  roomPosts: { request: (_, conversation) => ({ conversation, before: 0, after: 0, limit: 0 }), codes: READERS },
  roomList: { request: () => ({ after: '', heads: false }), codes: ['OK', 'OK', 'OK', 'OK', 'OK', 'OK'] },
  watch: { request: (_, conversation) => ({ conversations: [{ conversation }] }), codes: READERS },
  // Nobody is told of it.
  typing: { request: (_, conversation) => ({ conversation, stopped: false }), codes: READERS },
  roomPublish: {
    request: (_, conversation) => ({ conversation, payload: new Uint8Array(1) }),
    codes: ['NO_SUCH_ROOM', 'NOT_ALLOWED', 'NOT_ALLOWED', 'NOT_ALLOWED', 'NO_SUCH_ROOM', 'NO_SUCH_ROOM'],
  },
}

t.test('who may do what: each method, asked by everybody who may have to do with a board', async t => {
  for (const [name, row] of Object.entries(TABLE)) {
    const { node, enter } = await world()
    const names = [...PEOPLE, 'target'] as const
    const entered = await Promise.all(names.map(enter))
    const people = Object.fromEntries(names.map((each, i) => [each, entered[i]])) as Record<
      Person | 'target',
      TestDevice
    >
    const { owner, publisher, former, removed, target } = people
    const conversation = await create(owner, RoomKind.BOARD, { ...NO_RULES, codeNeeded: true })
    const { code } = await get(owner, conversation)
    for (const each of [people.listener, publisher, former, removed, target]) await listen(each, conversation, code)
    await setRole(owner, conversation, publisher, RoomRole.PUBLISHER)
    await setRole(owner, conversation, removed, RoomRole.REMOVED)
    await former.call(METHODS.roomUnsubscribe, named(former, conversation))
    await post(owner, conversation, 'first')
    await isHere(removed, conversation, RoomState.UNSPECIFIED)
    const method = METHODS[name as RoomName] as Rooms as unknown as RequestMethod
    // The owner last: what she does may end the room.
    for (const [i, person] of [...PEOPLE.entries()].sort(
      ([, a], [, b]) => Number(a === 'owner') - Number(b === 'owner'),
    )) {
      const asker = people[person]
      const before = (await failures(asker)).length
      const reply = await asker.call(method, row.request(asker, conversation, target))
      await eventually(() => node.engine.queueDepth === 0)
      const failed = (await failures(asker)).slice(before)
      const found = failed.length > 0 ? `failed ${failed.join()}` : codeName(reply.code)
      t.equal(found, row.codes[i], `${name} by ${person}`)
    }
    t.same(node.asides, [])
    await node.engine.close()
  }
})

t.test('a post is stored once, and costs the same to one listener and to twenty', async t => {
  const { store, node, enter } = await world()
  const owner = await enter('owner')
  const conversation = await create(owner)
  const cost = async () => {
    const before = { puts: store.puts, appends: store.appends }
    await post(owner, conversation, 'news')
    await eventually(() => node.engine.queueDepth === 0)
    return [store.puts - before.puts, store.appends - before.appends]
  }
  const alone = await cost()
  const listeners: TestDevice[] = []
  for (let n = 0; n < 20; n += 1) listeners.push(await enter(`user-${n}`))
  for (const each of listeners) await listen(each, conversation)
  t.same(await cost(), alone)
  t.equal(alone[1], 1, 'one entry: in the log of the room')
  t.equal((await get(owner, conversation)).listeners, 21)
  for (const each of listeners) {
    const items = (await each.items()).map(({ item }) => item.content?.case)
    t.notOk(items.includes('conversationMessage'), 'nothing of it is in a timeline')
  }
})

t.test('posts in pages: the newest, those before and after a number, and each page says if there are more', async t => {
  const { enter } = await world()
  const owner = await enter('owner')
  const conversation = await create(owner)
  t.same(await posts(owner, conversation), { posts: [], more: false, head: 0 })
  for (let n = 1; n <= 7; n += 1) await post(owner, conversation, `post ${n}`)
  const page = async (range: Range) => {
    const found = await posts(owner, conversation, range)
    return [found.posts.map(({ number }) => number), found.more, found.head]
  }
  t.same(await page({ limit: 3 }), [[5, 6, 7], true, 7])
  t.same(await page({ before: 5, limit: 3 }), [[2, 3, 4], true, 7])
  t.same(await page({ before: 2, limit: 3 }), [[1], false, 7])
  t.same(await page({ before: 1 }), [[], false, 7])
  t.same(await page({ before: 100 }), [[1, 2, 3, 4, 5, 6, 7], false, 7])
  t.same(await page({ after: 2, limit: 3 }), [[3, 4, 5], true, 7])
  t.same(await page({ after: 4, limit: 3 }), [[5, 6, 7], false, 7])
  t.same(await page({ after: 7 }), [[], false, 7])
  t.same(await page({ after: Number.MAX_SAFE_INTEGER }), [[], false, 7])
  const [first] = (await posts(owner, conversation)).posts
  t.match(first, { conversation, sender: owner.uid, text: 'post 1', number: 1 })
  for (const wrong of [{ limit: 101 }, { before: 2, after: 2 }]) {
    const request = { conversation, before: 0, after: 0, limit: 0, ...wrong }
    t.equal((await owner.call(METHODS.roomPosts, request)).code, CODES.INVALID_ARGUMENT.code)
  }
  for (let n = 0; n < 20; n += 1) await post(owner, conversation, 'x'.repeat(16_384))
  const long = await posts(owner, conversation)
  t.ok(long.posts.length < 20 && long.posts.length > 10 && long.more, `${long.posts.length} posts of 16 KiB in a page`)
})

t.test('each login says how many posts are unconfirmed, until Confirm; own ones and removed ones are none', async t => {
  const { enter, node } = await world()
  const [owner, ann] = [await enter('owner'), await enter('ann')]
  const conversation = await create(owner)
  await post(owner, conversation, 'before she came')
  await listen(ann, conversation)
  t.equal(await unconfirmed(ann, conversation), 0, 'what is older than the listening needs no confirmation')
  for (let n = 2; n <= 4; n += 1) await post(owner, conversation, `post ${n}`)
  t.match(await list(ann), [{ conversation, title: 'news', head: 4, confirmed: 1, unconfirmed: 3, closed: false }])
  t.equal(await unconfirmed(owner, conversation), 0, 'her own')
  await owner.call(METHODS.roomRemove, { ...named(owner, conversation), number: 3 })
  t.equal(await unconfirmed(ann, conversation), 2)
  const removed = (await posts(ann, conversation)).posts[2]
  t.match(removed, { number: 3, text: '', state: { recalledBy: owner.uid } })
  const confirm = (upTo: number) => ann.call(METHODS.roomConfirm, { ...named(ann, conversation), upTo })
  t.equal((await confirm(2)).code, 0)
  t.equal(await unconfirmed(ann, conversation), 1)
  t.equal((await confirm(1)).code, 0)
  t.equal(await unconfirmed(ann, conversation), 1, 'it only rises')
  t.equal((await roomOf(ann, conversation))?.confirmed, 2, 'and all own devices are told')
  for (let n = 0; n < 120; n += 1) await post(owner, conversation, `more ${n}`)
  t.equal(await unconfirmed(ann, conversation), 100, 'that many, or more')
  const again = new TestDevice(node)
  await again.login('ann', 9)
  await again.hello()
  t.equal(await unconfirmed(again, conversation), 100, 'and so says each login')
  await again.call(METHODS.roomConfirm, { ...named(again, conversation), upTo: 124 })
  t.equal(await unconfirmed(again, conversation), 0)
})

t.test('a number above the head confirms what comes up to it, until the listening begins anew', async t => {
  const { enter } = await world()
  const [owner, ann] = [await enter('owner'), await enter('ann')]
  const conversation = await create(owner)
  await listen(ann, conversation)
  const ahead = { ...named(ann, conversation), upTo: 2 }
  t.equal((await ann.call(METHODS.roomConfirm, ahead)).code, 0)
  for (let n = 1; n <= 3; n += 1) await post(owner, conversation, `post ${n}`)
  t.match(await list(ann), [{ head: 3, confirmed: 2, unconfirmed: 1 }])
  t.equal((await ann.call(METHODS.roomConfirm, ahead)).code, 0, 'its repeat is answered again')
  await ann.call(METHODS.roomConfirm, { ...named(ann, conversation), upTo: Number.MAX_SAFE_INTEGER })
  await post(owner, conversation, 'post 4')
  t.equal(await unconfirmed(ann, conversation), 0)
  await ann.call(METHODS.roomUnsubscribe, named(ann, conversation))
  await listen(ann, conversation)
  await post(owner, conversation, 'post 5')
  t.match(await list(ann), [{ head: 5, confirmed: 4, unconfirmed: 1 }])
})

t.test('whatever a cursor says, only own rooms and posts of that board come, and those behind it', async t => {
  const { enter } = await world()
  const [owner, ann] = [await enter('owner'), await enter('ann')]
  const ids = [await create(owner), await create(owner), await create(owner)] as const
  const [other, conversation] = ids
  await listen(ann, conversation)
  for (const after of ['', ...ids, 'room:', 'room:z', `direct:${owner.uid}`, 'nothing', '\u{10ffff}']) {
    const listed = (await list(ann, after)).map(room => room.conversation)
    t.same(listed, conversation > after ? [conversation] : [], after)
  }
  const tooLong = await ann.call(METHODS.roomList, { after: 'x'.repeat(65), heads: false })
  t.equal(tooLong.code, CODES.INVALID_ARGUMENT.code)
  for (let n = 1; n <= 3; n += 1) await post(owner, other, 'of another board')
  await post(owner, conversation, 'of this one')
  for (let number = 0; number <= 4; number += 1) {
    const numbersOf = async (range: Range) => (await posts(ann, conversation, range)).posts.map(each => each.number)
    t.same(await numbersOf({ after: number }), number === 0 ? [1] : [], `after ${number}`)
    t.same(await numbersOf({ before: number }), number === 1 ? [] : [1], `before ${number}`)
  }
})

t.test('a repeat of a numbered request is answered again, and does nothing twice', async t => {
  const { enter } = await world()
  const owner = await enter('owner')
  const request = { sendSeq: owner.next(), title: 'news', kind: RoomKind.BOARD, rules: NO_RULES }
  const first = await owner.call(METHODS.roomCreate, request)
  t.same((await owner.call(METHODS.roomCreate, request)).body, first.body)
  const { conversation } = decodeRoomServiceCreateResponse(first.body)
  await isHere(owner, conversation, RoomState.LISTENING)
  const said = createRoomServicePostRequest({ ...named(owner, conversation), text: 'once' })
  for (let n = 0; n < 3; n += 1) t.equal((await owner.call(METHODS.roomPost, said)).code, 0)
  t.equal((await posts(owner, conversation)).posts.length, 1)
  t.equal((await owner.call(METHODS.roomPost, { ...said, text: 'twice' })).code, CODES.SEQ_REUSED.code)
})

t.test(
  'a code is needed where the rules say so: another one takes its place, and a removed listener needs more',
  async t => {
    const { enter } = await world()
    const [owner, ann, bob] = [await enter('owner'), await enter('ann'), await enter('bob')]
    const conversation = await create(owner, RoomKind.BOARD, { ...NO_RULES, codeNeeded: true })
    const { code } = await get(owner, conversation)
    t.ok(code.length > 10 && code.length <= GROUP_CODE_BYTES_MAX)
    await listen(ann, conversation, code)
    t.equal((await get(ann, conversation)).code, '', 'the owner alone is told it')
    const rules = { ...NO_RULES, codeNeeded: true }
    await owner.call(METHODS.roomSet, { ...named(owner, conversation), title: 'later', rules, newCode: true })
    t.equal((await get(ann, conversation)).title, 'later')
    const tries = async (device: TestDevice, tried: string) => {
      await device.call(METHODS.roomSubscribe, { ...named(device, conversation), code: tried })
      await eventually(async () => (await roomOf(device, conversation))?.state !== RoomState.ASKED)
      return (await roomOf(device, conversation))?.state
    }
    t.equal(await tries(bob, code), RoomState.UNSPECIFIED)
    t.equal(await tries(bob, (await get(owner, conversation)).code), RoomState.LISTENING)
    await setRole(owner, conversation, bob, RoomRole.REMOVED)
    await isHere(bob, conversation, RoomState.UNSPECIFIED)
    t.equal(await tries(bob, (await get(owner, conversation)).code), RoomState.UNSPECIFIED)
    t.same(await failures(bob), ['WRONG_CODE', 'NOT_ALLOWED'])
    await setRole(owner, conversation, bob, RoomRole.LISTENER)
    t.equal(await tries(bob, (await get(owner, conversation)).code), RoomState.LISTENING)
  },
)

t.test('who does not know the code is not told whether there is such a room', async t => {
  const { enter } = await world()
  const [owner, ann] = [await enter('owner'), await enter('ann')]
  const conversation = await create(owner, RoomKind.BOARD, { ...NO_RULES, codeNeeded: true })
  const { code } = await get(owner, conversation)
  const ask = (asked: string, tried: string) =>
    ann.call(METHODS.roomSubscribe, { sendSeq: ann.next(), conversation: asked, code: tried })
  const nowhere = `${conversation}0`
  for (const asked of [conversation, nowhere]) for (const tried of ['', 'guessed']) await ask(asked, tried)
  await eventually(async () => (await failures(ann)).length === 4)
  await owner.call(METHODS.roomClose, named(owner, conversation))
  await eventually(async () => (await list(owner))[0]?.closed === true)
  for (const tried of ['', code]) await ask(conversation, tried)
  await eventually(async () => (await failures(ann)).length === 6)
  t.same(await failures(ann), Array(6).fill('WRONG_CODE'))
  for (const asked of [conversation, nowhere, 'room:nowhere']) {
    const { code: refusal } = await ann.call(METHODS.watch, { conversations: [{ conversation: asked }] })
    t.equal(codeName(refusal), 'NO_SUCH_ROOM', asked)
  }
})

t.test('a closed room is read and confirmed, and nothing else; who owned it may leave it', async t => {
  const { enter } = await world()
  const [owner, ann, bob] = [await enter('owner'), await enter('ann'), await enter('bob')]
  const conversation = await create(owner)
  await listen(ann, conversation)
  await post(owner, conversation, 'the last one')
  await owner.call(METHODS.roomClose, named(owner, conversation))
  await eventually(async () => (await roomOf(owner, conversation))?.role === RoomRole.LISTENER)
  t.match(await list(ann), [{ conversation, closed: true, unconfirmed: 1 }])
  t.equal((await posts(ann, conversation)).posts.length, 1)
  await post(owner, conversation, 'one more')
  await bob.call(METHODS.roomSubscribe, { ...named(bob, conversation), code: '' })
  await eventually(async () => (await failures(bob)).length === 1)
  t.same([await failures(bob), await failures(owner)], [['ROOM_CLOSED'], ['ROOM_CLOSED']])
  t.equal((await ann.call(METHODS.roomConfirm, { ...named(ann, conversation), upTo: 1 })).code, 0)
  t.equal((await owner.call(METHODS.roomUnsubscribe, named(owner, conversation))).code, 0)
  t.same(await list(owner), [])
})

t.test('the end of an account ends its listening; that of the owner ends the room', async t => {
  const { enter, node } = await world()
  const [owner, ann, bob] = [await enter('owner'), await enter('ann'), await enter('bob')]
  const conversation = await create(owner)
  for (const each of [ann, bob]) await listen(each, conversation)
  const leave = (device: TestDevice) =>
    device.call(METHODS.deleteAccount, { sendSeq: device.next(), password: 'correct horse' })
  await leave(ann)
  await eventually(async () => (await get(bob, conversation)).listeners === 2)
  await leave(owner)
  await eventually(async () => (await get(bob, conversation)).closed)
  t.equal((await get(bob, conversation)).listeners, 1)
  t.same(node.asides, [])
})

t.test('a realtime room tells who looks, keeps nothing, and has no posts', async t => {
  const { enter, node, store } = await world()
  const [owner, ann] = [await enter('owner'), await enter('ann')]
  const conversation = await create(owner, RoomKind.REALTIME, { ...NO_RULES, allPublish: true })
  await listen(ann, conversation)
  const before = store.puts + store.appends
  const payload = new Uint8Array(4_096).fill(7)
  t.equal((await ann.call(METHODS.roomPublish, { conversation, payload })).code, 0)
  t.equal(store.puts + store.appends, before)
  const [signal] = node.signals
  t.match(signal, { to: roomActor(ridOf(conversation) ?? ''), interest: roomActor(ridOf(conversation) ?? '') })
  t.same(decodeSignalNotice(signal?.notice ?? payload), {
    conversation,
    signal: { case: 'data', value: { uid: ann.uid, payload: Buffer.from(payload) } },
  })
  const tooMuch = { conversation, payload: new Uint8Array(4_097) }
  t.equal((await ann.call(METHODS.roomPublish, tooMuch)).code, CODES.INVALID_ARGUMENT.code)
  t.equal((await post(ann, conversation, 'kept?')).code, CODES.NOT_ALLOWED.code)
  const confirmed = await ann.call(METHODS.roomConfirm, { ...named(ann, conversation), upTo: 1 })
  t.equal(confirmed.code, CODES.NOT_ALLOWED.code)
})

/** Puts a record of a room, as if it had grown so. */
async function grown<T>(node: TestNode, conversation: string, kind: RecordKind<T>, value: T): Promise<void> {
  const room = roomActor(ridOf(conversation) ?? '')
  await node.engine.run(room, { name: 'test.grow', run: tx => tx.put(kind, value) }, undefined)
}

t.test('a room has 100 000 listeners and 100 publishers at most', async t => {
  const { enter, node, store } = await world()
  const [owner, ann, bob] = [await enter('owner'), await enter('ann'), await enter('bob')]
  const conversation = await create(owner)
  await grown(node, conversation, listenerCounts, { listening: ROOM_LISTENERS_MAX - 2, removed: 1 })
  await listen(ann, conversation)
  await bob.call(METHODS.roomSubscribe, { ...named(bob, conversation), code: '' })
  await eventually(async () => (await failures(bob)).length === 1)
  t.same(await failures(bob), ['ROOM_FULL'])
  const records = await store.get(roomActor(ridOf(conversation) ?? ''), [`${listener.prefix}/${bob.uid}`])
  t.equal(records[0]?.stamp ?? 0, 0)
  await grown(
    node,
    conversation,
    roomPublishers,
    Array.from({ length: ROOM_PUBLISHERS_MAX }, (_, i) => i + 10_000),
  )
  await setRole(owner, conversation, ann, RoomRole.PUBLISHER)
  await eventually(async () => (await failures(owner)).length === 1)
  t.same(await failures(owner), ['ROOM_FULL'])
})

t.test('a user owns 20 rooms, and listens to 200', async t => {
  const { enter } = await world()
  const ann = await enter('ann')
  for (let n = 0; n < ROOMS_OWNED_MAX; n += 1) await create(ann)
  const one = { title: 'x', kind: RoomKind.BOARD, rules: NO_RULES }
  t.equal((await ann.call(METHODS.roomCreate, { sendSeq: ann.next(), ...one })).code, CODES.ROOM_LIMIT.code)
  for (let n = ROOMS_OWNED_MAX; n < ROOMS_MAX; n += 1) {
    if (n % ROOMS_OWNED_MAX > 0) continue
    const other = await enter(`owner-${n}`)
    for (let i = 0; i < ROOMS_OWNED_MAX; i += 1) await listen(ann, await create(other))
  }
  const last = await create(await enter('last'))
  const reply = await ann.call(METHODS.roomSubscribe, { ...named(ann, last), code: '' })
  t.equal(reply.code, CODES.ROOM_LIMIT.code)
  const all = []
  for (let after = ''; ; ) {
    const { rooms, next } = decodeRoomServiceListResponse(
      (await ann.call(METHODS.roomList, { after, heads: false })).body,
    )
    all.push(...rooms.map(({ conversation }) => conversation))
    if (next === '') break
    after = next
  }
  t.equal(new Set(all).size, ROOMS_MAX)
  t.equal(all.length, ROOMS_MAX)
})
