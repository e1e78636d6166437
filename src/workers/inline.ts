/** Runs tasks in the calling thread: for simulation and tests. */
import { TASKS } from './tasks.js'
import { type TaskOptions, type TaskTable, WorkerError, type Workers } from './types.js'

export class InlineWorkers<T extends TaskTable = typeof TASKS> implements Workers<T> {
  readonly #tasks: TaskTable
  #isClosed = false

  constructor(tasks?: T) {
    this.#tasks = tasks ?? TASKS
  }

  run: Workers<T>['run'] = async (name: string, input: unknown, { signal }: TaskOptions = {}) => {
    await Promise.resolve()
    if (this.#isClosed) throw new WorkerError('CLOSED', name)
    if (signal?.aborted === true) throw new WorkerError('ABORTED', name, signal.reason)
    try {
      return (await this.#tasks[name]?.run(input as never)) as never
    } catch (error) {
      throw new WorkerError('FAILED', name, error)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }
}
