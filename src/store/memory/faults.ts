/**
 * The hooks by which simulation controls a memory store: each call is handed to them, and they decide when it reaches the data and
 * whether its answer comes back. Without faults everything happens at once.
 */

import type { ScopeId } from '../types.js'

/** One call of `commit`, on its way. After a crash of the disk its methods do nothing and its caller hears nothing. */
export interface CommitInFlight {
  readonly scope: ScopeId
  readonly unitCount: number
  /** Applies the units: they are judged, and their changes can be read. Once; repeating does nothing. */
  apply(): void
  /** Applies if that is still to be done. The caller gets the results as soon as they are durable. */
  answer(): void
  /** Gives the caller OutcomeUnknownError. The units may have been applied before, or may be later. */
  lose(): void
}

/** One call of `get`, `read` or `scan`, on its way. */
export interface ReadInFlight {
  /** Looks at the data: what the call sees now is what it answers later. */
  look(): void
  /** Looks if that is still to be done. The caller gets what was seen. */
  answer(): void
  /** Gives the caller this error. */
  lose(error: Error): void
}

export interface MemoryFaults {
  commit(call: CommitInFlight): void
  read(call: ReadInFlight): void
}

export const NO_FAULTS: MemoryFaults = Object.freeze({
  commit: (call: CommitInFlight) => call.answer(),
  read: (call: ReadInFlight) => call.answer(),
})
