/** `longwire backup`: copies a store, whether it is in use or not. */

import { rmSync } from 'node:fs'
import { commandClock } from '../lib/clock.js'
import { BACKUP_OPTIONS } from '../ops/backup-options.js'
import { optionHelp, parseOptions } from '../ops/command-options.js'
import { backUp } from '../store/lmdb/backup.js'
import { cleanedUp } from './clean-up.js'
import { type Command, complain, EXIT, failed, print } from './command.js'

export const backup: Command = {
  options: BACKUP_OPTIONS,
  async run(argv, environment) {
    const parsed = parseOptions(BACKUP_OPTIONS, argv, environmentOf(environment), 1)
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    const to = parsed.kind === 'wrong' ? undefined : parsed.words[0]
    if (parsed.kind === 'wrong' || to === undefined) {
      const wrong = parsed.kind === 'wrong' ? parsed.message : 'the folder to be made is missing'
      complain(`${wrong} (longwire backup --help lists the options)`)
      return EXIT.USAGE
    }
    let partial = ''
    const clean = (): void => {
      if (partial !== '') rmSync(partial, { recursive: true, force: true })
    }
    const begun = (folder: string): void => {
      partial = folder
    }
    return cleanedUp(clean, 'no backup was made', async () => {
      try {
        const { epoch, bytes } = await backUp({ from: parsed.values.data, to, clock: commandClock, onBegin: begun })
        print(`${to}: ${(bytes / 2 ** 20).toFixed(1)} MiB, epoch ${epoch}`)
        return EXIT.OK
      } catch (error) {
        return failed(error)
      }
    })
  },
}

/** Keeps only the data folder of the environment: the other variables are the server's. */
function environmentOf({ LONGWIRE_DATA }: Readonly<Record<string, string | undefined>>) {
  return { LONGWIRE_DATA }
}

function help(): string {
  return [
    'longwire backup DIR [options]',
    '',
    'Makes the folder DIR with a copy of the store, while a server runs on it or not: everything that was acknowledged',
    'before the backup began is in it. An existing DIR is refused. The disk needs space for the whole store.',
    '',
    optionHelp(BACKUP_OPTIONS),
    '',
    'While it runs the server writes to new pages only: its file may grow by what changes meanwhile.',
    'Exit codes: 0 made, 1 not made (nothing is left behind), 2 wrong options, 65 not made, for the store is damaged.',
  ].join('\n')
}
