/** The limits of rate-limits-table.ts at work: one limiter for each row that is on, and a count of what each refused. */

import type { Clock } from '../lib/clock.js'
import type { Key } from '../lib/expiring-table.js'
import { GrowingDelay } from '../lib/growing-delay.js'
import { RateLimiter } from '../lib/rate-limiter.js'
import {
  GROWING,
  LIMIT_NAMES,
  type LIMITS_TABLE,
  type LimitName,
  type LimitSettings,
  limitRow,
  rateOf,
} from './rate-limits-table.js'

/** Rows whose failures cost growing delays. */
export type GrowingName = {
  [N in LimitName]: (typeof LIMITS_TABLE)[N] extends { growing: true } ? N : never
}[LimitName]

/** Rows of so much per second. */
export type RateName = Exclude<LimitName, GrowingName>

export class Limits {
  readonly #rates = new Map<LimitName, RateLimiter>()
  readonly #delays = new Map<LimitName, GrowingDelay>()
  readonly #hits = new Map<LimitName, number>()

  /** `settings`: in place of rows of the table. */
  constructor(clock: Clock, settings: LimitSettings = {}) {
    for (const name of LIMIT_NAMES) {
      const row = limitRow(name)
      const set = settings[name]
      if (set === null) continue
      const rate = rateOf(set ?? row)
      if (row.growing !== true) {
        this.#rates.set(name, new RateLimiter(clock, rate, row.keysMax))
      } else {
        const growth = { free: rate.burst, perSecond: rate.perSecond, ...GROWING }
        this.#delays.set(name, new GrowingDelay(clock, growth, row.keysMax))
      }
    }
  }

  /** Makes limits that limit nothing: for load tests. */
  static open(clock: Clock): Limits {
    return new Limits(clock, Object.fromEntries(LIMIT_NAMES.map(name => [name, null])))
  }

  /** The number of times that each row refused (or slowed), since the start. */
  get hits(): ReadonlyMap<LimitName, number> {
    return this.#hits
  }

  /** Keys that are remembered, of all rows. */
  get keys(): number {
    let keys = 0
    for (const { size } of this.#rates.values()) keys += size
    for (const { size } of this.#delays.values()) keys += size
    return keys
  }

  /** Takes one, or `cost`. 0, or the milliseconds until there is one: then nothing is taken. */
  take(name: RateName, key: Key, cost = 1): number {
    return this.#counted(name, this.#rates.get(name)?.take(key, cost) ?? 0)
  }

  /** Answers as take() would, takes nothing, and counts a refusal as one. */
  check(name: RateName, key: Key, cost = 1): number {
    return this.#counted(name, this.wait(name, key, cost))
  }

  /** Answers as take() would, takes nothing and counts nothing. */
  wait(name: RateName, key: Key, cost = 1): number {
    return this.#rates.get(name)?.wait(key, cost) ?? 0
  }

  /** Takes it whether it is there or not. */
  charge(name: RateName, key: Key, cost = 1): void {
    this.#rates.get(name)?.charge(key, cost)
  }

  /** Undoes a take. */
  giveBack(name: RateName, key: Key, cost = 1): void {
    this.#rates.get(name)?.giveBack(key, cost)
  }

  /** Begins a try that counts as failed until it is settled. 0, or the milliseconds until one may begin: then nothing has begun. */
  begin(name: GrowingName, key: Key): number {
    return this.#counted(name, this.#delays.get(name)?.begin(key) ?? 0)
  }

  /** The try was right: all failures of the key are forgotten. */
  reset(name: GrowingName, key: Key): void {
    this.#delays.get(name)?.reset(key)
  }

  /** The try does not count. */
  takeBack(name: GrowingName, key: Key): void {
    this.#delays.get(name)?.takeBack(key)
  }

  #counted(name: LimitName, waitMs: number): number {
    if (waitMs > 0) this.#hits.set(name, (this.#hits.get(name) ?? 0) + 1)
    return waitMs
  }
}
