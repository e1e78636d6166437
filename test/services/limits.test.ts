/** Every row of the table of limits, hit through the services: what it refuses, whom it does not touch, and that time heals it. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createPostRequest,
  createSyncRequest,
  decodeGroupServiceCreateResponse,
  decodeRegisterResponse,
  decodeRoomServiceCreateResponse,
  RoomKind,
  type Session,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { Interests } from '../../src/cluster/interests.js'
import { Backlog, backlogBounds } from '../../src/connection/backlog.js'
import { BoardListeners } from '../../src/connection/board-listeners.js'
import { BoundedServices } from '../../src/connection/bounded-services.js'
import type { Connection } from '../../src/connection/connection.js'
import { Hub } from '../../src/connection/hub.js'
import { slowing } from '../../src/connection/slowing.js'
import { Watches } from '../../src/connection/watches.js'
import { WatchingServices } from '../../src/connection/watching-services.js'
import type { Clock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { endOfTurn } from '../../src/lib/turn.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES, type LimitName, type LimitSettings, limitRow } from '../../src/ops/rate-limits-table.js'
import { deviceKey } from '../../src/services/request-limits.js'
import type { Authorization, Services } from '../../src/services/types.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { UNANSWERED_MAX } from '../../src/sync/rules/records.js'
import { befriend, type Reply, startNode, TestDevice, type TestNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'

interface World {
  readonly clock: ManualClock
  readonly limits: Limits
  readonly node: TestNode
  /** Two devices of alice, one of bob and one of carol, who are alice's friends. */
  readonly alice: TestDevice
  readonly tablet: TestDevice
  readonly bob: TestDevice
  readonly carol: TestDevice
  readonly dave: TestDevice
}

const ALL_OFF: LimitSettings = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))
const HOME = '192.0.2.1'
const ELSEWHERE = '192.0.2.2'

/** Three at once and one a second of the named row; the others are off, so that nothing else refuses. */
async function world(settings: LimitSettings): Promise<World> {
  const clock = new ManualClock()
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const prepared = await startNode(store, clock, 'before')
  const people = ['alice', 'bob', 'carol', 'dave'].map((name, key) => new TestDevice(prepared).enter(name, key + 1))
  const [alice, bob, carol, dave] = (await Promise.all(people)) as [TestDevice, TestDevice, TestDevice, TestDevice]
  const tablet = new TestDevice(prepared)
  await tablet.login('alice', 9)
  await tablet.hello()
  await befriend(alice, bob)
  await befriend(alice, carol)
  const limits = new Limits(clock, { ...ALL_OFF, ...settings })
  const started = await startNode(store, clock, 'limited', { limits })
  // The limits of requests are those of who holds the connections.
  const random = seededRandom('bounds')
  const watching = withWatches(started.services, clock, limits)
  const bounded = new BoundedServices(watching, {
    backlog: new Backlog(backlogBounds(2 ** 30)),
    limits,
    random,
  })
  const services = Object.assign(bounded, { flush: () => started.services.flush() })
  const node: TestNode = { ...started, services }
  for (const device of [alice, tablet, bob, carol, dave]) {
    device.node = node
    device.address = HOME
  }
  return { clock, limits, node, alice, tablet, bob, carol, dave }
}

/** The services in front of which a node with clients knows who looks at what. */
function withWatches(services: Services, clock: Clock, limits: Limits): Services {
  const hub = new Hub<Connection>()
  const asked = { tell() {}, isHere: () => false, changed() {} }
  const interests = new Interests({ node: 'limited', clock, defer: endOfTurn, ...asked })
  const watches = new Watches({ clock, hub, interests })
  const boards = new BoardListeners<Connection>({ clock, interests, figures: watches.figures })
  return new WatchingServices(services, { hub, limits, clock, watches, boards })
}

type Result = Pick<Reply, 'code' | 'retryAfterMs'>

interface Case {
  /** Something that counts, by the one who comes to the limit. */
  act(world: World): Promise<Result>
  /** The like by somebody whom it must not touch. */
  other(world: World): Promise<Result>
}

const sync = createSyncRequest({ since: 0 })
let names = 0

function stranger({ node }: World, address: string): TestDevice {
  const device = new TestDevice(node)
  device.address = address
  return device
}

function from(address: string, device: TestDevice): TestDevice {
  device.address = address
  return device
}

function decodedSession({ session }: TestDevice): Session {
  if (session === undefined) throw new Error('no session')
  return session
}

function newAccount(world: World, address: string): Promise<Reply> {
  names += 1
  return stranger(world, address).register(`user-${names}`, 1)
}

/** Always of another account. */
function wrongPassword(world: World, address: string): Promise<Reply> {
  names += 1
  return stranger(world, address).login(`nobody-${names}`, 1, 'wrong password')
}

async function hello(device: TestDevice): Promise<Result> {
  const answer = await device.hello()
  return answer.kind === 'refused' ? { code: answer.code, retryAfterMs: answer.retryAfterMs ?? 0 } : OK
}

async function helloFrom(world: World, address: string): Promise<Result> {
  return hello(stranger(world, address))
}

const OK: Result = { code: 0, retryAfterMs: 0 }

const CASES: Readonly<Record<LimitName, Case>> = {
  'requests-device': {
    act: ({ alice }) => alice.call(METHODS.sync, sync),
    other: ({ tablet }) => tablet.call(METHODS.sync, sync),
  },
  'requests-user': {
    act: ({ alice, tablet }) => (names++ % 2 === 0 ? alice : tablet).call(METHODS.sync, sync),
    other: ({ bob }) => bob.call(METHODS.sync, sync),
  },
  'requests-address': {
    act: ({ alice, bob }) => (names++ % 2 === 0 ? alice : bob).call(METHODS.sync, sync),
    other: ({ dave }) => from(ELSEWHERE, dave).call(METHODS.sync, sync),
  },
  'requests-nameless': {
    act: world => stranger(world, '2001:db8::1').call(METHODS.getProfile, { uid: 0, account: '' }).then(loginRequired),
    other: world =>
      stranger(world, '2001:db8:0:1::1').call(METHODS.getProfile, { uid: 0, account: '' }).then(loginRequired),
  },
  'sends-recipient': {
    act: ({ alice, bob }) => alice.send(bob.uid, 'to bob'),
    other: ({ alice, carol }) => alice.send(carol.uid, 'to carol'),
  },
  'hellos-device': { act: ({ alice }) => hello(alice), other: ({ tablet }) => hello(tablet) },
  'hellos-address': { act: world => helloFrom(world, HOME), other: world => helloFrom(world, ELSEWHERE) },
  registrations: { act: world => newAccount(world, HOME), other: world => newAccount(world, ELSEWHERE) },
  logins: {
    act: world => stranger(world, HOME).login('alice', 1_000 + names++),
    other: world => stranger(world, HOME).login('alice', 1),
  },
  'logins-device': {
    act: world => stranger(world, HOME).login('alice', 1),
    other: world => stranger(world, HOME).login('alice', 9),
  },
  'login-failures': {
    act: world => stranger(world, HOME).login('alice', 77, 'wrong password').then(wrong),
    other: world => stranger(world, ELSEWHERE).login('alice', 66),
  },
  'login-failures-account': {
    act: world =>
      stranger(world, `192.0.2.${names++ % 200}`)
        .login('alice', 77, 'wrong password')
        .then(wrong),
    other: world => stranger(world, HOME).login('alice', 1),
  },
  'login-failures-address': {
    act: world => wrongPassword(world, HOME).then(wrong),
    other: world => wrongPassword(world, ELSEWHERE).then(wrong),
  },
  'password-checks': {
    act: ({ alice }) => {
      const request = { sendSeq: alice.sendSeq + 1, oldPassword: 'wrong password', newPassword: 'a better one' }
      return alice.call(METHODS.changePassword, request).then(reply => used(alice, wrong(reply)))
    },
    other: ({ tablet }) => {
      const request = { sendSeq: tablet.next(), oldPassword: 'wrong password', newPassword: 'a better one' }
      return tablet.call(METHODS.changePassword, request).then(wrong)
    },
  },
  'look-ups': {
    act: ({ alice }) => alice.call(METHODS.getProfile, { uid: 0, account: 'dave' }),
    other: ({ alice }) => alice.call(METHODS.getProfile, { uid: alice.uid, account: '' }),
  },
  'look-ups-address': {
    act: ({ alice, bob, dave }) =>
      (names++ % 2 === 0 ? alice : bob).call(METHODS.getProfile, { uid: dave.uid, account: '' }),
    other: ({ carol, dave }) => {
      carol.address = ELSEWHERE
      return carol.call(METHODS.getProfile, { uid: dave.uid, account: '' })
    },
  },
  'contact-requests': {
    act: ({ alice, dave }) =>
      alice.call(METHODS.contactRequest, { sendSeq: alice.next(), uid: dave.uid, greeting: '' }),
    other: ({ bob, dave }) => bob.call(METHODS.contactRequest, { sendSeq: bob.next(), uid: dave.uid, greeting: '' }),
  },
  'group-acts': { act: ({ alice }) => joinSome(alice), other: ({ bob }) => joinSome(bob) },
  'fan-outs': { act: ({ alice }) => postAlone(alice), other: ({ bob }) => postAlone(bob) },
  'timeline-walks': { act: ({ alice, bob }) => unreadOf(alice, bob), other: ({ alice, bob }) => unreadOf(bob, alice) },
  watches: {
    act: ({ alice, bob }) => watch(alice, bob),
    other: ({ bob, alice }) => watch(bob, alice),
  },
  typing: {
    act: ({ alice }) => typeIn(alice),
    other: ({ bob }) => typeIn(bob),
  },
  publishes: {
    act: ({ alice }) => publish(alice),
    other: ({ bob }) => publish(bob),
  },
  renames: {
    // Dave has no contacts.
    act: ({ dave }) => rename(dave).then(reply => used(dave, reply)),
    other: ({ bob }) => rename(bob),
  },
  'stored-user': {
    act: ({ alice, bob }) => sendKib(alice, bob),
    other: ({ bob, alice }) => bob.send(alice.uid, 'from bob'),
  },
  'stored-address': {
    act: ({ alice, bob }) => sendKib(alice, bob),
    other: ({ carol, alice }) => sendKib(from(ELSEWHERE, carol), alice),
  },
  bytes: {
    act: async ({ limits, alice }) => read(limits, alice),
    other: async ({ limits, tablet }) => read(limits, tablet),
  },
  'bytes-out': {
    act: async ({ limits, alice }) => fetched(limits, alice),
    other: async ({ limits, tablet }) => fetched(limits, tablet),
  },
}

/** Is sent a byte, as connection/bounded-services.ts does it, but for its patience. */
function fetched(limits: Limits, device: TestDevice): Result {
  const waitMs = limits.check('bytes-out', deviceKey(device), 0)
  if (waitMs > 0) return { code: CODES.RATE_LIMITED.code, retryAfterMs: waitMs }
  limits.charge('bytes-out', deviceKey(device))
  return OK
}

/** Reads a byte, as a connection does: not before it may. */
function read(limits: Limits, device: TestDevice): Result {
  const waitMs = slowing(limits, device, 0)
  if (waitMs > 0) return { code: CODES.RATE_LIMITED.code, retryAfterMs: waitMs }
  slowing(limits, device, 1)
  return OK
}

/** These answers are what is expected of the request, and count as "not limited". */
function wrong(reply: Result): Result {
  return reply.code === CODES.WRONG_CREDENTIALS.code ? OK : reply
}

function loginRequired(reply: Result): Result {
  return reply.code === CODES.LOGIN_REQUIRED.code ? OK : reply
}

/** A message of which one KiB is stored. */
function sendKib(device: TestDevice, to: TestDevice): Promise<Result> {
  return device.send(to.uid, 'x'.repeat(384), device.sendSeq + 1).then(reply => used(device, reply))
}

/** Asks to join a group that there is not: the answer does not tell. */
function joinSome(device: TestDevice): Promise<Reply> {
  const conversation = `group:1.1.${names++}`
  return device.call(METHODS.groupJoin, { sendSeq: device.next(), conversation, code: 'a guess' })
}

const rooms = new WeakMap<TestDevice, string>()

/** Publishes in a realtime room of one's own. */
async function publish(device: TestDevice): Promise<Reply> {
  let conversation = rooms.get(device)
  if (conversation === undefined) {
    const room = { title: 'now', kind: RoomKind.REALTIME, rules: undefined }
    const { body } = await device.call(METHODS.roomCreate, { sendSeq: device.next(), ...room })
    conversation = decodeRoomServiceCreateResponse(body).conversation
    rooms.set(device, conversation)
  }
  return device.call(METHODS.roomPublish, { conversation, payload: new Uint8Array(1) })
}

const groups = new WeakMap<TestDevice, string>()

/** A message to a group in which nobody else is. */
async function postAlone(device: TestDevice): Promise<Reply> {
  let conversation = groups.get(device)
  if (conversation === undefined) {
    const made = await device.call(METHODS.groupCreate, { sendSeq: device.next(), title: 'alone', invitees: [] })
    conversation = decodeGroupServiceCreateResponse(made.body).conversation
    groups.set(device, conversation)
  }
  return device.call(METHODS.post, createPostRequest({ sendSeq: device.next(), conversation, text: 'hello' }))
}

function unreadOf(device: TestDevice, { uid }: TestDevice): Promise<Reply> {
  return device.call(METHODS.unread, { conversation: `direct:${uid}` })
}

function watch(device: TestDevice, { uid }: TestDevice): Promise<Reply> {
  return device.call(METHODS.watch, { conversations: [{ conversation: `direct:${uid}` }] })
}

/** Types in a conversation in which nobody has typed: the answer is that it is nobody's. */
async function typeIn(device: TestDevice): Promise<Result> {
  const reply = await device.call(METHODS.typing, { conversation: `direct:${1_000_000 + names++}`, stopped: false })
  return reply.code === CODES.NOT_FRIEND.code ? OK : reply
}

function rename(device: TestDevice): Promise<Reply> {
  return device.call(METHODS.updateProfile, { sendSeq: device.sendSeq + 1, nickname: `name ${names++}` })
}

function used(device: TestDevice, reply: Result): Result {
  if (reply.code === 0) device.sendSeq += 1
  return reply
}

for (const name of LIMIT_NAMES) {
  t.test(`${name}: refuses beyond the burst, touches nobody else, recovers`, async t => {
    const row = limitRow(name)
    const here = await world({ [name]: { amount: 1, unit: row.growing === true ? 'h' : 's', burst: 3 } })
    const { act, other } = CASES[name]
    // The failure, and the byte, that is too much is looked at still; what follows has to wait.
    const free = row.growing === true || name === 'bytes' || name === 'bytes-out' ? 4 : 3
    for (let i = 0; i < free; i++) t.equal((await act(here)).code, 0, `${i + 1} within the burst`)
    const refused = await act(here)
    t.equal(refused.code, CODES[row.code].code)
    const final = row.code !== 'RATE_LIMITED'
    t.equal(refused.retryAfterMs > 0, !final, 'what may be repeated says when')
    t.equal((await other(here)).code, 0, 'somebody else is not touched')
    t.ok((here.limits.hits.get(name) ?? 0) > 0, 'it is counted')
    here.clock.advance(final ? 1_000 : refused.retryAfterMs)
    t.equal((await act(here)).code, 0, 'it recovers')
    t.not((await act(here)).code, 0, 'by one, not by all')
    here.clock.advance(36_000_000)
    t.equal(here.limits.keys, 0, 'and is forgotten')
  })
}

t.test('a final refusal by a limit is the first answer of its number for ever, and repeats cost nothing', async t => {
  const { clock, alice, bob } = await world({ 'sends-recipient': { amount: 1, unit: 's', burst: 2 } })
  const limited = CODES.RECIPIENT_LIMIT.code
  await alice.send(bob.uid, 'one')
  for (let i = 0; i < 20; i++) t.equal((await alice.send(bob.uid, 'one', alice.sendSeq)).code, 0, 'a repeat')
  t.equal((await alice.send(bob.uid, 'two')).code, 0, 'the repeats were not charged')
  t.equal((await alice.send(bob.uid, 'three')).code, limited)
  clock.advance(60_000)
  t.equal((await alice.send(bob.uid, 'three', alice.sendSeq)).code, limited, 'its number was used up')
  t.equal((await alice.send(bob.uid, 'three again')).code, 0, 'a new message goes')
  t.equal((await alice.send(bob.uid, 'a gap', alice.sendSeq + 5)).code, CODES.GAP.code)
  t.equal((await alice.send(bob.uid, 'four')).code, 0, 'the gap was not charged')
})

t.test('a send is limited the same when a Sync carries it, and counts as a request', async t => {
  const settings: LimitSettings = {
    'sends-recipient': { amount: 1, unit: 's', burst: 2 },
    'requests-device': { amount: 1, unit: 's', burst: 3 },
  }
  const { alice, bob } = await world(settings)
  const sends = [1, 2, 3].map(n => ({ sendSeq: alice.next(), to: bob.uid, text: `${n}` }))
  const { results } = await alice.call(METHODS.sync, createSyncRequest({ since: 0, sends }))
  t.same(
    results.map(({ code }) => code),
    [0, 0, CODES.RECIPIENT_LIMIT.code],
  )
  t.match(await alice.call(METHODS.sync, sync), { code: CODES.RATE_LIMITED.code, retryAfterMs: 2_000 })
})

t.test('wrong passwords cost ever longer waiting, on the address that sends them only', async t => {
  const { clock, node, alice } = await world({ 'login-failures': limitRow('login-failures') })
  const from = (address: string, key: number, password: string) => {
    const device = new TestDevice(node)
    device.address = address
    return device.login('alice', key, password)
  }
  const waits: number[] = []
  for (let tries = 0; tries < 20; tries++) {
    const { code, retryAfterMs } = await from(HOME, 77, 'wrong password')
    if (code === CODES.WRONG_CREDENTIALS.code) continue
    waits.push(retryAfterMs)
    const right = await from(HOME, 77, 'correct horse')
    t.equal(right.code, CODES.RATE_LIMITED.code, 'the right one is not looked at meanwhile: nothing can be learned')
    clock.advance(retryAfterMs)
  }
  t.same(waits.slice(0, 3), [1_000, 1_998, 3_987], 'doubling, but for what time has forgotten')
  t.equal((await from(ELSEWHERE, 77, 'correct horse')).code, 0, 'the user himself, elsewhere')
  t.equal((await from(HOME, 1, 'correct horse')).code, 0, 'and on his own device, there')
  t.match(await alice.hello(), { kind: 'bound' }, 'who is logged in notices nothing')
})

t.test(
  'guessing with a stolen token is as slow as by Login, holds nothing back, and touches no other device',
  async t => {
    const { clock, alice, tablet } = await world({ 'login-failures': { amount: 6, unit: 'h', burst: 5 } })
    const change = (device: TestDevice, oldPassword: string) =>
      device.call(METHODS.changePassword, { sendSeq: device.next(), oldPassword, newPassword: 'a better one' })
    const codes: number[] = []
    for (let guess = 0; guess < 20; guess++) codes.push((await change(alice, `guess ${guess}`)).code)
    t.equal(codes.filter(code => code === CODES.WRONG_CREDENTIALS.code).length, 6)
    t.equal(codes.filter(code => code === CODES.PASSWORD_LIMIT.code).length, 14)
    const { code, retryAfterMs } = await change(alice, 'correct horse')
    t.equal(code, CODES.PASSWORD_LIMIT.code, 'the right one is not looked at meanwhile')
    t.ok(retryAfterMs > 0)
    const ended = await alice.call(METHODS.deleteAccount, { sendSeq: alice.next(), password: 'correct horse' })
    t.equal(ended.code, CODES.PASSWORD_LIMIT.code)
    t.equal((await alice.send(99, 'behind it')).code, CODES.UNKNOWN_USER.code, 'the numbers go on')
    t.equal((await change(tablet, 'correct horse')).code, 0)
    clock.advance(3_600_000)
    t.not((await change(tablet, 'correct horse')).code, CODES.PASSWORD_LIMIT.code)
  },
)

t.test('a right password clears the failures of its account, and not those of the address', async t => {
  const settings: LimitSettings = {
    'login-failures': { amount: 1, unit: 'h', burst: 2 },
    'login-failures-address': { amount: 1, unit: 'h', burst: 5 },
  }
  const here = await world(settings)
  const guess = (key: number, password: string) => stranger(here, HOME).login('alice', key, password)
  for (let i = 0; i < 2; i++) await guess(77, 'wrong password')
  t.equal((await guess(77, 'correct horse')).code, 0)
  for (let i = 0; i < 3; i++) t.equal((await guess(78, 'wrong password')).code, CODES.WRONG_CREDENTIALS.code)
  await stranger(here, HOME).register('mallory', 5)
  const own = await stranger(here, HOME).login('mallory', 6)
  t.equal(own.code, 0)
  here.clock.advance(1_000)
  t.equal((await wrongPassword(here, HOME)).code, CODES.WRONG_CREDENTIALS.code, 'the sixth costs')
  t.equal((await wrongPassword(here, HOME)).code, CODES.RATE_LIMITED.code, 'own logins in between clear nothing')
})

t.test('guesses from everywhere at once delay a new device, never one that was logged in before', async t => {
  const here = await world({ 'login-failures-account': { amount: 1, unit: 'h', burst: 3 } })
  const tries = await Promise.all(
    Array.from({ length: 100 }, (_, i) => stranger(here, `198.51.100.${i}`).login('alice', 77, 'wrong password')),
  )
  const looked = tries.filter(({ code }) => code === CODES.WRONG_CREDENTIALS.code)
  t.equal(looked.length, 4, 'a hundred at once are counted one by one')
  t.equal((await stranger(here, HOME).login('alice', 55)).code, CODES.RATE_LIMITED.code, 'a new device waits')
  t.equal((await stranger(here, HOME).login('alice', 9)).code, 0, 'an own one does not')
  for (let i = 0; i < 10; i++) await stranger(here, HOME).login('alice', 9, 'wrong password')
  t.equal((await stranger(here, HOME).login('alice', 1)).code, 0, 'the failures of one own device are its own')
})

t.test('what strangers use up behind an address, its known devices do not need', async t => {
  const one = { amount: 1, unit: 's', burst: 3 } as const
  const here = await world({ logins: one, registrations: one, 'login-failures-address': one })
  for (let i = 0; i < 20; i++) {
    await newAccount(here, HOME)
    await wrongPassword(here, HOME)
  }
  t.equal((await newAccount(here, HOME)).code, CODES.RATE_LIMITED.code)
  t.equal((await wrongPassword(here, HOME)).code, CODES.RATE_LIMITED.code)
  t.equal((await stranger(here, HOME).login('alice', 1)).code, 0)
  const other = await world({ 'requests-nameless': one })
  for (let i = 0; i < 20; i++) await wrongPassword(other, HOME)
  t.equal((await wrongPassword(other, HOME)).code, CODES.RATE_LIMITED.code)
  t.equal((await other.alice.call(METHODS.sync, sync)).code, 0)
})

t.test('wrong tokens of an address do not keep right ones out, by Hello or by HTTP', async t => {
  const one = { amount: 1, unit: 'h', burst: 3 } as const
  const here = await world({ 'hellos-address': one, 'hellos-device': { amount: 1, unit: 's', burst: 5 } })
  const { alice, node } = here
  const forger = stranger(here, HOME)
  const token = (alice.session?.token ?? new Uint8Array(0)).slice()
  token[20] = (token[20] ?? 0) ^ 1
  forger.session = { ...decodedSession(alice), token }
  for (let i = 0; i < 3; i++) t.match(await forger.hello(), { code: CODES.UNAUTHENTICATED.code })
  t.match(await forger.hello(), { code: CODES.RATE_LIMITED.code })
  t.match(await helloFrom(here, HOME), { code: CODES.RATE_LIMITED.code }, 'nor without a token')
  t.match(await alice.hello(), { kind: 'bound' })
  const authorize = (bytes: Uint8Array) =>
    new Promise<Authorization>(resolve => node.services.authorize(bytes, HOME, resolve))
  t.match(await authorize(token), { kind: 'refused', code: CODES.RATE_LIMITED.code })
  t.match(await authorize(decodedSession(alice).token), { kind: 'principal' })
  // One that once was right is looked at a few times more.
  await alice.call(METHODS.logout, {})
  for (let i = 0; i < 5; i++) {
    t.match(await authorize(decodedSession(alice).token), { code: CODES.SESSION_REVOKED.code })
  }
  t.match(await authorize(decodedSession(alice).token), { code: CODES.RATE_LIMITED.code })
})

t.test('whether strangers exist is told so many times only, by any method', async t => {
  const { clock, alice } = await world({ 'look-ups': { amount: 1, unit: 's', burst: 3 } })
  const nobody = 999_999
  const codes: number[] = []
  for (let uid = nobody; uid < nobody + 3; uid++) codes.push((await alice.send(uid, 'who are you')).code)
  t.same(codes, [CODES.UNKNOWN_USER.code, CODES.UNKNOWN_USER.code, CODES.UNKNOWN_USER.code])
  t.equal((await alice.send(nobody, 'and you')).code, CODES.NOT_FRIEND.code, 'then nobody is like a stranger')
  t.equal((await alice.call(METHODS.getProfile, { uid: nobody, account: '' })).code, CODES.RATE_LIMITED.code)
  const named = { uid: nobody, request: 1 }
  for (const method of [METHODS.contactAccept, METHODS.contactDecline, METHODS.contactCancel]) {
    const { code } = await alice.call(method, { sendSeq: alice.next(), ...named })
    t.equal(code, CODES.NO_SUCH_REQUEST.code, method.rpc)
  }
  const removed = await alice.call(METHODS.contactRemove, { sendSeq: alice.next(), uid: nobody })
  t.equal(removed.code, CODES.NOT_FRIEND.code)
  const blocked = await alice.call(METHODS.contactBlock, { sendSeq: alice.next(), uid: nobody })
  t.equal(blocked.code, CODES.UNKNOWN_USER.code, 'Block has a limit of its own')
  clock.advance(60_000)
  t.equal((await alice.send(nobody, 'and now')).code, CODES.UNKNOWN_USER.code)
})

t.test('somebody who is a contact can be blocked whatever the limit of requests says', async t => {
  const { alice, bob, dave } = await world({ 'contact-requests': { amount: 1, unit: 'h', burst: 1 } })
  const block = (uid: number) => alice.call(METHODS.contactBlock, { sendSeq: alice.next(), uid })
  t.equal((await alice.call(METHODS.contactRequest, { sendSeq: alice.next(), uid: dave.uid, greeting: '' })).code, 0)
  t.equal((await block(bob.uid)).code, 0)
  t.equal((await block(1_234)).code, CODES.REQUEST_LIMIT.code)
})

t.test('of the contact requests of a user so many wait for an answer at most', async t => {
  const { node, alice } = await world({})
  const ask = async (uid: number) => {
    return (await alice.call(METHODS.contactRequest, { sendSeq: alice.next(), uid, greeting: '' })).code
  }
  const others: TestDevice[] = []
  for (let i = 0; i <= UNANSWERED_MAX; i++) others.push(await new TestDevice(node).enter(`other-${i}`, 1))
  const last = others.pop()?.uid ?? 0
  for (const { uid } of others) if ((await ask(uid)) !== 0) t.fail(`${uid}`)
  t.equal(await ask(last), CODES.REQUEST_LIMIT.code)
  t.equal(await ask(others[0]?.uid ?? 0), 0, 'to ask somebody again is no further one')
  const [one, two] = others as [TestDevice, TestDevice]
  t.equal((await one.call(METHODS.contactDecline, { sendSeq: one.next(), uid: alice.uid, request: 2 })).code, 0)
  t.equal(await ask(last), 0, 'an answer makes way')
  t.equal(await ask(one.uid), CODES.REQUEST_LIMIT.code)
  t.equal((await two.call(METHODS.contactAccept, { sendSeq: two.next(), uid: alice.uid, request: 1 })).code, 0)
  t.equal(await ask(one.uid), 0)
})

t.test('a forged token uses up nothing of the device that it names', async t => {
  const { node, alice } = await world({ 'hellos-device': { amount: 1, unit: 's', burst: 2 } })
  const forger = new TestDevice(node)
  const token = (alice.session?.token ?? new Uint8Array(44)).slice()
  token[20] = (token[20] ?? 0) ^ 1
  const session = decodeRegisterResponse((await new TestDevice(node).register('mallory', 1)).body).session
  if (session === undefined) throw new Error('no session')
  forger.session = { ...session, token }
  for (let i = 0; i < 10; i++) t.match(await forger.hello(), { code: CODES.UNAUTHENTICATED.code })
  t.match(await alice.hello(), { kind: 'bound' })
})

t.test('a new nickname costs as much as there are contacts who are told', async t => {
  const { alice, dave, clock, node } = await world({ renames: { amount: 1, unit: 's', burst: 4 } })
  t.equal(used(alice, await rename(alice)).code, 0)
  await eventually(() => node.engine.queueDepth === 0)
  t.equal(used(alice, await rename(alice)).code, 0, 'one, and two contacts')
  await eventually(async () => (await rename(alice)).code === CODES.RATE_LIMITED.code)
  t.equal((await rename(dave)).code, 0)
  clock.advance(3_000)
  t.equal((await rename(alice)).code, 0)
})
