/** `longwire verify --redis`: what it says of a store on Redis, and that it leaves nothing behind. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { blockField, logBlockOf } from '../../src/store/redis/layout.js'
import { userActor } from '../../src/sync/rules/records.js'
import { newFolder } from '../store/support/folder.js'
import { inLmdb, move, onRedis } from '../store/support/places.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { RedisServer } from '../support/redis-server.js'

const temporary = newFolder(t)

async function verify(...argv: readonly string[]) {
  const cli = new CliProcess(['verify', ...argv], { TMPDIR: temporary })
  const code = await cli.exit()
  t.same(readdirSync(temporary), [], 'nothing is left')
  return { code, stdout: cli.stdout, stderr: cli.stderr }
}

t.test('a store that people have used: no fault, a fault, damage, servers', async t => {
  const redis = await RedisServer.start({ appendfsync: 'no' })
  const client = redis.client()
  const { server, ready } = await CliProcess.serve('--redis', redis.url, '--limits', 'open', '--drain-ms', '200')
  const alice = await Person.online(ready.port, 'alice')
  const bob = await Person.online(ready.port, 'bob')
  await befriend(alice, bob)
  await alice.say(bob, 'one', 'two')
  await eventually(() => bob.shown.length === 2)
  t.match(await verify('--redis', redis.url), {
    code: 1,
    stderr: /^longwire: servers run on Redis at 127.0.0.1:\d+ \(\S+\): stop them first; longwire nodes shows them\n$/,
  })
  await alice.leave()
  await bob.leave()
  server.child.kill('SIGTERM')
  await server.exit()

  const whole = await verify('--redis', redis.url)
  t.match(whole, { code: 0, stderr: '', stdout: /epoch +1\n.*users +2\n.*friendships +[12]\n.*faults +0/s })
  const folder = join(newFolder(t), 'data')
  await move(onRedis(redis), inLmdb(folder))
  t.same(await verify('--data', folder), whole, 'the same words and numbers as of a folder')

  const key = `{${bob.uid % 256}}r/${userActor(bob.uid)}`
  const block = logBlockOf(await client.hgetBuffer(key, '\0l'))
  await client.hset(key, '\0l', blockField({ ...block, floor: 99 }))
  const faulty = await verify('--redis', redis.url)
  t.match(faulty, {
    code: 1,
    stderr: '',
    stdout: /^fault: the log of user\/\d+ was trimmed up to 99, and ends with \d+$/m,
  })
  await client.hset(key, '\0l', 'x')
  t.match(await verify('--redis', redis.url), {
    code: 65,
    stdout: '',
    stderr: `longwire: the data of ${userActor(bob.uid)} in Redis are damaged: the block of its log is in pieces\n`,
  })
})

t.test('wrong options, no Redis, no store', async t => {
  const redis = await RedisServer.start({ appendfsync: 'no' })
  t.match(await verify('--redis', redis.url, '--data', 'x'), { code: 2, stderr: /--redis takes the place of --data/ })
  t.match(await verify('--redis-password-file', 'x'), { code: 2, stderr: /--redis-password-file needs --redis/ })
  t.match(await verify('--redis', 'redis://u:hidden@127.0.0.1:1'), {
    code: 1,
    stderr: /^longwire: --redis: Redis cannot be reached: .*ECONNREFUSED 127.0.0.1:1\n$/,
  })
  t.match(await verify('--redis', redis.url), { code: 1, stderr: 'longwire: this Redis holds no Longwire data\n' })
})

t.test('ended by a signal it leaves nothing', async t => {
  const redis = await RedisServer.start({ appendfsync: 'no' })
  await redis.client().hset('{0}nodes', 'a-node', `${Date.now() + 60_000} 60000 {}`)
  const cli = new CliProcess(['verify', '--redis', redis.url], { TMPDIR: temporary })
  // It waits for the lease.
  await eventually(() => readdirSync(temporary).length > 0)
  cli.child.kill('SIGINT')
  t.equal(await cli.exit(), 1)
  t.equal(cli.stderr, 'longwire: ended by SIGINT: nothing was verified\n')
  t.same(readdirSync(temporary), [])
})
