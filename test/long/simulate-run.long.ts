/** Whole runs: real processes, real sockets, a real disk. Longer ones, with faults: simulate-faults.long.ts. */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { parseSettings } from '../../clients/simulate/options.js'
import { Run } from '../../clients/simulate/run.js'
import { ServerProcess } from '../../clients/simulate/server-process.js'
import { type Clock, systemClock } from '../../src/lib/clock.js'
import { isAlive, serversOf, simulate, startSimulate } from '../clients/simulate/support.js'
import { eventually } from '../support/eventually.js'

/** Time as the run sees it, a hundred times as fast; clients keep their own. */
const hundredfold: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 100,
  after: (ms, run) => systemClock.after(ms / 100, run),
}

const SMALL = ['--users', '20', '--friends', '5', '--messages', '5']

const KEYS = [
  'users',
  'friendships',
  'sent',
  'accepted',
  'delivered',
  'lost',
  'duplicated',
  'reordered',
  'group_sent',
  'group_delivered',
  'group_order_violations',
  'unentitled',
  'recalled',
  'recall_leaks',
  'unread_wrong',
  'posts',
  'posts_removed',
  'unconfirmed_wrong',
  'first_screen_wrong',
  'seconds',
  'login_seconds',
  'messages_per_second',
  'server_cpu_us_per_message',
  'seed',
  'store',
  'transport',
  'online_by',
  'switches',
  'kills',
  'failovers',
  'writes_lost_by_redis',
  'nodes',
  'roles',
]

t.test('a small run on lmdb delivers everything, says so in one line, and leaves nothing behind', async t => {
  const folder = t.testdir()
  const { code, stdout, stderr, report } = await simulate(folder, ...SMALL, '--seed', '5')
  t.equal(code, 0, stderr)
  t.same(Object.keys(report), KEYS)
  t.match(report, { users: 20, friendships: 50, sent: 500, accepted: 500, delivered: 500 })
  t.match(report, { lost: 0, duplicated: 0, reordered: 0, seed: 5, store: 'lmdb', transport: 'tcp', kills: 0 })
  t.ok(report.seconds > 0 && report.login_seconds > 0 && report.messages_per_second > 0)
  t.type(report.server_cpu_us_per_message, 'number')
  t.equal(stdout.split('\n').length, 2, 'nothing but the line on standard output')
  t.match(stderr, /^messages +[\d.]+ s {2}500 of 500 sent, 500 accepted, 500 delivered$/m)
  t.same(readdirSync(folder), [])
})

t.test('the store memory and --json: not a word on standard error', async t => {
  const { code, stderr, report } = await simulate(t.testdir(), ...SMALL, '--store', 'memory', '--json')
  t.equal(code, 0, stderr)
  t.equal(stderr, '')
  t.match(report, { delivered: 500, store: 'memory' })
})

t.test('texts of a file, on two devices each', async t => {
  const folder = t.testdir({ tmp: {}, texts: 'Grüße\n\nзвезда ✨\n' })
  const { code, stderr, report } = await simulate(
    `${folder}/tmp`,
    ...SMALL,
    '--text',
    `${folder}/texts`,
    '--devices',
    '2',
  )
  t.equal(code, 0, stderr)
  t.match(report, { sent: 500, delivered: 500 })
})

t.test('groups beside the rest, on two devices each', async t => {
  const argv = ['--users', '8', '--friends', '2', '--messages', '2', '--devices', '2', '--store', 'memory']
  const groups = ['--groups', '3', '--group-size', '5', '--group-messages', '4']
  const { code, stderr, report } = await simulate(t.testdir(), ...argv, ...groups)
  t.equal(code, 0, stderr)
  t.match(report, {
    sent: 32,
    delivered: 32,
    group_sent: 60,
    group_delivered: 60,
    group_order_violations: 0,
    unentitled: 0,
  })
  t.match(report, { lost: 0, duplicated: 0, reordered: 0 })
})

t.test('members of groups who come and go', async t => {
  const argv = ['--users', '8', '--friends', '2', '--messages', '2', '--store', 'memory']
  const groups = ['--groups', '3', '--group-size', '5', '--group-messages', '10', '--churn']
  const { code, stderr, report } = await simulate(t.testdir(), ...argv, ...groups)
  t.equal(code, 0, stderr)
  t.match(report, { group_sent: 150, group_order_violations: 0, unentitled: 0, lost: 0, duplicated: 0 })
  t.ok(report.group_delivered > 0, `${report.group_delivered} delivered`)
  t.match(stderr, /, ([1-9]\d*) left or removed, \1 back$/m)
})

t.test('messages to groups that are taken back: a share of them, of which nothing is left', async t => {
  const argv = ['--users', '6', '--friends', '2', '--messages', '2', '--devices', '2']
  const groups = ['--groups', '3', '--group-size', '4', '--group-messages', '5', '--recalls', '40']
  const { code, stderr, report } = await simulate(t.testdir(), ...argv, ...groups)
  t.equal(code, 0, stderr)
  t.match(report, { group_sent: 60, group_delivered: 60, recalled: 24, recall_leaks: 0, lost: 0, duplicated: 0 })
  t.match(stderr, /^recalls .* 6 of 6 timelines read$/m)
})

t.test(
  'boards: each listener reads what was posted, each list counts right, and new devices show the same',
  async t => {
    const argv = ['--users', '12', '--friends', '2', '--messages', '5', '--boards', '8', '--devices', '2']
    const { code, stderr, report } = await simulate(t.testdir(), ...argv, '--kill-every', '3', '--drop-every', '0.5')
    t.equal(code, 0, stderr)
    t.match(report, { posts: 120, unconfirmed_wrong: 0, first_screen_wrong: 0, lost: 0, duplicated: 0, reordered: 0 })
    t.ok(report.posts_removed > 0, `${report.posts_removed} removed`)
    t.match(stderr, /^look in .* 12 of 12 first screens compared;/m)
  },
)

t.test('killed servers and cut connections cost nothing but time', async t => {
  const folder = t.testdir()
  const { code, stderr, report } = await simulate(
    folder,
    ...SMALL,
    ...['--devices', '2', '--kill-every', '1', '--drop-every', '0.2'],
  )
  t.equal(code, 0, stderr)
  t.match(report, { sent: 500, accepted: 500, delivered: 500, lost: 0, duplicated: 0, reordered: 0 })
  t.ok(report.kills >= 1, `${report.kills} kills`)
  t.match(stderr, /; [1-9]\d* cuts$/m)
  t.same(readdirSync(folder), [])
})

t.test('a server that ends by itself ends the run, which says so', async t => {
  const folder = t.testdir()
  const { child, stderr, ended } = startSimulate(folder, ...SMALL, '--drop-every', '10')
  await eventually(() => /^messages/m.test(stderr()))
  const [server] = serversOf(child)
  process.kill(server ?? 0, 'SIGKILL')
  const { code, report, stderr: said } = await ended
  t.equal(code, 1)
  t.match(said, /^longwire: the server ended by itself, by SIGKILL$/m)
  t.ok(report.sent > 0 && report.sent < 500 && report.delivered < 500, 'what was known is told')
  t.same(readdirSync(folder), [])
})

t.test('Ctrl-C ends the run and the server with it', async t => {
  const folder = t.testdir()
  const { child, stderr, ended } = startSimulate(folder, ...SMALL, '--drop-every', '10')
  await eventually(() => /^messages/m.test(stderr()))
  const [server] = serversOf(child)
  child.kill('SIGINT')
  const { code, report, stderr: said } = await ended
  t.equal(code, 1)
  t.match(said, /^longwire: ended by SIGINT$/m)
  t.equal(report.users, 20)
  t.notOk(isAlive(server ?? 0))
  t.same(readdirSync(folder), [])
})

t.test('a server that runs already is used, twice with the same seed, and left as it is', async t => {
  const folder = t.testdir({ tmp: {} })
  const deaths: string[] = []
  const server = new ServerProcess({
    store: 'lmdb',
    dataFolder: `${folder}/data`,
    clock: systemClock,
    onDeath: message => deaths.push(message),
  })
  await server.start()
  t.teardown(() => server.stop())
  for (let time = 1; time <= 2; time++) {
    // The second time by all transports: each port takes everything.
    const port = String(server.addresses[0]?.port)
    const mixed = time === 1 ? [] : ['--transport', 'mixed', '--http-port', port]
    const argv = ['--server', `127.0.0.1:${port}`, '--seed', '3', ...mixed]
    const { code, stderr, report } = await simulate(`${folder}/tmp`, ...SMALL, ...argv)
    t.equal(code, 0, stderr)
    t.match(report, { delivered: 500, store: null, server_cpu_us_per_message: null, kills: 0 })
  }
  t.same(readdirSync(`${folder}/tmp`), [])
  t.same(deaths, [])
})

t.test('a server that cannot be reached is an end with a reason', async t => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  const { code, stderr } = await simulate(t.testdir(), ...SMALL, '--server', `127.0.0.1:${port}`)
  t.equal(code, 1)
  t.match(stderr, new RegExp(`^longwire: --server 127.0.0.1:${port}: .*ECONNREFUSED`, 'm'))
  const argv = ['--server', '127.0.0.1', '--transport', 'ws', '--http-port', String(port)]
  const short = await simulate(t.testdir(), ...SMALL, ...argv)
  t.equal(short.code, 1)
  t.match(short.stderr, new RegExp(`^longwire: --http-port 127.0.0.1:${port}: .*ECONNREFUSED`, 'm'))
})

t.test('a server that answers nothing is not waited for without end', async t => {
  const server = createServer(socket => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const parsed = parseSettings(['--server', `127.0.0.1:${port}`, '--users', '2', '--friends', '1'])
  if (parsed.kind !== 'settings') throw new Error(parsed.kind)
  const told: string[] = []
  const outcome = await new Run(parsed.settings, hundredfold, line => told.push(line)).toItsEnd()
  t.match(
    outcome.failure,
    /^nothing was done for 40 s \(login: 0 of 2 devices signed in, 0 online.*\); if it is for its limits/,
  )
  t.ok(told.length > 10, 'progress was told all the time')
})

t.test('a server that does not start says why', async t => {
  const folder = t.testdir({ data: 'a file' })
  const server = new ServerProcess({ store: 'lmdb', dataFolder: `${folder}/data`, clock: systemClock, onDeath: t.fail })
  await t.rejects(server.start(), /^the server did not start: it ended with exit code 1; it said: (?!longwire: ).*data/)
  t.equal(await server.stop(), undefined)
  await t.rejects(server.start(), /died/)
})

t.test('wrong options are one line and exit code 2; --help is none of that', async t => {
  const wrong = await simulate(t.testdir(), '--users', '0')
  t.equal(wrong.code, 2)
  t.equal(wrong.stdout, '')
  t.match(wrong.stderr, /^longwire: --users must be an integer of 2 to 15000, not "0" .*\n$/)
  const help = await simulate(t.testdir(), '--help')
  t.equal(help.code, 0)
  t.match(help.stdout, /--kill-every SECONDS/)
})
