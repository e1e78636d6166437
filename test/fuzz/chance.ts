/** Random choices of a fuzz run: all that a run does follows from its seed. */

import { seededRandom } from '../../src/lib/random.js'

export class Chance {
  readonly #random

  constructor(seed: string) {
    this.#random = seededRandom(seed)
  }

  /** In [0, below). */
  below(below: number): number {
    return Math.floor(this.#random.fraction() * below)
  }

  /** In [from, to]. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  yes(probability: number): boolean {
    return this.#random.fraction() < probability
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  bytes(count: number): Uint8Array {
    return this.#random.bytes(count)
  }
}
