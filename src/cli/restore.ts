/** `longwire restore`: makes a store from a backup. */

import { RESTORE_OPTIONS } from '../ops/backup-options.js'
import { optionHelp, parseOptions } from '../ops/command-options.js'
import { restore as restoreStore } from '../store/lmdb/restore.js'
import { environmentOf } from './backup.js'
import { type Command, complain, EXIT, failed, print } from './command.js'

export const restore: Command = {
  options: RESTORE_OPTIONS,
  async run(argv, environment) {
    const parsed = parseOptions(RESTORE_OPTIONS, argv, environmentOf(environment), 1)
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    const from = parsed.kind === 'wrong' ? undefined : parsed.words[0]
    if (parsed.kind === 'wrong' || from === undefined) {
      const wrong = parsed.kind === 'wrong' ? parsed.message : 'the backup to be restored is missing'
      complain(`${wrong} (longwire restore --help lists the options)`)
      return EXIT.USAGE
    }
    const { data, epoch: epochMin } = parsed.values
    try {
      const { epoch, replacedEpoch } = await restoreStore({ from, to: data, epochMin })
      const instead = replacedEpoch === 0 ? '' : `, in place of epoch ${replacedEpoch}`
      print(`${data}: restored from ${from} as epoch ${epoch}${instead}`)
      return EXIT.OK
    } catch (error) {
      return failed(error)
    }
  },
}

function help(): string {
  return [
    'longwire restore DIR [options]',
    '',
    'Makes a data folder of the backup DIR, in a new epoch: clients that have seen more than the backup holds start over',
    'from it, show nothing twice, and send again what they have not heard an answer to. The server must not be running.',
    '',
    optionHelp(RESTORE_OPTIONS),
    '',
    'Each restore of a store needs an epoch above all that it was ever served in. Known are those of the backup, of the store',
    'that is replaced, and of earlier restores of this backup (noted in DIR/restored). If a store of a higher epoch was served',
    'from a disk that is lost, name an epoch above it: longwire verify prints it, and every restore and backup does.',
    'Exit codes: 0 restored, 1 not restored (the data folder is as it was), 2 wrong options, 65 what was to be replaced or',
    'restored is damaged.',
  ].join('\n')
}
