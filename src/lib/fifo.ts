/** A queue: what is pushed first is shifted first. An array's own shift() moves all that is left, once it holds thousands. */

/** Places in front that are given back together, when they are as many as those in use. */
const SPENT_MIN = 1_024

export class Fifo<T> {
  #items: (T | undefined)[] = []
  /** Items before this one are gone. */
  #first = 0

  get size(): number {
    return this.#items.length - this.#first
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The oldest item, which leaves the queue; undefined if there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#first]
    this.#items[this.#first] = undefined
    this.#first += 1
    if (this.#first === this.#items.length) {
      this.#items = []
      this.#first = 0
    } else if (this.#first >= SPENT_MIN && this.#first >= this.size) {
      this.#items = this.#items.slice(this.#first)
      this.#first = 0
    }
    return item
  }
}
