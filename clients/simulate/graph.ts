/**
 * The friendships of a simulated population.
 *
 * A small world: everybody stands in a ring beside two friends, and all other friendships join random people. So the graph is
 * symmetric, and the same seed gives the same graph. Everybody has the asked number of friends (one person has one less where
 * users × friends is odd). With 2 friends or more, nobody is cut off from the rest.
 */

import type { Random } from '../../src/lib/random.js'

export interface Graph {
  /** The numbers of each person's friends, in random order. People are numbered from 0. */
  readonly friends: readonly (readonly number[])[]
  /** The number of friendships, each counted once. */
  readonly friendships: number
}

/** Swaps tried per friendship. After some five, nothing of the regular start is left to see. */
const SWAPS_PER_EDGE = 10

/** @param users at least 2 @param friends of each, 1 to users - 1 */
export function makeGraph(users: number, friends: number, random: Random): Graph {
  if (!(friends >= 1 && friends < users)) throw new RangeError(`${users} users cannot have ${friends} friends each`)
  const lattice = ringLattice(users, friends)
  shuffleEnds(lattice, friends >= 2 ? users : 0, users, random)
  const lists: number[][] = Array.from({ length: users }, () => [])
  for (let edge = 0; edge < lattice.from.length; edge++) {
    const a = lattice.from[edge] as number
    const b = lattice.to[edge] as number
    lists[a]?.push(b)
    lists[b]?.push(a)
  }
  for (const list of lists) shuffle(list, random)
  return { friends: lists, friendships: lattice.from.length }
}

export function shuffle(list: number[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    const kept = list[i] as number
    list[i] = list[j] as number
    list[j] = kept
  }
}

interface Edges {
  readonly from: number[]
  readonly to: number[]
}

/**
 * Joins everybody to the nearest in the ring: half of the friends on each side, and one across if their number is odd. With 2
 * friends or more, the first `users` edges are the ring itself.
 */
function ringLattice(users: number, friends: number): Edges {
  const from: number[] = []
  const to: number[] = []
  for (let distance = 1; distance <= friends >> 1; distance++) {
    for (let a = 0; a < users; a++) {
      from.push(a)
      to.push((a + distance) % users)
    }
  }
  if (friends % 2 === 1) {
    // Steps of half a ring: with an even number of people they pair; with an odd number they go round everybody once, and
    // every second step of that round is taken, which leaves one person out.
    const half = users >> 1
    let a = 0
    for (let pair = 0; pair < half; pair++) {
      from.push(a)
      to.push((a + half) % users)
      a = users % 2 === 0 ? a + 1 : (a + 2 * half) % users
    }
  }
  return { from, to }
}

/** Exchanges the ends of random pairs of edges, but of the first `kept`: a–b, c–d become a–d, c–b. Degrees stay. */
function shuffleEnds({ from, to }: Edges, kept: number, users: number, random: Random): void {
  const free = from.length - kept
  if (free < 2) return
  const keyOf = (a: number, b: number): number => Math.min(a, b) * users + Math.max(a, b)
  const joined = new Set<number>()
  for (let edge = 0; edge < from.length; edge++) joined.add(keyOf(from[edge] as number, to[edge] as number))
  for (let swap = free * SWAPS_PER_EDGE; swap > 0; swap--) {
    const one = kept + random.integer(free)
    const other = kept + random.integer(free)
    const turned = random.integer(2) === 1
    const [a, b] = [from[one] as number, to[one] as number]
    const [c, d] = turned ? [to[other] as number, from[other] as number] : [from[other] as number, to[other] as number]
    if (a === c || a === d || b === c || b === d) continue
    if (joined.has(keyOf(a, d)) || joined.has(keyOf(c, b))) continue
    joined.delete(keyOf(a, b))
    joined.delete(keyOf(c, d))
    joined.add(keyOf(a, d))
    joined.add(keyOf(c, b))
    to[one] = d
    from[other] = c
    to[other] = b
  }
}
