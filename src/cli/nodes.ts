/** `longwire nodes`: shows the nodes and the primaries of a Redis, and says whether a person is needed. */

import { commandClock, pause } from '../lib/clock.js'
import { messageOf } from '../lib/error-message.js'
import { flag, type OptionValues, optionHelp, parseOptions } from '../ops/command-options.js'
import { REDIS_OPTIONS } from '../ops/redis-options.js'
import type { RedisAddress } from '../store/redis/address.js'
import { RedisWatcher } from '../store/redis/look.js'
import { type Command, complain, EXIT, failed, print } from './command.js'
import { clusterText, NEEDS_HELP, type ShownCluster, shownCluster, unreachable } from './nodes-page.js'
import { redisAddress } from './redis-address.js'

const OPTIONS = {
  ...REDIS_OPTIONS,
  watch: flag('looks again every second, until it is ended'),
  json: flag('one line of JSON for each look: nodes, primaries, needs (docs/json.md)'),
} as const

const LOOK_MS = 1_000
/** Moves to the top of a terminal and clears it. */
const CLEAR = '\u001b[H\u001b[2J'

export const nodes: Command = {
  options: OPTIONS,
  async run(argv, environment) {
    const parsed = parseOptions(OPTIONS, argv, environmentOf(environment))
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    const address = parsed.kind === 'wrong' ? parsed.message : addressIn(parsed.values)
    if (parsed.kind === 'wrong' || typeof address === 'string') {
      complain(`${address} (longwire nodes --help lists the options)`)
      return EXIT.USAGE
    }
    const { watch, json } = parsed.values
    try {
      const watcher = await RedisWatcher.connect(address, commandClock)
      const look = async (): Promise<ShownCluster> => {
        const shown = shownCluster(await watcher.look())
        print(json ? JSON.stringify(shown) : `${watch && process.stdout.isTTY ? CLEAR : ''}${clusterText(shown)}`)
        return shown
      }
      let { needs } = await look()
      while (watch) {
        await pause(commandClock, LOOK_MS)
        needs = (await look()).needs
      }
      await watcher.close()
      return needs.length === 0 ? EXIT.OK : EXIT.FAILED
    } catch (error) {
      if (json) print(JSON.stringify(unreachable(messageOf(error))))
      return failed(error)
    }
  },
}

/** The address of Redis; a text says what is wrong with it. */
function addressIn(values: OptionValues<typeof OPTIONS>): RedisAddress | string {
  if (values.redis === '') return '--redis is missing'
  try {
    return redisAddress(values)
  } catch (error) {
    return messageOf(error)
  }
}

/** Keeps only Redis of the environment: the other variables are the server's. */
function environmentOf(environment: Readonly<Record<string, string | undefined>>) {
  const { LONGWIRE_REDIS, LONGWIRE_REDIS_PASSWORD_FILE } = environment
  return { LONGWIRE_REDIS, LONGWIRE_REDIS_PASSWORD_FILE }
}

function help(): string {
  return [
    'longwire nodes --redis URL [options]',
    '',
    'Shows each node on this Redis: address, role, revision, connections, messages a second, times of commits, conflicts with',
    'other nodes, and how far its clock is ahead of that of Redis; and each primary: partitions, epoch, replicas linked,',
    'memory, and what waits in outboxes. It opens no store and changes nothing.',
    '',
    optionHelp(OPTIONS),
    '',
    'A person is needed if',
    ...NEEDS_HELP,
    '',
    'Exit codes: 0 all is well, 1 a person is needed or Redis cannot be reached, 2 wrong options.',
  ].join('\n')
}
