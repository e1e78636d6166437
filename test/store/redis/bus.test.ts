/** The way between nodes on a real Redis: messages come, and a subscription that has ended, however silently, begins again. */

import t, { type Test } from 'tap'
import { present } from '../../../src/lib/assert.js'
import { type Clock, systemClock } from '../../../src/lib/clock.js'
import { FLYING_BYTES_MAX, RedisBus, TICK_MS } from '../../../src/store/redis/bus.js'
import { channelOf, partitionOfNode } from '../../../src/store/redis/keys.js'
import type { RedisStore } from '../../../src/store/redis/store.js'
import type { Topology } from '../../../src/store/redis/topology.js'
import { eventually } from '../../support/eventually.js'
import { RedisCluster, RedisServer } from '../../support/redis-server.js'
import { SlotMove } from '../../support/slot-move.js'
import { openOn } from './support.js'

class Station {
  readonly heard: string[] = []
  subscribed = 0
  readonly bus: RedisBus

  constructor(t: Test, topology: Topology, node: string, clock: Clock = systemClock) {
    this.bus = new RedisBus({
      topology,
      clock,
      node,
      receive: message => this.heard.push(Buffer.from(message).toString('latin1')),
      onSubscribed: () => (this.subscribed += 1),
    })
    t.teardown(() => this.bus.close())
  }

  /** Sends until something of it is heard there. */
  async reaches(other: Station, node: string, text: string, limitMs?: number): Promise<void> {
    await eventually(() => {
      this.bus.send(node, Buffer.from(text, 'latin1'))
      return other.heard.includes(text)
    }, limitMs)
  }
}

async function opened(t: Test, url: string): Promise<RedisStore> {
  const store = await openOn(url, { replicas: 0 })
  t.teardown(() => store.close())
  return store
}

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('latin1')

for (const kind of ['a single Redis', 'a Cluster'] as const) {
  t.test(`on ${kind} each message comes once, whole and in order, to the node that it is for`, async t => {
    const { url } = kind === 'a Cluster' ? await RedisCluster.start() : await RedisServer.start()
    const [one, other] = [await opened(t, url), await opened(t, url)]
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const stations = names.map((name, i) => new Station(t, (i % 2 === 0 ? one : other).topology, name))
    await eventually(() => stations.every(({ subscribed }) => subscribed === 1))
    const from = present(stations[0], 'a')
    for (let i = 0; i < 50; i += 1) {
      for (const name of names) t.ok(from.bus.send(name, Buffer.from(`${name}${i}${ALL_BYTES}`, 'latin1')))
    }
    await eventually(() => stations.every(({ heard }) => heard.length === 50))
    for (const [at, { heard }] of stations.entries()) {
      t.same(
        heard,
        Array.from({ length: 50 }, (_, i) => `${names[at]}${i}${ALL_BYTES}`),
      )
    }
  })
}

t.test('after Redis was killed the node subscribes again; meanwhile nothing is kept', async t => {
  const server = await RedisServer.start()
  const store = await opened(t, server.url)
  const [a, b] = [new Station(t, store.topology, 'a'), new Station(t, store.topology, 'b')]
  await eventually(() => a.subscribed + b.subscribed === 2)
  await server.kill()
  await eventually(() => !a.bus.send('b', Buffer.from('lost')))
  await server.restart()
  await eventually(() => b.subscribed === 2)
  await a.reaches(b, 'b', 'again')
  t.same([...new Set(b.heard)], ['again'])
})

t.test('a connection that Redis closes is made again', async t => {
  const server = await RedisServer.start()
  const a = new Station(t, (await opened(t, server.url)).topology, 'a')
  await eventually(() => a.subscribed === 1)
  await server.client().call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await eventually(() => a.subscribed === 2)
  await a.reaches(a, 'a', 'again')
})

t.test('a subscription that hears nothing, though its connection lives, is found and made again', async t => {
  const [right, wrong] = [await RedisServer.start(), await RedisServer.start()]
  const store = await opened(t, right.url)
  const primary = store.topology.primaryOf(0)
  let looks = 0
  // The first subscription is at a server that no message comes to.
  const topology: Topology = {
    clock: systemClock,
    primaries: store.topology.primaries,
    slotOf: () => undefined,
    redirected: () => undefined,
    refresh: () => store.topology.refresh(),
    close: () => store.topology.close(),
    primaryOf: scope => {
      const found = present(store.topology.primaryOf(scope), 'the primary')
      return Object.assign(Object.create(found), {
        get connection() {
          looks += 1
          return looks === 1 ? { host: '127.0.0.1', port: wrong.port } : primary?.connection
        },
        control: found.control,
      })
    },
  }
  const a = new Station(t, topology, 'a')
  await eventually(() => a.subscribed === 1)
  await eventually(() => a.subscribed === 2)
  await a.reaches(a, 'a', 'again')
  t.equal(a.subscribed, 2)
})

t.test('a lonely node on a Redis that is well stays subscribed', async t => {
  const server = await RedisServer.start()
  const store = await opened(t, server.url)
  const a = new Station(t, store.topology, 'a')
  const client = server.client()
  await eventually(() => a.subscribed === 1)
  // It hears itself, and nobody else.
  await eventually(async () => Number(/cmdstat_spublish:calls=(\d+)/.exec(await client.info('commandstats'))?.[1]) >= 3)
  t.equal(a.subscribed, 1)
  t.same(a.heard, [])
})

t.test('what a Redis that stands still would have to take is bounded', async t => {
  const server = await RedisServer.start()
  const store = await opened(t, server.url)
  const a = new Station(t, store.topology, 'a')
  await eventually(() => a.subscribed === 1)
  server.signal('SIGSTOP')
  const message = Buffer.alloc(2 ** 20)
  let sent = 0
  while (a.bus.send('b', message)) sent += message.length
  t.equal(sent, FLYING_BYTES_MAX)
  server.signal('SIGCONT')
  await eventually(() => a.bus.send('b', message))
})

t.test('on a Cluster a channel is followed to the primary that its slot moves to', async t => {
  const cluster = await RedisCluster.start()
  const store = await opened(t, cluster.url)
  // It does not look whether it hears: Redis tells it that the slot is gone.
  const deaf: Clock = {
    ...systemClock,
    after: (ms, run) => (ms === TICK_MS ? { cancel() {} } : systemClock.after(ms, run)),
  }
  const [a, b] = [new Station(t, store.topology, 'a'), new Station(t, store.topology, 'b', deaf)]
  await eventually(() => a.subscribed + b.subscribed === 2)
  const clients = cluster.primaries.map(server => server.client())
  const first = present(clients[0], 'a client')
  const slot = Number(await first.cluster('KEYSLOT', channelOf('b')))
  const from = clients[Math.min(2, Math.floor((slot * 3) / 16_384))]
  const to = clients.find(client => client !== from)
  const [source, target] = [present(from, 'the source'), present(to, 'the target')]
  await SlotMove.whole(channelOf('b'), source, target)
  await eventually(() => b.subscribed >= 2)
  await a.reaches(b, 'b', 'again')
})

t.test('on a Cluster a channel is followed to the replica that is promoted', async t => {
  const cluster = await RedisCluster.start({ replicas: 1 })
  const store = await opened(t, cluster.url)
  const [a, b] = [new Station(t, store.topology, 'a'), new Station(t, store.topology, 'b')]
  await eventually(() => a.subscribed + b.subscribed === 2)
  const { host } = present(store.topology.primaryOf(partitionOfNode('b')), 'the primary')
  const dying = present(
    cluster.primaries.find(({ port }) => host.endsWith(`:${port}`)),
    'its server',
  )
  await dying.kill()
  await eventually(() => b.subscribed >= 2, 20_000)
  await a.reaches(b, 'b', 'again', 20_000)
})
