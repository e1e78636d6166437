import t from 'tap'
import { Ladder } from '../../../clients/typescript/connection/ladder.js'
import { MemoryStorage, type Storage } from '../../../clients/typescript/index.js'
import { PING } from '../../../protocol/frame-codec.js'
import { seededRandom } from '../../../src/lib/random.js'
import {
  answer,
  Harness,
  type HarnessOptions,
  messageItem,
  pushFrame,
  type ServerPipe,
  STORE_ID,
  sessionOf,
  UID,
} from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'
import { ManualClock } from '../../support/manual-clock.js'

const ALL = ['tcp', 'ws', 'http']

/** The first probe comes at 15 s, a quarter of it sooner or later. */
const FIRST_PROBE_MS = 18_750

function transportsOf(harness: Harness): string[] {
  return harness.pipes.map(each => each.transport)
}

/** Signed in over the first transport, and then cut off from it: the connection stands over `name`. */
async function onlineOver(
  name: string,
  options: HarnessOptions = {},
  storage: Storage = new MemoryStorage(),
): Promise<Harness> {
  const harness = await Harness.online(storage, { transports: ALL, requestTimeoutMs: 60_000, ...options })
  harness.pipe.end(new Error('reset'))
  harness.advance(1_000)
  while (harness.pipe.transport !== name) harness.pipe.end(new Error('refused'))
  harness.pipe.open()
  harness.greet({ lastSendSeq: 0 })
  return harness
}

/** Lets a probe begin and opens its connection; its Hello is written. */
function probed(harness: Harness, withinMs = FIRST_PROBE_MS): ServerPipe {
  const before = harness.pipes.length
  const inUse = harness.pipes.findLast(each => !each.closedByClient)
  for (let waited = 0; harness.pipes.length === before && waited < withinMs; waited += 250) {
    harness.advance(250)
    inUse?.receive(PING)
  }
  if (harness.pipes.length === before) throw new Error('no probe')
  harness.pipe.open()
  return harness.pipe
}

function online(harness: Harness): string[] {
  return harness.of('connection').map(each => ('transport' in each ? `${each.state} ${each.transport}` : each.state))
}

t.test('a transport that says nothing is left for the next one after 5 s, one that refuses at once', async t => {
  const harness = await Harness.online(undefined, { transports: ALL })
  const { attempt } = harness.client.state()
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  t.equal(harness.pipe.take('hello').request.attempt, attempt + 1)
  harness.advance(4_900)
  const silent = harness.pipe
  t.equal(silent.closedByClient, false)
  harness.advance(1_000)
  t.equal(silent.closedByClient, true)
  t.same(transportsOf(harness), ['tcp', 'tcp', 'ws'])
  harness.pipe.end(new Error('refused'))
  t.same(transportsOf(harness), ['tcp', 'tcp', 'ws', 'http'])
  harness.pipe.open()
  t.equal(harness.greet().attempt, attempt + 3)
  t.same(online(harness).slice(-5), ['waiting', 'connecting tcp', 'connecting ws', 'connecting http', 'online http'])
  // What the silent one still says is not heard.
  silent.receive(pushFrame(0, 3, [messageItem('7/1/1'), messageItem('7/1/2'), messageItem('7/1/3')]))
  t.equal(harness.client.state().applied, 0)
})

t.test('after the last one there is a wait, with back-off, and the patience of the link', async t => {
  const harness = await Harness.online(undefined, { transports: ['tcp', 'ws'] })
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.end()
  t.same(transportsOf(harness), ['tcp', 'tcp', 'ws'])
  harness.pipe.open()
  harness.advance(14_999)
  t.equal(harness.client.state().phase, 'greeting')
  harness.advance(1)
  t.equal(harness.client.state().phase, 'waiting')
})

t.test('a round begins with the best transport, but not with one that failed less than a minute ago', async t => {
  const harness = await onlineOver('ws')
  harness.pipe.end()
  harness.advance(2_000)
  t.same(transportsOf(harness).slice(3), ['ws'])
  harness.pipe.open()
  harness.greet()
  // Without probes, which would find out by themselves.
  const clock = new ManualClock()
  const transports = ALL.map(name => ({ name, preamble: false, connect: () => ({ write() {}, close() {} }) }))
  const ladder = new Ladder(transports, clock, seededRandom('ladder'))
  const [tcp, ws, http] = transports
  t.equal(ladder.first(), tcp)
  ladder.failed(transports[0] as never)
  t.equal(ladder.first(), ws)
  clock.advance(30_000)
  ladder.failed(transports[1] as never)
  t.equal(ladder.first(), http)
  ladder.failed(transports[2] as never)
  t.equal(ladder.first(), tcp, 'all of them failed')
  ladder.worked(transports[2] as never)
  clock.advance(30_000)
  t.equal(ladder.first(), tcp, 'a minute is over')
  ladder.failed(transports[0] as never)
  ladder.forget()
  t.equal(ladder.first(), tcp, 'the network changed')
})

t.test('every step is an attempt of its own, stored before it is sent', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage, { transports: ALL })
  const { attempt } = harness.client.state()
  harness.pipe.end()
  harness.advance(1_000)
  storage.fast = false
  harness.pipe.end(new Error('refused'))
  harness.pipe.open()
  t.same(harness.pipe.peek(), [])
  storage.release()
  harness.settle()
  t.equal(harness.pipe.take('hello').request.attempt, attempt + 2)
  const probing = await onlineOver('ws', {}, new SlowStorage())
  const probe = probed(probing)
  const used = probe.take('hello').request.attempt
  t.equal(used, probing.client.state().attempt)
  const after = await Harness.start((probing.storage as SlowStorage).afterCrash())
  t.equal(after.client.state().attempt, used, 'a probe’s too')
})

t.test(
  'a probe wins in mid-flight: what is unanswered goes again on the new link, and nothing of the old one is heard',
  async t => {
    const harness = await onlineOver('ws')
    const old = harness.pipe
    const first = harness.client.send(300, 'one')
    harness.settle()
    const unanswered = old.take('send')
    const look = harness.client.account.lookUp({ uid: 300 })
    harness.settle()
    const lookedUp = old.take('getProfile')
    const probe = probed(harness)
    t.equal(probe.transport, 'tcp')
    // Make before break: the old one goes on until the new one is answered.
    t.equal(old.closedByClient, false)
    old.receive(pushFrame(0, 2, [messageItem('7/1/1'), messageItem('7/1/2')]))
    const second = harness.client.send(300, 'two')
    harness.settle()
    t.equal(old.take('send').request.text, 'two')
    t.equal(harness.client.state().phase, 'online')
    t.same(probe.peek(), ['hello'])
    const hello = probe.take('hello')
    t.equal(hello.request.since, 0)

    // The server has 1 by now; the answer was under way on the old link.
    const pages = [messageItem('7/1/1'), messageItem('7/1/2'), messageItem(`${UID}/1/1`, 'one', { recipient: 300 })]
    probe.receive(
      answer('hello', hello.id, { uid: UID, device: 1, storeId: STORE_ID, lastSendSeq: 1, head: 3 }),
      pushFrame(0, 3, [...pages]),
    )
    t.equal(old.closedByClient, true)
    t.same(online(harness).at(-1), 'online tcp')
    t.equal(harness.of('connection').filter(each => each.state === 'waiting').length, 1, 'only the first cut')
    t.equal(first.state, 'accepted')
    t.same(probe.peek().slice(0, 3), ['send', 'send', 'getProfile'])
    const settled = probe.take('send')
    t.equal(settled.request.text, 'one')
    probe.respond('send', settled.id)
    const again = probe.take('send')
    t.match(again.request, { text: 'two', sendSeq: 2 })

    // Late words of the old link: an answer to a number that is asked again, a refusal of it, a push, the end.
    old.respond('send', unanswered.id, { version: 77, from: 3 })
    old.refuse(again.id, 'NOT_FRIEND')
    old.respond('getProfile', lookedUp.id, { uid: 999 })
    old.push(3, 50)
    old.closeNotice('REPLACED', hello.request.attempt)
    old.end()
    t.match(harness.client.state(), { phase: 'online', applied: 3 })
    t.equal(second.state, 'sending')
    probe.respond('send', again.id, { version: 4 })
    probe.respond('getProfile', probe.take('getProfile').id, { uid: 300, account: 'bob', nickname: '' })
    t.match(await look, { uid: 300 })
    t.equal(second.state, 'accepted')
    t.same(
      harness.of('message').map(each => each.text),
      ['7/1/1', '7/1/2'],
    )
    t.match(await harness.client.history(300), { messages: [{ text: 'one' }, { text: 'two' }] })
    t.match(harness.client.state(), { applied: 4, sendQueue: [] })
    // The best one is in use: no more probes.
    const count = harness.pipes.length
    harness.advance(200_000)
    t.equal(harness.pipes.length, count)
  },
)

t.test('a probe that fails disturbs nothing: the connection goes on, and what is in flight with it', async t => {
  const failures: [string, (probe: ServerPipe, harness: Harness) => void][] = [
    ['refused', probe => probe.end(new Error('refused'))],
    ['silent', (_, harness) => harness.advance(5_000)],
    ['closed', probe => probe.closeNotice('TOO_MANY_CONNECTIONS')],
    ['drained', probe => probe.drain(4_000)],
    ['Hello refused', probe => probe.refuse(probe.take('hello').id, 'OVERLOADED', 1_000)],
    ['session', probe => probe.refuse(probe.take('hello').id, 'UNAUTHENTICATED')],
    ['stop', probe => probe.refuse(probe.take('hello').id, 'REVISION_UNSUPPORTED')],
    ['nonsense', probe => probe.receive(Uint8Array.of(2, 255, 255))],
    ['no Hello', probe => probe.receive(answer('getProfile', probe.take('hello').id, { account: 'x' }))],
  ]
  for (const [name, fail] of failures) {
    const harness = await onlineOver('ws')
    const old = harness.pipe
    const message = harness.client.send(300, 'under way')
    harness.settle()
    const { id } = old.take('send')
    const told = harness.of('connection').length
    const probe = probed(harness)
    fail(probe, harness)
    t.equal(probe.closedByClient, true, name)
    t.equal(old.closedByClient, false, name)
    old.respond('send', id, { version: 1 })
    t.equal(message.state, 'accepted', name)
    t.equal(harness.of('connection').length, told, `${name}: nothing is told of it`)
    t.equal(harness.of('sessionEnded').length, 0, name)
    // And another one follows, later.
    t.equal(probed(harness, 40_000).transport, 'tcp', name)
  }
})

t.test('a probe that was superseded goes above the attempt that is bound, the next time', async t => {
  const harness = await onlineOver('ws')
  const probe = probed(harness)
  probe.refuse(probe.take('hello').id, 'ATTEMPT_SUPERSEDED', 0, { boundAttempt: 77 })
  t.equal(harness.client.state().phase, 'online')
  t.equal(probed(harness, 40_000).take('hello').request.attempt, 78)
})

t.test('probes come less and less often, up to ten minutes; after nudge() at once', async t => {
  const harness = await onlineOver('ws')
  const gaps: number[] = []
  for (let i = 0; i < 9; i++) {
    const since = harness.clock.monotonic()
    const probe = probed(harness, 800_000)
    gaps.push(harness.clock.monotonic() - since)
    probe.end(new Error('refused'))
  }
  const means = [15, 30, 60, 120, 240, 480, 600, 600, 600]
  for (const [i, gap] of gaps.entries()) {
    const mean = (means[i] ?? 0) * 1000
    t.ok(gap >= mean * 0.75 && gap <= mean * 1.25 + 250, `${gap} is about ${mean}`)
  }
  t.ok(new Set(gaps.slice(6)).size > 1, 'with jitter')
  const count = harness.pipes.length
  harness.client.nudge()
  harness.settle()
  t.equal(harness.pipes.length, count + 1)
  harness.client.nudge()
  t.equal(harness.pipes.length, count + 1, 'one at a time')
  harness.pipe.end(new Error('refused'))
  const since = harness.clock.monotonic()
  probed(harness)
  t.ok(harness.clock.monotonic() - since <= FIRST_PROBE_MS)
})

t.test('probes try the best first, then what else is better; from there they go on', async t => {
  const harness = await onlineOver('http')
  const count = harness.pipes.length
  const tcp = probed(harness)
  tcp.end(new Error('refused'))
  t.same(transportsOf(harness).slice(count), ['tcp', 'ws'])
  harness.pipe.open()
  const attempt = tcp.take('hello').request.attempt
  t.equal(harness.greet().attempt, attempt + 1)
  t.equal(online(harness).at(-1), 'online ws')
  const next = probed(harness, 60_000)
  t.equal(next.transport, 'tcp')
  harness.greet()
  t.equal(online(harness).at(-1), 'online tcp')
})

t.test(
  'REPLACED by the probe before its answer: the probe is the connection, and its answer is waited for',
  async t => {
    const harness = await onlineOver('ws')
    const old = harness.pipe
    const message = harness.client.send(300, 'under way')
    harness.settle()
    const probe = probed(harness)
    const hello = probe.take('hello')
    old.closeNotice('REPLACED', hello.request.attempt)
    t.equal(old.closedByClient, true)
    t.equal(harness.client.state().phase, 'greeting')
    t.equal(online(harness).at(-1), 'connecting tcp')
    const send = probe.take('send')
    probe.receive(
      answer('hello', hello.id, { uid: UID, device: 1, storeId: STORE_ID }),
      pushFrame(0, 0),
      answer('send', send.id, { version: 1 }),
    )
    t.equal(message.state, 'accepted')
    t.equal(online(harness).at(-1), 'online tcp')
  },
)

t.test('REPLACED by the probe, whose answer never comes: on to the next transport, without a wait', async t => {
  const harness = await onlineOver('ws')
  const old = harness.pipe
  const message = harness.client.send(300, 'under way')
  harness.settle()
  const probe = probed(harness)
  const { attempt } = probe.take('hello').request
  old.closeNotice('REPLACED', attempt)
  harness.advance(5_000)
  t.equal(probe.closedByClient, true)
  t.equal(harness.pipe.transport, 'ws')
  harness.pipe.open()
  t.equal(harness.greet({ lastSendSeq: 1 }).attempt, attempt + 1)
  harness.pipe.respond('send', harness.pipe.take('send').id, { version: 0 })
  t.equal(message.state, 'accepted')
  t.equal(harness.of('connection').filter(each => each.state === 'waiting').length, 1)
})

t.test('REPLACED by a probe that was given up long ago: connects again at once', async t => {
  const harness = await onlineOver('ws')
  const old = harness.pipe
  // TCP failed on the way here, too: more than a minute must lie between.
  for (let i = 0; i < 3; i++) probed(harness, 80_000).end(new Error('refused'))
  const probe = probed(harness, 200_000)
  const { attempt } = probe.take('hello').request
  harness.advance(5_000)
  t.equal(probe.closedByClient, true)
  old.closeNotice('REPLACED', attempt)
  // TCP brought no answer a moment ago.
  t.equal(harness.pipe.transport, 'ws')
  t.not(harness.pipe, old)
  harness.pipe.open()
  t.equal(harness.greet().attempt, attempt + 1)
})

t.test('REPLACED by somebody else stops, probe or not', async t => {
  const harness = await onlineOver('ws')
  const old = harness.pipe
  const probe = probed(harness)
  old.closeNotice('REPLACED', 99)
  t.same(harness.of('connection').at(-1), { state: 'stopped', reason: 'REPLACED' })
  t.equal(probe.closedByClient, true)
  t.equal(harness.clock.pending, 0)
})

t.test('a Drain, a logout and close() take the probe with them', async t => {
  const drained = await onlineOver('ws')
  const old = drained.pipe
  drained.client.send(300, 'under way')
  drained.settle()
  const probe = probed(drained)
  old.drain(4_000)
  t.equal(probe.closedByClient, true)
  t.equal(drained.client.state().phase, 'draining')
  old.respond('send', old.take('send').id, { version: 1 })
  const count = drained.pipes.length
  drained.advance(3_999)
  t.equal(drained.pipes.length, count)
  drained.advance(1)
  t.equal(drained.pipes.length, count + 1)

  const left = await onlineOver('ws')
  const one = left.pipe
  const leftProbe = probed(left)
  const logout = left.client.account.logout()
  left.settle()
  one.respond('logout', one.take('logout').id)
  await logout
  t.equal(leftProbe.closedByClient, true)

  const closed = await onlineOver('ws')
  const closedProbe = probed(closed)
  await closed.client.close()
  t.equal(closedProbe.closedByClient, true)
  t.equal(closed.clock.pending, 0)
})

t.test('a sign-in goes down the ladder too; once a Hello was answered the password may take its time', async t => {
  const harness = await Harness.start(undefined, { transports: ALL })
  const login = harness.client.account.login({ account: 'ann', password: 'correct horse' })
  harness.settle()
  harness.pipe.open()
  harness.advance(5_000)
  t.same(transportsOf(harness), ['tcp', 'ws'])
  harness.pipe.open()
  t.same(harness.pipe.peek(), ['hello', 'login'])
  const { id } = harness.pipe.take('hello')
  harness.pipe.respond('hello', id)
  harness.advance(20_000)
  t.same(transportsOf(harness), ['tcp', 'ws'])
  harness.pipe.respond('login', harness.pipe.take('login').id, { session: sessionOf() })
  await login
  harness.greet()
  t.equal(online(harness).at(-1), 'online ws')
  t.equal(probed(harness).transport, 'tcp')
})

t.test('a resync on the old link while the probe greets is not undone by the probe', async t => {
  const harness = await onlineOver('ws')
  const old = harness.pipe
  old.push(0, 9, [messageItem('7/1/1', 'x', { skip: 8 })])
  const probe = probed(harness)
  const hello = probe.take('hello')
  t.equal(hello.request.since, 9)
  old.skip()
  old.notify(20)
  old.refuse(old.take('sync').id, 'RESYNC')
  t.equal(harness.client.state().applied, 0)
  probe.receive(answer('hello', hello.id, { uid: UID, device: 1, storeId: STORE_ID, head: 20 }), pushFrame(9, 20))
  t.equal(harness.client.state().applied, 0, 'a page from 9 does not join what is there')
  t.match(probe.peek(), ['sync'])
})

t.test('one transport alone has nothing to fall back to: the link’s own patience counts', async t => {
  const harness = await Harness.online(undefined, { transports: ['tcp'] })
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  harness.advance(14_000)
  t.equal(harness.client.state().phase, 'greeting')
  t.equal(harness.pipes.length, 2)
})
