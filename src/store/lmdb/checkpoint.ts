/**
 * Brings full journal files into the tables, in a thread of its own. The main thread goes on serving, and the lmdb transaction with its
 * syncs blocks nobody.
 *
 * The thread and all that it needs exist from the start: a server whose descriptors are all taken by connections could not start one, nor
 * open a file. A journal file is read through the process's open descriptor.
 */

import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { present } from '../../lib/assert.js'
import { systemClock } from '../../lib/clock.js'
import { Arena } from './arena.js'
import type { Batch } from './batch.js'
import { DiskFullError } from './errors.js'
import { WRITES_AT, writeAt } from './journal-file.js'
import { chainOf, type RecoveredWrites } from './recovery.js'
import { bytesTaken, freeBytes, Reusable } from './space.js'
import type { Tables } from './tables.js'

/** The data that the thread is started with, its requests and its answers. */
export interface CheckpointData {
  readonly folder: string
  readonly mapBytes: number
  /** The descriptor of lmdb's note of the newest transaction. */
  readonly note: number
  /** One shared number: BUSY from a request to the end of its transaction, FAILED if lmdb failed in it, else IDLE. */
  readonly state: Int32Array
}
export interface CheckpointRequest {
  readonly file: string
  readonly descriptor: number
  /** The position behind the file's last write. */
  readonly end: number
  /** The journal's salt. */
  readonly salt: number
  /** The sequence up to which the tables hold all writes. */
  readonly before: number
  /** The sequence up to which they are to hold them. */
  readonly sequence: number
}
export type CheckpointAnswer =
  /** Sent once, before any request: the thread has all that it needs. */
  | 'ready'
  | { readonly done: true }
  /** The request failed. `full`: there was no space, and nothing was tried. */
  | { readonly done: false; readonly full: boolean; readonly reason: string }

/** Applies the writes of a file; runs in the thread, durable on return. Throws DiskFullError before it tries. */
export function applyFile(tables: Tables, request: CheckpointRequest, reusable: Reusable, arena = new Arena()): void {
  const { file, descriptor, end, salt, before, sequence } = request
  arena.restart()
  const bytes = arena.read(descriptor, end)
  const writes = chainOf(bytes, salt, before + 1).filter(write => write.sequence <= sequence)
  if (writes.length !== sequence - before) {
    const first = writeAt(bytes, WRITES_AT, salt)?.sequence ?? 'none'
    const found = `${bytes.length} bytes were read, their first write is ${first}`
    throw new Error(`${file} has ${writes.length} of the writes ${before + 1} to ${sequence}: ${found}`)
  }
  const batch = tables.batch({ arena })
  for (const { changes } of writes) batch.add(changes)
  applyBatch(tables, batch, sequence, path.dirname(file), reusable)
}

/** Applies recovered writes, if there are any; durable on return. Throws DiskFullError before it tries. */
export function applyRecovered(tables: Tables, recovered: RecoveredWrites, folder: string): void {
  const last = recovered.writes.at(-1)
  if (last === undefined) return
  const batch = tables.batch({ isApart: recovered.isOld })
  batch.addRecovered(recovered)
  applyBatch(tables, batch, last.sequence, folder, new Reusable())
}

/** Applies a batch if the folder's disk has space for all that it may take. */
function applyBatch(tables: Tables, batch: Batch, sequence: number, folder: string, reusable: Reusable): void {
  const use = tables.pages()
  const needed = bytesTaken(batch.size, use)
  const there = freeBytes(folder)
  if (there + reusable.bytes(use) < needed) throw new DiskFullError(folder, needed, there)
  reusable.took(needed)
  tables.apply(batch, sequence)
}

export const IDLE = 0
export const BUSY = 1
export const FAILED = 2

/**
 * The longest time that an exiting process waits for a running transaction. If the disk hangs, the process is then killed: it must end,
 * and losing its exit code is the smaller harm.
 */
const EXIT_WAIT_MS = 10_000

/** The time in which a thread must end after lmdb failed in it. */
const END_WAIT_MS = 2_000

/**
 * The young space of the thread's heap: its garbage is views, which live for microseconds. As much as Node gives by itself would be 48 MiB.
 */
const YOUNG_MIB = 6

const THREAD = new URL('./checkpoint-thread.js', import.meta.url)

/** The outcome: null if it is done, 'full' if it was not tried for lack of space, or the failure. */
export type CheckpointOutcome = null | 'full' | Error

/**
 * The main thread's side. It takes one request at a time.
 *
 * Node stops its threads when the process exits. A thread that is stopped between lmdb's begin and commit waits for itself for ever (seen
 * with 3.5.6), so the process would not end. So every exit, whatever its cause, waits for the transaction.
 *
 * A thread in which lmdb has failed (another program filled the disk during a transaction) may never end. Node would wait for it within
 * the exit, where none of our code runs any more. So the thread is ended before its failure is reported. If it does not end, or an exit
 * comes first, the exit is a SIGKILL: the process ends for certain, and only its exit code is lost.
 *
 *   IDLE ──run──► BUSY ──answer──► IDLE
 *                   │ lmdb failed
 *                   ▼
 *                 FAILED ──the thread has ended──► IDLE, then the failure is told
 *                   ├──END_WAIT_MS──► FAILED, and the failure is told
 *                   └──exit──► SIGKILL
 */
export class Checkpointer {
  readonly #data: Omit<CheckpointData, 'note'>
  readonly #thread: URL
  readonly #onExit = (): void => {
    const { state } = this.#data
    const waited = Atomics.wait(state, 0, BUSY, EXIT_WAIT_MS)
    if (waited === 'timed-out' || Atomics.load(state, 0) === FAILED) process.kill(process.pid, 'SIGKILL')
  }
  #worker: Worker | undefined
  #begun: ((error: Error | null) => void) | undefined
  #settle: ((outcome: CheckpointOutcome) => void) | undefined
  /** Called when the thread has ended while it had nothing to do. */
  onEnd: (error: Error) => void = () => {}

  /** @param thread another thread than ours, for tests */
  constructor(data: Omit<CheckpointData, 'state' | 'note'>, thread = THREAD) {
    this.#thread = thread
    this.#data = { ...data, state: new Int32Array(new SharedArrayBuffer(4)) }
  }

  get busy(): boolean {
    return this.#settle !== undefined
  }

  /** Starts the thread. Settles when it waits for requests; rejects if it cannot be had. */
  start(note: number): Promise<void> {
    const workerData: CheckpointData = { ...this.#data, note }
    const worker = new Worker(this.#thread, {
      workerData,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    })
    this.#worker = worker
    worker.on('message', (answer: CheckpointAnswer) => this.#hear(worker, answer))
    worker.on('error', error => this.#failed(worker, endedError(error)))
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
    // A thread that cannot be ended would delay an exit for ever.
    if (Atomics.load(this.#data.state, 0) !== FAILED) process.off('exit', this.#onExit)
  }

  #hear(worker: Worker, answer: CheckpointAnswer): void {
    if (answer === 'ready') {
      worker.unref() // keeps the process alive only while it works
      this.#begun?.(null)
    } else if (answer.done || answer.full) this.#end(answer.done ? null : 'full')
    else this.#failed(worker, new Error(answer.reason))
  }

  /** Ends the thread, if that is possible, and then reports its failure. */
  #failed(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    Atomics.store(this.#data.state, 0, FAILED) // also when it has thrown
    process.off('exit', this.#onExit)
    process.on('exit', this.#onExit)
    let told = false
    const tell = (): void => {
      if (!told) this.#tell(error)
      told = true
    }
    systemClock.after(END_WAIT_MS, tell)
    void worker.terminate().then(() => {
      Atomics.store(this.#data.state, 0, IDLE)
      tell()
    })
  }

  #tell(error: Error): void {
    this.#begun?.(error)
    const settle = this.#settle
    this.#settle = undefined
    if (settle === undefined) this.onEnd(error)
    else settle(error)
  }

  #ended(worker: Worker, cause: Error): void {
    if (worker !== this.#worker) return // it was closed, or has failed before it ended
    this.#worker = undefined
    Atomics.store(this.#data.state, 0, IDLE)
    this.#tell(endedError(cause))
  }

  #end(outcome: null | 'full'): void {
    Atomics.store(this.#data.state, 0, IDLE)
    this.#worker?.unref()
    const settle = this.#settle
    this.#settle = undefined
    settle?.(outcome)
  }
}

function endedError(cause: Error): Error {
  return new Error(`the checkpoint thread has ended: ${cause.message}`, { cause })
}
