// The writing of protobuf's wire format. Generated encoders use protobufjs's Writer. Hot frames go straight into an array whose
// size was computed first. 64-bit fields are numbers; one that is none is a bug and throws.
import protobuf from 'protobufjs/minimal.js'
import { EMPTY, itemSlab } from './bytes.js'
import { INTEGER_MAX, UINT32_MAX } from './limits.js'
import { utf8 } from './utf8.js'

export type Writer = protobuf.Writer

const { Writer: ProtobufWriter } = protobuf

const TWO_28 = 2 ** 28

/** The bytes that the shared writer may keep between two messages; a rare large one does not stay for ever. */
const WRITER_BYTES_KEPT = 65_536

// One for all: encoding is synchronous, so no two messages are ever under way.
let shared = new ProtobufWriter()

/** The writer for one message, empty. It is taken back by finish(); a message that throws leaves nothing behind. */
export function begin(): Writer {
  if (shared.buf.length > WRITER_BYTES_KEPT) shared = new ProtobufWriter()
  shared.pos = 0
  shared.states = null
  return shared
}

/** The bytes written, as a view that the next begin() overwrites. */
export function written(w: Writer): Uint8Array {
  return w.buf.subarray(0, w.pos)
}

/** A copy of exactly what was written, owned by the caller. */
export function finish(w: Writer): Uint8Array {
  if (w.pos === 0) return EMPTY
  const bytes = itemSlab.take(w.pos)
  bytes.set(w.buf.subarray(0, w.pos))
  return bytes
}

/** @throws RangeError if the value is no integer of 0 to 2^53 - 1 */
export function writeUint64(w: Writer, tag: number, value: number): void {
  w.uint32(tag)
  if (value <= UINT32_MAX) {
    checkUint(value, UINT32_MAX)
    w.uint32(value)
  } else {
    checkUint(value, INTEGER_MAX)
    w.uint64(value)
  }
}

/** @throws RangeError if the value is no integer of 0 to 2^32 - 1 */
export function writeUint32(w: Writer, tag: number, value: number): void {
  checkUint(value, UINT32_MAX)
  w.uint32(tag).uint32(value)
}

export function writeTrue(w: Writer, tag: number): void {
  w.uint32(tag).bool(true)
}

export function writeString(w: Writer, tag: number, text: string): void {
  w.uint32(tag).bytes(utf8(text))
}

export function writeBytes(w: Writer, tag: number, bytes: Uint8Array): void {
  w.uint32(tag).bytes(bytes)
}

/** @throws RangeError unless the value is an integer of 0 to max */
export function checkUint(value: number, max: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0 && value <= max)) {
    throw new RangeError(`${value} is no integer of 0 to ${max}`)
  }
}

/** The bytes that a number takes as a varint. */
export function varintBytes(value: number): number {
  if (value < 128) return 1
  if (value < 16_384) return 2
  if (value < 2_097_152) return 3
  if (value < TWO_28) return 4
  if (value < 34_359_738_368) return 5
  if (value < 4_398_046_511_104) return 6
  if (value < 562_949_953_421_312) return 7
  return 8
}

/** Writes a number of at most 2^53 - 1 as a varint; returns the position behind it. */
export function putVarint(out: Uint8Array, pos: number, value: number): number {
  let rest = value
  let at = pos
  if (rest >= TWO_28) {
    const low = rest % TWO_28
    out[at] = (low & 127) | 128
    out[at + 1] = ((low >>> 7) & 127) | 128
    out[at + 2] = ((low >>> 14) & 127) | 128
    out[at + 3] = (low >>> 21) | 128
    at += 4
    rest = Math.floor(rest / TWO_28)
  }
  while (rest > 127) {
    out[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[at] = rest
  return at + 1
}
