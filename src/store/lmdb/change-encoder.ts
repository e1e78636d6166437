/** Writes the changes of the journal (change-kinds.ts). */

import type { Actor, PatchShape, Put, Stamp, Version } from '../types.js'
import { CONVERSATION, ENTRY, KEY, LIKE_ENTRY, LISTED, LOG, META, PATCH, RECORD, SAME_ACTOR } from './change-kinds.js'
import {
  type EntryHeader,
  encodeLog,
  HEADER_BYTES_MAX,
  type LogMeta,
  PLAIN,
  PLAIN_KEYED,
  putHeader,
} from './entry-value.js'
import { putText } from './keys.js'

/** The bytes of a change beside its texts and its value: kind, lengths, a version, what an entry shares. */
const CHANGE_BYTES_MAX = 64

/** The bytes in the tables beside a key's texts and its value: kind, separators, a version, the seal. */
const PAIR_BYTES = 24

/** Shared bytes that are worth saying. */
const SHARED_BYTES_MIN = 24

/** The bytes at the begin of an item that hold its length, which differs even if the rest is the same (protobuf). */
const ITEM_HEAD_BYTES = 4

/** Distances from their own place at which the same bytes may begin in the other entry: the length of an item takes one byte or two. */
const SHIFTS = [0, 1, -1]

/** No position: what stands in place of one if there is no change. */
export const NO_POSITION = -1

/** Writes changes, one behind the other. Each method that puts something returns the position where its change begins. */
export class ChangeEncoder {
  /** The buffer; replaced by a larger one when it has to grow. */
  buffer: Buffer
  /** The number of bytes written to the buffer. */
  position = 0
  /** The changes since the buffer was begun anew, and the bytes that they may take in the tables, both as `Pending` counts them. */
  changes = 0
  tableBytes = 0
  /** The header of the entry that is put, and its length. */
  readonly #header = Buffer.allocUnsafeSlow(HEADER_BYTES_MAX)
  #headerBytes = 0
  /** The actor of the change before, in this write. */
  #actor: Actor | undefined
  /** The last entry of this write that was written in full: where its value and its bytes begin, and where they end. */
  #fullAt = 0
  #fullBytesAt = 0
  #fullEnd = 0
  /** The bytes that `#findShared` found: where the shared bytes begin, in the entry and in the full one, and how many there are. */
  #sharedAt = 0
  #sharedFrom = 0
  #sharedCount = 0

  constructor(capacity: number) {
    this.buffer = Buffer.allocUnsafeSlow(capacity)
  }

  /** Begins a write at this position. */
  begin(position: number): void {
    this.position = position
    this.#actor = undefined
    this.#fullEnd = 0
  }

  /** Begins the buffer anew. */
  restart(): void {
    this.changes = 0
    this.tableBytes = 0
  }

  putRecord(actor: Actor, name: string, stamp: Stamp, bytes: Uint8Array): number {
    const start = this.#named(RECORD, actor, name, 8 + bytes.length)
    this.#varint(9 + bytes.length)
    this.position = this.buffer.writeDoubleLE(stamp, this.position)
    this.#bytes(bytes)
    this.#count(start, actor, name, 0)
    return start
  }

  /** Puts what these bytes change of a record. `before`: the position of the record's change before in this buffer; NO_POSITION: none. */
  patchRecord({ actor, name, stamp }: Put, bytes: Uint8Array, { length, ranges }: PatchShape, before: number): number {
    const start = this.#named(PATCH, actor, name, bytes.length + 8 * ranges.length)
    this.#varint(before === NO_POSITION ? 0 : start - before)
    this.position = this.buffer.writeDoubleLE(stamp, this.position)
    this.#varint(length)
    this.#varint(ranges.length / 2)
    for (let i = 0, from = 0; i + 1 < ranges.length; i += 2) {
      const count = ranges[i + 1] ?? 0
      this.#varint(ranges[i] ?? 0)
      this.#varint(count)
      const { buffer, position } = this
      for (let at = 0; at < count; at++) buffer[position + at] = bytes[from + at] ?? 0
      this.position = position + count
      from += count
    }
    this.#count(start, actor, name, length)
    return start
  }

  removeRecord(actor: Actor, name: string): number {
    const start = this.#named(RECORD, actor, name, 0)
    this.#varint(0)
    this.#count(start, actor, name, 0)
    return start
  }

  putEntry(actor: Actor, version: Version, keyed: boolean, bytes: Uint8Array): number {
    return this.#putEntry(actor, version, keyed ? PLAIN_KEYED : PLAIN, bytes)
  }

  /**
   * Puts an entry that belongs to a conversation, or that was replaced. One that was not is the newest of its conversation from now on: this
   * needs no change of its own.
   */
  putEntryOf(actor: Actor, version: Version, header: EntryHeader, bytes: Uint8Array): number {
    const { stamp, conversation } = header
    if (stamp !== 0) this.#countBlock()
    else if (conversation !== undefined) this.#countPair(actor, conversation, 8)
    return this.#putEntry(actor, version, header, bytes)
  }

  removeEntry(actor: Actor, version: Version): void {
    this.#countBlock()
    const start = this.#begin(ENTRY, actor, 0)
    this.#varint(version)
    this.#varint(0)
    this.#count(start, actor, '', 0)
  }

  putKey(actor: Actor, key: string, version: Version): void {
    this.#putNumber(KEY, actor, key, version)
  }

  removeKey(actor: Actor, key: string): void {
    this.#put(KEY, actor, key, undefined)
  }

  putConversation(actor: Actor, conversation: string, version: Version): void {
    this.#putNumber(CONVERSATION, actor, conversation, version)
  }

  removeConversation(actor: Actor, conversation: string): void {
    this.#put(CONVERSATION, actor, conversation, undefined)
  }

  /** Notes that the partition has a log of this actor. */
  putListed(partition: number, actor: Actor): void {
    const start = this.#begin(LISTED, actor, 0)
    this.buffer[this.position++] = partition
    this.#varint(1)
    this.#count(start, actor, '', 0)
  }

  putLog(actor: Actor, log: LogMeta): void {
    const value = encodeLog(log)
    const start = this.#begin(LOG, actor, value.length)
    this.#value(value)
    this.#count(start, actor, '', 0)
  }

  putMeta(name: string, value: number): void {
    this.#putNumber(META, '', name, value)
  }

  /** Writes zeros from the position up to `end`; what comes next is written over them. */
  clear(end: number): void {
    this.#grow(end)
    this.buffer.fill(0, this.position, end)
  }

  #putEntry(actor: Actor, version: Version, header: EntryHeader, bytes: Uint8Array): number {
    this.#findShared(bytes)
    const shared = this.#sharedCount
    this.#headerBytes = putHeader(this.#header, header)
    const start = this.#begin(shared === 0 ? ENTRY : LIKE_ENTRY, actor, this.#headerBytes + bytes.length)
    this.#varint(version)
    if (shared === 0) this.#full(bytes)
    else this.#like(start, bytes)
    this.#count(start, actor, '', shared)
    return start
  }

  #full(bytes: Uint8Array): void {
    this.#varint(1 + this.#headerBytes + bytes.length)
    this.#fullAt = this.position
    this.#putHeader()
    this.#fullBytesAt = this.position
    this.#bytes(bytes)
    this.#fullEnd = this.position
  }

  #like(start: number, bytes: Uint8Array): void {
    const sharedAt = this.#sharedAt
    this.#varint(this.#headerBytes + bytes.length)
    this.#varint(this.#headerBytes + sharedAt)
    this.#varint(start - this.#fullAt)
    this.#varint(this.#sharedFrom)
    this.#varint(this.#sharedCount)
    this.#putHeader()
    const { buffer } = this
    for (let i = 0; i < sharedAt; i++) buffer[this.position++] = bytes[i] ?? 0
    for (let i = sharedAt + this.#sharedCount; i < bytes.length; i++) buffer[this.position++] = bytes[i] ?? 0
  }

  /** Byte by byte: a header is short. */
  #putHeader(): void {
    const { buffer } = this
    for (let i = 0; i < this.#headerBytes; i++) buffer[this.position++] = this.#header[i] ?? 0
  }

  /** Finds bytes that the last full entry of this write has, too: at the same place, or one beside it. */
  #findShared(bytes: Uint8Array): void {
    this.#sharedCount = 0
    if (this.#fullEnd === 0 || bytes.length < SHARED_BYTES_MIN) return
    const { buffer } = this
    const [from, end] = [this.#fullBytesAt, this.#fullEnd]
    for (const shift of SHIFTS) {
      const offset = from + shift
      const most = Math.min(bytes.length, end - offset)
      let to = ITEM_HEAD_BYTES
      while (to < most && bytes[to] === buffer[offset + to]) to++
      if (to - ITEM_HEAD_BYTES < SHARED_BYTES_MIN) continue
      let at = ITEM_HEAD_BYTES
      while (at > 0 && at + shift > 0 && bytes[at - 1] === buffer[offset + at - 1]) at--
      this.#sharedAt = at
      this.#sharedFrom = offset + at - this.#fullAt
      this.#sharedCount = to - at
      return
    }
  }

  #putNumber(kind: number, actor: Actor, name: string, number: number): void {
    const start = this.#named(kind, actor, name, 8)
    this.#varint(9)
    this.position = this.buffer.writeDoubleLE(number, this.position)
    this.#count(start, actor, name, 0)
  }

  #put(kind: number, actor: Actor, name: string, value: Uint8Array | undefined): void {
    const start = this.#named(kind, actor, name, value?.length ?? 0)
    this.#value(value)
    this.#count(start, actor, name, 0)
  }

  #value(value: Uint8Array | undefined): void {
    this.#varint(value === undefined ? 0 : value.length + 1)
    if (value !== undefined) this.#bytes(value)
  }

  /** Begins a change with a name. */
  #named(kind: number, actor: Actor, name: string, valueBytes: number): number {
    const start = this.#begin(kind, actor, 3 * name.length + valueBytes)
    this.#text(name)
    return start
  }

  /** Begins a change that takes at most `bytes` beside its actor. @returns its position */
  #begin(kind: number, actor: Actor, bytes: number): number {
    // UTF-8 takes at most three bytes per UTF-16 unit.
    this.#grow(this.position + CHANGE_BYTES_MAX + 3 * actor.length + bytes)
    const start = this.position
    this.changes++
    if (actor === this.#actor) this.buffer[this.position++] = kind | SAME_ACTOR
    else {
      this.buffer[this.position++] = kind
      this.#text(actor)
      this.#actor = actor
    }
    return start
  }

  /** Counts what a change may take in the tables: its own bytes, its key's, and what it only refers to. */
  #count(start: number, actor: Actor, name: string, referred: number): void {
    this.tableBytes += this.position - start + 3 * (actor.length + name.length) + PAIR_BYTES + referred
  }

  /** Counts a pair of the tables that follows from another change. */
  #countPair(actor: Actor, name: string, valueBytes: number): void {
    this.changes++
    this.tableBytes += valueBytes + 3 * (actor.length + name.length) + PAIR_BYTES
  }

  /** Counts the block of an entry that may be in the tables: it has a page beside the one that its key is in. */
  #countBlock(): void {
    this.changes++
  }

  #grow(needed: number): void {
    if (needed <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.buffer.length))
    this.buffer.copy(larger, 0, 0, this.position)
    this.buffer = larger
  }

  #text(text: string): void {
    const { buffer, position } = this
    // The length of a text up to 127 units takes one byte, unless a unit takes more than one.
    const end = text.length < 0x80 ? putText(buffer, text, position + 1) : 0
    if (end === position + 1 + text.length) {
      buffer[position] = text.length
      this.position = end
      return
    }
    this.#varint(Buffer.byteLength(text))
    this.position += buffer.write(text, this.position)
  }

  #varint(number: number): void {
    const { buffer } = this
    let { position } = this
    let rest = number
    while (rest >= 0x80) {
      buffer[position++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    buffer[position++] = rest
    this.position = position
  }

  #bytes(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.position)
    this.position += bytes.length
  }
}
