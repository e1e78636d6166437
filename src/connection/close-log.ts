/** The line that the log gets when a connection closes, and the count of its reason. */

import { CODES, type Code, codeName } from '../../protocol/codes.js'
import type { ConnectionContext } from './context.js'

/** Codes of faults that a client's developer or the operator wants to see. */
const FAULTS: ReadonlySet<Code> = new Set([
  CODES.PROTOCOL_ERROR.code,
  CODES.FRAME_TOO_LARGE.code,
  CODES.FLOOD.code,
  CODES.HELLO_REQUIRED.code,
  CODES.HELLO_REPEATED.code,
  CODES.SLOW_CONSUMER.code,
])

export interface ClosedPeer {
  readonly address: string
  /** The user; 0 if it belonged to nobody. */
  readonly uid: number
  readonly device: number
}

/** @param code OK: the peer closed */
export function logClose(
  { log, faults, wheel, counters }: Pick<ConnectionContext, 'log' | 'faults' | 'wheel' | 'counters'>,
  peer: ClosedPeer,
  code: Code,
  message: string,
): void {
  counters.closed(code)
  const { address, uid, device } = peer
  const fields = { address, code: codeName(code), ...(uid === 0 ? {} : { uid, device }) }
  const text = message === '' ? 'connection closed' : `connection closed: ${message}`
  if (FAULTS.has(code)) faults.info(wheel.tick, fields, text)
  else log.debug(fields, text)
}
