/** `longwire chat`: talk in a terminal. */

import { CHAT_OPTIONS, parseSettings, type Settings } from '../../clients/terminal/options.js'
import { Program } from '../../clients/terminal/program.js'
import { optionHelp } from '../ops/command-options.js'
import { type Command, complain, EXIT, print } from './command.js'

export const chat: Command = {
  options: CHAT_OPTIONS,
  async run(argv, environment) {
    const parsed = parseSettings(argv, environment)
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    if (parsed.kind === 'wrong') {
      complain(`${parsed.message} (longwire chat --help lists the options)`)
      return EXIT.USAGE
    }
    return runChat(parsed.settings)
  },
}

async function runChat(settings: Settings): Promise<number> {
  const { stdin, stdout, stderr } = process
  const program = new Program(settings, { stdin, stdout, stderr }, complain)
  const { quit } = program
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, quit)
  // Nobody reads any more: the other end of a pipe is gone, or the terminal was closed.
  stdout.on('error', quit)
  const code = await program.run()
  for (const signal of signals) process.off(signal, quit)
  return code
}

function help(): string {
  return [
    'longwire chat [CONTACT] --account NAME [options]',
    '',
    'Talk with your contacts in a terminal. CONTACT is whom to talk to at first; otherwise it is who was talked to last.',
    'What is typed is sent; what begins with a slash is a command (/help lists them). Before each message of yours stands how',
    'far it is: … queued, ✓ stored by the server, ✓✓ on a device of the other, read, FAIL not taken. What is sent without a',
    'connection waits on disk and goes out when there is one. Ctrl-C or Ctrl-D ends it.',
    '',
    'The password is asked for on the terminal and shown nowhere; it is never an option or in the environment, and is not',
    'kept: the session is, in the storage. Without a terminal each line of the input is sent or run, and each that comes is a',
    'line of the output; at the end of the input it waits up to 10 s for the server to answer everything.',
    '',
    optionHelp(CHAT_OPTIONS),
    '',
    'Exit codes: 0 ended as asked; 1 not signed in, the storage is in use or failed, or something that was entered was not',
    'sent or could not be done; 2 wrong options.',
  ].join('\n')
}
