/** Numbers of a server that go into timers: what it asks for is heeded, and none of them can silence a client or make it spin. */
import t from 'tap'
import { httpTransport, systemClock } from '../../../clients/typescript/index.js'
import { UINT32_MAX } from '../../../protocol/limits.js'
import { Harness } from '../../support/client-harness.js'
import { HttpRig } from '../../support/http-rig.js'
import { ManualClock } from '../../support/manual-clock.js'
import { ScriptedExchange } from '../../support/scripted-exchange.js'

const DAY_MS = 86_400_000

function lastWait(harness: Harness): number {
  const status = harness.of('connection').findLast(each => each.state === 'waiting')
  return status?.state === 'waiting' ? status.retryInMs : -1
}

t.test('a timer of more milliseconds than the platform counts does not run at once', async t => {
  const ran: string[] = []
  const long = [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY].map(ms => systemClock.after(ms, () => ran.push(`${ms}`)))
  await new Promise<void>(resolve => systemClock.after(20, resolve))
  for (const timer of long) timer.cancel()
  t.same(ran, [])
})

t.test('whatever wait a server names, in whatever frame, counts as a day at the most', async t => {
  const huge = UINT32_MAX
  const cases: Readonly<Record<string, (harness: Harness) => void>> = {
    'a Close notice': harness => harness.pipe.closeNotice('OVERLOADED', 0, huge),
    'a Drain notice': harness => {
      harness.pipe.drain(huge)
      harness.pipe.end()
    },
    'a refused Hello': harness => {
      harness.pipe.end()
      harness.advance(2_000)
      harness.pipe.open()
      harness.pipe.refuse(harness.pipe.take('hello').id, 'OVERLOADED', huge)
    },
    'whoever answers in its place': harness => {
      harness.pipe.end()
      harness.advance(2_000)
      harness.pipe.end(new Error('HTTP status 503'), huge)
    },
  }
  for (const [name, act] of Object.entries(cases)) {
    const harness = await Harness.online()
    act(harness)
    const waitMs = lastWait(harness)
    t.ok(waitMs >= DAY_MS - 5_000 && waitMs <= DAY_MS + 60_000, `${name}: ${waitMs}`)
    const before = harness.pipes.length
    harness.advance(DAY_MS + 60_000)
    t.ok(harness.pipes.length > before, 'then it is tried again')
  }
  const harness = await Harness.online()
  harness.client.send(300, 'hello')
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('send').id, 'OVERLOADED', huge)
  harness.pipe.notify(9)
  harness.pipe.refuse(harness.pipe.take('sync').id, 'OVERLOADED', huge)
  for (let waited = 0; waited < DAY_MS + 60_000; waited += 10_000) harness.advance(10_000)
  harness.pipe.skip()
  harness.reconnect({ head: 9 })
  t.ok(harness.pipe.peek().includes('send'), 'a refused request goes again')
})

t.test('what answers a Hello over HTTP with Retry-After, as seconds or as a date, is not asked before', async t => {
  const clock = new ManualClock(Date.parse('2026-11-27T12:00:00Z'))
  const headers = { '120': 120_000, 'Fri, 27 Nov 2026 12:02:00 GMT': 120_000, '9999999': UINT32_MAX, soon: 0, '-5': 0 }
  for (const [header, expected] of Object.entries(headers)) {
    const rig = new HttpRig({ clock })
    rig.hello(0)
    rig.exchange.take().respond(503, { 'retry-after': header })
    t.equal(rig.closedForMs, expected, header)
  }
})

t.test(
  'a transport that rests is passed over, and when all rest the client waits for the first that may be tried',
  async t => {
    const harness = await Harness.online(undefined, { transports: ['tcp', 'http'] })
    harness.pipe.end()
    harness.advance(2_000)
    harness.pipe.end(new Error('refused'))
    t.equal(harness.pipe.transport, 'http')
    harness.pipe.end(new Error('HTTP status 503'), 300_000)
    const names = (): string[] => harness.pipes.map(each => each.transport)
    for (let waited = 0; waited < 290_000; waited += 1_000) {
      harness.advance(1_000)
      if (harness.client.state().phase === 'connecting') harness.pipe.end(new Error('refused'))
    }
    t.equal(names().filter(each => each === 'http').length, 1, 'not asked before its time')
    t.ok(names().filter(each => each === 'tcp').length > 4, 'the other one is tried as ever')
    harness.client.nudge()
    harness.settle()
    if (harness.client.state().phase === 'connecting') harness.pipe.end(new Error('refused'))
    t.equal(names().filter(each => each === 'http').length, 1, 'a nudge does not change what the server asked for')
    for (let waited = 0; waited < 80_000; waited += 1_000) {
      harness.advance(1_000)
      if (harness.client.state().phase === 'connecting' && harness.pipe.transport === 'tcp') harness.pipe.end()
    }
    t.ok(names().filter(each => each === 'http').length > 1, 'and then it is')
  },
)

t.test('over HTTP alone: 503 with Retry-After is asked once in that time', async t => {
  const exchange = new ScriptedExchange()
  const clock = new ManualClock()
  const first = await Harness.online(undefined, {}, {})
  first.pipe.end()
  const harness = await Harness.start(first.storage, { transport: httpTransport({ exchange, clock }), clock }, clock)
  harness.client.connect()
  harness.settle()
  exchange.take().respond(503, { 'retry-after': '600' })
  harness.settle()
  harness.advance(599_000)
  t.equal(exchange.calls.length, 1)
  harness.advance(70_000)
  t.equal(exchange.calls.length, 2)
})
