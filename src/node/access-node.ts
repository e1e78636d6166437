/**
 * A node that holds connections and no store: its services are those of logic nodes, which it is linked to (src/link). When a logic node
 * goes, its requests are repeated at another one, or wait until one is there. No client notices.
 *
 *   doors ─► access ── Services ─► links ═══════════ logic nodes ─► store
 *              ▲                      │
 *              └─────── events ◄──────┴── and from the store's bus, if it has one
 */
import type { EventBatch } from '../cluster/node-exchange.js'
import type { Readiness } from '../jobs/canary-probe.js'
import type { LogicLinks } from '../link/logic-links.js'
import { Counters } from '../ops/counters.js'
import { Limits } from '../ops/rate-limits.js'
import type { Store } from '../store/types.js'
import type { Access } from './access.js'
import { Front } from './front.js'
import type { Doors, Ground, NodeOptions, NodeSettings } from './options.js'

export interface AccessNodeOptions extends Ground, Pick<NodeOptions, 'name' | 'network' | 'zeroWindows' | 'endpoints'> {
  readonly settings: Pick<NodeSettings, 'limits' | 'connections' | 'backlog'>
  readonly links: LogicLinks
  /** The store whose logic nodes ask for routes; closed with the node. Undefined: they tell every access node all. */
  readonly store: Pick<Store, 'setRoute' | 'dropRoute' | 'close'> | undefined
}

export class AccessNode {
  readonly counters = new Counters()
  /** It has none: nothing waits in outboxes here. */
  readonly engine = undefined
  readonly canary = undefined
  readonly #options: AccessNodeOptions
  readonly #front: Front
  #serving = false

  constructor(options: AccessNodeOptions) {
    this.#options = options
    const { clock, settings, links } = options
    const limits = settings.limits === 'open' ? Limits.open(clock) : new Limits(clock, settings.limits)
    this.#front = new Front({
      ...options,
      counters: this.counters,
      limits,
      services: () => links.services,
      truth: links.services,
      routes: options.store,
      take() {},
    })
  }

  get access(): Access {
    return this.#front.access
  }

  get links(): LogicLinks {
    return this.#options.links
  }

  /** Whether no logic node is linked. */
  get failing(): boolean {
    return this.links.open === 0
  }

  get unlinkedMs(): number {
    return this.links.unlinkedMs
  }

  get otherSecret(): readonly string[] {
    return this.links.otherSecret
  }

  get serving(): boolean {
    return this.#serving
  }

  start(): void {
    this.#front.exchange.start()
  }

  /** Notes that its doors are open. */
  serve(): void {
    this.#serving = true
    this.access.start()
  }

  /** It never owns a partition. */
  lookForWork(): void {}

  /** Notes that events may have been lost: asks a logic node about everybody who is connected. */
  compare(): void {
    this.#front.compare()
  }

  /** Takes events that another node has sent. */
  receive(batch: EventBatch): void {
    this.#front.exchange.receive(batch)
  }

  /** Whether it can pass requests on now. */
  async ready(): Promise<Readiness> {
    if (!this.#serving) return { ready: false, reason: 'it does not serve' }
    return this.links.open > 0 ? { ready: true } : { ready: false, reason: 'no logic node is linked' }
  }

  /** Serves nobody new, tells the clients to come back, and closes the links. */
  async drain(doors: Doors, withinMs: number): Promise<void> {
    this.#serving = false
    await this.access.drain(doors, withinMs)
    await this.close()
  }

  async close(): Promise<void> {
    this.abort()
    await this.#options.store?.close()
  }

  /** Closes all connections and links at once. */
  abort(): void {
    this.#serving = false
    this.#front.stop()
    this.#front.exchange.stop()
    this.links.close()
  }
}
