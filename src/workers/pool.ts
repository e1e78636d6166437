/**
 * The one pool of threads of the process. Tasks have names, a priority, and an end:
 *
 *            a thread is free           done, or threw
 *   waiting ──────────────────► running ───────────────► settled
 *      │                          │  signal (unless it finishes), or too long: its thread is ended, another takes its place
 *      └── signal, close() ───────┴──────────────────────► rejected with a code
 *
 * The queue is ours (priorities, bounds); piscina has the threads. It never gets more tasks than it has threads, and threads that have to
 * be started get one task at a time. So a thread that cannot be started (connections may hold every descriptor) fails one task and
 * nothing else. A thread is started when it is needed (10 MB each: an idle server has none), and stays until it is ended.
 */
import type { Worker } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { present } from '../lib/assert.js'
import type { Clock } from '../lib/clock.js'
import { Buckets } from '../ops/counters.js'
import type { Answer, Order } from './serve.js'
import { TASKS } from './tasks.js'
import {
  PRIORITIES,
  type Priority,
  type TaskOptions,
  type TaskTable,
  WORKER_CODES,
  type WorkerCode,
  WorkerError,
  type Workers,
} from './types.js'

/** The most waiting tasks of each priority; the next is refused. 200 hashes wait 10 s at 50 ms. */
const WAITING_MAX = 200

/** The bounds of run times, from a single hash on a fast core to one on a busy machine. */
const RUN_SECONDS_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export interface PoolOptions<T extends TaskTable> {
  readonly clock: Clock
  /** The number of tasks that run at a time: one less than there are cores leaves a core to the event loop. */
  readonly threads: number
  readonly waitingMax?: number
  /** Other tasks, for tests, and the file with which a thread serves them. */
  readonly tasks?: T
  readonly file?: URL
}

/** The figures of the pool. */
export interface WorkerFigures {
  waiting: number
  running: number
  readonly failures: Record<WorkerCode, number>
  /** The run times of tasks that were done or threw. */
  readonly runSeconds: Buckets
}

interface TaskRun {
  readonly name: string
  readonly input: unknown
  readonly timeoutMs: number
  readonly queue: Set<TaskRun>
  readonly controller: AbortController
  readonly settle: (result: { readonly value: unknown } | WorkerError) => void
  /** The reason why it is being ended. */
  ended: WorkerCode | undefined
}

export class WorkerPool<T extends TaskTable = typeof TASKS> implements Workers<T> {
  readonly figures: WorkerFigures = {
    waiting: 0,
    running: 0,
    failures: Object.fromEntries(WORKER_CODES.map(code => [code, 0])) as Record<WorkerCode, number>,
    runSeconds: new Buckets(RUN_SECONDS_BOUNDS),
  }
  readonly #options: Pick<PoolOptions<T>, 'clock' | 'threads'>
  readonly #tasks: TaskTable
  readonly #waitingMax: number
  readonly #pool: Piscina<Order, Answer>
  /** The waiting tasks, in the order in which they came. */
  readonly #waiting: Readonly<Record<Priority, Set<TaskRun>>> = {
    short: new Set(),
    high: new Set(),
    normal: new Set(),
  }
  /** Whether the last task that began was a short one. */
  #wasShort = false
  readonly #running = new Set<TaskRun>()
  /** The threads that have begun. */
  readonly #ready = new WeakSet<Worker>()
  /** The last task that a thread was started for. */
  #startedFor: TaskRun | undefined
  #isClosed = false

  constructor({ clock, threads, waitingMax = WAITING_MAX, tasks, file }: PoolOptions<T>) {
    this.#options = { clock, threads }
    this.#tasks = tasks ?? TASKS
    this.#waitingMax = waitingMax
    const pool = new Piscina<Order, Answer>({
      filename: (file ?? new URL('./thread.js', import.meta.url)).href,
      // It starts none by itself: a thread that cannot be started for lack of a descriptor would end the process.
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      maxQueue: 1,
      execArgv: [],
      recordTiming: false,
      // Otherwise a thread never comes to the end of a turn, where lmdb lets go of the state that was read. It costs no more: 45 to 62 µs
      // of the main thread for a task, 29 to 32 with 16 at once, in place of 57 to 77 and 31 to 57 (2 cores, busy).
      atomics: 'disabled',
    })
    this.#pool = pool
    pool.on('workerCreate', ({ id }: { readonly id: number }) => {
      for (const thread of pool.threads) if (thread.threadId === id) this.#ready.add(thread)
      this.#next()
    })
    const lookAfterEnd = () => queueMicrotask(() => this.#failUnstarted())
    pool.on('workerDestroy', lookAfterEnd)
    pool.on('error', lookAfterEnd)
  }

  run: Workers<T>['run'] = (name: string, input: unknown, options?: TaskOptions) => {
    return this.#submit(name, input, options) as Promise<never>
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const priority of PRIORITIES) for (const run of this.#waiting[priority]) this.#end(run, 'CLOSED')
    for (const run of this.#running) this.#end(run, 'CLOSED')
    await this.#pool.destroy()
  }

  #submit(
    name: string,
    input: unknown,
    { priority = 'normal', signal, finishes = false }: TaskOptions = {},
  ): Promise<unknown> {
    const queue = this.#waiting[priority]
    const refusal = this.#whyNot(queue, signal)
    if (refusal !== undefined) return Promise.reject(this.#failure(refusal, name, signal?.reason))
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        if (!finishes || queue.has(run)) this.#end(run, 'ABORTED')
      }
      const run: TaskRun = {
        name,
        input,
        timeoutMs: present(this.#tasks[name], `the task ${name}`).timeoutMs,
        queue,
        controller: new AbortController(),
        ended: undefined,
        settle(result) {
          signal?.removeEventListener('abort', onAbort)
          if (result instanceof WorkerError) reject(result)
          else resolve(result.value)
        },
      }
      signal?.addEventListener('abort', onAbort)
      queue.add(run)
      this.#next()
    })
  }

  #whyNot(queue: ReadonlySet<TaskRun>, signal: AbortSignal | undefined): WorkerCode | undefined {
    if (this.#isClosed) return 'CLOSED'
    if (signal?.aborted === true) return 'ABORTED'
    return queue.size >= this.#waitingMax && !this.#hasPlace ? 'QUEUE_FULL' : undefined
  }

  /** Whether another task may begin. Only one thread is started at a time. */
  get #hasPlace(): boolean {
    return this.#running.size < Math.min(this.#options.threads, this.#readyThreads + 1)
  }

  get #readyThreads(): number {
    return this.#pool.threads.filter(thread => this.#ready.has(thread)).length
  }

  #next(): void {
    while (!this.#isClosed && this.#hasPlace) {
      const queue = this.#nextQueue()
      const [run] = queue
      if (run === undefined) break
      this.#wasShort = queue === this.#waiting.short
      queue.delete(run)
      this.#begin(run)
    }
    this.#count()
  }

  #nextQueue(): Set<TaskRun> {
    const { short, high, normal } = this.#waiting
    const other = high.size > 0 ? high : normal
    return short.size > 0 && !(this.#wasShort && other.size > 0) ? short : other
  }

  #begin(run: TaskRun): void {
    const { clock } = this.#options
    const beganMs = clock.monotonic()
    const { name, input, timeoutMs, controller } = run
    if (this.#running.size >= this.#readyThreads) this.#startedFor = run
    this.#running.add(run)
    const late = clock.after(timeoutMs, () => this.#end(run, 'TIMED_OUT'))
    const left = (): void => {
      late.cancel()
      this.#running.delete(run)
      if (this.#startedFor === run) this.#startedFor = undefined
    }
    this.#hand({ name, input }, run).then(
      answer => {
        left()
        this.figures.runSeconds.add((clock.monotonic() - beganMs) / 1_000)
        run.settle(answer.kind === 'done' ? answer : this.#failure('FAILED', name, answer.error))
        this.#next()
      },
      error => {
        left()
        controller.abort() // if no thread could be started, piscina still keeps the task
        run.settle(this.#failure(run.ended ?? 'CRASHED', name, error))
        this.#next()
      },
    )
  }

  /** @throws AbortError, or the error of a thread that ended or cannot be started */
  async #hand(order: Order, run: TaskRun): Promise<Answer> {
    const transferList = [...(this.#tasks[run.name]?.takesOver?.(run.input as never) ?? [])]
    return await this.#pool.run(order, { signal: run.controller.signal, transferList })
  }

  /** Ends a task before its time. */
  #end(run: TaskRun, code: WorkerCode): void {
    run.ended ??= code
    if (run.queue.delete(run)) run.settle(this.#failure(code, run.name))
    else run.controller.abort()
    this.#count()
  }

  /** Fails a task for which no thread is being started any more: it has none to wait for. */
  #failUnstarted(): void {
    if (this.#pool.queueSize > 0 && this.#startedFor !== undefined) this.#end(this.#startedFor, 'CRASHED')
  }

  #failure(code: WorkerCode, name: string, cause?: unknown): WorkerError {
    this.figures.failures[code] += 1
    return new WorkerError(code, name, cause)
  }

  #count(): void {
    let waiting = 0
    for (const priority of PRIORITIES) waiting += this.#waiting[priority].size
    this.figures.waiting = waiting
    this.figures.running = this.#running.size
  }
}
