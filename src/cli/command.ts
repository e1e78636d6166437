/** What a command of `longwire` is, and what its exit codes mean. */

import type { OptionTable } from '../ops/options.js'

export interface Command {
  /** All that it takes; `--help` shows them. */
  readonly options: OptionTable
  /**
   * Runs it to its end.
   * @param argv what stands behind the command's name
   * @returns the exit code
   */
  run(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Promise<number>
}

export const EXIT = {
  OK: 0,
  /** It could not do what it was asked; one line says why. */
  FAILED: 1,
  /** It was asked wrongly; one line says what is wrong. */
  USAGE: 2,
  /** The store failed for good, or a bug was met: nothing was answered after it (sysexits' EX_SOFTWARE). */
  FATAL: 70,
} as const

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line on standard error, as every failure gets. */
export function complain(message: string): void {
  process.stderr.write(`longwire: ${message}\n`)
}
