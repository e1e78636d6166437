/** The states of an actor's records that are remembered, by name. Most idle users have one: then there is no map (220 bytes). */
import type { RecordState } from './actors.js'

export class FewRecords {
  #name = ''
  /** The only one. */
  #record: RecordState | undefined
  /** All, if there are or were several. */
  #all: Map<string, RecordState> | undefined

  get size(): number {
    return this.#all?.size ?? (this.#record === undefined ? 0 : 1)
  }

  get(name: string): RecordState | undefined {
    if (this.#all !== undefined) return this.#all.get(name)
    return name === this.#name ? this.#record : undefined
  }

  set(name: string, record: RecordState): void {
    if (this.#all !== undefined) {
      this.#all.set(name, record)
    } else if (this.#record === undefined || name === this.#name) {
      this.#name = name
      this.#record = record
    } else {
      this.#all = new Map([[this.#name, this.#record]]).set(name, record)
      this.#record = undefined
    }
  }

  delete(name: string): void {
    if (this.#all !== undefined) this.#all.delete(name)
    else if (name === this.#name) this.#record = undefined
  }

  *[Symbol.iterator](): Iterator<[name: string, record: RecordState]> {
    if (this.#all !== undefined) yield* this.#all
    else if (this.#record !== undefined) yield [this.#name, this.#record]
  }
}
