/**
 * The partition, one of 256, that an actor belongs to. It is part of the data format: a store with one scope per partition finds an
 * actor's data by it, so an answer never changes.
 */

import { type Actor, PARTITIONS } from './types.js'

export const ALL_PARTITIONS: readonly number[] = Array.from({ length: PARTITIONS }, (_, partition) => partition)

/** The kinds whose id is a number that carries the partition in its remainder (uid = region·2^43 + 256·n + partition). */
const NUMBERED = ['user', 'outbox', 'partition', 'accounts', 'leaving', 'renaming', 'debts', 'time']
const DIGITS_MAX = 16

/** The kind whose id begins with its partition: `branch/<partition>/<group>`. */
const BRANCH = 'branch/'

/** The partition of an actor, in [0, 256). */
export function partitionOf(actor: Actor): number {
  if (actor.startsWith(BRANCH)) return Number.parseInt(actor.slice(BRANCH.length), 10) % PARTITIONS
  const slash = actor.indexOf('/')
  if (slash > 0 && NUMBERED.some(kind => kind.length === slash && actor.startsWith(kind))) {
    const partition = remainderOf(actor, slash + 1)
    if (partition !== undefined) return partition
  }
  return hash(actor) % PARTITIONS
}

/** The remainder of the decimal number that is the text from a place on; undefined: it is none, or a longer one than ids are. */
function remainderOf(text: string, from: number): number | undefined {
  const digits = text.length - from
  if (digits < 1 || digits > DIGITS_MAX) return undefined
  let remainder = 0
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    remainder = (remainder * 10 + digit) % PARTITIONS
  }
  return remainder
}

/** The FNV-1a hash over UTF-16 units. */
function hash(text: string): number {
  let bits = 0x811c9dc5
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193)
  return (bits ^ (bits >>> 15)) >>> 0
}
