/** A store in memory whose commits are late, each by another number of turns: now and then by so many that others do much meanwhile. */
import type { Random } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'

export class SlowStore extends MemoryStore {
  readonly #random: Random

  constructor(random: Random) {
    super({ scopes: 'partitions', random })
    this.#random = random
  }

  override async commit(...asked: Parameters<MemoryStore['commit']>): ReturnType<MemoryStore['commit']> {
    const most = this.#random.integer(4) === 0 ? 60 : 4
    for (let turns = this.#random.integer(most); turns > 0; turns -= 1) await new Promise(setImmediate)
    return super.commit(...asked)
  }
}
