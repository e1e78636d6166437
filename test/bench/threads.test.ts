/** The threads of a server are told apart, so that the benchmark can say what each kind takes. */

import { pbkdf2 } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { threadCpuEach, threadCpuUs } from '../../bench/thread-cpu.js'
import { systemClock } from '../../src/lib/clock.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { WorkerPool } from '../../src/workers/pool.js'

const QUARTER_SECOND_US = 250_000
/** A busy machine may let this thread run a tenth of the time. */
const SPIN_MS_MAX = 20_000

function threadNames(): string[] {
  return readdirSync('/proc/self/task').map(id => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim())
}

t.test('what the pool, the checkpoint, libuv and this thread took is counted apart', async t => {
  const store = await openLmdbStore({ path: t.testdir() })
  const workers = new WorkerPool({ clock: systemClock, threads: 1 })
  const hash = { password: 'x', salt: new Uint8Array(16), keyBytes: 32, N: 16_384, r: 8, p: 1 }
  const atFirst = threadCpuUs(process.pid)
  t.ok(atFirst.checkpoint > 0)
  t.ok(threadNames().includes('checkpoint'))
  t.equal(atFirst.workers, 0, 'no worker has')

  for (let i = 0; i < 10; i++) await workers.run('hash-password', hash)
  const hashed = threadCpuUs(process.pid)
  t.ok(hashed.workers > QUARTER_SECOND_US, `workers: ${hashed.workers} µs`)

  await promisify(pbkdf2)('x', 'salt', 1_000_000, 32, 'sha256')
  const derived = threadCpuUs(process.pid)
  t.ok(derived.libuv - hashed.libuv > QUARTER_SECOND_US / 2, `libuv: ${derived.libuv - hashed.libuv} µs`)

  const deadlineMs = performance.now() + SPIN_MS_MAX
  let spun = derived
  while (spun.main - derived.main < QUARTER_SECOND_US && performance.now() < deadlineMs) spun = threadCpuUs(process.pid)
  t.ok(spun.main - derived.main >= QUARTER_SECOND_US, `main: ${spun.main - derived.main} µs`)
  t.ok(spun.workers - derived.workers < QUARTER_SECOND_US / 2)
  t.ok(spun.checkpoint - atFirst.checkpoint < QUARTER_SECOND_US / 2)

  await workers.close()
  await store.close()
})

t.test('each kind is divided by what was done', async t => {
  const before = { main: 100, checkpoint: 0, workers: 0, v8: 40, libuv: 0 }
  const after = { main: 300, checkpoint: 50, workers: 0, v8: 40, libuv: 10 }
  t.same(threadCpuEach(before, after, 10), { main: 20, checkpoint: 5, workers: 0, v8: 0, libuv: 1 })
})
