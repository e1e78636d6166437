/**
 * The terms of the engine. A transition is a pure, synchronous rule for one actor. It sees records through a Tx. What it does to
 * the Tx happens whole and durably, or not at all. It has no clock, no randomness and no I/O of its own.
 */
import type { Actor, Appended, NodeId, PatchShape, StoredEntry, Version } from '../store/types.js'
import type { NodeEvent, WorkEvent } from './events.js'

/** The largest size of a kind's records. The engine refuses a transition that would put a larger one. */
export interface RecordBound<T> {
  /** The longest value, as it is stored. */
  readonly bytesMax: number
  /** The most entries of a list or a map. */
  readonly entries?: { readonly max: number; count(value: T): number }
  /** The party that can make it grow, and what stops them: for docs/records.md. */
  readonly grows: string
  /** The number of records of the kind that an actor may have: for docs/records.md. */
  readonly many: string
  /**
   * Makes a stored value that is above the bound fit; an older server let it grow. `undefined` stands for a value that is too large
   * to be read. Absent: nobody could ever make such a value.
   */
  cut?(value: T | undefined): T
}

/**
 * The lifetime of a record. store: for ever. user: until its user leaves (rules/leaving.ts). device: until its device is forgotten,
 * or its user leaves. group: as long as its group. work: until the work that it stands for is done.
 */
export type Lifetime = 'store' | 'user' | 'device' | 'group' | 'work'

/** The change that a put makes to a record (`Put.patch`). */
export interface Patch {
  readonly shape: PatchShape
  readonly bytes: Uint8Array
}

/** A kind of record: its name is `prefix`, or `prefix/<id>`. Values are immutable: a transition puts a new one. */
export interface RecordKind<T> {
  readonly prefix: string
  readonly bound: RecordBound<T>
  readonly lifetime: Lifetime
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
  /**
   * The change from the stored bytes of one value to those of another; undefined: they are to be put whole. A kind that has it keeps its bound by
   * itself: values are encoded only when they are put whole. Absent: they always are.
   */
  patch?(this: void, before: T, after: T): Patch | undefined
  /** Adds the fields of `before` that this node does not know, which a newer node wrote. Absent: there can be none. */
  keep?(this: void, value: T, before: T | undefined): T
  /** The value without those fields: the bound applies to what this node writes. */
  own?(this: void, value: T): T
}

/**
 * An effect: a message from one actor to another, applied exactly once, in order per pair of actors. `run` never fails: its refusal
 * is an effect back. Nodes of several versions share a store. What an older node could not understand is another kind, which it
 * leaves to newer nodes.
 */
export interface EffectKind<I> {
  /** The name in the outbox: never reused for another meaning. */
  readonly name: string
  encode(input: I): Uint8Array
  decode(bytes: Uint8Array): I
  run(tx: Tx, input: I, source: Actor): void
  /** Tells the source that the target could not process the effect (a bug in `run`). Absent: nobody is told. */
  refused?(this: void, tx: Tx, input: I, source: Actor): void
}

/** Settings of the operator that rules rest on. They are read when a rule asks, so they may change while the engine runs. */
export interface RuleSettings {
  /** The age up to which messages are kept, and so is what is needed to know a message again. */
  readonly retentionMs: number
  /** Whether people may write to those who are no friends: the store's policy of contacts (rules/policy.ts). */
  readonly openContacts: boolean
}

/** The access that a transition has to one actor, for reading and writing. */
export interface Tx {
  readonly actor: Actor
  /** Milliseconds since 1970, the same for the whole unit. */
  readonly nowMs: number
  /** The wall time from which `ms` have counted until now. Jumps of the clock count for no age (lib/counted-time.ts). */
  ago(ms: number): number
  /** The epoch of the actor's data (store/types.ts). The unit is then committed only in this epoch. */
  readonly epoch: number
  readonly settings: RuleSettings
  /** The record's value, or undefined if it is absent. The unit is then committed only if the record is still the same. */
  get<T>(kind: RecordKind<T>, id?: string | number): T | undefined
  /** Has these records read together if any is missing, before they are looked at one by one. It decides nothing. */
  fetch(kinds: readonly RecordKind<unknown>[], ids: readonly (string | number)[]): void
  /** Does the same as `fetch` for `glance`: for records of other actors. */
  fetchOf(records: readonly (readonly [actor: Actor, kind: RecordKind<unknown>, id?: string | number])[]): void
  /** Reads a record without making the unit depend on it: the value may be out of date. */
  peek<T>(kind: RecordKind<T>, id?: string | number): T | undefined
  /**
   * Peeks at another actor's record, in any scope: for what never changes back. A record that it finds missing was missing after
   * the transition was submitted.
   */
  glance<T>(actor: Actor, kind: RecordKind<T>, id?: string | number): T | undefined
  put<T>(kind: RecordKind<T>, value: T, id?: string | number): void
  remove<T>(kind: RecordKind<T>, id?: string | number): void
  /** The access to another actor of this partition, for the same unit. */
  at(actor: Actor): Tx
  /**
   * Appends to the actor's log; the bytes belong to the store from here on.
   * @param shown the Item that the actor's devices are pushed, where the bytes stand for it (sync/references.ts). Absent: the bytes
   */
  append(bytes: Uint8Array, key?: string, shown?: Uint8Array): void
  /** Appends to the actor's log, as the newest entry of a conversation (store/types.ts). */
  appendTo(conversation: string, bytes: Uint8Array): void
  /**
   * Appends under this version to a log whose versions its rules give; with a conversation, as the newest entry of that. Nobody is told.
   * @returns false if the log has this version, or a later one: nothing is appended
   */
  appendAt(version: Version, bytes: Uint8Array, conversation?: string): boolean
  /** Appends the same to the logs of other actors of this partition. It depends on none of their records. */
  share(actors: readonly Actor[], shared: Shared): void
  /**
   * The entry of this version in the actor's log; undefined: it does not exist, or no longer. What this node accepted before is seen. What
   * the unit itself appends cannot be: an effect that asks for that is put off to a unit of its own.
   */
  entry(version: Version): StoredEntry | undefined
  /** The version of a conversation's newest entry in the actor's log; 0: it has none. Seen like an entry. */
  newest(conversation: string): Version
  /**
   * Entries of a conversation of the actor's log, from the version `from` down, the newest first: at most `entriesMax` (up to ASKED_MAX), and
   * fewer if they are long. Walk on with the last one's `previous`; an empty list is the end. To change one, look at it with `entry`, which
   * knows all that the walk met: what is on its way to the store is in no walk.
   */
  chain(from: Version, entriesMax: number): readonly StoredEntry[]
  /** Gives an entry of the actor's log new bytes; they belong to the store from here on. Nobody is told. */
  replace(entry: StoredEntry, bytes: Uint8Array): void
  /** Removes entries without a key, or with a passing one, up to this version: at most `entriesMax`, the oldest. Absent: all. */
  trim(upTo: Version, entriesMax?: number): void
  /** Removes the last entry that was appended under the key, as if it had never been. */
  drop(key: string): void
  effect<I>(kind: EffectKind<I>, target: Actor, input: I): void
  /**
   * Sends the effect to each of many targets, through `partition/<p>` (sync/fan-out.ts). It stays in order with the actor's other
   * fan-outs, and with nothing else that it tells them. The input is shared: `run` must not write to it.
   */
  fanOut<I>(kind: EffectKind<I>, targets: readonly Actor[], input: I): void
  /**
   * Whether an effect to this actor (for a fan-out: to `partition/<p>`) can be taken now. If not, new work that needs it is to be
   * refused, finally.
   */
  outboxHasSpace(target: Actor): boolean
  /**
   * Notes for `ttlMs` that a node holds connections of the actor's devices, or that it holds none any more (0). It is as soft as every
   * route (store/types.ts).
   */
  route(node: NodeId, ttlMs: number): void
  /** Sends an event to the nodes after the commit, or one of work to this node's jobs. It is soft: it may be lost in a crash. */
  event(event: NodeEvent | WorkEvent): void
}

/** What many actors of a partition get in their logs. */
export interface Shared {
  /** The conversation that it belongs to, or the compaction key. Not both. */
  readonly conversation?: string
  readonly key?: string
  /** What each log holds; belongs to the store from here on. */
  readonly bytes: Uint8Array
  /** The Item that their devices are pushed. The bytes stand for it (sync/references.ts). */
  readonly shown: Uint8Array
}

export interface Transition<I, R> {
  readonly name: string
  /** The records that it is likely to need, read together when one is missing. This saves round trips and decides nothing. */
  reads?(input: I): readonly (readonly [kind: RecordKind<unknown>, id?: string | number])[]
  run(tx: Tx, input: I): R
  /** Runs in place of `run` if that would put a record above its bound. Absent: the transition is refused, and nothing is done. */
  refused?(tx: Tx, input: I): R
  /**
   * An answer without a change may rest on what this node last saw, unverified: all such answers, or those for which this function
   * says so. Only for answers that nobody builds on. An absence is verified all the same.
   */
  readonly soft?: true | ((result: R) => boolean)
  /**
   * Its actor is not expected back soon: the records that were read for it alone are forgotten when it is done. A busy actor's records,
   * which were known before, stay.
   */
  readonly passing?: true
  /** Its write may come a few turns of the event loop later, with others', while many come one behind the other. */
  readonly patient?: true
  /**
   * It waits where a store does not answer, and others are refused: the amount of such work is bounded already. It would only be tried
   * again.
   */
  readonly waits?: true
  /**
   * The transition replaces something or frees space. It is run even while space is 'scarce'. So people can still come in and read, and
   * put somebody out.
   */
  readonly small?: boolean
  /**
   * The transition makes an account, from which more would follow. It is the first to be refused when the store fills: from 'filling'
   * on.
   */
  readonly makesAccount?: boolean
}

/** An item of a log: its version, and the bytes as appended (the store's: never to be written to). */
export interface LogItem {
  readonly version: Version
  readonly bytes: Uint8Array
}

export type Outcome<R> =
  /** Durable. `own` is the range of the first append to the actor's own log, if it is known. */
  | { readonly kind: 'done'; readonly result: R; readonly own: Appended | undefined }
  /** The store cannot be reached or the actor is too busy: nothing is known to have happened. The same may be tried again. */
  | { readonly kind: 'unavailable' }
  /** The store has no space for it: nothing happened. The same may be tried again when there is space. */
  | { readonly kind: 'full' }
  /** Refused, because it would have put a record above its bound: nothing happened, and trying again would not help. */
  | { readonly kind: 'refused' }

/** `Items`: the form that its items have. */
export type TimelinePage<Items = readonly LogItem[]> =
  | {
      readonly kind: 'page'
      /** All live items of (since, to]. */
      readonly items: Items
      readonly to: Version
      readonly more: boolean
      readonly trimmed: boolean
      readonly head: Version
    }
  /** `since` is not a version of this log. */
  | { readonly kind: 'resync'; readonly head: Version }

/** The head of a timeline. `resync`: the version that was asked about is none of it. */
export interface TimelineHead {
  readonly head: Version
  readonly resync: boolean
}

/** Counts and logs the engine's work. */
export interface EngineMonitor {
  /** Called when a write of so many units is durable, `tookMs` after it was handed to the store. */
  committed(units: number, tookMs: number): void
  /** Called when an effect threw and was set aside: a bug. */
  setAside(source: Actor, target: Actor, kind: string, error: unknown): void
  /** Called when something of a kind that this node does not know was left to newer nodes. */
  unknown(what: 'effect' | 'record', kind: string): void
  /**
   * Called when a target lacks effects that no outbox has: it has passed over them, because its partition lost its newest data, or
   * the pair waits for them since a minute.
   */
  gap(source: Actor, target: Actor, outcome: 'passed' | 'waiting'): void
  /** Called when a transition was refused because it would have put a record above its bound. */
  aboveBound(transition: string, error: AboveBoundError): void
}

/** Thrown through a transition that puts a record above its bound; never leaves the engine. */
export class AboveBoundError extends Error {
  override readonly name = 'AboveBoundError'
  readonly actor: Actor
  readonly record: string

  constructor(actor: Actor, record: string, kind: RecordKind<unknown>, bytes: number) {
    const { bytesMax, entries } = kind.bound
    const most = entries === undefined ? `${bytesMax} bytes` : `${bytesMax} bytes and ${entries.max} entries`
    super(`${record} of ${actor} would have ${bytes} bytes; a record of this kind has at most ${most}`)
    this.actor = actor
    this.record = record
  }
}
