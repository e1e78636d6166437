/** Reads missing records from the store into the cache. */
import { present } from '../lib/assert.js'
import type { Clock } from '../lib/clock.js'
import type { Actor, Store, StoredRecord } from '../store/types.js'
import type { Cell, Moment, RecordCache } from './record-cache.js'

export interface RecordLoaderOptions {
  readonly store: Pick<Store, 'get' | 'shared'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly cache: RecordCache
}

export class RecordLoader {
  readonly #options: RecordLoaderOptions

  constructor(options: RecordLoaderOptions) {
    this.#options = options
  }

  /** Rejects if the store cannot be read. */
  load(missing: readonly Cell[]): Promise<unknown> {
    const first = present(missing[0], 'a missing record').actor
    // Mostly they are of one actor.
    if (missing.every(({ actor }) => actor === first)) return this.#loadActor(first, missing)
    const byActor = new Map<Actor, Cell[]>()
    for (const cell of missing) {
      const list = byActor.get(cell.actor)
      if (list === undefined) byActor.set(cell.actor, [cell])
      else list.push(cell)
    }
    return Promise.all(Array.from(byActor, ([actor, cells]) => this.#loadActor(actor, cells)))
  }

  #loadActor(actor: Actor, cells: readonly Cell[]): Promise<void> {
    const { store, clock, cache } = this.#options
    const moment = cache.startLook(store.shared ? clock.monotonic() : 0)
    return store.get(actor, cells.map(nameOfCell)).then(found => this.#loaded(cells, found, moment))
  }

  #loaded(cells: readonly Cell[], found: readonly StoredRecord[], moment: Moment): void {
    for (let i = 0; i < cells.length; i += 1) {
      const cell = cells[i]
      const stored = found[i]
      if (cell === undefined || stored === undefined || cell.durable !== undefined) continue
      const value = stored.stamp === 0 ? undefined : cell.kind.decode(stored.bytes)
      this.#options.cache.loaded(cell, stored.stamp, value, moment)
    }
  }
}

function nameOfCell({ name }: Cell): string {
  return name
}
