/** One client at a time on a folder: who is refused, and who is not, whatever processes and containers they are in. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FileStorage } from '../../../clients/typescript/index.js'
import { eventually } from '../../support/eventually.js'
import { close, commit, opened } from '../../support/storage-contract.js'

const CLIENT = new URL('../../../clients/typescript/index.js', import.meta.url).href

/** Opens a storage, says what came of it, and stays. */
const OPEN = `
  const { FileStorage } = await import(${JSON.stringify(CLIENT)})
  new FileStorage(process.argv[1]).open(error => console.log(error === undefined ? 'held' : 'refused: ' + error.message))
  setInterval(() => {}, 1000)
`

/** As a container has it: processes there have numbers of their own, the first is 1. Where the kernel lets nobody make one, a plain process. */
const NAMESPACE = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child']
const CONTAINER = spawnSync('unshare', [...NAMESPACE.slice(1), 'true']).status === 0 ? NAMESPACE : []

t.test('the same folder twice in one process is refused, and nothing that waits there is lost', async t => {
  const folder = t.testdir()
  const first = await opened(new FileStorage(folder))
  for (let i = 0; i < 30; i++) await commit(first.storage, { values: { [`a${i}`]: i } })
  await t.rejects(opened(new FileStorage(folder)), { message: /is in use/ })
  for (let i = 0; i < 30; i++) await commit(first.storage, { values: { [`b${i}`]: i } })
  await close(first.storage)
  const second = await opened(new FileStorage(folder))
  t.equal(second.values.size, 60)
  await close(second.storage)
})

t.test('two containers on one folder: the second is refused, though both are process 1 there', async t => {
  const folder = t.testdir()
  const first = await start(t, folder, CONTAINER)
  t.equal(first.said(), 'held\n')
  const second = await start(t, folder, CONTAINER)
  t.match(second.said(), /^refused: .* is in use/)
  await t.rejects(opened(new FileStorage(folder)), { message: /is in use/ }, 'and so is one outside')
})

t.test('the lock of a killed owner is free at once, though its number lives again', async t => {
  const folder = t.testdir()
  // In a container the owner is process 1, which lives outside as long as the machine.
  for (const container of [[], CONTAINER]) {
    const owner = await start(t, folder, container)
    t.equal(owner.said(), 'held\n')
    await t.rejects(opened(new FileStorage(folder)), { message: /is in use/ })
    await owner.kill()
    const after = await opened(new FileStorage(folder))
    t.equal(readdirSync(folder).filter(each => each.startsWith('lock')).length, 1, 'what it left is gone')
    await close(after.storage)
  }
})

t.test('what an earlier version left, or a copy of the folder holds, refuses nobody', async t => {
  const folder = t.testdir({ lock: '1', 'lock-0000000000000000': '' })
  await close((await opened(new FileStorage(folder))).storage)
  t.same(readdirSync(folder), ['journal'])
})

t.test('an owner that does not answer, because it is stopped, is an owner', async t => {
  const folder = t.testdir()
  const owner = await start(t, folder, [])
  owner.child.kill('SIGSTOP')
  await t.rejects(opened(new FileStorage(folder)), { message: /is in use/ })
})

t.test('of many that start at the same moment exactly one has it', async t => {
  for (let round = 0; round < 10; round++) {
    const folder = join(t.testdir(), String(round))
    const storages = Array.from({ length: 8 }, () => new FileStorage(folder))
    const results = await Promise.allSettled(storages.map(opened))
    const held = results.filter(each => each.status === 'fulfilled')
    if (held.length !== 1) t.fail(`${held.length} hold it`)
    for (const storage of storages) await close(storage)
    t.same(readdirSync(folder), ['journal'])
  }
})

t.test('also in a folder whose path is longer than a socket’s may be', async t => {
  const folder = join(t.testdir(), 'x'.repeat(120), 'y'.repeat(120))
  const first = await opened(new FileStorage(folder))
  await t.rejects(opened(new FileStorage(folder)), { message: /is in use/ })
  const other = await start(t, folder, CONTAINER)
  t.match(other.said(), /^refused/)
  await close(first.storage)
  t.same(readdirSync(folder), ['journal'])
})

t.test('a folder where no socket can be made is an error that names it', async t => {
  const folder = t.testdir()
  mkdirSync(join(folder, 'f'))
  // Nothing can be made in /proc, not even by root.
  await t.rejects(opened(new FileStorage('/proc/self/fdinfo')), { message: /\/proc\/self\/fdinfo/ })
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(opened(new FileStorage(join(folder, 'file'))), { message: /file/ })
  t.equal(readFileSync(join(folder, 'file'), 'utf8'), '')
})

interface Opener {
  readonly child: ChildProcess
  said(): string
  kill(): Promise<void>
}

/** A process that opens the folder, once it has said what came of it. */
async function start(t: Test, folder: string, container: readonly string[]): Promise<Opener> {
  const [command = '', ...args] = [...container, process.execPath, '--input-type=module', '-e', OPEN, folder]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
  t.teardown(kill)
  await eventually(() => text.includes('\n'), 30_000)
  return { child, said: () => text, kill }
}
