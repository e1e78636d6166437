/** What the frames of protocol/vectors must do on an open connection, on any transport. */

import { createHash } from 'node:crypto'
import { codeName } from '../../protocol/codes.js'
import { DecodeError, decodeAckNotice } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { bytesOf, expanded, type FrameOutcome } from './vectors.js'

/** What a connection does with its frames. */
export interface Effects {
  /** id, method and a hash of the body, as the services got them. */
  readonly requests: string[]
  acks: number
  /** The pings were answered; in the read that holds a fault they are not. */
  pinged: boolean
  close: string | undefined
}

/** What must happen on an open connection (PROTOCOL.md, 2.6, 4.7, 4.8). */
export function expectedOf(outcomes: readonly FrameOutcome[]): Effects {
  const effects: Effects = { requests: [], acks: 0, pinged: false, close: undefined }
  for (const outcome of outcomes) {
    if ('ping' in outcome) effects.pinged = true
    else if ('error' in outcome) effects.close = outcome.error
    else expectFrame(effects, outcome.frame)
    if (effects.close !== undefined) return { ...effects, pinged: false }
  }
  return effects
}

function expectFrame(effects: Effects, frame: { readonly [field: string]: unknown }): void {
  const { id = 0, method = 0, body = '' } = expanded(frame) as { id?: number; method?: number; body?: string }
  if (method === 0) effects.close = 'PROTOCOL_ERROR'
  else if (method === METHODS.hello.number) effects.close = id === 0 ? 'PROTOCOL_ERROR' : 'HELLO_REPEATED'
  else if (id !== 0) effects.requests.push(`${id} ${method} ${shortHash(bytesOf(body))}`)
  else if (method === METHODS.ack.number) {
    effects.close = ackFault(bytesOf(body))
    if (effects.close === undefined) effects.acks++
  }
}

export function shortHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16)
}

function ackFault(body: Uint8Array): string | undefined {
  try {
    decodeAckNotice(body)
    return undefined
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return codeName(error.code)
  }
}
