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
 */
import { Comparison, compareAll } from '../cluster/compare.js'
import { type EventBatch, NodeExchange, type NodeNetwork } from '../cluster/node-exchange.js'
import { RouteKeeper } from '../cluster/routes.js'
import { Canary, type Readiness } from '../jobs/canary.js'
import { Counters } from '../ops/counters.js'
import { Limits } from '../ops/rate-limits.js'
import type { Delivery } from '../sync/events.js'
import { Access } from './access.js'
import { Logic } from './logic.js'
import type { Doors, NodeOptions } from './options.js'

const ALONE: NodeNetwork = Object.freeze({ others: () => [], send() {} })

/** The pause before a failed comparison is repeated. */
const COMPARE_AGAIN_MS = 1_000

const INCARNATIONS = 2 ** 32

export class Node {
  readonly counters = new Counters()
  readonly access: Access
  readonly logic: Logic
  readonly #exchange: NodeExchange
  readonly #comparison: Comparison
  readonly #routes: RouteKeeper | undefined
  readonly canary: Canary
  #serving = false

  constructor(options: NodeOptions) {
    const { clock, random, defer, settings, name, network = ALONE } = options
    const { counters } = this
    const limits = settings.limits === 'open' ? Limits.open(clock) : new Limits(clock, settings.limits, options.buckets)
    const halves = { ...options, counters, limits }
    this.logic = new Logic({
      ...halves,
      delivery: { send: this.#deliver },
      connected: uid => this.access.hub.devices(uid),
    })
    const { engine, services } = this.logic
    const head = async (uid: number) => (await services.head(uid, 0)).head
    if (options.store.shared) {
      const { store } = options
      const holds = (uid: number) => this.access.hub.holds(uid)
      this.#routes = new RouteKeeper({ node: name, store, clock, holds, head, tell: event => hub.take(event) })
    }
    this.access = new Access({ ...halves, services: options.services ?? (() => services), routes: this.#routes })
    const { hub, context } = this.access
    const truth = {
      head,
      boundAttempt: (uid: number, device: number) => services.boundAttempt(uid, device),
    }
    this.#comparison = new Comparison(
      () => compareAll([...context.connections, ...hub.polls.all()], truth, event => hub.take(event)),
      run => clock.after(COMPARE_AGAIN_MS, run),
    )
    this.#exchange = new NodeExchange({
      node: name,
      incarnation: 1 + random.integer(INCARNATIONS),
      clock,
      defer,
      network,
      take(event) {
        engine.take(event)
        hub.take(event)
      },
      compare: () => this.compare(),
    })
    this.canary = new Canary({ engine, receivers: hub, clock, random, patienceMs: settings.readyMs })
  }

  get serving(): boolean {
    return this.#serving
  }

  /** Starts the node. Clients may come when it settles; serve() notes that they do. @throws the store's errors */
  async start(): Promise<void> {
    this.#exchange.start()
    await this.logic.start()
  }

  /** Notes that its doors are open. */
  serve(): void {
    this.#serving = true
    this.access.start()
  }

  /** Notes that it has become the owner of some partitions: their background work is its own now. */
  ownsMore(): void {
    if (this.#serving) this.logic.jobs.resume()
  }

  /** Notes that events of other nodes may have been lost: looks at the store for everybody who is connected. */
  compare(): void {
    this.#comparison.ask()
  }

  /** Takes events that another node has sent. */
  receive(batch: EventBatch): void {
    this.#exchange.receive(batch)
  }

  /** Whether a message gets through now. */
  async ready(): Promise<Readiness> {
    return this.#serving ? this.canary.check() : { ready: false, reason: 'it does not serve' }
  }

  /** Serves nobody new, tells the clients to come back, finishes what is in work, and closes the store. */
  async drain(doors: Doors, withinMs: number): Promise<void> {
    this.#serving = false
    await this.access.drain(doors, withinMs)
    await this.close()
  }

  /** Finishes what is in work and closes the store, for a node without clients. */
  async close(): Promise<void> {
    this.access.stop()
    this.#routes?.stop()
    try {
      await this.logic.close()
    } finally {
      this.#exchange.stop()
    }
  }

  /** Closes every connection and leaves the store as it is: to everybody else this looks like a crash. */
  abort(): void {
    this.#serving = false
    this.logic.abort()
    this.#routes?.stop()
    this.#exchange.stop()
    this.access.stop()
  }

  /** Delivers an event, first to the devices that are connected here. */
  readonly #deliver: Delivery['send'] = (event, routes) => {
    this.access.hub.take(event)
    this.#exchange.tell(event, routes)
  }
}
