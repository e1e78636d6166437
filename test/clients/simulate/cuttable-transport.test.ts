import t from 'tap'
import { CuttableTransport } from '../../../clients/simulate/cuttable-transport.js'
import type { Transport, TransportHandlers } from '../../../clients/typescript/index.js'
import { seededRandom } from '../../../src/lib/random.js'
import { ManualClock } from '../../support/manual-clock.js'

/** A transport whose other end is the test. */
class Pair implements Transport {
  readonly name = 'pair'
  readonly preamble: boolean
  readonly written: Uint8Array[] = []
  closes = 0
  connects = 0
  handlers: TransportHandlers | undefined

  constructor(preamble = true) {
    this.preamble = preamble
  }

  connect(handlers: TransportHandlers) {
    this.handlers = handlers
    this.connects++
    return {
      write: (bytes: Uint8Array) => void this.written.push(bytes),
      close: () => void this.closes++,
    }
  }
}

/** What a client was told. */
class Told implements TransportHandlers {
  readonly events: string[] = []
  opened(): void {
    this.events.push('opened')
  }
  received(bytes: Uint8Array): void {
    this.events.push(`received ${bytes.length}`)
  }
  closed(error?: Error): void {
    this.events.push(`closed: ${error?.message}`)
  }
}

function setUp(preamble = true) {
  const clock = new ManualClock()
  const pair = new Pair(preamble)
  const told = new Told()
  const transport = new CuttableTransport(pair, clock, seededRandom(1))
  const connection = transport.connect(told)
  return { clock, pair, told, transport, connection }
}

t.test('a connection that nobody cuts is as if nothing were there', async t => {
  const { pair, told, transport, connection } = setUp()
  t.match(transport, { name: 'pair', preamble: true })
  t.notOk(transport.cut('told'), 'there is none before it is open')
  pair.handlers?.opened()
  pair.handlers?.received(new Uint8Array(3))
  connection.write(new Uint8Array(5))
  connection.close()
  pair.handlers?.closed()
  t.same(told.events, ['opened', 'received 3', 'closed: undefined'])
  t.same([pair.written.length, pair.closes], [1, 1])
  t.notOk(transport.cut('told'), 'nor after it is closed')
})

t.test('cut and told: the client hears of it, the server of nothing', async t => {
  const { pair, told, transport, connection } = setUp()
  pair.handlers?.opened()
  t.ok(transport.cut('told'))
  t.notOk(transport.cut('told'), 'once is enough')
  connection.close()
  pair.handlers?.received(new Uint8Array(3))
  t.same(told.events, ['opened', 'closed: the connection was cut'])
  t.equal(pair.closes, 0)
})

t.test('cut in silence: of the next write a part leaves, then nothing, and nobody hears of anything', async t => {
  const { pair, told, transport, connection } = setUp()
  pair.handlers?.opened()
  t.ok(transport.cut('silent'))
  connection.write(new Uint8Array(1000))
  connection.write(new Uint8Array(1000))
  pair.handlers?.received(new Uint8Array(3))
  connection.close()
  pair.handlers?.closed(new Error('the server ended it'))
  t.same(told.events, ['opened'])
  t.equal(pair.written.length, 1)
  t.ok((pair.written[0]?.length ?? 1000) < 1000)
  t.equal(pair.closes, 0)
})

t.test('where the transport cuts its messages by itself, what still leaves are whole frames', async t => {
  const frames = Buffer.concat(
    Array.from({ length: 50 }, () => Buffer.from([3, 1, 2, 3, 0, 130, 1, ...Array(130).fill(7)])),
  )
  const ends = new Set<number>([0])
  for (let at = 0; at < frames.length; at += 137) for (const end of [4, 5, 137]) ends.add(at + end)
  const lengths = new Set<number>()
  for (let seed = 0; seed < 40; seed++) {
    const pair = new Pair(false)
    const transport = new CuttableTransport(pair, new ManualClock(), seededRandom(seed))
    const connection = transport.connect(new Told())
    pair.handlers?.opened()
    transport.cut('silent')
    connection.write(frames)
    const length = pair.written[0]?.length ?? -1
    t.ok(ends.has(length), `${length} bytes`)
    lengths.add(length)
  }
  t.ok(lengths.size > 10, 'now here, now there')
})

t.test('a transport that is blocked refuses, or says nothing; what is connected stays', async t => {
  const { clock, pair, told, transport } = setUp()
  pair.handlers?.opened()
  transport.block('refused')
  t.notOk(transport.isOpen)
  pair.handlers?.received(new Uint8Array(1))
  t.same(told.events, ['opened', 'received 1'])
  const refused = new Told()
  transport.connect(refused)
  t.same(refused.events, [], 'not from within the call')
  clock.advance(1)
  t.same(refused.events, ['closed: the network refuses it'])
  const given = new Told()
  transport.connect(given).close()
  transport.block('silent')
  const silent = new Told()
  transport.connect(silent).write(new Uint8Array(1))
  clock.advance(60_000)
  t.same([given.events, silent.events], [[], []])
  t.equal(pair.connects, 1)
  transport.unblock()
  t.ok(transport.isOpen)
  transport.connect(new Told())
  t.equal(pair.connects, 2)
})

t.test('a dark socket is closed after its time, or at the end, and leaves no timer', async t => {
  for (const end of ['time', 'close', 'server'] as const) {
    const { clock, pair, transport } = setUp()
    pair.handlers?.opened()
    transport.cut('silent')
    if (end === 'time') clock.advance(30_000)
    else if (end === 'close') transport.close()
    else pair.handlers?.closed()
    t.equal(clock.pending, 0, end)
    t.equal(pair.closes, end === 'server' ? 0 : 1, end)
  }
})

t.test('the next connection lives while the one before is dark', async t => {
  const { pair, transport } = setUp()
  pair.handlers?.opened()
  transport.cut('silent')
  const told = new Told()
  transport.connect(told)
  pair.handlers?.opened()
  pair.handlers?.received(new Uint8Array(1))
  t.same(told.events, ['opened', 'received 1'])
  t.ok(transport.cut('told'))
})
