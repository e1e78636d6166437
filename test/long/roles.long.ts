/** Access and logic nodes as processes: logic nodes come and go, and no client notices. */

import { join } from 'node:path'
import t from 'tap'
import { CliProcess, type Ready } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { RedisServer } from '../support/redis-server.js'

interface Served {
  readonly server: CliProcess
  readonly ready: Ready
}

function access(logic: readonly string[], ...argv: string[]): Promise<Served> {
  const options = ['--role', 'access', '--limits', 'open', '--drain-ms', '200']
  return CliProcess.serve(...options, ...logic.flatMap(each => ['--logic', each]), ...argv)
}

async function said(person: Person, to: Person, texts: readonly string[]): Promise<void> {
  await person.say(to, ...texts)
  await eventually(() => texts.every(text => to.shown.some(shown => shown.text === text)))
}

/** What a person was shown of the others' messages, in order. */
function textsOf(person: Person): string[] {
  return person.shown.filter(({ sender }) => sender !== person.uid).map(({ text }) => text)
}

t.test('options of roles that do not go together are refused in one line', async t => {
  const short = join(t.testdir({ short: 'fifteen letters' }), 'short')
  for (const [argv, message] of [
    [['--role', 'access'], /--role access needs --redis, or --logic/],
    [['--role', 'access', '--logic', 'h'], /--role access needs --cluster-secret-file/],
    [['--role', 'access', '--logic', 'h', '--redis', 'redis://h'], /leave --logic out/],
    [['--role', 'access', '--redis', 'redis://h', '--link-port', '0'], /an access node opens its links itself/],
    [['--role', 'logic'], /--role logic needs --cluster-secret-file/],
    [['--link-port', '0'], /--role all with --link-port needs --cluster-secret-file/],
    [['--redis', 'redis://h', '--role', 'logic', '--host', '0.0.0.0'], /links on --host 0.0.0.0 need --advertise/],
    [['--logic', 'h'], /--logic is for --role access/],
    [['--cluster-secret-file', short], /needs --role access or logic, or --link-port/],
    [['--role', 'logic', '--cluster-secret-file', '/nowhere/at/all'], /--cluster-secret-file cannot be read/],
    [['--role', 'logic', '--cluster-secret-file', short], /has fewer than 16 characters/],
    [['--link-port', '8081', '--cluster-secret-file', short], /--link-port and --port are both 8081/],
  ] as const) {
    const server = new CliProcess(['serve', ...argv])
    t.equal(await server.exit(), 2, argv.join(' '))
    t.match(server.stderr, message)
    t.equal(server.stderr.split('\n').length, 2)
  }
})

t.test('one logic node with lmdb behind two access nodes: it is killed and stopped, and no client notices', async t => {
  const folder = t.testdir({ secret: 'the secret of this test' })
  const [secret, data] = [join(folder, 'secret'), join(folder, 'data')]
  const start = (port: number): Promise<Served> => {
    const options = ['--role', 'logic', '--data', data, '--cluster-secret-file', secret, '--limits', 'open']
    return CliProcess.serve(...options, '--link-port', String(port), '--drain-ms', '2000')
  }
  let logic = await start(0)
  const { link_port = 0 } = logic.ready
  t.match(logic.ready, { port: -1, http_port: -1, store: 'lmdb' })
  t.match(logic.server.stdout, /clients {6}none: they connect to access nodes/)
  const where = [`127.0.0.1:${link_port}`]
  const one = await access(where, '--cluster-secret-file', secret)
  const other = await access(where, '--cluster-secret-file', secret)
  const alice = await Person.online(one.ready.port, 'alice')
  const bob = await Person.online(other.ready.port, 'bob')
  await befriend(alice, bob)
  await said(alice, bob, ['before'])
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    logic.server.child.kill(signal)
    const sending = said(alice, bob, [`${signal} 1`, `${signal} 2`])
    await logic.server.exit()
    logic = await start(link_port)
    await sending
    await said(bob, alice, [`back after ${signal}`])
  }
  t.same(textsOf(bob), ['before', 'SIGKILL 1', 'SIGKILL 2', 'SIGTERM 1', 'SIGTERM 2'])
  t.same(textsOf(alice), ['back after SIGKILL', 'back after SIGTERM'])
  t.same([alice.events, bob.events], [[], []], 'no connection was lost')
  const metrics = await (await fetch(`http://127.0.0.1:${one.ready.http_port}/metrics`)).text()
  t.match(metrics, /^longwire_links 1$/m)
  // A client that comes while there is no logic node waits for it.
  logic.server.child.kill('SIGKILL')
  await logic.server.exit()
  const ready = await fetch(`http://127.0.0.1:${one.ready.http_port}/readyz`)
  t.equal(ready.status, 503)
  t.match(await ready.text(), /no logic node is linked/)
  await bob.leave()
  await bob.come(one.ready.port)
  logic = await start(link_port)
  await bob.caughtUp()
  await said(alice, bob, ['again'])
  await Promise.all([alice.leave(), bob.leave()])
  for (const { server } of [one, other, logic]) {
    server.child.kill('SIGTERM')
    t.equal(await server.exit(), 0)
  }
})

t.test('two logic nodes on Redis: one after the other is stopped or killed, and no client notices', async t => {
  const redis = await RedisServer.start()
  const options = ['--redis', redis.url, '--redis-replicas', '0', '--limits', 'open', '--drain-ms', '2000']
  const logic = () => CliProcess.serve('--role', 'logic', '--link-port', '0', ...options)
  const logics = [await logic(), await logic()]
  const one = await access([], ...options)
  const other = await access([], ...options)
  const linked = ({ server }: Served): number => server.stderr.split('linked with a logic node').length - 1
  await eventually(() => linked(one) === 2 && linked(other) === 2)
  const alice = await Person.online(one.ready.port, 'alice')
  const bob = await Person.online(other.ready.port, 'bob')
  await befriend(alice, bob)
  const texts: string[] = []
  for (const [round, signal] of (['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const).entries()) {
    const gone = logics.shift()
    gone?.server.child.kill(signal)
    const these = Array.from({ length: 10 }, (_, i) => `${round}.${i}`)
    texts.push(...these)
    await said(alice, bob, these)
    await gone?.server.exit()
    logics.push(await logic())
    await eventually(() => linked(one) === 3 + round && linked(other) === 3 + round)
  }
  t.same(textsOf(bob), texts)
  t.same([alice.events, bob.events], [[], []], 'no connection was lost')
  await Promise.all([alice.leave(), bob.leave()])
})

t.test('with another secret there is no link: a clear line, and the node says that it is not ready', async t => {
  const folder = t.testdir({ right: 'the secret of this test', wrong: 'quite another secret' })
  const secret = (name: string): string[] => ['--cluster-secret-file', join(folder, name)]
  const data = ['--data', join(folder, 'data')]
  const logic = await CliProcess.serve('--role', 'logic', '--link-port', '0', ...data, ...secret('right'))
  const it = await access([`127.0.0.1:${logic.ready.link_port}`], ...secret('wrong'))
  await eventually(() => it.server.stderr.includes('it does not know the cluster secret of this node'))
  t.equal((await fetch(`http://127.0.0.1:${it.ready.http_port}/readyz`)).status, 503)
})
