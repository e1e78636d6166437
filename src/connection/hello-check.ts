/** What a Hello must be before anybody is asked about it: PROTOCOL.md, clause 3.1. */

import { CODES } from '../../protocol/codes.js'
import { DecodeError, decodeHelloRequest, type HelloRequest } from '../../protocol/generated/messages.js'
import { HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN } from '../../protocol/limits.js'

/** @throws DecodeError */
export function readHello(body: Uint8Array): HelloRequest {
  return checkedHello(decodeHelloRequest(body))
}

/** @throws DecodeError */
export function checkedHello(request: HelloRequest): HelloRequest {
  const { token, attempt, heartbeatMs } = request
  if (token.length === 0) return request // then the other fields say nothing
  if (attempt === 0) throw new DecodeError(CODES.INVALID_ARGUMENT.code, 'HelloRequest.attempt is missing') // 3.1
  if (heartbeatMs !== 0 && (heartbeatMs < HEARTBEAT_MS_MIN || heartbeatMs > HEARTBEAT_MS_MAX)) {
    const message = `HelloRequest.heartbeat_ms is not of ${HEARTBEAT_MS_MIN} to ${HEARTBEAT_MS_MAX}`
    throw new DecodeError(CODES.INVALID_ARGUMENT.code, message)
  }
  return request
}
