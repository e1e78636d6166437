/**
 * Finds out whether messages get through, by sending some: one at each primary of the store. The node is ready as soon as one
 * gets through. So a dead primary makes no node unready; it is told with its name. A store without primaries counts as one.
 *
 *   check ─► a probe for each primary ─┬─► one is ready: ready
 *                                      └─► all failed: not ready, and why
 *
 * A check that comes while one is under way gets its outcome, and so does one within a second of its beginning. A probe that the store
 * does not answer is not begun again: it is awaited, so that a stuck store does not pile up work.
 */

import type { Clock, TimerHandle } from '../lib/clock.js'
import { type CanaryPair, ONLY_PAIR } from './canary-pairs.js'
import { CanaryProbe, type ProbeOptions, type Readiness } from './canary-probe.js'
import { type JobFigures, newFigures } from './job.js'

/** The least time between the beginnings of two checks. */
const CHECK_AGAIN_MS = 1_000
/** The time between two checks that a node makes by itself where nodes share a store: its metrics and `longwire nodes` show what they find. */
const WATCH_MS = 5_000

/** The time for which a found fault is shown: the next check may be long in coming. */
const FAILING_MS = 30_000

export interface CanaryOptions extends ProbeOptions {
  readonly clock: Clock
  /** The pair at each primary, as they are now. Absent: the store has none, and no other node. */
  readonly pairs?: () => readonly CanaryPair[]
}

export class Canary {
  /** The figures of the canary, as of a job: probes are its slices, and a round is a check that was ready. */
  readonly figures: JobFigures = newFigures('canary')
  readonly #options: CanaryOptions
  /** The outcome that all present callers will get. */
  #check: Promise<Readiness> | undefined
  #checkMs = 0
  /** The time until which the newest outcome counts as a failure. */
  #failingUntilMs = Number.NEGATIVE_INFINITY
  /** The messages under way, by primary; they may outlive the check that began them. */
  readonly #probes = new Map<string, CanaryProbe>()
  /** Whether the last message got through, by primary. */
  #found = new Map<string, boolean>()
  #timer: TimerHandle | undefined

  constructor(options: CanaryOptions) {
    this.#options = options
  }

  /** Begins to check by itself, if other nodes may share the store. */
  start(): void {
    if (this.#options.pairs === undefined) return
    void this.check()
    this.#timer = this.#options.clock.after(WATCH_MS, () => this.start())
  }

  stop(): void {
    this.#timer?.cancel()
  }

  /** The primaries of the store, each with whether its last message got through. */
  get primaries(): ReadonlyMap<string, boolean> {
    return this.#found
  }

  /** Checks. Settles within its patience, whatever the store does. Never rejects. */
  check(): Promise<Readiness> {
    const nowMs = this.#options.clock.monotonic()
    if (this.#check === undefined || nowMs - this.#checkMs >= CHECK_AGAIN_MS) {
      this.#checkMs = nowMs
      const check = this.#begin()
      this.#check = check
      void check.then(({ ready }) => {
        this.#failingUntilMs = ready ? Number.NEGATIVE_INFINITY : this.#options.clock.monotonic() + FAILING_MS
      })
    }
    return this.#check
  }

  /** Whether the newest check found that messages do not get through, a moment ago. */
  get failing(): boolean {
    return this.#options.clock.monotonic() < this.#failingUntilMs
  }

  #begin(): Promise<Readiness> {
    const pairs = this.#options.pairs?.() ?? [ONLY_PAIR]
    const before = this.#found
    this.#found = new Map(
      pairs.flatMap(({ primary }) => {
        const found = before.get(primary)
        return found === undefined ? [] : [[primary, found]]
      }),
    )
    const reasons: string[] = []
    return new Promise(resolve => {
      if (pairs.length === 0) resolve({ ready: false, reason: 'no primary is known' })
      for (const pair of pairs) {
        void this.#try(pair).then(readiness => {
          this.#found.set(pair.primary, readiness.ready)
          if (readiness.ready) resolve(readiness)
          else reasons.push(pairs.length === 1 ? readiness.reason : `${pair.primary}: ${readiness.reason}`)
          if (reasons.length === pairs.length) resolve({ ready: false, reason: reasons.join('; ') })
        })
      }
    })
  }

  /** Waits for a pair's message, but not for longer than a check's patience. */
  #try(pair: CanaryPair): Promise<Readiness> {
    const probe = this.#probes.get(pair.primary) ?? this.#start(pair)
    const late = new Promise<Readiness>(resolve => {
      const timer = this.#options.clock.after(this.#options.patienceMs, () => resolve(probe.late()))
      void probe.outcome.then(() => timer.cancel())
    })
    return Promise.race([probe.outcome, late])
  }

  #start(pair: CanaryPair): CanaryProbe {
    const { figures } = this
    const probe = new CanaryProbe(this.#options, pair)
    this.#probes.set(pair.primary, probe)
    figures.waiting = this.#probes.size
    void probe.outcome.then(({ ready }) => {
      this.#probes.delete(pair.primary)
      figures.waiting = this.#probes.size
      figures.slices += 1
      if (ready) figures.roundAtMs = this.#options.clock.now()
      else figures.failures += 1
    })
    return probe
  }
}
