// Frames to bytes and back, without I/O. PROTOCOL.md, clauses 1 and 4. Each writer computes the size first and writes once; what
// it gives is whole, its length in front, and the caller's.
import { EMPTY, frameSlab } from './bytes.js'
import { encodeRefusal as encodeRefusalBody, type Frame, type Refusal } from './generated/messages.js'
import { UINT32_MAX } from './limits.js'
import { utf8 } from './utf8.js'
import { checkUint, putVarint, varintBytes } from './wire-writer.js'

export { type DecodedFrame, FrameDecoder } from './frame-decoder.js'

/** The frame by which a client shows that it is there, and the server's answer to it; shared, never to be written to. */
export const PING = Uint8Array.of(0)

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
 * Makes space for a frame with a body that the caller writes itself, for hot paths. The frame is written up to the body, which
 * takes the last `bodyBytes` bytes of the array.
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

/**
 * Begins a frame in bytes that have its body already: from `bodyAt` to their end. The head is written right in front of the body.
 * @returns the frame, a part of `bytes`
 */
export function beginFrameIn(bytes: Uint8Array, bodyAt: number, id: number, method: number): Uint8Array {
  const bodyBytes = bytes.length - bodyAt
  const head = headBytes(id, method) + 1 + varintBytes(bodyBytes)
  const payload = head + bodyBytes
  const out = bytes.subarray(bodyAt - head - varintBytes(payload))
  const pos = putHead(out, putVarint(out, 0, payload), id, method)
  out[pos] = 26
  putVarint(out, pos + 1, bodyBytes)
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
