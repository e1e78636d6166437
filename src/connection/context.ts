/**
 * The parts that all connections of a process share: handed to each, so that none carries its own. A class that needs
 * a few of them names them (`Pick`); only what makes connections takes all.
 */

import type { RouteKeeper } from '../cluster/routes.js'
import type { Random } from '../lib/random.js'
import type { Wheel } from '../lib/wheel.js'
import type { Counters } from '../ops/counters.js'
import type { ConnectionGate } from '../ops/gate.js'
import type { Log, ThrottledLog } from '../ops/log.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Services } from '../services/types.js'
import type { Backlog } from './backlog.js'
import type { StateKind } from './connection-state.js'
import type { Flusher } from './flusher.js'
import type { Hub, Member } from './hub.js'
import type { Transport } from './pipe.js'

/** A connection as the process sees it. */
export interface LiveConnection extends Member {
  readonly transport: Transport
  readonly state: StateKind
  /** The highest version that the client has been told or has shown to know. */
  readonly told: number
  /** The version up to which the client has, or is about to get, its whole timeline; 0 while that is not known. */
  readonly stands: number
  /** Bytes on their way to the peer that this process holds. */
  readonly waitingBytes: number
  /** Whether it runs over the TCP connection with these ends. */
  isBetween(localPort: number, remoteAddress: string, remotePort: number): boolean
  /** Queues a frame. */
  write(frame: Uint8Array): void
  /** Tells the client that the server stops, finishes what is in work and closes. */
  drain(retryAfterMs: number): void
  /** Closes at once. */
  destroy(): void
}

export interface ConnectionContext {
  readonly services: Services
  readonly hub: Hub
  readonly wheel: Wheel
  readonly flusher: Flusher
  readonly gate: ConnectionGate
  readonly limits: Limits
  readonly backlog: Backlog
  readonly random: Random
  readonly log: Log
  /** The log of what peers do wrong. */
  readonly faults: ThrottledLog
  readonly counters: Counters
  /** Sets routes, so that other nodes tell this one what they append; absent: no other node uses the store. */
  readonly routes?: Pick<RouteKeeper, 'keep' | 'noteSet'> | undefined
  /** Every connection that is not gone yet. */
  readonly connections: Set<LiveConnection>
}
