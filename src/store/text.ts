/** How actors and names become one text, its order, and its limit: the same in every store. */

import { assert } from '../lib/assert.js'
import type { Actor } from './types.js'

export const EMPTY = new Uint8Array(0)

/**
 * UTF-16 units of an actor and a name (or compaction key) together: in UTF-8 at most three times as many bytes, which with
 * what a store adds stays below lmdb's longest key (1 978 bytes).
 */
export const NAME_LENGTH_MAX = 600

/** The text that `Store.scan` orders and selects by. */
export function scanText(actor: Actor, name: string): string {
  return `${actor}/${name}`
}

/** The order of the UTF-8 bytes (JavaScript's own order of strings differs from it beyond U+FFFF). */
export function textOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

export function assertNameFits(actor: Actor, name: string): void {
  assert(actor.length + name.length <= NAME_LENGTH_MAX, () => `the name ${actor}/${name.slice(0, 40)}… is too long`)
}
