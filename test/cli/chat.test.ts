/** `longwire chat` as a process: through pipes, as a script uses it, and on a terminal of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { CliProcess } from '../support/cli-process.js'
import { runHere } from '../support/command.js'
import { eventually } from '../support/eventually.js'
import { startTestServer } from '../support/server.js'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const PASSWORD = 'xylophone-7'

class Chat {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #exit: Promise<unknown[]>

  constructor(command: string, argv: readonly string[], home: string) {
    this.child = spawn(command, argv, {
      env: { PATH: process.env.PATH ?? '', HOME: home, TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#exit = once(this.child, 'close')
    this.child.stdin?.on('error', () => {})
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
  }

  enter(...lines: string[]): void {
    for (const line of lines) this.child.stdin?.write(`${line}\n`)
  }

  end(): void {
    this.child.stdin?.end()
  }

  async see(...wanted: (string | RegExp)[]): Promise<void> {
    const isThere = (want: string | RegExp): boolean =>
      typeof want === 'string' ? this.stdout.includes(want) : want.test(this.stdout)
    await eventually(() => wanted.every(isThere) || this.child.exitCode !== null).catch(() => {})
    if (!wanted.every(isThere)) throw new Error(`not ${wanted} but\n${this.stdout}\n${this.stderr}`)
  }

  async exit(): Promise<unknown> {
    return (await this.#exit)[0]
  }
}

/** People who chat on a server in this process. */
async function setUp(t: Test) {
  const server = await startTestServer()
  t.teardown(() => server.drain())
  return { server, ...chatsOn(t, server.port) }
}

/** The same on a server that is a process of its own, to be stopped and killed. */
async function setUpProcess(t: Test) {
  const { server, ready } = await CliProcess.serve('--store', 'memory', '--log-level', 'silent', '--limits', 'open')
  t.teardown(async () => {
    server.child.kill('SIGKILL')
    await server.exit()
  })
  return { server, ...chatsOn(t, ready.port) }
}

function chatsOn(t: Test, port: number) {
  const home = t.testdir({ home: {} })
  const chats: Chat[] = []
  t.teardown(() => {
    for (const { child } of chats) child.kill('SIGKILL')
  })
  const address = ['--server', `127.0.0.1:${port}`]
  const piped = (account: string, ...argv: string[]): Chat => {
    const chat = new Chat(process.execPath, [MAIN, 'chat', '--account', account, ...address, ...argv], home)
    chats.push(chat)
    return chat
  }
  /** On a pseudo-terminal, which echoes unless it is told not to. */
  const typed = (account: string, ...argv: string[]): Chat => {
    const command = [process.execPath, MAIN, 'chat', '--account', account, ...address, ...argv].join(' ')
    const chat = new Chat('script', ['-qec', `stty cols 80 rows 24; exec ${command}`, '/dev/null'], home)
    chats.push(chat)
    return chat
  }
  return { home, port, piped, typed }
}

/** Alice asks bob, who accepts. */
async function befriend(alice: Chat, bob: Chat): Promise<void> {
  alice.enter('/add bob')
  await bob.see('asks to become')
  bob.enter('/accept')
  await alice.see('-- bob is a contact now')
}

t.test('two people talk through pipes; at the end of the input everything was sent', async t => {
  const { home, port, piped } = await setUp(t)
  const bob = piped('bob', '--register', '--password-fd', '0')
  bob.enter(PASSWORD)
  await bob.see('-- online')
  const alice = piped('Alice', '--register', '--password-fd', '0')
  alice.enter(PASSWORD, '/add bob hello there')
  await bob.see('-- alice asks to become a contact: “hello there”')
  bob.enter('/accept alice')
  await alice.see('-- bob is a contact now')
  alice.enter('good morning', '/quit')
  t.equal(await alice.exit(), 0)
  await bob.see(/^\d\d:\d\d {6}alice: good morning$/m)
  bob.enter('good morning to you', 'and good night')
  bob.end()
  t.equal(await bob.exit(), 0)
  t.match(bob.stdout, /^\d\d:\d\d ✓ {4}you → alice: and good night$/m)
  const carol = piped('carol', '--register', '--password-fd', '0')
  carol.enter(PASSWORD, '/add bob')
  carol.end()
  t.equal(await carol.exit(), 0)
  t.match(carol.stdout, '-- bob is asked, and has to accept')
  const again = piped('alice', 'bob')
  await again.see('bob: and good night')
  again.end()
  t.equal(await again.exit(), 0)
  t.notMatch(bob.stdout + bob.stderr + alice.stdout + again.stdout, PASSWORD)
  const folder = join(home, '.local', 'share', 'longwire', `127.0.0.1_${port}`)
  t.same(readdirSync(folder), ['alice', 'bob', 'carol'])
  t.equal(statSync(join(folder, 'alice')).mode & 0o777, 0o700)
  t.equal(statSync(join(folder, 'alice', 'journal')).mode & 0o777, 0o600)
})

t.test('at the first login of a new device the history is shown once, through pipes and on a terminal', async t => {
  const { home, piped, typed } = await setUp(t)
  const bob = piped('bob', '--register', '--password-fd', '0')
  bob.enter(PASSWORD)
  await bob.see('-- online')
  const alice = piped('alice', '--register', '--password-fd', '0')
  alice.enter(PASSWORD)
  await alice.see('-- online')
  await befriend(alice, bob)
  alice.enter('good morning')
  await bob.see('alice: good morning')
  bob.enter('good evening')
  await alice.see('bob: good evening')
  alice.enter('/quit')
  t.equal(await alice.exit(), 0)
  const times = (chat: Chat, text: string): number => chat.stdout.split(text).length - 1
  const second = piped('alice', 'bob', '--password-fd', '0', '--storage', join(home, 'second'))
  second.enter(PASSWORD)
  await second.see('bob: good evening')
  second.enter('/quit')
  t.equal(await second.exit(), 0)
  const third = typed('alice', 'bob', '--storage', join(home, 'third'))
  await third.see('l or r: ')
  third.enter('l')
  await third.see('Password: ')
  third.enter(PASSWORD)
  await third.see('bob: good evening')
  third.enter('/quit')
  t.equal(await third.exit(), 0)
  for (const each of [second, third]) {
    t.equal(times(each, 'bob: good evening'), 1, each.stdout)
    t.equal(times(each, 'you → bob: good morning'), 1)
    t.notMatch(each.stdout, 'is not among your contacts')
  }
})

t.test('on a terminal: the password is asked for twice and echoed never; Ctrl-D ends it', async t => {
  const { typed } = await setUp(t)
  const alice = typed('alice')
  await alice.see('l or r: ')
  alice.enter('r')
  await alice.see('New password: ')
  alice.enter(PASSWORD)
  await alice.see('New password again: ')
  alice.enter(PASSWORD)
  await alice.see(/\[online.*\]> /)
  alice.enter('/nick Somebody')
  alice.enter('/password', `${PASSWORD}8`, `${PASSWORD}8`, PASSWORD)
  await alice.see('-- the password is changed')
  alice.stdout = alice.stdout.replaceAll(/New password: |New password again: /g, '')
  alice.enter('/password')
  await alice.see('New password: ')
  alice.enter(PASSWORD)
  await alice.see('New password again: ')
  alice.child.stdin?.write('\x03')
  t.equal(await alice.exit(), 0)
  t.notMatch(alice.stdout, PASSWORD)
  t.notMatch(alice.stdout, /[yhpq]{3}/, 'nor a part of it')
  const again = typed('alice')
  await again.see(/\[online.*\]> /)
  again.child.stdin?.write('hello\x15\x04')
  t.equal(await again.exit(), 0)
  t.match(again.stdout, 'hello', 'what is no secret is echoed')
})

t.test('one chat at a time on a storage; a folder that is none; a password that is wrong', async t => {
  const { home, piped } = await setUp(t)
  const first = piped('alice', '--register', '--password-fd', '0')
  first.enter(PASSWORD)
  await first.see('-- online')
  const second = piped('alice')
  t.equal(await second.exit(), 1)
  t.match(second.stderr, /^longwire: .*\/alice is in use by another client, in this process or another one\n$/)
  first.end()
  t.equal(await first.exit(), 0)
  writeFileSync(join(home, 'file'), '')
  const third = piped('alice', '--storage', join(home, 'file'))
  t.equal(await third.exit(), 1)
  t.match(third.stderr, /^longwire: [^\n]*file[^\n]*\n$/)
  const wrong = piped('alice', '--storage', join(home, 'other'), '--password-fd', '0')
  wrong.enter('not the password')
  t.equal(await wrong.exit(), 1)
  t.match(wrong.stdout, '!! alice could not log in: account or password is wrong')
  const mute = piped('alice', '--storage', join(home, 'another'))
  t.equal(await mute.exit(), 1)
  t.match(mute.stdout, '--password-fd')
})

t.test('a session that was ended elsewhere ends the chat of a pipe, which says so', async t => {
  const { home, piped } = await setUp(t)
  const first = piped('alice', '--register', '--password-fd', '0')
  first.enter(PASSWORD)
  await first.see('-- online')
  const second = piped('alice', '--storage', join(home, 'second'), '--password-fd', '0')
  second.enter(PASSWORD, '/logout 1')
  t.equal(await first.exit(), 1)
  t.match(first.stdout, '!! signed out by the server: the session was ended')
  second.enter('/logout 2')
  t.equal(await second.exit(), 0)
})

t.test('on a terminal a session that was ended elsewhere is begun again, with the password', async t => {
  const { home, piped, typed } = await setUp(t)
  const alice = typed('alice', '--register')
  await alice.see('New password: ')
  alice.enter(PASSWORD, PASSWORD)
  await alice.see(/\[online.*\]> /)
  const other = piped('alice', '--storage', join(home, 'second'), '--password-fd', '0')
  other.enter(PASSWORD, '/logout 1')
  await alice.see('!! signed out by the server: the session was ended', /\rPassword: |KPassword: /)
  alice.stdout = ''
  alice.enter(PASSWORD)
  await alice.see(/\[online.*\]> /)
  t.notMatch(alice.stdout, PASSWORD)
  other.end()
  t.equal(await other.exit(), 0)
  alice.child.stdin?.write('\x04')
  t.equal(await alice.exit(), 0)
})

t.test('what cannot be sent now is kept, and the exit code says so', async t => {
  const { server, piped, typed } = await setUp(t)
  const bob = piped('bob', '--register', '--password-fd', '0')
  bob.enter(PASSWORD)
  await bob.see('-- online')
  const alice = piped('alice', '--register', '--password-fd', '0')
  alice.enter(PASSWORD)
  await befriend(alice, bob)
  server.abort()
  await alice.see('-- offline: ')
  alice.enter('are you there?')
  await alice.see('…    you → bob: are you there?')
  alice.child.kill('SIGTERM')
  t.equal(await alice.exit(), 1)
  t.equal(alice.stderr, 'longwire: 1 of what was entered waits for the server: it goes out at the next start\n')
  const again = typed('alice')
  await again.see('…    you → bob: are you there?', '[offline')
  again.enter('/add carol')
  await again.see('!! carol cannot be looked up without a connection: try again later')
  again.enter('/quit')
  t.equal(await again.exit(), 1)
  t.match(again.stdout, '1 of what was entered waits for the server')
})

t.test('while a changed password waits for the server what is typed is a message', async t => {
  const { server, piped, typed } = await setUpProcess(t)
  const bob = piped('bob', '--register', '--password-fd', '0')
  bob.enter(PASSWORD)
  await bob.see('-- online')
  const alice = typed('alice', '--register')
  await alice.see('New password: ')
  alice.enter(PASSWORD, PASSWORD)
  await alice.see(/\[online.*\]> /)
  await befriend(alice, bob)
  server.child.kill('SIGSTOP')
  alice.enter('/password', `${PASSWORD}8`, `${PASSWORD}8`, PASSWORD)
  await alice.see(/Old password: .*\[online tcp\] bob> .*\[online tcp\] bob> /s)
  alice.enter('an ordinary message')
  await alice.see('you → bob: an ordinary message')
  server.child.kill('SIGCONT')
  await alice.see('-- the password is changed')
  await bob.see('alice: an ordinary message')
  server.child.kill('SIGKILL')
  await alice.see('-- offline: ')
  alice.enter('/password')
  await alice.see('!! the password cannot be changed without a connection')
  alice.child.stdin?.write('\x04')
  t.equal(await alice.exit(), 1)
})

t.test('a script begins with what there is, and ends where no server is', async t => {
  const { home, piped } = await setUp(t)
  const bob = piped('bob', '--register', '--password-fd', '0')
  bob.enter(PASSWORD)
  await bob.see('-- online')
  const alice = piped('alice', '--register', '--password-fd', '0')
  alice.enter(PASSWORD)
  await befriend(alice, bob)
  const fresh = piped('alice', '--storage', join(home, 'fresh'), '--password-fd', '0')
  fresh.enter(PASSWORD, '/talk bob', 'from a new device')
  fresh.end()
  t.equal(await fresh.exit(), 0, fresh.stdout)
  await bob.see('alice: from a new device')
  const lonely = piped('carol', '--password-fd', '0', '--server', '127.0.0.1:1')
  lonely.enter(PASSWORD, 'hello')
  lonely.end()
  t.equal(await lonely.exit(), 1)
  t.match(lonely.stdout, /!! carol could not log in: .*\(does a server run at 127.0.0.1:1\?\)/)
})

t.test('a script that could not do all of it ends with 1; what stands before /quit is answered first', async t => {
  const { piped } = await setUp(t)
  const alice = piped('alice', '--register', '--password-fd', '0')
  alice.enter(PASSWORD, 'to nobody yet')
  alice.end()
  t.equal(await alice.exit(), 1)
  t.match(alice.stdout, '!! to whom?')
  const again = piped('alice')
  again.enter('/add nobody-of-that-name', '/quit', 'never read')
  t.equal(await again.exit(), 1)
  t.match(again.stdout, '!! there is no user nobody-of-that-name')
  t.notMatch(again.stdout, 'to whom?')
})

t.test('a password comes from a descriptor, never from an option or the environment', async t => {
  const { home, port, typed } = await setUp(t)
  mkdirSync(join(home, 'secret'))
  writeFileSync(join(home, 'secret', 'password'), `${PASSWORD}\nmore\n`)
  const argv = `--register --account alice --server 127.0.0.1:${port} --password-fd 3`
  const alice = new Chat('sh', ['-c', `exec "${process.execPath}" "${MAIN}" chat ${argv} 3<secret/password`], home)
  t.teardown(() => alice.child.kill('SIGKILL'))
  t.equal(existsSync('secret/password'), false)
  t.equal(await alice.exit(), 2, 'the shell found no such file')
  const found = new Chat(
    'sh',
    ['-c', `cd "$HOME"; exec "${process.execPath}" "${MAIN}" chat ${argv} 3<secret/password`],
    home,
  )
  t.teardown(() => found.child.kill('SIGKILL'))
  await found.see('-- online')
  found.end()
  t.equal(await found.exit(), 0)
  const wrong = typed('bob', '--password', PASSWORD)
  t.equal(await wrong.exit(), 2)
  t.match(wrong.stdout, 'unknown option: --password')
})

t.test('wrong options are one line and exit code 2', async t => {
  for (const [argv, message] of [
    [[], '--account is needed: who you are'],
    [['--account', 'a'], '--account must be 3 to 32 of a-z 0-9 _ . -, beginning with a letter, not "a"'],
    [['--account', '../etc'], '--account must be'],
    [['--account', 'alice', 'b/b'], '"b/b" is no account name'],
    [['--account', 'alice', 'bob', 'carol'], 'unexpected argument: carol'],
    [['--account', 'alice', '--server', 'a:b:c'], '--server must be a host'],
    [['--account', 'alice', '--transport', 'pigeon'], '--transport must be'],
  ] as const) {
    const { code, stdout, stderr } = await runHere(['chat', ...argv], { HOME: t.testdir() })
    t.equal(code, 2, message)
    t.match(stderr, `longwire: ${message}`)
    t.equal(stderr.split('\n').length, 2)
    t.equal(stdout, '')
  }
  const unread = new CliProcess(['chat', '--account', 'alice', '--password-fd', '77'], { HOME: t.testdir() })
  t.equal(await unread.exit(), 1)
  t.match(unread.stderr, /^longwire: --password-fd 77 cannot be read[^\n]*\n$/)
  t.equal(unread.stdout, '')
})
