/** `longwire cluster`: several nodes and Redis as one command, which leaves nothing behind however it ends. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { freePort } from '../support/redis-server.js'

const NODE = /^node \d+ {7}longwire chat --account NAME --server 127\.0\.0\.1:(\d+)/gm

interface Running {
  readonly cli: CliProcess
  readonly ports: readonly number[]
  readonly folder: string
}

async function started(t: Test, ...argv: readonly string[]): Promise<Running> {
  const folder = join(t.testdir(), 'data')
  const redisPort = await freePort(false)
  const cli = new CliProcess([
    'cluster',
    '--data',
    folder,
    '--port',
    '0',
    '--redis-port',
    String(redisPort),
    '--open-limits',
    ...argv,
  ])
  await eventually(() => cli.stdout.includes('node 2') || cli.child.exitCode !== null, 60_000)
  return { cli, folder, ports: [...cli.stdout.matchAll(NODE)].map(([, port]) => Number(port)) }
}

/** The processes whose command line names the folder or one of its servers. */
function processesOf({ folder, cli }: Running): number[] {
  const all = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n')
  const redisPort = /--redis-port (\d+)/.exec(cli.child.spawnargs.join(' '))?.[1]
  return all
    .filter(line => line.includes(folder) || line.includes(`redis://127.0.0.1:${redisPort}`))
    .map(line => Number.parseInt(line, 10))
}

t.test(
  'what one writes at one node arrives at the other; a killed node is started again; the end leaves nothing',
  async t => {
    const running = await started(t)
    const { cli, ports } = running
    t.equal(ports.length, 2, cli.stderr)
    const [one = 0, two = 0] = ports
    const [alice, bob] = await Promise.all([Person.online(one, 'alice'), Person.online(two, 'bob')])
    await befriend(alice, bob)
    await alice.say(bob, 'from one node to another')
    await eventually(() => bob.shown.some(({ text }) => text === 'from one node to another'))
    await Promise.all([alice.leave(), bob.leave()])
    const node = processesOf(running).find(
      pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(process.execPath) && pid !== cli.child.pid,
    )
    process.kill(node ?? 0, 'SIGKILL')
    await eventually(() => /node \d runs again/.test(cli.stderr), 20_000)
    const second = new CliProcess(['cluster', '--data', running.folder])
    t.equal(await second.exit(), 1)
    t.match(second.stderr, /is in use by process/)
    cli.child.kill('SIGINT')
    t.equal(await cli.exit(), 0, cli.stderr)
    t.same(processesOf(running), [])
  },
)

t.test('killed itself, it leaves no process behind', async t => {
  const running = await started(t)
  t.equal(running.ports.length, 2, running.cli.stderr)
  t.ok(processesOf(running).length > 3)
  running.cli.child.kill('SIGKILL')
  await eventually(() => processesOf(running).length === 0, 20_000)
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
  const first = await started(t)
  const taken = /--redis-port (\d+)/.exec(first.cli.child.spawnargs.join(' '))?.[1] ?? ''
  const folder = join(t.testdir(), 'data')
  const cli = new CliProcess(['cluster', '--data', folder, '--port', '0', '--redis-port', taken])
  t.equal(await cli.exit(), 1)
  t.match(cli.stderr, /^longwire: Redis at port \d+ does not start: [^\n]*in use[^\n]*\n$/i)
  t.same(
    processesOf({ cli, folder, ports: [] }).filter(pid => !processesOf(first).includes(pid)),
    [],
  )
  first.cli.child.kill('SIGTERM')
  t.equal(await first.cli.exit(), 0)
})
