/** Looks at the settings of all primaries while nodes run: somebody may change them at any time, and what was promised holds no more. */

import type { Clock, TimerHandle } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { type ServerFacts, serverFacts } from './server-facts.js'
import type { Primary, Topology } from './topology.js'

export const SETTINGS_LOOK_MS = 10_000

export interface SettingsWatchOptions {
  readonly topology: Topology
  readonly clock: Clock
  /** Throws if a server may not be used with such settings. */
  readonly check: (host: string, facts: ServerFacts) => void
  /** Called with each other fault than before, and when there is none any more. */
  readonly onWarning: (text: string) => void
}

export class SettingsWatch {
  /** What is wrong with the settings of one of them; undefined: nothing. */
  fault: string | undefined
  readonly #options: SettingsWatchOptions
  #timer: TimerHandle | undefined
  #closed = false

  /** Looks for the first time after SETTINGS_LOOK_MS, and then again and again. */
  constructor(options: SettingsWatchOptions) {
    this.#options = options
    this.#lookLater()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #lookLater(): void {
    if (this.#closed) return
    this.#timer = this.#options.clock.after(SETTINGS_LOOK_MS, () => {
      void this.#look().finally(() => this.#lookLater())
    })
  }

  async #look(): Promise<void> {
    const { topology, onWarning } = this.#options
    const looks = await Promise.all(topology.primaries.map(primary => this.#lookAt(primary)))
    const fault = looks.find(look => look?.fault !== undefined)?.fault
    // Of a primary that does not answer nothing new is known.
    if (fault === this.fault || (fault === undefined && looks.includes(undefined))) return
    this.fault = fault
    onWarning(
      fault === undefined ? 'the settings of Redis are as they must be again' : `${fault}. Nothing new is taken`,
    )
  }

  /** @returns undefined if it does not answer */
  async #lookAt({ host, control }: Primary): Promise<{ readonly fault: string | undefined } | undefined> {
    let facts: ServerFacts
    try {
      facts = await serverFacts(control)
    } catch {
      return undefined
    }
    try {
      this.#options.check(host, facts)
      return { fault: undefined }
    } catch (error) {
      return { fault: messageOf(error) }
    }
  }
}
