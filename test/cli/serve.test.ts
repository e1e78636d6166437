/** `longwire serve` as a person meets it: what it prints, what it refuses and how it ends. */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { METHODS } from '../../protocol/methods.js'
import { CliProcess, START_LIMIT_MS } from '../support/cli-process.js'
import { runHere } from '../support/command.js'
import { eventually } from '../support/eventually.js'
import { RawClient } from '../support/raw-client.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

/** Runs it to its end: the exit code, and what it printed. */
async function run(...argv: string[]) {
  const cli = new CliProcess(argv)
  const code = await cli.exit()
  return { code, stdout: cli.stdout, stderr: cli.stderr }
}

/** One clear line, no stack. */
function isOneLine(text: string): boolean {
  return /^longwire: [^\n]+\n$/.test(text) && !/\n\s+at /.test(text)
}

t.test('prints where it listens and what to try next; health is good; SIGTERM drains it', async t => {
  const server = new CliProcess(['serve', '--port', '0', '--http-port', '0', '--data', t.testdir(), '--ready-fd', '3'])
  await eventually(() => server.ready !== '' && server.stdout.includes('try'), START_LIMIT_MS)
  const ready = JSON.parse(server.ready) as {
    port: number
    http_port: number
    pid: number
    host: string
    store: string
  }
  t.match(ready, { host: '127.0.0.1', store: 'lmdb', pid: server.child.pid })
  t.match(server.stdout, `127.0.0.1:${ready.port}`)
  t.match(server.stdout, `http://127.0.0.1:${ready.http_port} `)
  t.match(server.stdout, `web page     http://127.0.0.1:${ready.http_port}/\n`)
  t.match(
    server.stdout,
    `longwire chat --account NAME --server 127.0.0.1:${ready.port} --http-port ${ready.http_port} `,
  )
  t.notMatch(server.stdout, /NOT encrypted/)
  const health = await fetch(`http://127.0.0.1:${ready.http_port}/healthz`)
  t.same([health.status, await health.text()], [200, 'ok'])
  await registerAccount(ready.port, 'alice')
  const { client } = await RawClient.open(ready.port, {})
  server.child.kill('SIGTERM')
  t.ok((await client.notice(METHODS.drain.number)).retryAfterMs > 0)
  t.equal(await client.end(), 'DRAINING')
  t.equal(await server.exit(), 0)
  for (const line of server.stderr.trim().split('\n')) t.type(JSON.parse(line), 'object')
})

t.test('the policy of contacts is in the data folder: another one is refused', async t => {
  const folder = ['--store', 'lmdb', '--data', t.testdir()]
  const server = await startTestServer({ config: testConfig(...folder, '--contacts', 'open') })
  await server.drain()
  const { code, stdout, stderr } = await run(
    'serve',
    '--port',
    '0',
    '--http-port',
    '0',
    ...folder,
    '--contacts',
    'required',
  )
  t.same([code, stdout], [2, ''])
  t.equal(
    stderr.split('\n').at(-2),
    'longwire: --contacts required: this store is run with --contacts open; add --contacts-change to change the store, once',
  )
})

t.test('with one port it says so, to people and to programs', async t => {
  for (const none of ['--http-port', '--port']) {
    const { server, ready } = await CliProcess.serve('--store', 'memory', none, 'none')
    t.equal(ready.port, ready.http_port, 'a program that knows of two finds each protocol where it looks')
    const port = String(ready.port)
    await eventually(() => server.stdout.includes('try'))
    t.match(server.stdout, `both sides   127.0.0.1:${port} (TCP) and http://127.0.0.1:${port} `)
    t.match(server.stdout, `--server 127.0.0.1:${port} --http-port ${port} `)
    t.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
    await registerAccount(ready.port, 'alice')
    server.child.kill('SIGTERM')
    t.equal(await server.exit(), 0)
  }
})

t.test('SIGINT ends it, what was stored is there again, and the log can be silent', async t => {
  const data = t.testdir()
  const first = await CliProcess.serve('--data', data, '--log-level', 'silent')
  const { uid } = await registerAccount(first.ready.port, 'alice')
  first.server.child.kill('SIGINT')
  t.equal(await first.server.exit(), 0)
  t.equal(first.server.stderr, '')
  const second = await CliProcess.serve('--data', data)
  t.match(await registerAccount(second.ready.port, 'alice'), { uid, device: 1 }, 'the same key logs in')
  second.server.child.kill('SIGINT')
  t.equal(await second.server.exit(), 0)
})

/** Sends the process a signal as soon as it has written its ready line, before it does anything else. */
const SIGNAL_WHEN_READY = `
  const fs = require('node:fs')
  const { syncBuiltinESMExports } = require('node:module')
  const { writeSync } = fs
  fs.writeSync = (fd, ...rest) => {
    const written = writeSync(fd, ...rest)
    if (fd === 3) process.kill(process.pid, 'SIGTERM')
    return written
  }
  syncBuiltinESMExports()
`

t.test('a signal drains it from the moment at which it says that it is ready', async t => {
  const folder = t.testdir({ 'signal.cjs': SIGNAL_WHEN_READY })
  const server = new CliProcess(
    ['serve', ...['--port', '0', '--http-port', '0', '--store', 'memory', '--ready-fd', '3', '--drain-ms', '200']],
    {},
    // By a program in between, so that tap's own options, which bring handlers of signals, do not reach it.
    ['env', `NODE_OPTIONS=--require ${folder}/signal.cjs`],
  )
  t.equal(await server.exit(), 0)
  t.match(server.ready, /"port"/)
  t.match(server.stderr, /"stopped"/)
})

t.test('a second signal ends it at once', async t => {
  const { server, ready } = await CliProcess.serve('--store', 'memory', '--drain-ms', '60000')
  const client = await RawClient.connect(ready.port)
  client.socket.pause() // it will not finish its side
  await RawClient.open(ready.port, {})
  client.send(Uint8Array.of(0))
  server.child.kill('SIGTERM')
  server.child.kill('SIGTERM') // the same one, forwarded
  await eventually(() => server.stderr.includes('draining'))
  await eventually(() => {
    server.child.kill('SIGINT')
    return server.child.exitCode !== null
  })
  t.equal(await server.exit(), 1)
  client.destroy()
})

t.test('beyond loopback it says that nothing is encrypted', async t => {
  const server = new CliProcess(['serve', '--host', '0.0.0.0', '--port', '0', '--http-port', '0', '--store', 'memory'])
  await eventually(() => server.stdout.includes('try'), START_LIMIT_MS)
  t.match(server.stdout, /NOT encrypted/)
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
})

t.test('a port that is taken', async t => {
  const holder = createServer()
  await new Promise<void>(resolve => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as AddressInfo
  for (const [option, other] of [
    ['--port', '--http-port'],
    ['--http-port', '--port'],
  ] as const) {
    const { code, stdout, stderr } = await run('serve', '--store', 'memory', option, String(port), other, '0')
    t.equal(code, 1)
    t.equal(stdout, '')
    t.ok(isOneLine(stderr), stderr)
    t.match(stderr, `${option}: 127.0.0.1:${port} is taken`)
  }
  holder.close()
})

t.test('a data folder that is in use, is no folder, or holds something else', async t => {
  const dir = t.testdir({ file: 'not a folder', other: { 'data.mdb': 'this was never a database' } })
  chmodSync(join(dir, 'other'), 0o700)
  const { server } = await CliProcess.serve('--data', join(dir, 'used'))
  const cases: [folder: string, message: RegExp][] = [
    [join(dir, 'used'), /in use/],
    [join(dir, 'file'), /cannot be used|not a folder|ENOTDIR|EEXIST/i],
    [join(dir, 'other'), /other/],
  ]
  for (const [folder, message] of cases) {
    const { code, stderr } = await run('serve', '--data', folder, '--port', '0', '--http-port', '0')
    t.equal(code, 1, folder)
    t.ok(isOneLine(stderr), stderr)
    t.match(stderr, message)
    t.match(stderr, folder)
  }
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
  t.equal(readFileSync(join(dir, 'other', 'data.mdb'), 'utf8'), 'this was never a database', 'nothing was touched')
})

t.test('a data folder that cannot be written to', async t => {
  const dir = t.testdir({})
  mkdirSync(join(dir, 'blocked'))
  writeFileSync(join(dir, 'blocked', 'inside'), '')
  const { code, stderr } = await run('serve', '--data', join(dir, 'blocked', 'inside', 'deeper'))
  t.equal(code, 1)
  t.ok(isOneLine(stderr), stderr)
})

t.test('unknown options, wrong values, unknown commands', async t => {
  for (const [argv, message] of [
    [['serve', '--prot', '1'], /unknown option: --prot/],
    [['serve', '--port', 'high'], /--port must be an integer of 0 to 65535, or none, not "high"/],
    [['serve', 'now'], /unexpected argument: now/],
    [['serve', '--limits', 'open', '--host', '0.0.0.0'], /--limits open is only taken on loopback/],
    [['sreve'], /unknown command: sreve/],
    [['--prot'], /unknown option: --prot/],
  ] as [string[], RegExp][]) {
    const { code, stdout, stderr } = await runHere(argv)
    t.equal(code, 2)
    t.equal(stdout, '')
    t.ok(isOneLine(stderr), stderr)
    t.match(stderr, message)
  }
  const cli = new CliProcess(['serve'], { LONGWIRE_PROT: '1' })
  t.equal(await cli.exit(), 2)
  t.match(cli.stderr, /LONGWIRE_PROT/)
})

t.test('in a cluster with a Service of its name it serves, and one line says what it skipped', async t => {
  const services = { LONGWIRE_PORT: 'tcp://10.96.12.7:8081', LONGWIRE_SERVICE_HOST: '10.96.12.7' }
  const argv = ['serve', '--store', 'memory', '--port', '0', '--http-port', '0', '--ready-fd', '3']
  const server = new CliProcess(argv, services)
  await eventually(() => server.ready.endsWith('\n') || server.child.exitCode !== null, START_LIMIT_MS)
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0, server.stderr)
  const lines = server.stderr.trimEnd().split('\n')
  t.match(JSON.parse(lines[0] ?? ''), { skipped: Object.keys(services), msg: /Kubernetes/ })
})

t.test('a host that is not this machine', async t => {
  const { code, stderr } = await run('serve', '--store', 'memory', '--host', '192.0.2.1', '--port', '0')
  t.equal(code, 1)
  t.ok(isOneLine(stderr), stderr)
  t.match(stderr, /--host: 192\.0\.2\.1 is not an address of this machine/)
})

t.test('a descriptor that is not there for --ready-fd', async t => {
  const { code, stderr } = await run(
    'serve',
    '--store',
    'memory',
    '--port',
    '0',
    '--http-port',
    '0',
    '--ready-fd',
    '77',
  )
  t.equal(code, 1)
  t.match(stderr, /longwire: --ready-fd 77 cannot be written to/)
})

t.test('help and version', async t => {
  const help = await run('--help')
  t.equal(help.code, 0)
  t.match(help.stdout, /^longwire \d+\.\d+\.\d+/)
  t.match(help.stdout, / serve /)
  const serve = await runHere(['serve', '--help'])
  t.equal(serve.code, 0)
  t.match(serve.stdout, /--http-port PORT .*default 8080/)
  t.match((await runHere(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
  t.equal((await runHere([])).code, 2)
})
