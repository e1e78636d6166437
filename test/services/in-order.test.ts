/** Requests of a device are judged in the order in which they come, whatever one of them waits for (PROTOCOL.md, 4.5). */

import { deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { CODES, codeName } from '../../protocol/codes.js'
import { createSyncRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { InOrder } from '../../src/services/in-order.js'
import { Passwords } from '../../src/services/passwords.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { InlineWorkers } from '../../src/workers/inline.js'
import { befriend, type Reply, startNode, TestDevice, type TestNode } from '../support/engine.js'

const FRIEND = 0
const STRANGER = 1
const OLD = 'correct horse'
const NEW = 'battery staple'

/** A request: its number follows from its place, plus `off`, for repeats and gaps. */
type Ask =
  | { readonly kind: 'send'; readonly to: number; readonly off: number }
  | { readonly kind: 'sync'; readonly count: number; readonly off: number }
  | { readonly kind: 'rename' | 'logout' | 'void' | 'block'; readonly off: number }
  | { readonly kind: 'password'; readonly from: string; readonly to: string; readonly off: number }
  | { readonly kind: 'delete'; readonly password: string; readonly off: number }

const off = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -3, max: 1 }) },
)
const password = fc.constantFrom(OLD, NEW, 'wrong')
const ask: fc.Arbitrary<Ask> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('send' as const), to: fc.constantFrom(FRIEND, STRANGER), off }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('sync' as const), count: fc.integer({ min: 1, max: 4 }), off }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('rename' as const, 'void' as const, 'block' as const), off }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('password' as const),
      from: password,
      to: fc.constantFrom(OLD, NEW, 'weak'),
      off,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), password, off }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('logout' as const), off }) },
)

interface World {
  readonly node: TestNode
  readonly me: TestDevice
  readonly others: readonly [TestDevice, TestDevice]
}

/** What is drawn after it is set delays each look at the store, each write and each hash; undefined: nothing is delayed. */
interface Delays {
  random: Random | undefined
}

function soon({ random }: Delays, run: () => void): void {
  const turns = random?.integer(4) ?? 0
  const wait = (left: number): void => (left === 0 ? run() : void setImmediate(wait, left - 1))
  wait(turns)
}

/** How many were asked for. */
let hashes = 0

/** Passwords whose every answer comes late. */
class SlowPasswords extends Passwords {
  readonly #delays: Delays

  constructor(delays: Delays) {
    super({ random: seededRandom('passwords'), cost: { log2N: 1, r: 1, p: 1 }, workers: new InlineWorkers() })
    this.#delays = delays
  }

  override async hash(...asked: Parameters<Passwords['hash']>): Promise<string> {
    hashes += 1
    await new Promise<void>(resolve => soon(this.#delays, resolve))
    return super.hash(...asked)
  }

  override async verify(...asked: Parameters<Passwords['verify']>): Promise<boolean> {
    hashes += 1
    await new Promise<void>(resolve => soon(this.#delays, resolve))
    return super.verify(...asked)
  }
}

async function newWorld(delays: Delays): Promise<World> {
  const faults = {
    commit: (call: { answer(): void }) => soon(delays, () => call.answer()),
    read: (call: { answer(): void }) => soon(delays, () => call.answer()),
  }
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store'), faults })
  const before = await startNode(store, systemClock, 'before')
  const enter = (account: string, key: number) => new TestDevice(before).enter(account, key)
  const me = await enter('alice', 1)
  const others = [await enter('friend', 2), await enter('stranger', 3)] as const
  await befriend(me, others[FRIEND])
  await before.engine.close()
  // One that has read nothing yet.
  const node = await startNode(store, systemClock, 'node', { passwords: new SlowPasswords(delays) })
  for (const device of [me, ...others]) device.node = node
  return { node, me, others }
}

/** Asks; `place` is how many numbers were given out before. */
function call({ me, others }: World, one: Ask, first: number): Promise<Reply> {
  const sendSeq = Math.max(1, first + one.off)
  switch (one.kind) {
    case 'send':
      return me.send(others[one.to === FRIEND ? FRIEND : STRANGER].uid, 'text', sendSeq)
    case 'sync': {
      const to = others[FRIEND].uid
      const sends = Array.from({ length: one.count }, (_, i) => ({ sendSeq: sendSeq + i, to, text: 'text' }))
      return me.call(METHODS.sync, createSyncRequest({ since: 0, sends }))
    }
    case 'rename':
      return me.call(METHODS.updateProfile, { sendSeq, nickname: 'Me' })
    case 'void':
      return me.call(METHODS.void, { sendSeq, count: 1 })
    case 'block':
      return me.call(METHODS.contactBlock, { sendSeq, uid: others[STRANGER].uid })
    case 'password':
      return me.call(METHODS.changePassword, { sendSeq, oldPassword: one.from, newPassword: one.to })
    case 'delete':
      return me.call(METHODS.deleteAccount, { sendSeq, password: one.password })
    case 'logout':
      return me.call(METHODS.logout, {})
  }
}

/** What was answered, as text: what depends on time and on other users left out. */
function textOf({ code, refusal, results }: Reply): string {
  const parts = [codeName(code), refusal?.expectedSendSeq ?? 0]
  for (const result of results) parts.push(codeName(result.code), result.refusal?.expectedSendSeq ?? 0)
  return parts.join(' ')
}

/** The first numbers of the requests when each takes its own. */
function places(asks: readonly Ask[], last: number): number[] {
  let next = last + 1
  return asks.map(one => {
    const first = next
    if (one.kind === 'sync') next += one.count
    else if (one.kind !== 'logout') next += 1
    return first
  })
}

async function oneByOne(asks: readonly Ask[]): Promise<string[]> {
  const world = await newWorld({ random: undefined })
  const firsts = places(asks, world.me.sendSeq)
  const answers: string[] = []
  for (const [index, one] of asks.entries()) answers.push(textOf(await call(world, one, firsts[index] ?? 0)))
  await world.node.engine.close()
  return answers
}

async function pipelined(asks: readonly Ask[], seed: number): Promise<string[]> {
  const delays: Delays = { random: undefined }
  const world = await newWorld(delays)
  const firsts = places(asks, world.me.sendSeq)
  delays.random = seededRandom(seed)
  const answers = await Promise.all(asks.map((one, index) => call(world, one, firsts[index] ?? 0)))
  await world.node.engine.close()
  return answers.map(textOf)
}

t.test('requests that are sent at once are answered as one by one, whatever is slow', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(ask, { minLength: 2, maxLength: 16 }), fc.nat(), async (asks, seed) => {
      const [together, apart] = [await pipelined(asks, seed), await oneByOne(asks)]
      // What the account's removal in the background leaves for repeats is a matter of time.
      const deleted = asks.findIndex(({ kind }, at) => kind === 'delete' && apart[at] === 'OK 0')
      const end = deleted < 0 ? asks.length : deleted + 1
      deepEqual(together.slice(0, end), apart.slice(0, end))
    }),
    { numRuns: 150 },
  )
})

t.test('Send, ChangePassword, Send in one packet: the last is no gap', async t => {
  const { node, me, others } = await newWorld({ random: seededRandom('slow') })
  const to = others[FRIEND].uid
  const answers = [
    me.send(to, 'one'),
    me.call(METHODS.changePassword, { sendSeq: me.next(), oldPassword: OLD, newPassword: NEW }),
    me.send(to, 'two'),
    me.call(METHODS.sync, createSyncRequest({ since: 0, sends: [{ sendSeq: me.next(), to, text: 'three' }] })),
  ]
  t.same((await Promise.all(answers)).map(textOf), ['OK 0', 'OK 0', 'OK 0', 'OK 0 OK 0'])
  await node.engine.close()
})

t.test('who only reads, and other devices, do not wait for a password', async t => {
  const delays: Delays = { random: undefined }
  const { node, me, others } = await newWorld(delays)
  const order: string[] = []
  const note = (what: string) => () => void order.push(what)
  // Every hash takes thousands of turns.
  delays.random = { integer: () => 3_000, fraction: () => 0, bytes: count => new Uint8Array(count) }
  const change = me
    .call(METHODS.changePassword, { sendSeq: me.next(), oldPassword: OLD, newPassword: NEW })
    .then(note('password'))
  const sent = me.send(others[FRIEND].uid, 'behind it').then(note('send'))
  delays.random = undefined
  await Promise.all([
    me.call(METHODS.getProfile, { uid: 0, account: '' }).then(note('profile')),
    me.call(METHODS.sync, createSyncRequest({ since: 0 })).then(note('sync')),
    others[FRIEND].send(me.uid, 'hello').then(note('other')),
  ])
  t.same(order.slice().sort(), ['other', 'profile', 'sync'])
  await Promise.all([change, sent])
  t.same(order.slice(3), ['password', 'send'])
  await node.engine.close()
})

function asker(device: number, attempt = 0) {
  const codes: number[] = []
  return { uid: 7, device, attempt, codes, refuse: (_id: number, code: number) => void codes.push(code) }
}

t.test('behind a changed password only what its own connection asked goes on', async t => {
  for (const [attempt, ran] of [
    [5, ['own']],
    [0, []],
    [undefined, ['own', 'other', 'http']],
  ] as const) {
    const order = new InOrder()
    const release = order.hold(asker(1))
    const done: string[] = []
    const waiting = { own: asker(1, 5), other: asker(1, 6), http: asker(1) }
    for (const [name, who] of Object.entries(waiting)) order.wait(who, 1, 0, () => void done.push(name))
    release(attempt)
    t.same(done, ran)
    for (const [name, { codes }] of Object.entries(waiting)) {
      t.same(codes, done.includes(name) ? [] : [CODES.SESSION_REVOKED.code], name)
    }
  }
})

t.test('what waits of one device is bounded in bytes; beyond it the client is told to come back', async t => {
  const order = new InOrder()
  const me = asker(1)
  const release = order.hold(me)
  let waiting = 0
  let ran = 0
  const run = () => {
    ran += 1
  }
  while (order.wait(me, 1, 16_384, run)) waiting += 1
  t.ok(waiting >= 64 && waiting <= 128, `${waiting} of the longest messages wait`)
  t.equal(order.isHeld({ uid: 7, device: 2 }), false)
  const again: (() => void)[] = []
  t.equal(
    order.wait(me, 1, 0, () => void again.push(order.hold(me))),
    true,
    'a short one still fits',
  )
  t.equal(order.wait(me, 1, 0, run), true)
  release()
  t.equal(ran, waiting, 'up to the one that holds again')
  t.equal(order.isHeld(me), true)
  again[0]?.()
  t.equal(ran, waiting + 1)
  t.equal(order.isHeld(me), false, 'and nothing is kept of a device of which nothing waits')
})

t.test('what waits of all devices together is bounded too, and given back', async t => {
  const order = new InOrder()
  const releases: (() => void)[] = []
  const fill = (): number => {
    let waiting = 0
    for (let device = 1; device <= 200; device += 1) {
      releases.push(order.hold({ uid: 7, device }))
      while (order.wait(asker(device), 1, 65_536, () => {})) waiting += 1
    }
    for (const release of releases.splice(0)) release()
    return waiting
  }
  const waiting = fill()
  t.ok(waiting * 65_536 <= 2 ** 26, `${waiting} frames of the longest`)
  t.equal(fill(), waiting)
})

t.test('a gap before a password costs no hash, and a repeat none', async t => {
  const { node, me } = await newWorld({ random: undefined })
  const ask = (sendSeq: number) =>
    me.call(METHODS.changePassword, { sendSeq, oldPassword: OLD, newPassword: NEW }).then(({ code }) => code)
  const next = me.sendSeq + 1
  const before = hashes
  t.equal(await ask(next + 1), CODES.GAP.code)
  t.equal(hashes, before)
  t.equal(await ask(next), 0)
  const after = hashes
  t.ok(after > before)
  t.equal(await ask(next), 0)
  t.equal(hashes, after)
  await node.engine.close()
})
