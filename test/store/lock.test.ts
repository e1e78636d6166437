/** The lock of a data folder between containers, whose processes mostly have the same number. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { StoreInUseError } from '../../src/store/lmdb/errors.js'
import { lockFolder } from '../../src/store/lmdb/lock.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { newFolder } from './support/folder.js'

const HOLDER = fileURLToPath(new URL('./support/hold-store.js', import.meta.url))

/** Far below the ten seconds that lmdb's binding would try, and far above what a slow machine needs. */
const AT_ONCE_MS = 5_000

/** In a PID namespace of its own, as in a container, the process has the number 1. */
const CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', process.execPath]
const containersAllowed = spawnSync('unshare', ['--pid', '--fork', '--kill-child', 'true']).status === 0

/** A process that has said that it holds the folder, or why it cannot; and what it said. */
async function holder(t: Test, folder: string, [command = '', ...argv]: readonly string[] = [process.execPath]) {
  const child = spawn(command, [...argv, HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, said: said.toString() }
}

t.test(
  'the second of two containers on one folder is refused at once, and let in when the first was killed',
  async t => {
    if (!containersAllowed) {
      t.pass('no namespaces are allowed here: the next test stands for it')
      return
    }
    const folder = newFolder(t)
    const first = await holder(t, folder, CONTAINER)
    t.equal(first.said, 'open\n')
    const beganMs = performance.now()
    const second = await holder(t, folder, CONTAINER)
    t.equal(second.said, `StoreInUseError: the data folder ${folder} is in use by another container\n`)
    t.ok(performance.now() - beganMs < AT_ONCE_MS)
    await end(first.child)
    t.equal((await holder(t, folder, CONTAINER)).said, 'open\n')
  },
)

t.test('a place under our own number that is not ours is the place of another container', async t => {
  const folder = newFolder(t)
  const { child } = await holder(t, folder)
  renumber(path.join(folder, 'writer.mdb-lock'), child.pid ?? 0, process.pid)
  const beganMs = performance.now()
  await t.rejects(lockFolder(folder), {
    name: 'StoreInUseError',
    message: `the data folder ${folder} is in use by another container`,
  })
  t.ok(performance.now() - beganMs < AT_ONCE_MS)
  await end(child)
  // The place is there still, under our number: the number of a process that is dead.
  const lock = await lockFolder(folder)
  await t.rejects(lockFolder(folder), StoreInUseError)
  const other = spawn(process.execPath, [HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.match(await text(other.stdout), `in use by process ${process.pid}`)
  await lock.release()
  await (await lockFolder(folder)).release()
})

t.test('a copy of a store is not read where another container has a process of our number', async t => {
  const folder = newFolder(t)
  const { child } = await holder(t, folder)
  renumber(path.join(folder, 'lock.mdb'), child.pid ?? 0, process.pid)
  const refused = {
    name: 'StoreInUseError',
    message: `${folder} cannot be read: a process of another container has the number ${process.pid} as well; run the command in that container, or again`,
  }
  const beganMs = performance.now()
  await t.rejects(
    viewStore(folder, systemClock, () => {}),
    refused,
  )
  await t.rejects(backUp({ from: folder, to: path.join(newFolder(t), 'b'), clock: systemClock }), refused)
  t.ok(performance.now() - beganMs < AT_ONCE_MS)
  await end(child)
})

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Puts another process id into lmdb's table of readers. */
function renumber(file: string, from: number, to: number): void {
  const bytes = fs.readFileSync(file)
  for (let at = 0; at + 4 <= bytes.length; at += 4) if (bytes.readUInt32LE(at) === from) bytes.writeUInt32LE(to, at)
  const descriptor = fs.openSync(file, 'r+')
  fs.writeSync(descriptor, bytes)
  fs.closeSync(descriptor)
}
