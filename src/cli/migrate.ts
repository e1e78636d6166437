/** `longwire migrate`: moves a store from a data folder to Redis, or back, or from one Redis to another. */

import { commandClock } from '../lib/clock.js'
import { messageOf } from '../lib/error-message.js'
import { type OptionValues, optionHelp, parseOptions } from '../ops/command-options.js'
import { MIGRATE_OPTIONS } from '../ops/migrate-options.js'
import { StoreDamagedError } from '../store/errors.js'
import { StoreInUseError } from '../store/lmdb/errors.js'
import { sourceIn, targetIn } from '../store/lmdb/transfer.js'
import { addressText } from '../store/redis/address.js'
import { RedisOpenError, RedisUnreachableError } from '../store/redis/connect.js'
import { LostError, NotSentError } from '../store/redis/link.js'
import { sourceOn } from '../store/redis/transfer-source.js'
import { targetOn } from '../store/redis/transfer-target.js'
import { NodesRunningError } from '../store/redis/unused.js'
import { type MakeTarget, type OpenSource, type TransferProgress, transfer } from '../store/transfer.js'
import { cleanedUp } from './clean-up.js'
import { type Command, complain, EXIT, print } from './command.js'
import { ProgressLine } from './progress-line.js'
import { redisAddress } from './redis-address.js'

/** A place of a store, as an option names it. */
interface Place {
  /** The place for people, without a password. */
  readonly text: string
  readonly source: OpenSource
  readonly target: MakeTarget
}

const LMDB = 'lmdb:'

const INTERRUPTED = 'the migration is not finished, and the same command begins again'

export const migrate: Command = {
  options: MIGRATE_OPTIONS,
  async run(argv, environment) {
    const parsed = parseOptions(MIGRATE_OPTIONS, argv, environmentOf(environment))
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    const places = parsed.kind === 'wrong' ? parsed.message : placesIn(parsed.values)
    if (typeof places === 'string') {
      complain(`${places} (longwire migrate --help lists the options)`)
      return EXIT.USAGE
    }
    const [from, to] = places
    let isOpen = false
    const line = new ProgressLine(process.stderr, commandClock)
    const endLine = (): void => line.end()
    const beganMs = commandClock.monotonic()
    const onProgress = (progress: TransferProgress): void => {
      line.show(() => progressText(progress, commandClock.monotonic() - beganMs))
    }
    try {
      const { logs, entries } = await cleanedUp(endLine, INTERRUPTED, () =>
        from.source(source => {
          isOpen = true
          return to.target(source, target => transfer(source, target, commandClock, onProgress)).finally(endLine)
        }),
      )
      print(`${from.text} → ${to.text}: ${logs} timelines with ${entries} items, and all records`)
      print(
        `${from.text} is as it was. Serve only ${to.text} from now on: two servers would give out the same numbers.`,
      )
      return EXIT.OK
    } catch (error) {
      complain(complaintOf(error, isOpen ? to : from))
      return codeOf(error, isOpen)
    }
  },
}

function progressText({ records, logs, entries, bytes }: TransferProgress, ms: number): string {
  const mib = bytes / 2 ** 20
  const size = `${mib.toFixed(1)} MiB (${((1_000 * mib) / ms).toFixed(1)} MiB/s)`
  return `moved ${size}: ${records} records, ${logs} timelines, ${entries} items`
}

/** The two places; a text says what is wrong with them. */
function placesIn(values: OptionValues<typeof MIGRATE_OPTIONS>): readonly [from: Place, to: Place] | string {
  const { from, to } = values
  if (from === '' || to === '') return `--${from === '' ? 'from' : 'to'} is missing`
  if (from === to) return `--from and --to are both ${from.includes('@') ? 'the same' : from}`
  const isRedis = [from, to].some(place => !place.startsWith(LMDB))
  if (!isRedis) return '--from and --to are both folders: longwire backup and longwire restore copy one'
  try {
    return [placeIn('--from', from, values), placeIn('--to', to, values)]
  } catch (error) {
    return messageOf(error)
  }
}

/** @throws Error with one line for people if the URL or the file is wrong */
function placeIn(flag: string, place: string, values: OptionValues<typeof MIGRATE_OPTIONS>): Place {
  if (place.startsWith(LMDB)) {
    const folder = place.slice(LMDB.length)
    return { text: place, source: sourceIn(folder, commandClock), target: targetIn(folder) }
  }
  const { redisPasswordFile, redisReplicas } = values
  try {
    const address = redisAddress({ redis: place, redisPasswordFile })
    const replicas = redisReplicas < 0 ? undefined : redisReplicas
    return {
      text: `Redis at ${addressText(address)}`,
      source: sourceOn(address, commandClock),
      target: targetOn({ address, clock: commandClock, replicas }),
    }
  } catch (error) {
    throw new Error(messageOf(error).replace(/^--redis(?=[: ])/, flag), { cause: error })
  }
}

/** Says in one line what went wrong. @param place where, if the error does not say it */
function complaintOf(error: unknown, place: Place): string {
  const message = messageOf(error).replace(/^--redis: /, '')
  if (isOne(error, RedisUnreachableError)) return message
  if (message.startsWith('OOM ')) return `${place.text} is full: raise its maxmemory, and run the same command again`
  if (isOne(error, NotSentError, LostError)) return `${message}: run the same command again`
  return isOne(error, RedisOpenError) ? `${place.text}: ${message}` : message
}

function isOne(error: unknown, ...kinds: readonly (abstract new (...args: never[]) => Error)[]): boolean {
  return kinds.some(kind => error instanceof kind)
}

/** @param isOpen whether the source could be opened: otherwise the fault is not the target's */
function codeOf(error: unknown, isOpen: boolean): number {
  if (isOne(error, StoreDamagedError)) return EXIT.DAMAGED
  if (isOne(error, StoreInUseError, NodesRunningError)) return EXIT.IN_USE
  if (isOne(error, RedisUnreachableError, NotSentError, LostError)) return EXIT.UNREACHABLE
  return isOpen ? EXIT.NOT_MADE : EXIT.NO_SOURCE
}

/** Keeps only the options of this command: the other variables are the server's. */
function environmentOf(environment: Readonly<Record<string, string | undefined>>) {
  const { LONGWIRE_FROM, LONGWIRE_TO, LONGWIRE_REDIS_PASSWORD_FILE } = environment
  return { LONGWIRE_FROM, LONGWIRE_TO, LONGWIRE_REDIS_PASSWORD_FILE }
}

function help(): string {
  return [
    'longwire migrate --from PLACE --to PLACE [options]',
    '',
    'Moves a store: from a data folder to Redis, back, or from one Redis to another (also between a single one and a Cluster).',
    'All servers must be stopped. Users, sessions, versions and what waits in outboxes stay as they are: clients notice',
    'nothing. The source is only read. If it is interrupted, nobody can use the target; the same command begins again.',
    'Standard error shows how much has moved.',
    '',
    optionHelp(MIGRATE_OPTIONS),
    '',
    'A URL with a password may stand in the environment: LONGWIRE_FROM, LONGWIRE_TO.',
    'Exit codes: 0 moved, 1 ended by a signal, 2 wrong options, 65 the source is damaged, 66 it holds no store that can be',
    'read, 69 Redis does not answer, 73 the target holds something or cannot be made, 75 a server uses one of the two.',
  ].join('\n')
}
