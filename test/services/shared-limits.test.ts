/** The limits that all nodes on one store count together: two nodes allow what one does, also while the shared buckets do not answer. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES, type LimitSettings } from '../../src/ops/rate-limits-table.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { startNode, TestDevice, type TestNode } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'
import { MemoryBuckets } from '../support/memory-buckets.js'

const ALL_OFF: LimitSettings = Object.fromEntries(LIMIT_NAMES.map(name => [name, null]))
const HOME = '192.0.2.1'
const RIGHT = 'correct horse'
const HOURLY = { amount: 1, unit: 'h', burst: 3 } as const

interface World {
  readonly clock: ManualClock
  readonly buckets: MemoryBuckets
  readonly limits: readonly [Limits, Limits]
  readonly nodes: readonly [TestNode, TestNode]
}

async function world(settings: LimitSettings): Promise<World> {
  const clock = new ManualClock()
  const store = new MemoryStore({ shared: true, random: seededRandom('store') })
  const buckets = new MemoryBuckets(clock)
  const start = async (name: string): Promise<readonly [Limits, TestNode]> => {
    const limits = new Limits(clock, { ...ALL_OFF, ...settings }, buckets)
    return [limits, await startNode(store, clock, name, { name, limits })]
  }
  const [[limitsA, a], [limitsB, b]] = [await start('a'), await start('b')]
  return { clock, buckets, limits: [limitsA, limitsB], nodes: [a, b] }
}

function at(node: TestNode, address = HOME): TestDevice {
  const device = new TestDevice(node)
  device.address = address
  return device
}

/** The codes of this many tries, at the two nodes in turn. */
async function inTurn({ nodes }: World, count: number, act: (node: TestNode, i: number) => Promise<{ code: number }>) {
  const codes: number[] = []
  for (let i = 0; i < count; i++) codes.push((await act(i % 2 === 0 ? nodes[0] : nodes[1], i)).code)
  return codes
}

const { OK, RATE_LIMITED, REQUEST_LIMIT, WRONG_CREDENTIALS, PASSWORD_LIMIT } = CODES

t.test('registrations of an address: three at once at two nodes, and a name is asked about once', async t => {
  const here = await world({ registrations: HOURLY })
  const codes = await inTurn(here, 5, (node, i) => at(node).register(`user-${i}`, i + 1))
  t.same(
    codes,
    [OK, OK, OK, RATE_LIMITED, RATE_LIMITED].map(({ code }) => code),
  )
  t.equal(here.buckets.asked.length, 5, 'each asks once')
  const beside = await at(here.nodes[1], '192.0.2.9').register('somebody', 1)
  t.equal(beside.code, OK.code, 'another address')
  here.clock.advance(3_600_000)
  t.equal((await at(here.nodes[1]).register('later', 9)).code, OK.code)
})

t.test('refused Registers count, too: of a wrong name and of a taken one', async t => {
  const here = await world({ registrations: HOURLY })
  t.equal((await at(here.nodes[0]).register('alice', 1)).code, OK.code)
  t.equal((await at(here.nodes[1]).register('alice', 2)).code, CODES.NAME_TAKEN.code)
  t.equal((await at(here.nodes[1]).register('!', 2)).code, CODES.NAME_INVALID.code)
  t.equal((await at(here.nodes[0]).register('bob', 3)).code, RATE_LIMITED.code)
})

t.test('wrong passwords: two nodes give no more tries than one, and a right one at either clears them', async t => {
  const here = await world({ 'login-failures': HOURLY, 'login-failures-address': { ...HOURLY, burst: 20 } })
  const [a, b] = here.nodes
  await at(a, '192.0.2.7').register('alice', 1)
  here.buckets.asked.length = 0
  const guess = (node: TestNode, password = 'wrong password') => at(node).login('alice', 77, password)
  t.same(await inTurn(here, 3, node => guess(node)), Array(3).fill(WRONG_CREDENTIALS.code))
  t.equal((await guess(b, RIGHT)).code, OK.code, 'the fourth is looked at still')
  t.equal(here.buckets.asked.length, 8, 'one question about each count')
  t.same(
    await inTurn(here, 4, node => at(node).login('alice', 78, 'wrong password')),
    Array(4).fill(WRONG_CREDENTIALS.code),
  )
  const refused = await at(b).login('alice', 78, RIGHT)
  t.match(refused, { code: RATE_LIMITED.code, retryAfterMs: 1_000 })
  t.match(await at(a).login('alice', 78, RIGHT), { code: RATE_LIMITED.code }, 'nor at the other')
})

t.test('the password of a session: checks and failures count at both nodes', async t => {
  const here = await world({ 'password-checks': { ...HOURLY, burst: 6 }, 'login-failures': HOURLY })
  const alice = await at(here.nodes[0]).enter('alice', 1)
  const change = (node: TestNode, oldPassword: string) => {
    alice.node = node
    const sendSeq = alice.sendSeq + 1
    return alice.call(METHODS.changePassword, { sendSeq, oldPassword, newPassword: 'a better one' })
  }
  const guessed = await inTurn(here, 6, async node => {
    const reply = await change(node, 'wrong password')
    alice.sendSeq += 1
    return reply
  })
  const [wrong, limited] = [WRONG_CREDENTIALS.code, PASSWORD_LIMIT.code]
  t.same(guessed, [wrong, wrong, wrong, wrong, limited, limited])
  here.clock.advance(1_000)
  const after = await inTurn(here, 3, node => change(node, RIGHT))
  t.equal(after[0], OK.code, 'what was refused for the failures used up no check')
  const more = await world({ 'password-checks': HOURLY })
  const bob = await at(more.nodes[0]).enter('bob', 2)
  const check = (node: TestNode) => {
    bob.node = node
    return bob.call(METHODS.deleteAccount, { sendSeq: bob.next(), password: 'wrong password' })
  }
  t.same(await inTurn(more, 4, check), [wrong, wrong, wrong, RATE_LIMITED.code])
})

t.test(
  'contact requests of a user: counted at both nodes, repeats not, and what comes behind keeps its place',
  async t => {
    const here = await world({ 'contact-requests': HOURLY })
    const alice = await at(here.nodes[0]).enter('alice', 1)
    const others = await Promise.all(
      ['bob', 'carol', 'dave', 'erin'].map((name, i) => at(here.nodes[0]).enter(name, i + 2)),
    )
    const ask = (node: TestNode, uid: number, sendSeq: number) => {
      alice.node = node
      return alice.call(METHODS.contactRequest, { sendSeq, uid, greeting: '' })
    }
    const [a, b] = here.nodes
    const uids = others.map(({ uid }) => uid)
    t.equal((await ask(a, uids[0] ?? 0, alice.next())).code, OK.code)
    for (let i = 0; i < 5; i++) t.equal((await ask(b, uids[0] ?? 0, alice.sendSeq)).code, OK.code, 'a repeat')
    // Sent without waiting: the numbers would have a gap if one overtook another.
    const replies = await Promise.all([
      ask(b, uids[1] ?? 0, alice.next()),
      alice.send(999, 'nobody', alice.next()),
      ask(b, uids[2] ?? 0, alice.next()),
      ask(b, uids[3] ?? 0, alice.next()),
    ])
    t.same(
      replies.map(({ code }) => code),
      [OK.code, CODES.UNKNOWN_USER.code, OK.code, REQUEST_LIMIT.code],
    )
  },
)

t.test('buckets that do not answer: each node lets in what it would alone, and no more', async t => {
  const here = await world({ 'login-failures': HOURLY, registrations: HOURLY, 'contact-requests': HOURLY })
  const [a, b] = here.nodes
  await at(a, '192.0.2.7').register('alice', 1)
  const guess = (node: TestNode) => at(node).login('alice', 77, 'wrong password')
  await inTurn(here, 2, guess)
  here.buckets.answers = false
  const codes = await inTurn(here, 12, guess)
  t.equal(codes.filter(code => code === WRONG_CREDENTIALS.code).length, 2 * 3, 'four of each, with those before')
  t.equal((await guess(a)).code, RATE_LIMITED.code)
  t.equal((await guess(b)).code, RATE_LIMITED.code)
  t.ok(here.limits[0].unanswered >= 6, 'it is counted')
  t.equal((await at(a, '192.0.2.8').register('bob', 2)).code, OK.code, 'others still come in')
  here.buckets.answers = true
  here.clock.advance(1_000)
  t.equal((await guess(a)).code, WRONG_CREDENTIALS.code, 'the shared count goes on')
})

t.test('a claim of several rows takes all or nothing of the shared buckets', async t => {
  const clock = new ManualClock()
  const buckets = new MemoryBuckets(clock)
  const settings = { registrations: { ...HOURLY, burst: 1 }, 'contact-requests': { ...HOURLY, burst: 1 } }
  const one = new Limits(clock, settings, buckets)
  const other = new Limits(clock, settings, buckets)
  await one.claim(['contact-requests', 1])
  const refused = await other.claim(['registrations', 'x'], ['contact-requests', 1])
  t.match(refused, { waitMs: 3_600_000, refusedBy: 'contact-requests' })
  t.equal(other.hits.get('contact-requests'), 1)
  t.equal((await one.claim(['registrations', 'x'])).waitMs, 0, 'it was given back')
  const last = await other.claim(['registrations', 'x'])
  t.equal(last.waitMs, 3_600_000)
  t.equal((await one.claim()).waitMs, 0, 'nothing is nothing')
})

t.test('without shared buckets a claim is settled at once', async t => {
  const limits = new Limits(new ManualClock(), { 'contact-requests': HOURLY })
  t.notOk(limits.claim(['contact-requests', 1]) instanceof Promise)
})
