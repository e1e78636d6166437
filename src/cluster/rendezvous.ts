/**
 * Says which node a partition's background work belongs to: rendezvous hashing. Each node has a score for each partition, and the highest
 * one wins. So nodes with the same list agree without a word, and a node that comes or goes moves only its own partitions.
 */
import { ALL_PARTITIONS } from '../store/partition.js'
import type { NodeId } from '../store/types.js'

/** The owner of each partition; empty if there are no nodes. */
export function ownersOf(nodes: Iterable<NodeId>): readonly NodeId[] {
  const hashed = Array.from(nodes, node => ({ node, hash: hashOf(node) }))
  if (hashed.length === 0) return []
  return ALL_PARTITIONS.map(partition => {
    let owner = ''
    let highest = -1
    for (const { node, hash } of hashed) {
      const score = mixed(hash ^ Math.imul(partition + 1, 0x9e3779b1))
      if (score < highest || (score === highest && node < owner)) continue
      owner = node
      highest = score
    }
    return owner
  })
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
