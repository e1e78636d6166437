/**
 * The half of a node that clients connect to: connections and what they share, polls, the hub, and request limits. It knows the other
 * half (logic.ts) as Services alone, and learns by events what has happened.
 */

import type { Interests } from '../cluster/interests.js'
import { Backlog } from '../connection/backlog.js'
import { BoardListeners } from '../connection/board-listeners.js'
import { BoundedServices } from '../connection/bounded-services.js'
import type { Connection } from '../connection/connection.js'
import type { ConnectionContext } from '../connection/context.js'
import { DeafPeers } from '../connection/deaf-peers.js'
import { Flusher } from '../connection/flusher.js'
import { Hub } from '../connection/hub.js'
import { sendAway } from '../connection/send-away.js'
import { Watches } from '../connection/watches.js'
import { WatchingServices } from '../connection/watching-services.js'
import { pause } from '../lib/clock.js'
import { Wheel } from '../lib/wheel.js'
import type { Counters } from '../ops/counters.js'
import { ConnectionGate } from '../ops/gate.js'
import { ThrottledLog } from '../ops/log.js'
import type { Limits } from '../ops/rate-limits.js'
import { CountedServices } from '../services/counted.js'
import type { Services } from '../services/types.js'
import { ConnectHandler } from '../short/connect.js'
import { HEAD, type TransientEvent } from '../sync/events.js'
import type { Doors, Ground, NodeOptions, NodeSettings } from './options.js'

/** The most log lines per second about faults of peers. */
const FAULT_LINES_PER_TICK = 10
/** The interval at which draining checks whether everybody has gone. */
const DRAIN_POLL_MS = 20
/** The extra time after draining for the last frames and the peers' ends. */
const DRAIN_EXTRA_MS = 1_000

/** The part of the time of draining over which clients go to other nodes. The rest is for the last one's connection there. */
const LEAVING_PART = 0.75

export interface AccessOptions
  extends Ground,
    Pick<NodeOptions, 'zeroWindows' | 'endpoints'>,
    Pick<ConnectionContext, 'routes'> {
  readonly settings: Pick<NodeSettings, 'connections' | 'backlog'>
  readonly limits: Limits
  readonly counters: Counters
  /** What clients here look at, and those of other nodes. */
  readonly interests: Interests
  readonly services: (node: { readonly hub: Hub<Connection> }) => Services
}

export class Access {
  readonly hub = new Hub<Connection>()
  readonly watches: Watches<Connection>
  /** The connections that are told of new posts on boards. */
  readonly boards: BoardListeners<Connection>
  readonly interests: Interests
  /** The context that all connections share. */
  readonly context: ConnectionContext
  /** Handles the requests of HTTP. */
  readonly connect: ConnectHandler
  readonly #options: AccessOptions
  readonly #deaf: DeafPeers | undefined

  constructor(options: AccessOptions) {
    const { clock, random, defer, log, limits, counters, settings, zeroWindows, routes } = options
    this.#options = options
    const { hub } = this
    this.interests = options.interests
    const watches = new Watches<Connection>({ clock, hub, interests: this.interests })
    this.watches = watches
    const boards = new BoardListeners<Connection>({ clock, interests: this.interests, figures: watches.figures })
    this.boards = boards
    const backlog = new Backlog(settings.backlog)
    const watching = new WatchingServices(options.services({ hub }), {
      ...{ hub, watches, boards, limits, clock },
    })
    const bounded = new BoundedServices(watching, { backlog, limits, random })
    this.context = {
      services: new CountedServices(bounded, counters),
      hub,
      wheel: new Wheel(clock),
      flusher: new Flusher(defer),
      gate: new ConnectionGate(settings.connections),
      limits,
      backlog,
      random,
      log,
      faults: new ThrottledLog(log, FAULT_LINES_PER_TICK),
      counters,
      routes,
      connections: new Set(),
    }
    this.connect = new ConnectHandler({ services: this.context.services, hub, clock, random, limits, routes })
    if (zeroWindows !== undefined) this.#deaf = new DeafPeers({ context: this.context, clock, zeroWindows })
  }

  start(): void {
    this.#deaf?.start()
  }

  /** Takes what is stored nowhere, of this node or of another. */
  take(event: TransientEvent): void {
    if (event.topic === HEAD) this.boards.take(event)
    else this.watches.take(event)
  }

  /**
   * Sends every client away at a time of its own: to other nodes, if there are any, and then it is served until it has gone there. Waits
   * until all have gone, or until the time is over.
   */
  async drain(doors: Doors, withinMs: number): Promise<void> {
    const { clock, random, endpoints } = this.#options
    const { connections } = this.context
    const within = (ms: number): number => random.integer(Math.max(1, Math.floor(ms))) + 1
    const isLeaving = endpoints?.(0) !== undefined
    if (isLeaving) doors.leave(withinMs * LEAVING_PART)
    else doors.drain(withinMs)
    for (const connection of connections) {
      const named = endpoints?.(connection.uid)
      if (named === undefined) connection.drain(within(withinMs))
      else sendAway(connection, named, within(withinMs * LEAVING_PART))
    }
    const gone = async (untilMs: number): Promise<void> => {
      while ((connections.size > 0 || doors.inWork > 0) && clock.monotonic() < untilMs)
        await pause(clock, DRAIN_POLL_MS)
    }
    const endMs = clock.monotonic() + withinMs
    await gone(endMs)
    if (isLeaving) doors.drain(DRAIN_EXTRA_MS)
    for (const connection of connections) connection.drain(within(DRAIN_EXTRA_MS))
    await gone(endMs + DRAIN_EXTRA_MS)
    this.stop()
  }

  /** Closes every connection at once. */
  stop(): void {
    this.#deaf?.stop()
    this.watches.stop()
    this.boards.stop()
    for (const connection of this.context.connections) connection.destroy()
  }
}
