/**
 * Says which node a partition's background work belongs to, or which one is to serve an actor: rendezvous hashing. Each node has a score for
 * each of them, and the highest one wins. So nodes with the same list agree without a word, and a node that comes or goes moves only its own.
 */
import { ALL_PARTITIONS } from '../store/partition.js'
import type { Actor, NodeId } from '../store/types.js'

interface Hashed {
  readonly node: NodeId
  readonly hash: number
}

/** The owner of each partition; empty if there are no nodes. */
export function ownersOf(nodes: Iterable<NodeId>): readonly NodeId[] {
  const hashed = Array.from(nodes, hashedNode)
  return hashed.length === 0 ? [] : ALL_PARTITIONS.map(partition => highest(hashed, partition + 1) ?? '')
}

/** Says which of these nodes is to serve an actor. */
export class Preference {
  readonly #nodes: readonly Hashed[]

  constructor(nodes: Iterable<NodeId>) {
    this.#nodes = Array.from(nodes, hashedNode)
  }

  /** @returns undefined if there are no nodes */
  of(actor: Actor): NodeId | undefined {
    return highest(this.#nodes, hashOf(actor))
  }
}

interface Weighted {
  readonly node: NodeId
  /** The node's share, compared with the others'; above 0. */
  readonly weight: number
}

/** The nodes in the order in which they are to serve a key: each comes first for its share of all keys. */
export function weightedOrder<T extends Weighted>(key: string, nodes: readonly T[]): T[] {
  const hash = hashOf(key)
  const scored = nodes.map(each => ({ each, score: -Math.log(chance(each.node, hash)) / each.weight }))
  return scored.toSorted((x, y) => x.score - y.score || (x.each.node < y.each.node ? -1 : 1)).map(({ each }) => each)
}

/** A number above 0 and below 1 that a node has for a key. */
function chance(node: NodeId, key: number): number {
  return (scoreOf(hashOf(node), key) + 0.5) / 2 ** 32
}

function scoreOf(node: number, key: number): number {
  return mixed(node ^ Math.imul(key, 0x9e3779b1))
}

function highest(nodes: readonly Hashed[], key: number): NodeId | undefined {
  let best: NodeId | undefined
  let bestScore = -1
  for (const { node, hash } of nodes) {
    const score = scoreOf(hash, key)
    if (score < bestScore || (score === bestScore && best !== undefined && node < best)) continue
    best = node
    bestScore = score
  }
  return best
}

function hashedNode(node: NodeId): Hashed {
  return { node, hash: hashOf(node) }
}

/** The FNV-1a hash over UTF-16 units. */
function hashOf(text: string): number {
  let bits = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193)
  return mixed(bits)
}

/** The finisher of MurmurHash3: each bit of the input changes half of the bits of the result. */
function mixed(value: number): number {
  let bits = value
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
