// A value that others can watch: all state of the page is in such values, and the components draw what they say.

export interface Readable<T> {
  readonly value: T
  /** Calls the listener after each change. @returns what takes it off again */
  subscribe(listener: () => void): () => void
}

export class Signal<T> implements Readable<T> {
  readonly #listeners = new Set<() => void>()
  #value: T

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
