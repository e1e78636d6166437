/** What all connections of a process share: handed to each, so that none carries its own. */

import type { Random } from '../lib/random.js'
import type { Wheel } from '../lib/wheel.js'
import type { Log, ThrottledLog } from '../ops/log.js'
import type { Services } from '../services/types.js'
import type { Connection } from './connection.js'
import type { Flusher } from './flusher.js'
import type { Hub } from './hub.js'
import type { ConnectionGate } from './limits.js'

export interface SessionContext {
  readonly services: Services
  readonly hub: Hub<Connection>
  readonly wheel: Wheel
  readonly flusher: Flusher
  readonly gate: ConnectionGate
  readonly random: Random
  readonly log: Log
  /** For what peers do wrong. */
  readonly faults: ThrottledLog
  /** Every connection that is not gone yet. */
  readonly connections: Set<Connection>
}
