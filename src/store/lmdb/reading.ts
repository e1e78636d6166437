/** Reads a data folder whole while a server may run on it: for a backup, and for a view. */

import { type Clock, pause } from '../../lib/clock.js'
import { DiskFullError } from './errors.js'
import { assertFormat } from './open.js'
import { Tables } from './tables.js'

const MAP_BYTES = 2 ** 30

/** The most tries: the server may turn its files during each. */
const TRIES_MAX = 20
const AGAIN_MS = 50

/** Opens the tables to read them, looks at every page and value, and closes them when `read` has ended. */
export async function readTables<T>(folder: string, read: (tables: Tables) => Promise<T>): Promise<T> {
  const tables = new Tables(folder, MAP_BYTES, true)
  try {
    tables.assertPages()
    assertFormat(folder, tables)
    tables.assertValues()
    return await read(tables)
  } finally {
    await tables.close()
  }
}

/**
 * Decides whether a failed try is repeated. While a store is in use, a write may be missing or seem damaged only because it was
 * read while it was made.
 */
export class Retries {
  readonly #clock: Clock
  #tries = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when it is time for the next try. Throws the error if there is none. */
  async next(error: unknown): Promise<void> {
    this.#tries++
    if (this.#tries === TRIES_MAX || error instanceof DiskFullError) throw error
    await pause(this.#clock, AGAIN_MS)
  }
}
