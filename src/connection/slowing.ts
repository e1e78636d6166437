/** The limit on the bytes that a peer sends: above it, its connection is read more slowly. */

import { networkOf } from '../lib/network.js'
import type { Limits } from '../ops/rate-limits.js'
import { deviceKey } from '../services/request-limits.js'
import type { Caller } from '../services/types.js'

/** The bytes that a refusal for the rate counts as: a peer that does not heed it is read more slowly in the end. */
export const REFUSED_BYTES = 1_024

/**
 * Counts bytes that came. All connections and requests of a device count together; those that belong to nobody yet count by address.
 * @returns the milliseconds for which nothing more should be read of the peer; 0 for none
 */
export function slowing(limits: Limits, caller: Pick<Caller, 'uid' | 'device' | 'address'>, bytes: number): number {
  const key = caller.uid === 0 ? networkOf(caller.address) : deviceKey(caller)
  limits.charge('bytes', key, bytes)
  return limits.check('bytes', key, 0) // whether it owes
}
