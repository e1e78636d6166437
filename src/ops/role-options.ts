/** The options that let the halves of a node run apart: access nodes hold connections, logic nodes do the work on the store. */

import { isEveryInterface, LINK_PORT_DEFAULT, parseAddress, shownAddress } from './address.js'
import { list, NO_PORT, type OptionValues, oneOf, optionalText, portOrNone } from './command-options.js'

export const ROLE_OPTIONS = {
  role: oneOf(
    'all',
    ['all', 'access', 'logic'],
    'access: holds the connections of clients, and has the work done by logic nodes; logic: does the work on the store, for access nodes alone; all: both',
  ),
  logic: list(
    'HOST[:PORT],…',
    'addresses of logic nodes',
    'the logic nodes of an access node; may be repeated; on Redis it finds them by itself',
    given => {
      const address = parseAddress(given, LINK_PORT_DEFAULT)
      return address && shownAddress(address)
    },
  ),
  linkPort: portOrNone(
    NO_PORT,
    `where access nodes link with this node, for roles logic (there ${LINK_PORT_DEFAULT} by itself) and all; 0 takes any free port; not encrypted`,
  ),
  clusterSecretFile: optionalText(
    'FILE',
    'a path that does not begin with -',
    /^[^-]/,
    'a file with the secret by which access and logic nodes know each other, 16 characters or more; on Redis they have one by themselves',
  ),
} as const

type RoleConfig = Pick<OptionValues<typeof ROLE_OPTIONS>, 'role' | 'logic' | 'linkPort' | 'clusterSecretFile'> & {
  readonly redis: string
  readonly host: string
  readonly advertise: string
}

/** Says what is wrong with the options of roles together; undefined: nothing is. */
export function roleFault(config: RoleConfig): string | undefined {
  const { role, logic, linkPort, clusterSecretFile, redis, host, advertise } = config
  const onRedis = redis !== ''
  if (role !== 'access' && logic.length > 0) return '--logic is for --role access'
  if (role === 'access') {
    if (linkPort !== NO_PORT) return '--link-port is for --role logic and all: an access node opens its links itself'
    if (onRedis && logic.length > 0)
      return '--logic and --redis: on Redis the logic nodes are found there, leave --logic out'
    if (!onRedis && logic.length === 0)
      return '--role access needs --redis, or --logic with the addresses of logic nodes'
  }
  if (role === 'logic' && linkPort === NO_PORT)
    return '--link-port none is not for --role logic: access nodes could not link with it'
  const hasLinks = role !== 'all' || linkPort !== NO_PORT
  if (hasLinks && !onRedis && clusterSecretFile === '') {
    return `--role ${role}${role === 'all' ? ' with --link-port' : ''} needs --cluster-secret-file, unless it runs on --redis`
  }
  const takesLinks = hasLinks && role !== 'access'
  if (takesLinks && onRedis && isEveryInterface(host) && advertise === '') {
    return `links on --host ${host} need --advertise: the other nodes are told where to find this one`
  }
  if (!hasLinks && clusterSecretFile !== '') return '--cluster-secret-file needs --role access or logic, or --link-port'
  return undefined
}

/** The processes of a cluster on one machine. */
export interface NodeCounts {
  /** The nodes that work on the store. */
  readonly nodes: number
  /** The access nodes in front of them; 0: the nodes have clients themselves. */
  readonly access: number
}

/** An option that starts access and logic nodes in place of nodes that are both; '' for none. */
export const rolesOption = optionalText(
  'ACCESS+LOGIC',
  'two counts from 1 to 16 as in 2+3',
  /^([1-9]|1[0-6])\+([1-9]|1[0-6])$/,
  'so many access nodes, which have the clients, and logic nodes, which do the work on Redis, in place of --nodes that do both',
)

/** Says what is wrong with the options of counts together; undefined: nothing is. */
export function countsFault(given: ReadonlySet<string>): string | undefined {
  return given.has('roles') && given.has('nodes') ? '--roles takes the place of --nodes: leave it out' : undefined
}

/** The counts that --roles, or else --nodes, stands for. */
export function countsOf({ roles, nodes }: { readonly roles: string; readonly nodes: number }): NodeCounts {
  if (roles === '') return { nodes, access: 0 }
  const [access, logic] = roles.split('+').map(Number)
  return { nodes: logic ?? 0, access: access ?? 0 }
}
