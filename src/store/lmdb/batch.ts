/**
 * The changes of many writes, gathered: each key is then written once, with its last value, and the new entries of a log lie together
 * in blocks.
 *
 *   writes ─► records, indexes: the last value of each key          ─► pairs
 *          └► entries: by log ─► pieces (new) │ edits (in the tables) ─► blocks
 *                           └──► the newest version of each conversation ─► pairs
 */

import type { Version } from '../types.js'
import { CONVERSATION, ENTRY, LIKE_ENTRY, PATCH } from './change-kinds.js'
import { ChangeReader } from './change-reader.js'
import {
  addEntry,
  areOfConversation,
  type Blocks,
  type EntrySource,
  eachEntry,
  isReplaced,
  type Piece,
  sourceOf,
} from './entry-value.js'
import { actorBytesOfEntryKey, KIND_ENTRY, versionOfKey } from './keys.js'
import { eachOldChange } from './old-changes.js'
import type { RecoveredWrites } from './recovery.js'
import type { Pending } from './space.js'

/** The new value of a key; undefined: it is removed. */
export interface Change {
  readonly key: Buffer
  readonly value: Buffer | undefined
}

interface GatheredChange extends Change {
  value: Buffer | undefined
  /** Whether the value is the batch's own, and may be written to. */
  own: boolean
}

/** The new entries of a log, and what becomes of others. */
export interface LogBatch {
  /** The actor in UTF-8. */
  readonly actor: Buffer
  /** New entries, in order. */
  readonly pieces: Piece[]
  /** Entries in the tables, with their new values; undefined: they leave the log. */
  readonly edits: Map<Version, Buffer | undefined>
  /** The newest versions of its conversations, by name. */
  readonly newest: Map<string, GatheredChange>
}

export interface BatchOptions extends Blocks {
  /** The present value of a key in the tables. */
  readonly before: (key: Buffer) => Buffer | undefined
}

export class Batch {
  readonly #options: BatchOptions
  readonly #values = new Map<string, GatheredChange>()
  readonly #logs = new Map<string, LogBatch>()

  constructor(options: BatchOptions) {
    this.#options = options
  }

  /** The changes of whatever is no entry. */
  *values(): Generator<Change> {
    yield* this.#values.values()
    for (const { newest } of this.#logs.values()) yield* newest.values()
  }

  get logs(): Iterable<LogBatch> {
    return this.#logs.values()
  }

  /** The changes, and the bytes of their new values with their keys. */
  get size(): Pending {
    let changes = 0
    let bytes = 0
    for (const { key, value } of this.values()) {
      changes++
      bytes += key.length + (value?.length ?? 0)
    }
    for (const { actor, pieces, edits } of this.#logs.values()) {
      changes += pieces.length + 2 * edits.size
      for (const { valueLength } of pieces) bytes += actor.length + valueLength
      for (const value of edits.values()) bytes += actor.length + (value?.length ?? 0)
    }
    return { changes, bytes }
  }

  /** Adds the changes of one write. The batch keeps views of it. */
  add(write: Buffer): void {
    const reader = new ChangeReader(write)
    while (reader.next()) {
      if (reader.kind === ENTRY || reader.kind === LIKE_ENTRY || reader.kind === CONVERSATION) {
        this.#inLog(this.#logs.get(reader.actorId) ?? this.#begin(reader.actorId, reader.actor), reader)
      } else {
        const change = this.#values.get(reader.keyId) ?? this.#beginValue(reader.keyId, reader.key())
        if (reader.kind === PATCH) this.#patch(change, reader)
        else put(change, reader.isRemoval ? undefined : reader.value())
      }
    }
  }

  /** Adds recovered writes, of whichever format their journal is. */
  addRecovered({ writes, isOld }: RecoveredWrites): void {
    for (const { changes } of writes) {
      if (isOld) this.addOld(changes)
      else this.add(changes)
    }
  }

  /** Adds the changes of a write of an old journal. */
  addOld(write: Buffer): void {
    eachOldChange(write, (key, value) => {
      if (key[0] !== KIND_ENTRY) {
        const id = key.toString('latin1')
        put(this.#values.get(id) ?? this.#beginValue(id, key), value)
        return
      }
      const actor = actorBytesOfEntryKey(key)
      const id = actor.toString('latin1')
      const log = this.#logs.get(id) ?? this.#begin(id, actor)
      if (value === undefined) this.#leave(log, versionOfKey(key))
      else this.#entry(log, versionOfKey(key), sourceOf(value))
    })
  }

  /** Adds a change of a log: of an entry, or of the newest one of a conversation. */
  #inLog(log: LogBatch, reader: ChangeReader): void {
    if (reader.kind === CONVERSATION) put(newestIn(log, reader), reader.isRemoval ? undefined : reader.value())
    else if (reader.isRemoval) this.#leave(log, reader.version)
    else {
      this.#entry(log, reader.version, reader)
      if (areOfConversation(reader.flags)) rise(newestIn(log, reader), reader.version)
    }
  }

  #begin(id: string, actor: Buffer): LogBatch {
    const log: LogBatch = { actor, pieces: [], edits: new Map(), newest: new Map() }
    this.#logs.set(id, log)
    return log
  }

  #beginValue(id: string, key: Buffer): GatheredChange {
    const change = { key, value: undefined, own: false }
    this.#values.set(id, change)
    return change
  }

  #patch(change: GatheredChange, reader: ChangeReader): void {
    if (change.own && change.value?.length === reader.valueLength) reader.patch(change.value)
    else {
      change.value = reader.patched(change.value ?? this.#options.before(change.key))
      change.own = true
    }
  }

  #entry({ pieces, edits }: LogBatch, version: Version, entry: EntrySource): void {
    if (!isReplaced(entry.flags)) addEntry(pieces, version, entry, this.#options)
    else if (!edit(pieces, version, entry.value(), this.#options)) edits.set(version, entry.value())
  }

  #leave({ pieces, edits }: LogBatch, version: Version): void {
    if (!edit(pieces, version, undefined, this.#options)) edits.set(version, undefined)
  }
}

function put(change: GatheredChange, value: Buffer | undefined): void {
  change.value = value
  change.own = false
}

/** The newest version of the conversation that the reader's change is about, or its entry is of. */
function newestIn({ newest }: LogBatch, reader: ChangeReader): GatheredChange {
  const id = reader.conversationId()
  const known = newest.get(id)
  if (known !== undefined) return known
  const change = { key: reader.conversationKey(), value: undefined, own: false }
  newest.set(id, change)
  return change
}

function rise(change: GatheredChange, version: Version): void {
  if (!change.own) change.value = Buffer.allocUnsafe(8)
  change.own = true
  change.value?.writeDoubleLE(version)
}

/** Changes an entry of these pieces, or takes it out. @returns false if none of them holds it */
function edit(pieces: Piece[], version: Version, value: Buffer | undefined, blocks: Blocks): boolean {
  const index = pieces.findLastIndex(piece => piece.first <= version)
  const piece = pieces[index]
  if (piece === undefined || piece.last < version) return false
  const edits = new Map([[version, value]])
  pieces.splice(index, 1, ...edited(piece.value, piece.last, edits, blocks))
  return true
}

/** The pieces that a value becomes by these edits of its entries. */
export function edited(
  value: Buffer,
  last: Version,
  edits: ReadonlyMap<Version, Buffer | undefined>,
  blocks: Blocks,
): Piece[] {
  const pieces: Piece[] = []
  eachEntry(value, last, (version, entry) => {
    const left = edits.has(version) ? edits.get(version) : entry
    if (left !== undefined) addEntry(pieces, version, sourceOf(left), blocks)
    return true
  })
  return pieces
}
