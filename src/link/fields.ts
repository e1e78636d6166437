/**
 * The form of all that a link carries: protobuf fields, numbered by their place from 1 on. A number that is 0 and bytes that are empty are
 * left out. Fields may be added at the end: an older node skips them, and a newer one reads 0 or no bytes where an older one wrote none.
 *
 * Nothing here is stored or told to clients, so it is no part of protocol/.
 */
import { EMPTY } from '../../protocol/bytes.js'
import { readBytes, readerOf, readTag, readUint64, skipField } from '../../protocol/wire-reader.js'
import { begin, finish, writeBytes, writeUint64 } from '../../protocol/wire-writer.js'

const VARINT = 0
const LENGTH = 2

/** The highest field that any message of a link has. */
const FIELDS_MAX = 15

export class Fields {
  readonly #numbers: (number | undefined)[] = []
  readonly #bytes: (Uint8Array | undefined)[] = []

  /**
   * Reads all fields; their bytes view the given ones.
   * @throws DecodeError
   */
  constructor(message: Uint8Array) {
    const r = readerOf(message)
    while (r.pos < r.len) {
      const tag = readTag(r)
      const field = tag >>> 3
      const type = tag & 7
      if (field <= FIELDS_MAX && type === VARINT) this.#numbers[field] = readUint64(r)
      else if (field <= FIELDS_MAX && type === LENGTH) this.#bytes[field] = readBytes(r, 'a field', 0, 0)
      else skipField(r, tag, 0, 'a message of a link')
    }
  }

  number(field: number): number {
    return this.#numbers[field] ?? 0
  }

  bytes(field: number): Uint8Array {
    return this.#bytes[field] ?? EMPTY
  }

  text(field: number): string {
    return Buffer.from(this.bytes(field)).toString()
  }
}

/** Encodes values as the fields 1, 2, 3 …; the caller owns the bytes. */
export function encodeFields(...values: readonly (number | string | Uint8Array)[]): Uint8Array {
  const w = begin()
  values.forEach((value, index) => {
    const field = 8 * (index + 1)
    if (typeof value === 'number') {
      if (value !== 0) writeUint64(w, field + VARINT, value)
    } else if (value.length > 0) {
      writeBytes(w, field + LENGTH, typeof value === 'string' ? Buffer.from(value) : value)
    }
  })
  return finish(w)
}
