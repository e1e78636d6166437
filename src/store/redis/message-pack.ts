/**
 * MessagePack as the scripts take and give it (Redis's Lua has `cmsgpack`): arrays, byte strings, and integers up to 2^53. Everything that
 * a round says to a script is one such argument, because each argument of a command costs Redis and us more than its bytes.
 */

import { utf8 } from '../../../protocol/utf8.js'
import { assert } from '../../lib/assert.js'
import type { PatchShape } from '../types.js'

/** The memory that writers write into: it grows to twice the longest call, and stays. */
let scratch = Buffer.allocUnsafeSlow(65_536)

/** The bytes of the begin: an array of 2^16 values or more, and an integer, each in its longest form. */
const BEGIN_BYTES = 10

/** Writes one array that begins with an integer. All writers share their memory: one is used from its making to `take`, without a pause. */
export class PackWriter {
  #buffer = scratch
  #at = BEGIN_BYTES

  /** The length so far, in bytes. */
  get length(): number {
    return this.#at
  }

  /** Writes an integer in [0, 2^53). */
  integer(value: number): void {
    this.#reserve(9)
    if (value < 128) this.#buffer[this.#at++] = value
    else if (value < 0x100000000) {
      this.#buffer[this.#at++] = 0xce
      this.#at = this.#buffer.writeUInt32BE(value, this.#at)
    } else {
      this.#buffer[this.#at++] = 0xcb
      this.#at = this.#buffer.writeDoubleBE(value, this.#at)
    }
  }

  /** Writes a text, `more` behind it. */
  text(text: string, more = ''): void {
    const length = text.length + more.length
    if (length < 32) {
      this.#reserve(1 + length)
      const at = this.#at
      this.#at++
      if (this.#ascii(text) && this.#ascii(more)) {
        this.#buffer[at] = 0xa0 | length
        return
      }
      this.#at = at
    }
    const bytes = utf8(text + more)
    this.#begin(bytes.length)
    this.#set(bytes)
  }

  /** Writes a text with its length in bytes (uint16, little-endian) before it. */
  sizedText(text: string): void {
    const bytes = utf8(text)
    this.#begin(2 + bytes.length)
    this.#at = this.#buffer.writeUInt16LE(bytes.length, this.#at)
    this.#set(bytes)
  }

  bytes(...parts: readonly Uint8Array[]): void {
    let length = 0
    for (const part of parts) length += part.length
    this.#begin(length)
    for (const part of parts) this.#set(part)
  }

  /** A stamp as its 8 bytes: never a number, so that Lua only compares it. */
  stamp(stamp: number): void {
    this.#begin(8)
    this.#at = this.#buffer.writeDoubleLE(stamp, this.#at)
  }

  /** What a record holds: its stamp and its bytes. */
  stamped(stamp: number, bytes: Uint8Array): void {
    this.#begin(8 + bytes.length)
    this.#at = this.#buffer.writeDoubleLE(stamp, this.#at)
    this.#set(bytes)
  }

  /** A patch of a record: its stamp, its new length, the number of ranges, offset and length of each, the bytes of all. */
  patch(stamp: number, { length, ranges }: PatchShape, bytes: Uint8Array): void {
    this.#begin(16 + 4 * ranges.length + bytes.length)
    this.#at = this.#buffer.writeDoubleLE(stamp, this.#at)
    this.#at = this.#buffer.writeUInt32LE(length, this.#at)
    this.#at = this.#buffer.writeUInt32LE(ranges.length / 2, this.#at)
    for (const number of ranges) this.#at = this.#buffer.writeUInt32LE(number, this.#at)
    this.#set(bytes)
  }

  /** The array: `first`, below 2^32, and the `count` values that were written. The caller owns the bytes. */
  take(first: number, count: number): Buffer {
    this.#buffer[0] = 0xdd
    this.#buffer.writeUInt32BE(count + 1, 1)
    this.#buffer[5] = 0xce
    this.#buffer.writeUInt32BE(first, 6)
    const taken = Buffer.allocUnsafe(this.#at)
    this.#buffer.copy(taken, 0, 0, this.#at)
    return taken
  }

  #set(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Writes a short text into reserved space, if it has 7-bit letters only: faster than an encoder. @returns whether it has */
  #ascii(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) return false
      this.#buffer[this.#at++] = unit
    }
    return true
  }

  #begin(length: number): void {
    this.#reserve(length + 5)
    if (length < 32) this.#buffer[this.#at++] = 0xa0 | length
    else {
      this.#buffer[this.#at++] = 0xdb
      this.#at = this.#buffer.writeUInt32BE(length, this.#at)
    }
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#buffer.length) return
    scratch = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#at + more))
    this.#buffer.copy(scratch, 0, 0, this.#at)
    this.#buffer = scratch
  }
}

export type Packed = number | Buffer | readonly Packed[]

/** Reads what a script packed. Its byte strings are views of `bytes`. */
export function unpack(bytes: Buffer): Packed {
  const reader = new PackReader(bytes)
  const value = reader.value()
  assert(reader.at === bytes.length, 'a script gives one value')
  return value
}

class PackReader {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  value(): Packed {
    const bytes = this.#bytes
    const head = bytes.readUInt8(this.at++)
    if (head < 0x80) return head
    if (head >= 0xa0 && head < 0xc0) return this.#text(head & 0x1f)
    if (head >= 0x90 && head < 0xa0) return this.#array(head & 0x0f)
    if (head >= 0xe0) return head - 0x100
    switch (head) {
      case 0xcc:
        return this.#number(1, bytes.readUInt8(this.at))
      case 0xcd:
        return this.#number(2, bytes.readUInt16BE(this.at))
      case 0xce:
        return this.#number(4, bytes.readUInt32BE(this.at))
      case 0xcf:
        return this.#number(8, bytes.readUInt32BE(this.at) * 0x100000000 + bytes.readUInt32BE(this.at + 4))
      case 0xd0:
        return this.#number(1, bytes.readInt8(this.at))
      case 0xd1:
        return this.#number(2, bytes.readInt16BE(this.at))
      case 0xd2:
        return this.#number(4, bytes.readInt32BE(this.at))
      case 0xd3:
        return this.#number(8, bytes.readInt32BE(this.at) * 0x100000000 + bytes.readUInt32BE(this.at + 4))
      case 0xca:
        return this.#number(4, bytes.readFloatBE(this.at))
      case 0xcb:
        return this.#number(8, bytes.readDoubleBE(this.at))
      case 0xc4:
      case 0xd9:
        return this.#text(this.#number(1, bytes.readUInt8(this.at)))
      case 0xc5:
      case 0xda:
        return this.#text(this.#number(2, bytes.readUInt16BE(this.at)))
      case 0xc6:
      case 0xdb:
        return this.#text(this.#number(4, bytes.readUInt32BE(this.at)))
      case 0xdc:
        return this.#array(this.#number(2, bytes.readUInt16BE(this.at)))
      case 0xdd:
        return this.#array(this.#number(4, bytes.readUInt32BE(this.at)))
      default:
        throw new Error(`a script gave MessagePack of kind 0x${head.toString(16)}`)
    }
  }

  #number(length: number, value: number): number {
    this.at += length
    return value
  }

  #text(length: number): Buffer {
    const from = this.at
    this.at += length
    return this.#bytes.subarray(from, this.at)
  }

  #array(count: number): readonly Packed[] {
    const values: Packed[] = []
    for (let i = 0; i < count; i++) values.push(this.value())
    return values
  }
}
