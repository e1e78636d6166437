/** A program that `npm run` starts beside the server's commands: its options, its help, and what it says of a wrong option. */

import { complain, EXIT, print } from '../../src/cli/command.js'
import { type OptionTable, type OptionValues, optionHelp, parseOptions } from '../../src/ops/command-options.js'

export interface ProgramSpec<T extends OptionTable> {
  /** As in `npm run NAME`. */
  readonly name: string
  readonly options: T
  /** What may stand beside the options, as the help says it; absent: nothing. */
  readonly words?: string
  /** The meaning of its exit codes but for wrong options, as its help says it: `0 done, 1 it failed`. */
  readonly exitCodes: string
  /** @returns the exit code */
  run(values: OptionValues<T>, words: readonly string[]): Promise<number>
}

/** The most words of a program that takes any. */
const WORDS_MAX = 16

/** Reads the options and runs the program. @returns the exit code */
export async function runProgram<T extends OptionTable>(
  spec: ProgramSpec<T>,
  argv: readonly string[],
): Promise<number> {
  const { name, options, words = '', exitCodes } = spec
  const parsed = parseOptions(options, argv, {}, words === '' ? 0 : WORDS_MAX)
  if (parsed.kind === 'help') {
    print(
      `npm run ${name} -- [options]${words === '' ? '' : ` ${words}`}\n\n${optionHelp(options)}\n\nExit codes: ${exitCodes}, 2 wrong options.`,
    )
    return EXIT.OK
  }
  if (parsed.kind === 'wrong') {
    complain(`${parsed.message} (npm run ${name} -- --help lists the options)`)
    return EXIT.USAGE
  }
  return spec.run(parsed.values, parsed.words)
}
