/**
 * A process whose checkpoint thread fails (failing-thread.ts), and which exits then, or at once.
 *
 *   node failing-checkpoint.js <a pipe that holds the thread, or nothing> <when: 'told' or 'at once'>
 */

import { Checkpointer } from '../../../src/store/lmdb/checkpoint.js'

/** The thread fails before. */
const HEARS_AFTER_MS = 1_500

const [pipe = '', when = ''] = process.argv.slice(2)
const thread = new URL('./failing-thread.js', import.meta.url)
const checkpointer = new Checkpointer({ folder: '', mapBytes: 0 }, thread)
const alive = setInterval(() => {}, 1_000)
await checkpointer.start(0)
checkpointer.run({ file: pipe, descriptor: 0, end: 0, salt: 0, before: 0, sequence: 0 }, async outcome => {
  process.stdout.write(outcome instanceof Error ? outcome.message : String(outcome))
  await checkpointer.close()
  clearInterval(alive)
  process.exit(70)
})
if (when === 'at once') process.exit(70)
// The thread is in its call before it can be ended.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HEARS_AFTER_MS)
