/** A program in the simulation: it has its own clock, and when it is killed nothing of it runs any more. */

import type { Clock, TimerHandle } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'
import type { Defer } from '../../src/lib/turn.js'
import type { Owner, Scheduler } from './scheduler.js'

/** What a clock shows that is right. */
export function wallMs({ nowMs, calendarMs }: Scheduler): number {
  return WALL_START_MS + nowMs + calendarMs
}

const WALL_START_MS = 1_790_000_000_000

/** A timer runs up to so much late: the machine has other things to do. */
const TIMER_LATE_MS = 1.5

export class Process implements Owner {
  readonly name: string
  readonly clock: Clock
  /** The end of the event loop's turn. */
  readonly defer: Defer
  alive = true
  /** What the wall clock is wrong by. */
  skewMs = 0
  readonly #onEnd: (() => void)[] = []

  constructor(scheduler: Scheduler, random: Random, name: string) {
    this.name = name
    const startMs = scheduler.nowMs
    this.clock = {
      now: () => Math.floor(wallMs(scheduler) + this.skewMs),
      monotonic: () => scheduler.nowMs - startMs,
      after: (ms, run): TimerHandle => {
        const event = scheduler.after(ms + random.fraction() * TIMER_LATE_MS, `timer ${name}`, run, this)
        return { cancel: () => scheduler.cancel(event) }
      },
    }
    this.defer = run => {
      scheduler.after(0, `turn ${name}`, run, this)
    }
  }

  /** What its end means for others: sockets close. */
  onEnd(run: () => void): void {
    this.#onEnd.push(run)
  }

  kill(): void {
    if (!this.alive) return
    this.alive = false
    for (const run of this.#onEnd.splice(0)) run()
  }
}
