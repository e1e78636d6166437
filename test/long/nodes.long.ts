/** Several nodes on Redis under kills of everything: nothing is lost, nothing comes twice or out of order. */

import t from 'tap'
import { simulate, startSimulate } from '../clients/simulate/support.js'

const CALM = { lost: 0, duplicated: 0, reordered: 0 } as const

t.test('without redis-server a run ends at once, and says how to get it', async t => {
  const { PATH } = process.env
  process.env.PATH = '/nowhere'
  const { child, ended } = startSimulate(t.testdir(), '--store', 'redis', '--nodes', '2')
  process.env.PATH = PATH
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000)
  const { code, stderr, report } = await ended
  clearTimeout(late)
  t.equal(code, 1)
  t.match(
    stderr,
    /^longwire: the cluster ended by itself; it said: redis-server is not installed here[^\n]*\nNOT passed: [^\n]*\n$/,
  )
  t.equal(report.sent, 0)
})

t.test('two nodes on one Redis, and either is killed', async t => {
  const argv = ['--users', '200', '--friends', '10', '--messages', '5', '--store', 'redis', '--nodes', '2']
  const { code, stderr, report } = await simulate(t.testdir(), ...argv, '--kill', 'both', '--kill-every', '2')
  t.equal(code, 0, stderr)
  t.match(report, { ...CALM, sent: 10_000, delivered: 10_000, nodes: 2 })
  t.ok(report.kills > 1, `${report.kills} kills`)
})

t.test('two nodes on a Redis Cluster, whose primaries are killed for longer than a promotion takes', async t => {
  const argv = ['--users', '200', '--friends', '10', '--messages', '10', '--store', 'redis-cluster', '--nodes', '2']
  const { code, stderr, report } = await simulate(
    t.testdir(),
    ...argv,
    '--kill',
    'redis',
    '--kill-every',
    '6',
    '--cut-links-every',
    '3',
  )
  t.equal(code, 0, stderr)
  t.match(report, { ...CALM, sent: 20_000, delivered: 20_000, nodes: 2 })
  t.ok(report.kills > 1, `${report.kills} kills`)
  t.ok((report.failovers ?? 0) > 0, `${report.failovers} failovers`)
})

t.test('two access and two logic nodes on one Redis, and any of them or Redis is killed', async t => {
  const argv = ['--users', '200', '--friends', '10', '--messages', '5', '--store', 'redis', '--roles', '2+2']
  const { code, stderr, report } = await simulate(t.testdir(), ...argv, '--kill', 'both', '--kill-every', '2')
  t.equal(code, 0, stderr)
  t.match(report, { ...CALM, sent: 10_000, delivered: 10_000, nodes: 4, roles: '2+2' })
  t.ok(report.kills > 1, `${report.kills} kills`)
})
