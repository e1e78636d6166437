/**
 * The values of the tables' entries, and of what else belongs to a log.
 *
 *   entry    flags (1), what they say that there is, bytes
 *              1: it has a compaction key
 *              2: it was replaced: stamp (float64)
 *              4: of a conversation: version of the entry before (float64), length (16 bits), name
 *              both 1 and 4: a trim removes it, with its key: 0 (float64), length (16 bits), compaction key
 *   block    08 · number of entries (16 bits) · for each of them: length (varint) · entry
 *
 * A block holds entries of consecutive versions, none with a compaction key, under the version of the last. So a checkpoint writes one
 * value for each log that grew, and a page of a timeline is read from a few. One entry is read, replaced or trimmed all the same: its
 * block is written anew, without touching another value. An entry with a compaction key leaves its log while older ones stay, so it has a
 * value of its own.
 *
 * With a value for each entry the checkpoint thread took 4.7 µs for a message in place of 3.0 (500 pairs, ten in flight).
 */

import { assert } from '../../lib/assert.js'
import { NAME_LENGTH_MAX } from '../text.js'
import type { Gap, StoredEntry, Version } from '../types.js'
import { putText } from './keys.js'

const FLAG_KEYED = 1
const FLAG_REPLACED = 2
/** Stands for a name: of the conversation, or with FLAG_KEYED the compaction key itself. */
const FLAG_NAMED = 4
const FLAG_BLOCK = 8

/** The data of a log beside its entries. */
export interface LogMeta {
  readonly head: Version
  readonly floor: Version
  readonly epoch: number
  readonly gaps: readonly Gap[]
}

/** The data in an entry's value beside its bytes. */
export interface EntryHeader extends Omit<StoredEntry, 'version' | 'bytes'> {
  readonly keyed: boolean
  /** The compaction key of an entry that a trim removes all the same; undefined: it has none, or another. */
  readonly passingKey: string | undefined
}

/** The header of an entry that was never replaced and is of no conversation. */
export const PLAIN: EntryHeader = plain(false)
export const PLAIN_KEYED: EntryHeader = plain(true)

function plain(keyed: boolean): EntryHeader {
  return { keyed, stamp: 0, conversation: undefined, previous: 0, passingKey: undefined }
}

/** The most bytes of a header. UTF-8 takes at most three bytes per UTF-16 unit. */
export const HEADER_BYTES_MAX = 19 + 3 * NAME_LENGTH_MAX

/** Writes the bytes that stand in front of an entry's own to the begin of a buffer of HEADER_BYTES_MAX. @returns how many there are */
export function putHeader(buffer: Buffer, { keyed, stamp, conversation, previous, passingKey }: EntryHeader): number {
  const name = conversation ?? passingKey
  buffer[0] = (keyed ? FLAG_KEYED : 0) | (stamp === 0 ? 0 : FLAG_REPLACED) | (name === undefined ? 0 : FLAG_NAMED)
  const at = stamp === 0 ? 1 : buffer.writeDoubleLE(stamp, 1)
  if (name === undefined) return at
  const nameAt = buffer.writeDoubleLE(previous, at) + 2
  const end = putText(buffer, name, nameAt)
  buffer.writeUInt16LE(end - nameAt, nameAt - 2)
  return end
}

/** The flags in an entry's value. */
export function flagsOf(value: Buffer): number {
  return value[0] ?? 0
}

/** Whether an entry with these flags has a compaction key. */
export function isKeyed(flags: number): boolean {
  return (flags & FLAG_KEYED) !== 0
}

/** Whether a trim removes an entry with these flags. */
export function areTrimmable(flags: number): boolean {
  return (flags & (FLAG_KEYED | FLAG_NAMED)) !== FLAG_KEYED
}

/** Whether an entry with these flags was replaced. */
export function isReplaced(flags: number): boolean {
  return (flags & FLAG_REPLACED) !== 0
}

/** Whether an entry with these flags is of a conversation, and was never replaced: when it was put, it was the newest of it. */
export function areOfConversation(flags: number): boolean {
  return flags === FLAG_NAMED
}

/** The offset of a conversation's name in the value of such an entry; two bytes before it stand its length. */
export const CONVERSATION_NAME_AT = 11

/** The offset of the bytes in an entry's value. */
export function entryBytesAt(value: Buffer): number {
  const flags = flagsOf(value)
  if (flags <= FLAG_KEYED) return 1
  const at = (flags & FLAG_REPLACED) === 0 ? 1 : 9
  return (flags & FLAG_NAMED) === 0 ? at : at + 10 + value.readUInt16LE(at + 8)
}

export function entryHeader(value: Buffer): EntryHeader {
  const flags = flagsOf(value)
  const keyed = isKeyed(flags)
  const stamp = isReplaced(flags) ? value.readDoubleLE(1) : 0
  if ((flags & FLAG_NAMED) === 0) return { keyed, stamp, conversation: undefined, previous: 0, passingKey: undefined }
  const at = stamp === 0 ? 1 : 9
  const name = value.toString('utf8', at + 10, at + 10 + value.readUInt16LE(at + 8))
  if (keyed) return { keyed, stamp, conversation: undefined, previous: 0, passingKey: name }
  return { keyed, stamp, conversation: name, previous: value.readDoubleLE(at), passingKey: undefined }
}

/** A copy of the bytes in an entry's value. */
export function bytesOfEntry(value: Buffer): Uint8Array {
  return new Uint8Array(value.subarray(entryBytesAt(value)))
}

export function encodeLog({ head, floor, epoch, gaps }: LogMeta): Buffer {
  const bytes = Buffer.allocUnsafe(24 + 16 * gaps.length)
  let at = 0
  for (const number of [head, floor, epoch]) at = bytes.writeDoubleLE(number, at)
  for (const { after, upTo } of gaps) at = bytes.writeDoubleLE(upTo, bytes.writeDoubleLE(after, at))
  return bytes
}

export function decodeLog(value: Buffer): LogMeta {
  const number = (index: number): number => value.readDoubleLE(index * 8)
  const gaps: Gap[] = []
  for (let i = 3; i * 8 < value.length; i += 2) gaps.push({ after: number(i), upTo: number(i + 1) })
  return { head: number(0), floor: number(1), epoch: number(2), gaps }
}

/**
 * The bytes up to which a block grows. With its seal and the head of a page it fills a page of lmdb: a value that is longer than half a
 * page has pages of its own. With blocks of 1 900 bytes a checkpoint wrote 3 600 pages in place of 2 600 and took 47 ms of CPU in place of
 * 40, and the file grew by a tenth more (67 recorded journal files of 14 000 messages each, 500 pairs, three rounds in turn).
 */
export const BLOCK_BYTES_MAX = 4_076

const BLOCK_HEAD_BYTES = 3
const BLOCK_ENTRIES_MAX = 0xffff

/** The bytes of an entry's length in a block: a varint up to 2^21. */
const LENGTH_BYTES_MAX = 3

export function isBlock(value: Buffer): boolean {
  return value[0] === FLAG_BLOCK
}

/** The version of the first entry of what stands under the version of its last. */
export function firstVersion(value: Buffer, last: Version): Version {
  return isBlock(value) ? last - value.readUInt16LE(1) + 1 : last
}

/**
 * Calls back with each entry of a value, be it one or a block, in order. The values are views.
 * @param take returns false when it has enough
 */
export function eachEntry(value: Buffer, last: Version, take: (version: Version, entry: Buffer) => boolean): void {
  if (!isBlock(value)) {
    take(last, value)
    return
  }
  let version = firstVersion(value, last)
  for (let at = BLOCK_HEAD_BYTES; at < value.length; version++) {
    let length = 0
    let factor = 1
    for (;;) {
      const byte = value[at++] ?? 0
      length += (byte & 0x7f) * factor
      if (byte < 0x80) break
      factor *= 128
    }
    if (!take(version, value.subarray(at, at + length))) return
    at += length
  }
}

/** The entries of the value that was read last. Neighbours in a log mostly lie in one block: it is checked and taken apart once for all of them. */
export class OpenBlock {
  #first: Version = 1
  #entries: readonly Buffer[] = []

  /** Whether the entry of this version is here, if it is anywhere. */
  covers(version: Version): boolean {
    return version >= this.#first && version < this.#first + this.#entries.length
  }

  /** The value of an entry; a view. */
  entry(version: Version): Buffer | undefined {
    return this.#entries[version - this.#first]
  }

  /** Opens a value in place of the one before. It is copied. */
  take(value: Buffer, last: Version): void {
    const entries: Buffer[] = []
    eachEntry(Buffer.from(value), last, (_, entry) => entries.push(entry) > 0)
    this.#first = firstVersion(value, last)
    this.#entries = entries
  }
}

/** The settings for making blocks. */
export interface Blocks {
  /** The bytes up to which a block grows; 0: each entry has a value of its own. */
  readonly blockBytesMax: number
  /** Gives memory for a block. */
  readonly take: (length: number) => Buffer
}

/** A value to be copied. */
export interface EntrySource {
  /** The first byte of the value. */
  readonly flags: number
  readonly valueLength: number
  /** The value itself; it may be a view. */
  value(): Buffer
  copyValue(target: Buffer, at: number): void
}

/** Entries that stand under one key. */
export class Piece {
  readonly keyed: boolean
  /** The version of the last entry. */
  last: Version
  count = 1
  #bytes: Buffer
  #length: number

  constructor(version: Version, entry: EntrySource) {
    this.#bytes = entry.value()
    this.#length = entry.valueLength
    this.keyed = isKeyed(entry.flags)
    this.last = version
  }

  get first(): Version {
    return this.last - this.count + 1
  }

  get valueLength(): number {
    return this.#length
  }

  /** The value to be stored: a view. */
  get value(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Takes the entry in, if it follows, has no compaction key, and there is space. */
  takes(version: Version, entry: EntrySource, blocks: Blocks): boolean {
    const { valueLength, flags } = entry
    if (this.keyed || isKeyed(flags) || version !== this.last + 1) return false
    const before = this.count === 1 ? BLOCK_HEAD_BYTES + LENGTH_BYTES_MAX + this.#length : this.#length
    if (before + LENGTH_BYTES_MAX + valueLength > blocks.blockBytesMax || this.count === BLOCK_ENTRIES_MAX) return false
    if (this.count === 1) this.#begin(blocks, valueLength)
    else if (this.#length + LENGTH_BYTES_MAX + valueLength > this.#bytes.length) this.#grow(blocks)
    const at = this.#putLength(valueLength)
    entry.copyValue(this.#bytes, at)
    this.#length = at + valueLength
    this.last = version
    this.count++
    this.#bytes.writeUInt16LE(this.count, 1)
    return true
  }

  /** Makes a block of the single entry. */
  #begin({ blockBytesMax, take }: Blocks, nextBytes: number): void {
    const single = this.value
    // Space for the two, and as much again: most logs gain little.
    const needed = BLOCK_HEAD_BYTES + 2 * LENGTH_BYTES_MAX + single.length + nextBytes
    this.#bytes = take(Math.min(blockBytesMax, 2 * needed))
    this.#bytes[0] = FLAG_BLOCK
    this.#length = BLOCK_HEAD_BYTES
    const at = this.#putLength(single.length)
    this.#bytes.set(single, at)
    this.#length = at + single.length
  }

  #grow({ blockBytesMax, take }: Blocks): void {
    const larger = take(blockBytesMax)
    larger.set(this.value)
    this.#bytes = larger
  }

  /** Writes the length of the next entry. @returns where the entry belongs */
  #putLength(length: number): number {
    const bytes = this.#bytes
    let at = this.#length
    let rest = length
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
    bytes[at++] = rest
    return at
  }
}

/** Adds an entry behind those that are there, as a part of the last piece if it fits. */
export function addEntry(pieces: Piece[], version: Version, entry: EntrySource, blocks: Blocks): void {
  const last = pieces[pieces.length - 1]
  assert(last === undefined || last.last < version, 'entries come in the order of their versions')
  if (last?.takes(version, entry, blocks) !== true) pieces.push(new Piece(version, entry))
}

/** An entry whose value is at hand. */
export function sourceOf(value: Buffer): EntrySource {
  return {
    flags: flagsOf(value),
    valueLength: value.length,
    value: () => value,
    copyValue: (target, at) => target.set(value, at),
  }
}
