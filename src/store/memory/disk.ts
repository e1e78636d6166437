/**
 * The data of memory stores: it outlives the process in the model, is synchronous, and has no faults. Several stores (nodes) may share
 * one disk.
 *
 * If `durability` is 'immediate', a write is durable when it is applied (a shared store). If it is 'manual', writes become durable at
 * `sync()`, and `crash()` undoes everything since (an embedded store and a killed process). If it is 'hasty', writes count as durable when
 * they are applied, and `crash()` undoes them all the same (a store that waits for no replica, and a failover).
 */

import { EMPTY } from '../../../protocol/bytes.js'
import { type Clock, systemClock } from '../../lib/clock.js'
import type { Random } from '../../lib/random.js'
import { type LogEnd, orderConflict } from '../order.js'
import { PageCut } from '../page-cut.js'
import { ALL_PARTITIONS, partitionOf } from '../partition.js'
import { patched } from '../patch.js'
import { chainFrom, entriesAt } from '../picking.js'
import { textOrder } from '../text.js'
import {
  type Actor,
  type Appended,
  ASKED_MAX,
  type CommitResult,
  type ConversationSummary,
  type LastingRange,
  type LogRange,
  type LogSummary,
  NO_ROUTES,
  type NodeId,
  type Put,
  type ScannedRecord,
  type SpaceLevel,
  type StoredEntry,
  type StoredRecord,
  type Tally,
  type Unit,
  type Version,
} from '../types.js'
import { MemoryLog } from './log.js'
import { Routes } from './routes.js'

export type Durability = 'immediate' | 'manual' | 'hasty'

const ABSENT: StoredRecord = Object.freeze({ stamp: 0, bytes: EMPTY })
const NO_LOG = new MemoryLog()

type Records = Map<Actor, Map<string, StoredRecord>>

/** The whole content at one moment. Opaque: it is only given back to `restore`. */
export interface MemorySnapshot {
  /** The epochs by partition. */
  readonly epochs: readonly number[]
  readonly records: ReadonlyMap<Actor, ReadonlyMap<string, StoredRecord>>
  readonly logs: ReadonlyMap<Actor, MemoryLog>
}

export class MemoryDisk {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly durability: Durability
  /** The routes. They are soft: a crash does not undo them, and a snapshot does not hold them. */
  readonly routes: Routes
  /** The level of space that the stores on this disk report; anybody may set it. */
  space: SpaceLevel = 'ample'
  /** The number of crashes: calls that were under way before one belong to a dead process. */
  crashes = 0
  #epochs: number[] = ALL_PARTITIONS.map(() => 1)
  #records: Records = new Map()
  #logs = new Map<Actor, MemoryLog>()
  /** The durable records before the changes since the last sync. */
  #recordsBefore: Records = new Map()
  #logsBefore = new Map<Actor, MemoryLog | undefined>()
  #applied = 0
  #synced = 0
  #waiting: (() => void)[] = []

  /** Makes an empty disk. Routes expire by the clock. */
  constructor(random: Random, durability: Durability = 'immediate', clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.id = random.bytes(16)
    this.secret = random.bytes(16)
    this.durability = durability
    this.routes = new Routes(clock)
  }

  epochOf(partition: number): number {
    return this.#epochs[partition] ?? 1
  }

  /** Begins new epochs; durable at once, with everything before. On a hasty disk that is what is of these partitions. */
  newEpoch(partitions: readonly number[] = ALL_PARTITIONS): void {
    for (const partition of partitions) this.#epochs[partition] = this.epochOf(partition) + 1
    this.sync(this.durability === 'hasty' ? partitions : ALL_PARTITIONS)
  }

  get(actor: Actor, names: readonly string[]): StoredRecord[] {
    const records = this.#records.get(actor)
    return names.map(name => records?.get(name) ?? ABSENT)
  }

  read(actor: Actor, after: Version, upTo: Version, entriesMax: number, bytesMax: number): LogRange {
    const log = this.#logs.get(actor) ?? NO_LOG
    return log.read(after, upTo, entriesMax, bytesMax, this.#durable(actor))
  }

  lasting(actor: Actor, after: Version, entriesMax: number, bytesMax: number): LastingRange {
    return this.#durable(actor).lasting(after, new PageCut(entriesMax, bytesMax))
  }

  /** The durable records of one actor, in the order of Store.scan. */
  scan(actor: Actor, prefix: string, after: string | null, limit: number): ScannedRecord[] {
    const found: ScannedRecord[] = []
    const before = this.durability === 'hasty' ? undefined : this.#recordsBefore.get(actor)
    const take = (name: string, { stamp, bytes }: StoredRecord): void => {
      if (stamp === 0 || !name.startsWith(prefix) || (after !== null && textOrder(name, after) <= 0)) return
      found.push({ name, stamp, bytes })
    }
    for (const [name, record] of this.#records.get(actor) ?? []) if (!before?.has(name)) take(name, record)
    for (const [name, record] of before ?? []) take(name, record)
    found.sort((a, b) => textOrder(a.name, b.name))
    return found.slice(0, limit)
  }

  /** The durable logs of one partition, in the order of Store.logs. */
  logs(partition: number, after: Actor | null, limit: number): LogSummary[] {
    const found: LogSummary[] = []
    for (const actor of this.#logs.keys()) {
      if (partitionOf(actor) !== partition || (after !== null && textOrder(actor, after) <= 0)) continue
      const summary = this.#durable(actor).summary()
      if (summary.head > 0) found.push({ actor, ...summary })
    }
    found.sort((a, b) => textOrder(a.actor, b.actor))
    return found.slice(0, limit)
  }

  entries(actor: Actor, versions: readonly Version[], bytesMax: number): readonly (StoredEntry | undefined)[] {
    const log = this.#durable(actor)
    return entriesAt(versions, new PageCut(ASKED_MAX, bytesMax), version => log.entry(version))
  }

  keyed(actor: Actor, keys: readonly string[]): readonly (StoredEntry | undefined)[] {
    const log = this.#durable(actor)
    return keys.map(key => log.keyed(key))
  }

  chain(actor: Actor, from: Version, entriesMax: number, bytesMax: number): readonly StoredEntry[] {
    const log = this.#durable(actor)
    return chainFrom(from, new PageCut(entriesMax, bytesMax), version => log.entry(version))
  }

  newest(actor: Actor, conversation: string): Version {
    return this.#durable(actor).newest(conversation)
  }

  conversations(actor: Actor, after: string | null, limit: number): readonly ConversationSummary[] {
    return this.#durable(actor).conversations(after, limit)
  }

  tally(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Tally {
    return this.#durable(actor).tally(from, entriesMax, bytesMax)
  }

  /** Judges the units in order and makes their changes readable. */
  apply(units: readonly Unit[]): CommitResult[] {
    this.#applied++
    const results = units.map(unit => this.#applyUnit(unit))
    if (this.durability === 'immediate') this.sync()
    return results
  }

  /** Makes everything applied so far durable. On a hasty disk, where nobody waits for it, it may be that of some partitions only. */
  sync(partitions: readonly number[] = ALL_PARTITIONS): void {
    if (partitions !== ALL_PARTITIONS) {
      for (const actor of this.#changedIn(partitions)) this.#forgetBefore(actor)
      return
    }
    this.#recordsBefore.clear()
    this.#logsBefore.clear()
    this.#synced = this.#applied
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }

  /** The number of applied writes, for `whenDurable`. */
  get applied(): number {
    return this.#applied
  }

  /** Runs `run` when the first `applied` writes are durable: at once if they are, never if a crash comes first. */
  whenDurable(applied: number, run: () => void): void {
    if (applied <= this.#synced || this.durability === 'hasty') run()
    else this.#waiting.push(run)
  }

  /**
   * Kills the process that wrote: everything that is not durable is lost, and so are the calls under way. On a hasty disk it may be that of
   * some partitions only: one of several servers was killed.
   */
  crash(partitions: readonly number[] = ALL_PARTITIONS): void {
    for (const actor of this.#changedIn(partitions)) {
      for (const [name, record] of this.#recordsBefore.get(actor) ?? []) this.#set(actor, name, record)
      const log = this.#logsBefore.get(actor)
      if (log !== undefined) this.#logs.set(actor, log)
      else if (this.#logsBefore.has(actor)) this.#logs.delete(actor)
      this.#forgetBefore(actor)
    }
    this.#waiting = []
    this.#synced = this.#applied
    this.crashes++
  }

  /** The content that is readable now. */
  snapshot(): MemorySnapshot {
    const records = new Map([...this.#records].map(([actor, named]) => [actor, new Map(named)]))
    const logs = new Map([...this.#logs].map(([actor, log]) => [actor, log.copy()]))
    return { epochs: this.#epochs.slice(), records, logs }
  }

  /**
   * Puts an earlier content back, durably: a restored backup, or a replica that was behind. It is that of all partitions, or of some.
   * The old epochs return too.
   */
  restore(snapshot: MemorySnapshot, partitions: readonly number[] = ALL_PARTITIONS): void {
    this.crash()
    const back = new Set(partitions)
    const isBack = (actor: Actor): boolean => back.has(partitionOf(actor))
    this.#epochs = this.#epochs.map((epoch, partition) =>
      back.has(partition) ? (snapshot.epochs[partition] ?? 1) : epoch,
    )
    for (const actor of this.#records.keys()) if (isBack(actor)) this.#records.delete(actor)
    for (const actor of this.#logs.keys()) if (isBack(actor)) this.#logs.delete(actor)
    for (const [actor, named] of snapshot.records) if (isBack(actor)) this.#records.set(actor, new Map(named))
    for (const [actor, log] of snapshot.logs) if (isBack(actor)) this.#logs.set(actor, log.copy())
  }

  /** The part of the log that counts as durable: as it was at the last sync, or as it is on a hasty disk. */
  #durable(actor: Actor): MemoryLog {
    const asItWas = this.durability !== 'hasty' && this.#logsBefore.has(actor)
    const log = asItWas ? this.#logsBefore.get(actor) : this.#logs.get(actor)
    return log ?? NO_LOG
  }

  #applyUnit(unit: Unit): CommitResult {
    for (const { actor, name, stamp } of unit.expect) {
      const current = this.#records.get(actor)?.get(name)?.stamp ?? 0
      if (current !== stamp) return { kind: 'conflict', actor, name, current }
    }
    for (const { actor, version, expected } of unit.replaces ?? []) {
      const current = this.#logs.get(actor)?.entry(version)?.stamp ?? null
      if (current !== expected) return { kind: 'entry conflict', actor, version, current }
    }
    const outOfOrder = orderConflict(unit.appends, actor => this.#endOf(actor))
    if (outOfOrder !== undefined) return outOfOrder
    if (unit.epoch !== undefined) {
      const { partition, epoch } = unit.epoch
      const current = this.epochOf(partition)
      if (current !== epoch) return { kind: 'epoch conflict', partition, current }
    }
    for (const put of unit.puts) this.#put(put)
    for (const { actor, version, stamp, bytes } of unit.replaces ?? []) {
      this.#logToChange(actor)?.replace(version, stamp, bytes)
    }
    for (const { actor, upTo, entriesMax } of unit.trims) {
      this.#logToChange(actor)?.trim(upTo, entriesMax ?? Number.POSITIVE_INFINITY)
    }
    for (const { actor, key } of unit.drops ?? []) this.#logToChange(actor)?.drop(key)
    for (const change of unit.routes ?? []) this.routes.change(change)
    const appended: Appended[] = []
    for (const append of unit.appends) {
      const { actor } = append
      let log = this.#logToChange(actor)
      if (log === undefined) {
        log = new MemoryLog()
        this.#logs.set(actor, log)
      }
      appended.push(log.append(append, this.epochOf(partitionOf(actor))))
    }
    return { kind: 'committed', appended, routes: this.#routesOf(unit.appends) }
  }

  #endOf(actor: Actor): LogEnd {
    return (this.#logs.get(actor) ?? NO_LOG).end(this.epochOf(partitionOf(actor)))
  }

  #put({ actor, name, bytes, stamp, patch }: Put): void {
    this.#rememberRecord(actor, name)
    const before = this.#records.get(actor)?.get(name) ?? ABSENT
    if (bytes === null) this.#set(actor, name, ABSENT)
    else this.#set(actor, name, { stamp, bytes: patch === undefined ? bytes : patched(before.bytes, patch, bytes) })
  }

  #routesOf(appends: Unit['appends']): readonly (readonly NodeId[])[] {
    if (this.routes.empty) return NO_ROUTES
    const routes = appends.map(({ actor }) => this.routes.of(actor))
    return routes.every(({ length }) => length === 0) ? NO_ROUTES : routes
  }

  #set(actor: Actor, name: string, record: StoredRecord): void {
    let records = this.#records.get(actor)
    if (record.stamp === 0) {
      records?.delete(name)
      if (records?.size === 0) this.#records.delete(actor)
      return
    }
    if (records === undefined) {
      records = new Map()
      this.#records.set(actor, records)
    }
    records.set(name, record)
  }

  #rememberRecord(actor: Actor, name: string): void {
    if (this.durability === 'immediate') return
    let before = this.#recordsBefore.get(actor)
    if (before === undefined) {
      before = new Map()
      this.#recordsBefore.set(actor, before)
    }
    if (!before.has(name)) before.set(name, this.#records.get(actor)?.get(name) ?? ABSENT)
  }

  /** The actors of these partitions that were changed since the last sync. */
  #changedIn(partitions: readonly number[]): Actor[] {
    const changed = new Set([...this.#recordsBefore.keys(), ...this.#logsBefore.keys()])
    return [...changed].filter(actor => partitions === ALL_PARTITIONS || partitions.includes(partitionOf(actor)))
  }

  #forgetBefore(actor: Actor): void {
    this.#recordsBefore.delete(actor)
    this.#logsBefore.delete(actor)
  }

  #logToChange(actor: Actor): MemoryLog | undefined {
    const log = this.#logs.get(actor)
    if (this.durability !== 'immediate' && !this.#logsBefore.has(actor)) this.#logsBefore.set(actor, log?.copy())
    return log
  }
}
