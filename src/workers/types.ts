/** The terms of the pool: tasks by name, priorities, and the reasons why a task was not done. */

/** A task: its function, and the time that it may take before its thread is given up. */
export interface Task<I, O> {
  readonly timeoutMs: number
  /** Runs in a thread. Input and output are copied, and nothing else is shared. */
  run(this: void, input: I): O | Promise<O>
  /** The buffers of the input that are handed over and not copied: the caller needs them no more. Absent: none. */
  takesOver?(this: void, input: I): readonly ArrayBuffer[]
  /** The buffers of the output that are handed over and not copied: the thread needs them no more. Absent: none. */
  handsOver?(this: void, output: O): readonly ArrayBuffer[]
}

export type TaskTable = Readonly<Record<string, Task<never, unknown>>>

type InputOf<T extends Task<never, unknown>> = Parameters<T['run']>[0]
type OutputOf<T extends Task<never, unknown>> = Awaited<ReturnType<T['run']>>

/**
 * Tasks of 'high' priority are begun before all of 'normal'. 'short' is for tasks of a few milliseconds: they take turns with the others,
 * so that neither waits for a whole queue.
 */
export type Priority = 'short' | 'high' | 'normal'
export const PRIORITIES: readonly Priority[] = ['short', 'high', 'normal']

export interface TaskOptions {
  /** The priority; absent: normal. */
  readonly priority?: Priority
  /** Takes the task out of the queue, or ends its thread. */
  readonly signal?: AbortSignal | undefined
  /** Whether a task that has begun is finished, whatever the signal says: a short one costs less than another thread. Absent: no. */
  readonly finishes?: boolean
}

export const WORKER_CODES = ['QUEUE_FULL', 'ABORTED', 'TIMED_OUT', 'CRASHED', 'FAILED', 'CLOSED'] as const
/**
 * The reasons. QUEUE_FULL: too many wait · ABORTED: its signal said so · TIMED_OUT: it took too long · CRASHED: its thread ended, or none
 * could be started · FAILED: it threw (`cause` holds the error) · CLOSED: the pool ends
 */
export type WorkerCode = (typeof WORKER_CODES)[number]

export class WorkerError extends Error {
  override readonly name = 'WorkerError'
  readonly code: WorkerCode

  constructor(code: WorkerCode, task: string, cause?: unknown) {
    super(`the task ${task} was not done: ${code}`, { cause })
    this.code = code
  }
}

export interface Workers<T extends TaskTable> {
  /** @throws WorkerError */
  run<N extends keyof T & string>(name: N, input: InputOf<T[N]>, options?: TaskOptions): Promise<OutputOf<T[N]>>
  /** Ends all threads; waiting and running tasks are rejected. */
  close(): Promise<void>
}
