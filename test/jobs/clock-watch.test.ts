/** A start with a wrong clock: it is seen, said, and ends nothing by itself. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { CountedTime } from '../../src/lib/counted-time.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { SESSION_MS } from '../../src/sync/rules/session.js'
import { startNode, TestDevice } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'

const DAY_MS = 86_400_000
const START_MS = 1_700_000_000_000

/** A process whose clock begins at `wallMs`, on the store that others left. */
async function start(store: MemoryStore, wallMs: number, name = 'node') {
  const clock = new ManualClock(wallMs)
  const time = new CountedTime(clock)
  const node = await startNode(store, clock, `at ${wallMs}`, { time, name })
  await node.jobs.start()
  return { clock, node, jumps: () => node.jumps.map(aheadMs => aheadMs / DAY_MS) }
}

t.test('100 days ahead: sessions go on, and devices that logged out keep their place', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const first = await start(store, START_MS)
  const alice = await new TestDevice(first.node).enter('alice', 1)
  const tablet = new TestDevice(first.node)
  await tablet.login('alice', 2)
  await tablet.hello(0, 1)
  t.equal(await tablet.send(4_711, 'to nobody').then(({ code }) => code), CODES.UNKNOWN_USER.code)
  await tablet.call(METHODS.logout, {})
  t.same(first.jumps(), [])
  await first.node.jobs.stop()

  const second = await start(store, START_MS + 100 * DAY_MS)
  t.same(second.jumps(), [100], 'it is said')
  alice.node = second.node
  tablet.node = second.node
  t.match(await alice.hello(0, 2), { kind: 'bound' })
  await tablet.login('alice', 2)
  t.equal(tablet.session?.device, 2, 'the same device')
  t.equal(tablet.session?.lastSendSeq, 1)
  await second.node.jobs.stop()

  const third = await start(store, START_MS + DAY_MS)
  t.same(third.jumps(), [-99])
  alice.node = third.node
  t.match(await alice.hello(0, 3), { kind: 'bound' }, 'the clock is right again')
  await third.node.jobs.stop()

  const fourth = await start(store, START_MS + DAY_MS)
  t.same(fourth.jumps(), [])
  alice.node = fourth.node
  fourth.clock.advance(99 * DAY_MS + SESSION_MS)
  t.match(await alice.hello(0, 4), { code: CODES.TOKEN_EXPIRED.code }, 'what counts still ends it')
})

t.test('a night without a server is time that passed', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  let alice: TestDevice | undefined
  for (let day = 0; day * DAY_MS * 0.9 < SESSION_MS + DAY_MS; day++) {
    const { node, jumps } = await start(store, START_MS + day * DAY_MS * 0.9)
    t.same(jumps(), [])
    alice ??= await new TestDevice(node).enter('alice', 1)
    alice.node = node
    await node.jobs.stop()
  }
  t.match(await alice?.hello(0, 2), { code: CODES.TOKEN_EXPIRED.code })
})

t.test('the last note of a process that was killed is at most ten minutes old', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const first = await start(store, START_MS)
  for (let minute = 0; minute < 60 * 24 * 3; minute += 5) {
    first.clock.advance(300_000)
    await first.node.engine.run('user/1', { name: 'nothing', run: () => {} }, undefined)
  }
  const second = await start(store, START_MS + 3 * DAY_MS + 0.9 * DAY_MS)
  t.same(second.jumps(), [], 'it ran until 0.9 days ago')
})

t.test('each node notes its own clock, and a new one is held against the newest note of the others', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const right = await start(store, START_MS, 'a')
  const wrong = await start(store, START_MS + 100 * DAY_MS, 'b')
  t.same([right.jumps(), wrong.jumps()], [[], [100]])
  await wrong.node.jobs.stop()
  await right.node.jobs.stop()
  t.same((await start(store, START_MS + DAY_MS / 2, 'a')).jumps(), [], 'what the other noted is not its own')
  t.same((await start(store, START_MS + 100.5 * DAY_MS, 'b')).jumps(), [])
})

t.test('of many nodes the notes of those are kept that ran last', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  for (let i = 100; i < 180; i += 1) await start(store, START_MS + i, `n${i}`)
  const { node } = await start(store, START_MS + 1_000, 'last')
  const kept = (await node.engine.scan('time/0', 'noted/', null, 1_000)).map(({ name }) => name)
  t.equal(kept.length, 65)
  t.ok(kept.includes('noted/n179'))
  t.notOk(kept.includes('noted/n100'))
})
