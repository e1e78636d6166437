/**
 * The reference model of a store: one node's access to a MemoryDisk. It says what the contract in types.ts means, in the simplest form.
 * Simulation runs on it, and the other stores are compared with it.
 */

import { assert } from '../../lib/assert.js'
import type { Clock } from '../../lib/clock.js'
import { type Random, systemRandom } from '../../lib/random.js'
import { ALL_PARTITIONS, partitionOf } from '../partition.js'
import { assertAsked } from '../picking.js'
import { assertNameFits } from '../text.js'
import {
  type Actor,
  type CommitResult,
  type ConversationSummary,
  type LastingRange,
  type LogRange,
  type LogSummary,
  type NodeId,
  OutcomeUnknownError,
  type ScannedRecord,
  type ScopeId,
  type SpaceLevel,
  type Store,
  type StoredEntry,
  type StoredRecord,
  type Tally,
  type Unit,
  type Version,
} from '../types.js'
import { type Durability, MemoryDisk } from './disk.js'
import { type CommitInFlight, type MemoryFaults, NO_FAULTS, type ReadInFlight } from './faults.js'

export interface MemoryStoreOptions {
  /** One scope for everything (as lmdb), or one for each partition (as Redis Cluster): then effects go through the outbox. */
  readonly scopes?: 'one' | 'partitions'
  /** The durability of the new disk; 'immediate' if absent. */
  readonly durability?: Durability
  /** The randomness for the new disk's id. */
  readonly random?: Random
  /** The clock for the new disk's routes. */
  readonly clock?: Clock
  /** An existing disk with what was committed on it; other stores may be using it. */
  readonly disk?: MemoryDisk
  /** Whether other stores use the disk. Absent: true if a disk is given. */
  readonly shared?: boolean
  readonly faults?: MemoryFaults
}

export class MemoryStore implements Store {
  readonly disk: MemoryDisk
  readonly shared: boolean
  readonly #faults: MemoryFaults
  readonly #partitioned: boolean
  #closed = false

  constructor(options: MemoryStoreOptions = {}) {
    this.disk = options.disk ?? new MemoryDisk(options.random ?? systemRandom, options.durability, options.clock)
    this.shared = options.shared ?? options.disk !== undefined
    this.#faults = options.faults ?? NO_FAULTS
    this.#partitioned = options.scopes === 'partitions'
  }

  get id(): Uint8Array {
    return this.disk.id
  }

  get secret(): Uint8Array {
    return this.disk.secret
  }

  get freeBytes(): undefined {
    return undefined
  }

  get journalWritten(): undefined {
    return undefined
  }

  get space(): SpaceLevel {
    return this.disk.space
  }

  scopeOf(actor: Actor): ScopeId {
    return this.#partitioned ? partitionOf(actor) : 0
  }

  epochOf(partition: number): number {
    return this.disk.epochOf(partition)
  }

  get(actor: Actor, names: readonly string[]): Promise<readonly StoredRecord[]> {
    return this.#read(() => this.disk.get(actor, names))
  }

  read(actor: Actor, after: Version, upTo: Version, entriesMax: number, bytesMax: number): Promise<LogRange> {
    assert(entriesMax >= 1, 'a read asks for at least one entry')
    return this.#read(() => this.disk.read(actor, after, upTo, entriesMax, bytesMax))
  }

  lasting(actor: Actor, after: Version, entriesMax: number, bytesMax: number): Promise<LastingRange> {
    return this.#read(() => this.disk.lasting(actor, after, entriesMax, bytesMax))
  }

  entries(
    actor: Actor,
    versions: readonly Version[],
    bytesMax = Number.POSITIVE_INFINITY,
  ): Promise<readonly (StoredEntry | undefined)[]> {
    assertAsked(versions.length)
    return this.#read(() => this.disk.entries(actor, versions, bytesMax))
  }

  keyed(actor: Actor, keys: readonly string[]): Promise<readonly (StoredEntry | undefined)[]> {
    assertAsked(keys.length)
    return this.#read(() => this.disk.keyed(actor, keys))
  }

  chain(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<readonly StoredEntry[]> {
    assertAsked(entriesMax)
    return this.#read(() => this.disk.chain(actor, from, entriesMax, bytesMax))
  }

  newest(actor: Actor, conversation: string): Promise<Version> {
    return this.#read(() => this.disk.newest(actor, conversation))
  }

  conversations(actor: Actor, after: string | null, limit: number): Promise<readonly ConversationSummary[]> {
    return this.#read(() => this.disk.conversations(actor, after, limit))
  }

  scan(actor: Actor, prefix: string, after: string | null, limit: number): Promise<readonly ScannedRecord[]> {
    return this.#read(() => this.disk.scan(actor, prefix, after, limit))
  }

  logs(partition: number, after: Actor | null, limit: number): Promise<readonly LogSummary[]> {
    return this.#read(() => this.disk.logs(partition, after, limit))
  }

  tally(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<Tally> {
    return this.#read(() => this.disk.tally(actor, from, entriesMax, bytesMax))
  }

  commit(scope: ScopeId, units: readonly Unit[]): Promise<readonly CommitResult[]> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'))
    for (const unit of units) this.#assertUnit(scope, unit)
    return new Promise((resolve, reject) => {
      this.#faults.commit(new Committing(this.disk, scope, units, resolve, reject))
    })
  }

  newEpoch(scope: ScopeId): Promise<void> {
    return this.#read(() => this.disk.newEpoch(this.#partitioned ? [scope] : ALL_PARTITIONS))
  }

  setRoute(actor: Actor, node: NodeId, ttlMs: number): Promise<void> {
    return this.#read(() => this.disk.routes.set(actor, node, ttlMs))
  }

  dropRoute(actor: Actor, node: NodeId): Promise<void> {
    return this.#read(() => this.disk.routes.drop(actor, node))
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #read<T>(read: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'))
    return new Promise((resolve, reject) => this.#faults.read(new Reading(this.disk, read, resolve, reject)))
  }

  #assertUnit(scope: ScopeId, unit: Unit): void {
    for (const { actor, name } of unit.expect) this.#assertNamed(scope, actor, name)
    for (const { actor, name, bytes, stamp } of unit.puts) {
      this.#assertNamed(scope, actor, name)
      assert(bytes === null || (Number.isSafeInteger(stamp) && stamp > 0), 'a put has a stamp in [1, 2^53)')
    }
    for (const { actor, key, conversation } of unit.appends) {
      assert(key === undefined || conversation === undefined, 'an entry has a key or a conversation')
      this.#assertNamed(scope, actor, key ?? conversation ?? '')
    }
    for (const { actor, stamp } of unit.replaces ?? []) {
      this.#assertNamed(scope, actor, '')
      assert(Number.isSafeInteger(stamp) && stamp > 0, 'a replacement has a stamp in [1, 2^53)')
    }
    for (const { actor } of unit.trims) this.#assertNamed(scope, actor, '')
    for (const { actor, key } of unit.drops ?? []) this.#assertNamed(scope, actor, key)
    for (const { actor } of unit.routes ?? []) this.#assertNamed(scope, actor, '')
  }

  #assertNamed(scope: ScopeId, actor: Actor, name: string): void {
    assert(this.scopeOf(actor) === scope, () => `${actor} is not of scope ${scope}`)
    assertNameFits(actor, name)
  }
}

class Committing implements CommitInFlight {
  readonly scope: ScopeId
  readonly unitCount: number
  readonly #disk: MemoryDisk
  readonly #crashes: number
  readonly #units: readonly Unit[]
  readonly #resolve: (results: readonly CommitResult[]) => void
  readonly #reject: (error: Error) => void
  #results: readonly CommitResult[] | undefined
  #applied = 0

  constructor(
    disk: MemoryDisk,
    scope: ScopeId,
    units: readonly Unit[],
    resolve: (results: readonly CommitResult[]) => void,
    reject: (error: Error) => void,
  ) {
    this.scope = scope
    this.unitCount = units.length
    this.#disk = disk
    this.#crashes = disk.crashes
    this.#units = units
    this.#resolve = resolve
    this.#reject = reject
  }

  apply(): void {
    if (this.#dead || this.#results !== undefined) return
    this.#results = this.#disk.apply(this.#units)
    this.#applied = this.#disk.applied
  }

  answer(): void {
    this.apply()
    const results = this.#results
    if (this.#dead || results === undefined) return
    this.#disk.whenDurable(this.#applied, () => this.#resolve(results))
  }

  lose(): void {
    if (!this.#dead) this.#reject(new OutcomeUnknownError('the answer was lost'))
  }

  get #dead(): boolean {
    return this.#crashes !== this.#disk.crashes
  }
}

class Reading<T> implements ReadInFlight {
  readonly #disk: MemoryDisk
  readonly #crashes: number
  readonly #read: () => T
  readonly #resolve: (seen: T) => void
  readonly #reject: (error: Error) => void
  #seen: { readonly value: T } | undefined

  constructor(disk: MemoryDisk, read: () => T, resolve: (seen: T) => void, reject: (error: Error) => void) {
    this.#disk = disk
    this.#crashes = disk.crashes
    this.#read = read
    this.#resolve = resolve
    this.#reject = reject
  }

  look(): void {
    if (!this.#dead) this.#seen ??= { value: this.#read() }
  }

  answer(): void {
    this.look()
    if (!this.#dead && this.#seen !== undefined) this.#resolve(this.#seen.value)
  }

  lose(error: Error): void {
    if (!this.#dead) this.#reject(error)
  }

  get #dead(): boolean {
    return this.#crashes !== this.#disk.crashes
  }
}
