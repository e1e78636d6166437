/** The thread that Checkpointer starts. */

import { parentPort, workerData } from 'node:worker_threads'
import { applyFile, type CheckpointAnswer, type CheckpointData, type CheckpointRequest } from './checkpoint.js'
import { Tables } from './tables.js'

const { folder, mapBytes } = workerData as CheckpointData
const tables = new Tables(folder, mapBytes)

parentPort?.on('message', (request: CheckpointRequest) => {
  let answer: CheckpointAnswer = { done: true }
  try {
    applyFile(tables, request)
  } catch (error) {
    answer = { done: false, reason: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(answer)
})
