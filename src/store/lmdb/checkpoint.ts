/**
 * Brings full journal files into the tables, in a thread of its own: the main thread goes on serving, and the lmdb
 * transaction with its syncs blocks nobody.
 *
 * The thread and all that it needs are there from the start: a server whose descriptors are all taken by connections could not
 * start one, nor open a file. A journal file is read through the descriptor that the process has of it.
 */

import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { present } from '../../lib/assert.js'
import { eachChange } from './encoder.js'
import { DiskFullError } from './errors.js'
import { JOURNAL } from './journal-file.js'
import { bytesOf, chainOf } from './recovery.js'
import { bytesTaken, freeBytes, type Reusable } from './space.js'
import type { Tables } from './tables.js'

/** What the thread is started with, what it is asked, and what it answers. */
export interface CheckpointData {
  readonly folder: string
  readonly mapBytes: number
  /** One number: BUSY from a request to the end of its transaction, else IDLE. Shared. */
  readonly state: Int32Array
}
export interface CheckpointRequest {
  readonly file: string
  readonly descriptor: number
  /** All its writes up to this one are to be in the tables. */
  readonly sequence: number
}
export type CheckpointAnswer =
  /** Once, before anything was asked: it has all that it needs. */
  | 'ready'
  | { readonly done: true }
  /** `full`: there was no room, and nothing was tried. */
  | { readonly done: false; readonly full: boolean; readonly reason: string }

/** In the thread: applies the writes of a file that the tables lack; durable on return. Throws DiskFullError before it tries. */
export function applyFile(tables: Tables, request: CheckpointRequest, reusable: Reusable): void {
  const { file, descriptor, sequence } = request
  const applied = tables.meta('applied')
  const chain = chainOf(bytesOf(descriptor), tables.meta(JOURNAL), applied + 1)
  const writes = chain.filter(write => write.sequence <= sequence)
  if (writes.length !== sequence - applied) {
    throw new Error(`${file} has ${writes.length} of the writes ${applied + 1} to ${sequence}`)
  }
  applyWrites(
    tables,
    writes.map(write => write.changes),
    sequence,
    path.dirname(file),
    reusable,
  )
}

/** Applies them if the folder's disk has room for all that may take; durable on return. */
export function applyWrites(
  tables: Tables,
  writes: readonly Buffer[],
  sequence: number,
  folder: string,
  reusable: Reusable,
): void {
  const use = tables.pages()
  const pending = { changes: 0, bytes: 0 }
  for (const write of writes) {
    pending.bytes += write.length
    eachChange(write, () => pending.changes++)
  }
  const needed = bytesTaken(pending, use)
  const there = freeBytes(folder)
  if (there + reusable.bytes(use) < needed) throw new DiskFullError(folder, needed, there)
  reusable.took(needed)
  tables.apply(writes, sequence)
}

export const IDLE = 0
export const BUSY = 1

/**
 * How long a process that exits waits for a transaction that is under way. If the disk hangs it is killed then: it must end, and
 * its exit code is the lesser loss.
 */
const EXIT_WAIT_MS = 10_000

/** Done; not tried, for want of room; or failed. */
export type CheckpointOutcome = null | 'full' | Error

/**
 * On the main thread's side. One request at a time.
 *
 * Node stops its threads when the process exits, and one that is stopped between lmdb's begin and commit waits for itself, for
 * ever (seen with 3.5.6): the process would not end. So an exit, whatever its cause, waits for the transaction.
 */
export class Checkpointer {
  readonly #data: CheckpointData
  readonly #onExit = (): void => {
    const waited = Atomics.wait(this.#data.state, 0, BUSY, EXIT_WAIT_MS)
    if (waited === 'timed-out') process.kill(process.pid, 'SIGKILL')
  }
  #worker: Worker | undefined
  #begun: ((error: Error | null) => void) | undefined
  #settle: ((outcome: CheckpointOutcome) => void) | undefined
  /** The thread has ended while it had nothing to do. */
  onEnd: (error: Error) => void = () => {}

  constructor(data: Omit<CheckpointData, 'state'>) {
    this.#data = { ...data, state: new Int32Array(new SharedArrayBuffer(4)) }
  }

  get busy(): boolean {
    return this.#settle !== undefined
  }

  /** Settles when the thread waits for requests; rejects if it cannot be had. */
  start(): Promise<void> {
    const worker = new Worker(new URL('./checkpoint-thread.js', import.meta.url), {
      workerData: this.#data,
      execArgv: [],
    })
    this.#worker = worker
    worker.on('message', (answer: CheckpointAnswer) => this.#hear(worker, answer))
    worker.on('error', error => this.#ended(worker, error))
    worker.on('exit', code => this.#ended(worker, new Error(`it exited with ${code}`)))
    return new Promise((resolve, reject) => {
      this.#begun = error => (error === null ? resolve() : reject(error))
    })
  }

  run(request: CheckpointRequest, settle: (outcome: CheckpointOutcome) => void): void {
    const worker = present(this.#worker, 'the checkpoint thread')
    this.#settle = settle
    Atomics.store(this.#data.state, 0, BUSY)
    process.off('exit', this.#onExit)
    process.on('exit', this.#onExit)
    worker.ref()
    worker.postMessage(request)
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    worker?.ref() // or the process may end before the thread has
    await worker?.terminate()
    process.off('exit', this.#onExit)
  }

  #hear(worker: Worker, answer: CheckpointAnswer): void {
    if (answer === 'ready') {
      worker.unref() // keeps the process alive only while it works
      this.#begun?.(null)
    } else this.#end(answer.done ? null : answer.full ? 'full' : new Error(answer.reason))
  }

  #ended(worker: Worker, cause: Error): void {
    if (worker !== this.#worker) return // it was closed, or has told an error before it ended
    this.#worker = undefined
    const error = new Error(`the checkpoint thread has ended: ${cause.message}`, { cause })
    this.#begun?.(error)
    if (this.busy) this.#end(error)
    else this.onEnd(error)
  }

  #end(outcome: CheckpointOutcome): void {
    Atomics.store(this.#data.state, 0, IDLE) // also when the thread has died
    this.#worker?.unref()
    const settle = this.#settle
    this.#settle = undefined
    settle?.(outcome)
  }
}
