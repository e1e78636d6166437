/** Lists and walks over memory and tables. They remember nothing of what they pass. */

import { EMPTY } from '../../../protocol/bytes.js'
import { present } from '../../lib/assert.js'
import type { PageCut } from '../page-cut.js'
import { conversationsAfter, type EntryAt, entriesAt } from '../picking.js'
import { textOrder } from '../text.js'
import type {
  Actor,
  ConversationSummary,
  LogEntry,
  LogRange,
  LogSummary,
  PagePlace,
  ScannedRecord,
  SettledPart,
  StoredEntry,
  Tally,
  Version,
} from '../types.js'
import type { Actors, LogState } from './actors.js'
import { bytesOfEntry, entryBytesAt, entryHeader, OpenBlock } from './entry-value.js'
import { boundsOf, KIND_CONVERSATION, nameOfKey } from './keys.js'
import type { Tables } from './tables.js'

/** Gives the entries of a log one by one. */
export function entriesIn(actors: Actors, actor: Actor): EntryAt {
  const log = actors.glance(actor)
  const open = new OpenBlock()
  return version => {
    const value = actors.entry(actor, log, version, open)
    if (value === undefined) return undefined
    const { stamp, conversation, previous } = entryHeader(value)
    return { version, bytes: bytesOfEntry(value), stamp, conversation, previous }
  }
}

/** The newest entries of compaction keys, as Store.keyed gives them. */
export function keyedEntries(
  actors: Actors,
  actor: Actor,
  keys: readonly string[],
  cut: PageCut,
): readonly (StoredEntry | undefined)[] {
  const log = actors.glance(actor)
  const versions = keys.map(key => actors.keyVersion(actor, log, key))
  return entriesAt(versions, cut, entriesIn(actors, actor))
}

/** A range of one log, as Store.read gives it. */
export interface EntryRange {
  readonly actor: Actor
  readonly after: Version
  readonly upTo: Version
}

export function logRange(actors: Actors, tables: Tables, { actor, after, upTo }: EntryRange, cut: PageCut): LogRange {
  const log = actors.glance(actor)
  const entries: LogEntry[] = []
  const take = (version: Version, bytes: Uint8Array): void => {
    if (cut.takes(bytes.length)) entries.push({ version, bytes })
  }
  const inTables = Math.min(upTo, log.tablesHead)
  if (after < inTables) {
    for (const { version, bytes } of tables.entries(actor, after, inTables)) {
      if (!log.hasLeft(version)) {
        const replaced = log.replaced === undefined ? undefined : actors.replacement(log, version)
        take(version, replaced === undefined ? bytes : bytesOfEntry(replaced))
      }
      if (cut.isFull) break
    }
  }
  for (let i = log.indexAfter(after); i < log.versions.length && !cut.isFull; i++) {
    const version = present(log.versions[i], 'the version')
    if (version > upTo) break
    take(version, actors.entryBytes(log, i))
  }
  return { entries, more: cut.isFull, head: log.head, durable: log.head, floor: log.floor, gaps: log.gaps }
}

/** The most entries that another thread is told to leave out. More are gone with the next checkpoint. */
const LEFT_MAX = 64

/** The part of a log that other threads can read, as Store.settled gives it. */
export function settledPart(log: LogState, after: Version, place: PagePlace): SettledPart | undefined {
  if (log.tablesHead <= after || log.replaced !== undefined) return undefined
  const left = log.leftAfter(after, LEFT_MAX)
  return left && { upTo: log.tablesHead, left, floor: log.floor, gaps: log.gaps, place }
}

/** A range of one actor's records, as Store.scan gives them. */
export interface RecordRange {
  readonly actor: Actor
  readonly prefix: string
  readonly after: string | null
  readonly limit: number
}

export function recordsAfter(actors: Actors, tables: Tables, range: RecordRange): ScannedRecord[] {
  const { actor, prefix, after, limit } = range
  const changed = new Map<string, ScannedRecord>()
  for (const [name, record] of actors.known(actor)?.records ?? []) {
    if (!actors.unsettled(record) || !name.startsWith(prefix)) continue
    if (after !== null && textOrder(name, after) <= 0) continue
    const bytes = record.stamp === 0 ? EMPTY : actors.bytes(actor, name, record)
    changed.set(name, { name, stamp: record.stamp, bytes })
  }
  const found: ScannedRecord[] = []
  for (const record of tables.records(actor, prefix, after)) {
    if (found.length === limit) break
    if (!changed.has(record.name)) found.push(record)
  }
  for (const record of changed.values()) if (record.stamp !== 0) found.push(record)
  found.sort((a, b) => textOrder(a.name, b.name))
  return found.slice(0, limit)
}

/** A range of one log's conversations, as Store.conversations gives them. */
export interface ConversationsRange {
  readonly actor: Actor
  readonly after: string | null
  readonly limit: number
}

export function conversationsIn(
  actors: Actors,
  tables: Tables,
  { actor, after, limit }: ConversationsRange,
): readonly ConversationSummary[] {
  const changed = actors.glance(actor).newest
  const found = new Map<string, Version>()
  const [first, end] = boundsOf(KIND_CONVERSATION, actor)
  // This is behind the key of `after`: a name contains no zero.
  const start = after === null ? first : Buffer.concat([first, Buffer.from(after), Buffer.of(0)])
  for (const { key, value } of tables.range(start, end)) {
    if (found.size === limit) break
    const conversation = nameOfKey(key)
    if (changed?.has(conversation) !== true) found.set(conversation, value.readDoubleLE(0))
  }
  for (const [conversation, { version }] of changed ?? []) if (version !== 0) found.set(conversation, version)
  return conversationsAfter(found, after, limit)
}

/** A range of one partition's logs, as Store.logs gives them. */
export interface LogsRange {
  readonly partition: number
  readonly after: Actor | null
  readonly limit: number
}

export function logsAfter(actors: Actors, tables: Tables, { partition, after, limit }: LogsRange): LogSummary[] {
  const begun = new Set(actors.begun(partition).filter(actor => after === null || textOrder(actor, after) > 0))
  const found = [...begun]
  let listed = 0
  for (const actor of tables.listed(partition, after)) {
    if (listed++ === limit) break
    if (!begun.has(actor)) found.push(actor)
  }
  const page = found.sort(textOrder).slice(0, limit)
  return page.map(actor => {
    const { head, floor, gaps } = actors.glance(actor)
    return { actor, head, floor, gaps }
  })
}

/** Entries of one log, as Store.tally counts them. */
export interface TallyRange {
  readonly actor: Actor
  readonly from: Version
  readonly entriesMax: number
  readonly bytesMax: number
}

export function tally(actors: Actors, tables: Tables, { actor, from, entriesMax, bytesMax }: TallyRange): Tally {
  const log = actors.glance(actor)
  let trimmable = 0
  let bytes = 0
  let looked = 0
  let to = 0
  /** Counts one entry. @returns false when enough was seen */
  const take = (version: Version, counts: boolean, length: number): boolean => {
    looked++
    to = version
    if (counts) {
      trimmable++
      bytes += length
    }
    return looked < entriesMax && bytes < bytesMax
  }
  for (let i = log.indexAfter(from) - 1; i >= 0; i--) {
    const version = present(log.versions[i], 'the version')
    if (!take(version, actors.trimmable(log, i), actors.entryLength(log, i))) return { trimmable, bytes, to }
  }
  for (const { version, trimmable: counts, length } of tables.entriesDown(actor, Math.min(from, log.tablesHead))) {
    if (log.hasLeft(version)) continue
    const replaced = actors.replacement(log, version)
    const itsLength = replaced === undefined ? length : replaced.length - entryBytesAt(replaced)
    if (!take(version, counts, itsLength)) return { trimmable, bytes, to }
  }
  return { trimmable, bytes, to }
}
