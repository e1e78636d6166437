/**
 * Which of the 256 partitions an actor belongs to. Part of the data format: a store with one scope per partition finds an
 * actor's data by it, so an answer given once never changes.
 */

import { type Actor, PARTITIONS } from './types.js'

export const ALL_PARTITIONS: readonly number[] = Array.from({ length: PARTITIONS }, (_, partition) => partition)

/** Kinds whose id is a number that carries the partition in its remainder (uid = region·2^43 + 256·n + partition). */
const NUMBERED = new Set(['user', 'accounts', 'outbox', 'partition', 'leaving', 'renaming', 'time'])

const DECIMAL = /^\d{1,16}$/

/** In [0, 256). */
export function partitionOf(actor: Actor): number {
  const slash = actor.indexOf('/')
  if (slash > 0 && NUMBERED.has(actor.slice(0, slash))) {
    const id = actor.slice(slash + 1)
    if (DECIMAL.test(id)) return Number(id) % PARTITIONS
  }
  return hash(actor) % PARTITIONS
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let bits = 0x811c9dc5
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193)
  return (bits ^ (bits >>> 15)) >>> 0
}
