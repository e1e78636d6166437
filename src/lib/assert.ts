/**
 * Assertions for bugs: what fails here is not the peer's fault nor a dependency's, so the process dies.
 */

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** The message says what should have held; it is built only when it is needed if given as a function. */
export function assert(condition: unknown, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionError(typeof message === 'function' ? message() : message)
}

/** The value, which the program's logic says is there. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new AssertionError(`${what} is missing`)
  return value
}

/** Ends a switch over a union, in its default branch: the compiler refuses the call while a case is not handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`not a case: ${JSON.stringify(value)}`)
}
