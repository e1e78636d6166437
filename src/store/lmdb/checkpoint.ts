/**
 * Brings full journal files into the tables, in a thread of its own: the main thread goes on serving, and the lmdb
 * transaction with its syncs blocks nobody.
 */

import { Worker } from 'node:worker_threads'
import { readJournal } from './journal.js'
import type { Tables } from './tables.js'

/** What the thread is started with, what it is asked, and what it answers. */
export interface CheckpointData {
  readonly folder: string
  readonly mapBytes: number
}
export interface CheckpointRequest {
  /** All its writes up to this one are to be in the tables. */
  readonly file: string
  readonly sequence: number
}
export type CheckpointAnswer = { readonly done: true } | { readonly done: false; readonly reason: string }

/** In the thread: applies the writes of a file that the tables lack; durable on return. */
export function applyFile(tables: Tables, { file, sequence }: CheckpointRequest): void {
  const applied = tables.meta('applied')
  const writes = readJournal(file, applied).filter(write => write.sequence <= sequence)
  if (writes.length !== sequence - applied) {
    throw new Error(`${file} has ${writes.length} of the writes ${applied + 1} to ${sequence}`)
  }
  tables.apply(
    writes.map(write => write.changes),
    sequence,
  )
}

/** On the main thread's side. One request at a time. */
export class Checkpointer {
  readonly #data: CheckpointData
  #worker: Worker | undefined
  #settle: ((error: Error | null) => void) | undefined

  constructor(data: CheckpointData) {
    this.#data = data
  }

  get busy(): boolean {
    return this.#settle !== undefined
  }

  run(request: CheckpointRequest, settle: (error: Error | null) => void): void {
    this.#settle = settle
    this.#worker ??= this.#start()
    this.#worker.postMessage(request)
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./checkpoint-thread.js', import.meta.url), {
      workerData: this.#data,
      execArgv: [],
    })
    worker.unref()
    worker.on('message', (answer: CheckpointAnswer) => this.#end(answer.done ? null : new Error(answer.reason)))
    worker.on('error', error => this.#end(error))
    worker.on('exit', code => this.#end(new Error(`the checkpoint thread ended with ${code}`)))
    return worker
  }

  #end(error: Error | null): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(error)
  }
}
