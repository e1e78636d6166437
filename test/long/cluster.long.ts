/** `longwire cluster --redis-cluster`: three primaries and their replicas, however their making was interrupted. */

import { join } from 'node:path'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.js'
import { LocalCluster } from '../support/local-cluster.js'
import { loginAccount, registerAccount } from '../support/server.js'

const ONE_NODE = ['--redis-cluster', '--nodes', '1'] as const

async function ended(t: Test, cluster: LocalCluster): Promise<void> {
  cluster.cli.child.kill('SIGTERM')
  t.equal(await cluster.cli.exit(), 0, cluster.cli.stderr)
  t.same(cluster.processes, [])
}

t.test('a dead primary comes back, and other ports find the same data', async t => {
  const folder = join(t.testdir(), 'data')
  const first = await LocalCluster.start(folder, ONE_NODE)
  t.equal(first.ports.length, 1, first.cli.stderr)
  const [port = 0] = first.ports
  await registerAccount(port, 'alice')
  const primary = first.events.find(({ kind, number }) => kind === 'redis' && number === 1)
  process.kill(primary?.pid ?? 0, 'SIGKILL')
  await eventually(() => /Redis at port \d+ runs again/.test(first.cli.stderr), 30_000)
  await eventually(() => loginAccount(port, 'alice').then(Boolean, () => false), 30_000)
  await ended(t, first)

  const second = await LocalCluster.start(folder, ONE_NODE)
  t.equal(second.ports.length, 1, second.cli.stderr)
  t.ok(await loginAccount(second.ports[0] ?? 0, 'alice'))
  await ended(t, second)
})

for (const events of [1, 6]) {
  t.test(`killed when ${events} of its six servers run, it is made to its end by the next run`, async t => {
    const folder = join(t.testdir(), 'data')
    const first = await LocalCluster.begin(folder, ONE_NODE)
    await eventually(() => first.events.length >= events, 30_000)
    first.cli.child.kill('SIGKILL')
    await eventually(() => first.processes.length === 0, 20_000)
    const second = await LocalCluster.start(folder, ONE_NODE)
    t.equal(second.ports.length, 1, second.cli.stderr)
    await ended(t, second)
  })
}

t.test(
  'a Redis that was emptied: nothing is started again on it, and the cluster ends with the status of lost data',
  async t => {
    const cluster = await LocalCluster.start(join(t.testdir(), 'data'), ['--nodes', '1'])
    const [port = 0] = cluster.ports
    await registerAccount(port, 'alice')
    const redis = cluster.events.find(({ kind }) => kind === 'redis')
    const client = new Redis({ host: '127.0.0.1', port: redis?.port ?? 0, protocol: 2, replyMapping: 'legacy' })
    await client.flushall()
    client.disconnect()
    registerAccount(port, 'bob').catch(() => {})
    t.equal(await cluster.cli.exit(), 65)
    t.match(cluster.cli.stderr, /node 1 has ended with status 65, and is not started again: .*has lost its data/)
    t.same(cluster.processes, [])
  },
)
