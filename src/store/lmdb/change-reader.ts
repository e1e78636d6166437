/** Reads the changes of the journal (change-kinds.ts). */

import type { Version } from '../types.js'
import { NO_POSITION } from './change-encoder.js'
import { CONVERSATION, ENTRY, KEY, LIKE_ENTRY, LISTED, LOG, META, PATCH, RECORD, SAME_ACTOR } from './change-kinds.js'
import { CONVERSATION_NAME_AT } from './entry-value.js'
import { entryKeyOf, KIND_CONVERSATION, KIND_KEY, KIND_LOG, KIND_META, KIND_PARTITION, KIND_RECORD } from './keys.js'

/**
 * Reads changes one after the other: `next` moves to the next one, whose parts are then to be had. It makes no view of what nobody asks
 * for: the checkpoint reads a million changes, and a view costs more than the bytes that it shows.
 */
export class ChangeReader {
  kind = 0
  version: Version = 0
  /** Whether the value is removed. */
  isRemoval = false
  /** The position of the record's change before that a patch leads to; NO_POSITION: there is none in this file. */
  before = NO_POSITION
  /** The length of the value that is put, or that a patch makes. */
  valueLength = 0
  readonly #bytes: Buffer
  #start = 0
  #position: number
  #actorAt = 0
  #actorEnd = 0
  /** The actor as a text of single bytes; undefined: not asked for yet. */
  #actorId: string | undefined
  #nameAt = 0
  #nameEnd = 0
  /** The place where the value begins; in a patch, its ranges; in an entry that is like another, its own bytes. */
  #valueAt = 0
  /** The length of the head of an entry that is like another, and where the shared bytes begin and end. */
  #headBytes = 0
  #sharedAt = 0
  #sharedEnd = 0

  /** @param position where a change begins. Its actor is unknown if it is that of the change before */
  constructor(bytes: Buffer, position = 0) {
    this.#bytes = bytes
    this.#position = position
  }

  /** @returns false at the end */
  next(): boolean {
    if (this.#position >= this.#bytes.length) return false
    this.#start = this.#position
    const head = this.#byte()
    this.kind = head & ~SAME_ACTOR
    if ((head & SAME_ACTOR) === 0) {
      this.#actorEnd = this.#textEnd()
      this.#actorAt = this.#position
      this.#position = this.#actorEnd
      this.#actorId = undefined
    }
    this.isRemoval = false
    this.#readRest()
    return true
  }

  #readRest(): void {
    switch (this.kind) {
      case PATCH:
        this.#readName()
        this.#readPatch()
        break
      case ENTRY:
        this.version = this.#varint()
        this.#readValue()
        break
      case LIKE_ENTRY:
        this.version = this.#varint()
        this.#readLike()
        break
      case LISTED:
        this.#nameAt = this.#position++
        this.#nameEnd = this.#position
        this.#readValue()
        break
      case LOG:
        this.#readValue()
        break
      default:
        this.#readName()
        this.#readValue()
    }
  }

  /** The first byte of an entry's value. */
  get flags(): number {
    return this.#bytes[this.#valueAt] ?? 0
  }

  /** The actor in UTF-8: a view. */
  get actor(): Buffer {
    return this.#bytes.subarray(this.#actorAt, this.#actorEnd)
  }

  /** A text that tells this actor from others. */
  get actorId(): string {
    this.#actorId ??= this.#bytes.toString('latin1', this.#actorAt, this.#actorEnd)
    return this.#actorId
  }

  /** A text that tells the key of this change from others; not for entries and conversations. */
  get keyId(): string {
    // A patch is about the same key as a record.
    const kind = this.kind === PATCH ? RECORD : this.kind
    const name = this.kind === LOG ? '' : this.#bytes.toString('latin1', this.#nameAt, this.#nameEnd)
    return `${kind}${this.actorId}\0${name}`
  }

  /** A text that tells a conversation from others of the actor: that of the change, or that of which an entry is. */
  conversationId(): string {
    if (this.kind !== CONVERSATION) {
      this.#nameAt = this.#valueAt + CONVERSATION_NAME_AT
      this.#nameEnd = this.#nameAt + this.#bytes.readUInt16LE(this.#nameAt - 2)
    }
    return this.#bytes.toString('latin1', this.#nameAt, this.#nameEnd)
  }

  /** The key of the newest version of the conversation that `conversationId` told. */
  conversationKey(): Buffer {
    return joined(KIND_CONVERSATION, this.actor, ZERO, this.#bytes.subarray(this.#nameAt, this.#nameEnd))
  }

  /** The key of the tables that the change is about; of an entry, as if it stood alone. Not for conversations. */
  key(): Buffer {
    const { actor } = this
    const name = this.#bytes.subarray(this.#nameAt, this.#nameEnd)
    switch (this.kind) {
      case RECORD:
      case PATCH: {
        const key = joined(KIND_RECORD, actor, SLASH, name, RECORD_END)
        key.writeUInt16BE(actor.length, key.length - 2)
        return key
      }
      case KEY:
        return joined(KIND_KEY, actor, ZERO, name)
      case LOG:
        return joined(KIND_LOG, actor)
      case LISTED:
        return joined(KIND_PARTITION, name, actor)
      case META:
        return joined(KIND_META, name)
      default:
        return entryKeyOf(actor, this.version)
    }
  }

  /** The value that is put, not of a patch. A view, but for an entry that is like another. */
  value(): Buffer {
    if (this.kind !== LIKE_ENTRY) return this.#bytes.subarray(this.#valueAt, this.#position)
    const value = Buffer.allocUnsafe(this.valueLength)
    this.copyValue(value, 0)
    return value
  }

  /** Writes the value that is put into `target`. */
  copyValue(target: Buffer, at: number): void {
    const bytes = this.#bytes
    if (this.kind !== LIKE_ENTRY) {
      copyBytes(bytes, this.#valueAt, this.#position, target, at)
      return
    }
    const headEnd = this.#valueAt + this.#headBytes
    copyBytes(bytes, this.#valueAt, headEnd, target, at)
    copyBytes(bytes, this.#sharedAt, this.#sharedEnd, target, at + this.#headBytes)
    copyBytes(bytes, headEnd, this.#position, target, at + this.#headBytes + this.#sharedEnd - this.#sharedAt)
  }

  /** The value that the patch makes of the one before; a new one. */
  patched(before: Buffer | undefined): Buffer {
    const value = Buffer.alloc(this.valueLength)
    before?.copy(value)
    this.patch(value)
    return value
  }

  /** Makes of the value before the value that the patch makes. Its length must be `valueLength`. */
  patch(value: Buffer): void {
    const end = this.#position
    copyBytes(this.#bytes, this.#valueAt - 8, this.#valueAt, value, 0)
    // Behind the stamp stand the length, which is known, and the ranges.
    this.#position = this.#valueAt
    this.#varint()
    for (let ranges = this.#varint(); ranges > 0; ranges--) {
      const offset = this.#varint()
      const length = this.#varint()
      copyBytes(this.#bytes, this.#position, this.#position + length, value, 8 + offset)
      this.#position += length
    }
    this.#position = end
  }

  #readName(): void {
    this.#nameEnd = this.#textEnd()
    this.#nameAt = this.#position
    this.#position = this.#nameEnd
  }

  #readPatch(): void {
    const back = this.#varint()
    this.before = back === 0 ? NO_POSITION : this.#start - back
    this.#position += 8
    this.#valueAt = this.#position
    this.valueLength = 8 + this.#varint()
    for (let ranges = this.#varint(); ranges > 0; ranges--) {
      this.#varint()
      this.#position = this.#textEnd()
    }
  }

  #readValue(): void {
    const length = this.#varint()
    this.isRemoval = length === 0
    this.valueLength = this.isRemoval ? 0 : length - 1
    this.#valueAt = this.#position
    this.#position += this.valueLength
  }

  #readLike(): void {
    this.valueLength = this.#varint()
    this.#headBytes = this.#varint()
    this.#sharedAt = this.#start - this.#varint() + this.#varint()
    const shared = this.#varint()
    this.#sharedEnd = this.#sharedAt + shared
    this.#valueAt = this.#position
    this.#position += this.valueLength - shared
  }

  /** Reads a length. @returns where what follows it ends */
  #textEnd(): number {
    const length = this.#varint()
    return this.#position + length
  }

  #byte(): number {
    return this.#bytes[this.#position++] ?? 0
  }

  #varint(): number {
    let byte = this.#byte()
    let number = byte & 0x7f
    for (let factor = 0x80; byte >= 0x80; factor *= 0x80) {
      byte = this.#byte()
      number += (byte & 0x7f) * factor
    }
    return number
  }
}

/** The change that begins there. Its actor is not known. */
export function changeAt(bytes: Buffer, position: number): ChangeReader {
  const reader = new ChangeReader(bytes, position)
  reader.next()
  return reader
}

/** Copies bytes. Few are copied one by one, which costs less than a view of them. */
function copyBytes(source: Buffer, from: number, to: number, target: Buffer, at: number): void {
  if (to - from > COPIED_SINGLY_MAX) target.set(source.subarray(from, to), at)
  else for (let i = from, j = at; i < to; i++, j++) target[j] = source[i] ?? 0
}

const COPIED_SINGLY_MAX = 256

const SLASH = Buffer.of(0x2f)
const ZERO = Buffer.of(0)
/** A zero, and space for the actor's length. */
const RECORD_END = Buffer.alloc(3)

function joined(kind: number, ...parts: readonly Buffer[]): Buffer {
  const key = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + part.length, 1))
  key[0] = kind
  let at = 1
  for (const part of parts) {
    key.set(part, at)
    at += part.length
  }
  return key
}
