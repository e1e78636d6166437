/** Spreads things evenly over the turns of a period: each has its turn once in it. */
export class Rota<T> {
  readonly #slots: readonly Set<T>[]
  readonly #slotOf = new Map<T, Set<T>>()
  #turn = 0

  /** @param turns the number of turns in a period */
  constructor(turns: number) {
    this.#slots = Array.from({ length: turns }, () => new Set<T>())
  }

  add(thing: T): void {
    if (this.#slotOf.has(thing)) return
    const slot = this.#slots[this.#slotOf.size % this.#slots.length] as Set<T>
    slot.add(thing)
    this.#slotOf.set(thing, slot)
  }

  delete(thing: T): void {
    this.#slotOf.get(thing)?.delete(thing)
    this.#slotOf.delete(thing)
  }

  /** The things whose turn it is next. */
  next(): readonly T[] {
    this.#turn += 1
    return [...(this.#slots[this.#turn % this.#slots.length] as Set<T>)]
  }
}
