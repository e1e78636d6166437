/** `longwire migrate`: people go on after it as if nothing had been. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { newFolder } from '../store/support/folder.js'
import { aCluster, aSingle, filled, small } from '../store/support/places.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { RedisServer } from '../support/redis-server.js'
import { loginAccount } from '../support/server.js'
import { Writer } from '../support/writer.js'

async function run(...argv: readonly string[]) {
  const cli = new CliProcess(argv)
  return { code: await cli.exit(), stdout: cli.stdout, stderr: cli.stderr }
}

function migrate(from: string, to: string) {
  return run('migrate', '--from', from, '--to', to, '--redis-replicas', '0')
}

async function moves(t: Test, from: string, to: string): Promise<void> {
  const { code, stdout, stderr } = await migrate(from, to)
  t.equal(code, 0, stderr)
  t.match(stdout, /\d+ timelines with \d+ items, and all records\n.* is as it was\. Serve only /)
}

/** @param port of the server before it: clients come back to it by themselves */
async function serve(place: string, port = 0) {
  const store = place.startsWith('lmdb:') ? ['--data', place.slice(5)] : ['--redis', place, '--redis-replicas', '0']
  const { server, ready } = await CliProcess.serve(
    ...store,
    '--port',
    String(port),
    '--limits',
    'open',
    '--drain-ms',
    '200',
  )
  return {
    port: ready.port,
    kill: () => server.child.kill('SIGKILL'),
    async stop(): Promise<void> {
      server.child.kill('SIGTERM')
      t.equal(await server.exit(), 0, server.stderr)
    },
  }
}

function textsOf({ shown }: Person): string[] {
  return shown.map(({ text }) => text)
}

/** What a client would be told if the store were not the one that it knows. */
function surprises({ events }: Person): string[] {
  return events.filter(event => event === 'UNAUTHENTICATED' || event === 'trimmed' || event.startsWith('resync'))
}

t.test('sessions, unread messages and uids go to Redis and back with their clients', async t => {
  const redis = await aSingle()
  const [there, back] = [join(newFolder(t), 'data'), join(newFolder(t), 'back')]
  let server = await serve(`lmdb:${there}`)
  const { port } = server
  const alice = await Person.online(port, 'alice')
  const bob = await Person.online(port, 'bob')
  await befriend(alice, bob)
  await bob.leave()
  await alice.say(bob, 'one', 'two')
  await server.stop()
  // Not yet sent: it waits in the client.
  alice.client.send(bob.uid, 'three')
  await moves(t, `lmdb:${there}`, redis.url)

  server = await serve(redis.url, port)
  await bob.come(port)
  await Promise.all([alice.caughtUp(), bob.caughtUp()])
  await eventually(() => bob.shown.length >= 3)
  await bob.say(alice, 'four')
  await eventually(() => alice.shown.length >= 1)
  await server.stop()
  await moves(t, redis.url, `lmdb:${back}`)

  server = await serve(`lmdb:${back}`, port)
  await alice.say(bob, 'five')
  await bob.say(alice, 'six')
  await eventually(() => bob.shown.length >= 4 && alice.shown.length >= 2)
  const carol = await Person.online(port, 'carol')
  t.ok(carol.uid !== alice.uid && carol.uid !== bob.uid)
  t.same(textsOf(bob), ['one', 'two', 'three', 'five'])
  t.same(textsOf(alice), ['four', 'six'])
  t.same([...surprises(alice), ...surprises(bob)], [])
  t.same(await bob.texts(alice), ['one', 'two', 'three', 'four', 'five', 'six'])
  for (const person of [alice, bob, carol]) await person.leave()
  await server.stop()
  t.match(await run('verify', '--data', back), { code: 0, stdout: /faults +0/ })
})

/** The number of entries that wait in outboxes. */
function waiting(folder: string): Promise<number> {
  return viewStore(folder, systemClock, view => {
    let count = 0
    for (const { actor } of view.records()) if (actor.startsWith('outbox/')) count++
    return count
  })
}

for (const last of ['lmdb', 'redis'] as const) {
  t.test(`what waits in outboxes of a Cluster is delivered once by ${last}`, async t => {
    const cluster = await aCluster()
    const folder = join(newFolder(t), 'moved')
    const server = await serve(cluster.url)
    const alice = await Person.online(server.port, 'alice')
    const bob = await Person.online(server.port, 'bob')
    await befriend(alice, bob)
    await alice.leave()
    await bob.leave()
    const writer = new Writer(await loginAccount(server.port, 'alice'), bob.uid, 20)
    await writer.connect(server.port)
    const writing = writer.write(() => false, 64)
    await eventually(() => writer.accepted.size > 200)
    server.kill()
    await writing
    writer.close()
    await moves(t, cluster.url, `lmdb:${folder}`)
    t.ok((await waiting(folder)) > 0, 'something waits')
    const single = (await aSingle()).url
    if (last === 'redis') await moves(t, `lmdb:${folder}`, single)
    const now = await serve(last === 'redis' ? single : `lmdb:${folder}`)
    await bob.come(now.port)
    const shown = () => textsOf(bob).map(text => Number.parseInt(text, 10))
    await eventually(() => [...writer.accepted].every(number => shown().includes(number)), 20_000)
    t.same(
      shown(),
      [...new Set(shown())].sort((a, b) => a - b),
      'once, in order',
    )
    t.same(surprises(bob), [])
    await bob.leave()
    await now.stop()
    const end = join(newFolder(t), 'end')
    if (last === 'redis') await moves(t, single, `lmdb:${end}`)
    const settled = last === 'redis' ? end : folder
    t.equal(await waiting(settled), 0)
    t.match(await run('verify', '--data', settled), { code: 0, stdout: /faults +0/ })
  })
}

t.test('killed in the middle: no server starts on it, and the same command ends it', async t => {
  const { folder } = await filled(t)
  const redis = await RedisServer.start({ appendfsync: 'no' })
  const client = redis.client()
  const cli = new CliProcess(['migrate', '--from', `lmdb:${folder}`, '--to', redis.url])
  await eventually(async () => (await client.dbsize()) > 20)
  cli.child.kill('SIGKILL')
  await cli.exit()
  const server = await run('serve', '--redis', redis.url)
  t.match(server, { code: 1, stderr: 'longwire: a migration into this Redis was not finished: run it again\n' })
  await moves(t, `lmdb:${folder}`, redis.url)
  for (const [signal, code, said] of [
    ['SIGKILL', 'SIGKILL', ''],
    ['SIGINT', 1, 'longwire: ended by SIGINT: the migration is not finished, and the same command begins again\n'],
    ['SIGTERM', 1, 'longwire: ended by SIGTERM: the migration is not finished, and the same command begins again\n'],
  ] as const) {
    const to = join(newFolder(t), 'to')
    const back = new CliProcess(['migrate', '--from', redis.url, '--to', `lmdb:${to}`])
    await eventually(() => existsSync(join(to, 'migrate.partial')))
    back.child.kill(signal)
    t.equal(await back.exit(), code)
    t.equal(back.stderr, said)
    const refusal = {
      code: 1,
      stderr: `longwire: a migration into ${to} was not finished: run it again, or remove ${to}\n`,
    }
    t.match(await run('serve', '--port', '0', '--http-port', '0', '--data', to), refusal)
    t.match(await run('verify', '--data', to), refusal)
    t.match(await run('backup', `${to}-backup`, '--data', to), refusal)
    await moves(t, redis.url, `lmdb:${to}`)
  }
})

t.test('each refusal has its exit code and one line that names the thing', async t => {
  const { folder } = await small(t)
  const redis = await aSingle()
  const refused = async (from: string, to: string, code: number, stderr: RegExp) => {
    const found = await migrate(from, to)
    t.equal(found.code, code, found.stderr)
    t.match(found.stderr, stderr)
    t.equal(found.stderr.split('\n').length, 2)
    t.notMatch(found.stderr, /hidden/)
  }
  const lmdb = `lmdb:${folder}`
  await refused('lmdb:/nowhere/at/all', redis.url, 66, /^longwire: \/nowhere\/at\/all holds no Longwire data/)
  await refused(redis.url, 'lmdb:/none', 66, /^longwire: Redis at 127.0.0.1:\d+: this Redis holds no Longwire data/)
  await refused(lmdb, 'redis://u:hidden@127.0.0.1:1', 69, /^longwire: Redis cannot be reached: .*ECONNREFUSED/)
  await refused('redis://u:hidden@127.0.0.1:1', 'lmdb:/none', 69, /^longwire: Redis cannot be reached: .*ECONNREFUSED/)
  await moves(t, lmdb, redis.url)
  await refused(lmdb, redis.url, 73, /^longwire: Redis at 127.0.0.1:\d+: this Redis holds this store already/)
  await refused(redis.url, lmdb, 73, /^longwire: the data folder \S+ is not empty/)
  await refused(lmdb, `${redis.url}/77`, 2, /^longwire: --to: 77 is not a database/)
  await refused(redis.url, 'ldmb:x', 2, /^longwire: --to must be lmdb:FOLDER or a URL of Redis, not "ldmb:x"/)
  const { server } = await CliProcess.serve('--redis', redis.url)
  await refused(
    redis.url,
    `${lmdb}-new`,
    75,
    /^longwire: servers run on Redis at 127.0.0.1:\d+ \(\S+\): stop them first/,
  )
  await refused(lmdb, redis.url, 75, /^longwire: servers run on Redis at/)
  server.child.kill('SIGKILL')
  const other = await CliProcess.serve('--data', folder)
  await refused(lmdb, `${redis.url}/3`, 75, /^longwire: the data folder \S+ is in use by process \d+/)
  other.server.child.kill('SIGKILL')
})
