/** A command of `longwire`, and the meaning of its exit codes. */

import { messageOf } from '../lib/error-message.js'
import { PolicyError } from '../node/contact-policy.js'
import type { OptionTable } from '../ops/command-options.js'
import { StoreDamagedError } from '../store/errors.js'

export interface Command {
  /** All its options; `--help` shows them. */
  readonly options: OptionTable
  /**
   * Runs it to its end.
   * @param argv the arguments after the command's name
   * @returns the exit code
   */
  run(argv: readonly string[], environment: Readonly<Record<string, string | undefined>>): Promise<number>
}

export const EXIT = {
  OK: 0,
  /** The command failed; one line says why. */
  FAILED: 1,
  /** The command was called wrongly; one line says what is wrong. */
  USAGE: 2,
  /** The data are damaged, and one line says where. A backup is needed; starting again does not help (sysexits' EX_DATAERR). */
  DAMAGED: 65,
  /** The source of a migration is missing, or holds no store that can be read (sysexits' EX_NOINPUT). */
  NO_SOURCE: 66,
  /** Redis does not answer (EX_UNAVAILABLE). */
  UNREACHABLE: 69,
  /** The store failed for good, or a bug was met: nothing was answered afterwards (sysexits' EX_SOFTWARE). */
  FATAL: 70,
  /** The target of a migration cannot be made: it holds something, or has no space (EX_CANTCREAT). */
  NOT_MADE: 73,
  /** Somebody uses the source or the target of a migration; the same command may do later (EX_TEMPFAIL). */
  IN_USE: 75,
} as const

/** Says in one line why a command failed. @returns the exit code */
export function failed(error: unknown): number {
  complain(messageOf(error))
  return exitCodeOf(error)
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof PolicyError) return EXIT.USAGE
  return error instanceof StoreDamagedError ? EXIT.DAMAGED : EXIT.FAILED
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Writes one line to standard error, as every failure does. */
export function complain(message: string): void {
  process.stderr.write(complaint(message))
}

export function complaint(message: string): string {
  return `longwire: ${message}\n`
}
