/** The signal that ends a command which runs until then. */

import { systemClock } from '../lib/clock.js'
import { EXIT } from './command.js'

/** The time within which a second signal counts as the same one: npm also forwards the terminal's signal to its child. */
const SAME_SIGNAL_MS = 300

/** Waits for the first signal, which the caller acts on. A second one ends the process at once. */
export function endingSignal(signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM']): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    let firstMs: number | undefined
    const onSignal = (signal: NodeJS.Signals): void => {
      const nowMs = systemClock.monotonic()
      if (firstMs !== undefined && nowMs - firstMs > SAME_SIGNAL_MS) process.exit(EXIT.FAILED)
      firstMs ??= nowMs
      resolve(signal)
    }
    for (const signal of signals) process.on(signal, onSignal)
  })
}
