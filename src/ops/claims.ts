/**
 * Claims on the limits that all nodes on one store count together. Where nobody else works on the store, the node's own buckets decide,
 * at once. Else the shared ones do, asked for all rows of a request at the same time:
 *
 *   all answer, all have one ──► taken; the node's own buckets are charged as well
 *   one has none             ──► refused, and the others get theirs back
 *   some do not answer       ──► the node's own buckets decide for those
 *
 * So while a part of the store is away, people still log in. Somebody who guesses then gets the tries of each node, no more: its own
 * buckets have counted all along, what it let through before too.
 */

import type { Key } from '../lib/expiring-table.js'
import { GrowingDelay } from '../lib/growing-delay.js'
import type { RateLimiter } from '../lib/rate-limiter.js'
import type { BucketRule, SharedBuckets } from '../lib/shared-buckets.js'
import type { SharedName } from './rate-limits-table.js'

/** One of a row is to be taken, under this key. A claim has a row once at most. */
export type Claimed = readonly [name: SharedName, key: Key]

/** A row that is on: how it counts, and this node's own buckets. */
export interface ClaimRow {
  readonly rule: BucketRule
  readonly own: RateLimiter | GrowingDelay
}

interface Taken {
  readonly name: SharedName
  readonly key: Key
  readonly row: ClaimRow
  /** Whether it was taken of the shared bucket, too. */
  isShared: boolean
}

/** The outcome of a claim: a refusal, or what was taken and may be undone. */
export class Claim {
  /** 0: all is taken. Else nothing is, and there may be a claim again after so many milliseconds. */
  readonly waitMs: number
  /** The row that refused it. */
  readonly refusedBy: SharedName | undefined
  readonly #taken: readonly Taken[]
  readonly #shared: SharedBuckets | undefined

  constructor(waitMs: number, refusedBy: SharedName | undefined, taken: readonly Taken[], shared?: SharedBuckets) {
    this.waitMs = waitMs
    this.refusedBy = refusedBy
    this.#taken = taken
    this.#shared = shared
  }

  /** Undoes what was taken of these rows, or of all: it does not count. */
  giveBack(...names: readonly SharedName[]): void {
    for (const { name, key, row, isShared } of this.#taken) {
      if (names.length > 0 && !names.includes(name)) continue
      row.own.giveBack(key)
      if (isShared) this.#shared?.giveBack(bucketOf(name, key), row.rule)
    }
  }

  /** Forgets all failures under the keys of these growing rows: a try has succeeded. */
  clear(...names: readonly SharedName[]): void {
    for (const { name, key, row } of this.#taken) {
      if (!names.includes(name) || !(row.own instanceof GrowingDelay)) continue
      row.own.clear(key)
      this.#shared?.clear(bucketOf(name, key))
    }
  }
}

export interface ClaimsOptions {
  readonly rows: ReadonlyMap<SharedName, ClaimRow>
  /** The buckets of all nodes; absent: this node is alone. */
  readonly shared: SharedBuckets | undefined
}

export class Claims {
  /** The number of times that a shared bucket did not answer, and this node's own decided. */
  unanswered = 0
  readonly #rows: ReadonlyMap<SharedName, ClaimRow>
  readonly #shared: SharedBuckets | undefined

  constructor({ rows, shared }: ClaimsOptions) {
    this.#rows = rows
    this.#shared = shared
  }

  /** Takes one of each row, or nothing. */
  claim(claimed: readonly Claimed[]): Claim | Promise<Claim> {
    const wanted: Taken[] = []
    for (const [name, key] of claimed) {
      const row = this.#rows.get(name)
      if (row !== undefined) wanted.push({ name, key, row, isShared: false })
    }
    return this.#shared === undefined ? ownClaim(wanted) : this.#sharedClaim(wanted, this.#shared)
  }

  async #sharedClaim(wanted: readonly Taken[], shared: SharedBuckets): Promise<Claim> {
    const waits = await Promise.all(
      wanted.map(({ name, key, row }) => shared.take(bucketOf(name, key), row.rule).catch(() => undefined)),
    )
    wanted.forEach((taken, i) => {
      taken.isShared = waits[i] === 0
    })
    const answered = wanted.filter(({ isShared }) => isShared)
    const giveBack = (): void => {
      for (const { name, key, row } of answered) shared.giveBack(bucketOf(name, key), row.rule)
    }
    const refusing = waits.findIndex(waitMs => waitMs !== undefined && waitMs > 0)
    if (refusing >= 0) {
      giveBack()
      return new Claim(Math.max(...waits.map(waitMs => waitMs ?? 0)), wanted[refusing]?.name, [])
    }
    const unanswered = wanted.filter(({ isShared }) => !isShared)
    this.unanswered += unanswered.length
    const own = ownClaim(unanswered)
    if (own.waitMs > 0) {
      giveBack()
      return own
    }
    for (const { row, key } of answered) row.own.charge(key)
    return new Claim(0, undefined, wanted, shared)
  }
}

/** Takes of this node's own buckets. */
function ownClaim(wanted: readonly Taken[]): Claim {
  for (const [index, { name, row, key }] of wanted.entries()) {
    const waitMs = row.own.take(key)
    if (waitMs === 0) continue
    for (const taken of wanted.slice(0, index)) taken.row.own.giveBack(taken.key)
    return new Claim(waitMs, name, [])
  }
  return new Claim(0, undefined, wanted)
}

function bucketOf(name: SharedName, key: Key): string {
  return `${name} ${key}`
}
