/** A view of a memory store's content, for walks over all of it. */

import type { Actor } from '../types.js'
import type { StoreView, ViewedLog, ViewedRecord } from '../view.js'
import type { MemorySnapshot } from './disk.js'

export class MemoryView implements StoreView {
  readonly #content: MemorySnapshot

  constructor(content: MemorySnapshot) {
    this.#content = content
  }

  epochOf(partition: number): number {
    return this.#content.epochs[partition] ?? 1
  }

  record(actor: Actor, name: string): Uint8Array | undefined {
    return this.#content.records.get(actor)?.get(name)?.bytes
  }

  *records(): Generator<ViewedRecord> {
    for (const [actor, records] of this.#content.records) {
      for (const [name, { stamp, bytes }] of records) yield { actor, name, stamp, bytes }
    }
  }

  *logs(): Generator<ViewedLog> {
    for (const [actor, log] of this.#content.logs) if (log.summary().head > 0) yield { actor, ...log.view() }
  }
}
