/** A server whose standard streams nobody reads: it serves on, and ends when it is told to. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { CliProcess, type Ready } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { registerAccount } from '../support/server.js'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** A pipe that is full from the beginning, and all that is read of it later. */
function fullPipe(t: Test) {
  const path = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const filler = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  let filled = 0
  try {
    for (;;) filled += writeSync(filler, Buffer.alloc(1_000, '.'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
  }
  closeSync(filler)
  const writer = openSync(path, constants.O_WRONLY) // as a shell opens it: it blocks
  t.teardown(() => closeSync(reader))
  const buffer = Buffer.alloc(2 ** 20)
  let text = ''
  const read = (): string => {
    try {
      text += buffer.toString('utf8', 0, readSync(reader, buffer))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
    return text.slice(filled)
  }
  return { writer, read }
}

/** A socket that is full from the beginning, as that of a service manager whose log daemon hangs. */
async function fullSocket(t: Test): Promise<{ writer: Socket; end: () => void }> {
  const path = join(t.testdir(), 'socket')
  const listener = createServer({ pauseOnConnect: true }).listen(path)
  await once(listener, 'listening')
  const [writer] = await Promise.all([connect(path), once(listener, 'connection')])
  while (writer.write('.'.repeat(1_000)));
  const end = (): void => {
    writer.destroy()
    listener.close()
  }
  return { writer, end }
}

/** A server with these standard streams, once it listens. */
async function serve(t: Test, stdout: number | Socket, stderr: number | Socket) {
  const argv = [
    'serve',
    '--port',
    '0',
    '--http-port',
    '0',
    '--ready-fd',
    '3',
    '--store',
    'memory',
    '--log-level',
    'debug',
  ]
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ['ignore', stdout, stderr, 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let line = ''
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    line += chunk
  })
  await eventually(() => line.endsWith('\n'), 20_000)
  return { child, ready: JSON.parse(line) as Ready }
}

/** It does its work, says what it lost, and ends in time. */
async function works(t: Test, { child, ready }: Awaited<ReturnType<typeof serve>>): Promise<void> {
  await registerAccount(ready.port, 'alice')
  const metrics = await (await fetch(`http://localhost:${ready.http_port}/metrics`)).text()
  t.match(metrics, /^longwire_log_lines_lost_total \d+$/m)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
}

t.test('a full pipe: it serves, ends when it is told to, and what waited comes out when somebody reads', async t => {
  const { writer, read } = fullPipe(t)
  const server = await serve(t, writer, writer)
  closeSync(writer)
  await registerAccount(server.ready.port, 'bob')
  await eventually(() => read().includes('"msg":"serving"'))
  t.match(read(), /^long side .*\n(?:.*\n)*.*"msg":"serving"/)
  await works(t, server)
  t.match(read(), '"msg":"stopped"')
})

t.test('a full pipe that is never read', async t => {
  const { writer } = fullPipe(t)
  const server = await serve(t, writer, writer)
  closeSync(writer)
  await works(t, server)
})

t.test('a full socket that is never read', async t => {
  const { writer, end } = await fullSocket(t)
  await works(t, await serve(t, writer, writer))
  end()
})

t.test('streams that are closed, and a full disk', async t => {
  const full = openSync('/dev/full', 'w')
  await works(t, await serve(t, full, full))
  closeSync(full)
  const { server, ready } = await CliProcess.serve('--store', 'memory')
  for (const stream of [server.child.stdout, server.child.stderr]) stream?.destroy()
  await registerAccount(ready.port, 'alice')
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
})
