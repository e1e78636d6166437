// Why a connection ended: what a frame names, and what a link saw.
import { decodeCloseNotice, decodeRefusal, type Frame } from '../../../protocol/generated/messages.js'
import { METHODS } from '../../../protocol/methods.js'
import type { LinkEnd } from './link.js'

/** The attempt that a refusal or a Close notice names; 0 if none. */
export function boundAttempt(frame: Frame): number {
  if (frame.method === METHODS.close.number) return decodeCloseNotice(frame.body).boundAttempt
  return frame.body.length === 0 ? 0 : decodeRefusal(frame.body).boundAttempt
}

/** The reason as text, for logs. */
export function reasonOf(end: LinkEnd): string {
  switch (end.kind) {
    case 'closed':
      return end.error === undefined ? 'the server closed the connection' : end.error.message
    case 'timeout':
      return `no answer in time (${end.what})`
    case 'broken':
      return `not understood: ${end.message}`
    case 'dropped':
      return 'dropped'
  }
}
