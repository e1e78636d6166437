/**
 * The knowledge of actors in memory: everything that is in the journal and not yet in the tables, and, as a bounded cache, stamps and
 * heads that were used lately.
 *
 * Each change belongs to a generation: that of the journal file that holds it. When a file is full, its generation is frozen and brought
 * into the tables while the next one grows. After that, what has not changed since can be forgotten.
 */

import { EMPTY } from '../../../protocol/bytes.js'
import { assert, present } from '../../lib/assert.js'
import { assertNameFits } from '../text.js'
import type { Actor, Gap, Stamp, Version } from '../types.js'
import { NO_POSITION } from './change-encoder.js'
import { PATCH } from './change-kinds.js'
import { type ChangeReader, changeAt } from './change-reader.js'
import { areTrimmable, bytesOfEntry, entryBytesAt, flagsOf, type OpenBlock } from './entry-value.js'
import { FewRecords } from './few-records.js'
import type { Journal } from './journal.js'
import type { Tables } from './tables.js'

export interface RecordState {
  /** The record's stamp; 0: absent. */
  stamp: Stamp
  /** The generation in which the record was last changed; 0: before those that are remembered. */
  generation: number
  /** The position of that change in its generation's part of the journal. */
  position: number
  /** The last change before this generation's, likewise. A patch of this generation may rest on it. */
  generationBefore: number
  positionBefore: number
}

/** The place of a value in its generation's part of the journal. */
export interface Place {
  readonly generation: number
  readonly position: number
}

/** A log: its head, and what the tables do not hold yet. */
export class LogState {
  head: Version
  floor: Version
  epoch: number
  gaps: readonly Gap[]
  /** The version up to which entries are in the tables; later ones are below. */
  tablesHead: Version
  /** The log's head when the generation that is on its way into the tables was frozen. */
  frozenHead: Version
  /** The versions of the entries beyond `tablesHead`, in order, and where each begins in its generation's part of the journal. */
  readonly versions: Version[] = []
  readonly positions: number[] = []
  /** Versions that have left the log and may still be in the tables: those of this generation, and of the frozen one. */
  removed: Set<Version> | undefined
  frozenRemoved: Set<Version> | undefined
  /** Replaced entries, for which the tables have other bytes or none. There are mostly none. */
  replaced: Map<Version, Place> | undefined
  /** The newest versions of conversations that differ from the tables; 0: the conversation has none. */
  newest: Map<string, { readonly version: Version; readonly generation: number }> | undefined
  /**
   * The newest versions of compaction keys, at least of the entries beyond `tablesHead`. There are mostly none: a map of its own is 264
   * bytes.
   */
  versionByKey: Map<string, Version> | undefined

  constructor(actor: Actor, tables: Tables) {
    const meta = tables.log(actor)
    this.head = Math.max(meta?.head ?? 0, tables.lastVersion(actor))
    this.floor = meta?.floor ?? 0
    this.epoch = meta?.epoch ?? 1
    this.gaps = meta?.gaps ?? []
    this.tablesHead = this.head
    this.frozenHead = this.head
  }

  hasLeft(version: Version): boolean {
    return this.removed?.has(version) === true || this.frozenRemoved?.has(version) === true
  }

  /** The versions above `after` that have left the log and may still be in the tables; undefined: more than `max`. */
  leftAfter(after: Version, max: number): Version[] | undefined {
    const left: Version[] = []
    for (const set of [this.removed, this.frozenRemoved]) {
      if (set === undefined) continue
      for (const version of set) if (version > after && left.push(version) > max) return undefined
    }
    return left
  }

  /** The index in `versions` of the first above `version`. */
  indexAfter(version: Version): number {
    return indexAfter(this.versions, version)
  }

  /** Filters the entries that the tables lack. */
  keep(stays: (version: Version) => boolean): void {
    let kept = 0
    this.versions.forEach((version, i) => {
      if (!stays(version)) return
      this.versions[kept] = version
      this.positions[kept++] = this.positions[i] ?? 0
    })
    this.versions.length = kept
    this.positions.length = kept
  }

  freeze(): void {
    this.frozenHead = this.head
    this.frozenRemoved = this.removed
    this.removed = undefined
  }

  /** Notes that this generation, which was frozen, is in the tables. */
  settle(generation: number): void {
    const settled = this.indexAfter(this.frozenHead)
    this.versions.splice(0, settled)
    this.positions.splice(0, settled)
    this.tablesHead = this.frozenHead
    this.frozenRemoved = undefined
    this.#forgetKeys()
    this.replaced = unsettled(this.replaced, generation)
    this.newest = unsettled(this.newest, generation)
  }

  /** Forgets keys that the tables know. */
  #forgetKeys(): void {
    const keys = this.versionByKey
    if (keys === undefined) return
    for (const [key, version] of keys) if (version <= this.tablesHead) keys.delete(key)
    if (keys.size === 0) this.versionByKey = undefined
  }
}

/** The index of the first of these, which are in order, above a version. */
export function indexAfter(versions: readonly Version[], version: Version): number {
  let low = 0
  let high = versions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((versions[middle] ?? 0) <= version) low = middle + 1
    else high = middle
  }
  return low
}

/** The part of a map that belongs to later generations. */
function unsettled<K, V extends { readonly generation: number }>(
  changes: Map<K, V> | undefined,
  settled: number,
): Map<K, V> | undefined {
  if (changes === undefined) return undefined
  for (const [key, { generation }] of changes) if (generation <= settled) changes.delete(key)
  return changes.size === 0 ? undefined : changes
}

export class ActorState {
  readonly actor: Actor
  readonly records = new FewRecords()
  log: LogState | undefined
  /** The generation of the last change. */
  generation = 0

  constructor(actor: Actor) {
    assert(!actor.includes('\0'), 'an actor contains no zero')
    assertNameFits(actor, '')
    this.actor = actor
  }
}

/**
 * The most records that a busy actor takes along from one half of the cache to the other. So an actor with thousands (the account names
 * of a partition) does not keep all that it ever used.
 */
const RECORDS_KEPT_MAX = 256

/** The place of a stamp before a record's bytes. */
const NO_STAMP = Buffer.alloc(8)

export class Actors {
  readonly #tables: Tables
  readonly #journal: Journal
  /** The number of records and actors remembered in each half of the cache. */
  readonly #cachedMax: number
  /** The growing generation, and the last one that is in the tables. */
  #generation = 1
  #settled = 0
  #dirty = new Map<Actor, ActorState>()
  #frozen = new Map<Actor, ActorState>()
  /** Actors whose logs began in the generation that is growing, and in the frozen one, by partition. */
  #begun = new Map<number, Actor[]>()
  #frozenBegun = new Map<number, Actor[]>()
  /** The cache's two halves: what is used moves to the young one. When that is full, the old one is forgotten. */
  #young = new Map<Actor, ActorState>()
  #old = new Map<Actor, ActorState>()
  #cached = 0
  /** The actor that was asked for last: one of the young half. */
  #last: ActorState | undefined
  /** The log that was looked at last, if nothing is remembered of it. It is as in the tables, until those change. */
  #glanced: { readonly actor: Actor; readonly log: LogState } | undefined

  constructor(tables: Tables, journal: Journal, cachedMax: number) {
    this.#tables = tables
    this.#journal = journal
    this.#cachedMax = cachedMax
  }

  get(actor: Actor): ActorState {
    // The parts of a unit mostly name the same one or two actors, one behind the other.
    if (this.#last?.actor !== actor) this.#last = this.#young.get(actor) ?? this.#load(actor)
    return this.#last
  }

  /** The state of an actor, without remembering more. It holds all that the tables lack of the actor. */
  known(actor: Actor): ActorState | undefined {
    return this.#young.get(actor) ?? this.#old.get(actor) ?? this.#dirty.get(actor) ?? this.#frozen.get(actor)
  }

  /** The state of a log, to look at and not to change. Only the last one is remembered more: who reads a log may not come again. */
  glance(actor: Actor): LogState {
    const known = this.known(actor)?.log
    if (known !== undefined) return known
    if (this.#glanced?.actor !== actor) this.#glanced = { actor, log: new LogState(actor, this.#tables) }
    return this.#glanced.log
  }

  /** The record's state, with its stamp known. */
  record(state: ActorState, name: string): RecordState {
    return state.records.get(name) ?? this.#remember(state, name, this.#tables.stamp(state.actor, name))
  }

  /** The record's stamp. Nothing is remembered of an actor that is not known: who is only looked at may not come again. */
  stamp(actor: Actor, name: string): Stamp {
    let state = this.#last
    if (state?.actor !== actor) {
      state = this.#young.get(actor)
      if (state === undefined && this.known(actor) === undefined) return this.#tables.stamp(actor, name)
      state ??= this.#load(actor)
      this.#last = state
    }
    return this.record(state, name).stamp
  }

  /** The state of a record that is changed now, whatever its stamp was. */
  recordToChange(state: ActorState, name: string): RecordState {
    return state.records.get(name) ?? this.#remember(state, name, 0)
  }

  #remember(state: ActorState, name: string, stamp: Stamp): RecordState {
    assertNameFits(state.actor, name)
    const record = { stamp, generation: 0, position: 0, generationBefore: 0, positionBefore: 0 }
    state.records.set(name, record)
    this.#cached++
    return record
  }

  log(state: ActorState): LogState {
    state.log ??= new LogState(state.actor, this.#tables)
    return state.log
  }

  /** Must be called before a change of the actor. @returns the generation that the change belongs to */
  change(state: ActorState): number {
    if (state.generation !== this.#generation) {
      state.generation = this.#generation
      this.#dirty.set(state.actor, state)
    }
    return this.#generation
  }

  /** The generation of changes that are made now. */
  get generation(): number {
    return this.#generation
  }

  /** Whether the tables lack this record's last change. */
  unsettled(record: RecordState): boolean {
    return record.generation > this.#settled
  }

  /** The bytes of an unsettled record that is present; a copy. */
  bytes(actor: Actor, name: string, record: RecordState): Uint8Array {
    const patches: ChangeReader[] = []
    let { generation, position } = record
    for (;;) {
      const change = changeAt(this.#bufferOf(generation), position)
      if (change.kind !== PATCH) return withPatches(change.value(), patches)
      patches.push(change)
      const isFirst = generation === record.generation
      if (change.before !== NO_POSITION) position = change.before
      else if (isFirst && record.generationBefore > this.#settled) {
        generation = record.generationBefore
        position = record.positionBefore
      } else {
        const stored = this.#tables.record(actor, name)
        return withPatches(stored && Buffer.concat([NO_STAMP, stored.bytes]), patches)
      }
    }
  }

  /** The position of the record's last change in this generation; NO_POSITION: there is none. */
  lastChange({ generation, position }: RecordState): number {
    return generation === this.#generation ? position : NO_POSITION
  }

  /** Notes that a record was changed at this position. */
  changed(record: RecordState, position: number): void {
    if (record.generation !== this.#generation) {
      record.generationBefore = record.generation
      record.positionBefore = record.position
      record.generation = this.#generation
    }
    record.position = position
  }

  /** The value of that entry beyond the tables, as it is put: mostly a view. */
  value(log: LogState, index: number): Buffer {
    return this.#entryValue(log, index)
  }

  /** Whether a trim removes that entry beyond the tables. */
  trimmable(log: LogState, index: number): boolean {
    return areTrimmable(flagsOf(this.#entryValue(log, index)))
  }

  /** The length of that entry beyond the tables. */
  entryLength(log: LogState, index: number): number {
    const value = this.#entryValue(log, index)
    return value.length - entryBytesAt(value)
  }

  /** The bytes of that entry beyond the tables; a copy. */
  entryBytes(log: LogState, index: number): Uint8Array {
    return bytesOfEntry(this.#entryValue(log, index))
  }

  /** An entry's value as it was put, mostly a view; undefined if it is not there. `open`: see Tables.entry. */
  entry(actor: Actor, log: LogState, version: Version, open?: OpenBlock): Buffer | undefined {
    if (log.hasLeft(version)) return undefined
    const replaced = log.replaced?.get(version)
    if (replaced !== undefined) return this.#valueAt(replaced)
    if (version <= log.tablesHead) return this.#tables.entry(actor, version, open)
    const index = log.indexAfter(version) - 1
    return log.versions[index] === version ? this.#entryValue(log, index) : undefined
  }

  /** The value of an entry that was replaced and that the tables have otherwise; a view. */
  replacement(log: LogState, version: Version): Buffer | undefined {
    const replaced = log.replaced?.get(version)
    return replaced === undefined ? undefined : this.#valueAt(replaced)
  }

  /** The version of the newest entry with this compaction key; 0: there is none. */
  keyVersion(actor: Actor, log: LogState, key: string): Version {
    return log.versionByKey?.get(key) ?? this.#tables.keyVersion(actor, key)
  }

  newest(actor: Actor, log: LogState, conversation: string): Version {
    return log.newest?.get(conversation)?.version ?? this.#tables.conversationVersion(actor, conversation)
  }

  /** Notes that the actor's log gets its first entry. */
  begin(partition: number, actor: Actor): void {
    const begun = this.#begun.get(partition)
    if (begun === undefined) this.#begun.set(partition, [actor])
    else begun.push(actor)
  }

  /** The actors of a partition whose logs began so lately that the tables may not list them. */
  begun(partition: number): Actor[] {
    return [...(this.#frozenBegun.get(partition) ?? []), ...(this.#begun.get(partition) ?? [])]
  }

  /** Freezes the generation, which is complete. Changes belong to the next one from now on. The one before must be settled. */
  freeze(): void {
    assert(this.#frozen.size === 0, 'one generation is frozen at a time')
    this.#frozen = this.#dirty
    this.#dirty = new Map()
    this.#frozenBegun = this.#begun
    this.#begun = new Map()
    this.#generation++
    for (const state of this.#frozen.values()) state.log?.freeze()
  }

  /** Notes that the frozen generation is in the tables. */
  settle(): void {
    this.#settled = this.#generation - 1
    this.#glanced = undefined
    for (const state of this.#frozen.values()) state.log?.settle(this.#settled)
    this.#frozen = new Map()
    this.#frozenBegun = new Map()
  }

  #entryValue(log: LogState, index: number): Buffer {
    const { encoder, otherEncoder } = this.#journal
    const version = present(log.versions[index], 'the version')
    const replaced = log.replaced?.get(version)
    if (replaced !== undefined) return this.#valueAt(replaced)
    const { buffer } = version > log.frozenHead ? encoder : otherEncoder
    return changeAt(buffer, present(log.positions[index], 'the position')).value()
  }

  #valueAt({ generation, position }: Place): Buffer {
    return changeAt(this.#bufferOf(generation), position).value()
  }

  /** The journal's bytes of an unsettled generation. */
  #bufferOf(generation: number): Buffer {
    const { encoder, otherEncoder } = this.#journal
    return (generation === this.#generation ? encoder : otherEncoder).buffer
  }

  #load(actor: Actor): ActorState {
    let state = this.#old.get(actor) ?? this.#dirty.get(actor) ?? this.#frozen.get(actor)
    if (state === undefined) state = new ActorState(actor)
    else if (state.records.size > RECORDS_KEPT_MAX) {
      for (const [name, record] of state.records) if (!this.unsettled(record)) state.records.delete(name)
    }
    if (this.#cached >= this.#cachedMax) {
      this.#old = this.#young
      this.#young = new Map()
      this.#cached = 0
    }
    this.#young.set(actor, state)
    this.#cached += 1 + state.records.size
    return state
  }
}

/** The bytes of a record whose value was this, and then became what the patches, the newest first, made of it. A copy. */
function withPatches(value: Buffer | undefined, patches: readonly ChangeReader[]): Uint8Array {
  const made = patches.reduceRight((before: Buffer | undefined, patch) => patch.patched(before), value)
  return made === undefined ? EMPTY : new Uint8Array(made.subarray(NO_STAMP.length))
}
