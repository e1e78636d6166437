/**
 * The partition, one of 256, that an actor belongs to. It is part of the data format: a store with one scope per partition finds an
 * actor's data by it, so an answer never changes.
 */

import { type Actor, PARTITIONS } from './types.js'

export const ALL_PARTITIONS: readonly number[] = Array.from({ length: PARTITIONS }, (_, partition) => partition)

/** The kinds whose id is a number that carries the partition in its remainder (uid = region·2^43 + 256·n + partition). */
const NUMBERED = new Set(['user', 'accounts', 'outbox', 'partition', 'leaving', 'renaming', 'time'])

const DECIMAL = /^\d{1,16}$/

/** The partition of an actor, in [0, 256). */
export function partitionOf(actor: Actor): number {
  const slash = actor.indexOf('/')
  if (slash > 0 && NUMBERED.has(actor.slice(0, slash))) {
    const id = actor.slice(slash + 1)
    if (DECIMAL.test(id)) return Number(id) % PARTITIONS
  }
  return hash(actor) % PARTITIONS
}

/** The FNV-1a hash over UTF-16 units. */
function hash(text: string): number {
  let bits = 0x811c9dc5
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193)
  return (bits ^ (bits >>> 15)) >>> 0
}
