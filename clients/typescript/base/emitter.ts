// A typed emitter. Listeners run in the order they were added; one that throws disturbs neither the library nor the others.
import type { Defer } from './system.js'

type Listener<T> = (event: T) => void

export class Emitter<Events extends object> {
  // Replaced, never changed in place: a listener may add and remove listeners while an event goes round.
  readonly #listeners = new Map<keyof Events, readonly Listener<never>[]>()
  readonly #defer: Defer

  constructor(defer: Defer) {
    this.#defer = defer
  }

  /** @returns what takes the listener off again */
  on<K extends keyof Events>(name: K, listener: Listener<Events[K]>): () => void {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
    return () => {
      const rest = (this.#listeners.get(name) ?? []).filter(each => each !== listener)
      this.#listeners.set(name, rest)
    }
  }

  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (const listener of listeners as readonly Listener<Events[K]>[]) {
      try {
        listener(event)
      } catch (error) {
        // It is the application's bug and must be seen, but not inside the library's own work.
        this.#defer(() => {
          throw error
        })
      }
    }
  }
}
