/**
 * The routes of this node. A route says in the store that a node holds devices of a user. A commit that appends for the user is answered
 * with the routes, and the node that committed tells the nodes that they name. A store of one process has no routes.
 *
 *   a Hello binds ───► its unit sets the route            ──► page is read     earlier commits are in the page, later ones are told
 *   a poll comes ────► the route is set, if it is not yet ──► page is read
 *   every VISIT_MS ──► devices here: the route is set again, then heads are compared
 *                      none here:    the route is dropped; a device that comes back sooner finds it as it was
 *
 * A route may get lost in the store, or the store may fail to set it. Then the page is read all the same, and nobody is turned away: the
 * next visit sets the route and compares, so a push is late. The route of a dead node costs useless sends until it expires.
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Store } from '../store/types.js'
import { headEvent, type NodeEvent } from '../sync/events.js'
import { userActor } from '../sync/rules/records.js'

export interface RouteKeeperOptions {
  /** This node's name. */
  readonly node: string
  readonly store: Pick<Store, 'setRoute' | 'dropRoute'>
  readonly clock: Clock
  /** Whether a device of the user has a connection here, or a poll that waits. */
  holds(uid: number): boolean
  /** The version of the user's newest durable item. */
  head(uid: number): Promise<number>
  /** Tells the devices that are here. */
  tell(event: NodeEvent): void
}

export const TICK_MS = 1_000
/** The time between two visits of one user. A push whose route was lost is late by so much at most, or a little more where many wait. */
export const VISIT_MS = 60_000
/** The lifetime of a route in the store: one visit may fail, and the next may be late. */
export const ROUTE_MS = 180_000
/** The age up to which a route is relied on: it is still there at the next visit. */
const SURE_MS = ROUTE_MS - VISIT_MS
/** One tick visits so many users, and this part of all. If all came at once, their visits are spread from then on. */
const SLICE_MIN = 16
const SLICE_SHARE = 1 / 40

interface Route {
  readonly uid: number
  /** The time when the store was last asked to set it, and did; -Infinity: it is not set. */
  setMs: number
  /** Whether the store may have it. */
  mayBeSet: boolean
  /** The time when the store dropped it last; Infinity: it is doing so. What was set before may be gone. */
  droppedMs: number
  visitMs: number
  /** Ends when everything that was asked of the store is done. The calls go in order, because a late drop would undo the next set. */
  work: Promise<void>
}

export class RouteKeeper {
  readonly #options: RouteKeeperOptions
  /** The users' routes, in the order of their next visits. */
  readonly #routes = new Map<number, Route>()
  /** Routes whose last step failed: the next tick visits them. */
  readonly #failed = new Set<Route>()
  #timer: TimerHandle | undefined
  #stopped = false

  constructor(options: RouteKeeperOptions) {
    this.#options = options
  }

  /** The number of users whose routes are kept. */
  get size(): number {
    return this.#routes.size
  }

  /**
   * Notes that the store has set the route of a user, not before `sinceMs`: the unit did that which bound a device. It counts for
   * nothing if it may have been dropped since.
   */
  noteSet(uid: number, sinceMs: number): void {
    if (this.#stopped || this.#options.clock.monotonic() - sinceMs >= VISIT_MS) return
    const route = this.#routes.get(uid) ?? this.#enter(uid)
    route.mayBeSet = true
    if (sinceMs > route.droppedMs && sinceMs > route.setMs) route.setMs = sinceMs
  }

  /**
   * Sets the route of a user, if it is not there. The user's device has just come, and `holds` says so already.
   * @returns the promise to wait for before the device's page is read; undefined: the route is there. It never rejects.
   */
  keep(uid: number): Promise<void> | undefined {
    if (this.#stopped) return undefined
    const route = this.#routes.get(uid) ?? this.#enter(uid)
    if (this.#isSure(route)) return undefined
    return this.#then(route, async () => {
      if (!this.#isSure(route) && this.#options.holds(uid)) await this.#set(route)
    })
  }

  /** Leaves the routes to expire. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #enter(uid: number): Route {
    const { clock } = this.#options
    const visitMs = clock.monotonic() + VISIT_MS
    const never = Number.NEGATIVE_INFINITY
    const route = { uid, setMs: never, mayBeSet: false, droppedMs: never, visitMs, work: Promise.resolve() }
    this.#routes.set(uid, route)
    this.#timer ??= clock.after(TICK_MS, () => this.#tick())
    return route
  }

  #isSure({ setMs }: Route): boolean {
    return this.#options.clock.monotonic() - setMs < SURE_MS
  }

  #then(route: Route, step: () => Promise<void>): Promise<void> {
    route.work = route.work.then(step).catch(() => {
      this.#failed.add(route)
    })
    return route.work
  }

  async #set(route: Route): Promise<void> {
    const { store, clock, node } = this.#options
    const askedMs = clock.monotonic()
    route.mayBeSet = true
    await store.setRoute(userActor(route.uid), node, ROUTE_MS)
    route.setMs = askedMs
  }

  #tick(): void {
    const { clock } = this.#options
    const nowMs = clock.monotonic()
    let left = SLICE_MIN + Math.floor(this.#routes.size * SLICE_SHARE)
    for (const route of this.#failed) {
      if (left === 0) break
      left -= 1
      this.#visit(route)
    }
    for (const [uid, route] of this.#routes) {
      if (route.visitMs > nowMs || left === 0) break
      left -= 1
      this.#routes.delete(uid)
      this.#routes.set(uid, route)
      route.visitMs = nowMs + VISIT_MS
      this.#visit(route)
    }
    this.#timer = this.#routes.size === 0 ? undefined : clock.after(TICK_MS, () => this.#tick())
  }

  #visit(route: Route): void {
    this.#failed.delete(route)
    void this.#then(route, async () => {
      if (this.#options.holds(route.uid)) await this.#refresh(route)
      else if (route.mayBeSet) await this.#drop(route)
      // Not sooner: a Hello that is under way may have been committed before the drop.
      else this.#routes.delete(route.uid)
    })
  }

  async #refresh(route: Route): Promise<void> {
    const { head, tell } = this.#options
    await this.#set(route)
    tell(headEvent(userActor(route.uid), await head(route.uid)))
  }

  async #drop(route: Route): Promise<void> {
    const { store, clock, node } = this.#options
    route.setMs = Number.NEGATIVE_INFINITY
    route.droppedMs = Number.POSITIVE_INFINITY
    try {
      await store.dropRoute(userActor(route.uid), node)
      route.mayBeSet = false
    } finally {
      route.droppedMs = clock.monotonic()
    }
  }
}
