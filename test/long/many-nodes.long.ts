/** Several servers on one Redis, each a process: what is said on one is heard on the other, and what a killed one owed is delivered. */

import t, { type Test } from 'tap'
import { decodeEndpointsResponse, type Endpoint } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { decodeStatus } from '../../src/cluster/node-status.js'
import { systemClock } from '../../src/lib/clock.js'
import { RedisLeases } from '../../src/store/redis/leases.js'
import { openOn } from '../store/redis/support.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { RawClient } from '../support/raw-client.js'
import { freePort, RedisCluster, RedisServer } from '../support/redis-server.js'
import { loginAccount, registerAccount } from '../support/server.js'
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

/** A node that says where it takes clients: at a port of its own, which is known before. */
async function advertised(url: string, ...argv: string[]) {
  const port = await freePort(false)
  const address = `127.0.0.1:${port}`
  const { server } = await CliProcess.serve(
    ...['--redis', url, '--redis-replicas', '0', '--limits', 'open', '--http-port', 'none'],
    ...['--port', `${port}`, '--advertise', address, ...argv],
  )
  return { server, port, address: `tcp://${address}` }
}

/** The endpoints that a node names to somebody. */
async function endpointsOf(port: number): Promise<readonly Endpoint[]> {
  const { token, boundAttempt } = await registerAccount(port, 'looker')
  const { client } = await RawClient.open(port, { token, attempt: boundAttempt + 1 })
  const answer = await client.call(METHODS.endpoints, {})
  client.destroy()
  return decodeEndpointsResponse(answer.body).endpoints?.endpoints ?? []
}

for (const role of ['all', 'access']) {
  const title = `clients that know one node of role ${role} are on the other when it drains, without an error, with every message once`
  t.test(title, async t => {
    const { url } = await RedisServer.start()
    const logic = ['--role', 'logic', '--link-port', '0', '--limits', 'open']
    if (role === 'access') await CliProcess.serve('--redis', url, '--redis-replicas', '0', ...logic)
    const one = await advertised(url, '--role', role, '--drain-ms', '3000')
    const people = await Promise.all(Array.from({ length: 12 }, (_, i) => Person.online(one.port, `user${i}`)))
    const [alice, bob] = people as [Person, Person]
    for (const each of people) t.teardown(() => each.leave())
    await befriend(alice, bob)
    const other = await advertised(url, '--role', role)
    await eventually(async () => (await endpointsOf(one.port)).length === 2)

    const texts: string[] = []
    const talk = async (untilMs: number) => {
      for (let i = 1; performance.now() < untilMs || texts.length < 50; i++) {
        texts.push(`${i}`)
        await alice.say(bob, `${i}`)
      }
    }
    const startMs = performance.now()
    const talking = talk(startMs + 4_000)
    one.server.child.kill('SIGTERM')
    await eventually(() => people.every(({ client }) => client.state().server === other.address), 10_000)
    await talking
    t.equal(await one.server.exit(), 0)
    await eventually(() => bob.shown.length >= texts.length)
    t.same(
      bob.shown.map(({ text }) => text),
      texts,
      'each once, in order',
    )
    for (const { events } of people) t.same(events, [], 'nobody waited for a connection')
  })
}

t.test('a client that knows one node alone is on the other when that is killed, by what it was told', async t => {
  const { url } = await RedisServer.start()
  const one = await advertised(url)
  const other = await advertised(url)
  await eventually(async () => (await endpointsOf(one.port)).length === 2)
  const alice = await Person.online(one.port, 'alice')
  const bob = await Person.online(one.port, 'bob')
  for (const each of [alice, bob]) t.teardown(() => each.leave())
  await befriend(alice, bob)
  t.equal(alice.client.state().server, one.address)
  one.server.child.kill('SIGKILL')
  await one.server.exit()
  await eventually(() => [alice, bob].every(({ client }) => client.state().server === other.address), 20_000)
  await alice.say(bob, 'still here')
  await eventually(() => bob.shown.some(({ text }) => text === 'still here'))
})
