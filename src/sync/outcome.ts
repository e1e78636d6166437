/** Unwraps outcomes, for code that can do nothing useful if the transition was not done. */
import type { Outcome } from './types.js'

export type Undone = Exclude<Outcome<unknown>, { kind: 'done' }>

/** The transition is not known to have been done. */
export class UndoneError extends Error {
  override readonly name = 'UndoneError'
  readonly outcome: Undone

  constructor(outcome: Undone) {
    super(`the transition was not done: ${outcome.kind}`)
    this.outcome = outcome
  }
}

/** The result of a transition that was done. @throws UndoneError */
export function done<R>(outcome: Outcome<R>): R {
  if (outcome.kind === 'done') return outcome.result
  throw new UndoneError(outcome)
}
