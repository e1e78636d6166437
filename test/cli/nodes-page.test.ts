/** What `longwire nodes` says of a look at Redis, and when a person is needed. */
import t from 'tap'
import { clusterText, shownCluster } from '../../src/cli/nodes-page.js'
import { encodeStatus, type NodeStatus } from '../../src/cluster/node-status.js'
import { ALL_PARTITIONS } from '../../src/store/partition.js'
import type { PrimaryLook, RedisLook } from '../../src/store/redis/look.js'

const STATUS: NodeStatus = {
  address: '10.0.0.1:8081',
  role: 'all',
  link: '',
  revision: '0.1.0',
  forms: 1,
  freeConnections: 100,
  entry: undefined,
  connections: 1200,
  messagesPerSecond: 34.5,
  commitP50Ms: 1,
  commitP99Ms: 5,
  conflicts: 7,
  clockAheadMs: -1_200,
  draining: false,
  replicas: -1,
  failing: [],
  unlinkedMs: 0,
  otherSecret: [],
  outboxes: [],
}

const PRIMARY: PrimaryLook = {
  host: '10.0.1.1:6379',
  up: true,
  migrating: false,
  partitions: ALL_PARTITIONS,
  epoch: 3,
  replicasLinked: 1,
  memoryBytes: 2 ** 30,
  memoryBytesMax: 2 ** 32,
}

function lease(status: Partial<NodeStatus> = {}) {
  return { node: 'a1', leftMs: 2_000, status: encodeStatus({ ...STATUS, ...status }) }
}

const ACCESS = lease({ role: 'access' })
const LOGIC = { ...lease({ role: 'logic', address: '', link: '10.0.0.2:8082' }), node: 'b2' }

const WELL: RedisLook = { leases: [lease()], primaries: [PRIMARY], unheld: 0, replicasUsual: 1 }

t.test('a cluster that is well needs nobody, and is shown with all figures', async t => {
  const shown = shownCluster(WELL)
  t.same(shown.needs, [])
  const lines = clusterText(shown).split('\n')
  t.same(
    lines.map(line => line.split(/ {2,}/)),
    [
      ['NODE', 'ID', 'ROLE', 'REVISION', 'CONNECTIONS', 'MESSAGES/S', 'COMMIT P50/P99', 'CONFLICTS', 'CLOCK'],
      ['10.0.0.1:8081', 'a1', 'all', '0.1.0', '1200', '34.5', '1 ms / 5 ms', '7', '-1.2 s'],
      [''],
      ['PRIMARY', 'PARTITIONS', 'EPOCH', 'REPLICAS', 'MEMORY', 'OUTBOX'],
      ['10.0.1.1:6379', '256', '3', '1', '1024 MiB of 4096 MiB', '0'],
    ],
  )
})

const primary = (changed: Partial<PrimaryLook>): RedisLook => ({ ...WELL, primaries: [{ ...PRIMARY, ...changed }] })

for (const [what, look, need] of [
  ['no node', { ...WELL, leases: [] }, /no node has a lease/],
  ['nobody knows the nodes', { ...WELL, leases: undefined }, /primary that holds the leases does not answer/],
  ['partitions without a primary', { ...WELL, unheld: 85 }, /^85 partitions have no primary/],
  ['a dead primary', primary({ up: false }), /^10\.0\.1\.1:6379 does not answer/],
  ['no replica where one is usual', primary({ replicasLinked: 0 }), /has 0 of 1 replicas linked/],
  ['fewer replicas than a node asks for', { ...WELL, leases: [lease({ replicas: 2 })] }, /has 1 of 2 replicas linked/],
  ['full memory', primary({ memoryBytes: 0.9 * 2 ** 32 }), /has used 90 % of its memory/],
  [
    'messages that do not get through',
    { ...WELL, leases: [lease({ failing: [PRIMARY.host] })] },
    /^messages do not get through at 10\.0\.1\.1:6379, by the checks of 10\.0\.0\.1:8081$/,
  ],
  [
    'a dead primary, once',
    { ...primary({ up: false }), leases: [lease({ failing: [PRIMARY.host] })] },
    /does not answer/,
  ],
  [
    'an unfinished migration',
    primary({ migrating: true }),
    /^a migration into this Redis was not finished: run it again$/,
  ],
  ['no store', primary({ epoch: 0 }), /holds no store/],
  ['a clock that is off', { ...WELL, leases: [lease({ clockAheadMs: 3_600_000 })] }, /10\.0\.0\.1:8081 .* by 3600 s/],
  [
    'an outbox that waits',
    { ...WELL, leases: [lease({ outboxes: [{ partition: 9, entries: 4, ageMs: 61_000 }] })] },
    /^4 effects wait at 10\.0\.1\.1:6379, the oldest for 61 s/,
  ],
  ['access nodes alone', { ...WELL, leases: [ACCESS] }, /^there are access nodes, and no node that works for them/],
  [
    'an access node without links',
    { ...WELL, leases: [lease({ role: 'access', unlinkedMs: 6_000 }), LOGIC] },
    /^no logic node is linked with 10\.0\.0\.1:8081: its clients are refused/,
  ],
  [
    'another secret',
    { ...WELL, leases: [lease({ role: 'access', otherSecret: ['10.0.0.2:8082'] }), LOGIC] },
    /^10\.0\.0\.2:8082 \(b2\) has another cluster secret than 10\.0\.0\.1:8081/,
  ],
] as const satisfies readonly (readonly [string, RedisLook, RegExp])[]) {
  t.test(`a person is needed for ${what}`, async t => {
    const shown = shownCluster(look)
    t.equal(shown.needs.length, 1)
    t.match(shown.needs[0], need)
    t.match(clusterText(shown), `NEEDS A PERSON: ${shown.needs[0]}`)
  })
}

t.test(
  'small things need nobody: a node without replicas by choice, one that drains or starts or is newer',
  async t => {
    const leases = [lease({ replicas: 0, draining: true }), { ...lease({ address: '', replicas: 0 }), node: 'b2' }]
    const newer = { node: 'c3', leftMs: 1, status: '{"form":2}' }
    const shown = shownCluster({ ...primary({ replicasLinked: 0 }), leases: [...leases, newer] })
    t.same(shown.needs, [])
    const text = clusterText(shown)
    t.match(text, 'all, draining')
    t.match(text, /^starting/m)
    t.match(text, 'and 1 of another revision')
  },
)

t.test(
  'access nodes with somebody to work for them need nobody, and a logic node is shown by its address for links',
  async t => {
    const all = { ...lease({ link: '10.0.0.3:8082' }), node: 'c3' }
    const newer = { node: 'd4', leftMs: 1, status: '{"form":2}' }
    const justLost = lease({ role: 'access', unlinkedMs: 4_000 })
    for (const leases of [
      [ACCESS, LOGIC],
      [ACCESS, all],
      [ACCESS, newer],
      [justLost, LOGIC],
    ]) {
      t.same(shownCluster({ ...WELL, leases }).needs, [])
    }
    const two = [LOGIC, { ...LOGIC, node: 'e5' }, { ...lease({ role: 'logic', address: '', link: '' }), node: 'f6' }]
    const rows = clusterText(shownCluster({ ...WELL, leases: two }))
      .split('\n')
      .slice(1, 4)
    t.same(
      rows.map(row => row.split(/ {2,}/).slice(0, 3)),
      [
        ['10.0.0.2:8082', 'b2', 'logic'],
        ['10.0.0.2:8082', 'e5', 'logic'],
        ['starting', 'f6', 'logic'],
      ],
    )
  },
)

t.test('what waits is told with the primary that holds it', async t => {
  const [low, high] = [ALL_PARTITIONS.slice(0, 128), ALL_PARTITIONS.slice(128)]
  const primaries = [
    { ...PRIMARY, host: 'low', partitions: low },
    { ...PRIMARY, host: 'high', partitions: high },
  ]
  const outboxes = [
    { partition: 1, entries: 2, ageMs: 500 },
    { partition: 127, entries: 3, ageMs: 1_500 },
    { partition: 200, entries: 5, ageMs: 100 },
  ]
  t.match(shownCluster({ ...WELL, primaries, leases: [lease({ outboxes })] }).primaries, [
    { host: 'low', partitions: 128, outboxEntries: 5, outboxAgeMs: 1_500 },
    { host: 'high', partitions: 128, outboxEntries: 5, outboxAgeMs: 100 },
  ])
})
