/**
 * A bounded table of what is soon worth nothing again. There is no timer per key. One timer of the clock runs while the table
 * holds anything. Each time it looks at a bounded number of keys, so a million of them never stop the loop.
 *
 * A full table still takes a new key: of the next few keys, the one that expires first makes way. So a stranger who invents keys
 * drives out the keys of strangers, never the ones that have most to forget.
 */

import type { Clock } from './clock.js'

export type Key = string | number

const SWEEP_MS = 1_000
/** The keys looked at in one go: about a quarter of a millisecond. */
const KEYS_PER_SWEEP = 4_096
const CANDIDATES = 8

export class ExpiringTable<V> {
  readonly #clock: Clock
  readonly #keysMax: number
  readonly #expiresMs: (value: V) => number
  readonly #values = new Map<Key, V>()
  readonly #sweep = (): void => this.#sweepSome()
  #cursor: Iterator<Key> = this.#values.keys()
  #sweeping = false

  /** `expiresMs`: from which monotonic time on a value is the same as none. */
  constructor(clock: Clock, keysMax: number, expiresMs: (value: V) => number) {
    this.#clock = clock
    this.#keysMax = keysMax
    this.#expiresMs = expiresMs
  }

  get size(): number {
    return this.#values.size
  }

  /** May still give what has expired. */
  get(key: Key): V | undefined {
    return this.#values.get(key)
  }

  set(key: Key, value: V): void {
    const values = this.#values
    if (values.size >= this.#keysMax && !values.has(key)) this.#makeSpace()
    values.set(key, value)
    if (this.#sweeping) return
    this.#sweeping = true
    this.#clock.after(SWEEP_MS, this.#sweep)
  }

  delete(key: Key): void {
    this.#values.delete(key)
  }

  #sweepSome(): void {
    const values = this.#values
    const nowMs = this.#clock.monotonic()
    for (let left = Math.min(KEYS_PER_SWEEP, values.size); left > 0; left--) {
      const key = this.#next()
      if (key === undefined) break
      const value = values.get(key)
      if (value !== undefined && this.#expiresMs(value) <= nowMs) values.delete(key)
    }
    this.#sweeping = values.size > 0
    if (this.#sweeping) this.#clock.after(SWEEP_MS, this.#sweep)
  }

  #makeSpace(): void {
    let least: Key | undefined
    let leastMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < CANDIDATES; i++) {
      const key = this.#next()
      const value = key === undefined ? undefined : this.#values.get(key)
      if (key === undefined || value === undefined) continue
      const expiresMs = this.#expiresMs(value)
      if (expiresMs >= leastMs) continue
      least = key
      leastMs = expiresMs
    }
    if (least !== undefined) this.#values.delete(least)
  }

  /** The next key, round and round. An iterator of a Map goes on through what is put in and taken out meanwhile. */
  #next(): Key | undefined {
    const step = this.#cursor.next()
    if (step.done !== true) return step.value
    this.#cursor = this.#values.keys()
    const first = this.#cursor.next()
    return first.done === true ? undefined : first.value
  }
}
