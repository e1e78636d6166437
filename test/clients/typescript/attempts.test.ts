/** Attempts: of two connections of a device the higher one stays, and what codes mean for the next try. */

import t from 'tap'
import { Harness } from '../../support/client-harness.js'
import { SlowStorage } from '../../support/client-storage.js'

t.test('the attempt grows with every connection and is stored before it is sent', async t => {
  const storage = new SlowStorage()
  const harness = await Harness.online(storage)
  const before = harness.client.state().attempt
  harness.pipe.end()
  storage.fast = false
  harness.advance(1_000)
  harness.pipe.open()
  t.same(harness.pipe.peek(), [])
  storage.release()
  harness.settle()
  t.equal(harness.pipe.take('hello').request.attempt, before + 1)
  const after = await Harness.start(storage.afterCrash())
  after.client.connect()
  after.settle()
  after.pipe.open()
  t.equal(after.pipe.take('hello').request.attempt, before + 2)
})

t.test('ATTEMPT_SUPERSEDED: the next attempt goes above both', async t => {
  const harness = await Harness.online()
  harness.pipe.end()
  harness.advance(1_000)
  harness.pipe.open()
  const { id } = harness.pipe.take('hello')
  harness.pipe.refuse(id, 'ATTEMPT_SUPERSEDED', 0, { boundAttempt: 77 })
  t.equal(harness.client.state().phase, 'waiting')
  t.equal(harness.reconnect().attempt, 78)
})

t.test('an attempt that is too far above the bound one is corrected', async t => {
  const harness = await Harness.online()
  harness.pipe.end()
  for (const [code, boundAttempt] of [
    ['ATTEMPT_SUPERSEDED', 77],
    ['INVALID_ARGUMENT', 3],
  ] as const) {
    while (harness.client.state().phase === 'waiting') harness.advance(100)
    harness.pipe.open()
    harness.pipe.refuse(harness.pipe.take('hello').id, code, 0, { boundAttempt })
  }
  t.equal(harness.reconnect().attempt, 4)
})

t.test('REPLACED by an attempt that was not ours stops the client and says so; the user may go on', async t => {
  const harness = await Harness.online()
  harness.pipe.closeNotice('REPLACED', 99)
  t.same(harness.of('connection').at(-1), { state: 'stopped', reason: 'REPLACED' })
  harness.advance(600_000)
  t.equal(harness.pipes.length, 1)
  t.equal(harness.clock.pending, 0)
  harness.client.connect()
  harness.settle()
  t.equal(harness.pipes.length, 2)
})

t.test('REPLACED by an attempt of our own is no reason to stop', async t => {
  const harness = await Harness.online()
  harness.pipe.closeNotice('REPLACED', 1)
  t.equal(harness.client.state().phase, 'waiting')
})

t.test('what codes mean in the answer to Hello and in Close', async t => {
  const cases = [
    ['UNAVAILABLE', 'waiting'],
    ['OVERLOADED', 'waiting'],
    ['INVALID_ARGUMENT', 'waiting'],
    ['SERVER_ERROR', 'waiting'],
    ['TOO_MANY_CONNECTIONS', 'waiting'],
    ['RESYNC', 'waiting'],
    ['UNAUTHENTICATED', 'resting'],
    ['SESSION_REVOKED', 'resting'],
    ['REVISION_UNSUPPORTED', 'stopped'],
  ] as const
  for (const [code, phase] of cases) {
    const closed = await Harness.online()
    closed.pipe.closeNotice(code, 0, 4_000)
    t.equal(closed.client.state().phase, phase, `Close ${code}`)
    t.equal(closed.pipe.closedByClient, true)
    const greeting = await Harness.online()
    greeting.pipe.end()
    greeting.advance(1_000)
    greeting.pipe.open()
    greeting.pipe.refuse(greeting.pipe.take('hello').id, code, 4_000)
    t.equal(greeting.client.state().phase, phase, `Hello ${code}`)
    if (phase !== 'waiting') continue
    const connections = greeting.pipes.length
    greeting.advance(3_999)
    t.equal(greeting.pipes.length, connections, `${code}: not before the server's time`)
  }
})
