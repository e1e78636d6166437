// The part of protobufjs's runtime that the codec uses, in a twentieth of its size. tools/web.mjs bundles it in place of protobufjs. A test
// compares the bytes that both write.

const BYTES_FIRST = 1_024
const VARINT_BYTES_MAX = 10

class Reader {
  pos = 0
  readonly buf: Uint8Array
  /** The end of the message that is read. */
  len: number

  constructor(buf: Uint8Array) {
    this.buf = buf
    this.len = buf.length
  }
}

class Writer {
  pos = 0
  buf = new Uint8Array(BYTES_FIRST)
  /** The places where the lengths of the open messages are to stand. */
  states: number[] | null = null

  uint32(value: number): this {
    return this.uint64(value >>> 0)
  }

  /** @param value an integer of at most 2^53 - 1 */
  uint64(value: number): this {
    this.#reserve(VARINT_BYTES_MAX)
    let rest = value
    while (rest > 127) {
      this.buf[this.pos++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.buf[this.pos++] = rest
    return this
  }

  bool(value: boolean): this {
    return this.uint32(Number(value))
  }

  bytes(value: Uint8Array): this {
    this.uint32(value.length).#reserve(value.length)
    this.buf.set(value, this.pos)
    this.pos += value.length
    return this
  }

  /** Begins a message within the message. */
  fork(): this {
    this.states ??= []
    this.states.push(this.pos)
    return this
  }

  /** Ends it, and puts its length before it. */
  ldelim(): this {
    const start = this.states?.pop() ?? 0
    const message = this.buf.slice(start, this.pos)
    this.pos = start
    return this.bytes(message)
  }

  #reserve(count: number): void {
    const needed = this.pos + count
    if (needed <= this.buf.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.buf.length))
    grown.set(this.buf)
    this.buf = grown
  }
}

export default { Reader, Writer }
