/** Bad days of Redis and of nodes: everything that was said arrives once and in order, and service returns by itself. */

import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { RedisServer } from '../support/redis-server.js'
import { TcpRelay } from '../support/tcp-relay.js'

/** The time after a bad day within which everything has arrived. */
const RETURN_MS_MAX = 30_000

// They mostly wait. Each has servers of its own.
t.jobs = 4

interface Scene {
  readonly redis: RedisServer
  readonly relay: TcpRelay
  readonly nodes: readonly CliProcess[]
  /** Whether the one who writes has had an answer to everything. */
  readonly isQuiet: () => boolean
  /** What was shown to the one who reads. */
  readonly shown: () => readonly string[]
}

/** Two nodes on one Redis, behind a relay; one person writes at the first, and the other reads at the second. */
async function throughout(t: Test, day: (scene: Scene) => Promise<void>): Promise<void> {
  const redis = await RedisServer.start({ requirepass: 'the first password' })
  const relay = await TcpRelay.start(redis.port)
  const url = `redis://:the%20first%20password@127.0.0.1:${relay.port}`
  const serve = () => CliProcess.serve('--redis', url, '--limits', 'open', '--drain-ms', '200')
  const [one, other] = [await serve(), await serve()]
  const alice = await Person.online(one.ready.port, 'alice')
  const bob = await Person.online(other.ready.port, 'bob')
  await befriend(alice, bob)
  const sent: string[] = []
  let isOver = false
  const writing = (async (): Promise<void> => {
    while (!isOver) {
      // As many as may wait without an answer, and no more: the rest of the day is not for the send queue.
      if (alice.client.state().sendQueue.length < 32) {
        sent.push(`message ${sent.length}`)
        alice.client.send(bob.uid, sent.at(-1) ?? '')
      }
      await pause(20)
    }
  })()
  const shown = (): string[] => bob.shown.map(({ text }) => text)
  const isQuiet = (): boolean => alice.client.state().sendQueue.length === 0
  await eventually(() => shown().length > 10)
  await day({ redis, relay, nodes: [one.server, other.server], isQuiet, shown })
  const before = shown().length
  await eventually(() => shown().length > before + 10, RETURN_MS_MAX)
  isOver = true
  await writing
  await eventually(() => isQuiet() && shown().length >= sent.length, RETURN_MS_MAX)
  t.same(shown(), sent)
  t.same(
    [one, other].map(({ server }) => server.child.exitCode),
    [null, null],
  )
  await Promise.all([alice.leave(), bob.leave()])
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
