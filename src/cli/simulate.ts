/** `longwire simulate`: a population of real clients sends messages, and every delivery is verified. */

import { parseSettings, type Settings, SIMULATE_OPTIONS } from '../../clients/simulate/options.js'
import { complaintsOf, judgementOf, reportOf } from '../../clients/simulate/report.js'
import { Run } from '../../clients/simulate/run.js'
import { systemClock } from '../../clients/typescript/index.js'
import { optionHelp } from '../ops/command-options.js'
import { type Command, complain, EXIT, print } from './command.js'

export const simulate: Command = {
  options: SIMULATE_OPTIONS,
  async run(argv) {
    const parsed = parseSettings(argv)
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    if (parsed.kind === 'wrong') {
      complain(`${parsed.message} (longwire simulate --help lists the options)`)
      return EXIT.USAGE
    }
    return runSimulation(parsed.settings)
  },
}

async function runSimulation(settings: Settings): Promise<number> {
  const tell = (line: string): void => {
    if (!settings.json) process.stderr.write(`${line}\n`)
  }
  // The library's clock, whose timers keep the process alive: while a server is down there may be no socket to do so.
  const run = new Run(settings, systemClock, tell)
  const interrupted = (signal: NodeJS.Signals): void => run.fail(`ended by ${signal}`)
  const abandon = (): void => run.abandon()
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  process.on('exit', abandon)
  const outcome = await run.toItsEnd()
  process.off('SIGINT', interrupted)
  process.off('SIGTERM', interrupted)
  process.off('exit', abandon)
  const complaints = complaintsOf(outcome)
  for (const complaint of complaints) complain(complaint)
  print(JSON.stringify(reportOf(outcome)))
  tell(judgementOf(outcome, complaints))
  return complaints.length === 0 ? EXIT.OK : EXIT.FAILED
}

function help(): string {
  return [
    'longwire simulate [options]',
    '',
    'Makes a population with friendships, signs everybody in, lets everybody send messages to all friends over real',
    'connections, and verifies that each arrives once, in order, on every device. Some read meanwhile, and in the end the',
    "server's counts of what is unread are verified, too. It starts a server of its own on a temporary folder, or uses the",
    'one that --server names. The last line on standard output is one JSON object. Without --json a sentence on standard error',
    'says at the end whether anything was lost.',
    '',
    optionHelp(SIMULATE_OPTIONS),
    '',
    'The server that --server names has limits made for people: everybody of a run comes from one address. Short waits for a',
    'limit are shown and waited for; at a long one the run ends, and says what to do.',
    '',
    'Exit codes: 0 nothing lost, duplicated, reordered or otherwise wrong; 1 something was, or the run could not go on;',
    '2 wrong options.',
  ].join('\n')
}
