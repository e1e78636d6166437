/** Every command that works on a data folder, where it has to wait: it comes to its end, with its own exit code and one line. */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { COMMANDS } from '../../src/cli/main.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { newFolder } from '../store/support/folder.js'
import { CliProcess } from '../support/cli-process.js'
import { eventually } from '../support/eventually.js'
import { befriend, Person } from '../support/person.js'
import { loginAccount, startTestServer } from '../support/server.js'
import { Writer } from '../support/writer.js'
import { damageJournal, killedStoreFolder } from './support.js'

interface Case {
  readonly argv: (data: string, backup: string) => string[]
  /** On a store that another process serves. */
  readonly whileServed: number
  readonly whenDamaged: number
}

const SERVE = ['--port', '0', '--http-port', '0']

/** A Redis that does not answer: the source is looked at before. */
const NOWHERE = 'redis://127.0.0.1:1'

const CASES: Readonly<Record<string, Case>> = {
  verify: { argv: data => ['verify', '--data', data], whileServed: 0, whenDamaged: 65 },
  backup: { argv: data => ['backup', `${data}.copy`, '--data', data], whileServed: 0, whenDamaged: 65 },
  restore: { argv: (data, backup) => ['restore', backup, '--data', data], whileServed: 1, whenDamaged: 0 },
  migrate: { argv: data => ['migrate', '--from', `lmdb:${data}`, '--to', NOWHERE], whileServed: 75, whenDamaged: 65 },
  serve: { argv: data => ['serve', '--data', data, ...SERVE], whileServed: 1, whenDamaged: 65 },
}

/** These work on no store's folder, and keep their process alive by themselves. */
const WITHOUT_FOLDER = ['chat', 'nodes', 'simulate', 'cluster']

async function run(argv: readonly string[]) {
  const cli = new CliProcess(argv)
  return { code: await cli.exit(), stderr: cli.stderr }
}

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

t.test('a store that another process is writing all the time', async t => {
  const path = newFolder(t)
  // Small files, which are turned all the time: what is read of them is torn now and then.
  const server = await startTestServer({ store: await openLmdbStore({ path, journalBytes: 2 ** 15 }) })
  const writer = await someWriter(server.port)
  let stopped = false
  const writing = writer.write(() => stopped)
  for (let round = 0; round < 3; round++) {
    for (const [name, { argv, whileServed }] of Object.entries(CASES)) {
      const before = writer.accepted.size
      const { code, stderr } = await run(argv(path, path))
      t.equal(code, whileServed, `${name}: ${stderr}`)
      t.equal(stderr === '', code === 0)
      t.ok(writer.accepted.size > before)
    }
    rmSync(`${path}.copy`, { recursive: true })
  }
  stopped = true
  await writing
  writer.close()
  await server.drain()
})

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

/** A device of alice, who writes to her friend bob. */
async function someWriter(port: number): Promise<Writer> {
  const alice = await Person.online(port, 'alice')
  const bob = await Person.online(port, 'bob')
  await befriend(alice, bob)
  const { uid } = bob
  await alice.leave()
  await bob.leave()
  const writer = new Writer(await loginAccount(port, 'alice'), uid, 100)
  await writer.connect(port)
  return writer
}
