/** The parts of a server by its role: a node with a store, or one that logic nodes work for. */

import type { Member } from '../cluster/members.js'
import { type ClientEntry, FORMS } from '../cluster/node-status.js'
import type { Connection } from '../connection/connection.js'
import type { Hub } from '../connection/hub.js'
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import { endOfTurn } from '../lib/turn.js'
import { batchIn, LinkNetwork } from '../link/link-network.js'
import { LinkServer } from '../link/link-server.js'
import { LinkListener, tcpDialer } from '../link/link-sockets.js'
import { LogicLinks } from '../link/logic-links.js'
import { loopDialer } from '../link/loop.js'
import { AccessNode } from '../node/access-node.js'
import { figuresOf, remoteFiguresOf } from '../node/figures.js'
import { Membership, newName } from '../node/membership.js'
import { Node } from '../node/node.js'
import type { NodeOptions, NodeSettings } from '../node/options.js'
import type { ServingNode } from '../node/serving-node.js'
import { LONG_PORT_DEFAULT, parseAddress, shownAddress } from '../ops/address.js'
import { NO_PORT } from '../ops/command-options.js'
import type { Config } from '../ops/config.js'
import type { Log } from '../ops/log.js'
import type { MetricSources } from '../ops/metrics.js'
import { zeroWindows } from '../ops/zero-windows.js'
import { CHEAP_COST, NORMAL_COST, Passwords } from '../services/passwords.js'
import type { Services } from '../services/types.js'
import type { NodePorts } from '../store/node-ports.js'
import type { Store } from '../store/types.js'
import type { WorkerPool } from '../workers/pool.js'
import { secretInFile, secretOf } from './cluster-secret.js'
import { openStore } from './open-store.js'
import { version } from './version.js'

/** The node's name while it is the only node on its store. */
const NODE = 'node'

/**
 * The time between two sweeps of an outbox on a shared store. What a dead node left is delivered when two have seen it, or at once when
 * its partition gets another owner, 3 s after the death. A contended actor's may wait a second more, for a helper that is the dead node.
 */
const SWEEP_MS = 1_500

/** The address of the node itself among those of its links. */
const OWN = 'this node'

export interface PartsOptions {
  readonly config: Config
  readonly settings: Omit<NodeSettings, 'sweepMs'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly onFatal: (error: unknown) => void
  readonly store: Store | undefined
  readonly nodePorts: NodePorts | undefined
  readonly services: ((node: { readonly hub: Hub<Connection> }) => Services) | undefined
  readonly workers: WorkerPool
}

export interface ServerParts {
  readonly node: ServingNode
  readonly membership: Membership | undefined
  /** The port for links; undefined: it takes none. */
  readonly listener: LinkListener | undefined
  readonly figures: Omit<MetricSources, 'version' | 'linesLost' | 'workers' | 'membership'>
}

/** @throws Error with one line for people if the store cannot be opened, or there is no secret */
export function serverParts(options: PartsOptions): Promise<ServerParts> {
  return options.config.role === 'access' ? accessParts(options) : logicParts(options)
}

async function logicParts(options: PartsOptions): Promise<ServerParts> {
  const { config, settings, clock, random, log, onFatal, services, workers } = options
  const given = secretInFile(config)
  const store = options.store ?? (await openStore(config, { clock, random, log, onFatal }))
  const membership = membershipOf(options, options.nodePorts ?? store.nodePorts)
  const name = membership?.name ?? NODE
  const receive = (message: Uint8Array): void => receiveAt(node, message)
  const hasLinks = config.linkPort !== NO_PORT
  const secret = given ?? secretOf(store)
  const links = hasLinks ? new LinkServer({ name, secret, clock, random, log, receive }) : undefined
  const isServing = (): boolean => node.serving
  const home = links && membership && homeLinks(options, { name, secret, links, membership, receive, isServing })
  const network = links === undefined ? membership?.network : new LinkNetwork(links, membership?.network, true)
  const node = new Node({
    name,
    store,
    clock,
    random,
    defer: endOfTurn,
    log,
    onFatal,
    zeroWindows,
    passwords: new Passwords({ random, cost: config.limits === 'open' ? CHEAP_COST : NORMAL_COST, workers }),
    workers,
    settings: { ...settings, sweepMs: membership === undefined ? 0 : SWEEP_MS },
    ...(services === undefined ? {} : { services }),
    ...(membership === undefined ? {} : placeIn(membership)),
    ...(network === undefined ? {} : { network }),
    ...(links === undefined ? {} : { links }),
    ...(home === undefined ? {} : { home }),
  })
  const listener = links && new LinkListener((pipe, address) => links.accept(pipe, address))
  return {
    node,
    membership,
    listener,
    figures: figuresOf(node, { store, ...(links && { links }), ...(home && { home }) }),
  }
}

/** The links of a node to all nodes with a store, for users whose records nodes compete for. A node without clients has no requests. */
function homeLinks(
  { config, clock, random, log }: PartsOptions,
  { name, secret, links, membership, receive, isServing }: HomeParts,
): LogicLinks | undefined {
  if (config.role === 'logic') return undefined
  const loop = loopDialer(endOfTurn, pipe => links.accept(pipe))
  const home = new LogicLinks({
    name,
    secret,
    clock,
    random,
    log,
    own: OWN,
    dialer: { dial: (address, callbacks) => (address === OWN ? loop : tcpDialer).dial(address, callbacks) },
    receive,
    onOpen() {},
  })
  membership.onLook(live => {
    if (!isServing()) return
    const others = live.filter(({ node }) => node !== name)
    home.setAddresses([OWN, ...linkAddresses(others)])
  })
  return home
}

interface HomeParts {
  readonly name: string
  readonly secret: Uint8Array
  readonly links: LinkServer
  readonly membership: Membership
  readonly receive: (message: Uint8Array) => void
  readonly isServing: () => boolean
}

function linkAddresses(live: readonly Member[]): string[] {
  return live.flatMap(({ status }) => (status === undefined || status.link === '' ? [] : [status.link]))
}

async function accessParts(options: PartsOptions): Promise<ServerParts> {
  const { config, settings, clock, random, log, onFatal } = options
  const given = secretInFile(config)
  const store = config.redis === '' ? undefined : await openStore(config, { clock, random, log, onFatal })
  const secret = given ?? (store && secretOf(store))
  if (secret === undefined) throw new Error('--role access needs --cluster-secret-file, or --redis')
  const membership = membershipOf(options, store?.nodePorts)
  const name = membership?.name ?? newName(random)
  const links = new LogicLinks({
    name,
    secret,
    clock,
    random,
    log,
    dialer: tcpDialer,
    receive: message => receiveAt(node, message),
    onOpen: () => node.compare(),
  })
  membership?.onLook(live => links.setAddresses(linkAddresses(live)))
  const network = new LinkNetwork(links, membership?.network)
  const node = new AccessNode({
    name,
    clock,
    random,
    defer: endOfTurn,
    log,
    zeroWindows,
    settings,
    links,
    store,
    network,
    ...(membership && { endpoints: uid => membership.endpoints(uid) }),
  })
  links.setAddresses(config.logic)
  return { node, membership, listener: undefined, figures: remoteFiguresOf(node) }
}

function receiveAt(node: ServingNode, message: Uint8Array): void {
  const batch = batchIn(message)
  if (batch !== undefined) node.receive(batch)
}

/** The node's place among others; undefined: nobody else works on the store. */
function membershipOf(
  { config, clock, random, log }: PartsOptions,
  ports: NodePorts | undefined,
): Membership | undefined {
  if (ports === undefined) return undefined
  const { role, redisReplicas: replicas } = config
  const entry = entryOf(config)
  return new Membership({ clock, random, log, ports, revision: version(), forms: FORMS, replicas, role, entry })
}

/** The entry for clients that other nodes send; undefined: nobody has named one. Each port takes everything, so one address may do for all. */
function entryOf({ role, advertise, advertiseUrl }: Config): ClientEntry | undefined {
  if (role === 'logic') return undefined
  const long = parseAddress(advertise, LONG_PORT_DEFAULT)
  if (long !== undefined) return { ...long, url: advertiseUrl || `http://${shownAddress(long)}` }
  return advertiseUrl === '' ? undefined : { host: '', port: 0, url: advertiseUrl }
}

/** The options of a node that follow from its place among others. */
function placeIn(
  membership: Membership,
): Pick<NodeOptions, 'endpoints' | 'forms' | 'isAlone' | 'owns' | 'prefers' | 'buckets' | 'canaryPairs'> {
  return {
    buckets: membership.buckets,
    canaryPairs: () => membership.canaryPairs(),
    owns: partition => membership.owns(partition),
    prefers: actor => membership.prefers(actor),
    endpoints: uid => membership.endpoints(uid),
    forms: () => membership.forms,
    isAlone: () => membership.isAlone,
  }
}
