// The errors that the library throws and rejects with, in one class: a code of the protocol's table, or a reason of its own.
import { CODES, codeName, codeText } from '../../../protocol/codes.js'

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
  NO_INVITATION: 'no invitation to that group is known here',
} as const

export type LocalReason = keyof typeof LOCAL

export class LongwireError extends Error {
  /** The code's name, e.g. NOT_FRIEND, or one of the library's own reasons. For programs. */
  readonly reason: string
  /** The code on the wire; 0 for a reason of the library's own. */
  readonly code: number
  /** The wait that a refusal asks for; 0 if the server named none. */
  readonly retryAfterMs: number

  private constructor(reason: string, code: number, message: string, retryAfterMs: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LongwireError'
    this.reason = reason
    this.code = code
    this.retryAfterMs = retryAfterMs
  }

  /** @internal A refusal by the server, or by the library with a code of the server's. @param detail what the server says to it */
  static ofCode(code: number, retryAfterMs = 0, detail = ''): LongwireError {
    return new LongwireError(codeName(code), code, withDetail(codeText(code), detail), retryAfterMs)
  }

  /** @internal What the application handed in cannot be. */
  static argument(name: string, fault: string, code: number = CODES.INVALID_ARGUMENT.code): LongwireError {
    const message =
      code === CODES.INVALID_ARGUMENT.code ? `${name} ${fault}` : withDetail(codeText(code), `${name} ${fault}`)
    return new LongwireError(codeName(code), code, message, 0)
  }

  /** @internal @param cause an error behind it, or a text that says more */
  static local(reason: LocalReason, cause: Error | string = ''): LongwireError {
    if (typeof cause === 'string') return new LongwireError(reason, 0, withDetail(LOCAL[reason], cause), 0)
    return new LongwireError(reason, 0, withDetail(LOCAL[reason], cause.message), 0, cause)
  }

  /**
   * @internal The same error for one of several callers. Each gets an error of its own, with the stack of the call that it ends.
   */
  calledFrom(stack: string | undefined): LongwireError {
    const { reason, code, message, retryAfterMs, cause } = this
    const error = new LongwireError(reason, code, message, retryAfterMs, cause)
    // "Error" and the frames under it: the head is this error's own.
    if (stack !== undefined) error.stack = stack.replace(/^Error\n/, `${error.name}: ${message}\n`)
    return error
  }
}

function withDetail(text: string, detail: string): string {
  return detail === '' || detail === text ? text : `${text} (${detail})`
}

/** The name of a failed message's code; empty if it did not fail. */
export function reasonOfCode(code: number): string {
  return code === 0 ? '' : codeName(code)
}

/** The server contradicted itself or sent what no server sends: the connection ends and another is tried. */
export class BrokenServer extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BrokenServer'
  }
}

/** The thrown value as an error: anything may be thrown. */
export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
