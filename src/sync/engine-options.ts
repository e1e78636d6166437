/** The options of an engine: its store, and the ground that it runs on. */
import type { Clock } from '../lib/clock.js'
import type { CountedTime } from '../lib/counted-time.js'
import type { Random } from '../lib/random.js'
import type { Defer } from '../lib/turn.js'
import type { Actor, NodeId, Store } from '../store/types.js'
import type { Delivery, WorkEvent } from './events.js'
import type { ItemFilter } from './references.js'
import type { Stamps } from './stamps.js'
import type { EffectKind, EngineMonitor, Outcome, RuleSettings } from './types.js'

export interface EngineOptions {
  readonly store: Store
  readonly clock: Clock
  /** The time that ages are counted by. */
  readonly time: CountedTime
  readonly settings: RuleSettings
  readonly stamps: Stamps
  readonly random: Random
  readonly effects: readonly EffectKind<unknown>[]
  /** What readers are shown of groups' items. Absent: all the same. */
  readonly itemFilter?: ItemFilter<unknown>
  readonly delivery: Delivery
  /** Begins work that a unit has noted. Absent: nobody does. */
  readonly onWork?: (event: WorkEvent) => void
  readonly monitor: EngineMonitor
  /** Runs a function at the end of the event loop's turn. */
  readonly defer: Defer
  /**
   * Rests after a slice of a fan-out that took so long: longer under load, as all background work does, but never for good. The next
   * slices of the scope wait.
   */
  readonly rest: (tookMs: number) => Promise<void>
  /** Called when the store failed for good: nothing is answered any more, and the process is to end. */
  readonly onFatal: (error: unknown) => void
  /**
   * The other node that is to deliver what waits for a contended actor; undefined: this one, or nobody is better than another. All nodes
   * should say the same. Absent: nobody is.
   */
  readonly prefers?: (actor: Actor) => NodeId | undefined
  /** Whether all nodes send a contended actor's requests to this one: they need not wait for turns of others. Absent: they do not. */
  readonly isHome?: (actor: Actor) => boolean
  /** The number of a fan-out's targets that one unit takes. Absent: SLICE_TARGETS. */
  readonly sliceTargets?: number
  /** The most bytes of outbox entries in memory. Absent: OUTBOX_TOTAL_BYTES_MAX. */
  readonly outboxBytesMax?: number | undefined
}

/**
 * Takes the outcome of a transition, and its input again. So a caller whose submissions may wait for long, such as messages, can have one
 * function for all, and in the input what it would else keep for each.
 */
export type Settle<I, R> = (outcome: Outcome<R>, input: I) => void
