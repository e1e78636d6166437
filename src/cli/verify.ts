/** `longwire verify`: walks a store, and says what is in it and what is wrong with it. */

import { commandClock } from '../lib/clock.js'
import { VERIFY_OPTIONS } from '../ops/backup-options.js'
import { optionHelp, parseOptions } from '../ops/command-options.js'
import { viewStore } from '../store/lmdb/view.js'
import type { Counts } from '../verify/findings.js'
import { verify as verifyStore } from '../verify/verify.js'
import { environmentOf } from './backup.js'
import { type Command, complain, EXIT, failed, print } from './command.js'

export const verify: Command = {
  options: VERIFY_OPTIONS,
  async run(argv, environment) {
    const parsed = parseOptions(VERIFY_OPTIONS, argv, environmentOf(environment))
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    if (parsed.kind === 'wrong') {
      complain(`${parsed.message} (longwire verify --help lists the options)`)
      return EXIT.USAGE
    }
    try {
      const { epoch, counts } = await viewStore(parsed.values.data, commandClock, view => {
        return { epoch: view.epochOf(0), counts: verifyStore(view, fault => print(`fault: ${fault}`)) }
      })
      print(shown(epoch, counts))
      return counts.faults === 0 ? EXIT.OK : EXIT.FAILED
    } catch (error) {
      return failed(error)
    }
  },
}

/** One figure per line. */
function shown(epoch: number, counts: Counts): string {
  const words = (name: string): string => name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)
  const lines = Object.entries({ epoch, ...counts }).map(([name, count]) => `${words(name).padEnd(16)}${count}`)
  return lines.join('\n')
}

function help(): string {
  return [
    'longwire verify [options]',
    '',
    'Reads a whole store or backup, while a server runs on it or not, and compares what must agree: names and users,',
    'devices, sessions and windows, both sides of each friendship, counters and outboxes, timelines and their keys.',
    'Prints one line per fault, then what was counted.',
    '',
    optionHelp(VERIFY_OPTIONS),
    '',
    'Exit codes: 0 no fault, 1 faults or it could not be read, 2 wrong options, 65 damaged: what is there was not written so.',
  ].join('\n')
}
