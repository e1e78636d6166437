/**
 * Reads the body of a request, as far as it is allowed: its length is checked when it is declared, and again as it comes. A promised
 * length costs nothing, and a body in a thousand pieces costs no more than one in a single piece.
 */

import type { IncomingMessage } from 'node:http'
import { EMPTY } from '../../protocol/bytes.js'

/** The first buffer of a body that comes in pieces; then it doubles. */
const PIECES_BYTES_FIRST = 4_096

/** Reads a body. Ends with undefined when more than `bytesMax` came, and not at all when the peer goes away. */
export function readBody(
  request: IncomingMessage,
  bytesMax: number,
  done: (body: Uint8Array | undefined) => void,
): void {
  let body: Uint8Array = EMPTY
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
