/**
 * What is known of actors in memory: everything that is in the journal and not yet in the tables, and, as a bounded cache,
 * stamps and heads of what was used lately.
 *
 * Changes belong to a generation: that of the journal file they stand in. When a file is full its generation is frozen
 * and brought into the tables while the next one grows; after that, what is still as it was then can be forgotten.
 */

import { assert } from '../../lib/assert.js'
import { assertNameFits } from '../text.js'
import type { Actor, Gap, LogEntry, Stamp, Version } from '../types.js'
import type { Tables } from './tables.js'

export interface RecordState {
  /** 0: absent. */
  stamp: Stamp
  /** Undefined: as it stands in the tables. */
  bytes: Uint8Array | undefined
  /** In which the record was last changed; 0: before those that are remembered. */
  generation: number
}

/** A log: its head, and what the tables do not show yet. */
export class LogState {
  head: Version
  floor: Version
  epoch: number
  gaps: readonly Gap[]
  /** Entries up to this version are in the tables, later ones in `entries`. */
  tablesHead: Version
  /** The head when the generation was frozen that is on its way into the tables. */
  frozenHead: Version
  /** In order, beyond `tablesHead`. */
  readonly entries: (LogEntry & { readonly keyed: boolean })[] = []
  /** Versions that have left the log and may still stand in the tables: those of this generation, and of the frozen one. */
  removed = new Set<Version>()
  frozenRemoved = new Set<Version>()
  /** Newest versions of compaction keys, of those beyond `tablesHead` at least. */
  readonly versionByKey = new Map<string, Version>()

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
    return this.removed.has(version) || this.frozenRemoved.has(version)
  }

  /** The index in `entries` of the first above `version`. */
  indexAfter(version: Version): number {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.entries[middle]
      if (entry !== undefined && entry.version <= version) low = middle + 1
      else high = middle
    }
    return low
  }

  freeze(): void {
    this.frozenHead = this.head
    this.frozenRemoved = this.removed
    this.removed = new Set()
  }

  /** The frozen generation is in the tables. */
  settle(): void {
    this.entries.splice(0, this.indexAfter(this.frozenHead))
    this.tablesHead = this.frozenHead
    this.frozenRemoved = new Set()
    for (const [key, version] of this.versionByKey) if (version <= this.tablesHead) this.versionByKey.delete(key)
  }
}

export class ActorState {
  readonly actor: Actor
  readonly records = new Map<string, RecordState>()
  log: LogState | undefined
  /** Of the last change. */
  generation = 0

  constructor(actor: Actor) {
    assert(!actor.includes('\0'), 'an actor contains no zero')
    assertNameFits(actor, '')
    this.actor = actor
  }
}

export class Actors {
  readonly #tables: Tables
  /** How many records and actors are remembered in each half of the cache. */
  readonly #cachedMax: number
  /** The generation that is growing, and the last one that is in the tables. */
  #generation = 1
  #settled = 0
  #dirty = new Map<Actor, ActorState>()
  #frozen = new Map<Actor, ActorState>()
  /** A cache of two halves: what is used moves to the young one; when that is full the old one is forgotten. */
  #young = new Map<Actor, ActorState>()
  #old = new Map<Actor, ActorState>()
  #cached = 0

  constructor(tables: Tables, cachedMax: number) {
    this.#tables = tables
    this.#cachedMax = cachedMax
  }

  get(actor: Actor): ActorState {
    return this.#young.get(actor) ?? this.#load(actor)
  }

  /** With its stamp known. */
  record(state: ActorState, name: string): RecordState {
    let record = state.records.get(name)
    if (record === undefined) {
      assertNameFits(state.actor, name)
      record = { stamp: this.#tables.stamp(state.actor, name), bytes: undefined, generation: 0 }
      state.records.set(name, record)
      this.#cached++
    }
    return record
  }

  log(state: ActorState): LogState {
    state.log ??= new LogState(state.actor, this.#tables)
    return state.log
  }

  /** Must be called before a change of the actor; says the generation that the change belongs to. */
  change(state: ActorState): number {
    if (state.generation !== this.#generation) {
      state.generation = this.#generation
      this.#dirty.set(state.actor, state)
    }
    return this.#generation
  }

  /** Whether the tables lack this record's last change. */
  unsettled(record: RecordState): boolean {
    return record.generation > this.#settled
  }

  /** Actors with changes that the tables lack. */
  *changed(): Generator<ActorState> {
    yield* this.#frozen.values()
    for (const state of this.#dirty.values()) if (!this.#frozen.has(state.actor)) yield state
  }

  /** The generation is whole; changes belong to the next one from now on. The one before must be settled. */
  freeze(): void {
    assert(this.#frozen.size === 0, 'one generation is frozen at a time')
    this.#frozen = this.#dirty
    this.#dirty = new Map()
    this.#generation++
    for (const state of this.#frozen.values()) state.log?.freeze()
  }

  /** The frozen generation is in the tables. */
  settle(): void {
    this.#settled = this.#generation - 1
    for (const state of this.#frozen.values()) {
      state.log?.settle()
      for (const record of state.records.values()) if (record.generation <= this.#settled) record.bytes = undefined
    }
    this.#frozen = new Map()
  }

  #load(actor: Actor): ActorState {
    let state = this.#old.get(actor) ?? this.#dirty.get(actor) ?? this.#frozen.get(actor)
    if (state === undefined) state = new ActorState(actor)
    else {
      // What is only cached is read again when it is needed: a busy actor's thousand records do not stay for ever.
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
