/** The thread that Checkpointer starts. */

import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../lib/error-message.js'
import { giveWay } from '../../lib/give-way.js'
import { nameThread } from '../../lib/thread-name.js'
import { Arena } from './arena.js'
import {
  applyFile,
  type CheckpointAnswer,
  type CheckpointData,
  type CheckpointRequest,
  FAILED,
  IDLE,
} from './checkpoint.js'
import { DiskFullError } from './errors.js'
import { Reusable } from './space.js'
import { Tables } from './tables.js'

/**
 * The niceness: on a core that both share, the event loop gets three times as much. With the lowest priority the journal grew until commits
 * had to wait. With none, p99 of 500 pairs with one in flight was 55 to 71 ms in place of 43 to 59.
 */
const NICENESS = 5

nameThread('checkpoint')
giveWay(NICENESS)
const { folder, mapBytes, note, state } = workerData as CheckpointData
const tables = new Tables(folder, mapBytes, false, note)
const reusable = new Reusable()
const arena = new Arena()

parentPort?.on('message', (request: CheckpointRequest) => {
  let answer: CheckpointAnswer = { done: true }
  let next = IDLE
  try {
    applyFile(tables, request, reusable, arena)
  } catch (error) {
    const reason = messageOf(error)
    const full = error instanceof DiskFullError
    answer = { done: false, full, reason }
    if (!full) next = FAILED
  }
  Atomics.store(state, 0, next)
  Atomics.notify(state, 0)
  parentPort?.postMessage(answer)
})
const ready: CheckpointAnswer = 'ready'
parentPort?.postMessage(ready)
