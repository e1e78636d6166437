/** `longwire cluster`: several nodes and Redis as one command, which leaves nothing behind however it ends. */

import { join } from 'node:path'
import t from 'tap'
import { CliProcess, START_LIMIT_MS } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { LocalCluster } from '../support/local-cluster.js'
import { befriend, Person } from '../support/person.js'
import { loginAccount, registerAccount } from '../support/server.js'

t.test(
  'what one writes at one node arrives at the other; a killed node is started again; the end leaves nothing',
  async t => {
    const cluster = await LocalCluster.start(join(t.testdir(), 'data'))
    const { cli, ports, folder } = cluster
    t.equal(ports.length, 2, cli.stderr)
    const [one = 0, two = 0] = ports
    const pages = [...cli.stdout.matchAll(/^node \d+ {7}web page at (http:\/\/127\.0\.0\.1:\d+\/)$/gm)].map(
      ([, url = '']) => url,
    )
    t.same(pages, [`http://127.0.0.1:${one}/`, `http://127.0.0.1:${two}/`])
    t.equal((await fetch(pages[0] ?? '')).headers.get('content-type'), 'text/html; charset=utf-8')
    const [alice, bob] = await Promise.all([Person.online(one, 'alice'), Person.online(two, 'bob')])
    await befriend(alice, bob)
    await alice.say(bob, 'from one node to another')
    await eventually(() => bob.shown.some(({ text }) => text === 'from one node to another'))
    await Promise.all([alice.leave(), bob.leave()])
    const node = cluster.events.find(({ kind }) => kind === 'node')
    process.kill(node?.pid ?? 0, 'SIGKILL')
    await eventually(() => /node 1 runs again/.test(cli.stderr), START_LIMIT_MS)
    t.match(cli.stderr, /^longwire: node 1 has ended with status 137: it is started again in 0.5 s\n/)
    t.match(cluster.events.at(-1), { kind: 'node', number: 1, port: one }, 'on its port')
    const second = new CliProcess(['cluster', '--data', folder])
    t.equal(await second.exit(), 1)
    t.match(second.stderr, /is in use by process/)
    // npm forwards the signal that the terminal has sent to all: it is one, not two.
    cli.child.kill('SIGINT')
    cli.child.kill('SIGINT')
    t.equal(await cli.exit(), 0, cli.stderr)
    t.same(cluster.processes, [])
  },
)

t.test('killed itself, it leaves no process behind', async t => {
  const cluster = await LocalCluster.start(join(t.testdir(), 'data'))
  t.equal(cluster.ports.length, 2, cluster.cli.stderr)
  t.ok(cluster.processes.length > 3)
  cluster.cli.child.kill('SIGKILL')
  await eventually(() => cluster.processes.length === 0, START_LIMIT_MS)
})

const STAGES: Readonly<Record<string, (cluster: LocalCluster) => boolean>> = {
  'Redis starts': ({ processes }) => processes.length > 1,
  'a node starts': ({ events }) => events.length === 1,
  'the next node starts': ({ events }) => events.length === 2,
}

for (const [stage, isReached] of Object.entries(STAGES)) {
  t.test(`ended while ${stage}, it ends at once and leaves no process behind`, async t => {
    const cluster = await LocalCluster.begin(join(t.testdir(), 'data'))
    await eventually(() => isReached(cluster), START_LIMIT_MS)
    cluster.cli.child.kill('SIGTERM')
    t.equal(await cluster.cli.exit(), 0, cluster.cli.stderr)
    t.same(cluster.processes, [])
    t.equal(cluster.cli.stderr, '')
  })
}

t.test('options of servers in the environment are not for its nodes; another port finds the same data', async t => {
  const folder = join(t.testdir(), 'data')
  const open = ['--nodes', '1', '--contacts', 'open']
  const first = await LocalCluster.start(folder, open, { LONGWIRE_DATA: folder, LONGWIRE_HOST: '0.0.0.0' })
  t.equal(first.ports.length, 1, first.cli.stderr)
  await registerAccount(first.ports[0] ?? 0, 'alice')
  first.cli.child.kill('SIGTERM')
  t.equal(await first.cli.exit(), 0)

  const second = await LocalCluster.start(folder, ['--nodes', '1'])
  t.not(second.redisPort, first.redisPort)
  t.ok(await loginAccount(second.ports[0] ?? 0, 'alice'))
  second.cli.child.kill('SIGTERM')
  t.equal(await second.cli.exit(), 0)

  const friends = await LocalCluster.start(folder, ['--nodes', '1', '--contacts', 'required'])
  t.equal(await friends.cli.exit(), 1)
  t.match(
    friends.cli.stderr,
    /^longwire: node 1 does not start: --contacts required: this store is run with --contacts open; [^\n]*\n$/,
  )

  const other = await LocalCluster.start(folder, ['--redis-cluster'])
  t.equal(await other.cli.exit(), 1)
  t.match(other.cli.stderr, /^longwire: --data \S+ holds a single Redis: leave --redis-cluster out, or .*\n$/)
})

t.test('without redis-server it says how to get it', async t => {
  const cli = new CliProcess(['cluster', '--data', join(t.testdir(), 'data')], { PATH: '/nowhere' })
  t.equal(await cli.exit(), 1)
  t.match(
    cli.stderr,
    /^longwire: redis-server is not installed here, version 7 or newer \(.*apt-get install redis-server.*\)\n$/,
  )
})

t.test('a port that is taken: status 1, one line, and nothing is left', async t => {
  const first = await LocalCluster.start(join(t.testdir(), 'data'))
  const before = first.processes
  const other = join(t.testdir(), 'other')
  const cli = new CliProcess(['cluster', '--data', other, '--port', '0', '--redis-port', String(first.redisPort)])
  t.equal(await cli.exit(), 1)
  t.match(
    cli.stderr,
    /^longwire: Redis at port \d+ does not start: the port is in use by another process; --redis-port [^\n]*\n$/,
  )
  t.same(first.processes, before)
  first.cli.child.kill('SIGTERM')
  t.equal(await first.cli.exit(), 0)
})
