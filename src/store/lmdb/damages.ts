/** Reports damaged values to the people who run the store: each once. Its reader is told that it is unavailable. */

import { StoreDamagedError } from '../errors.js'

/** The most damaged values that are reported. */
const DAMAGES_MAX = 100

export class Damages {
  readonly #onDamage: (error: Error) => void
  readonly #told = new Set<string>()

  constructor(onDamage: (error: Error) => void) {
    this.#onDamage = onDamage
  }

  /** Reports an error if it is of a damaged value. @returns the error */
  report<T>(error: T): T {
    if (!(error instanceof StoreDamagedError) || this.#told.has(error.message)) return error
    if (this.#told.size >= DAMAGES_MAX) return error
    this.#told.add(error.message)
    this.#onDamage(error)
    return error
  }
}
