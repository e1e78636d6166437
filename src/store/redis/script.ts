/** A script of Lua on many servers: it is called by its hash, and given whole to a server that does not have it. */

import { createHash } from 'node:crypto'
import type { Command } from './link.js'

export class Script {
  readonly #source: string
  readonly #hash: string
  /** Whether the next call gives it whole: a server did not have it. */
  #whole = false

  constructor(source: string) {
    this.#source = source
    this.#hash = createHash('sha1').update(source).digest('hex')
  }

  /** Turns each command `SCRIPT, number of keys, keys, arguments` into a call of this script; leaves the others as they are. */
  commands(commands: readonly Command[]): readonly Command[] {
    const whole = this.#whole
    this.#whole = false
    return commands.map(([name, ...rest], i) => {
      if (name !== 'SCRIPT') return [name, ...rest]
      return whole && i === 0 ? ['EVAL', this.#source, ...rest] : ['EVALSHA', this.#hash, ...rest]
    })
  }

  /** Whether a call failed only because the server does not have the script: nothing was done. */
  mustBeGivenWhole(error: unknown): boolean {
    const isMissing = error instanceof Error && error.message.startsWith('NOSCRIPT')
    if (isMissing) this.#whole = true
    return isMissing
  }
}
