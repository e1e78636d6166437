/** docs/json.md names each field of the output in JSON, and no other. */

import fs from 'node:fs'
import t from 'tap'
import { reportOf } from '../../clients/simulate/report.js'
import { shownCluster } from '../../src/cli/nodes-page.js'
import { encodeStatus, type NodeStatus } from '../../src/cluster/node-status.js'

const DOCUMENT = fs.readFileSync('docs/json.md', 'utf8')

/** The fields of the table that follows a line. */
function documented(line: string): string[] {
  const [, after = ''] = DOCUMENT.split(`\n${line}\n`)
  const [table = ''] = /(?:^\|.*\n)+/m.exec(after) ?? []
  const cells = [...table.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell ?? '')
  return cells.flatMap(cell => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ''))
}

t.test('the fields of longwire nodes', async t => {
  const entry = { host: 'a', port: 1, url: '' }
  const rare: Partial<NodeStatus> = { entry, commitP50Ms: 1, commitP99Ms: 1, clockAheadMs: 1, draining: false }
  const status = encodeStatus({ ...rare } as NodeStatus)
  const shown = shownCluster({
    leases: [{ node: 'a', leftMs: 1, status }],
    primaries: [
      {
        host: 'a',
        up: true,
        partitions: [],
        migrating: false,
        epoch: 1,
        replicasLinked: 0,
        memoryBytes: 0,
        memoryBytesMax: 0,
      },
    ],
    unheld: 0,
    replicasUsual: 0,
  })
  t.same(documented('## longwire nodes --json').sort(), Object.keys(shown).sort())
  t.same(documented('Each of `nodes`:').sort(), Object.keys(shown.nodes[0] ?? {}).sort())
  t.same(documented('Each of `primaries`:').sort(), Object.keys(shown.primaries[0] ?? {}).sort())
})

t.test('the fields of longwire simulate', async t => {
  const report = reportOf({
    users: 2,
    friendships: 1,
    verdict: undefined,
    groupVerdict: undefined,
    recalled: 0,
    recallLeaks: [],
    unreadWrong: [],
    boardVerdict: undefined,
    firstScreenWrong: [],
    seconds: 1,
    loginSeconds: 1,
    serverCpuMs: undefined,
    seed: 1,
    store: undefined,
    transport: 'tcp',
    onlineBy: new Map(),
    switches: 0,
    kills: 0,
    failovers: undefined,
    lostBytes: undefined,
    nodes: undefined,
    roles: undefined,
    failure: undefined,
    setbacks: 0,
    failures: new Map(),
  })
  t.same(documented('## longwire simulate').sort(), Object.keys(report).sort())
})
