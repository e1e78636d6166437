import { CODES, type Code } from '../../protocol/codes.js'

/** Ends a request early, with a code for the client. */
export class Refused extends Error {
  readonly code: Code
  readonly retryAfterMs: number | undefined
  constructor(code: Code, retryAfterMs?: number) {
    super(`refused with ${code}`)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

/** Ends a request that a limit makes wait. @param waitMs 0: no limit does */
export function notBefore(waitMs: number): void {
  if (waitMs > 0) throw new Refused(CODES.RATE_LIMITED.code, waitMs)
}
