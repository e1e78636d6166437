/** What a node tells of its load with its lease: rates and quantiles over the last seconds, from counters that only grow. */

import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import type { Clock } from '../lib/clock.js'
import type { Buckets, Counters } from '../ops/counters.js'

interface Sample {
  readonly atMs: number
  readonly messages: number
  /** The counts of commits by bucket. */
  readonly commits: Float64Array
}

export interface Load {
  readonly messagesPerSecond: number
  readonly commitP50Ms: number | undefined
  readonly commitP99Ms: number | undefined
}

/** The number of samples that figures are taken over: as many seconds, if one is taken a second. */
const SAMPLES = 10

const SEND = `${METHODS.send.service}.${METHODS.send.rpc}`
const OK = Object.entries(CODES).find(([, { code }]) => code === 0)?.[0]

export class LoadFigures {
  readonly #counters: Counters
  readonly #clock: Clock
  readonly #samples: Sample[] = []

  constructor(counters: Counters, clock: Clock) {
    this.#counters = counters
    this.#clock = clock
  }

  /** Takes a sample. @returns the figures since the oldest one that is kept */
  sample(): Load {
    const { commitSeconds } = this.#counters
    const now: Sample = {
      atMs: this.#clock.monotonic(),
      messages: this.#messages(),
      commits: commitSeconds.counts.slice(),
    }
    const [first = now] = this.#samples
    this.#samples.push(now)
    if (this.#samples.length > SAMPLES) this.#samples.shift()
    const seconds = (now.atMs - first.atMs) / 1_000
    const commits = now.commits.map((count, at) => count - (first.commits[at] ?? 0))
    return {
      messagesPerSecond: seconds === 0 ? 0 : Math.round((10 * (now.messages - first.messages)) / seconds) / 10,
      commitP50Ms: quantileMs(commitSeconds, commits, 0.5),
      commitP99Ms: quantileMs(commitSeconds, commits, 0.99),
    }
  }

  #messages(): number {
    let sum = 0
    for (const { method, code, count } of this.#counters.requests()) if (method === SEND && code === OK) sum += count
    return sum
  }
}

/** The bound of the bucket that the quantile is in, in ms; of the last bucket the bound below it. Undefined: nothing was counted. */
function quantileMs({ bounds }: Buckets, counts: Float64Array, part: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  let left = total * part
  const at = counts.findIndex(count => {
    left -= count
    return left <= 0
  })
  const bound = bounds[at] ?? bounds.at(-1) ?? 0
  return Math.round(bound * 1e6) / 1e3
}
