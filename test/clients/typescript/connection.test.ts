/** The connection: back-off, pings and silence, draining, nudges, its end. */

import t from 'tap'
import { Backoff } from '../../../clients/typescript/base/backoff.js'
import { MemoryStorage } from '../../../clients/typescript/index.js'
import { CODES } from '../../../protocol/codes.js'
import { PING } from '../../../protocol/frame-codec.js'
import { seededRandom } from '../../../src/lib/random.js'
import { Harness, reasonOf } from '../../support/client-harness.js'

t.test('back-off is drawn evenly from 0 to a ceiling that doubles up to its cap', t => {
  const backoff = new Backoff(seededRandom('back-off'), { baseMs: 1000, capMs: 60_000 })
  const ceilings = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
  const sums = ceilings.map(() => 0)
  const rounds = 2_000
  for (let round = 0; round < rounds; round++) {
    ceilings.forEach((ceiling, n) => {
      const waitMs = backoff.next()
      if (waitMs < 0 || waitMs >= ceiling) t.fail(`${waitMs} is not in [0, ${ceiling})`)
      sums[n] = (sums[n] ?? 0) + waitMs
    })
    backoff.reset()
  }
  // Full jitter, not a little of it: the mean is half the ceiling.
  for (const [n, ceiling] of ceilings.entries()) t.ok(Math.abs((sums[n] ?? 0) / rounds / ceiling - 0.5) < 0.05)
  t.ok(backoff.next(5_000) >= 5_000)
  t.end()
})

t.test('retry_after_ms of Drain is kept, answers are waited for, and nothing new leaves', async t => {
  const harness = await Harness.online()
  const message = harness.client.send(300, 'under way')
  harness.settle()
  const { id } = harness.pipe.take('send')
  harness.pipe.drain(4_000)
  harness.client.send(300, 'waits')
  harness.settle()
  t.same(harness.pipe.peek(), [])
  harness.pipe.respond('send', id, { version: 1 })
  t.equal(message.state, 'accepted')
  // Caught up and answered: the last word is the ack.
  t.equal(harness.pipe.takeAck().version, 1)
  t.equal(harness.pipe.closedByClient, true)
  harness.advance(3_999)
  t.equal(harness.pipes.length, 1)
  harness.advance(1)
  t.equal(harness.pipes.length, 2)
  harness.pipe.open()
  t.same(harness.pipe.peek(), ['hello', 'send'])
})

t.test('a draining server that closes early does not bring the client back early', async t => {
  const harness = await Harness.online()
  harness.client.send(300, 'under way')
  harness.settle()
  harness.pipe.drain(4_000)
  harness.pipe.closeNotice('DRAINING')
  harness.advance(3_999)
  t.equal(harness.pipes.length, 1)
  harness.advance(1)
  t.equal(harness.pipes.length, 2)
})

t.test('pings when nothing happens; silence after a ping ends the connection', async t => {
  const harness = await Harness.online(undefined, { heartbeatMs: 60_000 })
  harness.advance(59_999)
  t.same(harness.pipe.peek(), [])
  harness.advance(1)
  harness.pipe.takePing()
  harness.pipe.receive(PING)
  harness.advance(60_000)
  harness.pipe.takePing()
  harness.advance(7_999)
  t.equal(harness.pipe.closedByClient, false)
  harness.advance(1)
  t.equal(harness.pipe.closedByClient, true)
  t.match(harness.of('connection').at(-1), { state: 'waiting', reason: /ping/ })
})

t.test('a transport that proxies cut sooner is pinged sooner, and the server is told so', async t => {
  const harness = await Harness.online(undefined, { transportHeartbeatMs: 45_000 })
  harness.advance(44_999)
  t.same(harness.pipe.peek(), [])
  harness.advance(1)
  harness.pipe.takePing()
  harness.pipe.end()
  t.equal(harness.reconnect().heartbeatMs, 45_000)
  const eager = await Harness.online(undefined, { heartbeatMs: 20_000, transportHeartbeatMs: 45_000 })
  eager.advance(20_000)
  eager.pipe.takePing()
})

t.test('a request without an answer ends the connection after silence, not while something comes', async t => {
  const harness = await Harness.online(undefined, { requestTimeoutMs: 15_000 })
  harness.client.send(300, 'hello')
  harness.settle()
  harness.advance(10_000)
  harness.pipe.push(0, 0)
  harness.advance(14_999)
  t.equal(harness.pipe.closedByClient, false)
  harness.advance(1)
  t.equal(harness.pipe.closedByClient, true)
  harness.reconnect()
  t.equal(harness.pipe.take('send').request.sendSeq, 1)
})

t.test('a server that sends but never answers is left too', async t => {
  const harness = await Harness.online(undefined, { requestTimeoutMs: 10_000 })
  harness.client.send(300, 'hello')
  harness.settle()
  for (let i = 0; i < 8; i++) {
    harness.advance(5_000)
    if (!harness.pipe.closedByClient) harness.pipe.receive(PING)
  }
  t.equal(harness.pipe.closedByClient, true)
})

t.test('a window that is answered one by one, slowly, is no silence', async t => {
  const harness = await Harness.online(undefined, { requestTimeoutMs: 10_000 })
  for (let i = 0; i < 8; i++) harness.client.send(300, 'hello')
  harness.settle()
  for (let i = 0; i < 8; i++) {
    harness.advance(9_000)
    const { id } = harness.pipe.take('send')
    harness.pipe.respond('send', id, { version: 0 })
  }
  t.equal(harness.pipe.closedByClient, false)
})

t.test('a connection that does not open is given up', async t => {
  const harness = await Harness.online(undefined, { connectTimeoutMs: 10_000 })
  harness.pipe.end()
  harness.advance(1_000)
  t.equal(harness.pipes.length, 2)
  const { pipe } = harness
  harness.advance(10_000)
  t.equal(pipe.closedByClient, true)
  t.match(
    harness
      .of('connection')
      .filter(each => each.state === 'waiting')
      .at(-1),
    { reason: /connect/ },
  )
})

t.test('nudge() connects at once, but not before the server allows; online it asks for a sign of life', async t => {
  const harness = await Harness.online()
  harness.client.nudge()
  harness.settle()
  harness.pipe.takePing()
  harness.pipe.end()
  harness.client.nudge()
  harness.settle()
  t.equal(harness.pipes.length, 2)
  harness.pipe.open()
  harness.pipe.refuse(harness.pipe.take('hello').id, 'OVERLOADED', 30_000)
  harness.client.nudge()
  harness.settle()
  t.equal(harness.pipes.length, 2)
})

t.test('failures in a row wait longer and longer; a connection that worked begins anew', async t => {
  const harness = await Harness.online(undefined, { reconnectBaseMs: 1_000, reconnectCapMs: 8_000 })
  const waits: number[] = []
  harness.client.on('connection', status => {
    if (status.state === 'waiting') waits.push(status.retryInMs)
  })
  harness.advance(5_000)
  harness.pipe.end()
  for (let i = 0; i < 200; i++) {
    harness.advance(8_000)
    harness.pipe.end()
  }
  t.ok((waits[0] ?? 0) < 1_000)
  t.ok((waits[1] ?? 0) < 2_000)
  t.ok(waits.every(each => each < 8_000))
  t.ok(Math.max(...waits) > 7_000)
  harness.advance(8_000)
  harness.pipe.open()
  harness.greet()
  harness.advance(5_000)
  harness.pipe.end()
  t.ok((waits.at(-1) ?? 0) < 1_000)
})

t.test('close() leaves no timer and no connection; the same storage goes on', async t => {
  const storage = new MemoryStorage()
  const harness = await Harness.online(storage)
  harness.client.send(300, 'waits')
  await harness.client.close()
  harness.settle()
  t.equal(harness.pipe.closedByClient, true)
  t.equal(harness.clock.pending, 0)
  t.equal(
    reasonOf(() => harness.client.send(300, 'x')),
    'CLOSED',
  )
  const again = await Harness.start(storage)
  t.match(again.client.state(), { signedIn: true, sendQueue: [{ sendSeq: 1, state: 'queued' }] })
})

t.test('look-ups go on over reconnects, and end in time', async t => {
  const harness = await Harness.online(undefined, { callTimeoutMs: 30_000 })
  const profile = harness.client.account.lookUp({ account: 'bob' })
  harness.settle()
  t.equal(harness.pipe.take('getProfile').request.account, 'bob')
  harness.pipe.end()
  harness.reconnect()
  harness.pipe.respond('getProfile', harness.pipe.take('getProfile').id, { uid: 300, account: 'bob', nickname: 'Bob' })
  t.same(await profile, { uid: 300, account: 'bob', nickname: 'Bob' })
  const nobody = harness.client.account.lookUp({ uid: 9 })
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('getProfile').id, 'UNKNOWN_USER')
  await t.rejects(nobody, { code: CODES.UNKNOWN_USER.code })
  harness.pipe.end()
  harness.reconnect()
  const put = harness.client.account.devices()
  harness.settle()
  harness.pipe.refuse(harness.pipe.take('listDevices').id, 'UNAVAILABLE', 60_000)
  harness.clock.advance(30_000)
  await t.rejects(put, { code: CODES.UNAVAILABLE.code }, 'there was an answer')
  harness.pipe.end()
  const never = harness.client.account.devices()
  harness.settle()
  harness.clock.advance(30_000)
  await t.rejects(never, { message: /no answer/ })
})

t.test('a listener that throws disturbs nobody', async t => {
  const harness = await Harness.online()
  const heard: string[] = []
  const off = harness.client.on('messageState', () => {
    throw new Error('a bug in the application')
  })
  harness.client.on('messageState', event => {
    heard.push(event.state)
  })
  harness.client.send(300, 'hello')
  t.throws(() => harness.settle(), { message: 'a bug in the application' })
  harness.settle()
  t.same(heard, ['sending'])
  t.same(harness.pipe.peek(), ['send'])
  off()
  harness.pipe.respond('send', harness.pipe.take('send').id, { version: 1 })
  t.same(heard, ['sending', 'accepted'])
})
