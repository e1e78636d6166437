/**
 * A whole server in this process: store → engine → services → hub → listeners. `serve` runs it as a command; tests and
 * benchmarks start it within their own process.
 */

import { cpus, totalmem } from 'node:os'
import { Backlog, backlogBounds } from '../connection/backlog.js'
import { BoundedServices } from '../connection/bounded-services.js'
import { Canary, type Readiness } from '../connection/canary.js'
import type { Connection } from '../connection/connection.js'
import type { ConnectionContext } from '../connection/context.js'
import { DeafPeers } from '../connection/deaf-peers.js'
import { Flusher } from '../connection/flusher.js'
import { ConnectionGate } from '../connection/gate.js'
import { Hub } from '../connection/hub.js'
import { Jobs } from '../jobs/index.js'
import type { Clock } from '../lib/clock.js'
import { systemClock } from '../lib/clock.js'
import { CountedTime } from '../lib/counted-time.js'
import { AddressList } from '../lib/network.js'
import { type Random, systemRandom } from '../lib/random.js'
import { endOfTurn } from '../lib/turn.js'
import { Wheel } from '../lib/wheel.js'
import { LongListener } from '../long/listener.js'
import type { Config } from '../ops/config.js'
import { Counters } from '../ops/counters.js'
import { descriptorPlan } from '../ops/descriptors.js'
import { Limits } from '../ops/limits.js'
import { LIMIT_NAMES, parseLimitSettings } from '../ops/limits-table.js'
import { type Log, ThrottledLog } from '../ops/log.js'
import { type MetricSources, Metrics } from '../ops/metrics.js'
import { descriptorsMax } from '../ops/process-figures.js'
import { zeroWindows } from '../ops/zero-windows.js'
import { CountedServices } from '../services/counted.js'
import { createServices } from '../services/index.js'
import { CHEAP_COST, NORMAL_COST, Passwords } from '../services/passwords.js'
import type { Services } from '../services/types.js'
import { ConnectHandler } from '../short/connect.js'
import { HEALTH_PATH, healthPage, READY_PATH, readyPage } from '../short/health.js'
import { ShortListener, type ShortTimeouts } from '../short/listener.js'
import { localMetricsPage, METRICS_PATH, metricsPage } from '../short/metrics-page.js'
import { OperatorListener } from '../short/operator-listener.js'
import { Origins } from '../short/origins.js'
import type { Page } from '../short/types.js'
import { WebSocketDoor } from '../short/web-socket-door.js'
import type { Store } from '../store/types.js'
import { createEngine, type Engine, Retention, randomStamps } from '../sync/index.js'
import type { EngineMonitor } from '../sync/types.js'
import { openStore } from './open-store.js'
import { version } from './version.js'

const DAY_MS = 86_400_000

/** Lines per second about what peers do wrong. */
const FAULT_LINES_PER_TICK = 10

/** How often draining looks whether everybody has gone. */
const DRAIN_POLL_MS = 20

/** Beyond `drainMs`: what the last frames and the peers' ends may take. */
const DRAIN_EXTRA_MS = 1_000

export interface ServerOptions {
  readonly config: Config
  readonly log: Log
  /** The store failed for good. Nothing was or will be answered; the process has to end. */
  readonly onFatal: (error: unknown) => void
  /** How many lines of the log and of standard output were lost, for the metrics. */
  readonly linesLost?: () => number
  readonly clock?: Clock
  readonly random?: Random
  /** In the configured one's place; closed with the server. */
  readonly store?: Store
  /** In place of the short side's own, for tests. */
  readonly shortTimeouts?: Partial<ShortTimeouts>
  /** In place of the real ones: nothing is stored then. */
  readonly services?: (context: { readonly hub: Hub<Connection> }) => Services
}

export interface RunningServer {
  readonly host: string
  /** Of the long side. */
  readonly port: number
  readonly httpPort: number
  /** -1 if it has none of its own. */
  readonly metricsPort: number
  readonly context: ConnectionContext
  readonly metrics: Metrics
  /** Whether a message gets through now. */
  ready(): Promise<Readiness>
  /** Accepts no more, tells the clients to come back, finishes what is in work, closes the store. */
  drain(): Promise<void>
  /** Drops all sockets and leaves the store as it is: what a crash looks like to everybody else. */
  abort(): void
}

/**
 * Serves when it settles.
 * @throws what the store or a listener says: everything that was opened is closed again
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, log, onFatal, clock = systemClock, random = systemRandom } = options
  const store = options.store ?? (await openStore(config, { clock, random, log, onFatal }))
  const hub = new Hub<Connection>()
  const counters = new Counters()
  const time = new CountedTime(clock)
  const engine = createEngine({
    store,
    clock,
    time,
    stamps: randomStamps(random),
    delivery: { send: event => hub.take(event) },
    monitor: engineMonitor(counters, log),
    defer: endOfTurn,
    onFatal,
  })
  const retention = new Retention({
    store,
    clock,
    time,
    random,
    run: (actor, transition, input) => engine.run(actor, transition, input),
    keepMs: config.retentionDays * DAY_MS,
    keepItems: config.retentionItems,
    keepBytes: config.retentionBytes === 0 ? Number.POSITIVE_INFINITY : config.retentionBytes,
  })
  const open = config.limits === 'open'
  const trusted = new AddressList(config.trustProxy)
  const passwords = new Passwords(random, open ? CHEAP_COST : NORMAL_COST, Math.max(1, cpus().length - 1))
  const limits = open ? Limits.open(clock) : new Limits(clock, parseLimitSettings(config.setLimits))
  const jobs = new Jobs({
    engine,
    clock,
    time,
    random,
    onJump: aheadMs => logJump(log, aheadMs),
    onFailing: (job, partition, error) => log.warn({ job, partition, error }, 'a job failed and is tried again'),
  })
  const services = createServices({
    engine,
    clock,
    random,
    passwords,
    limits,
    connected: uid => hub.devices(uid),
    beginWork: (job, uid) => jobs.wake(job, uid),
  })
  const wheel = new Wheel(clock)
  const plan = descriptorPlan(descriptorsMax(), config.maxConnections)
  if (plan.connectionsMax < config.maxConnections) {
    const asked = config.maxConnections
    log.warn(
      { asked, connections: plan.connectionsMax },
      'fewer connections than --max-connections: descriptors are few',
    )
  }
  const bounds = { ...backlogBounds(memoryBytes()), exempt: trusted }
  const backlog = new Backlog(open ? { ...bounds, addressMax: Number.POSITIVE_INFINITY } : bounds)
  const served = options.services?.({ hub }) ?? services
  const context: ConnectionContext = {
    services: new CountedServices(new BoundedServices(served, { backlog, limits, random }), counters),
    hub,
    wheel,
    flusher: new Flusher(endOfTurn),
    gate: new ConnectionGate({
      totalMax: plan.connectionsMax,
      refusalsMax: plan.refusalsMax,
      perAddressMax: open ? Number.POSITIVE_INFINITY : config.maxConnectionsPerAddress,
      exempt: trusted,
    }),
    limits,
    backlog,
    random,
    log,
    faults: new ThrottledLog(log, FAULT_LINES_PER_TICK),
    counters,
    connections: new Set(),
  }
  const metrics = new Metrics(
    {
      ...metricSources(context, engine, store),
      jobs: () => jobs.figures(),
      linesLost: options.linesLost ?? (() => 0),
    },
    clock,
  )
  const deaf = new DeafPeers({ context, clock, zeroWindows })
  const canary = new Canary({ engine, hub, clock, random, patienceMs: config.readyMs })
  let serving = false
  const ready = async (): Promise<Readiness> =>
    serving ? canary.check() : { ready: false, reason: 'it does not serve' }
  const probes: [string, Page][] = [
    [HEALTH_PATH, healthPage(() => serving)],
    [READY_PATH, readyPage(ready)],
  ]
  const ownDoor = config.metricsPort >= 0
  const operators = new OperatorListener(new Map([...probes, [METRICS_PATH, metricsPage(metrics)]]), plan.operatorsMax)
  const long = new LongListener(context, config.proxyProtocol ? { proxies: trusted } : {})
  const short = new ShortListener({
    context,
    clock,
    trusted,
    connect: new ConnectHandler({ services: context.services, hub, clock, random, limits }),
    webSockets: new WebSocketDoor(context),
    origins: new Origins(config.allowOrigin),
    pages: ownDoor ? new Map(probes) : new Map([...probes, [METRICS_PATH, localMetricsPage(metrics)]]),
    timeouts: { idleMs: config.httpIdleMs, ...options.shortTimeouts },
  })
  const closeStore = async (): Promise<void> => {
    retention.stop()
    services.flush()
    await jobs.stop()
    await engine.close()
    await store.close()
  }
  try {
    await engine.start()
    await jobs.start()
    void retention.start()
    const { port } = await long.listen(config.host, config.port)
    const { port: httpPort } = await short.listen(config.host, config.httpPort)
    const metricsPort = ownDoor ? (await operators.listen(config.metricsHost, config.metricsPort)).port : -1
    serving = true
    deaf.start()
    const drain = async (): Promise<void> => {
      serving = false
      deaf.stop()
      long.stop()
      short.drain(config.drainMs)
      await drainConnections(context, short, clock, config.drainMs)
      await closeStore()
      short.close()
      operators.close()
      metrics.stop()
    }
    const abort = (): void => {
      deaf.stop()
      retention.stop()
      jobs.abort()
      long.stop()
      short.close()
      operators.close()
      metrics.stop()
      for (const connection of context.connections) connection.destroy()
    }
    return { host: config.host, port, httpPort, metricsPort, context, metrics, ready, drain, abort }
  } catch (error) {
    long.stop()
    short.close()
    operators.close()
    metrics.stop()
    await closeStore()
    throw error
  }
}

function logJump(log: Log, aheadMs: number): void {
  const days = Math.round(aheadMs / DAY_MS)
  const text =
    aheadMs > 0
      ? 'the clock stands far ahead of when this server last ran: if it was not down so long, its clock is wrong; nothing expires by this'
      : 'the clock stands behind the time at which this server last ran: it is wrong now, or was then; nothing expires by this'
  log.warn({ days }, text)
}

/** What the machine has, or the container's limit. */
function memoryBytes(): number {
  const limit = process.constrainedMemory() // 0, or beyond all: there is none
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

function metricSources(
  context: ConnectionContext,
  engine: Engine,
  store: Store,
): Omit<MetricSources, 'jobs' | 'linesLost'> {
  const { counters, connections, hub, limits, gate, backlog } = context
  return {
    version: version(),
    counters,
    connections: () => [...connections, ...hub.polls.all()],
    users: () => hub.users,
    pushedItems: () => hub.pushedItems,
    notifies: () => hub.notifies,
    outboxEntries: () => engine.outboxDepth,
    limitHits: () => [
      ...LIMIT_NAMES.map(name => [name, limits.hits.get(name) ?? 0] as const),
      ['connections-total', gate.hits.total],
      ['connections-address', gate.hits.address],
      ['connections-evicted', gate.hits.evicted],
      ['unsent-bytes', backlog.refusals],
    ],
    unsentBytes: () => backlog.total,
    queuedJobs: () => engine.queueDepth,
    storeFreeBytes: () => store.freeBytes,
  }
}

function engineMonitor(counters: Counters, log: Log): EngineMonitor {
  return {
    committed: (units, tookMs) => counters.committed(units, tookMs),
    setAside(source, target, kind, error) {
      counters.effectsSetAside++
      log.error({ source, target, kind, error }, 'an effect was set aside')
    },
    aboveBound: (transition, error) => log.error({ transition, error }, 'a record would have got above its bound'),
  }
}

/** Tells every client to come back at a time of its own, and waits until they have gone or may wait no longer. */
async function drainConnections(
  context: ConnectionContext,
  short: ShortListener,
  clock: Clock,
  drainMs: number,
): Promise<void> {
  const { connections, random } = context
  for (const connection of connections) connection.drain(random.integer(Math.max(1, drainMs)) + 1)
  const deadlineMs = clock.monotonic() + drainMs + DRAIN_EXTRA_MS
  while ((connections.size > 0 || short.inWork > 0) && clock.monotonic() < deadlineMs) {
    await new Promise<void>(resolve => clock.after(DRAIN_POLL_MS, resolve))
  }
  for (const connection of connections) connection.destroy()
}
