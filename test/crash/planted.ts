/**
 * Loaded before everything else (`--import`): a file of the store is loaded with pieces of its text replaced, as
 * CRASH_PLANT says. So a bug is put into the code that ships, which has no switch for it.
 */

import { register } from 'node:module'
import { present } from '../../src/lib/assert.js'

export interface Replacement {
  /** The end of the file's address. */
  readonly file: string
  /** Each piece with what takes its place. */
  readonly pieces: readonly (readonly [from: string, to: string])[]
}

const data: Replacement = JSON.parse(present(process.env.CRASH_PLANT, 'CRASH_PLANT'))
register('./planted-hooks.js', import.meta.url, { data })
