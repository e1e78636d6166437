/** A store at one moment, for walks over all of it: `verify` reads this. It is synchronous, and of any size. */

import type { Actor, Gap, Stamp, StoredEntry, Version } from './types.js'

export interface ViewedRecord {
  readonly actor: Actor
  readonly name: string
  readonly stamp: Stamp
  readonly bytes: Uint8Array
}

export interface ViewedEntry extends StoredEntry {
  readonly keyed: boolean
  /** The compaction key that leaves the log with the entry when a trim removes it; undefined: it has none, or one that keeps it. */
  readonly passingKey: string | undefined
}

export interface ViewedLog {
  readonly actor: Actor
  readonly head: Version
  readonly floor: Version
  readonly epoch: number
  readonly gaps: readonly Gap[]
  /** The entries in order. They are read when asked for: a timeline may be larger than memory. */
  entries(): Iterable<ViewedEntry>
  /** The version of the newest entry of each compaction key. */
  readonly keys: ReadonlyMap<string, Version>
  /** The version of the newest entry of each conversation. */
  readonly newest: ReadonlyMap<string, Version>
  /** Whether a walk over the log's partition finds it. */
  readonly listed: boolean
}

export interface StoreView {
  /** The epoch of a partition. */
  epochOf(partition: number): number
  /** The bytes of a record; undefined if it is absent. */
  record(actor: Actor, name: string): Uint8Array | undefined
  /** All records. Those of one actor follow each other. */
  records(): Iterable<ViewedRecord>
  /** All logs that ever held an entry. */
  logs(): Iterable<ViewedLog>
}
