/**
 * Time. Outside src/lib nothing reads a clock or starts a timer by itself: it is handed a Clock, so that simulation can
 * run the same code on its own time.
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
  /** Calls `run` once, `ms` or a little more from now. A pending timer does not keep the process alive. */
  after(ms: number, run: () => void): TimerHandle
}

/** Node's setTimeout fires at once above this (a 32-bit count of ms): longer waits are asked for in error. */
const TIMER_MS_MAX = 2 ** 31 - 1

export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms: number, run: () => void): TimerHandle {
    if (!(ms >= 0 && ms <= TIMER_MS_MAX)) throw new RangeError(`a timer of ${ms} ms is not in [0, ${TIMER_MS_MAX}]`)
    const timeout = setTimeout(run, ms)
    // What must keep a process alive is its listeners and sockets; a forgotten timer must not keep a drained one.
    timeout.unref()
    return { cancel: () => clearTimeout(timeout) }
  },
})
