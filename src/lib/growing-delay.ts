/**
 * Failures per key that cost waiting: some are free, each further one doubles the delay, and time forgets them one by one. So
 * who tries on settles at the rate at which they are forgotten. What is under way counts as failed until it is settled, or a
 * hundred at once would be a hundred free ones.
 */

import type { Clock } from './clock.js'
import { ExpiringTable, type Key } from './expiring-table.js'

export interface Growth {
  /** Failures that cost nothing. */
  readonly free: number
  /** The failures that are forgotten in a second. */
  readonly perSecond: number
  /** The delay after the first failure that is not free. */
  readonly firstMs: number
  readonly longestMs: number
}

interface Failures {
  /** The failures that counted at `atMs`; time has forgotten some since. */
  readonly count: number
  readonly atMs: number
  /** The time before which no try is allowed. */
  readonly untilMs: number
}

export class GrowingDelay {
  readonly #clock: Clock
  readonly #growth: Growth
  readonly #failures: ExpiringTable<Failures>

  constructor(clock: Clock, growth: Growth, keysMax: number) {
    this.#clock = clock
    this.#growth = growth
    const forgottenMs = ({ count, atMs, untilMs }: Failures) => {
      return Math.max(untilMs, atMs + (count * 1000) / growth.perSecond)
    }
    this.#failures = new ExpiringTable(clock, keysMax, forgottenMs)
  }

  /** Keys with a failure that is not forgotten. */
  get size(): number {
    return this.#failures.size
  }

  /** Begins a try, which counts as failed from here on. 0, or the milliseconds until one may begin: then nothing has begun. */
  take(key: Key): number {
    const waitMs = this.wait(key)
    if (waitMs === 0) this.charge(key)
    return waitMs
  }

  /** The answer that take() would give. */
  wait(key: Key): number {
    const untilMs = this.#failures.get(key)?.untilMs ?? 0
    return Math.max(0, Math.ceil(untilMs - this.#clock.monotonic()))
  }

  /** Begins a try, whether it may begin or not. */
  charge(key: Key): void {
    const nowMs = this.#clock.monotonic()
    const count = this.#count(key, nowMs) + 1
    this.#failures.set(key, { count, atMs: nowMs, untilMs: nowMs + this.#delayMs(count) })
  }

  /** Forgets all failures of a key: a try has succeeded. */
  clear(key: Key): void {
    this.#failures.delete(key)
  }

  /** Undoes a take: the try was neither right nor wrong, or its success is to excuse no other. */
  giveBack(key: Key): void {
    const nowMs = this.#clock.monotonic()
    const count = this.#count(key, nowMs) - 1
    if (count <= 0) this.#failures.delete(key)
    else this.#failures.set(key, { count, atMs: nowMs, untilMs: nowMs })
  }

  #count(key: Key, nowMs: number): number {
    const before = this.#failures.get(key)
    if (before === undefined) return 0
    return Math.max(0, before.count - ((nowMs - before.atMs) * this.#growth.perSecond) / 1000)
  }

  #delayMs(count: number): number {
    const { free, firstMs, longestMs } = this.#growth
    // Not a whole number once some were forgotten in part.
    return count <= free ? 0 : Math.min(longestMs, firstMs * 2 ** Math.max(0, count - free - 1))
  }
}
