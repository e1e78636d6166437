/**
 * The data of memory stores: what outlives the process in the model, synchronous and without faults. Several stores
 * (nodes) may share one disk.
 *
 * With `durability: 'immediate'` what is applied is durable (a shared store). With 'manual' it becomes durable at `sync()`,
 * and `crash()` takes back everything since (an embedded store and a killed process).
 */

import type { Random } from '../../lib/random.js'
import { EMPTY, scanText, textOrder } from '../text.js'
import type {
  Actor,
  Appended,
  CommitResult,
  LogRange,
  LogSummary,
  Room,
  ScannedRecord,
  StoredRecord,
  Tally,
  Unit,
  Version,
} from '../types.js'
import { MemoryLog } from './log.js'

export type Durability = 'immediate' | 'manual'

const ABSENT: StoredRecord = Object.freeze({ stamp: 0, bytes: EMPTY })
const NO_LOG = new MemoryLog()

type Records = Map<Actor, Map<string, StoredRecord>>

/** The whole content at one moment. Opaque: to be given back to `restore`. */
export interface MemorySnapshot {
  readonly epoch: number
  readonly records: ReadonlyMap<Actor, ReadonlyMap<string, StoredRecord>>
  readonly logs: ReadonlyMap<Actor, MemoryLog>
}

export class MemoryDisk {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly durability: Durability
  /** What the stores on it say; anybody may set it. */
  room: Room = 'ample'
  /** Grows with each crash: what was under way before belongs to a dead process. */
  crashes = 0
  #epoch = 1
  #records: Records = new Map()
  #logs = new Map<Actor, MemoryLog>()
  /** What stood on durable ground before the changes since the last sync. */
  #recordsBefore: Records = new Map()
  #logsBefore = new Map<Actor, MemoryLog | undefined>()
  #applied = 0
  #synced = 0
  #waiting: (() => void)[] = []

  constructor(random: Random, durability: Durability = 'immediate') {
    this.id = random.bytes(16)
    this.secret = random.bytes(16)
    this.durability = durability
  }

  get epoch(): number {
    return this.#epoch
  }

  /** Durable at once, with everything before it. */
  newEpoch(): void {
    this.#epoch++
    this.sync()
  }

  get(actor: Actor, names: readonly string[]): StoredRecord[] {
    const records = this.#records.get(actor)
    return names.map(name => records?.get(name) ?? ABSENT)
  }

  read(actor: Actor, after: Version, upTo: Version, entriesMax: number, bytesMax: number): LogRange {
    const log = this.#logs.get(actor) ?? NO_LOG
    return log.read(after, upTo, entriesMax, bytesMax, this.#durable(actor))
  }

  /** Durable records of the actors that `belongs` says, in the order of Store.scan. */
  scan(belongs: (actor: Actor) => boolean, prefix: string, after: string | null, limit: number): ScannedRecord[] {
    const found: ScannedRecord[] = []
    const take = (actor: Actor, name: string, record: StoredRecord): void => {
      if (record.stamp === 0 || !belongs(actor)) return
      const text = scanText(actor, name)
      if (!text.startsWith(prefix) || (after !== null && textOrder(text, after) <= 0)) return
      found.push({ actor, name, stamp: record.stamp, bytes: record.bytes })
    }
    for (const [actor, records] of this.#records) {
      const before = this.#recordsBefore.get(actor)
      for (const [name, record] of records) if (!before?.has(name)) take(actor, name, record)
    }
    for (const [actor, records] of this.#recordsBefore) for (const [name, record] of records) take(actor, name, record)
    found.sort((a, b) => textOrder(scanText(a.actor, a.name), scanText(b.actor, b.name)))
    return found.slice(0, limit)
  }

  /** Durable logs of the actors that `belongs` says, in the order of Store.logs. */
  logs(belongs: (actor: Actor) => boolean, after: Actor | null, limit: number): LogSummary[] {
    const found: LogSummary[] = []
    for (const actor of this.#logs.keys()) {
      const log = this.#durable(actor)
      if (log.empty || !belongs(actor) || (after !== null && textOrder(actor, after) <= 0)) continue
      found.push({ actor, ...log.summary() })
    }
    found.sort((a, b) => textOrder(a.actor, b.actor))
    return found.slice(0, limit)
  }

  tally(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Tally {
    return this.#durable(actor).tally(from, entriesMax, bytesMax)
  }

  /** Judges the units in order and makes what they change readable. */
  apply(units: readonly Unit[]): CommitResult[] {
    this.#applied++
    const results = units.map(unit => this.#applyUnit(unit))
    if (this.durability === 'immediate') this.sync()
    return results
  }

  /** Makes everything applied so far durable. */
  sync(): void {
    this.#recordsBefore.clear()
    this.#logsBefore.clear()
    this.#synced = this.#applied
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }

  /** How many writes were applied: what `whenDurable` takes. */
  get applied(): number {
    return this.#applied
  }

  /** Runs `run` when the first `applied` writes are durable: at once if they are, never if a crash comes first. */
  whenDurable(applied: number, run: () => void): void {
    if (applied <= this.#synced) run()
    else this.#waiting.push(run)
  }

  /** The process that wrote is killed: everything that is not durable is gone, as are the calls under way. */
  crash(): void {
    for (const [actor, records] of this.#recordsBefore) {
      for (const [name, record] of records) this.#set(actor, name, record)
    }
    for (const [actor, log] of this.#logsBefore) {
      if (log === undefined) this.#logs.delete(actor)
      else this.#logs.set(actor, log)
    }
    this.#recordsBefore.clear()
    this.#logsBefore.clear()
    this.#waiting = []
    this.#synced = this.#applied
    this.crashes++
  }

  /** What is readable now. */
  snapshot(): MemorySnapshot {
    const records = new Map([...this.#records].map(([actor, named]) => [actor, new Map(named)]))
    const logs = new Map([...this.#logs].map(([actor, log]) => [actor, log.copy()]))
    return { epoch: this.#epoch, records, logs }
  }

  /** Puts an earlier content back, durable: a restored backup, or a replica that was behind. The epoch is the old one too. */
  restore(snapshot: MemorySnapshot): void {
    this.crash()
    this.#epoch = snapshot.epoch
    this.#records = new Map([...snapshot.records].map(([actor, named]) => [actor, new Map(named)]))
    this.#logs = new Map([...snapshot.logs].map(([actor, log]) => [actor, log.copy()]))
  }

  /** The log as it was at the last sync. */
  #durable(actor: Actor): MemoryLog {
    const log = this.#logsBefore.has(actor) ? this.#logsBefore.get(actor) : this.#logs.get(actor)
    return log ?? NO_LOG
  }

  #applyUnit(unit: Unit): CommitResult {
    for (const { actor, name, stamp } of unit.expect) {
      const current = this.#records.get(actor)?.get(name)?.stamp ?? 0
      if (current !== stamp) return { kind: 'conflict', actor, name, current }
    }
    for (const { actor, name, bytes, stamp } of unit.puts) {
      this.#rememberRecord(actor, name)
      this.#set(actor, name, bytes === null ? ABSENT : { stamp, bytes })
    }
    for (const { actor, upTo, entriesMax } of unit.trims) {
      this.#logToChange(actor)?.trim(upTo, entriesMax ?? Number.POSITIVE_INFINITY)
    }
    for (const { actor, key } of unit.drops ?? []) this.#logToChange(actor)?.drop(key)
    const appended: Appended[] = []
    for (const { actor, key, bytes } of unit.appends) {
      let log = this.#logToChange(actor)
      if (log === undefined) {
        log = new MemoryLog()
        this.#logs.set(actor, log)
      }
      appended.push(log.append(key, bytes, this.#epoch))
    }
    return { kind: 'committed', appended }
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

  #logToChange(actor: Actor): MemoryLog | undefined {
    const log = this.#logs.get(actor)
    if (this.durability === 'manual' && !this.#logsBefore.has(actor)) this.#logsBefore.set(actor, log?.copy())
    return log
  }
}
