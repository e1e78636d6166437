/** A script of Lua on many servers: it is called by its hash, and given whole to a server that does not have it. */

import { createHash } from 'node:crypto'
import type { ScopeId } from '../types.js'
import { type Command, doneBefore, type Reply } from './link.js'
import { routed, type Topology, type Way } from './topology.js'

export class Script {
  readonly #source: string
  readonly #hash: string

  constructor(source: string) {
    this.#source = source
    this.#hash = createHash('sha1').update(source).digest('hex')
  }

  /**
   * Asks the primary of a scope, as `routed` does. Each command `SCRIPT, number of keys, keys, arguments` is a call of this script.
   * @throws NotSentError, LostError
   */
  async ask(topology: Topology, scope: ScopeId, way: Way, commands: readonly Command[]): Promise<readonly Reply[]> {
    const replies: Reply[] = []
    for (let whole = false; replies.length < commands.length; whole = true) {
      const left = commands.slice(replies.length)
      const own = await routed(topology, scope, way, this.#calls(left, whole))
      replies.push(...own.slice(0, whole ? own.length : doneBefore(own, isMissing)))
    }
    return replies
  }

  #calls(commands: readonly Command[], whole: boolean): readonly Command[] {
    return commands.map(([name, ...rest], i) => {
      if (name !== 'SCRIPT') return [name, ...rest]
      return whole && i === 0 ? ['EVAL', this.#source, ...rest] : ['EVALSHA', this.#hash, ...rest]
    })
  }
}

/** Whether a call failed only because the server does not have the script: nothing was done. */
function isMissing(refusal: Error): boolean {
  return refusal.message.startsWith('NOSCRIPT')
}
