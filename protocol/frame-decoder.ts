// Bytes of a stream to frames, without I/O. PROTOCOL.md, clause 1.
//
// The decoder is pulled: push() a chunk, then next() until it says undefined. Whoever must pause simply stops calling next().
//
//   length ──(complete)──► body ──(complete)──► length …      any error ──► failed, for good
import { EMPTY } from './bytes.js'
import { CODES } from './codes.js'
import { createFrame, type Frame, readFrame } from './generated/messages.js'
import { LENGTH_BYTES_MAX } from './limits.js'
import { DecodeError, readerOf } from './wire-reader.js'

export type DecodedFrame =
  | { readonly kind: 'ping' }
  /** `bytes`: what the frame took on the wire, its length included. */
  | { readonly kind: 'frame'; readonly frame: Frame; readonly bytes: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }

/** Shared by all decoders that have no chunk waiting; never written to. */
const NO_CHUNKS: Uint8Array[] = []

const PING_FRAME: DecodedFrame = { kind: 'ping' }

/** The bytes of a length that shifts of 32 bits hold. A fifth one adds nothing, or the frame is too large. */
const SHIFTED_BYTES_MAX = 4

/** A partial frame first gets so much space; then it doubles up to its declared length, so a promise alone costs nothing. */
const PARTIAL_BYTES_FIRST = 1024

// One for all decoders: a frame is decoded within one call.
const reader = readerOf(EMPTY)

export class FrameDecoder {
  /** The largest declared length that is taken; checked before a byte of the frame is kept. May be set at any time. */
  bytesMax: number

  #chunk: Uint8Array = EMPTY
  #at = 0
  /** Chunks behind the one being read; only a paused decoder has any, and only then an array of its own. */
  #later = NO_CHUNKS
  #buffered = 0
  /** Declared length of the frame under way, -1 while its length is being read. */
  #length = -1
  #lengthValue = 0
  #lengthBytes = 0
  /** The beginning of a frame that did not end in its chunk. */
  #partial: Uint8Array = EMPTY
  #partialBytes = 0
  #failed: DecodedFrame | undefined

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** Bytes pushed and not yet given back as frames. */
  get buffered(): number {
    return this.#buffered
  }

  /** Takes over the next bytes of the stream: they must not change until next() said undefined, or detach() was called. */
  push(chunk: Uint8Array): void {
    if (this.#failed !== undefined || chunk.length === 0) return
    this.#buffered += chunk.length
    if (this.#at >= this.#chunk.length && this.#later.length === 0) this.#take(chunk)
    else if (this.#later === NO_CHUNKS) this.#later = [chunk]
    else this.#later.push(chunk)
  }

  /**
   * The next frame, ping or error; undefined when the bytes pushed so far hold no more. A frame's body views the chunk it came
   * in, or memory of its own if it came in several. After an error there is only that error.
   */
  next(): DecodedFrame | undefined {
    if (this.#failed !== undefined) return this.#failed
    while (this.#at < this.#chunk.length || this.#nextChunk()) {
      if (this.#length < 0 && !this.#readLength()) {
        if (this.#failed !== undefined) return this.#failed
        continue
      }
      if (this.#length === 0) return this.#ping()
      if (this.#partialBytes === 0 && this.#chunk.length - this.#at >= this.#length) {
        const start = this.#at
        this.#at += this.#length
        return this.#frame(this.#chunk, start)
      }
      if (this.#collect()) {
        const whole = this.#partial
        this.#partial = EMPTY
        this.#partialBytes = 0
        return this.#frame(whole, 0)
      }
    }
    return undefined
  }

  /** Copies what was pushed and not yet consumed, so that the caller may use its buffer again. */
  detach(): void {
    if (this.#at < this.#chunk.length) {
      this.#chunk = this.#chunk.slice(this.#at)
      this.#at = 0
    }
    if (this.#later.length > 0) this.#later = this.#later.map(chunk => chunk.slice())
  }

  #take(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#at = 0
  }

  #nextChunk(): boolean {
    const chunk = this.#later.shift() ?? EMPTY
    if (this.#later.length === 0) this.#later = NO_CHUNKS
    this.#take(chunk)
    return chunk !== EMPTY
  }

  /** Reads the length as far as it is there; true when it is complete and allowed. */
  #readLength(): boolean {
    while (this.#at < this.#chunk.length) {
      const byte = this.#chunk[this.#at++] as number
      const bits = byte & 127
      // By shifts while they hold it: with powers of two the numbers of each decoder would be boxed, 64 bytes more for a connection.
      const isShort = this.#lengthBytes < SHIFTED_BYTES_MAX
      const value =
        this.#lengthValue + (isShort ? bits << (7 * this.#lengthBytes) : bits * 2 ** (7 * this.#lengthBytes))
      this.#lengthBytes++
      if (isShort) this.#lengthValue = value
      if (byte < 128) {
        if (value > this.bytesMax) {
          const message = `a frame of ${value} bytes is above ${this.bytesMax}`
          return this.#fail(CODES.FRAME_TOO_LARGE.code, message)
        }
        this.#length = this.#lengthValue
        return true
      }
      if (this.#lengthBytes === LENGTH_BYTES_MAX) {
        return this.#fail(CODES.PROTOCOL_ERROR.code, `a length of more than ${LENGTH_BYTES_MAX} bytes`)
      }
    }
    return false
  }

  /** Copies what the chunk has of the frame; true when that completes it. */
  #collect(): boolean {
    const count = Math.min(this.#length - this.#partialBytes, this.#chunk.length - this.#at)
    const needed = this.#partialBytes + count
    if (needed > this.#partial.length) {
      const capacity = Math.min(this.#length, Math.max(needed, this.#partial.length * 2, PARTIAL_BYTES_FIRST))
      const wider = new Uint8Array(capacity)
      wider.set(this.#partial.subarray(0, this.#partialBytes))
      this.#partial = wider
    }
    this.#partial.set(this.#chunk.subarray(this.#at, this.#at + count), this.#partialBytes)
    this.#partialBytes = needed
    this.#at += count
    return needed === this.#length
  }

  #ping(): DecodedFrame {
    this.#consumed()
    return PING_FRAME
  }

  #frame(bytes: Uint8Array, start: number): DecodedFrame | undefined {
    reader.buf = bytes
    reader.pos = start
    reader.len = start + this.#length
    try {
      const frame = readFrame(reader, createFrame())
      if (frame.id === 0 && frame.method === 0) {
        this.#fail(CODES.PROTOCOL_ERROR.code, 'a frame with neither id nor method')
        return this.#failed
      }
      return { kind: 'frame', frame, bytes: this.#consumed() }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#fail(CODES.PROTOCOL_ERROR.code, `not a frame: ${error.message}`)
      return this.#failed
    } finally {
      reader.buf = EMPTY
    }
  }

  /** The frame under way is done: forgets it and gives its size on the wire. */
  #consumed(): number {
    const bytes = this.#lengthBytes + this.#length
    this.#buffered -= bytes
    this.#length = -1
    this.#lengthValue = 0
    this.#lengthBytes = 0
    if (this.#at === this.#chunk.length) this.#take(EMPTY)
    return bytes
  }

  #fail(code: number, message: string): false {
    this.#failed = { kind: 'error', code, message }
    this.#take(EMPTY)
    this.#later = NO_CHUNKS
    this.#partial = EMPTY
    this.#buffered = 0
    return false
  }
}
