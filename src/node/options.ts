/** What a node is given: the ground it stands on, which the simulation replaces, and its settings. */
import type { PeerNetwork } from '../cluster/peers.js'
import type { BacklogBounds } from '../connection/backlog.js'
import type { Connection } from '../connection/connection.js'
import type { ConnectionLimits } from '../connection/gate.js'
import type { Hub } from '../connection/hub.js'
import type { RetentionSettings } from '../jobs/retention.js'
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Defer } from '../lib/turn.js'
import type { LimitSettings } from '../ops/limits-table.js'
import type { Log } from '../ops/log.js'
import type { ZeroWindow } from '../ops/zero-windows.js'
import type { Passwords } from '../services/passwords.js'
import type { Services } from '../services/types.js'
import type { Store } from '../store/types.js'
import type { SequenceRule } from '../sync/rules/numbered.js'
import type { Stamps } from '../sync/stamps.js'

/** What a node stands on: nothing of it reads time or chance by itself. */
export interface Ground {
  readonly clock: Clock
  readonly random: Random
  /** Runs a function at the end of the event loop's turn. */
  readonly defer: Defer
  readonly log: Log
}

export interface NodeSettings {
  /** Rates in place of the table's; 'open': nothing is limited. */
  readonly limits: LimitSettings | 'open'
  readonly retention: RetentionSettings
  readonly connections: ConnectionLimits
  readonly backlog: BacklogBounds
  /** How long a check whether messages get through waits. */
  readonly readyMs: number
  /** Between two looks for effects that a dead node left; 0: only at the start. */
  readonly sweepMs: number
}

export interface NodeOptions extends Ground {
  /** Its name among the nodes on its store. */
  readonly name: string
  /** Closed with the node. */
  readonly store: Store
  readonly settings: NodeSettings
  /** Whether this node does the work in the background of the partition; it may change at any time. Absent: it owns all. */
  readonly owns?: (partition: number) => boolean
  readonly passwords: Passwords
  /** The store failed for good. Nothing was or will be answered; the process has to end. */
  readonly onFatal: (error: unknown) => void
  /** The way to the other nodes on the store. Absent: there are none. */
  readonly network?: PeerNetwork
  /** TCP connections whose peer does not read. Absent: nobody looks. */
  readonly zeroWindows?: () => Promise<ZeroWindow[]>
  /** For tests: in place of the node's own. */
  readonly services?: (node: { readonly hub: Hub<Connection> }) => Services
  readonly stamps?: Stamps
  readonly sequence?: SequenceRule
  readonly sliceTargets?: number
}

/** Where clients come in: whoever has sockets makes the doors. */
export interface Doors {
  /** Requests that are not answered yet. */
  readonly inWork: number
  /** Serves nobody new; tells those who wait to come back within this time. */
  drain(withinMs: number): void
}
