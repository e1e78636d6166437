/** The options of `longwire serve`, and the configuration that is made of them. */

import { isIP } from 'node:net'
import { ENDPOINT_URL_BYTES_MAX } from '../../protocol/limits.js'
import { isAddressOrNetwork } from '../lib/network.js'
import {
  HTTP_PORT_DEFAULT,
  isEveryInterface,
  LINK_PORT_DEFAULT,
  LONG_PORT_DEFAULT,
  optionalAddress,
} from './address.js'
import {
  flag,
  flagOf,
  integer,
  list,
  NO_PORT,
  type NotParsed,
  type Option,
  type OptionValues,
  oneOf,
  PORT_MAX,
  parseOptions,
  portOrNone,
  text,
} from './command-options.js'
import { CONTACT_OPTIONS, contactsFault } from './contact-options.js'
import { LOG_LEVELS } from './log.js'
import { LIMIT_NAMES, parseLimitSettings, unknownLimit } from './rate-limits-table.js'
import { REDIS_OPTIONS, REPLICAS_OPTION } from './redis-options.js'
import { ROLE_OPTIONS, roleFault } from './role-options.js'

export const SERVE_OPTIONS = {
  host: text('127.0.0.1', 'ADDRESS', 'where both sides listen; 0.0.0.0 or :: for every interface (then unencrypted)'),
  port: portOrNone(LONG_PORT_DEFAULT, 'the long side, TCP (and all else); 0 takes any free port; none: one port'),
  httpPort: portOrNone(HTTP_PORT_DEFAULT, 'the short side, HTTP (and all else); 0 takes any free port; none: one port'),
  allowOrigin: list(
    'ORIGIN,…',
    'origins as browsers write them, such as https://chat.example.org',
    'the origins whose pages may use the short side; may be repeated; programs and apps need none',
    text => (isOrigin(text) ? text : undefined),
  ),
  store: oneOf(
    'lmdb',
    ['lmdb', 'memory'],
    'lmdb keeps everything on disk; memory forgets it all at the end; with --redis neither is used',
  ),
  data: text('./data', 'FOLDER', 'the data folder of the store lmdb, made if it is not there'),
  ...REDIS_OPTIONS,
  redisReplicas: REPLICAS_OPTION,
  advertise: optionalAddress(
    'the address at which clients reach this node by TCP, unencrypted. The other nodes on Redis send clients there; without it they send none. `longwire nodes` shows it',
  ),
  advertiseUrl: {
    default: '',
    value: 'URL',
    range:
      'http://HOST or https://HOST, maybe with a port and a path, without user, query and fragment; at most 512 bytes',
    why: 'the same for HTTP and WebSocket, such as https://node1.chat.example; not given: http:// and --advertise',
    parse: given => (given === '' || isServerUrl(given) ? given : undefined),
  } satisfies Option<string> as Option<string>,
  ...ROLE_OPTIONS,
  requireDurable: flag('a Redis is refused that does not promise to have synced a write to its disk before it answers'),
  freeSpace: integer(
    64,
    16,
    1_000_000,
    'MIB',
    'the least free space on the disk of the data folder: below it writes are refused (STORE_FULL) and reads go on; below twice as much new accounts are refused',
  ),
  retentionDays: integer(30, 1, 36_500, 'DAYS', 'messages older than this may be removed from the server'),
  retentionItems: integer(
    100_000,
    0,
    1_000_000_000,
    'COUNT',
    "the number of newest messages of each user's timeline that stay, however old they are",
  ),
  retentionBytes: integer(
    2 ** 30,
    0,
    2 ** 50,
    'BYTES',
    "the most bytes of messages in each user's timeline; the oldest ones beyond it are removed, however young they are; 0: no bound",
  ),
  ...CONTACT_OPTIONS,
  limits: oneOf(
    'normal',
    ['normal', 'open'],
    'open: no limits on what anybody does, and cheap password hashing, for load tests; loopback only',
  ),
  setLimits: limitSettings(
    'rates in place of the usual ones, as NAME=AMOUNT/UNIT+BURST (60/h+100) or NAME=off, separated by commas; docs/limits.md has the names',
  ),
  trustProxy: list(
    'ADDRESS,…',
    'addresses or networks, such as 10.0.0.0/8 or 2001:db8::7',
    'proxies whose X-Forwarded-For (and PROXY header, see below) is believed; nobody else is believed',
    entry => (isAddressOrNetwork(entry) ? entry : undefined),
  ),
  proxyProtocol: flag('connections from --trust-proxy to --port begin with a PROXY header, version 1 or 2'),
  maxConnections: integer(
    0,
    0,
    10_000_000,
    'COUNT',
    'connections in total; 0 or too many: as many as the process may have descriptors, less 256 that it keeps for itself (fewer if it may have few)',
  ),
  maxConnectionsPerAddress: integer(
    1024,
    1,
    10_000_000,
    'COUNT',
    'connections from one IPv4 address or IPv6 /64; a carrier puts some hundred phones behind one',
  ),
  httpIdleMs: integer(
    75_000,
    1_000,
    3_600_000,
    'MS',
    'how long an HTTP connection is kept between two requests; set it longer than the proxy in front of the server keeps its connections',
  ),
  noWeb: flag('the web client is not served at /: for servers whose users have other apps alone'),
  metricsPort: integer(
    -1,
    -1,
    PORT_MAX,
    'PORT',
    'a port for /metrics, /readyz and /healthz alone; 0 takes any free one; -1: /metrics is on the short side, for this machine only',
  ),
  metricsHost: text('127.0.0.1', 'ADDRESS', 'where --metrics-port listens; whoever can reach it may read it'),
  readyMs: integer(
    5_000,
    100,
    60_000,
    'MS',
    'how long /readyz waits for its message before it says no: three writes to the disk, one after the other',
  ),
  drainMs: integer(
    5_000,
    0,
    600_000,
    'MS',
    'on SIGTERM: the time over which clients go to other nodes, or are told to come back, at random; also the longest wait for requests under way',
  ),
  logLevel: oneOf('info', LOG_LEVELS, 'the least urgent lines that are written to standard error, as JSON'),
  readyFd: integer(
    -1,
    -1,
    1_023,
    'FD',
    'when the server listens, it writes one line of JSON (host, port, http_port, metrics_port if there is one, pid, store) to this descriptor and closes it; -1: off',
  ),
} as const

export type Config = OptionValues<typeof SERVE_OPTIONS>

export type ParsedConfig =
  /** `skipped`: variables of the environment that Kubernetes has set, and that are no options. */
  { readonly kind: 'config'; readonly config: Config; readonly skipped: readonly string[] } | NotParsed

export function parseConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedConfig {
  const parsed = parseOptions(SERVE_OPTIONS, argv, environment)
  if (parsed.kind !== 'options') return parsed
  const { given } = parsed
  const config = given.has('linkPort') ? parsed.values : withLinkPort(parsed.values)
  if (config.limits === 'open' && !isLoopback(config.host)) {
    return { kind: 'wrong', message: `--limits open is only taken on loopback, not on --host ${config.host}` }
  }
  if (config.proxyProtocol && config.trustProxy.length === 0) {
    return { kind: 'wrong', message: '--proxy-protocol needs --trust-proxy: otherwise anybody could claim any address' }
  }
  if (config.proxyProtocol && config.port === NO_PORT) {
    return { kind: 'wrong', message: '--proxy-protocol is about --port, which is none' }
  }
  if (config.port === NO_PORT && config.httpPort === NO_PORT) {
    return { kind: 'wrong', message: '--port and --http-port are both none: nobody could connect' }
  }
  if (config.redis !== '' && (given.has('store') || given.has('data'))) {
    return { kind: 'wrong', message: '--redis takes the place of --store and --data: leave them out' }
  }
  if (config.redis === '' && (config.redisPasswordFile !== '' || config.redisReplicas >= 0 || config.requireDurable)) {
    return { kind: 'wrong', message: '--redis-password-file, --redis-replicas and --require-durable need --redis' }
  }
  const useless = config.role === 'access' ? OF_STORES.find(name => given.has(name)) : undefined
  if (useless !== undefined) {
    return { kind: 'wrong', message: `${flagOf(useless)} is for nodes with a store: --role access has none` }
  }
  const fault = roleFault(config) ?? contactsFault(config)
  if (fault !== undefined) return { kind: 'wrong', message: fault }
  const ports = {
    '--link-port': config.linkPort,
    '--port': config.port,
    '--http-port': config.httpPort,
    '--metrics-port': config.metricsPort,
  }
  for (const [name, port] of Object.entries(ports)) {
    const [same = name] = Object.entries(ports).find(([, other]) => other === port) ?? []
    if (port > 0 && same !== name) return { kind: 'wrong', message: `${same} and ${name} are both ${port}` }
  }
  return { kind: 'config', config, skipped: parsed.skipped }
}

/** The options that have no effect on a node that does no work on a store. */
const OF_STORES: readonly (keyof Config)[] = [
  'store',
  'data',
  'freeSpace',
  'contacts',
  'contactsChange',
  'retentionDays',
  'retentionItems',
  'retentionBytes',
]

/** Gives a logic node its port for links: it has one unless it is told otherwise. */
function withLinkPort(config: Config): Config {
  return config.role === 'logic' ? Object.freeze({ ...config, linkPort: LINK_PORT_DEFAULT }) : config
}

/** Whether clients take it for the address of a server: PROTOCOL.md, 14.2. */
function isServerUrl(text: string): boolean {
  try {
    const { protocol, hostname, username, password, search, hash } = new URL(text)
    const isPlain =
      `${username}${password}${search}${hash}` === '' && !/[?#@]/.test(text) && !isEveryInterface(hostname)
    return isPlain && /^https?:$/.test(protocol) && Buffer.byteLength(text) <= ENDPOINT_URL_BYTES_MAX
  } catch {
    return false
  }
}

/** Scheme, host and maybe a port, in the form in which a browser names it: nothing else would ever match. */
function isOrigin(text: string): boolean {
  try {
    return /^[a-z][a-z0-9+.-]*:\/\/[^*]*$/.test(text) && (new URL(text).origin === text || isAppOrigin(text))
  } catch {
    return false
  }
}

/** Tells the origins of apps that show pages of their own (capacitor://localhost): URL knows no origin for them. */
function isAppOrigin(text: string): boolean {
  const { protocol, host, origin } = new URL(text)
  return origin === 'null' && host !== '' && text === `${protocol}//${host}`
}

/** The text, once it is known to be right: parseLimitSettings() reads it. */
function limitSettings(why: string): Option<string> {
  return {
    default: '',
    value: 'LIMITS',
    range: 'NAME=AMOUNT/UNIT+BURST or NAME=off, separated by commas (UNIT: s, min or h; names: docs/limits.md)',
    why,
    parse: given => (parseLimitSettings(given) === undefined ? undefined : given),
    fault(given) {
      const unknown = unknownLimit(given)
      if (unknown === undefined) return undefined
      return `there is no limit ${JSON.stringify(unknown)}; the limits are ${LIMIT_NAMES.join(', ')}`
    },
  }
}

/** Whether only this machine can reach it. A name other than localhost may point anywhere. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}
