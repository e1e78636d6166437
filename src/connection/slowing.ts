/** How much a peer may send: beyond it, its connection is read more slowly. */

import { networkOf } from '../lib/network.js'
import type { Limits } from '../ops/limits.js'
import { deviceKey } from '../services/limiting.js'
import type { Caller } from '../services/types.js'

/** A refusal for the rate counts as so many bytes: who does not listen to it is read more slowly in the end. */
export const REFUSED_BYTES = 1_024

/**
 * Counts bytes that came. 0, or for how many milliseconds nothing more should be read of the peer; of a device all connections
 * and requests count together, of those that are nobody's yet those of one address.
 */
export function slowing(limits: Limits, caller: Pick<Caller, 'uid' | 'device' | 'address'>, bytes: number): number {
  const key = caller.uid === 0 ? networkOf(caller.address) : deviceKey(caller)
  limits.charge('bytes', key, bytes)
  return limits.check('bytes', key, 0) // whether it owes
}
