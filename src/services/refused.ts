import { CODES, type Code, codeText } from '../../protocol/codes.js'

/** Ends a request early, with a code for the client. */
export class Refused extends Error {
  readonly code: Code
  readonly retryAfterMs: number | undefined
  /** @param text for people; absent: that of the code */
  constructor(code: Code, retryAfterMs?: number, text: string = codeText(code)) {
    super(text)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

/** Ends a request that a limit makes wait. @param waitMs 0: no limit does */
export function notBefore(waitMs: number): void {
  if (waitMs > 0) throw new Refused(CODES.RATE_LIMITED.code, waitMs)
}
