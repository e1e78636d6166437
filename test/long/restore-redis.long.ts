/** A backup of Redis is put back under people whose clients went on since, as docs/redis.md says it. */

import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newFolder } from '../store/support/folder.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { RedisServer } from '../support/redis-server.js'
import { PASSWORD } from '../support/server.js'

async function run(...argv: readonly string[]) {
  const cli = new CliProcess(argv)
  return { code: await cli.exit(), stdout: cli.stdout, stderr: cli.stderr }
}

async function serve(t: Test, { url }: RedisServer, port = 0) {
  const argv = ['--redis', url, '--port', String(port), '--limits', 'open', '--drain-ms', '200']
  const { server, ready } = await CliProcess.serve(...argv)
  const stop = async (): Promise<void> => {
    server.child.kill('SIGTERM')
    t.equal(await server.exit(), 0, server.stderr)
  }
  return { port: ready.port, stop }
}

/** Copies the append-only file as an operator does. */
async function backUp(redis: RedisServer, to: string): Promise<void> {
  const client = redis.client()
  await client.config('SET', 'auto-aof-rewrite-percentage', '0')
  t.match(await client.info('persistence'), /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/)
  fs.cpSync(join(redis.folder, 'appendonlydir'), to, { recursive: true })
  await client.config('SET', 'auto-aof-rewrite-percentage', '100')
}

async function putBack(redis: RedisServer, from: string): Promise<void> {
  await redis.stop()
  const files = join(redis.folder, 'appendonlydir')
  fs.rmSync(files, { recursive: true })
  fs.cpSync(from, files, { recursive: true })
  await redis.restart()
  t.ok((await redis.client().dbsize()) > 0)
}

/** Nobody was shown anything twice. */
function twice({ shown }: Person): string[] {
  const ids = shown.map(({ sender, device, sendSeq }) => `${sender}/${device}/${sendSeq}`)
  return ids.filter((id, i) => ids.indexOf(id) !== i)
}

t.test('clients that went on resync, show nothing twice, agree, and go on', async t => {
  const redis = await RedisServer.start()
  const backup = join(newFolder(t), 'appendonlydir')
  let server = await serve(t, redis)
  const { port } = server
  const alice = await Person.online(port, 'alice')
  const bob = await Person.online(port, 'bob')
  await befriend(alice, bob)
  await alice.say(bob, 'before 1', 'before 2')
  await eventually(() => bob.shown.length === 2)
  await backUp(redis, backup)

  // What the backup does not know: an epoch of a Redis that was started anew, messages both ways, a device, a person.
  await redis.kill()
  await redis.restart()
  await alice.say(bob, 'lost 1', 'lost 2', 'lost 3')
  await bob.say(alice, 'answer, lost')
  const tablet = new Person('alice')
  await tablet.come(port)
  await tablet.client.account.login({ account: 'alice', password: PASSWORD })
  const tabletNumber = tablet.client.account.device
  const carol = await Person.online(port, 'carol')
  const carolBefore = carol.uid
  await eventually(() => bob.shown.length === 5 && alice.shown.length === 1)

  t.match(await run('restore', '--redis', redis.url, '--epoch', '3'), { code: 1, stderr: /servers run on Redis at/ })
  await server.stop()
  alice.client.send(bob.uid, 'written while it was away')
  await putBack(redis, backup)
  const host = redis.url.slice('redis://'.length)
  t.same(await run('restore', '--redis', redis.url, '--epoch', '3'), {
    code: 0,
    stdout: `Redis at ${host}: epoch 3\n`,
    stderr: '',
  })
  server = await serve(t, redis, port)

  await Promise.all([alice.caughtUp(), bob.caughtUp()])
  await eventually(() => carol.events.includes('UNAUTHENTICATED') && tablet.events.includes('UNAUTHENTICATED'), 20_000)
  await alice.say(bob, 'after 1')
  await bob.say(alice, 'after 2')
  await eventually(() => bob.shown.at(-1)?.text === 'after 1' && alice.shown.at(-1)?.text === 'after 2')
  t.ok(alice.events.includes('resync'), alice.events.join(', '))
  t.ok(bob.events.includes('resync'), bob.events.join(', '))
  for (const person of [alice, bob]) t.same(twice(person), [])
  const once = ['before 1', 'before 2', 'lost 1', 'lost 2', 'lost 3']
  t.same(
    bob.shown.map(({ text }) => text).filter(text => once.includes(text)),
    once,
  )
  // What bob has of alice and what alice has sent is the same, but for what she was told nobody may have got.
  const got = (await bob.texts(alice)).filter(text => !text.startsWith('failed: '))
  const sent = (await alice.texts(bob)).filter(text => !text.startsWith('failed: '))
  t.same([...got].sort(), [...sent].sort())
  for (const text of ['before 1', 'before 2', 'written while it was away', 'after 1', 'after 2'])
    t.ok(sent.includes(text), text)

  // Numbers that were given out and lost are not given to anybody else.
  const dave = await Person.online(port, 'dave')
  await carol.client.account.register({ account: 'carol', password: PASSWORD })
  await carol.caughtUp()
  t.not(carol.uid, carolBefore)
  t.not(dave.uid, carolBefore)
  await tablet.client.account.login({ account: 'alice', password: PASSWORD })
  await tablet.caughtUp()
  t.ok(tablet.client.account.device > tabletNumber)
  await eventually(() => tablet.shown.some(({ text }) => text === 'after 1'))

  for (const person of [alice, bob, carol, dave, tablet]) await person.leave()
  await server.stop()
  t.match(await run('verify', '--redis', redis.url), { code: 0, stdout: /^epoch +3\nusers +4\n.*faults +0$/ms })
})

t.test('what a restore on Redis refuses', async t => {
  const redis = await RedisServer.start({ appendfsync: 'no' })
  const restore = (...argv: readonly string[]) => run('restore', ...argv)
  t.match(await restore(), { code: 2, stderr: /the backup to be restored is missing/ })
  t.match(await restore('--redis', redis.url, 'folder'), { code: 2, stderr: /--redis takes no folder: put the files/ })
  t.match(await restore('folder', '--redis-replicas', '0'), { code: 2, stderr: /--redis-replicas needs --redis/ })
  t.match(await restore('--redis', redis.url, '--data', 'x'), { code: 2, stderr: /--redis takes the place of --data/ })
  t.match(await restore('--redis', redis.url), { code: 1, stderr: 'longwire: this Redis holds no Longwire data\n' })
  t.match(await restore('--redis', redis.url, '--redis-replicas', '1'), {
    code: 1,
    stderr: /^longwire: Redis at 127.0.0.1:\d+ has 0 of the 1 replicas that must have a write/,
  })
})
