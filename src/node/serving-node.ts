/** A node of any role, as the process that runs it sees it. */

import type { Readiness } from '../jobs/canary-probe.js'
import type { MemberNode } from './membership.js'
import type { Doors } from './options.js'

export interface ServingNode extends MemberNode {
  readonly serving: boolean
  /** @throws the store's errors */
  start(): Promise<void> | void
  /** Notes that its doors are open. */
  serve(): void
  ready(): Promise<Readiness>
  /** Serves nobody new, tells the clients to come back, finishes what is in work, and closes the store or the links. */
  drain(doors: Doors, withinMs: number): Promise<void>
  /** The same for a node without clients. */
  close(): Promise<void>
  /** Closes every connection and leaves the store as it is: to everybody else this looks like a crash. */
  abort(): void
}
