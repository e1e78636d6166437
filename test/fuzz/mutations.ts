/**
 * What is done to valid bytes: to the fields of a message (tags, types, values, lengths, order, repeats, nesting, grafts from
 * other messages) and to bytes that nobody takes apart (bits, cuts, doublings).
 */

import type { Chance } from './chance.js'
import { concatenated, type Node, varint } from './proto-tree.js'

/** Where number checks have their edges. */
const EDGES = [
  ...[0, 1, 2, 63, 64, 65, 127, 128, 255, 256, 257, 16_383, 16_384, 16_385, 25_000, 25_001, 65_535, 65_536],
  ...[2 ** 20, 2 ** 20 + 1, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1],
]

/** Varints that are none, or hold what no double holds. */
const WRONG_VARINTS = [
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x00],
  [0x80],
].map(bytes => Uint8Array.from(bytes))

/** Not UTF-8: a lone continuation, overlong, half a surrogate, beyond U+10FFFF, cut. */
const WRONG_TEXTS = [[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf0, 0x9f], [0xff]].map(
  bytes => Uint8Array.from(bytes),
)

const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 33, 64, 65, 128, 129, 256, 257, 1_000]
const START_GROUP = 3
const END_GROUP = 4

type TreeMutation = (list: Node[], at: number, chance: Chance, donors: readonly Node[]) => void

const TREE_MUTATIONS: readonly TreeMutation[] = [
  function drop(list, at) {
    list.splice(at, 1)
  },
  function double(list, at) {
    list.splice(at, 0, list[at] as Node)
  },
  function swap(list, at, chance) {
    const other = chance.below(list.length)
    const held = list[at] as Node
    list[at] = list[other] as Node
    list[other] = held
  },
  function repeat(list, at, chance) {
    const node = list[at] as Node
    const count = chance.pick([2, 3, 4, 17, 65, 257])
    list.splice(at, 0, ...new Array<Node>(count).fill(node))
  },
  function graft(list, at, chance, donors) {
    if (donors.length > 0) list.splice(at, 0, chance.pick(donors))
  },
  function renumber(list, at, chance) {
    const node = list[at] as Node
    if (node.kind === 'raw') return
    const number = chance.pick([0, (node.tag >>> 3) + 1, (node.tag >>> 3) - 1, chance.between(1, 30), 2 ** 28])
    list[at] = { ...node, tag: Math.max(0, number) * 8 + (node.tag & 7) }
  },
  function retype(list, at, chance) {
    const node = list[at] as Node
    if (node.kind !== 'raw') list[at] = { ...node, tag: node.tag - (node.tag & 7) + chance.below(8) }
  },
  function value(list, at, chance) {
    const node = list[at] as Node
    if (node.kind === 'varint') list[at] = { ...node, value: chance.pick(EDGES) }
    else if (node.kind === 'bytes') list[at] = { ...node, bytes: resized(node.bytes, chance) }
  },
  function wrongValue(list, at, chance) {
    const node = list[at] as Node
    if (node.kind === 'varint') {
      list[at] = { kind: 'raw', bytes: concatenated([varint(node.tag), chance.pick(WRONG_VARINTS)]) }
    } else if (node.kind === 'bytes') {
      const cut = chance.below(node.bytes.length + 1)
      const bytes = concatenated([node.bytes.subarray(0, cut), chance.pick(WRONG_TEXTS), node.bytes.subarray(cut)])
      list[at] = { ...node, bytes }
    }
  },
  function length(list, at, chance) {
    const node = list[at] as Node
    if (node.kind === 'bytes' || node.kind === 'nested') {
      list[at] = { ...node, lengthOff: chance.pick([-1, 1, 2, -7, 100, 65_536, 2 ** 32, 2 ** 52]) }
    }
  },
  function nest(list, at, chance) {
    let node = list[at] as Node
    const tag = node.kind === 'raw' ? 10 : node.tag - (node.tag & 7) + 2
    for (let depth = chance.pick([1, 1, 2, 2, 15, 16, 17, 100]); depth > 0; depth--) {
      node = { kind: 'nested', tag, nodes: [node], lengthOff: 0 }
    }
    list[at] = node
  },
  function groups(list, at, chance) {
    const number = chance.between(1, 40)
    const depth = chance.pick([1, 15, 16, 17, 20_000])
    const ends = chance.pick([depth, depth - 1, depth + 1, 0])
    const [start, end] = [varint(number * 8 + START_GROUP), varint(number * 8 + END_GROUP)]
    list.splice(at, 0, { kind: 'raw', bytes: concatenated([timesOver(start, depth), timesOver(end, ends)]) })
  },
  function stray(list, at, chance) {
    list.splice(at, 0, { kind: 'raw', bytes: chance.bytes(chance.between(1, 12)) })
  },
]

/** Changes one thing somewhere in the message. */
export function mutateTree(nodes: Node[], chance: Chance, donors: readonly Node[]): void {
  const list = listIn(nodes, chance)
  if (list.length === 0) list.push({ kind: 'raw', bytes: chance.bytes(chance.between(1, 12)) })
  else chance.pick(TREE_MUTATIONS)(list, chance.below(list.length), chance, donors)
}

/** The message's own list of fields, or one further in. */
function listIn(nodes: Node[], chance: Chance): Node[] {
  let list = nodes
  while (list.length > 0 && chance.yes(0.6)) {
    const node = chance.pick(list)
    if (node.kind !== 'nested') break
    list = node.nodes
  }
  return list
}

/** Changes one thing, without knowing what it is. The bytes that came in stay as they are. */
export function mutateBytes(bytes: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.below(bytes.length + 1)
  const [before, behind] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (chance.below(6)) {
    case 0:
      return before
    case 1:
      return concatenated([before, chance.bytes(chance.between(1, 8)), behind])
    case 2:
      return concatenated([before, behind.subarray(Math.min(behind.length, chance.between(1, 8)))])
    case 3: {
      const from = chance.below(at + 1)
      return concatenated([before, bytes.subarray(from, at), behind])
    }
    case 4:
      return concatenated([before, chance.pick(WRONG_VARINTS), behind])
    default: {
      const flipped = bytes.slice()
      const place = Math.min(at, bytes.length - 1)
      if (place >= 0) flipped[place] = (flipped[place] as number) ^ (1 << chance.below(8))
      return flipped
    }
  }
}

function timesOver(bytes: Uint8Array, count: number): Uint8Array {
  return new Uint8Array(Buffer.alloc(bytes.length * count, bytes))
}

function resized(bytes: Uint8Array, chance: Chance): Uint8Array {
  const length = chance.pick(LENGTHS)
  if (length <= bytes.length) return bytes.subarray(0, length)
  const longer = new Uint8Array(length).fill(0x61)
  longer.set(bytes)
  return longer
}
