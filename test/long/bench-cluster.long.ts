/** The benchmark of nodes on Redis works: a tiny run prints every figure, each with what it is held to. */
import t from 'tap'
import type { ClusterReport } from '../../bench/cluster.js'
import { clusterTables } from '../../bench/cluster-report.js'
import { figureRow } from '../../bench/figure-row.js'
import { bench } from '../support/bench-process.js'

/** The figures that are held to something, by the names of --figures. */
const AIMS = {
  'costs,nodes': [
    [/^CPU of a message on a single Redis, 1 in/, { atMost: 2 }],
    [/^CPU of a message on a Cluster, 10 in/, { atMost: 2 }],
    [/^rounds of a message on a single Redis, 10 in/, { atMost: 0.25 }],
    [/^rounds of a message on a Cluster, 1 in/, { atMost: 0.5 }],
    [/^one message alone on a single Redis/, { atMost: 2 }],
    [/^one message alone on a Cluster/, { atMost: 4 }],
    [/with 2 nodes/, { atLeast: 0.9, atMost: 1.1 }],
    [/with 4 nodes/, { atLeast: 0.9, atMost: 1.1 }],
  ],
  'hot,failover,memory,replay': [
    [/^deliveries to one user/, { atLeast: 0.8 }],
    [/share of the far node/, { atLeast: 0.5 }],
    [/refused or given up/, { atMost: 0 }],
    [/^no service after a primary’s death/, { atMost: 1.5 }],
    [/idle user/, { atMost: 12 }],
    [/both timelines/, { atMost: 1.3 }],
    [/^simulate/, { atMost: 15 }],
  ],
} as const

for (const [figures, aims] of Object.entries(AIMS)) {
  t.test(`a tiny run of ${figures} gives each, and says whether its aim is kept`, async t => {
    const { code, stdout, stderr } = await bench('--tiny', '--json', 'cluster', '--figures', figures)
    t.equal(code, 0, stderr)
    const { l }: { l: ClusterReport } = JSON.parse(stdout)
    t.match(l.redis, /^\d+\./)
    for (const [what, aim] of aims) {
      const [row] = l.rows.filter(each => what.test(each.what))
      t.same(row?.aim, aim, String(what))
      t.type(row?.kept, 'boolean', String(what))
    }
    for (const { what, figure, judged } of l.rows) t.ok(Number.isFinite(figure.value) && Number.isFinite(judged), what)
    const death = l.rows.find(({ what }) => what.startsWith('no service'))
    if (death !== undefined) t.ok(death.figure.value > 1, 'nobody is promoted before the node timeout')
  })
}

t.test('figures stand in a Markdown table', async t => {
  const rows = [
    figureRow({ what: 'a', value: 30, unit: 'µs', baseline: { what: 'b', value: 10 }, aim: { atMost: 2 } }),
    figureRow({ what: 'c', value: 0.123456, unit: '', aim: { atLeast: 0.1 } }),
    figureRow({
      what: 'd',
      value: 1,
      unit: 's',
      baseline: { what: 'e', value: 1 },
      aim: { atLeast: 0.9, atMost: 1.1 },
    }),
    figureRow({ what: 'f', value: 1234.5, unit: 'bytes' }),
  ]
  const text = clusterTables({ pairs: 5, rounds: 1, pinned: true, redis: '7.0.15', rows })
  t.match(text, '| a | 30 µs | b: 10 µs | 3.00 | ≤ 2 | **missed** |')
  t.match(text, '| c | 0.123 |  |  | ≥ 0.1 | kept |')
  t.match(text, '| d | 1 s | e: 1 s | 1.00 | 0.9 to 1.1 | kept |')
  t.match(text, '| f | 1235 bytes |  |  |  |  |')
  t.match(text, '1 of the aims is missed.')
})
