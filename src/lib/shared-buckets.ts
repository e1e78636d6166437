/**
 * Buckets in which all nodes on one store count together. The store keeps them; the time is the store's. They count as rate-limiter.ts and
 * growing-delay.ts do for one node.
 */

import type { Growth } from './growing-delay.js'
import type { Rate } from './rate-limiter.js'

/** The way a bucket fills and empties. */
export type BucketRule = { readonly rate: Rate } | { readonly growth: Growth }

export interface SharedBuckets {
  /**
   * Takes one. Rejects if there is no answer soon; it may have been taken all the same.
   * @param bucket its name, of any length
   * @returns 0, or the milliseconds until there is one: then nothing is taken
   */
  take(bucket: string, rule: BucketRule): Promise<number>
  /** Undoes a take. It is lost if the store does not answer. */
  giveBack(bucket: string, rule: BucketRule): void
  /** Empties a bucket. It is lost if the store does not answer. */
  clear(bucket: string): void
}
