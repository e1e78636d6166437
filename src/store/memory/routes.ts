/** The nodes that hold connections of an actor's devices: soft, each for a time (Store.setRoute). */

import type { Clock } from '../../lib/clock.js'
import type { Actor, NodeId, RouteChange } from '../types.js'

const NOBODY: readonly NodeId[] = Object.freeze([])

export class Routes {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** The time until which each route holds. */
  readonly #byActor = new Map<Actor, Map<NodeId, number>>()

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  get empty(): boolean {
    return this.#byActor.size === 0
  }

  change({ actor, node, ttlMs }: RouteChange): void {
    if (ttlMs > 0) this.set(actor, node, ttlMs)
    else this.drop(actor, node)
  }

  set(actor: Actor, node: NodeId, ttlMs: number): void {
    let routes = this.#byActor.get(actor)
    if (routes === undefined) {
      routes = new Map()
      this.#byActor.set(actor, routes)
    }
    routes.set(node, this.#clock.monotonic() + ttlMs)
  }

  drop(actor: Actor, node: NodeId): void {
    const routes = this.#byActor.get(actor)
    routes?.delete(node)
    if (routes?.size === 0) this.#byActor.delete(actor)
  }

  /** The nodes whose routes have not expired, in no particular order. */
  of(actor: Actor): readonly NodeId[] {
    const routes = this.#byActor.get(actor)
    if (routes === undefined) return NOBODY
    const nowMs = this.#clock.monotonic()
    for (const [node, untilMs] of routes) if (untilMs <= nowMs) this.drop(actor, node)
    return [...routes.keys()]
  }
}
