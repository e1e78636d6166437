// Frames to bytes and back, without I/O. PROTOCOL.md, clauses 1 and 2.
//
// The decoder is pulled: push() a chunk, then next() until it says undefined. Whoever must pause simply stops calling next().
//
//   length ──(complete)──► body ──(complete)──► length …      any error ──► failed, for good
import { EMPTY, frameSlab } from './bytes.js'
import { CODES } from './codes.js'
import {
  createFrame,
  encodeRefusal as encodeRefusalBody,
  type Frame,
  type Refusal,
  readFrame,
} from './generated/messages.js'
import { LENGTH_BYTES_MAX, UINT32_MAX } from './limits.js'
import { utf8 } from './utf8.js'
import { DecodeError, readerOf } from './wire-reader.js'
import { checkUint, putVarint, varintBytes } from './wire-writer.js'

export type DecodedFrame =
  | { readonly kind: 'ping' }
  /** `bytes`: what the frame took on the wire, its length included. */
  | { readonly kind: 'frame'; readonly frame: Frame; readonly bytes: number }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }

/** What a client sends to show that it is there, and the server's answer to it; shared, never to be written to. */
export const PING = Uint8Array.of(0)

const PING_FRAME: DecodedFrame = { kind: 'ping' }

/** A partial frame first gets so much room; then it doubles up to its declared length, so a promise alone costs nothing. */
const PARTIAL_BYTES_FIRST = 1024

// One for all decoders: a frame is decoded within one call.
const reader = readerOf(EMPTY)

export class FrameDecoder {
  /** The largest declared length that is taken; checked before a byte of the frame is kept. May be set at any time. */
  bytesMax: number

  #chunk: Uint8Array = EMPTY
  #at = 0
  /** Chunks behind the one being read; only a paused decoder has any. */
  #later: Uint8Array[] = []
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
    if (this.#at < this.#chunk.length) this.#later.push(chunk)
    else this.#take(chunk)
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
    this.#later = this.#later.map(chunk => chunk.slice())
  }

  #take(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#at = 0
  }

  #nextChunk(): boolean {
    const chunk = this.#later.shift()
    this.#take(chunk ?? EMPTY)
    return chunk !== undefined
  }

  /** Reads the length as far as it is there; true when it is complete and allowed. */
  #readLength(): boolean {
    while (this.#at < this.#chunk.length) {
      const byte = this.#chunk[this.#at++] as number
      this.#lengthValue += (byte & 127) * 2 ** (7 * this.#lengthBytes++)
      if (byte < 128) {
        if (this.#lengthValue > this.bytesMax) {
          const message = `a frame of ${this.#lengthValue} bytes is above ${this.bytesMax}`
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
      const room = Math.min(this.#length, Math.max(needed, this.#partial.length * 2, PARTIAL_BYTES_FIRST))
      const wider = new Uint8Array(room)
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
    this.#later = []
    this.#partial = EMPTY
    this.#buffered = 0
    return false
  }
}

/** Any frame, its length in front. */
export function encodeFrame(frame: Partial<Frame>): Uint8Array {
  const { id = 0, method = 0, body = EMPTY, code = 0, message = '', retryAfterMs = 0 } = frame
  return encode(id, method, body, code, message, retryAfterMs)
}

/** @param id of the request, not 0 */
export function encodeResponse(id: number, body: Uint8Array): Uint8Array {
  return encode(id, 0, body, 0, '', 0)
}

/**
 * The response of a request that was not done.
 * @param message for people reading logs
 * @param retryAfterMs 0 for none
 */
export function encodeRefusal(
  id: number,
  code: number,
  message: string,
  retryAfterMs: number,
  refusal?: Refusal,
): Uint8Array {
  return encode(id, 0, refusal === undefined ? EMPTY : encodeRefusalBody(refusal), code, message, retryAfterMs)
}

export function encodeNotice(method: number, body: Uint8Array): Uint8Array {
  return encode(0, method, body, 0, '', 0)
}

/** @param id not 0, and of no other request that is unanswered */
export function encodeRequest(id: number, method: number, body: Uint8Array): Uint8Array {
  return encode(id, method, body, 0, '', 0)
}

/**
 * Room for a frame with a body that the caller writes itself, for hot paths: the frame is written up to the body, which takes
 * the last `bodyBytes` bytes of the array.
 * @param id 0 for a notice
 * @param method 0 for a response
 */
export function beginFrame(id: number, method: number, bodyBytes: number): Uint8Array {
  const payload = headBytes(id, method) + (bodyBytes > 0 ? 1 + varintBytes(bodyBytes) + bodyBytes : 0)
  const out = frameSlab.take(varintBytes(payload) + payload)
  const pos = putHead(out, putVarint(out, 0, payload), id, method)
  if (bodyBytes > 0) {
    out[pos] = 26
    putVarint(out, pos + 1, bodyBytes)
  }
  return out
}

function encode(
  id: number,
  method: number,
  body: Uint8Array,
  code: number,
  message: string,
  retryAfterMs: number,
): Uint8Array {
  checkUint(id, UINT32_MAX)
  checkUint(method, UINT32_MAX)
  const bodyBytes = body.length
  if (code === 0 && message === '' && retryAfterMs === 0) {
    const out = beginFrame(id, method, bodyBytes)
    if (bodyBytes > 0) out.set(body, out.length - bodyBytes)
    return out
  }
  checkUint(code, UINT32_MAX)
  checkUint(retryAfterMs, UINT32_MAX)
  const text = utf8(message)
  const payload =
    headBytes(id, method) +
    (bodyBytes > 0 ? 1 + varintBytes(bodyBytes) + bodyBytes : 0) +
    (code > 0 ? 1 + varintBytes(code) : 0) +
    (text.length > 0 ? 1 + varintBytes(text.length) + text.length : 0) +
    (retryAfterMs > 0 ? 1 + varintBytes(retryAfterMs) : 0)
  const out = frameSlab.take(varintBytes(payload) + payload)
  let pos = putHead(out, putVarint(out, 0, payload), id, method)
  pos = putBytes(out, pos, 26, body)
  if (code > 0) {
    out[pos] = 32
    pos = putVarint(out, pos + 1, code)
  }
  pos = putBytes(out, pos, 42, text)
  if (retryAfterMs > 0) {
    out[pos] = 48
    putVarint(out, pos + 1, retryAfterMs)
  }
  return out
}

function headBytes(id: number, method: number): number {
  return (id > 0 ? 1 + varintBytes(id) : 0) + (method > 0 ? 1 + varintBytes(method) : 0)
}

function putHead(out: Uint8Array, start: number, id: number, method: number): number {
  let pos = start
  if (id > 0) {
    out[pos] = 8
    pos = putVarint(out, pos + 1, id)
  }
  if (method > 0) {
    out[pos] = 16
    pos = putVarint(out, pos + 1, method)
  }
  return pos
}

function putBytes(out: Uint8Array, start: number, tag: number, bytes: Uint8Array): number {
  if (bytes.length === 0) return start
  out[start] = tag
  const pos = putVarint(out, start + 1, bytes.length)
  out.set(bytes, pos)
  return pos + bytes.length
}
