/**
 * The tables: everything that has passed the journal, in one lmdb database. This is the only file that knows lmdb.
 *
 * lmdb is opened in its classic mode (two syncs per transaction, data before meta page), without the options that answer before the sync.
 * Nobody waits for these writes, and after a power loss it is at its last whole transaction.
 *
 * Each value has a seal behind it (seal.ts), which every read checks: a value that is not what was written is an error and never content.
 */

import fs from 'node:fs'
import path from 'node:path'
import type { RangeOptions, RootDatabaseOptionsWithPath } from 'lmdb'
import { EMPTY } from '../../../protocol/bytes.js'
import { present } from '../../lib/assert.js'
import { partitionOf } from '../partition.js'
import type { Actor, LogEntry, ScannedRecord, Stamp, StoredRecord, Version } from '../types.js'
import type { Arena } from './arena.js'
import { Batch, edited, type LogBatch } from './batch.js'
import { damagedError } from './database-file.js'
import { assertPages } from './database-pages.js'
import {
  areTrimmable,
  BLOCK_BYTES_MAX,
  decodeLog,
  eachEntry,
  entryBytesAt,
  firstVersion,
  flagsOf,
  type LogMeta,
  OpenBlock,
  type Piece,
} from './entry-value.js'
import { StoreInUseError } from './errors.js'
import { databasePath, READERS } from './files.js'
import {
  actorOfEntryKey,
  actorOfPartitionKey,
  entryKeyOf,
  KeyViews,
  KIND_ENTRY,
  KIND_LOG,
  KIND_PARTITION,
  namesOfKey,
  placeOf,
  versionOfKey,
} from './keys.js'
import { open } from './lmdb.js'
import { APPLIED, type Database, Newest, openNote, type TreeStats } from './newest.js'
import { isSealed, SEAL_BYTES, Sealer } from './seal.js'
import { assertSpace, bytesMissing, type PageUse, READERS_BYTES } from './space.js'

const ENTRY = String.fromCharCode(KIND_ENTRY)

export interface TableEntry extends LogEntry {
  /** Whether a trim removes it. */
  readonly trimmable: boolean
  /** The value as it was put. */
  readonly value: Buffer
}

/** The data that a store is made with and keeps for ever. */
export interface StoreMark {
  readonly id: Uint8Array
  readonly secret: Uint8Array
}

interface Pair {
  readonly key: Buffer
  readonly value: Buffer
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages
}

/** The tables that are open in this thread. */
const openHere = new Set<Tables>()

/** The position of the first place's process id in lmdb's table of readers, `lock.mdb`, and the distance from one place to the next. */
const PLACE_AT = 216
const PLACE_BYTES = 64

/**
 * Checks that no other process has our process id here. Two containers may have the same ids: lmdb cannot give both a place, and its
 * binding tries for ten seconds with the event loop stopped, then fails without a reason. Throws StoreInUseError.
 */
function assertOwnNumber(folder: string): void {
  const file = path.join(folder, READERS)
  const places = fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0)
  for (let at = PLACE_AT; at + 4 <= places.length; at += PLACE_BYTES) {
    if (places.readUInt32LE(at) !== process.pid) continue
    const why = `a process of another container has the number ${process.pid} as well`
    throw new StoreInUseError(`${folder} cannot be read: ${why}; run the command in that container, or again`)
  }
}

/** The bytes that opening these tables takes on the disk. */
export function readersBytesMissing(folder: string): number {
  return bytesMissing(path.join(folder, READERS), READERS_BYTES)
}

/** The entries of a value, in order. */
function entriesOf(value: Buffer, last: Version): TableEntry[] {
  const entries: TableEntry[] = []
  eachEntry(value, last, (version, entry) => {
    const [trimmable, bytes] = [areTrimmable(flagsOf(entry)), entry.subarray(entryBytesAt(entry))]
    entries.push({ version, trimmable, bytes, value: entry })
    return true
  })
  return entries
}

export class Tables {
  /** The descriptor of lmdb's note of the newest transaction (newest.ts); undefined if these tables are only read. */
  readonly note: number | undefined
  readonly #db: Database
  readonly #file: string
  /** Whether the note's descriptor is closed with these tables. */
  readonly #ownsNote: boolean
  readonly #newest: Newest
  readonly #keys = new KeyViews()
  readonly #sealer = new Sealer()

  /**
   * Opens the tables. `mapBytes` is a start: lmdb grows its map by itself. A second thread of the process gets the note of the first one.
   * Throws DiskFullError, or lmdb's own errors.
   */
  constructor(folder: string, mapBytes: number, readOnly = false, sharedNote?: number) {
    this.#file = databasePath(folder)
    // Otherwise the places are ours.
    if (readOnly && openHere.size === 0) assertOwnNumber(folder)
    assertSpace(folder, readersBytesMissing(folder))
    const options: RootDatabaseOptionsWithPath & { readonly permissionsMode: number } = {
      path: folder,
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      overlappingSync: false,
      mapSize: mapBytes,
      maxReaders: 64,
      readOnly,
      permissionsMode: 0o600,
    }
    this.#db = open<Buffer, Buffer>(options) as unknown as Database
    openHere.add(this)
    this.#ownsNote = !readOnly && sharedNote === undefined
    this.note = this.#ownsNote ? openNote(folder) : sharedNote
    this.#newest = new Newest(this.#db, this.note)
  }

  /** The use of the file's pages, as of the last transaction that this thread sees. */
  pages(): PageUse {
    const { pageSize, lastPageNumber, root, free } = this.#db.getStats()
    const used = 2 + pagesOf(root) + pagesOf(free)
    return { pageBytes: pageSize, used, free: Math.max(0, lastPageNumber + 1 - used) }
  }

  /** Whether nothing was ever written. */
  get empty(): boolean {
    for (const _ of this.#state.getKeys({ limit: 1 })) return false
    return true
  }

  /** Walks all pages of the file before lmdb does, because lmdb ends the process on some damage. Throws StoreDamagedError. */
  assertPages(): void {
    // While we have a place among the readers, nothing of the present data is overwritten.
    const place = this.#db.useReadTransaction()
    try {
      assertPages(this.#file)
    } finally {
      place.done()
    }
  }

  /** Checks the seals of all values. Throws StoreDamagedError. */
  assertValues(): void {
    let damaged = 0
    let first: Buffer | undefined
    for (const { key, value } of this.#state.getRange({})) {
      if (isSealed(key, value)) continue
      damaged++
      first ??= Buffer.from(key)
    }
    if (first === undefined) return
    const values = damaged === 1 ? 'a value is' : `${damaged} values are`
    throw damagedError(this.#file, `${values} not what was written, ${placeOf(first)}`)
  }

  /** The format number, which says how everything else is to be read. */
  format(): number {
    const key = this.#keys.meta('format')
    const stored = this.#state.getBinary(key)
    // Up to format 1 values had no seal.
    return stored?.length === 8 ? stored.readDoubleLE(0) : this.#number(key)
  }

  /** The number of this name; 0 if it was never put. */
  meta(name: string): number {
    return this.#number(this.#keys.meta(name))
  }

  id(): Uint8Array {
    return this.#madeOnce('id')
  }

  secret(): Uint8Array {
    return this.#madeOnce('secret')
  }

  /** Writes the store's mark and format to new tables. */
  create({ id, secret }: StoreMark, format: number): void {
    this.#transact(() => {
      this.#putMeta('format', format)
      this.#putMeta('epoch', 1)
      this.#putMeta(APPLIED, 0)
      this.#put(this.#keys.meta('id'), id)
      this.#put(this.#keys.meta('secret'), secret)
    })
  }

  /** Puts these numbers in one transaction, durable on return. */
  putMetas(values: Readonly<Record<string, number>>): void {
    this.#transact(() => {
      for (const [name, value] of Object.entries(values)) this.#putMeta(name, value)
    })
  }

  /** Writes the present data to `data.mdb` in an empty folder, without the free pages; not synced. */
  copyTo(folder: string): Promise<void> {
    return this.#db.backup(folder, true)
  }

  /** The value of a key as the encoder wrote it. */
  value(key: Buffer): Buffer | undefined {
    const stored = this.#state.getBinary(key)
    return stored === undefined ? undefined : this.#opened(key, stored)
  }

  /** The keys from `start` up to before `end`, with their values as the encoder wrote them. */
  range(start: Buffer, end: Buffer): Iterable<Pair> {
    return this.#pairs({ start, end })
  }

  /**
   * The stamp of a record; 0 if it is absent. The seal is not checked, because it covers the whole value: a wrong stamp is a conflict,
   * and then the record is read.
   */
  stamp(actor: Actor, name: string): Stamp {
    return this.#state.getBinaryFast(this.#keys.record(actor, name))?.readDoubleLE(0) ?? 0
  }

  record(actor: Actor, name: string): StoredRecord | undefined {
    const key = this.#keys.record(actor, name)
    const stored = this.#state.getBinaryFast(key)
    if (stored === undefined) return undefined
    this.#check(key, stored)
    // One copy of what is asked for alone: it comes from Buffer's pool, and nothing else is made.
    return { stamp: stored.readDoubleLE(0), bytes: Buffer.from(stored.subarray(8, stored.length - SEAL_BYTES)) }
  }

  /** The version of the newest entry with this compaction key; 0 if there never was one. */
  keyVersion(actor: Actor, key: string): Version {
    return this.#number(this.#keys.key(actor, key))
  }

  /** The version of the newest entry of this conversation; 0 if it has none. */
  conversationVersion(actor: Actor, conversation: string): Version {
    return this.#number(this.#keys.conversation(actor, conversation))
  }

  /** The value of an entry, as it was put: a view. `open`: the block of the last one, for those who go on in this log before it changes. */
  entry(actor: Actor, version: Version, open = new OpenBlock()): Buffer | undefined {
    if (!open.covers(version)) {
      for (const { key, value } of this.#from(actor, version)) open.take(value, versionOfKey(key))
    }
    return open.entry(version)
  }

  /** The value that holds the first entry at or above this version. */
  #from(actor: Actor, version: Version): Iterable<Pair> {
    return this.#pairs({ start: this.#entryKey(actor, version), end: this.#entryKey(actor, 2 ** 53), limit: 1 })
  }

  log(actor: Actor): LogMeta | undefined {
    const value = this.value(this.#keys.log(actor))
    return value === undefined ? undefined : decodeLog(value)
  }

  /** The version of the newest entry; 0 if there is none. */
  lastVersion(actor: Actor): Version {
    const range = { start: this.#entryKey(actor, 2 ** 53), end: this.#entryKey(actor, 0), reverse: true, limit: 1 }
    for (const key of this.#state.getKeys(range)) return versionOfKey(key)
    return 0
  }

  /** The entries of (after, upTo], in order. */
  *entries(actor: Actor, after: Version, upTo: Version): Generator<TableEntry> {
    // A value stands under the version of its last entry: the last value may reach beyond `upTo`.
    const range = { start: this.#entryKey(actor, after + 1), end: this.#entryKey(actor, 2 ** 53) }
    for (const { key, value } of this.#pairs(range)) {
      const last = versionOfKey(key)
      if (firstVersion(value, last) > upTo) return
      for (const each of entriesOf(value, last)) {
        if (each.version > after && each.version <= upTo) yield each
      }
      if (last >= upTo) return
    }
  }

  /** The entries from the newest at or below `from` down: their versions and lengths, and whether a trim removes them. */
  *entriesDown(
    actor: Actor,
    from: Version,
  ): Generator<Omit<TableEntry, 'bytes' | 'value'> & { readonly length: number }> {
    if (from < 1) return
    const down = function* ({ key, value }: Pair) {
      const entries = entriesOf(value, versionOfKey(key)).filter(({ version }) => version <= from)
      for (const { version, trimmable, bytes } of entries.reverse()) yield { version, trimmable, length: bytes.length }
    }
    for (const pair of this.#from(actor, from)) yield* down(pair)
    const range = { start: this.#entryKey(actor, from - 1), end: this.#entryKey(actor, 0), reverse: true }
    for (const pair of this.#pairs(range)) yield* down(pair)
  }

  /** The actors of a partition with a log that come after `after`, in the byte order of their names. */
  *listed(partition: number, after: Actor | null): Generator<Actor> {
    const first = Buffer.of(KIND_PARTITION, partition)
    // This is behind the key of `after`: an actor contains no zero.
    const start = after === null ? first : Buffer.concat([first, Buffer.from(after), Buffer.of(0)])
    const end = partition < 0xff ? Buffer.of(KIND_PARTITION, partition + 1) : Buffer.of(KIND_PARTITION + 1)
    for (const { key } of this.#pairs({ start, end })) yield actorOfPartitionKey(key)
  }

  /** The actors with a log, found without the list of their partition: one seek for each. */
  unlisted(): Actor[] {
    const found = new Set<Actor>()
    for (const key of this.#state.getKeys({ start: Buffer.of(KIND_LOG), end: Buffer.of(KIND_LOG + 1) })) {
      found.add(key.toString('utf8', 1))
    }
    for (let actor = this.#nextWithEntry(null); actor !== undefined; actor = this.#nextWithEntry(actor))
      found.add(actor)
    return [...found]
  }

  /** The first actor after `after` with an entry. */
  #nextWithEntry(after: Actor | null): Actor | undefined {
    // This is behind all entries of `after`, whose actor is ended by a zero.
    const start = Buffer.from(after === null ? ENTRY : `${ENTRY}${after}\u0001`)
    for (const key of this.#state.getKeys({ start, end: Buffer.of(KIND_ENTRY + 1), limit: 1 }))
      return actorOfEntryKey(key)
    return undefined
  }

  /** Lists these actors under their partitions and sets these numbers, in one transaction. Durable on return. */
  list(actors: readonly Actor[], metas: Readonly<Record<string, number>>): void {
    this.#transact(() => {
      for (const actor of actors) this.#put(this.#keys.partition(partitionOf(actor), actor), EMPTY)
      for (const [name, value] of Object.entries(metas)) this.#putMeta(name, value)
    })
  }

  /** An actor's records, as `Store.scan` selects and orders them. */
  *records(actor: Actor, prefix: string, after: string | null): Generator<ScannedRecord> {
    const head = `r${actor}/`
    const from = Buffer.from(`${head}${prefix}`)
    // This is behind every key of this name, which ends with a zero and a length below ff ff.
    const behind = after === null ? from : Buffer.concat([Buffer.from(`${head}${after}`), Buffer.of(0, 0xff, 0xff)])
    const start = Buffer.compare(from, behind) > 0 ? from : behind
    const end = Buffer.concat([from, Buffer.of(0xff)]) // no UTF-8 has ff
    for (const { key, value } of this.#pairs({ start, end })) {
      const names = namesOfKey(key)
      // 'a' + 'b/c' is found among the keys of 'a/b'.
      if (names.actor !== actor) continue
      yield { name: names.name, stamp: value.readDoubleLE(0), bytes: value.subarray(8) }
    }
  }

  /** Begins to gather changes. `isApart`: each entry has a value of its own, as in tables of older formats. */
  batch({ isApart = false, arena }: { readonly isApart?: boolean; readonly arena?: Arena } = {}): Batch {
    const take = (length: number): Buffer => arena?.take(length) ?? Buffer.allocUnsafe(length)
    return new Batch({ before: key => this.value(key), blockBytesMax: isApart ? 0 : BLOCK_BYTES_MAX, take })
  }

  /**
   * Applies these changes, in one transaction that also says that the tables hold all up to the write `sequence`. Durable on return.
   */
  apply(batch: Batch, sequence: number): void {
    this.#transact(() => {
      for (const { key, value } of batch.values()) this.#change(key, value)
      for (const log of batch.logs) {
        if (log.edits.size > 0) this.#edit(log)
        this.#putPieces(log.actor, log.pieces)
      }
      this.#putMeta(APPLIED, sequence)
    })
    this.#newest.holds(sequence)
  }

  /** Changes entries that are there, and removes some: only the values that hold them are written. */
  #edit({ actor, edits }: LogBatch): void {
    const end = entryKeyOf(actor, 2 ** 53)
    const versions = [...edits.keys()].sort((a, b) => a - b)
    let done = 0
    for (const version of versions) {
      if (version <= done) continue
      for (const { key, value } of [...this.#pairs({ start: entryKeyOf(actor, version), end, limit: 1 })]) {
        const last = versionOfKey(key)
        if (firstVersion(value, last) > version) continue
        done = last
        const pieces = edited(value, last, edits, { blockBytesMax: BLOCK_BYTES_MAX, take: Buffer.allocUnsafe })
        if (pieces.at(-1)?.last !== last) this.#db.removeSync(key)
        this.#putPieces(actor, pieces)
      }
    }
  }

  #putPieces(actor: Buffer, pieces: readonly Piece[]): void {
    for (const { last, value } of pieces) this.#put(entryKeyOf(actor, last), value)
  }

  /**
   * Lets the next read see what another thread has committed: everything up to the write `applied`. Clears the places of dead readers:
   * what they saw could not be overwritten, and the file would grow.
   */
  refresh(applied = 0): void {
    if (applied > 0) this.#newest.holds(applied)
    this.#db.readerCheck()
    this.#db.resetReadTxn()
  }

  async close(): Promise<void> {
    openHere.delete(this)
    await this.#db.close()
    if (this.#ownsNote && this.note !== undefined) fs.closeSync(this.note)
  }

  /** lmdb's database, for reads of the newest state. */
  get #state(): Database {
    this.#newest.ascertain()
    return this.#db
  }

  /** Makes the changes in one transaction, durable on return. */
  #transact(change: () => void): void {
    this.#newest.transact(change)
  }

  #madeOnce(name: string): Uint8Array {
    return new Uint8Array(present(this.value(this.#keys.meta(name)), `the ${name} of the store`))
  }

  #putMeta(name: string, value: number): void {
    const bytes = Buffer.allocUnsafeSlow(8)
    bytes.writeDoubleLE(value)
    this.#put(this.#keys.meta(name), bytes)
  }

  /** The number that a value begins with. */
  #number(key: Buffer): number {
    const stored = this.#state.getBinaryFast(key)
    if (stored === undefined) return 0
    this.#check(key, stored)
    return stored.readDoubleLE(0)
  }

  *#pairs(range: RangeOptions): Generator<Pair> {
    for (const { key, value } of this.#state.getRange(range)) yield { key, value: this.#opened(key, value) }
  }

  /** The value without its seal. Throws StoreDamagedError. */
  #opened(key: Buffer, stored: Buffer): Buffer {
    this.#check(key, stored)
    return stored.subarray(0, stored.length - SEAL_BYTES)
  }

  #check(key: Buffer, stored: Buffer): void {
    if (isSealed(key, stored)) return
    throw damagedError(this.#file, `a value is not what was written, ${placeOf(key)}`)
  }

  #put(key: Buffer, value: Uint8Array): void {
    this.#db.putSync(key, this.#sealer.sealed(key, value))
  }

  /** The key of an entry, as a copy: a range keeps its ends while it is read. */
  #entryKey(actor: Actor, version: Version): Buffer {
    return Buffer.from(this.#keys.entry(actor, version))
  }

  #change(key: Buffer, value: Buffer | undefined): void {
    if (value === undefined) this.#db.removeSync(key)
    else this.#put(key, value)
  }
}
