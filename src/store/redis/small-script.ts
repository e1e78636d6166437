/** A script that asks one small thing of the primary of a partition. It goes with the questions (Primary.control), behind no round. */

import type { Clock } from '../../lib/clock.js'
import { type Command, valueIn } from './link.js'
import { Script } from './script.js'
import { routed, type Topology } from './topology.js'
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
    const command: Command = ['SCRIPT', 1, key, ...values]
    try {
      return await this.#called(partition, command)
    } catch (error) {
      if (this.#script.mustBeGivenWhole(error)) return this.#called(partition, command)
      // It may be another primary's now. Nobody waits for the look.
      void this.#options.topology.refresh()
      throw error
    }
  }

  #called(partition: number, command: Command): Promise<unknown> {
    const { topology, clock, answerMs } = this.#options
    const replies = routed(topology, partition, 'control', this.#script.commands([command]))
    return within(
      clock,
      answerMs,
      replies.then(([reply]) => valueIn(reply)),
    )
  }
}
