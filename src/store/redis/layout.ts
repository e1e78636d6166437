/**
 * The values of the store on Redis, byte by byte. Numbers are float64, little-endian, because Lua has no other and stamps and versions
 * are below 2^53.
 *
 *   record    stamp · bytes
 *   block     head · floor · epoch of the newest entry · number of replaced entries · gaps: after · upTo, each
 *   entry     length of the conversation's name (uint16) · name · the version before it there (only with a name) · bytes
 *   apart     stamp (0: never replaced) · version · entry        for entries with a key, and replaced ones
 */

import { EMPTY } from '../../../protocol/bytes.js'
import type { Gap, Stamp, StoredEntry, StoredRecord, Version } from '../types.js'

const ABSENT: StoredRecord = Object.freeze({ stamp: 0, bytes: EMPTY })

export interface LogBlock {
  readonly head: Version
  readonly floor: Version
  /** The epoch of the newest entry. */
  readonly epoch: number
  /** The number of its entries that were replaced. */
  readonly replaced: number
  readonly gaps: readonly Gap[]
}

const NO_LOG: LogBlock = Object.freeze({ head: 0, floor: 0, epoch: 1, replaced: 0, gaps: [] })

/** Reads a record from its field. The bytes are a copy: a reply of Redis is part of a larger buffer, which would live as long. */
export function recordOf(value: Buffer | null | undefined): StoredRecord {
  if (value === null || value === undefined) return ABSENT
  return { stamp: value.readDoubleLE(0), bytes: copyOf(value.subarray(8)) }
}

export function logBlockOf(block: Buffer | null | undefined): LogBlock {
  if (block === null || block === undefined || block.length === 0) return NO_LOG
  const gaps: Gap[] = []
  for (let at = 32; at < block.length; at += 16) {
    gaps.push({ after: block.readDoubleLE(at), upTo: block.readDoubleLE(at + 8) })
  }
  const [head, floor] = [block.readDoubleLE(0), block.readDoubleLE(8)]
  return { head, floor, epoch: block.readDoubleLE(16), replaced: block.readDoubleLE(24), gaps }
}

export function entryOf(version: Version, stamp: Stamp, entry: Buffer): StoredEntry {
  const length = entry.readUInt16LE(0)
  if (length === 0) return { version, bytes: copyOf(entry.subarray(2)), stamp, conversation: undefined, previous: 0 }
  const end = 2 + length
  return {
    version,
    bytes: copyOf(entry.subarray(end + 8)),
    stamp,
    conversation: entry.toString('utf8', 2, end),
    previous: entry.readDoubleLE(end),
  }
}

/** Reads an entry that stands apart. */
export function apartOf(value: Buffer): StoredEntry {
  return entryOf(value.readDoubleLE(8), value.readDoubleLE(0), value.subarray(16))
}

/** Makes the field of a record. */
export function recordField(stamp: Stamp, bytes: Uint8Array): Buffer {
  return Buffer.concat([doubles(stamp), bytes])
}

export function blockField({ head, floor, epoch, replaced, gaps }: LogBlock): Buffer {
  return doubles(head, floor, epoch, replaced, ...gaps.flatMap(({ after, upTo }) => [after, upTo]))
}

/** Makes an entry as it stands in the stream. */
export function streamField({ conversation, previous, bytes }: StoredEntry): Buffer {
  if (conversation === undefined) return Buffer.concat([Buffer.alloc(2), bytes])
  const name = Buffer.from(conversation)
  const length = Buffer.allocUnsafe(2)
  length.writeUInt16LE(name.length)
  return Buffer.concat([length, name, doubles(previous), bytes])
}

/** Makes an entry as it stands apart. */
export function apartField(entry: StoredEntry): Buffer {
  return Buffer.concat([doubles(entry.stamp, entry.version), streamField(entry)])
}

export function doubles(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 * numbers.length)
  let at = 0
  for (const number of numbers) at = bytes.writeDoubleLE(number, at)
  return bytes
}

export function copyOf(bytes: Buffer): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes)
}
