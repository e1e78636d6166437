/** What an outcome comes to for code that has nothing to do where nothing was done. */
import type { Outcome } from './types.js'

export type Undone = Exclude<Outcome<unknown>, { kind: 'done' }>

/** Nothing is known to have happened. */
export class UndoneError extends Error {
  override readonly name = 'UndoneError'
  readonly outcome: Undone

  constructor(outcome: Undone) {
    super(`the transition was not done: ${outcome.kind}`)
    this.outcome = outcome
  }
}

/** The result. @throws UndoneError */
export function done<R>(outcome: Outcome<R>): R {
  if (outcome.kind === 'done') return outcome.result
  throw new UndoneError(outcome)
}
