/**
 * The body of a request, read as far as it may be: its length is checked on its declaration, and again on what comes. What
 * is promised costs nothing, and a body in a thousand pieces no more than in one.
 */

import type { IncomingMessage } from 'node:http'

/** A body that comes in pieces first gets so much room; then it doubles. */
const PIECES_BYTES_FIRST = 4_096

/** Ends with undefined when more than `bytesMax` came; not at all when the peer goes away. */
export function readBody(
  request: IncomingMessage,
  bytesMax: number,
  done: (body: Uint8Array | undefined) => void,
): void {
  let body: Uint8Array = NO_BYTES
  let bytes = 0
  const onData = (chunk: Uint8Array): void => {
    const before = bytes
    bytes += chunk.length
    if (bytes > bytesMax) {
      request.off('data', onData)
      request.off('end', onEnd)
      done(undefined)
    } else if (before === 0) {
      body = chunk
    } else {
      if (bytes > body.length) body = widened(body, before, bytes)
      body.set(chunk, before)
    }
  }
  const onEnd = (): void => done(body.length === bytes ? body : body.subarray(0, bytes))
  request.on('data', onData)
  request.on('end', onEnd)
}

function widened(body: Uint8Array, bytes: number, needed: number): Uint8Array {
  const wider = new Uint8Array(Math.max(needed, body.length * 2, PIECES_BYTES_FIRST))
  wider.set(body.subarray(0, bytes))
  return wider
}

const NO_BYTES = new Uint8Array(0)
