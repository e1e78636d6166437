/**
 * Paces background work so that it leaves space for all else. After a slice it rests nine times as long as the slice took: a busy store
 * makes slices longer, and so the rests. While the server is under load it pauses, but never for good: work that frees the disk must go
 * on.
 */
import type { Clock } from '../lib/clock.js'

/**
 * The number of transitions waiting for a write above which the server is under load: as many as two whole writes take
 * (sync/commit-queue.ts).
 */
export const BUSY_QUEUE_DEPTH = 512
/** The delay of a timer above which the server is under load. */
export const BUSY_LATE_MS = 50
/** The delay of a timer that shows that the process stood still (the machine slept), not load. */
const STOOD_STILL_MS = 10_000
/** The interval at which a paused job checks whether the load is gone. */
const LOOK_MS = 50
/** The longest pause: one slice a second is done under any load. */
const PAUSE_MS_MAX = 1_000

/** The rest after a slice, as a multiple of the slice's time: the work takes a tenth of the time. */
const RESTS_PER_SLICE = 9
const REST_MS_MIN = 2
const REST_MS_MAX = 1_000

function restMs(tookMs: number, msMin: number): number {
  return Math.max(msMin, Math.min(REST_MS_MAX, RESTS_PER_SLICE * tookMs))
}

/** The rests that follow the slices of a run. */
export class Rests {
  readonly #pacer: Pacer
  readonly #clock: Clock
  readonly #onSlice: () => void
  #beganMs: number

  constructor(pacer: Pacer, clock: Clock, onSlice: () => void) {
    this.#pacer = pacer
    this.#clock = clock
    this.#onSlice = onSlice
    this.#beganMs = clock.monotonic()
  }

  /** Ends a slice, and rests in proportion to it and at least `msMin`. */
  async rest(msMin?: number): Promise<void> {
    this.#onSlice()
    await this.#pacer.rest(this.#tookMs, msMin)
    this.#beganMs = this.#clock.monotonic()
  }

  /** Rests between two runs. A rest that is too short for a timer is added to the next one. */
  async restIfDue(): Promise<void> {
    if (restMs(this.#tookMs, 0) >= REST_MS_MIN) await this.rest()
    else this.#onSlice()
  }

  get #tookMs(): number {
    return this.#clock.monotonic() - this.#beganMs
  }
}

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

  /** Makes the rests of one run after the other; the first slice begins now. `onSlice` is called with each slice that ended. */
  rests(onSlice: () => void): Rests {
    return new Rests(this, this.#clock, onSlice)
  }

  /** Rests after a slice that took so long, and at least `msMin`. */
  async rest(tookMs: number, msMin = REST_MS_MIN): Promise<void> {
    await this.wait(restMs(tookMs, msMin))
    await this.settled()
  }

  /** Waits while the server is under load, up to the longest pause. */
  async settled(): Promise<void> {
    for (let pausedMs = 0; this.#isBusy() && pausedMs < PAUSE_MS_MAX; pausedMs += LOOK_MS) await this.wait(LOOK_MS)
  }

  /** Ends all rests, now and from now on. */
  stop(): void {
    this.#stopped = true
    for (const wake of this.#wakes) wake()
  }

  #isBusy(): boolean {
    if (this.#stopped) return false
    return this.#queueDepth() > BUSY_QUEUE_DEPTH || (this.#lateMs > BUSY_LATE_MS && this.#lateMs < STOOD_STILL_MS)
  }

  wait(ms: number): Promise<void> {
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
