/** The frames that end a connection or announce its end: made here, so that every transport says the same. */

import { type Code, codeText } from '../../protocol/codes.js'
import { encodeFrame } from '../../protocol/frame-codec.js'
import { type Endpoints, encodeCloseNotice, encodeDrainNotice } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'

/**
 * The server's last frame.
 * @param message absent: the code's text
 * @param retryAfterMs 0 for none: the client's own back-off
 * @param boundAttempt 0 for none
 */
export function closeFrame(code: Code, message = codeText(code), retryAfterMs = 0, boundAttempt = 0): Uint8Array {
  const body = encodeCloseNotice({ boundAttempt })
  return encodeFrame({ method: METHODS.close.number, body, code, message, retryAfterMs })
}

/** @param endpoints other nodes; absent: none is named, and this one serves the connection no more */
export function drainFrame(retryAfterMs: number, endpoints?: Endpoints): Uint8Array {
  return encodeFrame({ method: METHODS.drain.number, body: encodeDrainNotice({ endpoints }), retryAfterMs })
}
