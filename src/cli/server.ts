/**
 * Starts a whole server in this process: a configuration becomes a node's settings, the node gets a store, and the doors open. `serve`
 * runs it as a command. Tests and benchmarks start it within their own process.
 */

import { existsSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { type BacklogBounds, backlogBounds } from '../connection/backlog.js'
import type { Connection } from '../connection/connection.js'
import type { ConnectionContext } from '../connection/context.js'
import type { Hub } from '../connection/hub.js'
import { assertPortFree } from '../door/free-port.js'
import type { Readiness } from '../jobs/canary-probe.js'
import { type Clock, systemClock } from '../lib/clock.js'
import { AddressList } from '../lib/network.js'
import { type Random, systemRandom } from '../lib/random.js'
import type { NodeSettings } from '../node/options.js'
import { LONG_PORT_DEFAULT, parseAddress, shownAddress } from '../ops/address.js'
import { NO_PORT } from '../ops/command-options.js'
import type { Config } from '../ops/config.js'
import { type DescriptorPlan, descriptorPlan } from '../ops/descriptors.js'
import type { Log } from '../ops/log.js'
import { Metrics } from '../ops/metrics.js'
import { descriptorsMax } from '../ops/process-figures.js'
import { parseLimitSettings } from '../ops/rate-limits-table.js'
import type { Services } from '../services/types.js'
import type { ShortTimeouts } from '../short/http-server.js'
import type { NodePorts } from '../store/node-ports.js'
import type { Store } from '../store/types.js'
import { WorkerPool } from '../workers/pool.js'
import { ServerDoors } from './doors.js'
import { serverParts } from './server-parts.js'
import { version } from './version.js'

const DAY_MS = 86_400_000

export interface ServerOptions {
  readonly config: Config
  readonly log: Log
  /** Called when the store failed for good. Nothing was or will be answered; the process has to end. */
  readonly onFatal: (error: unknown) => void
  /** The number of lines of the log and of standard output that were lost, for the metrics. */
  readonly linesLost?: () => number
  readonly clock?: Clock
  readonly random?: Random
  /** A store that replaces the configured one; closed with the server. */
  readonly store?: Store
  /** The time limits that replace the short side's own, for tests. */
  readonly shortTimeouts?: Partial<ShortTimeouts>
  /** What the nodes on the store have of it, in place of the store's own, for tests. */
  readonly nodePorts?: NodePorts
  /** Services that replace the real ones: nothing is stored then. */
  readonly services?: (node: { readonly hub: Hub<Connection> }) => Services
}

export interface RunningServer {
  readonly host: string
  /** The port of --port; if that is none, of --http-port; -1 for a logic node, which has no clients. */
  readonly port: number
  /** The port of --http-port; if that is none, of --port. */
  readonly httpPort: number
  /** The operators' port; -1 if they have none of their own. */
  readonly metricsPort: number
  /** The port on which it takes links from access nodes; -1 if it takes none. */
  readonly linkPort: number
  readonly context: ConnectionContext
  readonly metrics: Metrics
  /** Whether a message gets through now. */
  ready(): Promise<Readiness>
  /** Accepts no more clients, tells those connected to come back, finishes what is in work, and closes the store. */
  drain(): Promise<void>
  /** Drops all sockets and leaves the store as it is: to everybody else this looks like a crash. */
  abort(): void
}

/**
 * Starts a server, which serves when it settles.
 * @throws the error of the store or a listener; everything that was opened is closed again
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, log, onFatal, clock = systemClock, random = systemRandom, linesLost = () => 0 } = options
  if (options.store === undefined && makesFolder(config)) await assertPortsFree(doorConfig(config))
  const descriptors = planDescriptors(config, log)
  const workers = new WorkerPool({ clock, threads: Math.max(1, cpus().length - 1) })
  const { node, membership, listener, figures } = await serverParts({
    config,
    settings: nodeSettings(config, descriptors),
    clock,
    random,
    log,
    onFatal,
    store: options.store,
    nodePorts: options.nodePorts,
    services: options.services,
    workers,
  })
  const metrics = new Metrics(
    {
      ...figures,
      version: version(),
      linesLost,
      workers: () => workers.figures,
      membership: () => membership?.figures,
    },
    clock,
  )
  const doors = new ServerDoors({
    config: doorConfig(config),
    node,
    workers,
    metrics,
    clock,
    descriptors,
    timeouts: options.shortTimeouts,
  })
  const close = async (): Promise<void> => {
    membership?.stop()
    doors.close()
    listener?.close()
    metrics.stop()
    await workers.close()
  }
  try {
    await membership?.join(node)
    await node.start()
    const ports = await doors.listen()
    const linkPort = listener === undefined ? NO_PORT : await listener.listen(config.host, config.linkPort)
    node.serve()
    membership?.serves(advertised(config, ports.port), linkPort === NO_PORT ? '' : linkAddress(config, linkPort))
    return {
      host: config.host,
      ...ports,
      linkPort,
      context: node.access.context,
      metrics,
      ready: () => node.ready(),
      // The doors close last, so that probes see that it drains.
      async drain() {
        const endMs = clock.monotonic() + config.drainMs
        // A node that came a moment ago, perhaps in this one's place, is to be named too. Redis may not answer.
        await membership?.drain()
        await node.drain(doors, Math.max(1, endMs - clock.monotonic()))
        await close()
      },
      abort() {
        node.abort()
        void close()
      },
    }
  } catch (error) {
    await close()
    // What failed first is what is told.
    await node.close().catch(() => {})
    throw error
  }
}

/** Whether the start makes the data folder. */
function makesFolder({ role, redis, store, data }: Config): boolean {
  return role !== 'access' && redis === '' && store === 'lmdb' && !existsSync(data)
}

/** Looks at the ports before the store is opened, so that a start that cannot listen leaves no new data folder behind. */
async function assertPortsFree({ host, port, httpPort, linkPort, metricsHost, metricsPort }: Config): Promise<void> {
  const ports = [port, httpPort, linkPort].map(each => [host, each] as const)
  for (const [where, each] of [...ports, [metricsHost, metricsPort] as const])
    if (each !== NO_PORT) await assertPortFree(where, each)
}

/** The configuration of the doors: a logic node has none for clients. */
function doorConfig(config: Config): Config {
  return config.role === 'logic' ? { ...config, port: NO_PORT, httpPort: NO_PORT } : config
}

/** The address for clients that the other nodes are told; '' if the node has no clients. */
function advertised({ advertise, host }: Config, port: number): string {
  return advertise || (port === NO_PORT ? '' : shownAddress({ host, port }))
}

/** The address of the port of links, on the host that clients find the node at. */
function linkAddress({ advertise, host }: Config, port: number): string {
  return shownAddress({ host: parseAddress(advertise, LONG_PORT_DEFAULT)?.host ?? host, port })
}

function nodeSettings(config: Config, { connectionsMax, refusalsMax }: DescriptorPlan): Omit<NodeSettings, 'sweepMs'> {
  const open = config.limits === 'open'
  const exempt = new AddressList(config.trustProxy)
  const bounds: BacklogBounds = { ...backlogBounds(memoryBytes()), exempt }
  const { POSITIVE_INFINITY } = Number
  return {
    limits: open ? 'open' : (parseLimitSettings(config.setLimits) ?? {}),
    retention: {
      keepMs: config.retentionDays * DAY_MS,
      keepItems: config.retentionItems,
      keepBytes: config.retentionBytes === 0 ? POSITIVE_INFINITY : config.retentionBytes,
    },
    connections: {
      totalMax: connectionsMax,
      refusalsMax,
      perAddressMax: open ? POSITIVE_INFINITY : config.maxConnectionsPerAddress,
      exempt,
    },
    backlog: open ? { ...bounds, addressMax: POSITIVE_INFINITY } : bounds,
    readyMs: config.readyMs,
    contacts: { contacts: config.contacts === 'store' ? undefined : config.contacts, change: config.contactsChange },
  }
}

function planDescriptors({ maxConnections: asked }: Config, log: Log): DescriptorPlan {
  const plan = descriptorPlan(descriptorsMax(), asked)
  if (plan.connectionsMax < asked) {
    const { connectionsMax: connections } = plan
    log.warn({ asked, connections }, 'fewer connections than --max-connections: descriptors are few')
  }
  return plan
}

/** The memory of the machine, or the container's limit. */
function memoryBytes(): number {
  const limit = process.constrainedMemory() // 0, or above the machine's memory, if there is none
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
