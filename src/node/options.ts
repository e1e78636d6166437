/** The options of a node: its settings, and the ground that it runs on, which the simulation replaces. */
import type { EndpointsOf } from '../cluster/endpoints.js'
import type { NodeNetwork } from '../cluster/node-exchange.js'
import type { BacklogBounds } from '../connection/backlog.js'
import type { Connection } from '../connection/connection.js'
import type { Hub } from '../connection/hub.js'
import type { CanaryPair } from '../jobs/canary-pairs.js'
import type { RetentionSettings } from '../jobs/retention.js'
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { SharedBuckets } from '../lib/shared-buckets.js'
import type { Defer } from '../lib/turn.js'
import type { LinkServer } from '../link/link-server.js'
import type { LogicLinks } from '../link/logic-links.js'
import type { ConnectionLimits } from '../ops/gate.js'
import type { Log } from '../ops/log.js'
import type { LimitSettings } from '../ops/rate-limits-table.js'
import type { ZeroWindow } from '../ops/zero-windows.js'
import type { Passwords } from '../services/passwords.js'
import type { Services } from '../services/types.js'
import type { Actor, NodeId, Store } from '../store/types.js'
import type { SequenceRule } from '../sync/rules/numbered.js'
import type { Stamps } from '../sync/stamps.js'
import type { OwnWorkers } from '../workers/tasks.js'
import type { ContactWish } from './contact-policy.js'

/** The ground of a node: its time, chance and other surroundings. Nothing in the node reads time or chance by itself. */
export interface Ground {
  readonly clock: Clock
  readonly random: Random
  /** Runs a function at the end of the event loop's turn. */
  readonly defer: Defer
  readonly log: Log
}

export interface NodeSettings {
  /** The rates that replace the table's; 'open': nothing is limited. */
  readonly limits: LimitSettings | 'open'
  readonly retention: RetentionSettings
  readonly connections: ConnectionLimits
  readonly backlog: BacklogBounds
  /** The time that a check whether messages get through waits. */
  readonly readyMs: number
  /** The time between two looks for effects that a dead node left; 0: only at the start. */
  readonly sweepMs: number
  /** The policy of contacts that it is started with. Absent: the store's, and nothing is written. */
  readonly contacts?: ContactWish
}

export interface NodeOptions extends Ground {
  /** Its name among the nodes on its store. */
  readonly name: string
  /** The store; closed with the node. */
  readonly store: Store
  readonly settings: NodeSettings
  /** Whether this node does the partition's background work; it may change at any time. Absent: it owns all. */
  readonly owns?: (partition: number) => boolean
  /** The node that is to deliver to an actor for whose records nodes compete; it may be this one. Absent: none is better than another. */
  readonly prefers?: (actor: Actor) => NodeId | undefined
  /** The pairs of users for the canary. Absent: the one of a store without other nodes. */
  readonly canaryPairs?: () => readonly CanaryPair[]
  /** The nodes for a user's clients. Absent: there are never any to name. */
  readonly endpoints?: EndpointsOf
  /** The newest forms of stored data that all nodes on the store read. Absent: this node is alone, and reads all. */
  readonly forms?: () => number
  /** Whether no other node runs on the store now. Absent: none ever does. */
  readonly isAlone?: () => boolean
  /** The buckets of the limits that all nodes count together. Absent: this node is alone. */
  readonly buckets?: SharedBuckets
  readonly passwords: Passwords
  /** The threads for heavy work. */
  readonly workers: OwnWorkers
  /** Called when the store failed for good. Nothing was or will be answered; the process has to end. */
  readonly onFatal: (error: unknown) => void
  /** The network to the other nodes on the store. Absent: there are none. */
  readonly network?: NodeNetwork
  /** Takes links from other nodes. Absent: there are none. */
  readonly links?: LinkServer
  /**
   * The links to all nodes, this one among them, for the requests of users for whose records nodes compete. Absent: each node does what
   * comes to it.
   */
  readonly home?: LogicLinks
  /** Finds TCP connections whose peer does not read. Absent: nobody looks. */
  readonly zeroWindows?: () => Promise<ZeroWindow[]>
  /** Services that replace the node's own, for tests. */
  readonly services?: (node: { readonly hub: Hub<Connection> }) => Services
  readonly stamps?: Stamps
  readonly sequence?: SequenceRule
  readonly sliceTargets?: number
  readonly outboxBytesMax?: number | undefined
}

/** The doors through which clients come; made by the part that has sockets. */
export interface Doors {
  /** The number of requests that are not answered yet; also of those that are waited for, once it leaves. */
  readonly inWork: number
  /** Serves nobody new, and sends clients that poll to other nodes within this time. All are served until drain(). */
  leave(withinMs: number): void
  /** Serves nobody new; tells waiting clients to come back within this time. */
  drain(withinMs: number): void
}
