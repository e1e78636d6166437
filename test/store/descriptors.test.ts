/** A store in a process that has no descriptor left: what it needs to go on it has from the start. */

import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { A, append, appendTexts, commit, log, put, unit } from './contract/support.js'
import { newFolder } from './support/folder.js'

const CROWDED = fileURLToPath(new URL('./support/crowded-store.js', import.meta.url))

t.test('commits, checkpoints and reads go on without a descriptor, and the store can be closed', async t => {
  const folder = newFolder(t)
  const limited = ['-c', 'ulimit -n 100 && exec "$0" "$@"', process.execPath, CROWDED, folder]
  const child = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.equal(await text(child.stdout), 'closed after 300 entries, and several checkpoints\n')
  const store = await openLmdbStore({ path: folder })
  t.equal((await log(store, A)).length, 300)
  await store.close()
})

t.test(
  'the thread of the checkpoints is there before the first commit, and its end is the end of the store',
  async t => {
    const workers = new Set<unknown>()
    const onWorker = (worker: unknown): void => {
      workers.add(worker)
    }
    process.on('worker', onWorker)
    t.teardown(() => process.off('worker', onWorker))
    const failures: string[] = []
    const store = await openLmdbStore({ path: newFolder(t), onFatal: ({ message }) => failures.push(message) })
    t.equal(workers.size, 1)
    await appendTexts(store, A, 'a')
    await commit(store, unit({ puts: [put(A, 'x', 'y')], appends: [append(A, 'b')] }))
    for (const worker of workers) await (worker as { terminate(): Promise<number> }).terminate()
    t.equal(failures.length, 1)
    t.match(failures[0], /the store failed and answers nothing more: the checkpoint thread has ended: it exited with 1/)
    await t.rejects(appendTexts(store, A, 'c'), { name: 'StoreFailedError' })
    await store.close()
  },
)
