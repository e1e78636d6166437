/** Removes what a command has made beside its result, however the command ends: by a signal, a bug, or a wait that never ends. */

import { complain, EXIT } from './command.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs a command. The caller itself cleans up when `run` has settled.
 * @param clean removes everything, if the process ends before
 * @param outcome what a signal leads to, for people
 */
export async function cleanedUp<T>(clean: () => void, outcome: string, run: () => Promise<T>): Promise<T> {
  const interrupted = (signal: NodeJS.Signals): void => {
    complain(`ended by ${signal}: ${outcome}`)
    process.exit(EXIT.FAILED)
  }
  process.on('exit', clean)
  for (const signal of SIGNALS) process.on(signal, interrupted)
  try {
    return await run()
  } finally {
    process.off('exit', clean)
    for (const signal of SIGNALS) process.off(signal, interrupted)
  }
}
