// Time, chance and deferral. The library reads no clock, draws no number and starts no timer outside this file. It is handed
// these three, so that a simulation runs the same client on its own time.

export interface TimerHandle {
  /** Does nothing when the timer has run or was cancelled before. */
  cancel(): void
}

export interface Clock {
  /** Wall time, milliseconds since 1970; it may jump either way. */
  now(): number
  /** Milliseconds from an arbitrary start, never going back: for every duration and deadline. */
  monotonic(): number
  /** Calls `run` once, `ms` or a little more from now; after 24 days at the latest. */
  after(ms: number, run: () => void): TimerHandle
}

export interface Random {
  /** A new array of `count` random bytes, owned by the caller. They make the installation key: use a generator fit for keys. */
  bytes(count: number): Uint8Array
  /** A random number in [0, 1). */
  fraction(): number
}

/** Calls `run` soon, after what runs now: what one tick brings is stored and written together. */
export type Defer = (run: () => void) => void

/** A longer timer would run at once: the platform counts its milliseconds in 31 bits. */
const TIMER_MS_MAX = 2 ** 31 - 1

export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  // Not unref'ed: a program that waits for its next connection is alive; close() ends every timer.
  after(ms: number, run: () => void): TimerHandle {
    const timeout = setTimeout(run, Math.min(ms, TIMER_MS_MAX))
    return { cancel: () => clearTimeout(timeout) }
  },
})

export const systemRandom: Random = Object.freeze({
  bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
  fraction: () => Math.random(),
})

export const systemDefer: Defer = run => queueMicrotask(run)
