/** Shared buckets in memory, for several nodes of one test, with a clock of their own. They may not answer. */

import type { Clock } from '../../src/lib/clock.js'
import { GrowingDelay } from '../../src/lib/growing-delay.js'
import { RateLimiter } from '../../src/lib/rate-limiter.js'
import type { BucketRule, SharedBuckets } from '../../src/lib/shared-buckets.js'

const KEYS_MAX = 1_000
const KEY = 'it'

export class MemoryBuckets implements SharedBuckets {
  readonly #clock: Clock
  readonly #buckets = new Map<string, RateLimiter | GrowingDelay>()
  /** The takes that were asked for, by bucket. */
  readonly asked: string[] = []
  /** Whether it answers. */
  answers = true

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async take(bucket: string, rule: BucketRule): Promise<number> {
    this.asked.push(bucket)
    // An answer comes in a later turn, as from Redis.
    await new Promise(resolve => setImmediate(resolve))
    if (!this.answers) throw new Error('no answer')
    return this.#of(bucket, rule).take(KEY)
  }

  giveBack(bucket: string, rule: BucketRule): void {
    if (this.answers) this.#of(bucket, rule).giveBack(KEY)
  }

  clear(bucket: string): void {
    if (this.answers) this.#buckets.delete(bucket)
  }

  #of(bucket: string, rule: BucketRule): RateLimiter | GrowingDelay {
    let found = this.#buckets.get(bucket)
    if (found === undefined) {
      found =
        'rate' in rule
          ? new RateLimiter(this.#clock, rule.rate, KEYS_MAX)
          : new GrowingDelay(this.#clock, rule.growth, KEYS_MAX)
      this.#buckets.set(bucket, found)
    }
    return found
  }
}
