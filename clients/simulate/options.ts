/** The options of `longwire simulate`, and the settings that are made of them. */

import { readFileSync } from 'node:fs'
import { GROUP_MEMBERS_MAX, GROUPS_MAX, ROOMS_OWNED_MAX } from '../../protocol/limits.js'
import { messageOf } from '../../src/lib/error-message.js'
import { systemRandom } from '../../src/lib/random.js'
import {
  address,
  HTTP_PORT_DEFAULT,
  httpPortOf,
  LONG_PORT_DEFAULT,
  parseAddress,
  type ServerAddress,
} from '../../src/ops/address.js'
import { flag, integer, type NotParsed, type Option, oneOf, parseOptions, text } from '../../src/ops/command-options.js'
import { descriptorPlan } from '../../src/ops/descriptors.js'
import { TRANSPORTS } from '../../src/ops/dial.js'
import { descriptorsMax } from '../../src/ops/process-figures.js'
import { REPLICAS_OPTION, replicasFault } from '../../src/ops/redis-options.js'
import { countsFault, rolesOption } from '../../src/ops/role-options.js'
import { DEVICES_MAX } from '../../src/sync/rules/records.js'
import { BOARD_LISTENERS } from './board-opening.js'
import type { KillTarget } from './cluster-process.js'
import { numberedTexts, readTexts, type Texts } from './texts.js'

/** Clients and their sockets live in one process, and 20 000 descriptors is what many machines give to one. */
export const CLIENTS_MAX = 15_000

/** Sockets of one client over HTTP: a poll, what has a number, and a look-up or a pull. */
const REQUESTS_AT_ONCE = 3

export const SIMULATE_OPTIONS = {
  users: integer(100, 2, CLIENTS_MAX, 'COUNT', 'the number of people; users × devices is at most 15000'),
  friends: integer(10, 1, CLIENTS_MAX - 1, 'COUNT', 'the number of friends of each person; fewer than users'),
  messages: integer(5, 1, 1_000_000, 'COUNT', 'the number of messages that each person sends to each friend'),
  groups: integer(
    0,
    0,
    100_000,
    'COUNT',
    'the number of groups, of random people; their messages go beside the others',
  ),
  groupSize: integer(10, 2, GROUP_MEMBERS_MAX, 'COUNT', 'the members of each group; not more than users'),
  groupMessages: integer(
    5,
    1,
    1_000_000,
    'COUNT',
    'the number of messages that each member sends to each of its groups',
  ),
  churn: flag('while messages go, members of groups leave or are removed, and come back by invitation'),
  recalls: integer(
    0,
    0,
    100,
    'PERCENT',
    'the share of the messages to groups that their authors take back at once; nothing of them may be left anywhere',
  ),
  boards: integer(
    0,
    0,
    100_000,
    'COUNT',
    'the number of boards, each with 10 random listeners (or all users), of whom 3 post, each as often as --messages says',
  ),
  devices: integer(1, 1, 100, 'COUNT', 'devices per person: all of them send, and all must show everything'),
  text: text('', 'FILE', 'take the texts from the lines of this file (UTF-8) in place of short numbered ones'),
  transport: oneOf(
    'tcp',
    [...TRANSPORTS, 'mixed'],
    'the transport of the clients; mixed: devices use different ones, and change to another now and then',
  ),
  store: oneOf(
    'lmdb',
    ['lmdb', 'memory', 'redis', 'redis-cluster'],
    'the store of the servers that are started, on a fresh temporary folder; with redis-cluster three primaries with a replica each',
  ),
  nodes: integer(1, 1, 16, 'COUNT', 'the servers that are started, with --store redis or redis-cluster'),
  roles: rolesOption,
  redisReplicas: REPLICAS_OPTION,
  kill: oneOf('nodes', ['nodes', 'redis', 'both'], 'what --kill-every kills: a server, a process of Redis, or either'),
  server: address('', LONG_PORT_DEFAULT, 'send to this server in place of starting one (port 8081 if none is named)'),
  httpPort: integer(
    HTTP_PORT_DEFAULT,
    1,
    65_535,
    'PORT',
    'the port for ws and http of the server that --server names; not given: its own, if that is not 8081',
  ),
  killEvery: seconds(
    'the mean time between two kills of the server (SIGKILL); it starts again on the same data and port; 0: never',
  ),
  cutLinksEvery: seconds(
    'the mean time between two cuts of connections at a server of Redis: those of nodes, or between primary and replica; 0: never',
  ),
  dropEvery: seconds('the mean time between two cuts of some random connections, without telling the server; 0: never'),
  seed: integer(
    -1,
    -1,
    Number.MAX_SAFE_INTEGER,
    'NUMBER',
    'the seed of the graph, the order of things and the faults; -1 draws one',
  ),
  json: flag('show no progress on standard error'),
} as const

export interface Settings {
  readonly users: number
  readonly friends: number
  readonly messages: number
  readonly groups: number
  readonly groupSize: number
  /** Messages by each member of each group. */
  readonly groupMessages: number
  readonly churn: boolean
  /** The percentage of the messages to groups that are taken back. */
  readonly recalls: number
  readonly boards: number
  readonly devices: number
  readonly texts: Texts
  readonly transport: 'tcp' | 'ws' | 'http' | 'mixed'
  readonly store: 'lmdb' | 'memory' | 'redis' | 'redis-cluster'
  readonly nodes: number
  /** The counts of access and logic nodes, as 2+2; '': the nodes are both. */
  readonly roles: string
  readonly redisReplicas: number
  readonly kill: KillTarget
  /** The server to use; undefined: one is started. */
  readonly server: ServerAddress | undefined
  readonly httpPort: number
  /** Seconds; 0: never. */
  readonly killEvery: number
  readonly cutLinksEvery: number
  readonly dropEvery: number
  readonly seed: number
  readonly json: boolean
}

export type ParsedSettings = { readonly kind: 'settings'; readonly settings: Settings } | NotParsed

/** Reads the file of --text. */
export function parseSettings(argv: readonly string[]): ParsedSettings {
  const parsed = parseOptions(SIMULATE_OPTIONS, argv)
  if (parsed.kind !== 'options') return parsed
  const { values } = parsed
  const wrong = countsFault(parsed.given) ?? contradiction(values)
  if (wrong !== undefined) return { kind: 'wrong', message: wrong }
  let texts: Texts
  try {
    texts = values.text === '' ? numberedTexts(values.messages) : readTexts(readFileSync(values.text))
  } catch (error) {
    return {
      kind: 'wrong',
      message: `--text ${values.text}: ${messageOf(error)}`,
    }
  }
  // Six digits, so that people can say it to each other.
  const seed = values.seed >= 0 ? values.seed : systemRandom.integer(1_000_000)
  const server = parseAddress(values.server, LONG_PORT_DEFAULT)
  const httpPort = server === undefined ? values.httpPort : httpPortOf(server, values.httpPort)
  return { kind: 'settings', settings: Object.freeze({ ...values, texts, server, httpPort, seed }) }
}

function contradiction(values: {
  readonly users: number
  readonly groups: number
  readonly groupSize: number
  readonly churn: boolean
  readonly recalls: number
  readonly boards: number
  readonly friends: number
  readonly devices: number
  readonly transport: string
  readonly store: string
  readonly server: string
  readonly killEvery: number
  readonly cutLinksEvery: number
  readonly redisReplicas: number
  readonly nodes: number
  readonly roles: string
  readonly kill: string
}): string | undefined {
  const { users, friends, devices, transport, store, server, killEvery, nodes, roles, kill } = values
  const onRedis = store === 'redis' || store === 'redis-cluster'
  if (nodes > 1 && !onRedis) return '--nodes above 1 needs --store redis or redis-cluster'
  if (roles !== '' && !onRedis) return '--roles needs --store redis or redis-cluster'
  if (values.cutLinksEvery > 0 && !onRedis) return '--cut-links-every needs --store redis or redis-cluster'
  if (values.redisReplicas >= 0 && !onRedis) return '--redis-replicas needs --store redis or redis-cluster'
  const tooMany = replicasFault(values.redisReplicas, store === 'redis-cluster')
  if (tooMany !== undefined) return tooMany
  if (kill !== 'nodes' && !onRedis) return `--kill ${kill} needs --store redis or redis-cluster`
  const groups = groupsFault(values) ?? boardsFault(values)
  if (groups !== undefined) return groups
  if (friends >= users) return `--friends must be fewer than --users, not ${friends} of ${users}`
  const each = transport === 'http' || transport === 'mixed' ? REQUESTS_AT_ONCE : 1
  const clientsMax = Math.min(CLIENTS_MAX, Math.floor(descriptorsLeft() / each))
  if (users * devices > clientsMax) {
    return `--users × --devices must be at most ${clientsMax}, not ${users * devices}: all clients are in one process, which may open no more files`
  }
  if (killEvery > 0 && store === 'memory')
    return '--kill-every needs --store lmdb: a killed server of memory has nothing left'
  if (killEvery > 0 && server !== '') return '--kill-every cannot kill the server that --server names'
  return undefined
}

type GroupSettings = Pick<Settings, 'users' | 'groups' | 'groupSize' | 'churn' | 'recalls' | 'devices'>

function groupsFault({ users, groups, groupSize, churn, recalls, devices }: GroupSettings): string | undefined {
  if (groups === 0 && churn) return '--churn needs --groups'
  if (groups === 0) return recalls > 0 ? '--recalls needs --groups' : undefined
  if (groupSize > users) return `--group-size must be at most --users, not ${groupSize} of ${users}`
  if (recalls > 0 && devices >= DEVICES_MAX)
    return `--recalls needs --devices below ${DEVICES_MAX}: everybody signs in on one more at the end`
  const each = Math.ceil((groups * groupSize) / users)
  return each > GROUPS_MAX
    ? `a user is in at most ${GROUPS_MAX} groups, not ${each}: fewer --groups, or more --users`
    : undefined
}

function boardsFault({ users, boards }: Pick<Settings, 'users' | 'boards'>): string | undefined {
  const each = Math.ceil((boards * Math.min(BOARD_LISTENERS, users)) / users)
  return each > ROOMS_OWNED_MAX
    ? `a user listens to at most ${ROOMS_OWNED_MAX} boards here, for all may be the own ones, not to ${each}: fewer --boards, or more --users`
    : undefined
}

/** Connections that this process may open: as many as a server here may take, for it runs under the same limit. */
function descriptorsLeft(): number {
  return descriptorPlan(descriptorsMax(), 0).connectionsMax
}

/** A positive number of seconds; off by default. */
function seconds(why: string): Option<number> {
  return {
    default: 0,
    value: 'SECONDS',
    range: 'a number of seconds from 0.1 to 86400, or 0 for never',
    why,
    parse(given) {
      const value = /^\d{1,5}(\.\d{1,3})?$/.test(given) ? Number(given) : Number.NaN
      return value === 0 || (value >= 0.1 && value <= 86_400) ? value : undefined
    },
  }
}
