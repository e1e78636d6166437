/** A node among others: what it says with its lease, what it hears, and what a new subscription makes it do. */
import t, { type Test } from 'tap'
import { encodeBatch } from '../../src/cluster/event-codec.js'
import { decodeStatus } from '../../src/cluster/node-status.js'
import { present } from '../../src/lib/assert.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { Membership, newName } from '../../src/node/membership.js'
import { silentLog } from '../../src/ops/log.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { BusOptions } from '../../src/store/node-ports.js'
import { ALL_PARTITIONS } from '../../src/store/partition.js'
import { ended } from '../support/events.js'
import { eventually } from '../support/eventually.js'
import { MemoryBuckets } from '../support/memory-buckets.js'
import { MemoryLeases } from '../support/memory-leases.js'
import { testNode } from '../support/test-node.js'

const awake = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(awake))

const ENTRY = { host: 'a.example', port: 8081, url: 'https://a.example' }

async function joined(t: Test) {
  const random = seededRandom('membership')
  const leases = new MemoryLeases(systemClock)
  let end: BusOptions | undefined
  let takes = true
  const membership = new Membership({
    ports: {
      leases,
      primaries: [{ name: 'a:6379', partitions: ALL_PARTITIONS }],
      buckets: new MemoryBuckets(systemClock),
      openBus(options) {
        end = options
        return { send: () => takes, close() {} }
      },
    },
    clock: systemClock,
    random,
    log: silentLog,
    revision: '1.2.3',
    forms: 1,
    role: 'all',
    replicas: -1,
    entry: ENTRY,
  })
  const store = new MemoryStore({ shared: true, random })
  const node = testNode({
    name: membership.name,
    store,
    clock: systemClock,
    random,
    network: membership.network,
    onFatal: error => t.fail(String(error)),
  })
  let [compared, looked] = [0, 0]
  node.compare = () => {
    compared += 1
  }
  node.lookForWork = () => {
    looked += 1
  }
  t.equal(membership.owns(1), false, 'it has no lease yet')
  await membership.join(node)
  t.teardown(() => membership.stop())
  t.teardown(() => node.close())
  return {
    membership,
    leases,
    node,
    /** Begins a subscription. */
    subscribe: () => end?.onSubscribed(),
    receive: (message: Uint8Array) => end?.receive(message),
    refuse: () => {
      takes = false
    },
    get compared() {
      return compared
    },
    get looked() {
      return looked
    },
  }
}

t.test('each subscription but the first makes the node compare: what came before it may have been lost', async t => {
  const it = await joined(t)
  it.subscribe()
  t.equal(it.compared, 0)
  it.subscribe()
  t.equal(it.compared, 1)
  t.equal(it.membership.figures.subscriptions, 2)
})

t.test(
  'with its lease it says what it is: at first that it starts, then its address, and at the end that it drains',
  async t => {
    const { membership, leases } = await joined(t)
    const said = async () => {
      const { leases: all } = await leases.renew('looker', '', 1)
      return decodeStatus(all.find(({ node }) => node === membership.name)?.status ?? '')
    }
    t.match(await said(), { address: '', role: 'all', revision: '1.2.3', draining: false })
    t.ok(membership.owns(1))
    t.equal(membership.figures.isMember, true)
    membership.serves('chat.example:4000', '')
    await eventually(async () => (await said())?.address === 'chat.example:4000')
    membership.drain()
    t.equal(membership.owns(1), false)
    await eventually(async () => (await said())?.draining === true)
  },
)

t.test(
  'it names the nodes that take clients: itself when it serves, not while messages do not get through or it drains',
  async t => {
    const { membership, node, leases } = await joined(t)
    const hosts = (uid: number) => membership.endpoints(uid)?.endpoints.map(({ host }) => host)
    t.equal(hosts(1), undefined)
    membership.serves('chat.example:4000', '')
    await eventually(() => hosts(1)?.join() === ENTRY.host)
    const entry = { ...ENTRY, host: 'b.example' }
    await leases.renew('b', JSON.stringify({ form: 1, entry, freeConnections: 5 }), 60_000)
    await eventually(() => hosts(1)?.length === 2)
    t.same(
      membership.endpoints(1)?.endpoints.find(({ host }) => host === ENTRY.host),
      { ...ENTRY, weight: 100 },
    )

    let failing = true
    Object.defineProperty(node, 'failing', { get: () => failing })
    await eventually(() => hosts(1)?.join() === 'b.example')
    failing = false
    await eventually(() => hosts(1)?.length === 2)

    membership.drain()
    t.same(hosts(1), ['b.example'], 'at once, and not only when the others know')
  },
)

t.test('with its lease an access node says that nobody works for it, and who has another secret', async t => {
  const { membership, node, leases } = await joined(t)
  Object.defineProperty(node, 'unlinkedMs', { get: () => 7_000 })
  Object.defineProperty(node, 'otherSecret', { get: () => ['a:8082'] })
  membership.serves('chat.example:4000', '')
  await eventually(async () => {
    const { leases: all } = await leases.renew('looker', '', 1)
    const said = decodeStatus(all.find(({ node }) => node === membership.name)?.status ?? '')
    return said?.unlinkedMs === 7_000 && said.otherSecret.join() === 'a:8082'
  })
})

t.test('it looks for work when it has its lease again; what it gained while it started, when it serves', async t => {
  const it = await joined(t)
  const loseAndRegain = async (): Promise<void> => {
    it.leases.cutOff.add(it.membership.name)
    await eventually(() => !it.membership.figures.isMember)
    t.equal(it.membership.owns(1), false)
    it.leases.cutOff.clear()
    await eventually(() => it.membership.owns(1))
  }
  const before = it.looked
  await loseAndRegain()
  t.equal(it.looked, before + 1, 'the node passes over this: it does not serve yet')
  it.membership.serves('a:1', '')
  t.equal(it.looked, before + 2)
  t.equal(it.membership.figures.leasesLost, 1)
})

t.test('a start without a gain is no reason to look again', async t => {
  const it = await joined(t)
  const before = it.looked
  it.membership.serves('a:1', '')
  t.equal(it.looked, before)
})

t.test('what it sends, hears and cannot send or read is counted', async t => {
  const { membership, receive, refuse } = await joined(t)
  const events = [ended(1, 2, 'session', 3), ended(1, 3, 'session', 4)]
  const batch = { node: 'other', incarnation: 1, number: 1, events }
  membership.network.send('other', batch)
  receive(encodeBatch(batch))
  receive(Uint8Array.of(9, 9))
  receive(Uint8Array.of(1, 0x0a))
  refuse()
  membership.network.send('other', batch)
  t.same(membership.figures.events, { sent: 2, received: 2, dropped: 2, unknown: 2 })
})

t.test('no name is of digits alone: it would be taken for a number', async t => {
  const drawn = [Buffer.from('123456789012', 'hex'), Buffer.from('12345678901a', 'hex')]
  const random = { ...seededRandom('name'), bytes: () => present(drawn.shift(), 'bytes') }
  t.equal(newName(random), '12345678901a')
})
