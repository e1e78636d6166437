/**
 * The words of the engine. A transition is a pure, synchronous rule for one actor: it sees records through a Tx, and what it
 * does to the Tx happens whole, durably, or not at all. It has no clock, no randomness and no I/O of its own.
 */
import type { Actor, Appended, Version } from '../store/types.js'
import type { NodeEvent } from './events.js'

/** How large a record of a kind may get. The engine refuses what would put a larger one. */
export interface RecordBound<T> {
  /** The longest value, as it is stored. */
  readonly bytesMax: number
  /** How many entries a list or a map has at most. */
  readonly entries?: { readonly max: number; count(value: T): number }
  /** Who can make it grow, and what stops him: for docs/records.md. */
  readonly grows: string
  /** How many records of the kind an actor may have: for docs/records.md. */
  readonly many: string
  /**
   * Makes a stored value that is above the bound (an older server let it grow) fit; undefined is one too large to be read at
   * all. Absent: nobody could ever make one.
   */
  cut?(value: T | undefined): T
}

/**
 * How long a record is kept. store: for ever. user: until its user leaves (rules/leaving.ts). device: until its device is forgotten,
 * or its user leaves. work: until what it stands for is done.
 */
export type Lifetime = 'store' | 'user' | 'device' | 'work'

/** A kind of record: its name is `prefix`, or `prefix/<id>`. Values are immutable: a transition puts a new one. */
export interface RecordKind<T> {
  readonly prefix: string
  readonly bound: RecordBound<T>
  readonly lifetime: Lifetime
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
  /** The value with the fields of `before` that this node does not know: a newer one wrote them. Absent: there can be none. */
  keep?(this: void, value: T, before: T | undefined): T
  /** The value without them: the bound is for what this node writes. */
  own?(this: void, value: T): T
}

/**
 * What one actor tells another: applied exactly once, in order per pair of actors. `run` is total: its refusal is an effect back. Nodes
 * of several versions share a store: what an older one could not understand is another kind, which it leaves to the newer ones.
 */
export interface EffectKind<I> {
  /** Stands in the outbox: never reused for another meaning. */
  readonly name: string
  encode(input: I): Uint8Array
  decode(bytes: Uint8Array): I
  run(tx: Tx, input: I, source: Actor): void
  /** What tells the source that the target could not process the effect (a bug in `run`). Absent: nobody is told. */
  refused?(this: void, tx: Tx, input: I, source: Actor): void
}

/** What an operator sets and rules rest on. It is read when a rule asks, so it may change while the engine runs. */
export interface RuleSettings {
  /** Messages younger than this are kept, and so is what is needed to know a message again. */
  readonly retentionMs: number
}

/** The view and the pen of a transition, for one actor. */
export interface Tx {
  readonly actor: Actor
  /** Milliseconds since 1970, the same for the whole unit. */
  readonly nowMs: number
  /** The wall time since when `ms` have counted; jumps of the clock count for no age (lib/counted-time.ts). */
  ago(ms: number): number
  /** The store's epoch (store/types.ts). */
  readonly epoch: number
  readonly settings: RuleSettings
  /** The record's value, or undefined if it is absent; the unit then holds only while the record stays as it is. */
  get<T>(kind: RecordKind<T>, id?: string | number): T | undefined
  /** Has these records read together if any is missing, before they are looked at one by one. Decides nothing. */
  fetch(kinds: readonly RecordKind<unknown>[], ids: readonly (string | number)[]): void
  /** The same for `glance`: records of others. */
  fetchOf(records: readonly (readonly [actor: Actor, kind: RecordKind<unknown>, id?: string | number])[]): void
  /** Like `get`, but the unit does not depend on it: what is seen may be out of date. */
  peek<T>(kind: RecordKind<T>, id?: string | number): T | undefined
  /**
   * Like `peek`, at another actor's record, of whatever scope: for what never changes back once it is so. What is missing was
   * missing after the transition was submitted.
   */
  glance<T>(actor: Actor, kind: RecordKind<T>, id?: string | number): T | undefined
  put<T>(kind: RecordKind<T>, value: T, id?: string | number): void
  remove<T>(kind: RecordKind<T>, id?: string | number): void
  /** Appends to the actor's log; the bytes belong to the store from here on. */
  append(bytes: Uint8Array, key?: string): void
  /** Removes what has no key up to this version: at most `entriesMax` entries, the oldest. Absent: all. */
  trim(upTo: Version, entriesMax?: number): void
  /** Removes what was appended last under the key, as if it had never been. */
  drop(key: string): void
  effect<I>(kind: EffectKind<I>, target: Actor, input: I): void
  /**
   * The same to each of many, by way of `partition/<p>` (sync/fan-out.ts): in order with what the actor fans out, and with nothing else
   * that it tells them. The input is shared: `run` must not write to it.
   */
  fanOut<I>(kind: EffectKind<I>, targets: readonly Actor[], input: I): void
  /** Whether an effect to this actor (of a fan-out: to `partition/<p>`) can be taken now; if not, new work that needs it is to be refused, finally. */
  hasRoomFor(target: Actor): boolean
  /** Told to the nodes after the commit, softly: it may be lost in a crash. */
  event(event: NodeEvent): void
}

export interface Transition<I, R> {
  readonly name: string
  /** Records that it is likely to need, read together when one is missing. Saves round trips, decides nothing. */
  reads?(input: I): readonly (readonly [kind: RecordKind<unknown>, id?: string | number])[]
  run(tx: Tx, input: I): R
  /** What it does in place of `run` when that would put a record above its bound. Absent: it is refused, and nothing is done. */
  refused?(tx: Tx, input: I): R
  /**
   * An answer without a change (or one for which this says so) may rest on what this node last saw, unverified: only for what
   * nobody builds on. That something is not there is verified all the same.
   */
  readonly soft?: true | ((result: R) => boolean)
  /**
   * What it writes takes the place of something, or frees room: it is run while the store has little left (Room 'scarce'), so
   * that people can still come in and read, and put somebody out.
   */
  readonly small?: boolean
  /** It makes an account, from which more would follow: it is the first that is refused when the store fills (Room 'filling'). */
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
  /** The store cannot be reached or the actor is too busy: nothing is known to have happened; the same may be tried again. */
  | { readonly kind: 'unavailable' }
  /** The store has no room for it: nothing happened; the same may be tried again when there is. */
  | { readonly kind: 'full' }
  /** It would have put a record above its bound: nothing happened, and the same would not fare better. */
  | { readonly kind: 'refused' }

export type TimelinePage =
  | {
      readonly kind: 'page'
      /** All live items of (since, to]. */
      readonly items: readonly LogItem[]
      readonly to: Version
      readonly more: boolean
      readonly trimmed: boolean
      readonly head: Version
    }
  /** `since` is not a version of this log. */
  | { readonly kind: 'resync'; readonly head: Version }

/** What is counted and logged of the engine's work. */
export interface EngineMonitor {
  /** A write of so many units is durable, `tookMs` after it was handed to the store. Absent: nobody counts. */
  committed?(units: number, tookMs: number): void
  /** An effect threw and was set aside: a bug. */
  setAside(source: Actor, target: Actor, kind: string, error: unknown): void
  /** Something of a kind that this node does not know was left to newer nodes. Absent: nobody counts. */
  unknown?(what: 'effect' | 'record', kind: string): void
  /** A transition was refused, for it would have put a record above its bound. Absent: nobody is told. */
  aboveBound?(transition: string, error: AboveBoundError): void
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
