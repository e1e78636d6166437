/** Several servers on one Redis, each a process: what is said on one is heard on the other, and what a killed one owed is delivered. */

import t, { type Test } from 'tap'
import { decodeStatus } from '../../src/cluster/node-status.js'
import { systemClock } from '../../src/lib/clock.js'
import { RedisLeases } from '../../src/store/redis/leases.js'
import { openOn } from '../store/redis/support.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { RedisCluster, RedisServer } from '../support/redis-server.js'
import { loginAccount } from '../support/server.js'
import { Writer } from '../support/writer.js'

/** The longest time until a dead node is gone, and until what it owed is delivered: 5 s, and twice that beside other tests. */
const GONE_MS_MAX = 10_000

function serve(url: string) {
  return CliProcess.serve('--redis', url, '--redis-replicas', '0', '--limits', 'open', '--drain-ms', '200')
}

async function people(t: Test, url: string) {
  const one = await serve(url)
  const other = await serve(url)
  const alice = await Person.online(one.ready.port, 'alice')
  const bob = await Person.online(other.ready.port, 'bob')
  t.teardown(() => bob.leave())
  return { one, other, alice, bob }
}

for (const kind of ['a single Redis', 'a Cluster'] as const) {
  t.test(`two nodes on ${kind}: each tells the other at once; the other delivers what a killed one owed`, async t => {
    const { url } = kind === 'a Cluster' ? await RedisCluster.start() : await RedisServer.start()
    const { one, alice, bob } = await people(t, url)
    await befriend(alice, bob)
    const saidMs = performance.now()
    await alice.say(bob, 'hello')
    await eventually(() => bob.shown.some(({ text }) => text === 'hello'), 5_000)
    t.ok(performance.now() - saidMs < 5_000)

    await alice.leave()
    const writer = new Writer(await loginAccount(one.ready.port, 'alice'), bob.uid, 20)
    await writer.connect(one.ready.port)
    const writing = writer.write(() => false, 32)
    await eventually(() => writer.accepted.size > 200)
    one.server.child.kill('SIGKILL')
    await writing
    const killedMs = performance.now()
    const owed = (): number[] => {
      const shown = new Set(bob.shown.map(({ text }) => Number.parseInt(text, 10)))
      return [...writer.accepted].filter(seq => !shown.has(seq))
    }
    await eventually(() => owed().length === 0, 20_000)
    const tookMs = performance.now() - killedMs
    t.ok(tookMs < GONE_MS_MAX, `${Math.round(tookMs)} ms`)
    writer.close()
  })
}

t.test(
  'nodes publish what they are with their leases; a killed one is gone within 5 s, a stopped one drains',
  async t => {
    const redis = await RedisServer.start()
    const store = await openOn(redis.url)
    t.teardown(() => store.close())
    const leases = new RedisLeases(store.topology, systemClock)
    const one = await serve(redis.url)
    const other = await serve(redis.url)
    const list = async () => (await leases.list()).leases.map(({ status }) => decodeStatus(status))
    const addresses = async () => (await list()).map(status => status?.address).toSorted()
    const expected = [one, other].map(({ ready }) => `127.0.0.1:${ready.port}`).toSorted()
    await eventually(async () => (await addresses()).join() === expected.join())
    t.match(await list(), [
      { role: 'all', draining: false },
      { role: 'all', draining: false },
    ])
    const killedMs = performance.now()
    one.server.child.kill('SIGKILL')
    await eventually(async () => (await list()).length === 1)
    t.ok(performance.now() - killedMs < GONE_MS_MAX)
    await eventually(() => /"gone":\["[0-9a-f]{12}"\]/.test(other.server.stderr))
    t.ok(performance.now() - killedMs < GONE_MS_MAX)
    other.server.child.kill('SIGTERM')
    t.equal(await other.server.exit(), 0)
  },
)
