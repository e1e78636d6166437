/**
 * What the engine needs of a store, and all it may know of one. Three stores fulfil it (memory, lmdb, later redis); one
 * contract suite (test/store/contract.ts) runs on each.
 *
 * An actor owns named records (small, each with a stamp) and one log. A unit is a set of changes that happens whole or
 * not at all, on condition that each record it expects still has the stamp it names.
 */

/** One owner of state: `user/<uid>`, `accounts/<partition>`, `outbox/<partition>` … Never contains `\0`. */
export type Actor = string

/** What can be committed atomically together: everything, or one partition. */
export type ScopeId = number

/**
 * Identifies one writing of a record: made by the engine that writes it (random start + counter, see sync/stamps.ts),
 * an integer in [1, 2^53). 0 means absent. Never a count: two engines never make the same one.
 */
export type Stamp = number

/** A position in a log: an integer in [1, 2^53), strictly increasing, never reused, gaps allowed. 0 is before the first. */
export type Version = number

export const PARTITIONS = 256

export interface StoredRecord {
  readonly stamp: Stamp
  /** The store's bytes, never to be written to; empty when the stamp is 0. */
  readonly bytes: Uint8Array
}

export interface LogEntry {
  readonly version: Version
  /** The bytes that were appended; the store's, never to be written to. */
  readonly bytes: Uint8Array
}

/** An entry by itself, with what its log knows of it. */
export interface StoredEntry extends LogEntry {
  /** Of its last replacement; 0: it was never replaced. */
  readonly stamp: Stamp
  /** The conversation that it was appended to; undefined: none. */
  readonly conversation: string | undefined
  /** The version of the entry before it in that conversation; 0: it was the first there (see `Append.conversation`). */
  readonly previous: Version
}

/** Versions `after < v <= upTo` that were skipped by a change of epoch: no `since` inside is of this timeline. */
export interface Gap {
  readonly after: Version
  readonly upTo: Version
}

export interface LogRange {
  /** In order of version. */
  readonly entries: readonly LogEntry[]
  /** Whether entries at or below `upTo` were left out because of a limit. */
  readonly more: boolean
  /** The highest version ever given out in this log as this store sees it now (it may be above `upTo`, and not durable yet). */
  readonly head: Version
  /**
   * The highest version known to be durable, at the moment of this read: what lies above it may vanish in a crash and must
   * not be shown to anybody (the engine cuts there). Equal to `head` while no commit on this log is under way.
   */
  readonly durable: Version
  /** The highest version that a trim removed; 0 if none. */
  readonly floor: Version
  readonly gaps: readonly Gap[]
}

/** A log as a walk over them finds it. No more entries can be trimmed than versions between floor and head, gaps left out. */
export interface LogSummary {
  readonly actor: Actor
  readonly head: Version
  readonly floor: Version
  readonly gaps: readonly Gap[]
}

/** Of a slice of a log, seen from its end. */
export interface Tally {
  /** Entries without a key. */
  readonly unkeyed: number
  /** The length of what those hold. */
  readonly bytes: number
  /** The version of the last one looked at: the next slice begins below it. 0: there was none. */
  readonly to: Version
}

/**
 * How much room is left for what is written. 'ample': anything is taken. 'filling': anything of the users that there are, and no
 * new ones. 'scarce': only what is small and takes the place of something, and what frees room. 'none': nothing is to be committed.
 */
export type Room = 'ample' | 'filling' | 'scarce' | 'none'

export interface ScannedRecord extends StoredRecord {
  readonly name: string
}

/** One server process, as the nodes of a cluster know each other. */
export type NodeId = string

export interface Expectation {
  readonly actor: Actor
  /** Any text without `\0`; together with its actor at most 600 UTF-16 units (store/text.ts), as are compaction keys and conversations. */
  readonly name: string
  readonly stamp: Stamp
}

export interface Put {
  readonly actor: Actor
  readonly name: string
  /** null removes the record. The bytes belong to the store from the call on. */
  readonly bytes: Uint8Array | null
  /** The new stamp; ignored on removal, after which the record's stamp is 0. */
  readonly stamp: Stamp
}

export interface Append {
  readonly actor: Actor
  /** A newer entry with the same key of the same log supersedes the older one, which leaves the log. */
  readonly key?: string | undefined
  /**
   * The entry belongs to this conversation, any text without `\0`, and knows the entry before it there. So a conversation is a chain
   * from its newest entry (`Store.newest`) down, within one log. An entry with a key has none.
   *
   * Only a trim takes entries out of a chain, the oldest first. So a link leads to an entry that is there, or to one at or below the
   * log's floor, with all before it gone too: there a reader stops. A conversation whose last entry was trimmed begins anew. Replacing
   * an entry changes no link. A change of epoch neither: a link then leads over the gap.
   */
  readonly conversation?: string | undefined
  /** Belong to the store from the call on. */
  readonly bytes: Uint8Array
}

export interface Trim {
  readonly actor: Actor
  /** Removes the entries without a key at or below this version; what has a key stays. Done before the unit's appends. */
  readonly upTo: Version
  /** At most so many of them, the oldest: a walk over thousands in one unit would hold everybody up. Absent: all. */
  readonly entriesMax?: number | undefined
}

export interface Drop {
  readonly actor: Actor
  /** The entry with this compaction key leaves the log, and the key with it, as if it had never been. Done before the unit's appends. */
  readonly key: string
}

/** New bytes for an entry, under its version. Its key or conversation stays, and it goes as it would have gone. Done before trims and drops. */
export interface Replace {
  readonly actor: Actor
  readonly version: Version
  /** The entry's stamp; 0: it was never replaced. With another one, or without the entry, the unit is not done. */
  readonly expected: Stamp
  /** The entry's new one. */
  readonly stamp: Stamp
  /** Belong to the store from the call on. */
  readonly bytes: Uint8Array
}

export interface Unit {
  readonly expect: readonly Expectation[]
  readonly puts: readonly Put[]
  readonly appends: readonly Append[]
  readonly trims: readonly Trim[]
  /** Absent: none. */
  readonly drops?: readonly Drop[]
  /** Absent: none. */
  readonly replaces?: readonly Replace[]
}

export interface Appended {
  /** The log's head before this append: with `version`, the range that the entry alone fills. */
  readonly from: Version
  readonly version: Version
}

export interface Committed {
  readonly kind: 'committed'
  /** One per append of the unit, in their order. */
  readonly appended: readonly Appended[]
  /**
   * For each append, in their order, the nodes that hold connections of the actor's devices: they are to be told. Empty where no
   * actor of the unit has a route (always, in a store of one process).
   *
   * A hint and no more: a node may be named that has closed its connection or has died, and one may be missing whose route was
   * lost or came later. A route that was set before the call and has not expired is named, unless the store lost it in a failure.
   */
  readonly routes: readonly (readonly NodeId[])[]
}

/** The first expectation that did not hold, and the stamp that stood there. Nothing of the unit was done. */
export interface Conflict {
  readonly kind: 'conflict'
  readonly actor: Actor
  readonly name: string
  readonly current: Stamp
}

/**
 * All expectations held, and of the entries to be replaced this is the first that has another stamp; null: it is not there.
 * Nothing of the unit was done.
 */
export interface EntryConflict {
  readonly kind: 'entry conflict'
  readonly actor: Actor
  readonly version: Version
  readonly current: Stamp | null
}

export type CommitResult = Committed | Conflict | EntryConflict

/** For units whose actors have no routes. */
export const NO_ROUTES: readonly (readonly NodeId[])[] = Object.freeze([])

/** The store could not say whether the units were committed: they may have been. Repeating them is safe. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError'
}

export interface Store {
  /** 16 random bytes made with the store: another id is another store, and versions of one mean nothing in the other. */
  readonly id: Uint8Array
  /** 16 random bytes made with the store, for keyed hashes that lie in it: the same for all who open it, told to nobody else. */
  readonly secret: Uint8Array
  /** Whoever commits holds himself to it: the store refuses nothing by it. It may change at any time. */
  readonly room: Room
  /** On its disk, when that was last looked at; undefined where nothing is known of a disk. */
  readonly freeBytes: number | undefined
  /** Whether other processes may commit to it too: what was read from it a while ago may then be out of date. */
  readonly shared: boolean
  /** Pure, for the store's lifetime. Actors of one partition are always of one scope. */
  scopeOf(actor: Actor): ScopeId
  scopes(): readonly ScopeId[]
  /**
   * Which incarnation of a partition's data this is, from 1 (see `newEpoch`). It may change at any time, so it is asked for where it
   * is used and never kept.
   */
  epochOf(partition: number): number
  /** In the order of `names`. May show what is committed and not yet durable. */
  get(actor: Actor, names: readonly string[]): Promise<readonly StoredRecord[]>
  /**
   * Entries of (after, upTo], at most `entriesMax` and `bytesMax` (the first is given whatever its size). May hold what is
   * not yet durable: `durable` says up to where it is.
   */
  read(actor: Actor, after: Version, upTo: Version, entriesMax: number, bytesMax: number): Promise<LogRange>
  /** The entry of this version; undefined if it is not there, or not any more. Only what is durable. */
  entry(actor: Actor, version: Version): Promise<StoredEntry | undefined>
  /** The version of a conversation's newest entry, which is there; 0: it has none. Only what is durable. */
  newest(actor: Actor, conversation: string): Promise<Version>
  /**
   * An actor's records whose names begin with `prefix`, in the byte order of the names, those after `after` (any text, or null).
   * Only what is durable. Costs what this actor has, however many others there are. For lists and recovery, not for transitions.
   */
  scan(actor: Actor, prefix: string, after: string | null, limit: number): Promise<readonly ScannedRecord[]>
  /**
   * The logs of a partition's actors that ever held an entry, in the byte order of the actors, those after `after`. Only what is
   * durable. A page costs what it holds, however many logs there are. For walks over all of them.
   */
  logs(partition: number, after: Actor | null, limit: number): Promise<readonly LogSummary[]>
  /**
   * Counts entries of a log from `from` downwards, looking at `entriesMax` at most and ending with the one that brings `bytes` to
   * `bytesMax`. Only what is durable.
   */
  tally(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<Tally>
  /**
   * One write. Units are judged in order, each alone against what the ones before it left; settles when all that was
   * committed is durable. All actors are of `scope`. Rejects with OutcomeUnknownError, or with another error after which
   * the store must be closed.
   */
  commit(scope: ScopeId, units: readonly Unit[]): Promise<readonly CommitResult[]>
  /**
   * Says that committed data of a scope may have been lost: the epochs of its partitions grow by one, and each log's next version
   * jumps by `EPOCH_JUMP` beyond its head, which its `gaps` remember (done at the log's first append in the new epoch; by as many
   * jumps as it missed epochs, and a new log begins as if it had been empty since the first: its actor may have had one that
   * was lost). Engines may be running.
   */
  newEpoch(scope: ScopeId): Promise<void>
  /**
   * Notes for `ttlMs` that a node holds connections of this actor's devices; again before that is over, to keep it. Routes are soft:
   * they are in no unit, and may be lost.
   */
  setRoute(actor: Actor, node: NodeId, ttlMs: number): Promise<void>
  /** The node holds none any more. Does nothing if it is not noted. */
  dropRoute(actor: Actor, node: NodeId): Promise<void>
  close(): Promise<void>
}

/** How far versions jump when the epoch changes: more than one log gains between two backups. */
export const EPOCH_JUMP = 2 ** 20
