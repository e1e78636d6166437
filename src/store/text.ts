/** Actors and names as one text, its order, and its limit: the same in every store. */

import { assert } from '../lib/assert.js'
import type { Actor } from './types.js'

/**
 * The most UTF-16 units of an actor and a name (or compaction key) together. In UTF-8 this is at most three times as many bytes; with
 * what a store adds it stays below lmdb's longest key (1 978 bytes).
 */
export const NAME_LENGTH_MAX = 600

/** Compares by UTF-8 bytes, which is the order of code points. JavaScript's own order of strings differs beyond U+FFFF. */
export function textOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const itsA = a.charCodeAt(i)
    const itsB = b.charCodeAt(i)
    if (itsA !== itsB) return rank(itsA) - rank(itsB)
  }
  return a.length - b.length
}

/** The rank of a UTF-16 unit. Surrogates, D800 to DFFF, stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

export function assertNameFits(actor: Actor, name: string): void {
  assert(actor.length + name.length <= NAME_LENGTH_MAX, () => `the name ${actor}/${name.slice(0, 40)}… is too long`)
}
