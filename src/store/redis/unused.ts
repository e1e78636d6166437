/** Makes sure that no node runs on a Redis. */

import { type Clock, pause } from '../../lib/clock.js'
import { addressText, type RedisAddress } from './address.js'
import { whenSent } from './follow.js'
import type { RedisLeases } from './leases.js'

/** A Redis that no node may run on. */
export interface UnusedRedisOptions {
  readonly address: RedisAddress
  readonly clock: Clock
  /** The replicas that must have a write before it counts (RedisStoreOptions). */
  readonly replicas?: number | undefined
}

export class NodesRunningError extends Error {
  override readonly name = 'NodesRunningError'
}

/** The time for which the lease of a node that has ended may still be there, and a little more. */
const ENDED_MS_MAX = 4_000
const LOOK_MS = 100

/** Rejects with NodesRunningError if a node has a lease. */
export async function assertNoNodes(leases: RedisLeases, address: RedisAddress, clock: Clock): Promise<void> {
  const nodes = (await whenSent(clock, () => leases.list())).leases.map(({ node }) => node)
  if (nodes.length === 0) return
  const list = nodes.join(', ')
  throw new NodesRunningError(
    `servers run on Redis at ${addressText(address)} (${list}): stop them first; longwire nodes shows them`,
  )
}

/** Does the same, and waits for the leases of nodes that have just ended. */
export async function awaitNoNodes(leases: RedisLeases, address: RedisAddress, clock: Clock): Promise<void> {
  const untilMs = clock.monotonic() + ENDED_MS_MAX
  for (;;) {
    try {
      await assertNoNodes(leases, address, clock)
      return
    } catch (error) {
      if (!(error instanceof NodesRunningError) || clock.monotonic() > untilMs) throw error
    }
    await pause(clock, LOOK_MS)
  }
}
