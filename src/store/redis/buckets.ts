/**
 * The buckets of the limits that all nodes count together: one small value each, judged by Redis's own clock in a script. Redis forgets a
 * bucket when it is as good as new, so the ones that peers make up are as many as they can fill in that time. On a Cluster each is
 * where its name hashes to.
 *
 *   KEYS    the bucket
 *   ARGV    take | give | clear, then of a rate: 'rate', ms for each, ms of the burst
 *                               of failures: 'growth', forgotten in a ms, free ones, first delay in ms, longest delay in ms
 *   value   of a rate: when the bucket is full again; of failures: how many, at what time, no try before (all in ms, Redis's time)
 *   reply   0, or the ms until one may be taken
 *
 * The two sums are those of lib/rate-limiter.ts and lib/growing-delay.ts. Another primary's clock may differ after a promotion, so no time
 * is believed that lies further ahead than the rule can bring about. A full memory refuses the script: buckets never take the last of it.
 */

import type { Clock } from '../../lib/clock.js'
import type { BucketRule, SharedBuckets } from '../../lib/shared-buckets.js'
import { bucketKey, partitionOfBucket } from './keys.js'
import { SmallScript } from './small-script.js'
import type { Topology } from './topology.js'

const BUCKETS_SCRIPT = `#!lua
local key, act, kind = KEYS[1], ARGV[1], ARGV[2]
if act == 'clear' then
  redis.call('DEL', key)
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local stored = redis.call('GET', key)

local function store(value, lasts)
  redis.call('SET', key, value, 'PX', string.format('%.0f', math.ceil(lasts)))
  return 0
end

if kind == 'rate' then
  local each, burst = tonumber(ARGV[3]), tonumber(ARGV[4])
  local used = stored and math.max(0, math.min(stored - now, burst)) or 0
  if act == 'take' then
    local over = used + each - burst
    if used > 0 and over > 0.01 then return math.ceil(math.min(over, used)) end
    used = used + each
  else
    used = used - each
  end
  if used > 0 then return store(string.format('%.3f', now + used), used) end
else
  local per, free, first, longest = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
  local count, wait = 0, 0
  if stored then
    local before, at, till = string.match(stored, '^(%S+) (%S+) (%S+)$')
    count = math.max(0, before - math.max(0, now - at) * per)
    wait = math.min(till - now, longest)
  end
  local delay = 0
  if act == 'take' then
    if wait > 0 then return math.ceil(wait) end
    count = count + 1
    if count > free then delay = math.min(longest, first * 2 ^ math.max(0, count - free - 1)) end
  else
    count = count - 1
  end
  if count > 0 then return store(string.format('%.6f %.3f %.3f', count, now, now + delay), math.max(delay, count / per)) end
end
redis.call('DEL', key)
return 0
`

/** The time that an answer is waited for: a disk may need half a second for the write. Then the node decides alone. */
const ANSWER_MS_MAX = 1_000

export class RedisBuckets implements SharedBuckets {
  readonly #script: SmallScript

  constructor(topology: Topology, clock: Clock) {
    this.#script = new SmallScript({ topology, clock, source: BUCKETS_SCRIPT, answerMs: ANSWER_MS_MAX })
  }

  async take(bucket: string, rule: BucketRule): Promise<number> {
    return Number(await this.#ask(bucket, 'take', rule))
  }

  giveBack(bucket: string, rule: BucketRule): void {
    this.#ask(bucket, 'give', rule).catch(() => {})
  }

  clear(bucket: string): void {
    this.#ask(bucket, 'clear').catch(() => {})
  }

  #ask(bucket: string, act: string, rule?: BucketRule): Promise<unknown> {
    const values = rule === undefined ? [] : valuesOf(rule)
    return this.#script.call(partitionOfBucket(bucket), bucketKey(bucket), [act, ...values])
  }
}

function valuesOf(rule: BucketRule): readonly (string | number)[] {
  if ('rate' in rule) {
    const eachMs = 1_000 / rule.rate.perSecond
    return ['rate', eachMs, eachMs * rule.rate.burst]
  }
  const { free, perSecond, firstMs, longestMs } = rule.growth
  return ['growth', perSecond / 1_000, free, firstMs, longestMs]
}
