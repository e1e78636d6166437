/**
 * Starts a whole server in this process: a configuration becomes a node's settings, the node gets a store, and the doors open. `serve`
 * runs it as a command. Tests and benchmarks start it within their own process.
 */

import { cpus, totalmem } from 'node:os'
import { type BacklogBounds, backlogBounds } from '../connection/backlog.js'
import type { Connection } from '../connection/connection.js'
import type { ConnectionContext } from '../connection/context.js'
import type { Hub } from '../connection/hub.js'
import type { Readiness } from '../jobs/canary.js'
import { type Clock, systemClock } from '../lib/clock.js'
import { AddressList } from '../lib/network.js'
import { type Random, systemRandom } from '../lib/random.js'
import { endOfTurn } from '../lib/turn.js'
import { figuresOf } from '../node/figures.js'
import { Membership } from '../node/membership.js'
import { Node } from '../node/node.js'
import type { NodeOptions, NodeSettings } from '../node/options.js'
import { shownAddress } from '../ops/address.js'
import type { Config } from '../ops/config.js'
import { type DescriptorPlan, descriptorPlan } from '../ops/descriptors.js'
import type { Log } from '../ops/log.js'
import { Metrics } from '../ops/metrics.js'
import { descriptorsMax } from '../ops/process-figures.js'
import { parseLimitSettings } from '../ops/rate-limits-table.js'
import { zeroWindows } from '../ops/zero-windows.js'
import { CHEAP_COST, NORMAL_COST, Passwords } from '../services/passwords.js'
import type { Services } from '../services/types.js'
import type { ShortTimeouts } from '../short/http-server.js'
import type { NodePorts } from '../store/node-ports.js'
import type { Store } from '../store/types.js'
import { WorkerPool } from '../workers/pool.js'
import { ServerDoors } from './doors.js'
import { openStore } from './open-store.js'
import { version } from './version.js'

const DAY_MS = 86_400_000

/** The node's name while it is the only node on its store. */
const NODE = 'node'

/**
 * The time between two sweeps of an outbox on a shared store. What a dead node left is delivered when two have seen it, or at once when
 * its partition gets another owner, 3 s after the death. A contended actor's may wait a second more, for a helper that is the dead node.
 */
const SWEEP_MS = 1_500

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
  /** The port of --port; if that is none, of --http-port. */
  readonly port: number
  /** The port of --http-port; if that is none, of --port. */
  readonly httpPort: number
  /** The operators' port; -1 if they have none of their own. */
  readonly metricsPort: number
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
  const { config, log, onFatal, clock = systemClock, random = systemRandom, linesLost = () => 0, services } = options
  const store = options.store ?? (await openStore(config, { clock, random, log, onFatal }))
  const descriptors = planDescriptors(config, log)
  const workers = new WorkerPool({ clock, threads: Math.max(1, cpus().length - 1) })
  const open = config.limits === 'open'
  const membership = membershipOf(options.nodePorts ?? store.nodePorts, { config, clock, random, log })
  const node = new Node({
    name: membership?.name ?? NODE,
    store,
    clock,
    random,
    defer: endOfTurn,
    log,
    onFatal,
    zeroWindows,
    passwords: new Passwords({ random, cost: open ? CHEAP_COST : NORMAL_COST, workers }),
    workers,
    settings: { ...nodeSettings(config, descriptors), sweepMs: membership === undefined ? 0 : SWEEP_MS },
    ...(services === undefined ? {} : { services }),
    ...(membership === undefined ? {} : placeIn(membership)),
  })
  const metrics = new Metrics(
    {
      ...figuresOf(node, store),
      version: version(),
      linesLost,
      workers: () => workers.figures,
      membership: () => membership?.figures,
    },
    clock,
  )
  const doors = new ServerDoors({ config, node, workers, metrics, clock, descriptors, timeouts: options.shortTimeouts })
  const close = async (): Promise<void> => {
    membership?.stop()
    doors.close()
    metrics.stop()
    await workers.close()
  }
  try {
    await membership?.join(node)
    await node.start()
    const ports = await doors.listen()
    node.serve()
    membership?.serves(config.advertise || shownAddress({ host: config.host, port: ports.port }))
    return {
      host: config.host,
      ...ports,
      context: node.access.context,
      metrics,
      ready: () => node.ready(),
      // The doors close last, so that probes see that it drains.
      drain() {
        membership?.drain()
        return node.drain(doors, config.drainMs).then(close)
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
  }
}

/** The node's place among others; undefined: nobody else works on the store. */
function membershipOf(
  ports: NodePorts | undefined,
  { config, ...ground }: Pick<ServerOptions, 'config' | 'log'> & { readonly clock: Clock; readonly random: Random },
): Membership | undefined {
  if (ports === undefined) return undefined
  return new Membership({ ...ground, ports, revision: version(), replicas: config.redisReplicas })
}

/** The options of a node that follow from its place among others. */
function placeIn(membership: Membership): Pick<NodeOptions, 'network' | 'owns' | 'prefers' | 'buckets'> {
  return {
    buckets: membership.buckets,
    network: membership.network,
    owns: partition => membership.owns(partition),
    prefers: actor => membership.prefers(actor),
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
