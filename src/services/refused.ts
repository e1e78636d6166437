import type { Code } from '../../protocol/codes.js'

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
