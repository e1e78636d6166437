/** A backup of Redis is put back under people whose clients went on since, as docs/redis.md says it. */

import fs from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newFolder } from '../store/support/folder.js'
import { CliProcess } from '../support/cli-process.js'
import { RedisServer } from '../support/redis-server.js'
import { RestoredPeople } from '../support/restored-people.js'

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

t.test('clients that went on resync, show nothing twice, agree, and go on', async t => {
  const redis = await RedisServer.start()
  const backup = join(newFolder(t), 'appendonlydir')
  let server = await serve(t, redis)
  const { port } = server
  const people = await RestoredPeople.begin(port)
  await backUp(redis, backup)

  // The backup does not know the epoch of a Redis that was started anew, either.
  await redis.kill()
  await redis.restart()
  await people.goOn(port)

  t.match(await run('restore', '--redis', redis.url, '--epoch', '3'), { code: 1, stderr: /servers run on Redis at/ })
  await server.stop()
  people.write()
  await putBack(redis, backup)
  const host = redis.url.slice('redis://'.length)
  t.same(await run('restore', '--redis', redis.url, '--epoch', '3'), {
    code: 0,
    stdout: `Redis at ${host}: epoch 3\n`,
    stderr: '',
  })
  t.match(await run('restore', '--redis', redis.url), {
    code: 0,
    stdout: `Redis at ${host}: epoch 4\n`,
    stderr: /^longwire: WARNING: no --epoch was named.* If longwire nodes has shown 4 or more, .*\n$/,
  })
  server = await serve(t, redis, port)

  await people.end(t, port)
  await server.stop()
  t.match(await run('verify', '--redis', redis.url), { code: 0, stdout: /^epoch +4\nusers +4\n.*faults +0$/ms })
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
