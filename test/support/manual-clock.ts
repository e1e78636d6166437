/** A clock that stands still until the test moves it. Timers run in order of their time, each at its own moment. */

import type { Clock, TimerHandle } from '../../src/lib/clock.js'

interface Timer {
  readonly at: number
  readonly run: () => void
}

export class ManualClock implements Clock {
  #now = 0
  #wallStart: number
  readonly #timers: Timer[] = []

  /** `wallStart`: what `now()` says at the start, milliseconds since 1970. */
  constructor(wallStart = 1_700_000_000_000) {
    this.#wallStart = wallStart
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length
  }

  now(): number {
    return Math.floor(this.#wallStart + this.#now)
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, run: () => void): TimerHandle {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer)
        if (index >= 0) this.#timers.splice(index, 1)
      },
    }
  }

  /** Lets `ms` pass and runs what falls due, also what is started on the way. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      let next: Timer | undefined
      for (const timer of this.#timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer
      if (next === undefined) break
      this.#timers.splice(this.#timers.indexOf(next), 1)
      this.#now = Math.max(this.#now, next.at)
      next.run()
    }
    this.#now = end
  }

  /** The device sleeps: the wall clock goes on, timers and the steady clock stand still. */
  sleep(ms: number): void {
    this.#wallStart += ms
  }

  /** Lets time pass in which the process did nothing. */
  stall(ms: number): void {
    this.#now += ms
  }
}
