/** The nodes that a server names: what a client believes of them, the order in which it tries them, and when it is back at its own address. */
import t from 'tap'
import {
  fetchExchange,
  httpTransport,
  MemoryStorage,
  type Storage,
  type Transport,
  tcpTransport,
  wsTransport,
} from '../../../clients/typescript/index.js'
import type { Endpoint, Endpoints } from '../../../protocol/generated/messages.js'
import { answer, Harness, type HarnessOptions, sessionOf } from '../../support/client-harness.js'
import { ManualClock } from '../../support/manual-clock.js'

const HOUR_S = 3_600

function endpoint(host: string, weight = 1): Endpoint {
  return { host, port: 8081, url: '', weight }
}

function listOf(...endpoints: readonly Endpoint[]): Endpoints {
  return { endpoints: [...endpoints], ttlS: HOUR_S }
}

/** Signed in at its own address, with what the answer of Login named. */
async function signedIn(
  endpoints: Endpoints | undefined,
  { storage = new MemoryStorage(), ...options }: HarnessOptions & { readonly storage?: Storage } = {},
  clock = new ManualClock(),
): Promise<Harness> {
  const harness = await Harness.start(storage, { follows: true, ...options }, clock)
  void harness.client.account.login({ account: 'ann', password: 'correct horse' })
  harness.settle()
  t.equal(harness.pipe.transport, 'test', 'a password goes to the own address first')
  harness.pipe.open()
  const [hello, login] = [harness.pipe.take('hello'), harness.pipe.take('login')]
  harness.pipe.receive(answer('hello', hello.id), answer('login', login.id, { session: sessionOf(), endpoints }))
  harness.greet()
  return harness
}

/** The addresses that are tried one after the other when the connection ends, and none answers. */
function tried(harness: Harness): string[] {
  const before = harness.pipes.length
  harness.pipe.end(new Error('reset'))
  harness.advance(1_000)
  while (harness.client.state().phase === 'connecting') harness.pipe.end(new Error('refused'))
  return harness.pipes.slice(before).map(({ transport }) => transport)
}

t.test('the best endpoint is tried first, others by their weight, three at most, and then the own address', async t => {
  const counts = new Map<string, number>()
  for (let run = 0; run < 300; run += 1) {
    const harness = await signedIn(
      listOf(endpoint('best', 1), endpoint('heavy', 8), endpoint('light', 1), endpoint('lighter', 1)),
      { seed: `run ${run}` },
    )
    const [first, second = '', third, ...rest] = tried(harness)
    t.same([first, ...rest], ['test best:8081', 'test'])
    t.not(second, third)
    counts.set(second, (counts.get(second) ?? 0) + 1)
  }
  t.ok(Math.abs((counts.get('test heavy:8081') ?? 0) - 240) < 30, JSON.stringify([...counts]))
})

t.test(
  'an endpoint that answers is where the connection is; one that failed is not where the next round begins',
  async t => {
    const harness = await signedIn(listOf(endpoint('a'), endpoint('b')))
    harness.pipe.end(new Error('reset'))
    harness.advance(1_000)
    harness.pipe.end(new Error('refused'))
    harness.pipe.open()
    harness.greet()
    t.equal(harness.client.state().server, 'b:8081')
    t.same(harness.client.state().endpoints, ['a:8081', 'b:8081'])
    harness.pipe.end(new Error('reset'))
    harness.advance(1_000)
    t.equal(harness.pipe.transport, 'test b:8081')
  },
)

t.test('a restart of the app uses what was stored, until its time is over; then the own address alone', async t => {
  const storage = new MemoryStorage()
  const clock = (await signedIn(listOf(endpoint('a')), { storage })).clock
  const again = async (options: HarnessOptions = {}) => {
    const harness = await Harness.start(storage, { follows: true, ...options }, clock)
    harness.client.connect()
    harness.settle()
    const { transport } = harness.pipe
    await harness.client.close()
    return transport
  }
  t.equal(await again(), 'test a:8081')
  t.equal(await again({ transports: ['another'] }), 'another', 'the app has another server now')
  clock.advance(HOUR_S * 1_000)
  t.equal(await again(), 'test')
})

t.test('a clock that is set back makes no list live longer than a day', async t => {
  const storage = new MemoryStorage()
  await signedIn(listOf(endpoint('a')), { storage }, new ManualClock(10 ** 12))
  const harness = await Harness.start(storage, { follows: true }, new ManualClock(10 ** 11))
  harness.client.connect()
  harness.settle()
  t.equal(harness.pipe.transport, 'test')
})

t.test('what is not of the form is passed over, and the rest is used', async t => {
  const long = 'x'.repeat(300_000)
  const bad: Partial<Endpoint>[] = [
    {},
    { host: 'a', port: 0 },
    { host: 'a', port: 65_536 },
    { host: long, port: 1 },
    { host: 'ä'.repeat(128), port: 1 },
    { host: 'a/b', port: 1 },
    { host: 'user@a', port: 1 },
    { host: 'a b', port: 1 },
    { url: `https://${'x'.repeat(510)}` },
    { url: 'file:///etc/passwd' },
    { url: 'javascript:alert(1)' },
    { url: 'ws://a.example' },
    { url: 'https://user:secret@a.example' },
    { url: 'https://a.example/?token=1' },
    { url: 'https://a.example/#x' },
    { url: 'nothing' },
  ]
  const blank = { host: '', port: 0, url: '', weight: 0 }
  for (const each of bad) {
    const { client } = await signedIn(listOf({ ...blank, ...each }, endpoint('good', 0)))
    t.same(client.state().endpoints, ['good:8081'], JSON.stringify(each).slice(0, 80))
  }
  const many = await signedIn(listOf(...Array.from({ length: 100 }, (_, i) => endpoint(`n${i}`, 2 ** 32 - 1))))
  t.equal(many.client.state().endpoints.length, 16)
  t.equal(tried(many).length, 4)
})

t.test('a list is believed for a day at most, and not at all without a time', async t => {
  const harness = await signedIn({ ...listOf(endpoint('a')), ttlS: 2 ** 32 - 1 })
  harness.clock.advance(86_399_000)
  t.same(harness.client.state().endpoints, ['a:8081'])
  harness.clock.advance(1_000)
  t.same(harness.client.state().endpoints, [])
  t.same((await signedIn({ ...listOf(endpoint('a')), ttlS: 0 })).client.state().endpoints, [])
})

t.test('an endpoint changes the address of a transport and nothing else, and is never less secure', async t => {
  const to = (transport: Transport, named: Partial<Endpoint>) =>
    transport.at?.({ host: '', port: 0, url: '', ...named })?.address
  const http = (url: string) => httpTransport({ exchange: fetchExchange({ url }) })
  const ws = (url: string) => wsTransport({ url })
  const both = { host: 'b', port: 7, url: 'http://b.example:8/x/' }
  t.equal(to(tcpTransport({ host: 'a', port: 1 }), both), 'tcp://b:7')
  t.equal(to(tcpTransport({ host: 'a', port: 1 }), { host: '::1', port: 7 }), 'tcp://[::1]:7')
  t.equal(to(tcpTransport({ host: 'a', port: 1 }), { url: 'https://b' }), undefined)
  t.equal(to(ws('ws://a/ws'), both), 'ws://b.example:8/x/ws')
  t.equal(to(ws('wss://a/ws'), both), undefined)
  t.equal(to(ws('wss://a/ws'), { url: 'https://b' }), 'wss://b/ws')
  t.equal(to(ws('ws://a/ws'), { url: 'https://b' }), 'wss://b/ws')
  t.equal(to(http('http://a'), both), 'http://b.example:8/x')
  t.equal(to(http('https://a'), both), undefined)
  t.equal(to(http('https://a'), { url: 'https://b' }), 'https://b')
  t.equal(to(http('https://a'), { host: 'b', port: 7 }), undefined)
  const led = ws('wss://a/ws').at?.({ host: '', port: 0, url: 'https://b' })
  t.equal(led && to(led, both), undefined, 'nor by two steps')
  t.equal(to(httpTransport({ exchange: { post: () => ({ abort() {} }) } }), both), undefined)
})

t.test(
  'it asks behind Hello when half of the time is over, once for each connection, and takes the answer',
  async t => {
    const harness = await signedIn(listOf(endpoint('a')))
    t.same(harness.pipe.peek(), [], 'Login has named them')
    harness.pipe.end()
    harness.reconnect()
    t.same(harness.pipe.peek(), [])
    harness.clock.advance(HOUR_S * 500)
    harness.pipe.end()
    harness.reconnect()
    const { id } = harness.pipe.take('endpoints')
    t.equal(harness.pipe.writes.length, 1, 'in one piece with Hello')
    harness.pipe.respond('endpoints', id, { endpoints: listOf(endpoint('b')) })
    t.same(harness.client.state().endpoints, ['b:8081'])
    harness.pipe.end()
    harness.reconnect()
    t.same(harness.pipe.peek(), [])
  },
)

t.test('on a connection that lasts it asks with a frame that leaves anyway, and never for itself', async t => {
  const harness = await signedIn(listOf(endpoint('a')), { heartbeatMs: 1_800_000, requestTimeoutMs: 3_600_000 })
  harness.advance(1_799_000)
  t.same(harness.pipe.peek(), [])
  harness.advance(1_000)
  t.same(harness.pipe.peek(), ['ping', 'endpoints'])
  harness.pipe.takePing()
  const { id } = harness.pipe.take('endpoints')
  harness.client.account.devices().catch(() => {})
  harness.settle()
  t.same(harness.pipe.peek(), ['listDevices'], 'once at a time')
  harness.pipe.respond('endpoints', id, { endpoints: listOf(endpoint('b')) })
  harness.pipe.skip()
  harness.advance(1_800_000)
  t.same(harness.pipe.peek(), ['ping', 'endpoints'], 'again when half of the new time is over')
})

t.test('a password goes to the own address first, and to an endpoint only if that does not answer', async t => {
  const harness = await signedIn(listOf(endpoint('a')))
  harness.pipe.closeNotice('SESSION_REVOKED')
  t.equal(harness.client.account.signedIn, false)
  void harness.client.account.login({ account: 'ann', password: 'correct horse' })
  harness.settle()
  t.equal(harness.pipe.transport, 'test')
  harness.pipe.end(new Error('refused'))
  t.equal(harness.pipe.transport, 'test a:8081')
})

t.test('a node that refuses with DRAINING is not where the next round begins, as over HTTP', async t => {
  const harness = await signedIn(listOf(endpoint('a'), endpoint('b')))
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  harness.greet()
  harness.pipe.closeNotice('DRAINING', 0, 500)
  harness.advance(2_000)
  t.equal(harness.pipe.transport, 'test b:8081')
})

t.test('when an address did not answer it asks with the next Hello, but not within a minute of the list', async t => {
  const harness = await signedIn(listOf(endpoint('a'), endpoint('b')))
  const again = (): string[] => {
    harness.pipe.end()
    harness.advance(1_000)
    if (harness.pipe.transport === 'test a:8081') harness.pipe.end(new Error('refused'))
    t.equal(harness.pipe.transport, 'test b:8081')
    harness.pipe.open()
    harness.greet()
    return harness.pipe.peek()
  }
  t.same(again(), [])
  harness.advance(60_000)
  t.same(again(), ['endpoints'])
})

t.test('an older server is asked once an hour; an empty list is no list', async t => {
  const harness = await signedIn(undefined)
  const { id } = harness.pipe.take('endpoints')
  harness.pipe.refuse(id, 'UNKNOWN_METHOD')
  t.equal(harness.client.state().phase, 'online')
  harness.clock.advance(3_500_000)
  harness.pipe.end()
  harness.reconnect()
  t.same(harness.pipe.peek(), [])
  harness.clock.advance(3_600_000)
  harness.pipe.end()
  harness.reconnect()
  const again = harness.pipe.take('endpoints')
  harness.pipe.respond('endpoints', again.id, { endpoints: { endpoints: [], ttlS: HOUR_S } })
  t.same(harness.client.state().endpoints, [])
  harness.clock.advance(HOUR_S * 400)
  harness.pipe.end()
  harness.reconnect()
  t.same(harness.pipe.peek(), [])
})

t.test('an app whose transports stay at their address asks nothing and keeps nothing', async t => {
  const harness = await signedIn(listOf(endpoint('a')), { follows: false })
  t.same(harness.pipe.peek(), [])
  t.same(harness.client.state().endpoints, [])
  t.same(tried(harness), ['test'])
})

t.test('an endpoint that says that the session is over is not believed: the own address is asked', async t => {
  for (const code of ['UNAUTHENTICATED', 'TOKEN_EXPIRED', 'REVISION_UNSUPPORTED'] as const) {
    const harness = await signedIn(listOf(endpoint('stranger'), endpoint('b')))
    const greeted = () => {
      harness.pipe.open()
      return harness.pipe.take('hello').id
    }
    harness.pipe.end()
    harness.advance(1_000)
    t.equal(harness.pipe.transport, 'test stranger:8081')
    harness.pipe.refuse(greeted(), code)
    t.equal(harness.client.account.signedIn, true, code)
    t.equal(harness.client.state().phase, 'waiting')
    harness.advance(2_000)
    t.equal(harness.pipe.transport, 'test')
    harness.pipe.refuse(greeted(), code)
    t.equal(harness.client.state().phase, code === 'REVISION_UNSUPPORTED' ? 'stopped' : 'resting')
    t.equal(harness.client.account.signedIn, code === 'REVISION_UNSUPPORTED')
  }
})

t.test('an endpoint that refuses Hello for now is left for the next one', async t => {
  const harness = await signedIn(listOf(endpoint('a'), endpoint('b')))
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  harness.pipe.refuse(harness.pipe.take('hello').id, 'UNAVAILABLE')
  harness.advance(2_000)
  t.equal(harness.pipe.transport, 'test b:8081')
})

// A node that is about to stop -----------------------------------------------------------------------------------------

t.test(
  'a Drain that names a node: works on until its time, and goes over when the Hello there is answered',
  async t => {
    const harness = await signedIn(undefined)
    harness.pipe.skip()
    const old = harness.pipe
    const { attempt } = harness.client.state()
    old.drain(3_000, listOf(endpoint('b')))
    t.equal(harness.client.state().phase, 'online')
    harness.client.send(300, 'meanwhile')
    harness.settle()
    t.equal(old.take('send').request.text, 'meanwhile')
    harness.client.nudge()
    harness.advance(2_999)
    t.equal(harness.pipe, old, 'not before its time')
    harness.advance(1)
    t.equal(harness.pipe.transport, 'test b:8081')
    harness.pipe.open()
    t.equal(old.closedByClient, false)
    const before = harness.of('connection').length
    t.equal(harness.greet({ lastSendSeq: 0 }).attempt, attempt + 1)
    t.equal(old.closedByClient, true)
    t.equal(harness.client.state().server, 'b:8081')
    t.equal(harness.pipe.take('send').request.sendSeq, 1, 'what had no answer goes again, with its number')
    t.same(
      harness
        .of('connection')
        .slice(before)
        .map(({ state }) => state),
      ['online'],
      'never without a connection',
    )
  },
)

t.test(
  'a Drain: endpoints that do not answer are passed over; without any it waits for the end of the node',
  async t => {
    const harness = await signedIn(undefined)
    const old = harness.pipe
    old.drain(1_000, listOf(endpoint('b'), endpoint('c')))
    harness.advance(1_000)
    harness.pipe.end(new Error('refused'))
    t.equal(harness.pipe.transport, 'test c:8081')
    harness.pipe.end(new Error('refused'))
    t.equal(old.closedByClient, false)
    t.equal(harness.client.state().phase, 'online')
    old.drain(100)
    harness.advance(100)
    t.equal(old.closedByClient, true)
    harness.advance(60_000)
    t.not(harness.pipe, old)
  },
)

t.test('a node that ends while the Hello elsewhere is on its way: that becomes the connection', async t => {
  const ends = {
    'the connection ends': (harness: Harness) => harness.pipes.at(-2)?.end(),
    'DRAINING in a Close': (harness: Harness) => harness.pipes.at(-2)?.closeNotice('DRAINING', 0, 60_000),
    'a Drain without endpoints': (harness: Harness) => harness.pipes.at(-2)?.drain(60_000),
  }
  for (const [how, end] of Object.entries(ends)) {
    for (const isOpen of [false, true]) {
      const harness = await signedIn(undefined)
      harness.pipe.drain(1_000, listOf(endpoint('b')))
      harness.advance(1_000)
      const count = harness.pipes.length
      if (isOpen) harness.pipe.open()
      end(harness)
      if (!isOpen) harness.pipe.open()
      harness.greet()
      t.equal(harness.pipes.length, count, `${how}: no further connection`)
      t.equal(harness.client.state().server, 'b:8081', how)
    }
  }
})

t.test('a Drain that names only what the client cannot use is one that names nothing', async t => {
  const harness = await signedIn(undefined, { follows: false })
  harness.pipe.drain(1_000, listOf(endpoint('b')))
  t.equal(harness.pipe.closedByClient, true)
  t.equal(harness.client.state().phase, 'waiting')
  harness.advance(999)
  t.equal(harness.pipes.length, 1)
  harness.advance(1)
  t.equal(harness.pipe.transport, 'test')
})
