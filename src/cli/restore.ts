/** `longwire restore`: makes a store from a backup. */

import { commandClock } from '../lib/clock.js'
import { RESTORE_OPTIONS } from '../ops/backup-options.js'
import { type OptionValues, optionHelp, parseOptions } from '../ops/command-options.js'
import { restore as restoreStore } from '../store/lmdb/restore.js'
import { addressText } from '../store/redis/address.js'
import { type Command, complain, EXIT, failed, print } from './command.js'
import { storeAddress, storeOf } from './redis-address.js'

export const restore: Command = {
  options: RESTORE_OPTIONS,
  async run(argv, environment) {
    const parsed = parseOptions(RESTORE_OPTIONS, argv, storeOf(environment), 1)
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    const act = parsed.kind === 'wrong' ? parsed.message : actIn(parsed.values, parsed.words[0])
    if (typeof act === 'string') {
      complain(`${act} (longwire restore --help lists the options)`)
      return EXIT.USAGE
    }
    try {
      print(await act())
      return EXIT.OK
    } catch (error) {
      return failed(error)
    }
  },
}

/** The restore that is asked for: it says in one line what it has done. A text says what is wrong. */
function actIn(
  values: OptionValues<typeof RESTORE_OPTIONS>,
  from: string | undefined,
): string | (() => Promise<string>) {
  const { data, epoch: epochMin, redisReplicas } = values
  const address = storeAddress(values, RESTORE_OPTIONS.data.default)
  if (typeof address === 'string') return address
  if (address === undefined) {
    if (redisReplicas >= 0) return '--redis-replicas needs --redis'
    return from === undefined ? 'the backup to be restored is missing' : () => restored(from, data, epochMin)
  }
  if (from !== undefined) return `--redis takes no ${from}: put the files of the backup back first (docs/redis.md)`
  const replicas = redisReplicas < 0 ? undefined : redisReplicas
  return async () => {
    const { beginEpoch } = await import('../store/redis/restored.js')
    const epoch = await beginEpoch({ address, clock: commandClock, replicas }, epochMin)
    if (epochMin === 0) complain(withoutEpoch(epoch))
    return `Redis at ${addressText(address)}: epoch ${epoch}`
  }
}

/** The files of Redis do not know which epochs were used after the backup. */
function withoutEpoch(epoch: number): string {
  return (
    `WARNING: no --epoch was named, and nothing here tells which epochs were used since the backup. If longwire nodes has shown ${epoch} ` +
    'or more, uids and versions are given out twice: run it again with --epoch above that, before a server starts'
  )
}

async function restored(from: string, data: string, epochMin: number): Promise<string> {
  const { epoch, replacedEpoch } = await restoreStore({ from, to: data, epochMin })
  const instead = replacedEpoch === 0 ? '' : `, in place of epoch ${replacedEpoch}`
  return `${data}: restored from ${from} as epoch ${epoch}${instead}`
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
    '',
    'longwire restore --redis URL begins the new epoch on a Redis whose files were put back (docs/redis.md). Name one above all',
    'that longwire nodes has shown: each start and failover of Redis since the backup may have used one. Without --epoch it is',
    'the next one after the backup, with a warning. No server may be running.',
    'Exit codes: 0 restored, 1 not restored (the data folder is as it was), 2 wrong options, 65 what was to be replaced or',
    'restored is damaged.',
  ].join('\n')
}
