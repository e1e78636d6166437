/**
 * The store as the engine sees it: all that the engine needs of one, and all that it may know of one. Three stores fulfil this contract
 * (memory, lmdb, later redis). One contract suite (test/store/contract.ts) runs on each.
 *
 * An actor owns named records (small, each with a stamp) and one log. A unit is a set of changes that happens whole or not at all. It
 * happens only if each record that it expects still has the stamp that it names.
 */

import type { NodePorts } from './node-ports.js'

/** One owner of state: `user/<uid>`, `accounts/<partition>`, `outbox/<partition>` … Never contains `\0`. */
export type Actor = string

/** The scope of an atomic commit: everything, or one partition. */
export type ScopeId = number

/**
 * Identifies one write of a record: an integer in [1, 2^53), made by the engine that writes it (random start + counter, see
 * sync/stamps.ts). 0 means absent. It is never a count: two engines never make the same one.
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

/** A range of one log, for a page of it. */
export interface PageRange {
  readonly actor: Actor
  readonly after: Version
  readonly upTo: Version
  /** Versions in it that have left the log, though the place may show them. */
  readonly left: readonly Version[]
  /** The first byte of entries that are nothing by themselves. A page with one is not read there. */
  readonly foreign: number
  readonly entriesMax: number
  readonly bytesMax: number
}

/** The place where another thread reads pages (store/lmdb/page-reader.ts): plain data. */
export interface PagePlace {
  readonly folder: string
  readonly mapBytes: number
  /** The descriptor of lmdb's note of the newest transaction. */
  readonly note: number
  /** Names this opening of the store, among all of the process. */
  readonly opening: string
  /** The write that the place holds at least. */
  readonly applied: number
}

/** A part of a log that other threads can read: it is durable and whole at its place. */
export interface SettledPart {
  /** The version up to which it goes. */
  readonly upTo: Version
  /** Its versions that have left the log, perhaps by a write that is not durable yet. */
  readonly left: readonly Version[]
  readonly floor: Version
  readonly gaps: readonly Gap[]
  readonly place: PagePlace
}

/** A single entry, with what its log knows of it. */
export interface StoredEntry extends LogEntry {
  /** The stamp of its last replacement; 0: it was never replaced. */
  readonly stamp: Stamp
  /** The conversation that it was appended to; undefined: none. */
  readonly conversation: string | undefined
  /** The version of the entry before it in that conversation; 0: it was the first there (see `Append.conversation`). */
  readonly previous: Version
}

/** A conversation of a log. */
export interface ConversationSummary {
  readonly conversation: string
  /** The version of its newest entry. */
  readonly newest: Version
}

/** A range of versions `after < v <= upTo` that a change of epoch skipped: no `since` inside belongs to this timeline. */
export interface Gap {
  readonly after: Version
  readonly upTo: Version
}

export interface LogRange {
  /** The entries in order of version. */
  readonly entries: readonly LogEntry[]
  /** Whether entries at or below `upTo` were left out because of a limit. */
  readonly more: boolean
  /** The highest version ever given out in this log, as this store sees it now. It may be above `upTo`, and not durable yet. */
  readonly head: Version
  /**
   * The highest version known to be durable at the moment of this read. Anything above it may vanish in a crash and must not be shown to
   * anybody (the engine cuts there). It equals `head` while no commit on this log is under way.
   */
  readonly durable: Version
  /** The highest version that a trim removed; 0 if none. */
  readonly floor: Version
  readonly gaps: readonly Gap[]
}

/** A range of a log's lasting entries. Its entries are durable. */
export interface LastingRange extends LogRange {
  /** The version up to which all lasting entries above `after` are in it. Without `more` it is the durable head. */
  readonly to: Version
}

/**
 * A log as a walk over all logs finds it. The entries that can be trimmed are no more than the versions between floor and head, without
 * gaps.
 */
export interface LogSummary {
  readonly actor: Actor
  readonly head: Version
  readonly floor: Version
  readonly gaps: readonly Gap[]
}

/** The count of a slice of a log, from its end. */
export interface Tally {
  /** The number of entries that a trim would remove. */
  readonly trimmable: number
  /** The length of their bytes. */
  readonly bytes: number
  /** The version of the last entry looked at; the next slice begins below it. 0: there was none. */
  readonly to: Version
}

/**
 * The level of the space that is left for writes. 'ample': anything is taken. 'filling': anything of existing users, and no new users.
 * 'scarce': only what is small and replaces something, and what frees space. 'none': nothing is to be committed.
 */
export type SpaceLevel = 'ample' | 'filling' | 'scarce' | 'none'

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
  /** The new value, or with `patch` what it changes; null removes the record. The bytes belong to the store from the call on. */
  readonly bytes: Uint8Array | null
  /** The new stamp; ignored on removal, after which the record's stamp is 0. */
  readonly stamp: Stamp
  /** The place of the bytes in the record as the unit expects it; the unit has one put of the record. Absent: they are all of it. */
  readonly patch?: PatchShape | undefined
}

/** The places that a patch changes in a record. Everything outside its ranges is as it was, up to the new length. */
export interface PatchShape {
  /** The new length. What is beyond the old one is in a range. */
  readonly length: number
  /** Offset and length of each range, one after the other, in order. The bytes of a patch are those of its ranges, likewise. */
  readonly ranges: readonly number[]
}

export interface Append {
  readonly actor: Actor
  /**
   * The compaction key. A newer entry with the same key in the same log supersedes the older one, which leaves the log. With a key that
   * begins with `PASSING_KEYS` it is removed by a trim too.
   */
  readonly key?: string | undefined
  /**
   * The conversation that the entry belongs to, any text without `\0`. The entry knows the one before it there. So a conversation is a
   * chain within one log, from its newest entry (`Store.newest`) down. An entry with a key has none.
   *
   * Only a trim takes entries out of a chain, the oldest first. So a link leads to an existing entry, or to one at or below the log's
   * floor, where all before it is gone too: a reader stops there. A conversation whose last entry was trimmed begins anew. Replacing an
   * entry changes no link. Nor does a change of epoch: a link then leads over the gap.
   */
  readonly conversation?: string | undefined
  /**
   * The version that the entry is to have, for a log whose versions a rule of the engine gives. It is above the log's head, or the unit is
   * not done. The log does not jump for it when the epoch has changed: the rule counts in epochs by itself. So no gap is noted, and nobody
   * may keep a `since` of such a log. Absent: the store gives the next version.
   */
  readonly at?: Version | undefined
  /** Belong to the store from the call on. */
  readonly bytes: Uint8Array
}

export interface Trim {
  readonly actor: Actor
  /**
   * The version up to which entries without a key are removed, and those with a passing key (`PASSING_KEYS`), whose key leaves with them as
   * by a drop. Entries with any other key stay. Done before the unit's appends.
   */
  readonly upTo: Version
  /** The most entries to remove, the oldest first: a walk over thousands in one unit would hold everybody up. Absent: all. */
  readonly entriesMax?: number | undefined
}

export interface Drop {
  readonly actor: Actor
  /** The compaction key whose entry leaves the log, and the key with it, as if it had never been. Done before the unit's appends. */
  readonly key: string
}

/**
 * New bytes for an entry, under its version. Its key or conversation stays, and trims, drops and newer keys remove it as before. Done
 * before trims and drops.
 */
export interface Replace {
  readonly actor: Actor
  readonly version: Version
  /** The stamp that the entry must have; 0: it was never replaced. With another stamp, or without the entry, the unit is not done. */
  readonly expected: Stamp
  /** The entry's new stamp. */
  readonly stamp: Stamp
  /** Belong to the store from the call on. */
  readonly bytes: Uint8Array
}

/** Sets or drops the route from an actor to a node (see `Store.setRoute`). */
export interface RouteChange {
  readonly actor: Actor
  readonly node: NodeId
  /** The time for which the route holds; 0: it is dropped. */
  readonly ttlMs: number
}

/** The epoch that a partition's data is in. */
export interface PartitionEpoch {
  readonly partition: number
  readonly epoch: number
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
  /**
   * Routes that change with the unit: a unit that is not done changes none. They are soft all the same: a failure may lose them. The
   * unit's own appends are answered with them already. Absent: none.
   */
  readonly routes?: readonly RouteChange[]
  /**
   * An epoch that the unit's numbers were made for. In any other epoch the unit is not done: some of these numbers may have been given
   * out and lost, and stamps do not show that. One partition stands for all of the scope. Absent: the unit is right in any epoch.
   */
  readonly epoch?: PartitionEpoch | undefined
}

export interface Appended {
  /** The log's head before this append: with `version`, the range that the entry alone fills. */
  readonly from: Version
  readonly version: Version
}

export interface Committed {
  readonly kind: 'committed'
  /** The ranges of the unit's appends, in their order. */
  readonly appended: readonly Appended[]
  /**
   * The nodes, for each append in order, that hold connections of the actor's devices: they are to be told. Empty if no actor of the unit
   * has a route (always, in a store of one process).
   *
   * This is only a hint. It may name a node that has closed its connection or has died. It may miss one whose route was lost or came
   * later. A route that was set before the call and has not expired is named, unless the store lost it in a failure.
   */
  readonly routes: readonly (readonly NodeId[])[]
}

/** The first expectation that did not hold, and the stamp that was found. Nothing of the unit was done. */
export interface Conflict {
  readonly kind: 'conflict'
  readonly actor: Actor
  readonly name: string
  readonly current: Stamp
}

/**
 * The first entry to be replaced that has another stamp, after all expectations held; null: the entry does not exist. Nothing of the unit
 * was done.
 */
export interface EntryConflict {
  readonly kind: 'entry conflict'
  readonly actor: Actor
  readonly version: Version
  readonly current: Stamp | null
}

/**
 * The first append with a version of its own (`Append.at`) that is not above the log's head, after all expectations and replacements held.
 * Nothing of the unit was done.
 */
export interface OrderConflict {
  readonly kind: 'order conflict'
  readonly actor: Actor
  /** The log's head, behind the appends of the unit before this one. */
  readonly head: Version
}

/**
 * The unit was made for another epoch than the partition's current one, after everything else held. Nothing of the unit was done. From
 * now on `epochOf` answers with the current epoch, or a later one.
 */
export interface EpochConflict {
  readonly kind: 'epoch conflict'
  readonly partition: number
  readonly current: number
}

export type CommitResult = Committed | Conflict | EntryConflict | OrderConflict | EpochConflict

/** The routes of units whose actors have none. */
export const NO_ROUTES: readonly (readonly NodeId[])[] = Object.freeze([])

/** Says that the store does not know whether the units were committed: they may have been. Repeating them is safe. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError'
}

/** The bytes that a store has written to its journal since it was opened. */
export interface JournalWritten {
  /** Changes, with the head of each write. */
  readonly changes: number
  /** Zeros that fill each write up to whole sectors. */
  readonly padding: number
}

export interface Store {
  /** The store's id: 16 random bytes made with the store. Another id is another store, and versions of one mean nothing in the other. */
  readonly id: Uint8Array
  /**
   * The secret for keyed hashes that are stored: 16 random bytes made with the store, the same for all who open it, told to nobody else.
   */
  readonly secret: Uint8Array
  /** The level of the space that is left. It may change at any time. The caller must obey it: the store itself refuses nothing. */
  readonly space: SpaceLevel
  /** The free bytes on its disk at the last look; undefined if no disk is known. */
  readonly freeBytes: number | undefined
  /** The bytes that its journal took; undefined if it has none. */
  readonly journalWritten: JournalWritten | undefined
  /** Whether other processes may commit to it too. What was read from it earlier may then be out of date. */
  readonly shared: boolean
  /** What the nodes on it have of it besides the data. Absent: it has nothing for them. */
  readonly nodePorts?: NodePorts | undefined
  /** The scope of an actor: a pure function that never changes while the store lives. Actors of one partition are always in one scope. */
  scopeOf(actor: Actor): ScopeId
  /**
   * The epoch of a partition's data, from 1 (see `newEpoch`). It may change at any time, so it is asked for where it is used and never
   * kept.
   */
  epochOf(partition: number): number
  /** Reads records, in the order of `names`. May show what is committed and not yet durable. */
  get(actor: Actor, names: readonly string[]): Promise<readonly StoredRecord[]>
  /**
   * Reads the entries of (after, upTo], at most `entriesMax` and `bytesMax` (the first is given whatever its size). The result may hold
   * entries that are not yet durable: `durable` says up to where they are.
   */
  read(actor: Actor, after: Version, upTo: Version, entriesMax: number, bytesMax: number): Promise<LogRange>
  /**
   * Reads the lasting entries above `after`, in the order of their versions: those that no trim removes (`isTrimmable`). Gives at most
   * `entriesMax` and `bytesMax` (the first is given whatever its size), or fewer where much else lies between. Only what is durable. The
   * cost depends on the entries with keys, however many others there are.
   */
  lasting(actor: Actor, after: Version, entriesMax: number, bytesMax: number): Promise<LastingRange>
  /**
   * The part of a log beyond `after` that another thread can read. Undefined: there is none, or entries of it were replaced lately.
   * Absent: the store lets no other thread read. `head`, `floor` and what is not in the part are to be read when the thread has answered:
   * after that read, all that `left` names is durably gone.
   */
  settled?(actor: Actor, after: Version): SettledPart | undefined
  /**
   * Reads the entries of these versions, at most `ASKED_MAX`, in the order in which they are asked for; undefined for one that does not
   * exist, or no longer. Only what is durable. The answer ends before the entry that would bring the bytes above `bytesMax` (the first that
   * exists is given whatever its size); absent: it has all.
   */
  entries(actor: Actor, versions: readonly Version[], bytesMax?: number): Promise<readonly (StoredEntry | undefined)[]>
  /**
   * Reads the newest entry of each of these compaction keys, at most `ASKED_MAX`, in their order; undefined for a key that has none. Only
   * what is durable.
   */
  keyed(actor: Actor, keys: readonly string[]): Promise<readonly (StoredEntry | undefined)[]>
  /**
   * Reads entries of a conversation, from that of the version `from` down along the links, the newest first. Ends where an entry does not
   * exist: behind the first of the conversation, or where the rest was trimmed. Gives at most `entriesMax` (up to `ASKED_MAX`) and
   * `bytesMax` (the first is given whatever its size). An entry of no conversation is alone. Only what is durable.
   */
  chain(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<readonly StoredEntry[]>
  /** The version of a conversation's newest existing entry; 0: it has none. Only what is durable. */
  newest(actor: Actor, conversation: string): Promise<Version>
  /**
   * Lists the conversations of a log that have an entry and come after `after`, in the byte order of their names. Only what is durable. The
   * cost depends on what this actor has, however much others have. For lists, not for transitions.
   */
  conversations(actor: Actor, after: string | null, limit: number): Promise<readonly ConversationSummary[]>
  /**
   * Lists an actor's records whose names begin with `prefix` and come after `after` (any text, or null), in the byte order of the names.
   * Only what is durable. The cost depends on this actor's records, however many others there are. For lists and recovery, not for
   * transitions.
   */
  scan(actor: Actor, prefix: string, after: string | null, limit: number): Promise<readonly ScannedRecord[]>
  /**
   * Lists the logs of a partition's actors that ever held an entry and come after `after`, in the byte order of the actors. Only what is
   * durable. The cost of a page depends on what it holds, however many logs there are. For walks over all logs.
   */
  logs(partition: number, after: Actor | null, limit: number): Promise<readonly LogSummary[]>
  /**
   * Counts the entries that a trim would remove from `from` downwards. Looks at `entriesMax` at most, and ends with the entry that brings `bytes` to
   * `bytesMax`. Only what is durable.
   */
  tally(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<Tally>
  /**
   * Commits units in one write. They are judged in order, each alone against the result of the ones before it. Settles when all that was
   * committed is durable. All actors are of `scope`. Rejects with OutcomeUnknownError, or with another error after which the store must
   * be closed.
   */
  commit(scope: ScopeId, units: readonly Unit[]): Promise<readonly CommitResult[]>
  /**
   * Says that committed data of a scope may have been lost. The epochs of its partitions grow by one. Each log's next version jumps by
   * `EPOCH_JUMP` beyond its head, and its `gaps` remember this. The jump happens at the log's first append in the new epoch, once for
   * each missed epoch. A new log begins as if it had been empty since the first epoch: its actor may have had one that was lost. Engines
   * may be running.
   */
  newEpoch(scope: ScopeId): Promise<void>
  /**
   * Notes for `ttlMs` that a node holds connections of this actor's devices; to be repeated before that time is over. Routes are soft:
   * they may be lost. A unit can set one too (`Unit.routes`).
   */
  setRoute(actor: Actor, node: NodeId, ttlMs: number): Promise<void>
  /** Notes that the node holds none any more. Does nothing if no route is noted. */
  dropRoute(actor: Actor, node: NodeId): Promise<void>
  close(): Promise<void>
}

/** The most entries that one call may ask for by themselves: as many as a page has. */
export const ASKED_MAX = 256

/** Begins the compaction keys of entries that pass with what they are about: a trim removes them like entries without a key. */
export const PASSING_KEYS = 'about/'

/** Whether a trim removes an entry with this compaction key; undefined: it has none. */
export function isTrimmable(key: string | undefined): boolean {
  return key === undefined || key.startsWith(PASSING_KEYS)
}

/** The jump of versions when the epoch changes: more than one log gains between two backups. */
export const EPOCH_JUMP = 2 ** 20
