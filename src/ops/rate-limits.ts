/** The limits of rate-limits-table.ts at work: buckets for each row that is on, and a count of what each refused. */

import type { Clock } from '../lib/clock.js'
import type { Key } from '../lib/expiring-table.js'
import { GrowingDelay } from '../lib/growing-delay.js'
import { RateLimiter } from '../lib/rate-limiter.js'
import type { SharedBuckets } from '../lib/shared-buckets.js'
import { type Claim, type Claimed, type ClaimRow, Claims } from './claims.js'
import {
  GROWING,
  isShared,
  LIMIT_NAMES,
  type LimitName,
  type LimitRow,
  type LimitSettings,
  limitRow,
  rateOf,
  type SharedName,
} from './rate-limits-table.js'

/** Rows that each node counts for itself. */
export type OwnName = Exclude<LimitName, SharedName>

export class Limits {
  readonly #rates = new Map<LimitName, RateLimiter>()
  readonly #claims: Claims
  readonly #claimRows = new Map<SharedName, ClaimRow>()
  readonly #hits = new Map<LimitName, number>()

  /**
   * @param settings in place of rows of the table
   * @param shared the buckets of all nodes on the store; absent: this node is alone
   */
  constructor(clock: Clock, settings: LimitSettings = {}, shared?: SharedBuckets) {
    for (const name of LIMIT_NAMES) {
      const row = limitRow(name)
      const set = settings[name]
      if (set === null) continue
      const rate = rateOf(set ?? row)
      if (isShared(name)) this.#claimRows.set(name, claimRow(clock, row, rate))
      else this.#rates.set(name, new RateLimiter(clock, rate, row.keysMax))
    }
    this.#claims = new Claims({ rows: this.#claimRows, shared })
  }

  /** Makes limits that limit nothing: for load tests. */
  static open(clock: Clock): Limits {
    return new Limits(clock, Object.fromEntries(LIMIT_NAMES.map(name => [name, null])))
  }

  /** The number of times that each row refused (or slowed), since the start. */
  get hits(): ReadonlyMap<LimitName, number> {
    return this.#hits
  }

  /** The number of times that a shared bucket did not answer, and this node's own decided. */
  get unanswered(): number {
    return this.#claims.unanswered
  }

  /** Keys that are remembered, of all rows. */
  get keys(): number {
    let keys = 0
    for (const { size } of this.#rates.values()) keys += size
    for (const { own } of this.#claimRows.values()) keys += own.size
    return keys
  }

  /** Takes one, or `cost`. 0, or the milliseconds until there is one: then nothing is taken. */
  take(name: OwnName, key: Key, cost = 1): number {
    return this.#counted(name, this.#rates.get(name)?.take(key, cost) ?? 0)
  }

  /** Answers as take() would, takes nothing, and counts a refusal as one. */
  check(name: OwnName, key: Key, cost = 1): number {
    return this.#counted(name, this.wait(name, key, cost))
  }

  /** Answers as take() would, takes nothing and counts nothing. */
  wait(name: OwnName, key: Key, cost = 1): number {
    return this.#rates.get(name)?.wait(key, cost) ?? 0
  }

  /** Takes it whether it is there or not. */
  charge(name: OwnName, key: Key, cost = 1): void {
    this.#rates.get(name)?.charge(key, cost)
  }

  /** Undoes a take. */
  giveBack(name: OwnName, key: Key, cost = 1): void {
    this.#rates.get(name)?.giveBack(key, cost)
  }

  /**
   * Takes one of each of these shared rows, or nothing: at once where this node is alone. One of a growing row is a try, which counts as
   * failed until it is settled.
   */
  claim(...claimed: readonly Claimed[]): Claim | Promise<Claim> {
    const claim = this.#claims.claim(claimed)
    return claim instanceof Promise ? claim.then(this.#seen) : this.#seen(claim)
  }

  /** The milliseconds that this node alone would have a claim of one row wait for: a look before work that comes before the claim. */
  glance(name: SharedName, key: Key): number {
    return this.#counted(name, this.#claimRows.get(name)?.own.wait(key) ?? 0)
  }

  readonly #seen = (claim: Claim): Claim => {
    if (claim.refusedBy !== undefined) this.#counted(claim.refusedBy, claim.waitMs)
    return claim
  }

  #counted(name: LimitName, waitMs: number): number {
    if (waitMs > 0) this.#hits.set(name, (this.#hits.get(name) ?? 0) + 1)
    return waitMs
  }
}

function claimRow(clock: Clock, { growing, keysMax }: LimitRow, rate: ReturnType<typeof rateOf>): ClaimRow {
  if (growing !== true) return { rule: { rate }, own: new RateLimiter(clock, rate, keysMax) }
  const growth = { free: rate.burst, perSecond: rate.perSecond, ...GROWING }
  return { rule: { growth }, own: new GrowingDelay(clock, growth, keysMax) }
}
