/** Every command that works on a data folder, where it has to wait: it comes to its end, with its own exit code and one line. */
import { cpSync, existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { COMMANDS } from '../../src/cli/main.js'
import { newFolder } from '../store/support/folder.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { damageJournal, killedStoreFolder } from './support.js'
import { CASES, run, someWriter, whileWritten } from './waiting.js'

/** These work on no store's folder, and keep their process alive by themselves. */
const WITHOUT_FOLDER = ['chat', 'nodes', 'simulate', 'cluster']

/** A copy of a data folder, with nothing beside it. */
function copyOf(t: Test, folder: string): string {
  const copy = join(newFolder(t), 'data')
  cpSync(folder, copy, { recursive: true })
  return copy
}

/** What stands beside a folder: a backup that was not made leaves nothing. */
function besides(folder: string): string[] {
  return readdirSync(dirname(folder)).filter(name => name !== basename(folder))
}

t.test('the table has every command', async t => {
  t.same([...Object.keys(CASES), ...WITHOUT_FOLDER].sort(), Object.keys(COMMANDS).sort())
})

t.test(
  'a damaged journal: all tries are waited for, one line names the file, and the code says that it is damage',
  async t => {
    const sound = await killedStoreFolder(t)
    const backup = join(newFolder(t), 'backup')
    t.equal((await run(['backup', backup, '--data', sound])).code, 0)
    for (const [name, { argv, whenDamaged }] of Object.entries(CASES)) {
      const data = copyOf(t, sound)
      damageJournal(data)
      const { code, stderr } = await run(argv(data, backup))
      t.equal(code, whenDamaged, `${name}: ${stderr}`)
      // A restore replaces the journal with the rest, whatever is in it.
      t.match(stderr, code === 0 ? /^$/ : /^longwire: [^\n]*journal-0 is damaged at byte 8192[^\n]*\n$/, name)
      t.same(besides(data), [], name)
    }
  },
)

t.test('a backup that is ended while it waits leaves nothing', async t => {
  const damaged = await killedStoreFolder(t)
  damageJournal(damaged) // so that it tries for a second
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const data = copyOf(t, damaged)
    const cli = new CliProcess(['backup', `${data}.copy`, '--data', data])
    await eventually(() => besides(data).length > 0)
    cli.child.kill(signal)
    t.equal(await cli.exit(), 1, signal)
    t.equal(cli.stderr, `longwire: ended by ${signal}: no backup was made\n`)
    t.same(besides(data), [], signal)
  }
})

t.test('a store that another process is writing all the time', t => whileWritten(t, 1))

t.test('a store whose server stands still in the middle of its writes', async t => {
  const data = newFolder(t)
  const { server, ready } = await CliProcess.serve('--data', data, '--limits', 'open')
  const writer = await someWriter(ready.port)
  let stopped = false
  const writing = writer.write(() => stopped)
  await eventually(() => writer.accepted.size > 100)
  server.child.kill('SIGSTOP')
  for (const [name, { argv, whileServed }] of Object.entries(CASES)) {
    const { code, stderr } = await run(argv(data, data))
    t.equal(code, whileServed, `${name}: ${stderr}`)
  }
  t.ok(existsSync(`${data}.copy`))
  server.child.kill('SIGCONT')
  stopped = true
  await writing
  writer.close()
  server.child.kill('SIGTERM')
  t.equal(await server.exit(), 0)
})
