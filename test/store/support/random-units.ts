/** Units drawn by chance over few records and logs: most fit what is there, some meet a conflict. */

import type { Random } from '../../../src/lib/random.js'
import type { CommitResult, Store } from '../../../src/store/types.js'
import { ACTORS, CONVERSATIONS, KEYS, NAMES, textOf, type WrittenUnit } from './killed-plan.js'

/** An entry that was there when it was last heard of. */
interface KnownEntry {
  readonly actor: string
  readonly version: number
  stamp: number
}

const KNOWN_MAX = 40

/** The characters that a stamp takes at the begin of a text. */
const STAMP_WIDTH = 17

export class RandomUnits {
  readonly #random: Random
  readonly #stamps: Map<string, number>
  readonly #texts: Map<string, string>
  /** The newest that were appended, of all logs. */
  readonly #entries: KnownEntry[] = []

  private constructor(random: Random, stamps: Map<string, number>, texts: Map<string, string>) {
    this.#random = random
    this.#stamps = stamps
    this.#texts = texts
  }

  /** They begin with what the store holds. */
  static async for(store: Store, random: Random): Promise<RandomUnits> {
    const stamps = new Map<string, number>()
    const texts = new Map<string, string>()
    for (const actor of ACTORS) {
      const records = await store.get(actor, NAMES)
      records.forEach(({ stamp, bytes }, i) => {
        stamps.set(`${actor} ${NAMES[i]}`, stamp)
        texts.set(`${actor} ${NAMES[i]}`, textOf(bytes))
      })
    }
    return new RandomUnits(random, stamps, texts)
  }

  next(): WrittenUnit {
    const random = this.#random
    const [actor, other] = [this.pick(ACTORS), this.pick(ACTORS)]
    const name = this.pick(NAMES)
    const before = this.#stamps.get(`${actor} ${name}`) ?? 0
    const stamp = 1 + random.integer(2 ** 53 - 2)
    const removes = random.integer(15) === 0
    const holds = random.integer(12) > 0
    const known = this.#texts.get(`${actor} ${name}`) ?? ''
    const isPatch = before !== 0 && !removes && known.length > STAMP_WIDTH && random.integer(2) === 0
    const begin = `${stamp}`.padEnd(STAMP_WIDTH)
    const whole = { text: begin + 'x'.repeat(random.integer(300)) }
    const { text, ...changed } = isPatch ? this.#patch(begin, known) : whole
    if (holds) {
      this.#stamps.set(`${actor} ${name}`, removes ? 0 : stamp)
      this.#texts.set(`${actor} ${name}`, removes ? '' : text)
    }
    const place = random.integer(3)
    const key = place === 0 ? { key: this.pick(KEYS) } : {}
    const conversation = place === 1 ? { conversation: this.pick(CONVERSATIONS) } : {}
    // The second is much like the first, at its place or beside it: the journal may say only what differs.
    const body = ` ${stamp}: a text that both of them have${'.'.repeat(random.integer(8) === 0 ? random.integer(900) : 0)}`
    return {
      expect: [{ actor, name, stamp: holds ? before : 1 + random.integer(1000) }],
      puts: [{ actor, name, stamp, text: removes ? null : text, ...changed }],
      appends: [
        { actor, ...key, ...conversation, ...this.#at(actor), text: this.pick(['fro', 'from']) + body },
        {
          actor: other,
          ...(random.integer(3) === 0 ? key : {}),
          ...conversation,
          text: this.pick(['to.', 'to..']) + body,
        },
      ],
      trims: random.integer(20) === 0 ? [this.#trim(actor)] : [],
      drops: random.integer(15) === 0 ? [{ actor: other, key: this.pick(KEYS) }] : [],
      replaces: this.#entries.length > 0 && random.integer(6) === 0 ? [this.#replace(stamp)] : [],
    }
  }

  /** A record's next text with another begin, of which sometimes the end is cut off, and sometimes another one is put there. */
  #patch(begin: string, known: string): { readonly text: string; readonly changed: readonly number[] } {
    const kept = known.slice(
      STAMP_WIDTH,
      this.#random.integer(3) === 0 ? this.#random.integer(known.length) : undefined,
    )
    const end = this.#random.integer(3) === 0 ? 'y'.repeat(1 + this.#random.integer(40)) : ''
    const text = begin + kept + end
    const changed = end === '' ? [] : [begin.length + kept.length, end.length]
    return { text, changed: [0, begin.length, ...changed] }
  }

  /** Mostly no version of its own, and else one that is above the head, unless others are under way. */
  #at(actor: string): { readonly at?: number } {
    if (this.#random.integer(10) > 0) return {}
    const newest = this.#entries.findLast(entry => entry.actor === actor)
    return newest === undefined ? {} : { at: newest.version + 1 + this.#random.integer(9) }
  }

  /** Everything, or the oldest few, or up to an entry among others. */
  #trim(actor: string): WrittenUnit['trims'][number] {
    const random = this.#random
    const entry = this.#entries.findLast(entry => entry.actor === actor && random.integer(3) === 0)
    if (entry !== undefined) return { actor, upTo: entry.version }
    return { actor, upTo: 2 ** 40, ...(random.integer(3) > 0 ? { entriesMax: 1 + random.integer(4) } : {}) }
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
  #replace(stamp: number): WrittenUnit['replaces'][number] {
    const entry = this.pick(this.#entries)
    const { actor, version, stamp: expected } = entry
    entry.stamp = stamp
    return { actor, version, expected, stamp, text: `again ${stamp}` }
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random.integer(from.length)] as T
  }
}
