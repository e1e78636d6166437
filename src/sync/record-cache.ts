/**
 * What this engine knows of records: `pending`, put by units that are not durable yet, over `known`, as last seen in the
 * store. A unit may be computed on a pending value: it then expects that value's stamp, and falls with it.
 *
 * All pending values of one record form a chain, each computed on the one before it. When a unit falls, every later value of
 * its chains is doomed too, so the chain is forgotten as a whole; a chain begun after that has another number and stays.
 *
 * `known` is bounded by two generations: what was not touched during a whole generation is forgotten. Forgetting costs a
 * read, never an error.
 */
import type { Stamp } from '../store/types.js'

export interface CachedRecord {
  readonly stamp: Stamp
  readonly value: unknown
  /** 0 for a value that is durable, otherwise the number of the chain. */
  readonly chain: number
}

export class RecordCache {
  readonly #pending = new Map<string, CachedRecord>()
  #young = new Map<string, CachedRecord>()
  #old = new Map<string, CachedRecord>()
  readonly #generationMax: number
  #chains = 0

  /** Keeps at most twice `generationMax` durable values. */
  constructor(generationMax: number) {
    this.#generationMax = generationMax
  }

  get(key: string): CachedRecord | undefined {
    const found = this.#pending.get(key) ?? this.#young.get(key)
    if (found !== undefined) return found
    const old = this.#old.get(key)
    if (old !== undefined) this.#remember(key, old)
    return old
  }

  /** What was read from the store. A pending value stays in front of it. */
  loaded(key: string, stamp: Stamp, value: unknown): void {
    this.#remember(key, { stamp, value, chain: 0 })
  }

  /** A value put by a unit on its way to the store, computed on `base`. */
  pend(key: string, stamp: Stamp, value: unknown, base: CachedRecord): void {
    if (base.chain === 0) this.#chains += 1
    this.#pending.set(key, { stamp, value, chain: base.chain === 0 ? this.#chains : base.chain })
  }

  isPending(key: string, stamp: Stamp): boolean {
    return this.#pending.get(key)?.stamp === stamp
  }

  /** The chain that a put with this stamp belongs to, while it is the last of its chain. */
  chainOf(key: string): number {
    return this.#pending.get(key)?.chain ?? 0
  }

  /** A pending value became durable. */
  committed(key: string, stamp: Stamp, value: unknown): void {
    if (this.#pending.get(key)?.stamp === stamp) this.#pending.delete(key)
    this.#remember(key, { stamp, value, chain: 0 })
  }

  /** A unit that put this record as a part of `chain` fell. */
  fell(key: string, chain: number): void {
    if (this.#pending.get(key)?.chain === chain) this.#pending.delete(key)
    this.forget(key)
  }

  /** The store holds something else than what is known. */
  forget(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  /** Starts a generation: to be called now and then, so that what nobody uses is let go. */
  age(): void {
    this.#old = this.#young
    this.#young = new Map()
  }

  #remember(key: string, record: CachedRecord): void {
    this.#old.delete(key)
    this.#young.set(key, record)
    if (this.#young.size >= this.#generationMax) this.age()
  }
}
