/** Remembers that a thread was lost. Perhaps none can be started now, so what would need one is done without it for a while. */
import type { Clock } from '../lib/clock.js'
import { WorkerError } from './types.js'

/** The time until a thread is tried again: connections that hold every descriptor may hold them for long. */
const WITHOUT_MS = 5_000

export class LostThreads {
  readonly #clock: Clock
  #untilMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes the failure of a task. */
  note(error: unknown): void {
    if (error instanceof WorkerError && error.code === 'CRASHED') this.#untilMs = this.#clock.monotonic() + WITHOUT_MS
  }

  /** Whether a thread was lost lately. */
  get lately(): boolean {
    return this.#clock.monotonic() < this.#untilMs
  }
}
