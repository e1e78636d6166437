/** Makes stamps of records. Counting from a random start, no two engines ever make the same one (store/types.ts). */
import type { Random } from '../lib/random.js'
import type { Stamp } from '../store/types.js'

export interface Stamps {
  next(): Stamp
}

/** Starts anywhere in the lower half of the numbers, leaving 2^52 stamps to count on. */
export function randomStamps(random: Random): Stamps {
  let last = random.integer(2 ** 26) * 2 ** 26 + random.integer(2 ** 26)
  return {
    next() {
      last += 1
      return last
    },
  }
}
