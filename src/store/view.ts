/** A store as it was at one moment, to be walked as a whole: what `verify` reads. Synchronous, and of any size. */

import type { Actor, Gap, Stamp, StoredEntry, Version } from './types.js'

export interface ViewedRecord {
  readonly actor: Actor
  readonly name: string
  readonly stamp: Stamp
  readonly bytes: Uint8Array
}

export interface ViewedEntry extends StoredEntry {
  readonly keyed: boolean
}

export interface ViewedLog {
  readonly actor: Actor
  readonly head: Version
  readonly floor: Version
  readonly epoch: number
  readonly gaps: readonly Gap[]
  /** In order. Read as they are asked for: a timeline may be larger than memory. */
  entries(): Iterable<ViewedEntry>
  /** Of each compaction key, the version of its newest entry. */
  readonly keys: ReadonlyMap<string, Version>
  /** Of each conversation, the version of its newest entry. */
  readonly newest: ReadonlyMap<string, Version>
  /** Whether a walk over its partition finds it. */
  readonly listed: boolean
}

export interface StoreView {
  /** That of a partition. */
  epochOf(partition: number): number
  /** Undefined if it is absent. */
  record(actor: Actor, name: string): Uint8Array | undefined
  /** Those of one actor follow each other. */
  records(): Iterable<ViewedRecord>
  /** Those that hold anything. */
  logs(): Iterable<ViewedLog>
}
