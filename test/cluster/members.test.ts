/** Who lives and who owns what, while nodes come, die, stand still and lose the store. Each node sees only its leases. */
import t from 'tap'
import { LEASE_MS, Members, RENEW_MS } from '../../src/cluster/members.js'
import { decodeStatus, encodeStatus } from '../../src/cluster/node-status.js'
import { ALL_PARTITIONS } from '../../src/store/partition.js'
import { ManualClock } from '../support/manual-clock.js'
import { MemoryLeases } from '../support/memory-leases.js'

const HOUR_MS = 3_600_000

const STATUS = {
  address: '10.0.0.1:7400',
  role: 'all',
  link: '',
  revision: '0.1.0',
  forms: 1,
  connections: 3,
  freeConnections: 97,
  entry: { host: 'a.example', port: 8081, url: 'https://a.example' },
  messagesPerSecond: 2.5,
  commitP50Ms: 1,
  commitP99Ms: undefined,
  conflicts: 0,
  replicas: 1,
  failing: [],
  unlinkedMs: 0,
  otherSecret: [],
  outboxes: [{ partition: 7, entries: 2, ageMs: 900 }],
} as const

/** Nodes on one store, whose clock is an hour ahead of theirs. */
function cluster() {
  const clock = new ManualClock()
  const leases = new MemoryLeases({ now: () => clock.now() + HOUR_MS })
  /** How often each was told that there may be work that nobody does. */
  const told = new Map<string, number>()
  const losses: string[] = []
  const changes: string[] = []
  const wrong: string[] = []
  const join = async (node: string, own = clock, forms = 1) => {
    const members = new Members({
      node,
      leases,
      clock: own,
      status: () => ({ ...STATUS, forms }),
      onChange: (came, gone) => changes.push(`${node}: +${came} -${gone}`),
      onWrong: (lease, why) => wrong.push(`${node}: ${lease}: ${why}`),
      onOpenWork: () => told.set(node, (told.get(node) ?? 0) + 1),
      onLost: error => losses.push(`${node}: ${error}`),
      onRegained: () => losses.push(`${node}: no more`),
    })
    t.teardown(() => members.stop())
    await members.start()
    return members
  }
  /** Lets time pass, and whatever is asked meanwhile be answered. */
  const pass = async (ms: number, of = clock) => {
    for (let left = ms; left > 0; left -= 10) {
      of.advance(Math.min(10, left))
      await settled()
    }
  }
  return { clock, leases, told, losses, changes, wrong, join, pass }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve()
}

function owned(members: Members): number[] {
  return ALL_PARTITIONS.filter(partition => members.owns(partition))
}

t.test('each partition has one owner when all have looked; a node that comes takes only its share', async t => {
  const { told, join, pass } = cluster()
  const a = await join('a')
  t.equal(owned(a).length, ALL_PARTITIONS.length)
  const b = await join('b')
  await pass(RENEW_MS)
  t.same([...a.others()], ['b'])
  t.same([...b.others()], ['a'])
  t.same(
    [...owned(a), ...owned(b)].toSorted((x, y) => x - y),
    ALL_PARTITIONS,
  )
  t.same(Object.fromEntries(told), { a: 2, b: 1 }, 'a lost some: b may have worked before')
})

t.test(
  'a node that is killed is gone for the others at once when its lease ends, and they own its partitions',
  async t => {
    const { told, changes, join, pass } = cluster()
    const a = await join('a')
    await pass(400)
    const b = await join('b')
    await pass(RENEW_MS)
    const before = told.get('a')
    b.stop()
    await pass(LEASE_MS - 50)
    t.same([...a.others()], ['b'], 'its lease has not ended')
    // Sooner than the next renewal.
    await pass(100)
    t.same([...a.others()], [])
    t.equal(owned(a).length, ALL_PARTITIONS.length)
    t.equal(told.get('a'), (before ?? 0) + 1)
    t.same(changes, ['a: +a -', 'b: +a,b -', 'a: +b -', 'a: + -b'])
  },
)

t.test('a node that cannot renew owns nothing before others take over, and owns its share again later', async t => {
  const { leases, losses, told, join, pass } = cluster()
  const [a, b] = [await join('a'), await join('b')]
  await pass(RENEW_MS)
  const share = owned(a)
  leases.cutOff.add('a')
  for (let ms = 0; ms < 2 * LEASE_MS; ms += 50) {
    await pass(50)
    const both = owned(a).filter(partition => b.owns(partition))
    t.same(both, [], `at ${ms} ms`)
  }
  t.equal(a.isMember, false)
  t.same(owned(a), [])
  t.equal(owned(b).length, ALL_PARTITIONS.length)
  t.same(losses, ['a: Error: no answer'])
  t.equal(a.leasesLost, 1)
  const before = told.get('a') ?? 0
  leases.cutOff.clear()
  await pass(2 * RENEW_MS)
  t.same(owned(a), share)
  t.equal(told.get('a'), before + 1)
  t.same(losses, ['a: Error: no answer', 'a: no more'])
})

t.test('a lease counts from before it was asked for, however late the answer comes', async t => {
  const { clock, leases, join } = cluster()
  const askedMs = clock.monotonic()
  leases.onRenewed = () => {
    leases.onRenewed = () => {}
    clock.stall(RENEW_MS)
  }
  const a = await join('a')
  clock.stall(askedMs + LEASE_MS - 1 - clock.monotonic())
  t.equal(a.isMember, true)
  clock.stall(1)
  t.equal(a.isMember, false)
})

t.test('a process that stood still owns nothing when it goes on, until it has renewed', async t => {
  const { told, losses, join, pass } = cluster()
  const own = new ManualClock()
  const a = await join('a', own)
  const b = await join('b')
  await pass(LEASE_MS + 100)
  own.stall(LEASE_MS + 100)
  t.same(owned(a), [])
  t.equal(owned(b).length, ALL_PARTITIONS.length)
  await pass(RENEW_MS, own)
  t.ok(owned(a).length > 0)
  t.same(losses, ['a: undefined', 'a: no more'])
  t.equal(told.get('a'), 2)
})

t.test(
  'work that a node left while it drained is looked for when it has gone, though nobody gains by that',
  async t => {
    const { told, join, pass } = cluster()
    const [a, b] = [await join('a'), await join('b')]
    await pass(RENEW_MS)
    b.drain()
    await pass(RENEW_MS + 50)
    t.equal(owned(a).length, ALL_PARTITIONS.length)
    const before = told.get('a') ?? 0
    b.stop()
    await pass(LEASE_MS + RENEW_MS)
    t.same([...a.others()], [])
    t.equal(told.get('a'), before + 1)
  },
)

t.test('a node that drains leaves its partitions to the others at once, and stays in the list', async t => {
  const { join, pass } = cluster()
  const [a, b] = [await join('a'), await join('b')]
  await pass(RENEW_MS)
  b.drain()
  t.same(owned(b), [])
  await pass(RENEW_MS + 50)
  t.equal(owned(a).length, ALL_PARTITIONS.length)
  t.equal(a.live.find(({ node }) => node === 'b')?.status?.draining, true)
})

t.test('the difference of the clocks is measured against the store, and told', async t => {
  const { join, pass } = cluster()
  const a = await join('a')
  await pass(RENEW_MS + 50)
  t.equal(a.clockAheadMs, -HOUR_MS)
  t.match(a.live, [{ node: 'a', status: { ...STATUS, clockAheadMs: -HOUR_MS, draining: false } }])
})

t.test('a status of another revision: unknown fields are passed over, missing ones have defaults', async t => {
  const status = { ...STATUS, clockAheadMs: 1, draining: false }
  t.same(decodeStatus(encodeStatus(status)), status)
  t.match(decodeStatus('{"form":1,"address":"x:1","later":[1]}'), { address: 'x:1', connections: 0, outboxes: [] })
  t.equal(decodeStatus('{"form":2,"address":"x:1"}'), undefined)
  t.equal(decodeStatus('nothing'), undefined)
})

t.test('a form is one that all nodes read only while none lives that does not read it', async t => {
  const { clock, leases, join, pass } = cluster()
  const next = await join('next', clock, 2)
  t.equal(next.forms, 2, 'it is alone')
  const first = await join('first')
  await pass(RENEW_MS + 50)
  t.equal(next.forms, 1)
  first.stop()
  await pass(LEASE_MS + RENEW_MS)
  t.equal(next.forms, 2)
  await leases.renew('older', JSON.stringify({ form: 1 }), LEASE_MS)
  await pass(RENEW_MS + 50)
  t.equal(next.forms, 1, 'who does not say reads the first')
  await pass(LEASE_MS + RENEW_MS)
  await leases.renew('strange', JSON.stringify({ form: 9 }), LEASE_MS)
  await pass(RENEW_MS + 50)
  t.equal(next.forms, 1, 'so does who says it in another way')
  await pass(LEASE_MS + RENEW_MS)
  t.equal(next.forms, 2)
  leases.cutOff.add('next')
  await pass(LEASE_MS)
  t.equal(next.forms, 1, 'it does not know who lives')
})

t.test('a lease that no node wrote is passed over, and told of once', async t => {
  const { leases, wrong, changes, join, pass } = cluster()
  const a = await join('a')
  const write = async (status: string) => {
    await leases.renew('stranger', status, LEASE_MS)
    await pass(RENEW_MS + 50)
  }
  await write('{"form":1,"entry":null}')
  await write('{"form":1,"failing":7}')
  t.same(
    a.live.map(({ node }) => node),
    ['a'],
  )
  t.same(changes, ['a: +a -'])
  t.same(owned(a), ALL_PARTITIONS)
  t.same(wrong, ['a: stranger: the field entry is wrong'])
  await pass(LEASE_MS + RENEW_MS)
  await write('nothing')
  t.equal(wrong.length, 2, 'it had gone')
  await write('{"form":2}')
  t.same([...a.others()], ['stranger'], 'a node of a later revision')
})

t.test('each field of a status is checked', async t => {
  const entry = { host: 'a.example', port: 8081, url: '' }
  const right: object[] = [
    { entry },
    { entry: { ...entry, host: '::1' } },
    { entry: { host: '', port: 0, url: 'https://a.example/chat' } },
    { address: '', link: '', revision: '' },
    { address: '[::1]:7400', link: '[fe80::1]:8082', role: 'logic', replicas: -1, clockAheadMs: -3 },
  ]
  for (const said of right) t.match(decodeStatus(JSON.stringify({ form: 1, ...said })), said)
  const texts = [5, {}, null, ['x'], 'x'.repeat(70_000), '\u001b[2J', 'a\nb', 'a\u202eb', '\u2028']
  const numbers = ['zz', null, -5, {}, [1]]
  const wrong: readonly (readonly [field: string, values: readonly unknown[]])[] = [
    ['address', texts],
    ['revision', texts],
    ['link', [...texts, 'a:0', 'a b', ':1']],
    ['role', [...texts, 'other', '']],
    ['connections', [...numbers, 1.5]],
    ['freeConnections', [...numbers, 1.5]],
    ['messagesPerSecond', numbers],
    ['commitP50Ms', numbers],
    ['commitP99Ms', numbers],
    ['conflicts', numbers],
    ['clockAheadMs', ['zz', null, {}]],
    ['draining', [0, 'no', null]],
    ['replicas', numbers],
    ['unlinkedMs', numbers],
    ['forms', [...numbers, 1.5]],
    ['failing', [5, null, {}, 'x', ...texts.map(text => [text]), Array(1_025).fill('x')]],
    ['otherSecret', [5, null, {}, 'x', ...texts.map(text => [text])]],
    ['outboxes', [5, null, {}, [null], [{ partition: 1, entries: 'x', ageMs: 1 }], [{ partition: 1 }]]],
    [
      'entry',
      [
        ...texts,
        ...texts.flatMap(text => [
          { ...entry, host: text },
          { ...entry, url: text },
        ]),
        ...[...numbers, 0, 65_536, 1.5].map(port => ({ ...entry, port })),
        { ...entry, host: 'h'.repeat(256) },
        { ...entry, url: 'javascript:alert(1)' },
        { host: '', port: 0, url: '' },
        { host: '', port: 1, url: 'https://a.example' },
      ],
    ],
  ]
  for (const [field, values] of wrong) {
    for (const value of values) {
      const text = JSON.stringify({ form: 1, [field]: value })
      let why = ''
      t.equal(
        decodeStatus(text, said => (why = said)),
        undefined,
      )
      t.equal(why, `the field ${field} is wrong`)
    }
  }
  for (const text of ['', '7', 'null', '[]', '{}', '{"form":"1"}', `{"form":1${' '.repeat(140_000)}}`]) {
    let isWrong = false
    t.equal(
      decodeStatus(text, () => (isWrong = true)),
      undefined,
    )
    t.ok(isWrong)
  }
})
