/**
 * How work in the background leaves room for all else. After a slice it rests nine times as long as the slice took: a busy store
 * makes slices long, and rests longer. While the server is under load it pauses, but never for good: what frees the disk must go on.
 */
import type { Clock } from '../lib/clock.js'
import { restMs } from '../lib/rest.js'
import type { Pace } from './job.js'

/** Transitions that wait for a write: as many as two whole writes take (sync/commit-queue.ts). Above it the server is under load. */
export const BUSY_QUEUE_DEPTH = 512
/** How late a timer comes. Above it the server is under load. */
export const BUSY_LATE_MS = 50
/** How often a paused job looks whether the load is gone. */
const LOOK_MS = 50
/** The longest pause: one slice a second is done under any load. */
const PAUSE_MS_MAX = 1_000

export class Pacer {
  readonly #clock: Clock
  readonly #queueDepth: () => number
  readonly #wakes = new Set<() => void>()
  #lateMs = 0
  #stopped = false

  /** @param queueDepth transitions that wait for a write */
  constructor(clock: Clock, queueDepth: () => number) {
    this.#clock = clock
    this.#queueDepth = queueDepth
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  /** The rests of one run. `isStopped` says whether the run is to end, `onSlice` is told of each slice that ended. */
  pace(isStopped: () => boolean, onSlice: () => void): Pace {
    let beganMs = this.#clock.monotonic()
    return {
      get isStopped() {
        return isStopped()
      },
      rest: async msMin => {
        onSlice()
        const tookMs = this.#clock.monotonic() - beganMs
        await this.#wait(restMs(tookMs, msMin))
        await this.settled()
        beganMs = this.#clock.monotonic()
      },
    }
  }

  /** Waits while the server is under load, up to the longest pause. */
  async settled(): Promise<void> {
    for (let pausedMs = 0; this.#isBusy() && pausedMs < PAUSE_MS_MAX; pausedMs += LOOK_MS) await this.#wait(LOOK_MS)
  }

  /** Ends all rests, now and from now on. */
  stop(): void {
    this.#stopped = true
    for (const wake of this.#wakes) wake()
  }

  #isBusy(): boolean {
    return !this.#stopped && (this.#queueDepth() > BUSY_QUEUE_DEPTH || this.#lateMs > BUSY_LATE_MS)
  }

  #wait(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    const dueMs = this.#clock.monotonic() + ms
    return new Promise(resolve => {
      const wake = (): void => {
        timer.cancel()
        this.#wakes.delete(wake)
        this.#lateMs = this.#clock.monotonic() - dueMs
        resolve()
      }
      const timer = this.#clock.after(ms, wake)
      this.#wakes.add(wake)
    })
  }
}
