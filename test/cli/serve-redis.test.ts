/** `longwire serve --redis`: wrong options, a Redis that is away for a while, and one that has lost its data. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CliProcess, START_LIMIT_MS } from '../support/cli-process.js'
import { runHere } from '../support/command.js'
import { eventually } from '../support/eventually.js'
import { RedisServer } from '../support/redis-server.js'
import { registerAccount } from '../support/server.js'

const PORTS = ['--port', '0', '--http-port', '0', '--limits', 'open'] as const

async function served(...argv: readonly string[]) {
  const server = new CliProcess(['serve', ...PORTS, '--ready-fd', '3', ...argv])
  await eventually(() => server.ready.endsWith('\n') || server.child.exitCode !== null, START_LIMIT_MS)
  return server
}

t.test('wrong options are refused in one line, and never show a password', async t => {
  for (const [argv, message] of [
    [['--redis', 'http://u:hidden@h'], /--redis: it must be a URL that begins with redis:/],
    [['--redis', 'redis://u:hidden@'], /--redis must be redis:\/\/HOST/],
    [['--redis', 'redis://u:hidden@h:0'], /a port is in 1 to 65535/],
    [['--redis', 'redis://h', '--data', 'there'], /--redis takes the place of --store and --data/],
    [['--redis', 'redis://h', '--store', 'memory'], /--redis takes the place of --store and --data/],
    [['--redis', 'redis://h', '--redis-password-file', '/nowhere/at/all'], /--redis-password-file cannot be read/],
    [['--require-durable'], /need --redis/],
  ] as const) {
    const { code, stdout, stderr } = await runHere(['serve', ...argv])
    t.equal(code, 2, argv.join(' '))
    t.match(stderr, message)
    t.notMatch(stdout + stderr, /hidden/)
    t.equal(stderr.split('\n').length, 2)
  }
})

t.test('a Redis that is not there: status 1 and one line', async t => {
  const redis = await RedisServer.start()
  await redis.kill()
  const server = new CliProcess(['serve', ...PORTS, '--redis', `redis://u:hidden@127.0.0.1:${redis.port}`])
  t.equal(await server.exit(), 1)
  t.match(server.stderr, /^longwire: --redis: Redis cannot be reached: .*ECONNREFUSED.*\n$/)
})

t.test('with a password from a file; away for a while; stopped in order', async t => {
  const redis = await RedisServer.start({ requirepass: 'its secret' })
  const file = join(t.testdir(), 'password')
  writeFileSync(file, 'its secret\n')
  const server = await served('--redis', redis.url, '--redis-password-file', file)
  const ready = JSON.parse(server.ready) as {
    readonly port: number
    readonly http_port: number
    readonly store: string
  }
  t.equal(ready.store, 'redis')
  t.match(server.stdout, new RegExp(`store {8}Redis at 127.0.0.1:${redis.port}\n`))
  await registerAccount(ready.port, 'alice')
  const isReady = async () => (await fetch(`http://127.0.0.1:${ready.http_port}/readyz`)).status === 200
  t.ok(await isReady())
  await redis.kill()
  await redis.restart()
  await eventually(isReady, 20_000)
  await registerAccount(ready.port, 'bob')
  t.notMatch(server.stdout + server.stderr, /its secret/)
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
})

t.test('a policy of contacts that is not the one in Redis is refused; beside others it is not changed', async t => {
  const redis = await RedisServer.start()
  const server = await served('--redis', redis.url, '--contacts', 'open')
  const [other, changing] = [[], ['--contacts-change']].map(
    more => new CliProcess(['serve', ...PORTS, '--redis', redis.url, '--contacts', 'required', ...more]),
  )
  t.equal(await other?.exit(), 2)
  t.match(other?.stderr, /^longwire: --contacts required: this store is run with --contacts open; [^\n]*\n$/m)
  t.equal(await changing?.exit(), 2)
  t.match(changing?.stderr, /^longwire: --contacts-change needs all other nodes on the store stopped[^\n]*\n$/m)
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
})

t.test('a Redis that was emptied: the server ends and says why', async t => {
  const redis = await RedisServer.start()
  const server = await served('--redis', redis.url)
  const { port } = JSON.parse(server.ready) as { readonly port: number }
  await registerAccount(port, 'alice')
  await redis.client().flushall()
  registerAccount(port, 'bob').catch(() => {})
  t.equal(await server.exit(), 65)
  t.match(server.stderr, /this Redis has lost its data/)
})

t.test('stopped while Redis does not answer a write: the server ends all the same', async t => {
  const redis = await RedisServer.start()
  const server = await served('--redis', redis.url, '--drain-ms', '100')
  const { port } = JSON.parse(server.ready) as { readonly port: number }
  await registerAccount(port, 'alice')
  const admin = redis.client()
  await admin.call('CLIENT', 'PAUSE', 600_000, 'WRITE')
  registerAccount(port, 'bob').catch(() => {})
  await eventually(async () => / flags=\S*b\S* .*cmd=eval/.test(String(await admin.call('CLIENT', 'LIST'))))
  const beganMs = performance.now()
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0, server.stderr)
  const tookMs = performance.now() - beganMs
  t.ok(tookMs < 30_000, `${tookMs} ms: about 3 s, and what a busy machine adds`)
})
