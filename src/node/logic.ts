/**
 * The half of a node that knows the rules: engine, services, and background work, over one store. It reports what happens through
 * Delivery, and knows no connection.
 */
import { ROUTE_MS } from '../cluster/routes.js'
import { Jobs } from '../jobs/index.js'
import { CountedTime } from '../lib/counted-time.js'
import type { Counters } from '../ops/counters.js'
import type { Log } from '../ops/log.js'
import type { Limits } from '../ops/rate-limits.js'
import { createServices, type OwnServices } from '../services/index.js'
import type { SignalSender } from '../services/signal-service.js'
import type { NodeId } from '../store/types.js'
import type { Delivery } from '../sync/events.js'
import { createEngine, type Engine, randomStamps } from '../sync/index.js'
import type { EngineMonitor } from '../sync/types.js'
import { agreedPolicy } from './contact-policy.js'
import type { Ground, NodeOptions, NodeSettings } from './options.js'

const DAY_MS = 86_400_000

export interface LogicOptions
  extends Ground,
    Pick<
      NodeOptions,
      | 'name'
      | 'store'
      | 'owns'
      | 'prefers'
      | 'home'
      | 'endpoints'
      | 'forms'
      | 'isAlone'
      | 'passwords'
      | 'workers'
      | 'onFatal'
      | 'stamps'
      | 'sequence'
      | 'sliceTargets'
      | 'outboxBytesMax'
    > {
  readonly settings: Pick<NodeSettings, 'retention' | 'sweepMs' | 'contacts'>
  readonly limits: Limits
  readonly counters: Counters
  readonly delivery: Delivery
  /** Sends signals to who looks now. */
  readonly signal: SignalSender
  /** The numbers of the user's connected devices, as far as this node knows. */
  readonly connected: (uid: number) => readonly number[]
}

/** The most unknown kinds that are logged. */
const UNKNOWN_TOLD_MAX = 64

export class Logic {
  readonly engine: Engine
  readonly services: OwnServices
  readonly jobs: Jobs
  readonly #options: LogicOptions
  /** What the rules rest on; the policy of contacts is the store's, which is known when it starts. */
  readonly #rules: { readonly retentionMs: number; openContacts: boolean }
  /** Whether the store is closed over what is under way: that fails then, and nothing is wrong with the store. */
  #leavesWork = false

  constructor(options: LogicOptions) {
    const { store, clock, random, defer, log, delivery, counters, settings, stamps, sequence, sliceTargets } = options
    this.#options = options
    const time = new CountedTime(clock)
    this.#rules = { retentionMs: settings.retention.keepMs, openContacts: false }
    const engine = createEngine({
      store,
      clock,
      time,
      settings: this.#rules,
      stamps: stamps ?? randomStamps(random),
      random,
      delivery,
      monitor: monitor(counters, log),
      defer,
      onWork: ({ job, partition }) => this.jobs.wake(job, partition),
      rest: tookMs => this.jobs.rest(tookMs),
      onFatal: error => {
        if (!this.#leavesWork) options.onFatal(error)
      },
      prefers: actor => otherThan(options.name, options.prefers?.(actor)),
      isHome: actor => options.home !== undefined && options.prefers?.(actor) === options.name,
      ...(sliceTargets === undefined ? {} : { sliceTargets }),
      outboxBytesMax: options.outboxBytesMax,
    })
    this.engine = engine
    this.jobs = new Jobs({
      store,
      engine,
      clock,
      time,
      random,
      retention: settings.retention,
      sweepMs: settings.sweepMs,
      owns: options.owns ?? (() => true),
      node: options.name,
      onJump: aheadMs => logJump(log, aheadMs),
      onFailing: (job, partition, error) => log.warn({ job, partition, error }, 'a job failed and is tried again'),
    })
    this.services = createServices({
      engine,
      clock,
      random,
      store,
      defer,
      passwords: options.passwords,
      workers: options.workers,
      limits: options.limits,
      connected: options.connected,
      endpoints: options.endpoints,
      signal: options.signal,
      forms: options.forms,
      route: store.shared ? { node: options.name, ttlMs: ROUTE_MS } : undefined,
      ...(sequence === undefined ? {} : { sequence }),
    })
  }

  /**
   * Agrees with the store on its policy, takes over what earlier processes left, and begins the background work.
   * @throws PolicyError if the node was started with another policy
   */
  async start(): Promise<void> {
    const { settings, isAlone = () => true } = this.#options
    this.#rules.openContacts = (await agreedPolicy(this.engine, settings.contacts, isAlone)) === 'open'
    await this.engine.start()
    await this.jobs.start()
  }

  /**
   * Commits what is held back, waits for what is under way, and closes the store.
   * @param quietMs the longest wait for a store that is shared
   */
  async close(quietMs: number): Promise<void> {
    const { store, clock } = this.#options
    this.services.flush()
    const quiet = this.jobs.stop().then(() => this.engine.close())
    if (!store.shared) await quiet
    else {
      await new Promise<void>((resolve, reject) => {
        const late = clock.after(quietMs, () => {
          this.#leavesWork = true
          resolve()
        })
        quiet.then(resolve, reject).finally(() => late.cancel())
      })
    }
    await store.close()
  }

  /** Begins nothing more, and leaves the store as it is. */
  abort(): void {
    this.jobs.abort()
  }
}

/** The node, unless it is this one. */
function otherThan(name: NodeId, node: NodeId | undefined): NodeId | undefined {
  return node === name ? undefined : node
}

function monitor(counters: Counters, log: Log): EngineMonitor {
  const unknown = new Set<string>()
  return {
    committed: (units, tookMs) => counters.committed(units, tookMs),
    setAside(source, target, kind, error) {
      counters.effectsSetAside++
      log.error({ source, target, kind, error }, 'an effect was set aside')
    },
    unknown(what, kind) {
      counters.unknown[what]++
      // Logged once for each kind: they come again at each look.
      if (unknown.has(kind) || unknown.size === UNKNOWN_TOLD_MAX) return
      unknown.add(kind)
      log.warn({ what, kind }, 'a kind that this server does not know is left to newer ones on the same store')
    },
    gap(source, target, outcome) {
      counters.gaps[outcome]++
      log.warn({ source, target, outcome }, 'a target lacks effects that no outbox has: data was lost')
    },
    aboveBound: (transition, error) => log.error({ transition, error }, 'a record would have got above its bound'),
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
