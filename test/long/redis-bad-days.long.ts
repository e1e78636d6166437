/** Bad days of Redis and of nodes: everything that was said arrives once and in order, and service returns by itself. */

import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.js'
import { RedisServer } from '../support/redis-server.js'
import { TcpRelay } from '../support/tcp-relay.js'
import { type Day, RETURN_MS_MAX, throughBadDay } from './support/bad-day.js'

// They mostly wait. Each has servers of its own.
t.jobs = 4

interface Scene extends Day {
  readonly redis: RedisServer
  readonly relay: TcpRelay
}

/** Two nodes on one Redis, behind a relay. */
async function throughout(t: Test, day: (scene: Scene) => Promise<void>): Promise<void> {
  const redis = await RedisServer.start({ requirepass: 'the first password' })
  const relay = await TcpRelay.start(redis.port)
  const url = `redis://:the%20first%20password@127.0.0.1:${relay.port}`
  await throughBadDay(t, url, each => day({ redis, relay, ...each }))
}

t.test('Redis stands still for half a minute', { buffered: true }, t =>
  throughout(t, async ({ redis, isQuiet }) => {
    redis.signal('SIGSTOP')
    await pause(30_000)
    t.equal(isQuiet(), false, 'nothing was acknowledged meanwhile')
    redis.signal('SIGCONT')
  }),
)

t.test('Redis cannot be reached for half a minute', { buffered: true }, t =>
  throughout(t, async ({ relay, isQuiet }) => {
    relay.cut()
    await pause(30_000)
    t.equal(isQuiet(), false)
    relay.join()
  }),
)

t.test('Redis is slow: 200 ms more for each answer', { buffered: true }, t =>
  throughout(t, async ({ relay, shown }) => {
    relay.delayMs = 100
    relay.cut()
    relay.join()
    const before = shown().length
    await eventually(() => shown().length > before + 30, RETURN_MS_MAX)
    relay.delayMs = 0
  }),
)

t.test('Redis takes no writes for a while: it was made a replica of nobody', { buffered: true }, t =>
  throughout(t, async ({ redis, isQuiet }) => {
    const client = redis.client()
    await client.call('REPLICAOF', '127.0.0.1', '1')
    await pause(5_000)
    t.equal(isQuiet(), false)
    await client.call('REPLICAOF', 'NO', 'ONE')
  }),
)

t.test('the password changes, and changes back', { buffered: true }, t =>
  throughout(t, async ({ redis, relay, nodes, isQuiet }) => {
    const client = redis.client()
    await client.call('CONFIG', 'SET', 'requirepass', 'the second password')
    relay.cut()
    relay.join()
    await eventually(() => nodes.every(({ stderr }) => /WRONGPASS|refuses the password/.test(stderr)))
    t.equal(isQuiet(), false)
    await client.call('CONFIG', 'SET', 'requirepass', 'the first password')
  }),
)

t.test('a node is stopped for half a minute, and goes on', { buffered: true }, t =>
  throughout(t, async ({ nodes }) => {
    nodes[1]?.child.kill('SIGSTOP')
    await pause(30_000)
    nodes[1]?.child.kill('SIGCONT')
  }),
)

t.test('the node that takes the messages is stopped for half a minute', { buffered: true }, t =>
  throughout(t, async ({ nodes }) => {
    nodes[0]?.child.kill('SIGSTOP')
    await pause(30_000)
    nodes[0]?.child.kill('SIGCONT')
  }),
)
