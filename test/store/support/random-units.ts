/** Units drawn by chance over few records and logs: most fit what is there, some meet a conflict. */

import type { Random } from '../../../src/lib/random.js'
import type { Store } from '../../../src/store/types.js'
import { ACTORS, NAMES, type WrittenUnit } from './killed-plan.js'

export class RandomUnits {
  readonly #random: Random
  readonly #stamps: Map<string, number>

  private constructor(random: Random, stamps: Map<string, number>) {
    this.#random = random
    this.#stamps = stamps
  }

  /** They begin with what the store holds. */
  static async for(store: Store, random: Random): Promise<RandomUnits> {
    const stamps = new Map<string, number>()
    for (const actor of ACTORS) {
      const records = await store.get(actor, NAMES)
      records.forEach(({ stamp }, i) => {
        stamps.set(`${actor} ${NAMES[i]}`, stamp)
      })
    }
    return new RandomUnits(random, stamps)
  }

  next(): WrittenUnit {
    const random = this.#random
    const [actor, other] = [this.pick(ACTORS), this.pick(ACTORS)]
    const name = this.pick(NAMES)
    const before = this.#stamps.get(`${actor} ${name}`) ?? 0
    const stamp = 1 + random.integer(2 ** 53 - 2)
    const removes = random.integer(15) === 0
    const holds = random.integer(12) > 0
    const text = `${stamp} ${'x'.repeat(random.integer(300))}`
    if (holds) this.#stamps.set(`${actor} ${name}`, removes ? 0 : stamp)
    const key = random.integer(3) === 0 ? { key: `key ${random.integer(4)}` } : {}
    return {
      expect: [{ actor, name, stamp: holds ? before : 1 + random.integer(1000) }],
      puts: [{ actor, name, stamp, text: removes ? null : text }],
      appends: [
        { actor, ...key, text: `from ${stamp}` },
        { actor: other, text: `to ${stamp}` },
      ],
      trims: random.integer(30) === 0 ? [{ actor, upTo: random.integer(2 ** 31) }] : [],
    }
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random.integer(from.length)] as T
  }
}
