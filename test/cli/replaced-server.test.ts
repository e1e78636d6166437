/** A client with an old folder and a server whose data are new: each says so and ends, and says what helps. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { eventually } from '../support/eventually.js'
import { PASSWORD, startTestServer } from '../support/server.js'

const MAIN = resolve('dist/src/main.js')

/** A server in this process, with data of its own, that goes as if it were killed. */
async function serve(t: Test): Promise<{ port: number; stop(): void }> {
  const server = await startTestServer()
  const stop = (): void => server.abort()
  t.teardown(stop)
  return { port: server.port, stop }
}

/** A program with an input. */
class Program {
  readonly child: ChildProcess
  said = ''
  readonly #exit: Promise<unknown[]>

  constructor(command: string, argv: readonly string[]) {
    this.child = spawn(command, argv, { stdio: 'pipe' })
    this.#exit = once(this.child, 'close')
    t.teardown(() => this.child.kill('SIGKILL'))
    for (const output of [this.child.stdout, this.child.stderr]) {
      output?.on('data', chunk => {
        this.said += chunk
      })
    }
  }

  async exit(): Promise<unknown> {
    return (await this.#exit)[0]
  }
}

async function chat(port: number, storage: string, ...argv: string[]) {
  const options = ['--account', 'alice', '--server', `127.0.0.1:${port}`, '--storage', storage, '--password-fd', '0']
  const program = new Program(process.execPath, [MAIN, 'chat', ...options, ...argv])
  program.child.stdin?.end(`${PASSWORD}\n`)
  return { code: await program.exit(), said: program.said }
}

t.test('the chat names the cause and what helps, ends with 1, and that does help', async t => {
  const storage = join(t.testdir({}), 'alice')
  const before = await serve(t)
  t.equal((await chat(before.port, storage, '--register')).code, 0)
  before.stop()
  const { port } = await serve(t)
  const ended = await chat(port, storage)
  t.equal(ended.code, 1, 'the session is unknown there')
  t.match(ended.said, 'signed out by the server')
  const refused = await chat(port, storage)
  t.equal(refused.code, 1)
  t.match(refused.said, 'has other data than when this device signed in')
  t.match(refused.said, '--register')
  t.match(refused.said, storage)
  t.equal((await chat(port, storage, '--register')).code, 0)
  t.equal((await chat(port, storage)).code, 0)
})

t.test('on a terminal the password is asked for once only', async t => {
  const storage = join(t.testdir({}), 'alice')
  const before = await serve(t)
  await chat(before.port, storage, '--register')
  before.stop()
  const { port } = await serve(t)
  const options = ['--account', 'alice', '--server', `127.0.0.1:${port}`, '--storage', storage]
  const command = [process.execPath, MAIN, 'chat', ...options].join(' ')
  const typed = new Program('script', ['-qec', `stty cols 200 rows 24; exec ${command}`, '/dev/null'])
  await eventually(() => typed.said.includes('Password: '))
  typed.child.stdin?.write(`${PASSWORD}\r`)
  t.equal(await typed.exit(), 1, 'and not another password')
  t.match(typed.said, 'has other data than when this device signed in')
})

t.test("the library's sample ends with the error, and not in silence", async t => {
  const [, sample = ''] =
    /```js\n(import \{ createClient.*?)```/s.exec(readFileSync('clients/typescript/README.md', 'utf8')) ?? []
  const folder = t.testdir({})
  const talk = (port: number): Program => {
    writeFileSync(
      join(folder, 'talk.mjs'),
      sample.replace('port: 8081', `port: ${port}`).replaceAll('./people', join(folder, 'people')),
    )
    return new Program(process.execPath, [join(folder, 'talk.mjs')])
  }
  const before = await serve(t)
  const first = talk(before.port)
  await eventually(() => first.said.includes('frank has: good morning'))
  first.child.kill('SIGKILL')
  await first.exit()
  before.stop()
  const { port } = await serve(t)
  const second = talk(port)
  t.equal(await second.exit(), 1)
  t.match(second.said, 'the server has other data than when this device signed in')
})
