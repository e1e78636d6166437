/**
 * The part of a node that every role with clients has: the access half, and what it hears of other nodes.
 *
 *   doors ─► access (connections, polls, hub) ─► services
 *                ▲
 *                └── events: of this node's own commits, and of other nodes (exchange); after a loss, the comparison
 */
import { CODES } from '../../protocol/codes.js'
import { BoardHeads } from '../cluster/board-heads.js'
import { Comparison, compareAll } from '../cluster/compare.js'
import { Interests } from '../cluster/interests.js'
import { NodeExchange, type NodeNetwork } from '../cluster/node-exchange.js'
import { RouteKeeper } from '../cluster/routes.js'
import { SIGNAL } from '../connection/watches.js'
import type { Signal } from '../services/signal-service.js'
import type { Services } from '../services/types.js'
import type { Store } from '../store/types.js'
import type { Delivery, NodeEvent, TransientEvent } from '../sync/events.js'
import { uidOf } from '../sync/rules/records.js'
import { Access, type AccessOptions } from './access.js'
import type { Ground, NodeOptions } from './options.js'

const ALONE: NodeNetwork = Object.freeze({ others: () => [], send() {} })

/** The pause before a failed comparison is repeated. */
const COMPARE_AGAIN_MS = 1_000

const INCARNATIONS = 2 ** 32

export interface FrontOptions
  extends Ground,
    Omit<AccessOptions, 'routes' | 'interests'>,
    Pick<NodeOptions, 'name' | 'network'> {
  /** The services that know what the store holds. */
  readonly truth: Pick<Services, 'head' | 'boundAttempt'>
  /** The store that keeps this node's routes. Undefined: nobody asks for them. */
  readonly routes: Pick<Store, 'setRoute' | 'dropRoute'> | undefined
  /** Takes an event of another node, before the connections do. */
  readonly take: (event: NodeEvent) => void
}

export class Front {
  readonly access: Access
  readonly exchange: NodeExchange
  readonly interests: Interests
  readonly #name: string
  readonly #comparison: Comparison
  readonly #truth: FrontOptions['truth']
  readonly #routes: RouteKeeper | undefined
  /** Tells other nodes of new posts. Those of this node go to its own connections. */
  readonly #heads: BoardHeads

  constructor(options: FrontOptions) {
    const { clock, random, defer, name, network = ALONE, truth, take } = options
    this.#truth = truth
    this.#name = name
    const interests = new Interests({
      node: name,
      clock,
      defer,
      tell: (event, to) => this.exchange.tell(event, to),
      isHere: user => this.access.watches.isHere(user),
      changed: user => this.access.watches.changed(user),
    })
    this.interests = interests
    this.#heads = new BoardHeads(
      clock,
      board => interests.holders(board).length > 0,
      event => this.exchange.tell(event, interests.holders(event.to)),
    )
    const head = async (uid: number): Promise<number> => {
      const before = hub.membersOf(uid).map(connection => [connection, connection.stands] as const)
      const { head } = await truth.head(uid, 0)
      // The store has lost what these clients have applied.
      for (const [connection, stood] of before) if (stood > head) connection.close(CODES.RESYNC.code)
      return head
    }
    if (options.routes !== undefined) {
      const holds = (uid: number) => this.access.hub.holds(uid)
      this.#routes = new RouteKeeper({ node: name, store: options.routes, clock, holds, head, tell: e => hub.take(e) })
    }
    this.access = new Access({ ...options, routes: this.#routes, interests })
    const { hub, context } = this.access
    const held = { head, boundAttempt: (uid: number, device: number) => truth.boundAttempt(uid, device) }
    this.#comparison = new Comparison(
      () => compareAll([...context.connections, ...hub.polls.all()], held, event => hub.take(event)),
      run => clock.after(COMPARE_AGAIN_MS, run),
    )
    this.exchange = new NodeExchange({
      node: name,
      incarnation: 1 + random.integer(INCARNATIONS),
      clock,
      defer,
      network,
      take: event => {
        if (event.kind === 'transient') {
          this.access.take(event)
          return
        }
        take(event)
        this.#tell(event)
      },
      compare: () => this.compare(),
      met: node => interests.met(node),
    })
  }

  /** Notes that events of other nodes may have been lost: looks at the store for everybody who is connected. */
  compare(): void {
    this.#comparison.ask()
  }

  /**
   * Tells the connections. One that was bound after the session that ended is of a later session, or the store has lost that it was bound:
   * the store says which.
   */
  #tell(event: NodeEvent): void {
    const { hub } = this.access
    hub.take(event)
    if (event.kind !== 'ended' || event.what !== 'session') return
    for (const { uid, device, attempt } of hub.membersOf(uidOf(event.to))) {
      if (device !== event.device || attempt <= event.attempt || attempt === event.except) continue
      this.#truth.boundAttempt(uid, device).then(
        bound => {
          if (bound === undefined) hub.take({ ...event, attempt })
        },
        () => {}, // its next request is refused
      )
    }
  }

  /** Closes every connection, and leaves the routes to expire. Events still go to other nodes. */
  stop(): void {
    this.access.stop()
    this.interests.stop()
    this.#heads.stop()
    this.#routes?.stop()
  }

  /** Sends a signal to who looks: here, and at the nodes that are interested. */
  signal({ to, interest, notice }: Signal): void {
    const event: TransientEvent = { kind: 'transient', from: this.#name, to, topic: SIGNAL, bytes: notice }
    this.access.take(event)
    this.exchange.tell(event, this.interests.holders(interest))
  }

  /** Delivers an event, first to the devices that are connected here. */
  readonly deliver: Delivery['send'] = (event, routes) => {
    if (event.kind === 'transient') {
      // A unit's only one of these: a board has a newest post.
      const head = { ...event, from: this.#name }
      this.access.take(head)
      this.#heads.take(head)
      return
    }
    this.#tell(event)
    this.exchange.tell(event, routes)
  }
}
