/**
 * A disk that needs long for everything it syncs (delays injected by strace): the commands come to their end, a message gets through, and
 * `/readyz` says so.
 */

import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t from 'tap'
import { serversOf } from '../clients/simulate/support.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { registerAccount } from '../support/server.js'

/** What runs a program on such a disk. */
function slow(milliseconds: number, ...calls: string[]): string[] {
  const inject = `inject=${calls.join(',')}:delay_enter=${milliseconds * 1000}`
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls.join(',')}`, '-e', inject]
}

t.test('every command comes to its end', async t => {
  const data = join(t.testdir(), 'data')
  const { server, ready } = await CliProcess.serve('--data', data, '--limits', 'open')
  await registerAccount(ready.port, 'alice')
  server.child.kill('SIGKILL')
  await server.exit()
  const disk = slow(300, 'fsync', 'fdatasync', 'msync', 'rename')
  for (const argv of [
    ['verify', '--data', data],
    ['backup', `${data}.copy`, '--data', data],
    ['restore', `${data}.copy`, '--data', `${data}.new`],
    ['verify', '--data', `${data}.new`],
  ]) {
    const cli = new CliProcess(argv, {}, disk)
    t.equal(await cli.exit(), 0, `${argv[0]}: ${cli.stderr}`)
    t.equal(cli.stderr, '')
  }
})

t.test('a backup that is interrupted in the middle of a sync leaves nothing', async t => {
  const data = join(t.testdir(), 'data')
  const { server } = await CliProcess.serve('--data', data)
  const cli = new CliProcess(['backup', `${data}.copy`, '--data', data], {}, slow(2_000, 'fsync', 'fdatasync'))
  const besides = () => readdirSync(dirname(data)).filter(name => name !== basename(data))
  await eventually(() => besides().length > 0, 30_000)
  const [backup = 0] = serversOf(cli.child) // strace keeps the signal for itself
  process.kill(backup, 'SIGINT')
  t.equal(await cli.exit(), 1)
  t.match(cli.stderr, /^longwire: ended by SIGINT: no backup was made\n$/)
  t.same(besides(), [])
  t.notOk(existsSync(`${data}.copy`))
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
})

t.test('/readyz says yes where a write needs 500 ms', async t => {
  const data = join(t.testdir(), 'data')
  const { server: first } = await CliProcess.serve('--data', data)
  first.child.kill('SIGTERM')
  t.equal(await first.exit(), 0, 'the files are made')
  const paths = ['journal-0', 'journal-1'].flatMap(file => ['-P', join(data, file)])
  const { server, ready } = await CliProcess.serveUnder([...slow(500, 'pwrite64'), ...paths], '--data', data)
  const response = await fetch(`http://127.0.0.1:${ready.http_port}/readyz`)
  t.same([response.status, await response.text()], [200, 'ready'])
  process.kill(ready.pid, 'SIGTERM')
  t.equal(await server.exit(), 0)
})
