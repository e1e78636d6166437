// Things that the timeline shows by keyed items: the newest item of each says all. They are stored one by one.
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'

export interface KeyedListOptions<K extends string | number, V> {
  /** The first part of the names under which they are stored. */
  readonly kind: string
  /** The fields that a stored one may lack, because an older version did not know them. */
  readonly defaults: V
  /** One of them is as this from now on; called when that is stored. */
  readonly emit: (value: V) => void
  /** What one comes to that no item confirms any more. */
  readonly ended: (value: V, key: K) => V
}

export class KeyedList<K extends string | number, V> {
  readonly #commits: Commits
  readonly #options: KeyedListOptions<K, V>
  readonly #values = new Map<K, V>()
  /**
   * The life of the timeline in which each was last confirmed. A resync begins another; what it does not confirm goes at its end.
   */
  readonly #generations = new Map<K, number>()
  #generation = 0
  /** What the server took as a request of this device. The item of it may come behind the answer. */
  readonly #taken = new Map<K, V>()

  constructor(commits: Commits, options: KeyedListOptions<K, V>) {
    this.#commits = commits
    this.#options = options
  }

  /** All of them. One that ended is here too, as long as its item lives. */
  all(): V[] {
    return [...this.#values.values()]
  }

  get(key: K): V | undefined {
    return this.#values.get(key)
  }

  /** The newest that is known of it: what was asked for here and no item has come since, or what the item says. */
  newest(key: K): V | undefined {
    return this.#taken.get(key) ?? this.#values.get(key)
  }

  /** The server took a request of this device that makes it so. */
  take(key: K, value: V): void {
    this.#taken.set(key, value)
  }

  /** An item came. */
  set(key: K, value: V): void {
    this.#taken.delete(key)
    this.#values.set(key, value)
    this.#generations.set(key, this.#generation)
    this.#commits.put(this.#nameOf(key), [this.#generation, value as unknown as Json])
    this.#commits.tell(() => this.#options.emit(value))
  }

  load(key: K, json: Json): void {
    const [generation, value] = json as unknown as readonly [number, V]
    this.#values.set(key, { ...this.#options.defaults, ...value })
    this.#generations.set(key, generation)
  }

  /** Begins a life of the timeline: items belong to it from now on. */
  begin(generation: number): void {
    this.#generation = generation
    this.#taken.clear()
  }

  /** A resync is complete. What it did not bring is no more. */
  dropUnconfirmed(): void {
    const { emit, ended } = this.#options
    for (const [key, generation] of this.#generations) {
      const value = this.#values.get(key)
      if (generation === this.#generation || value === undefined) continue
      this.#values.delete(key)
      this.#generations.delete(key)
      this.#commits.put(this.#nameOf(key), undefined)
      const gone = ended(value, key)
      this.#commits.tell(() => emit(gone))
    }
  }

  /** Drops all of them here. Those stored go by Commits.forget(). */
  clear(): void {
    this.#values.clear()
    this.#generations.clear()
    this.#taken.clear()
  }

  #nameOf(key: K): string {
    return `${this.#options.kind}/${key}`
  }
}
