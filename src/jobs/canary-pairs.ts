/**
 * Chooses the two users between whom a node's canary sends (sync/rules/canary.ts): at each primary of the store a pair in two of its
 * partitions, and another pair for each node. Each partition has one such user, so there are 127 pairs at most, whatever nodes come and
 * go. Pairs are neighbours in the order of their partitions, so a user has a new friend only when partitions have moved.
 */

import type { StorePrimary } from '../store/node-ports.js'
import { ALL_PARTITIONS } from '../store/partition.js'
import { CANARY_RECEIVER, CANARY_SENDER } from '../sync/rules/canary.js'

export interface CanaryPair {
  /** The name of the primary that it tries; empty: the store has none. */
  readonly primary: string
  readonly sender: number
  readonly receiver: number
}

/** The pair on a store that one node has. */
export const ONLY_PAIR: CanaryPair = { primary: '', sender: CANARY_SENDER, receiver: CANARY_RECEIVER }

/** The partitions that have a user of the store itself, which has their number: uid 0 is nobody. */
const WITH_USER = ALL_PARTITIONS.filter(partition => partition > 0)

/**
 * Finds a node's pair at each primary. The user of a partition that is alone at its primary writes to one elsewhere.
 * @param rank the node's place among all nodes, from 0: nodes of different ranks have different pairs while there are enough
 */
export function canaryPairs(primaries: readonly StorePrimary[], rank: number): readonly CanaryPair[] {
  return primaries.flatMap(({ name: primary, partitions }) => {
    const held = new Set(partitions)
    const users = WITH_USER.filter(partition => held.has(partition))
    const at = 2 * (rank % Math.max(1, Math.floor(users.length / 2)))
    const sender = users[at]
    if (sender === undefined) return []
    const receiver = users[at + 1] ?? WITH_USER.find(partition => partition !== sender) ?? sender
    return [{ primary, sender, receiver }]
  })
}
