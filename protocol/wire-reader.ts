// The reading of protobuf's wire format by a generated decoder: strictly, and 64-bit numbers without objects. It works on
// protobufjs's Reader, whose `len` is the end of the message being read.
import protobuf from 'protobufjs/minimal.js'
import { EMPTY } from './bytes.js'
import { CODES } from './codes.js'
import { INTEGER_MAX, UINT32_MAX } from './limits.js'
import { textOf } from './utf8.js'

export type Reader = protobuf.Reader

const { Reader: ProtobufReader } = protobuf

/** Groups in unknown fields; nothing that anybody writes nests so deep. */
const GROUP_DEPTH_MAX = 16

/** A varint has at most so many bytes. */
const VARINT_BYTES_MAX = 10

const TWO_28 = 2 ** 28

/** Bytes that are not the message they should be. `code` is BAD_BODY or INVALID_ARGUMENT; the message names the field. */
export class DecodeError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'DecodeError'
    this.code = code
  }
}

/** A reader of a whole message; the bytes stay the caller's and what is read views them. */
export function readerOf(bytes: Uint8Array): Reader {
  return new ProtobufReader(bytes)
}

/** An integer of 64 bits that must be at most 2^53 - 1. */
export function readUint64(r: Reader): number {
  const pos = r.pos
  if (pos < r.len) {
    const first = r.buf[pos] as number
    if (first < 128) {
      r.pos = pos + 1
      return first
    }
  }
  return readLong(r)
}

/** An integer that must be at most 2^32 - 1. */
export function readUint32(r: Reader): number {
  const value = readUint64(r)
  if (value > UINT32_MAX) throw badBody('a 32-bit number is above 4 294 967 295')
  return value
}

/** A field's tag; 0 is none. */
export function readTag(r: Reader): number {
  const tag = readUint32(r)
  if (tag < 8) throw badBody('a field has the number 0')
  return tag
}

/** True for any varint but 0, as protobuf has it. */
export function readBool(r: Reader): boolean {
  return skipVarint(r)
}

/** @param max in bytes of UTF-8, 0 for no limit of its own; checked before anything is decoded */
export function readString(r: Reader, field: string, max: number): string {
  const end = readLength(r)
  const start = r.pos
  if (max > 0 && end - start > max) throw tooLong(field, max)
  r.pos = end
  if (start === end) return ''
  const text = textOf(r.buf, start, end)
  if (text === undefined) throw badBody(`${field} is not valid UTF-8`)
  return text
}

/**
 * A view of the bytes read from.
 * @param max in bytes, 0 for no limit
 * @param length the only length but 0 that is taken, 0 for any
 */
export function readBytes(r: Reader, field: string, max: number, length: number): Uint8Array {
  const end = readLength(r)
  const start = r.pos
  if (max > 0 && end - start > max) throw tooLong(field, max)
  r.pos = end
  if (start === end) return EMPTY
  if (length > 0 && end - start !== length) {
    throw new DecodeError(CODES.INVALID_ARGUMENT.code, `${field} must have ${length} bytes`)
  }
  // Not subarray: of a Buffer that is a Buffer, and one kind of array keeps every loop behind this fast.
  return new Uint8Array(r.buf.buffer, r.buf.byteOffset + start, end - start)
}

/** Narrows the reader to the embedded message that begins here; gives back what leave() needs to widen it again. */
export function enter(r: Reader): number {
  const outer = r.len
  r.len = readLength(r)
  return outer
}

export function leave(r: Reader, outer: number): void {
  r.len = outer
}

/**
 * Skips a field that the message does not have, well-formed as it must be.
 * @param known a bit for each field number (1 to 30) that the message has: those came with a wrong wire type
 */
export function skipField(r: Reader, tag: number, known: number, message: string): void {
  const number = tag >>> 3
  if (number < 31 && (known & (1 << number)) !== 0) throw badBody(`${message}: field ${number} has the wrong wire type`)
  skipValue(r, tag, 0)
}

export function missing(field: string): DecodeError {
  return badBody(`${field} is missing`)
}

/** The error for a repeated field that has one value too many. */
export function tooMany(field: string, max: number): DecodeError {
  return new DecodeError(CODES.INVALID_ARGUMENT.code, `${field} has more than ${max} elements`)
}

/** The error for a value of an enum that this revision does not know. */
export function unknownValue(field: string): DecodeError {
  return new DecodeError(CODES.INVALID_ARGUMENT.code, `${field} has a value that is not known here`)
}

function tooLong(field: string, max: number): DecodeError {
  return new DecodeError(CODES.INVALID_ARGUMENT.code, `${field} is longer than ${max} bytes`)
}

function badBody(message: string): DecodeError {
  return new DecodeError(CODES.BAD_BODY.code, message)
}

function readLong(r: Reader): number {
  const buf = r.buf
  const len = r.len
  let pos = r.pos
  let low = 0
  for (let shift = 0; shift < 28; shift += 7) {
    if (pos >= len) throw badBody('it ends inside a number')
    const byte = buf[pos++] as number
    low |= (byte & 127) << shift
    if (byte < 128) {
      r.pos = pos
      return low
    }
  }
  // Beyond 28 bits in doubles. They are exact up to 2^53, and above it rounding never falls below it.
  let value = low
  let scale = TWO_28
  for (let count = 4; count < VARINT_BYTES_MAX; count++) {
    if (pos >= len) throw badBody('it ends inside a number')
    const byte = buf[pos++] as number
    value += (byte & 127) * scale
    scale *= 128
    if (byte < 128) {
      if (value > INTEGER_MAX) throw badBody('a number is above 9 007 199 254 740 991')
      r.pos = pos
      return value
    }
  }
  throw badBody('a number has more than 10 bytes')
}

/** The end of the length-prefixed value that begins here; the reader stands at its start. */
function readLength(r: Reader): number {
  const end = readUint64(r) + r.pos
  if (end > r.len) throw badBody('it ends inside a field')
  return end
}

/** Whether the varint, of up to 64 bits, was other than 0. */
function skipVarint(r: Reader): boolean {
  let seen = 0
  for (let count = 0; count < VARINT_BYTES_MAX; count++) {
    if (r.pos >= r.len) throw badBody('it ends inside a number')
    const byte = r.buf[r.pos++] as number
    seen |= byte & 127
    if (byte < 128) return seen !== 0
  }
  throw badBody('a number has more than 10 bytes')
}

function skipValue(r: Reader, tag: number, depth: number): void {
  switch (tag & 7) {
    case 0:
      skipVarint(r)
      return
    case 1:
      skipFixed(r, 8)
      return
    case 2:
      r.pos = readLength(r)
      return
    case 3:
      skipGroup(r, tag, depth)
      return
    case 5:
      skipFixed(r, 4)
      return
    default:
      throw badBody(`there is no wire type ${tag & 7} here`)
  }
}

function skipFixed(r: Reader, length: number): void {
  if (r.pos + length > r.len) throw badBody('it ends inside a field')
  r.pos += length
}

function skipGroup(r: Reader, start: number, depth: number): void {
  if (depth >= GROUP_DEPTH_MAX) throw badBody(`groups nest deeper than ${GROUP_DEPTH_MAX}`)
  const end = start + 1
  for (;;) {
    const tag = readTag(r)
    if (tag === end) return
    skipValue(r, tag, depth + 1)
  }
}
