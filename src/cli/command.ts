/** What a command of `longwire` is, and what its exit codes mean. */

import { messageOf } from '../lib/error-message.js'
import type { OptionTable } from '../ops/options.js'
import { StoreDamagedError } from '../store/lmdb/errors.js'

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
  /** The data are damaged, one line says where: a backup is needed, and starting again does not help (sysexits' EX_DATAERR). */
  DAMAGED: 65,
  /** The store failed for good, or a bug was met: nothing was answered after it (sysexits' EX_SOFTWARE). */
  FATAL: 70,
} as const

/** Says in one line why a command could not do what it was asked. @returns the exit code */
export function failed(error: unknown): number {
  complain(messageOf(error))
  return exitCodeOf(error)
}

export function exitCodeOf(error: unknown): number {
  return error instanceof StoreDamagedError ? EXIT.DAMAGED : EXIT.FAILED
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One line on standard error, as every failure gets. */
export function complain(message: string): void {
  process.stderr.write(complaint(message))
}

export function complaint(message: string): string {
  return `longwire: ${message}\n`
}
