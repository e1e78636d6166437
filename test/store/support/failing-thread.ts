/**
 * In the place of the checkpoint thread: its lmdb fails. It is told by the name of the requested file whether it can be ended then;
 * if not, it waits in a call that nothing interrupts, as lmdb's binding does for a lock that it holds itself.
 */

import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import {
  type CheckpointAnswer,
  type CheckpointData,
  type CheckpointRequest,
  FAILED,
} from '../../../src/store/lmdb/checkpoint.js'

/** Long enough for the main thread to wait for it in its exit. */
const FAILS_AFTER_MS = 300

const { state } = workerData as CheckpointData
const answer = (what: CheckpointAnswer): void => parentPort?.postMessage(what)

parentPort?.on('message', ({ file }: CheckpointRequest) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FAILS_AFTER_MS)
  Atomics.store(state, 0, FAILED)
  Atomics.notify(state, 0)
  answer({ done: false, full: false, reason: 'no space left' })
  if (file !== '') fs.openSync(file, 'r') // a pipe that nobody writes to
})
answer('ready')
