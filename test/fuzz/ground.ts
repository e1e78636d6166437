/** Where transcripts are played: what the fake ground and the real one have in common for a player. */

import type { Connection } from '../../src/connection/connection.js'
import type { ConnectionContext } from '../../src/connection/context.js'
import type { FakePipe } from '../support/connection-rig.js'
import type { Chance } from './chance.js'
import type { Known } from './random-message.js'

export interface Ground {
  readonly context: ConnectionContext
  /** What a transcript may name: the token of a device that the ground knows, its next attempt, users, numbers. */
  known(chance: Chance): Promise<Known>
  connect(): { pipe: FakePipe; connection: Connection }
  /** Something happens that the client did not do: answers, items, time; a peer that takes nothing. */
  event(chance: Chance, pipe: FakePipe): Promise<void>
  /** Answers what waits for an answer, until `done` says so, or for longer than anything takes. */
  settle(done: () => boolean): Promise<void>
  /** @throws unless a client that does nothing wrong is served as it should be */
  witness(): Promise<void>
  close(): Promise<void>
  /** After a fault, which may have left anything behind. */
  abort(): void
}
