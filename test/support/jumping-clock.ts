/** The system's clock, which a test may push ahead: for waits of minutes in a server over real sockets. */

import { type Clock, systemClock, type TimerHandle } from '../../src/lib/clock.js'

interface Waiting {
  readonly dueMs: number
  readonly run: () => void
  real: TimerHandle
}

export class JumpingClock implements Clock {
  #aheadMs = 0
  readonly #waiting = new Set<Waiting>()

  now(): number {
    return systemClock.now() + Math.floor(this.#aheadMs)
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#aheadMs
  }

  after(ms: number, run: () => void): TimerHandle {
    const fire = (): void => {
      this.#waiting.delete(waiting)
      run()
    }
    const waiting: Waiting = { dueMs: this.monotonic() + ms, run: fire, real: systemClock.after(ms, fire) }
    this.#waiting.add(waiting)
    return {
      cancel: () => {
        this.#waiting.delete(waiting)
        waiting.real.cancel()
      },
    }
  }

  /** Time jumps: what falls due runs now, once; what it starts again waits for its own time. */
  jump(ms: number): void {
    this.#aheadMs += ms
    const nowMs = this.monotonic()
    for (const waiting of [...this.#waiting].sort((a, b) => a.dueMs - b.dueMs)) {
      waiting.real.cancel()
      if (waiting.dueMs <= nowMs) waiting.run()
      else waiting.real = systemClock.after(waiting.dueMs - nowMs, waiting.run)
    }
  }
}
