/** Units drawn by chance over few records and logs: most fit what is there, some meet a conflict. */

import type { Random } from '../../../src/lib/random.js'
import type { CommitResult, Store } from '../../../src/store/types.js'
import { ACTORS, CONVERSATIONS, NAMES, type WrittenUnit } from './killed-plan.js'

/** An entry that was there when it was last heard of. */
interface KnownEntry {
  readonly actor: string
  readonly version: number
  stamp: number
}

const KNOWN_MAX = 40

export class RandomUnits {
  readonly #random: Random
  readonly #stamps: Map<string, number>
  /** The newest that were appended, of all logs. */
  readonly #entries: KnownEntry[] = []

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
    const place = random.integer(3)
    const key = place === 0 ? { key: `key ${random.integer(4)}` } : {}
    const conversation = place === 1 ? { conversation: this.pick(CONVERSATIONS) } : {}
    const { length } = this.#entries
    const entry = length > 0 && random.integer(6) === 0 ? this.#entries[random.integer(length)] : undefined
    const replaces = entry === undefined ? [] : [this.#replacing(entry, stamp)]
    return {
      expect: [{ actor, name, stamp: holds ? before : 1 + random.integer(1000) }],
      puts: [{ actor, name, stamp, text: removes ? null : text }],
      appends: [
        { actor, ...key, ...conversation, text: `from ${stamp}` },
        { actor: other, ...conversation, text: `to ${stamp}` },
      ],
      trims: random.integer(30) === 0 ? [{ actor, upTo: random.integer(2 ** 31) }] : [],
      replaces,
    }
  }

  /** What became of units: later ones replace entries of theirs. */
  committed(units: readonly WrittenUnit[], results: readonly CommitResult[]): void {
    units.forEach(({ appends }, i) => {
      const result = results[i]
      if (result?.kind !== 'committed') return
      appends.forEach(({ actor }, at) => {
        this.#entries.push({ actor, version: result.appended[at]?.version ?? 0, stamp: 0 })
      })
    })
    this.#entries.splice(0, this.#entries.length - KNOWN_MAX)
  }

  /** Mostly what will be there: that it is not is a conflict. */
  #replacing(entry: KnownEntry, stamp: number): WrittenUnit['replaces'][number] {
    const { actor, version, stamp: expected } = entry
    entry.stamp = stamp
    return { actor, version, expected, stamp, text: `again ${stamp}` }
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random.integer(from.length)] as T
  }
}
