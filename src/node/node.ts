/**
 * A whole node: the two halves, and the events between them and other nodes. The server and the deterministic simulation start the same
 * node.
 *
 *   doors ─► access (connections, polls, hub) ── Services ─► logic (services, engine, jobs) ─► store
 *                ▲                                              │ a commit is durable
 *                └──────── events ◄──────── Delivery ◄──────────┘
 *                                            │ ▲
 *                                            ▼ │ the same events
 *                                          other nodes
 *
 * The halves may run apart: see access-node.ts. The logic half is then this node, with access nodes linked to it and no clients of its own.
 */
import type { EventBatch } from '../cluster/node-exchange.js'
import { Canary } from '../jobs/canary.js'
import type { Readiness } from '../jobs/canary-probe.js'
import { HomeServices } from '../link/home-services.js'
import type { LinkServer } from '../link/link-server.js'
import type { LogicLinks } from '../link/logic-links.js'
import { Counters } from '../ops/counters.js'
import { Limits } from '../ops/rate-limits.js'
import type { Services } from '../services/types.js'
import type { Engine } from '../sync/index.js'
import type { Access } from './access.js'
import { Front } from './front.js'
import { Logic } from './logic.js'
import type { Doors, NodeOptions } from './options.js'

/**
 * The longest wait for what is under way at the end, and the shortest if draining has used its time. A store that is shared may be away for
 * hours, and another node does what this one leaves. Nothing of it was answered.
 */
const QUIET_MS_MAX = 5_000
const QUIET_MS_MIN = 500

export class Node {
  readonly counters = new Counters()
  readonly logic: Logic
  readonly #options: Pick<NodeOptions, 'clock'>
  readonly #front: Front
  readonly #links: LinkServer | undefined
  readonly #home: LogicLinks | undefined
  readonly canary: Canary
  /** It does its work itself. */
  readonly unlinkedMs = 0
  #serving = false

  constructor(options: NodeOptions) {
    const { clock, random, settings, store } = options
    const { counters } = this
    this.#options = options
    const limits = settings.limits === 'open' ? Limits.open(clock) : new Limits(clock, settings.limits, options.buckets)
    const halves = { ...options, counters, limits }
    this.logic = new Logic({
      ...halves,
      delivery: { send: (event, routes) => this.#front.deliver(event, routes) },
      signal: signal => this.#front.signal(signal),
      connected: uid => this.access.hub.devices(uid),
    })
    const { engine, services } = this.logic
    this.#front = new Front({
      ...halves,
      services: options.services ?? (() => this.#atHome(options)),
      truth: services,
      routes: store.shared ? store : undefined,
      take: event => engine.take(event),
    })
    this.#links = options.links
    this.#home = options.home
    const pairs = options.canaryPairs === undefined ? {} : { pairs: options.canaryPairs }
    const receivers = this.access.hub
    this.canary = new Canary({ engine, receivers, clock, random, patienceMs: settings.readyMs, ...pairs })
  }

  get access(): Access {
    return this.#front.access
  }

  get engine(): Engine {
    return this.logic.engine
  }

  /** Whether the canary's newest message did not get through. */
  get failing(): boolean {
    return this.canary.failing
  }

  get otherSecret(): readonly string[] {
    return this.#home?.otherSecret ?? []
  }

  get serving(): boolean {
    return this.#serving
  }

  /** Starts the node. Clients may come when it settles; serve() notes that they do. @throws the store's errors */
  async start(): Promise<void> {
    this.#front.exchange.start()
    await this.logic.start()
  }

  /** Notes that its doors are open. */
  serve(): void {
    this.#serving = true
    this.access.start()
    this.#links?.serve(this.logic.services)
    this.canary.start()
  }

  /** Notes that there may be background work in its partitions that nobody does: it has gained some, or a node has come or gone. */
  lookForWork(): void {
    if (this.#serving) this.logic.jobs.resume()
  }

  /** Notes that events of other nodes may have been lost: looks at the store for everybody who is connected. */
  compare(): void {
    this.#front.compare()
  }

  /** Takes events that another node has sent. */
  receive(batch: EventBatch): void {
    this.#front.exchange.receive(batch)
  }

  /** Whether a message gets through now. */
  async ready(): Promise<Readiness> {
    return this.#serving ? this.canary.check() : { ready: false, reason: 'it does not serve' }
  }

  /** Serves nobody new, tells the clients to come back, finishes what is in work, and closes the store. */
  async drain(doors: Doors, withinMs: number): Promise<void> {
    this.#serving = false
    const { clock } = this.#options
    const endMs = clock.monotonic() + withinMs
    const flush = (): void => this.logic.services.flush()
    await Promise.all([this.access.drain(doors, withinMs), this.#links?.drain(withinMs, flush)])
    await this.close(Math.max(QUIET_MS_MIN, endMs - clock.monotonic()))
  }

  /**
   * Finishes what is in work and closes the store, for a node without clients.
   * @param quietMs the longest wait for a store that is shared
   */
  async close(quietMs = QUIET_MS_MAX): Promise<void> {
    this.canary.stop()
    this.#front.stop()
    this.#home?.close()
    try {
      await this.logic.close(quietMs)
    } finally {
      this.#links?.close()
      this.#front.exchange.stop()
    }
  }

  /** Closes every connection and leaves the store as it is: to everybody else this looks like a crash. */
  abort(): void {
    this.#serving = false
    this.canary.stop()
    this.logic.abort()
    this.#front.exchange.stop()
    this.#front.stop()
    this.#home?.close()
    this.#links?.abort()
  }

  /** The services for the clients: those of this node, and of the nodes that it is linked to. */
  #atHome({ clock, home }: NodeOptions): Services {
    const { engine, services: own } = this.logic
    if (home === undefined) return own
    const { isContended, anyContended } = engine
    return new HomeServices({ own, remote: home.services, clock, isContended, anyContended })
  }
}
