/** Makes a command end properly, whatever happens: with its own exit code, or with one line and the code of a bug. */

import { complain, EXIT } from './command.js'

/**
 * Runs a command, and sets the exit code of the process. Two ends that no command can see itself:
 *
 * - Nothing is left that could wake the process (no timer, socket or file), and the command waits on. Node would end it without
 *   a word.
 * - Nobody reads its output any more (`longwire verify | head -1`). The rest is dropped, and the command goes on.
 */
export function runToItsEnd(run: () => Promise<number>): void {
  process.stdout.on('error', outputFailed)
  process.stderr.on('error', () => {})
  process.on('beforeExit', endsInTheMiddle)
  run().then(
    code => {
      process.off('beforeExit', endsInTheMiddle)
      process.exitCode ??= code
    },
    error => {
      complain(`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      process.exit(EXIT.FATAL)
    },
  )
}

function endsInTheMiddle(): void {
  complain('a bug: the command waits for something that can no longer come; it did not finish')
  process.exit(EXIT.FATAL)
}

/** Handles failed output. A reader that has gone changes nothing. Output that had to be kept and was not, on a full disk, is reported. */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'ECONNRESET') return
  process.exitCode = EXIT.FAILED
  complain(`the output cannot be written: ${error.message}`)
}
