/**
 * Counters of what happens: plain numbers in flat arrays, read when somebody asks (metrics.ts). Counting costs an increment and
 * no allocation. The number of kinds is bounded: there is never one per user, address or number that a peer made up.
 */

import { CODES, type CodeName } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'

/** Stands for every method or code that this revision does not know. */
export const UNKNOWN = 'unknown'

/** Slots for a few numbers that lie far apart: each has one, and slot 0 is that of all others. */
class Slots {
  readonly names: readonly string[]
  readonly #slots: Uint8Array

  constructor(names: readonly (readonly [number: number, name: string])[]) {
    this.names = [UNKNOWN, ...names.map(([, name]) => name)]
    this.#slots = new Uint8Array(Math.max(...names.map(([number]) => number)) + 1)
    names.forEach(([number], i) => {
      this.#slots[number] = i + 1
    })
  }

  of(number: number): number {
    return this.#slots[number] ?? 0
  }
}

const METHOD_SLOTS = new Slots(
  Object.values(METHODS).flatMap(method =>
    method.kind === 'request' ? [[method.number, `${method.service}.${method.rpc}`] as const] : [],
  ),
)
const CODE_SLOTS = new Slots(Object.entries(CODES).map(([name, { code }]) => [code, name as CodeName] as const))

/** The number of times that something happened under the name of a method and the name of a code. */
export interface Counted {
  readonly method: string
  readonly code: string
  readonly count: number
}

/** Counts values by upper bounds: the data of a Prometheus histogram. */
export class Buckets {
  readonly bounds: readonly number[]
  /** The number of values up to each bound and above the one before. The last entry counts the values above all bounds. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  add(value: number): void {
    const { bounds } = this
    let at = 0
    while (at < bounds.length && value > (bounds[at] as number)) at++
    this.counts[at] = (this.counts[at] as number) + 1
    this.sum += value
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }
}

/** A write is of 256 units at most (sync/commit-queue.ts). */
const UNIT_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
/** The range goes from the sync of a fast disk to one so slow that nobody can chat. */
const COMMIT_SECONDS_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

export class Counters {
  readonly commitUnits = new Buckets(UNIT_BOUNDS)
  readonly commitSeconds = new Buckets(COMMIT_SECONDS_BOUNDS)
  /** Items read for a client that asked, or that came back. */
  pulledItems = 0
  effectsSetAside = 0
  /** The numbers of effects and of records left to newer servers, because their kind is not known here. */
  readonly unknown = { effect: 0, record: 0 }
  /** The numbers of gaps between two users' effects that a target passed over, and of those that it waited at for a minute. */
  readonly gaps = { passed: 0, waiting: 0 }
  readonly #requests = new Float64Array(METHOD_SLOTS.names.length * CODE_SLOTS.names.length)
  readonly #closes = new Float64Array(CODE_SLOTS.names.length)
  readonly #unauthorized = new Float64Array(CODE_SLOTS.names.length)

  /** A request has got its answer. */
  answered(method: number, code: number): void {
    const at = METHOD_SLOTS.of(method) * CODE_SLOTS.names.length + CODE_SLOTS.of(code)
    this.#requests[at] = (this.#requests[at] as number) + 1
  }

  /** A connection has closed; OK: the peer closed it. */
  closed(code: number): void {
    increment(this.#closes, CODE_SLOTS.of(code))
  }

  /** A request without a connection did not get through its token. */
  unauthorized(code: number): void {
    increment(this.#unauthorized, CODE_SLOTS.of(code))
  }

  committed(units: number, tookMs: number): void {
    this.commitUnits.add(units)
    this.commitSeconds.add(tookMs / 1000)
  }

  /** The requests that were counted at least once. */
  requests(): Counted[] {
    const codes = CODE_SLOTS.names.length
    return Array.from(this.#requests, (count, at) => ({
      method: METHOD_SLOTS.names[Math.floor(at / codes)] ?? UNKNOWN,
      code: CODE_SLOTS.names[at % codes] ?? UNKNOWN,
      count,
    })).filter(({ count }) => count > 0)
  }

  closes(): Omit<Counted, 'method'>[] {
    return byCode(this.#closes)
  }

  refusedTokens(): Omit<Counted, 'method'>[] {
    return byCode(this.#unauthorized)
  }
}

function increment(counts: Float64Array, at: number): void {
  counts[at] = (counts[at] as number) + 1
}

function byCode(counts: Float64Array): Omit<Counted, 'method'>[] {
  return Array.from(counts, (count, at) => ({ code: CODE_SLOTS.names[at] ?? UNKNOWN, count })).filter(
    ({ count }) => count > 0,
  )
}
