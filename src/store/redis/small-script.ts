/** A script that asks one small thing of the primary of a partition. It goes with the questions (Primary.control), behind no round. */

import type { Clock } from '../../lib/clock.js'
import { valueIn } from './link.js'
import { Script } from './script.js'
import type { Topology } from './topology.js'
import { within } from './within.js'

export interface SmallScriptOptions {
  readonly topology: Topology
  readonly clock: Clock
  readonly source: string
  /** The time that an answer is waited for. */
  readonly answerMs: number
}

export class SmallScript {
  readonly #options: SmallScriptOptions
  readonly #script: Script

  constructor(options: SmallScriptOptions) {
    this.#options = options
    this.#script = new Script(options.source)
  }

  /** Calls it with one key. @throws NotSentError, LostError, or Redis's refusal */
  async call(partition: number, key: string, values: readonly (string | number)[]): Promise<unknown> {
    const { topology, clock, answerMs } = this.#options
    const replies = this.#script.ask(topology, partition, 'control', [['SCRIPT', 1, key, ...values]])
    const value = replies.then(([reply]) => valueIn(reply))
    try {
      return await within(clock, answerMs, value)
    } catch (error) {
      // It may be another primary's now. Nobody waits for the look.
      void topology.refresh()
      throw error
    }
  }
}
