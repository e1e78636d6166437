/** How a command's process ends when the command itself cannot say. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CliProcess } from '../support/cli-process.js'
import { killedStoreFolder } from './support.js'

const DIST = new URL('../../', import.meta.url)

/** Runs a program of some lines; ends with its exit code, what it wrote and how long it took. */
async function run(t: Test, lines: string, stdout: 'closed' | number = 'closed') {
  const file = join(t.testdir(), 'program.mjs')
  writeFileSync(
    file,
    `import { runToItsEnd } from '${new URL('src/cli/to-its-end.js', DIST)}'
     import { commandClock, keepAlive, systemClock } from '${new URL('src/lib/clock.js', DIST)}'
     const waits = clock => new Promise(resolve => clock.after(100, () => resolve(0)))
     ${lines}`,
  )
  const child = spawn(process.execPath, [file], { stdio: ['ignore', stdout === 'closed' ? 'pipe' : stdout, 'pipe'] })
  child.stdout?.destroy()
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, said }
}

t.test('one that waits for what can never come says so, and ends with the code of a bug', async t => {
  const { code, said } = await run(t, 'runToItsEnd(() => new Promise(() => {}))')
  t.equal(code, 70)
  t.match(said, /^longwire: a bug: the command waits for something that can no longer come[^\n]+\n$/)
})

t.test('one that waits on a clock: a command lives on, a forgotten timer of a server keeps nothing alive', async t => {
  t.same(await run(t, 'runToItsEnd(() => waits(commandClock))'), { code: 0, said: '' })
  t.match(await run(t, 'runToItsEnd(() => waits(systemClock))'), { code: 70, said: 'a bug' })
  const alive =
    'runToItsEnd(async () => { const alive = keepAlive(); await waits(systemClock); alive.cancel(); return 0 })'
  t.same(await run(t, alive), { code: 0, said: '' }, 'what holds the process lets a server wait on its own timers')
})

t.test('one that throws shows where, and ends with the code of a bug', async t => {
  const { code, said } = await run(t, "runToItsEnd(async () => { throw new Error('oops') })")
  t.equal(code, 70)
  t.match(said, /^longwire: a bug: Error: oops\n +at /)
})

t.test('output that nobody reads is dropped, and the command ends with its own code', async t => {
  const data = await killedStoreFolder(t)
  const commands = [
    ['verify', '--data', data],
    ['backup', `${data}.copy`, '--data', data],
    ['--help'],
    ['verify', '--help'],
  ]
  for (const argv of commands) {
    const cli = new CliProcess(argv)
    cli.closeStdout()
    t.equal(await cli.exit(), 0, argv.join(' '))
    t.equal(cli.stderr, '')
  }
  const lines = `runToItsEnd(async () => {
    for (let i = 0; i < 1000; i++) process.stdout.write('x'.repeat(1000))
    await waits(commandClock)
    process.stdout.write('more')
    return 3
  })`
  t.same(await run(t, lines), { code: 3, said: '' })
})

t.test('output that is to be kept, on a full disk, is not taken for done', async t => {
  const full = openSync('/dev/full', 'w')
  const { code, said } = await run(t, "runToItsEnd(async () => { process.stdout.write('kept?'); return 0 })", full)
  closeSync(full)
  t.equal(code, 1)
  t.match(said, /^longwire: the output cannot be written: ENOSPC[^\n]*\n$/)
})
