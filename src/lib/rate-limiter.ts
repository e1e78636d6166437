/**
 * Limits each key to a rate and a burst on top (GCRA, "leaky bucket as a meter"). It keeps one number per key: the time at which
 * the key will be full again. A key that is full is not stored, so an idle one costs nothing.
 *
 *            now            full again
 *   ──────────┼─────────────────┼──────────►   what was taken and is not yet made up for: (full again − now) · rate
 *             └── at most burst ┘
 */

import type { Clock } from './clock.js'
import { ExpiringTable, type Key } from './expiring-table.js'

export interface Rate {
  readonly perSecond: number
  /** The burst: how much a key may take at once after a rest; at least 1. */
  readonly burst: number
}

export class RateLimiter {
  readonly #clock: Clock
  readonly #msEach: number
  readonly #burstMs: number
  readonly #fullMs: ExpiringTable<number>

  constructor(clock: Clock, { perSecond, burst }: Rate, keysMax: number) {
    this.#clock = clock
    this.#msEach = 1000 / perSecond
    this.#burstMs = burst * this.#msEach
    this.#fullMs = new ExpiringTable(clock, keysMax, fullMs => fullMs)
  }

  /** Keys that are not full. */
  get size(): number {
    return this.#fullMs.size
  }

  /** Takes `cost`. 0 if it was there; else nothing is taken, and it will be there in so many milliseconds. */
  take(key: Key, cost = 1): number {
    const nowMs = this.#clock.monotonic()
    const fullMs = Math.max(this.#fullMs.get(key) ?? 0, nowMs)
    const waitMs = this.#waitMs(fullMs - nowMs, cost)
    if (waitMs === 0) this.#fullMs.set(key, fullMs + cost * this.#msEach)
    return waitMs
  }

  /** The answer that take() would give, without taking. */
  wait(key: Key, cost = 1): number {
    const fullMs = this.#fullMs.get(key)
    return fullMs === undefined ? 0 : this.#waitMs(Math.max(0, fullMs - this.#clock.monotonic()), cost)
  }

  /** Takes it whether it is there or not: what follows waits the longer. */
  charge(key: Key, cost = 1): void {
    const nowMs = this.#clock.monotonic()
    this.#fullMs.set(key, Math.max(this.#fullMs.get(key) ?? 0, nowMs) + cost * this.#msEach)
  }

  /** Undoes a take. */
  giveBack(key: Key, cost = 1): void {
    const fullMs = this.#fullMs.get(key)
    if (fullMs !== undefined) this.#fullMs.set(key, fullMs - cost * this.#msEach)
  }

  /** The wait for a cost. A full key takes any cost: one larger than the burst would never come through. */
  #waitMs(usedMs: number, cost: number): number {
    const overMs = usedMs + cost * this.#msEach - this.#burstMs
    return usedMs === 0 || overMs <= TOLERANCE_MS ? 0 : Math.ceil(Math.min(overMs, usedMs))
  }
}

/** Sums of fractions are not exact: who waited as long as he was told is not to be told a millisecond more. */
const TOLERANCE_MS = 1e-3
