/**
 * Where simulation takes hold of a memory store: each call is handed to these hooks, which decide when it reaches the
 * data and whether its answer comes back. Without faults everything happens at once.
 */

import type { ScopeId } from '../types.js'

/** One call of `commit`, on its way. After a crash of the disk its methods do nothing and its caller hears nothing. */
export interface CommitInFlight {
  readonly scope: ScopeId
  readonly unitCount: number
  /** The units reach the data: they are judged and what they change can be read. Once; repeating does nothing. */
  apply(): void
  /** Applies if that is still to be done; the caller gets the results as soon as they are durable. */
  answer(): void
  /** The caller gets OutcomeUnknownError. The units may have been applied before, or may be later. */
  lose(): void
}

/** One call of `get`, `read` or `scan`, on its way. */
export interface ReadInFlight {
  /** The call reaches the data: what it saw then is what it answers later. */
  look(): void
  /** Looks if that is still to be done; the caller gets what was seen. */
  answer(): void
  /** The caller gets this error. */
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
