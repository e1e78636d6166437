/**
 * Names the nodes that a user's clients are sent to, the best one first (PROTOCOL.md, clause 14). The order is rendezvous hashing by user,
 * weighted by the connections that each node can still take. So every node names the same ones to a user, a user's devices meet on one
 * node, and a full node gets few. Nodes that drain, or do not say where they take clients, are never named.
 */
import type { Endpoints } from '../../protocol/generated/messages.js'
import { ENDPOINTS_MAX } from '../../protocol/limits.js'
import type { NodeId } from '../store/types.js'
import type { Member } from './members.js'
import { weightedOrder } from './rendezvous.js'

/** The nodes for a user's clients, the best one first; undefined: there is none to name. */
export type EndpointsOf = (uid: number) => Endpoints | undefined

/** The time that clients keep a list. They ask again after half of it, with a frame that leaves anyway. */
const TTL_S = 14_400

/** The answer of a node that has none to name: clients do not ask again so soon. */
export const NO_ENDPOINTS: Endpoints = { endpoints: [], ttlS: TTL_S }

/** The weight of the node that can take most. */
const WEIGHT_MAX = 100

/** The list for a user. @param except is not named: it is about to stop */
export function endpointsFor(uid: number, live: readonly Member[], except?: NodeId): Endpoints {
  const nodes = live.flatMap(({ node, status }) => {
    const { entry, freeConnections = 0, draining } = status ?? {}
    return entry === undefined || draining === true || freeConnections <= 0 || node === except
      ? []
      : [{ node, entry, weight: freeConnections }]
  })
  const most = Math.max(...nodes.map(({ weight }) => weight))
  const endpoints = weightedOrder(`user/${uid}`, nodes)
    .slice(0, ENDPOINTS_MAX)
    .map(({ entry, weight }) => ({ ...entry, weight: Math.max(1, Math.round((WEIGHT_MAX * weight) / most)) }))
  return { endpoints, ttlS: TTL_S }
}
