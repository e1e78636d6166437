/** What the nodes on one store have of it besides the data: leases, which say who lives, and a way for messages between nodes. */

import type { NodeId } from './types.js'

/** A node's claim to be alive, which ends by itself. */
export interface Lease {
  readonly node: NodeId
  /** What the node says about itself; the store does not read it. */
  readonly status: string
  /** The time until it ends, by the store's clock. */
  readonly leftMs: number
}

export interface LeaseView {
  /** The store's time, in milliseconds since 1970. Nodes' clocks may differ from it and from each other. */
  readonly nowMs: number
  /** All leases that have not ended. */
  readonly leases: readonly Lease[]
}

export interface LeaseStore {
  /** Makes a node's lease end `ttlMs` from now, by the store's clock. Rejects if there is no answer soon. */
  renew(node: NodeId, status: string, ttlMs: number): Promise<LeaseView>
}

/** Carries messages to other nodes, without a promise that they arrive. */
export interface NodeBus {
  /** @returns false if the message is certainly lost */
  send(node: NodeId, message: Uint8Array): boolean
}
