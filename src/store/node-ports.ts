/**
 * What the nodes on one store have of it besides the data: leases, which say who lives, a way for messages between nodes, buckets in which
 * all count together, and the servers that it runs on.
 */

import type { SharedBuckets } from '../lib/shared-buckets.js'
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

/** This node's end of the way to the other nodes. Messages may be lost, late, or come out of order. */
export interface NodeBus {
  /** Sends a message. @returns false if it is certainly lost */
  send(node: NodeId, message: Uint8Array): boolean
  close(): void
}

export interface BusOptions {
  /** This node's name. */
  readonly node: NodeId
  /** Takes a message from another node. */
  readonly receive: (message: Uint8Array) => void
  /** Called when messages are received from now on: those before may have been lost. */
  readonly onSubscribed: () => void
}

/** A server of the store that can fail by itself. */
export interface StorePrimary {
  readonly name: string
  /** The partitions that it holds, in order. */
  readonly partitions: readonly number[]
}

/** What a store that several nodes share has for them. */
export interface NodePorts {
  /** The servers of the store, as far as they are known now. */
  readonly primaries: readonly StorePrimary[]
  readonly leases: LeaseStore
  readonly buckets: SharedBuckets
  openBus(options: BusOptions): NodeBus
}
