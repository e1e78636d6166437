/** Turns the outcome of a transition into a frame. */
import { EMPTY } from '../../protocol/bytes.js'
import { CODES, type Code, codeText } from '../../protocol/codes.js'
import { createRefusal } from '../../protocol/generated/messages.js'
import { type Undone, UndoneError } from '../sync/outcome.js'
import type { Answer } from '../sync/rules/numbered.js'
import type { Outcome } from '../sync/types.js'
import { Refused } from './refused.js'
import type { Caller } from './types.js'

/** The time after which to ask again when the store cannot be reached; the client adds its own jitter. */
const RETRY_AFTER_MS = 1_000
/** The time after which to ask again when the disk is full: somebody has to make space first. */
const FULL_RETRY_AFTER_MS = 3_000

/** The code of an outcome in which nothing was done, and when to come back. */
export function whyUndone({ kind }: Undone): { readonly code: Code; readonly retryAfterMs: number } {
  switch (kind) {
    case 'full':
      return { code: CODES.STORE_FULL.code, retryAfterMs: FULL_RETRY_AFTER_MS }
    case 'unavailable':
      return { code: CODES.UNAVAILABLE.code, retryAfterMs: RETRY_AFTER_MS }
    case 'refused':
      return { code: CODES.REFUSED.code, retryAfterMs: 0 }
  }
}

export function refuse(caller: Caller, id: number, code: Code, retryAfterMs?: number): void {
  caller.refuse(id, code, codeText(code), retryAfterMs)
}

export function refuseUnavailable(caller: Caller, id: number): void {
  refuse(caller, id, CODES.UNAVAILABLE.code, RETRY_AFTER_MS)
}

export function refuseUndone(caller: Caller, id: number, outcome: Undone): void {
  const { code, retryAfterMs } = whyUndone(outcome)
  refuse(caller, id, code, retryAfterMs)
}

/** Refuses a request for what its work threw. */
export function refuseError(caller: Caller, id: number, error: unknown): void {
  if (error instanceof Refused) caller.refuse(id, error.code, error.message, error.retryAfterMs)
  else if (error instanceof UndoneError) refuseUndone(caller, id, error.outcome)
  else refuseUnavailable(caller, id)
}

/**
 * Refuses a request if a limit makes it wait; it may be repeated in so many milliseconds.
 * @param waitMs 0: no limit does
 * @returns whether it was refused
 */
export function refuseLimited(caller: Caller, id: number, waitMs: number): boolean {
  if (waitMs > 0) refuse(caller, id, CODES.RATE_LIMITED.code, waitMs)
  return waitMs > 0
}

/** Answers with the body that is being made, or refuses for what its work threw. */
export function answerWith(caller: Caller, id: number, body: Promise<Uint8Array>): void {
  body.then(
    made => caller.respond(id, made),
    error => refuseError(caller, id, error),
  )
}

function refuseGap(caller: Caller, id: number, expected: number): void {
  const { code, text } = CODES.GAP
  caller.refuse(id, code, `${text}: ${expected} is expected`, undefined, createRefusal({ expectedSendSeq: expected }))
}

/** Whether it has to be tried again. */
export function mustRunAgain(outcome: Outcome<Answer>): boolean {
  return outcome.kind === 'done' && outcome.result.kind === 'again'
}

/**
 * Answers a numbered request whose answer is only a code.
 * @param again called if it has to be tried again
 * @param retryAfterMs named with a refusal
 */
export function answerNumbered(
  caller: Caller,
  id: number,
  outcome: Outcome<Answer>,
  again?: () => void,
  retryAfterMs?: number,
): void {
  if (outcome.kind !== 'done') refuseUndone(caller, id, outcome)
  else if (outcome.result.kind === 'gap') refuseGap(caller, id, outcome.result.expected)
  else if (outcome.result.kind === 'again') again === undefined ? refuseUnavailable(caller, id) : again()
  else if (outcome.result.code === CODES.OK.code) caller.respond(id, EMPTY)
  else refuse(caller, id, outcome.result.code, retryAfterMs)
}
