/**
 * Time. Outside src/lib nothing reads a clock or starts a timer by itself. Code is handed a Clock, so that simulation can run the
 * same code on its own time.
 */

import { performance } from 'node:perf_hooks'

export interface TimerHandle {
  /** Does nothing when the timer has run or was cancelled before. */
  cancel(): void
}

export interface Clock {
  /** Wall time in whole milliseconds since 1970: for what people and other processes see. It may jump either way. */
  now(): number
  /** Milliseconds (with fractions) from an arbitrary start, never going back: for every duration and deadline. */
  monotonic(): number
  /** Calls `run` once, `ms` or a little more from now. Whether a pending timer keeps the process alive is the clock's own. */
  after(ms: number, run: () => void): TimerHandle
}

/** Node's setTimeout fires at once above this (a 32-bit count of ms): longer waits are asked for in error. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** A server's clock. What keeps its process alive is `serve` itself; a forgotten timer must not keep a drained one. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms: number, run: () => void): TimerHandle {
    const timeout = timeoutAfter(ms, run)
    timeout.unref()
    return { cancel: () => clearTimeout(timeout) }
  },
})

/** The clock of a command that comes to an end by itself: a pending timer keeps the process alive, or it ends while it waits. */
export const commandClock: Clock = Object.freeze({
  now: systemClock.now,
  monotonic: systemClock.monotonic,
  after(ms: number, run: () => void): TimerHandle {
    const timeout = timeoutAfter(ms, run)
    return { cancel: () => clearTimeout(timeout) }
  },
})

/** Resolves so many milliseconds from now. */
export function pause(clock: Pick<Clock, 'after'>, ms: number): Promise<void> {
  return new Promise(resolve => clock.after(ms, resolve))
}

/** Keeps the process alive until it is cancelled, whatever else there is to do. */
export function keepAlive(): TimerHandle {
  const interval = setInterval(() => {}, TIMER_MS_MAX)
  return { cancel: () => clearInterval(interval) }
}

function timeoutAfter(ms: number, run: () => void): NodeJS.Timeout {
  if (!(ms >= 0 && ms <= TIMER_MS_MAX)) throw new RangeError(`a timer of ${ms} ms is not in [0, ${TIMER_MS_MAX}]`)
  return setTimeout(run, ms)
}
