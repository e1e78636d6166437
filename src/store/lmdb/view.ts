/**
 * Shows a data folder at one moment, whether a server runs on it or not: lmdb's snapshot of the tables, and over it what the journal
 * holds beyond. To be used within one turn of the event loop: the snapshot is released at its end.
 */

import type { Clock } from '../../lib/clock.js'
import { partitionOf } from '../partition.js'
import { textOrder } from '../text.js'
import type { Actor, Version } from '../types.js'
import type { StoreView, ViewedEntry, ViewedLog, ViewedRecord } from '../view.js'
import { assertStore } from './backup.js'
import type { Change } from './batch.js'
import { decodeLog, eachEntry, entryBytesAt, entryHeader, isBlock } from './entry-value.js'
import {
  actorBytesOfEntryKey,
  actorOfEntryKey,
  boundsOf,
  entryKeyOf,
  KeyViews,
  KIND_CONVERSATION,
  KIND_ENTRY,
  KIND_KEY,
  KIND_LOG,
  KIND_RECORD,
  nameOfKey,
  namesOfKey,
  versionOfKey,
} from './keys.js'
import { FORMAT_WITH_LISTS } from './open.js'
import { Retries, readTables } from './reading.js'
import { type RecoveredWrites, readJournal, recoverWrites } from './recovery.js'
import type { Tables } from './tables.js'

/** @returns what `look` returns. Rejects with an error of one clear line if the folder holds no store, or a damaged journal. */
export function viewStore<T>(folder: string, clock: Clock, look: (view: StoreView) => T): Promise<T> {
  return viewTables(folder, clock, async view => look(view))
}

/** Does the same. If `look` takes more than a turn of the event loop, nobody may write to the store meanwhile. */
export async function viewTables<T>(
  folder: string,
  clock: Clock,
  look: (view: StoreView, tables: Tables) => Promise<T>,
): Promise<T> {
  assertStore(folder)
  return readTables(folder, async tables => {
    const retries = new Retries(clock)
    for (;;) {
      let overlay: readonly Change[]
      try {
        const journal = readJournal(folder, tables)
        tables.refresh()
        overlay = overlayOf(tables, recoverWrites(journal, tables.meta('applied')))
      } catch (error) {
        await retries.next(error)
        continue
      }
      return look(new LmdbView(tables, overlay), tables)
    }
  })
}

interface Pair {
  readonly key: Buffer
  readonly value: Buffer
}

/** The changes that the journal makes to the tables, each entry by itself, in the order of the keys. */
function overlayOf(tables: Tables, recovered: RecoveredWrites): readonly Change[] {
  const batch = tables.batch({ isApart: true })
  batch.addRecovered(recovered)
  const overlay = [...batch.values()]
  for (const { actor, pieces, edits } of batch.logs) {
    for (const { last, value } of pieces) overlay.push({ key: entryKeyOf(actor, last), value })
    for (const [version, value] of edits) overlay.push({ key: entryKeyOf(actor, version), value })
  }
  return overlay.sort((a, b) => Buffer.compare(a.key, b.key))
}

/** The pairs with each block taken apart, as if each entry had a value of its own. */
function* apart(pairs: Iterable<Pair>): Generator<Pair> {
  for (const pair of pairs) {
    if (pair.key[0] !== KIND_ENTRY || !isBlock(pair.value)) {
      yield pair
      continue
    }
    const actor = actorBytesOfEntryKey(pair.key)
    const entries: Pair[] = []
    eachEntry(pair.value, versionOfKey(pair.key), (version, value) => {
      entries.push({ key: entryKeyOf(actor, version), value })
      return true
    })
    yield* entries
  }
}

class LmdbView implements StoreView {
  readonly #epoch: number
  readonly #tables: Tables
  readonly #overlay: readonly Change[]
  readonly #keys = new KeyViews()
  /** Whether the store's format has lists of logs. */
  readonly #hasLists: boolean

  constructor(tables: Tables, overlay: readonly Change[]) {
    this.#tables = tables
    this.#overlay = overlay
    this.#hasLists = tables.format() >= FORMAT_WITH_LISTS
    this.#epoch = this.#value(this.#keys.meta('epoch'))?.readDoubleLE(0) ?? 0
  }

  epochOf(_partition: number): number {
    return this.#epoch
  }

  record(actor: Actor, name: string): Uint8Array | undefined {
    return this.#value(this.#keys.record(actor, name))?.subarray(8)
  }

  *records(): Generator<ViewedRecord> {
    for (const { key, value } of this.#between(Buffer.of(KIND_RECORD), Buffer.of(KIND_RECORD + 1))) {
      yield { ...namesOfKey(key), stamp: value.readDoubleLE(0), bytes: value.subarray(8) }
    }
  }

  *logs(): Generator<ViewedLog> {
    for (let actor = this.#nextLog(undefined); actor !== undefined; actor = this.#nextLog(actor)) yield this.#log(actor)
  }

  #log(actor: Actor): ViewedLog {
    const [keys, newest] = [this.#versions(KIND_KEY, actor), this.#versions(KIND_CONVERSATION, actor)]
    const listed = !this.#hasLists || this.#value(this.#keys.partition(partitionOf(actor), actor)) !== undefined
    const stored = this.#value(this.#keys.log(actor))
    const meta = stored === undefined ? { head: 0, floor: 0, epoch: 1, gaps: [] } : decodeLog(stored)
    const head = Math.max(meta.head, this.#newest(actor))
    return { actor, ...meta, head, keys, newest, listed, entries: () => this.#entries(actor) }
  }

  /** The compaction keys or conversations of a log, each with its newest version. */
  #versions(kind: number, actor: Actor): ReadonlyMap<string, Version> {
    const versions = new Map<string, Version>()
    for (const { key, value } of this.#between(...boundsOf(kind, actor))) {
      versions.set(nameOfKey(key), value.readDoubleLE(0))
    }
    return versions
  }

  *#entries(actor: Actor): Generator<ViewedEntry> {
    for (const { key, value } of this.#between(...boundsOf(KIND_ENTRY, actor))) {
      yield { version: versionOfKey(key), ...entryHeader(value), bytes: value.subarray(entryBytesAt(value)) }
    }
  }

  /** The newest version that the tables or the journal mention, even one that has left the log since. */
  #newest(actor: Actor): Version {
    const [start, end] = boundsOf(KIND_ENTRY, actor)
    const change = this.#overlay[this.#indexOf(end) - 1]
    const isOfActor = change !== undefined && Buffer.compare(change.key, start) >= 0
    return Math.max(this.#tables.lastVersion(actor), isOfActor ? versionOfKey(change.key) : 0)
  }

  /** The first actor after `after` with a log. A log may have entries alone, or none any more. */
  #nextLog(after: Actor | undefined): Actor | undefined {
    const withEntry = this.#nextKey(KIND_ENTRY, after, 1)
    const withMeta = this.#nextKey(KIND_LOG, after, 0)
    if (withEntry === undefined) return withMeta?.toString('utf8', 1)
    const actor = actorOfEntryKey(withEntry)
    const other = withMeta?.toString('utf8', 1) ?? actor
    return textOrder(actor, other) <= 0 ? actor : other
  }

  /** The first key of a kind that is behind those of `after`, with a byte that ends them. */
  #nextKey(kind: number, after: Actor | undefined, end: number): Buffer | undefined {
    const from = after === undefined ? [] : [Buffer.from(after), Buffer.of(end)]
    const start = Buffer.concat([Buffer.of(kind), ...from])
    for (const { key } of this.#between(start, Buffer.of(kind + 1))) return key
    return undefined
  }

  #value(key: Buffer): Buffer | undefined {
    const change = this.#overlay[this.#indexOf(key)]
    return change?.key.equals(key) ? change.value : this.#tables.value(key)
  }

  /** The pairs from `start` up to before `end`, in order. */
  *#between(start: Buffer, end: Buffer): Generator<Pair> {
    let at = this.#indexOf(start)
    for (const pair of apart(this.#tables.range(start, end))) {
      let order = -1
      for (let change = this.#overlay[at]; change !== undefined; change = this.#overlay[at]) {
        order = Buffer.compare(change.key, pair.key)
        if (order > 0) break
        at++
        if (change.value !== undefined) yield { key: change.key, value: change.value }
        if (order === 0) break
      }
      if (order !== 0) yield pair
    }
    for (let change = this.#overlay[at]; change !== undefined; change = this.#overlay[++at]) {
      if (Buffer.compare(change.key, end) >= 0) return
      if (change.value !== undefined) yield { key: change.key, value: change.value }
    }
  }

  /** The index of the first change at or behind this key. */
  #indexOf(key: Buffer): number {
    let low = 0
    let high = this.#overlay.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (Buffer.compare(this.#overlay[middle]?.key ?? key, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
