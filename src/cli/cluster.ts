/** `longwire cluster`: redis-server and several nodes on this machine, for a first look and for work on Longwire. */

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { keepAlive, systemClock } from '../lib/clock.js'
import { messageOf } from '../lib/error-message.js'
import { LONG_PORT_DEFAULT } from '../ops/address.js'
import { flag, integer, optionHelp, parseOptions, text } from '../ops/command-options.js'
import { CONTACT_OPTIONS, contactsFault } from '../ops/contact-options.js'
import { REPLICAS_OPTION, replicasFault } from '../ops/redis-options.js'
import { countsFault, countsOf, rolesOption } from '../ops/role-options.js'
import { lockFolder } from '../store/lmdb/lock.js'
import { LocalCluster } from './cluster/run.js'
import { type Command, complain, EXIT, print } from './command.js'
import { endingSignal } from './ending-signal.js'

const OPTIONS = {
  nodes: integer(2, 1, 16, 'COUNT', 'the number of nodes'),
  roles: rolesOption,
  port: integer(
    LONG_PORT_DEFAULT,
    0,
    65_000,
    'PORT',
    'the port of the first node with clients; the others have the next ones; 0: free ones',
  ),
  redisCluster: flag('a Redis Cluster of 3 primaries with a replica each, in place of one Redis'),
  redisPort: integer(6400, 1_024, 55_000, 'PORT', 'the port of the first redis-server; the others have the next ones'),
  data: text('./data-cluster', 'FOLDER', 'the folder with the data of Redis, made if it is not there'),
  eventsFd: integer(
    -1,
    -1,
    1_023,
    'FD',
    'for programs: a line of JSON (kind, number, port, pid) on this descriptor for each process that has started, at first or again; -1: off',
  ),
  redisReplicas: REPLICAS_OPTION,
  ...CONTACT_OPTIONS,
  openLimits: flag('no limits on what anybody does, and cheap password hashing, for load tests'),
} as const

/** Its nodes run it again. It is as far from here when this is part of a bundle. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

const HOW_TO_GET = 'Debian and Ubuntu: apt-get install redis-server; macOS: brew install redis'

export const cluster: Command = {
  options: OPTIONS,
  async run(argv, environment) {
    const parsed = parseOptions(OPTIONS, argv, { LONGWIRE_DATA: environment.LONGWIRE_DATA })
    if (parsed.kind === 'help') {
      print(help())
      return EXIT.OK
    }
    if (parsed.kind === 'wrong') {
      complain(`${parsed.message} (longwire cluster --help lists the options)`)
      return EXIT.USAGE
    }
    const { redisReplicas } = parsed.values
    const replicasWrong = replicasFault(redisReplicas, parsed.values.redisCluster)
    const fault = countsFault(parsed.given) ?? replicasWrong ?? contactsFault(parsed.values)
    if (fault !== undefined) {
      complain(fault)
      return EXIT.USAGE
    }
    const { version, error } = redisServer()
    if (error !== undefined) {
      complain(error)
      return EXIT.FAILED
    }
    const { data, port, redisPort, redisCluster, openLimits, eventsFd, contacts, contactsChange } = parsed.values
    const alive = keepAlive()
    try {
      fs.mkdirSync(data, { recursive: true, mode: 0o700 })
      const lock = await lockFolder(data)
      const replicas = ['--redis-replicas', String(redisReplicas)]
      const serve = [...replicas, ...(openLimits ? ['--limits', 'open'] : [])]
      const logic = ['--contacts', contacts, ...(contactsChange ? ['--contacts-change'] : [])]
      const places = { main: MAIN, folder: data, port, redisPort, redisCluster }
      const settings = { ...places, ...countsOf(parsed.values), serve, logic }
      const local = new LocalCluster(settings, systemClock, complain, started => {
        if (eventsFd >= 0) fs.writeSync(eventsFd, `${JSON.stringify(started)}\n`)
      })
      try {
        return await runUntilSignal(local, `redis-server ${version}, data in ${data}`)
      } finally {
        await lock.release()
      }
    } catch (error) {
      complain(messageOf(error))
      return EXIT.FAILED
    } finally {
      alive.cancel()
    }
  },
}

async function runUntilSignal(local: LocalCluster, what: string): Promise<number> {
  const abandon = (): void => local.kill()
  process.on('exit', abandon)
  const ended = endingSignal(['SIGINT', 'SIGTERM', 'SIGHUP']).then(() => undefined)
  let status: number = EXIT.OK
  try {
    const started = await Promise.race([local.start(), ended])
    if (started !== undefined) {
      print(`store        ${what}`)
      const npx = process.env.npm_lifecycle_event === undefined ? '' : 'npx '
      for (const { number, port } of started) {
        print(`node ${number}       web page at http://127.0.0.1:${port}/`)
        print(`node ${number}       ${npx}longwire chat --account NAME --server 127.0.0.1:${port} --http-port ${port}`)
      }
      const damage = await Promise.race([ended, local.damage])
      if (damage !== undefined) {
        complain(damage)
        status = EXIT.DAMAGED
      }
    }
    print('ending       the nodes, then Redis')
    await local.end()
    return status
  } catch (error) {
    await local.end()
    throw error
  } finally {
    process.off('exit', abandon)
  }
}

function redisServer(): { readonly version: string; readonly error: string | undefined } {
  const { stdout, error } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  const version = /v=(\d+)\.(\S+)/.exec(stdout ?? '')
  if (error !== undefined || version === null) {
    return { version: '', error: `redis-server is not installed here, version 7 or newer (${HOW_TO_GET})` }
  }
  const [, major = '', rest = ''] = version
  if (Number(major) < 7)
    return { version: '', error: `redis-server ${major}.${rest} is too old: version 7 or newer (${HOW_TO_GET})` }
  return { version: `${major}.${rest}`, error: undefined }
}

function help(): string {
  return [
    'longwire cluster [options]',
    '',
    'Runs redis-server and several nodes on this machine, and prints a line for a chat at each node. What one writes at',
    'one node arrives at the other. SIGINT or SIGTERM ends all; a second one, at least 0.3 s later, at once. The data stay in the',
    'folder, and the next run goes on with them. A process that ends by itself is started again.',
    '',
    optionHelp(OPTIONS),
    '',
    'All listens on 127.0.0.1 only. For real machines: longwire serve --redis URL on each.',
    'Exit codes: 0 ended, 1 could not start, 2 wrong options.',
  ].join('\n')
}
