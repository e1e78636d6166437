// What the library throws and rejects with, in one class: a code of the protocol's table, or a reason of its own.
import { codeName, codeText } from '../../protocol/codes.js'

/** Reasons that are not the server's. */
const LOCAL = {
  NOT_SIGNED_IN: 'there is no account on this device: register or log in first',
  ALREADY_SIGNED_IN: 'an account is in use on this device: log out first',
  BUSY: 'another sign-in is under way',
  CLOSED: 'the client was closed',
  LOGGED_OUT: 'the account was logged out on this device',
  TIMEOUT: 'no answer came in time',
  QUEUE_FULL: 'too many requests wait for the server already',
  STORAGE_FAILED: 'the local storage failed: nothing more can be promised',
  STORAGE_FORMAT: 'the local storage was written by another version of this library',
  NO_CONTACT_REQUEST: 'no contact request of that user is known here',
} as const

export type LocalReason = keyof typeof LOCAL

export class LongwireError extends Error {
  /** The code's name, e.g. NOT_FRIEND, or one of the library's own reasons. For programs. */
  readonly reason: string
  /** The code on the wire; 0 for a reason of the library's own. */
  readonly code: number
  /** With a refusal: not before so many milliseconds; 0 if the server named none. */
  readonly retryAfterMs: number

  private constructor(reason: string, code: number, message: string, retryAfterMs: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LongwireError'
    this.reason = reason
    this.code = code
    this.retryAfterMs = retryAfterMs
  }

  /** A refusal by the server, or by the library with a code of the server's. */
  static ofCode(code: number, retryAfterMs = 0): LongwireError {
    return new LongwireError(codeName(code), code, codeText(code), retryAfterMs)
  }

  static local(reason: LocalReason, cause?: unknown): LongwireError {
    return new LongwireError(reason, 0, LOCAL[reason], 0, cause)
  }
}

/** The server contradicted itself or sent what no server sends: the connection ends and another is tried. */
export class BrokenServer extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BrokenServer'
  }
}
