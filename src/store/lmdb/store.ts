/**
 * The embedded store: one process, one folder, nothing to install.
 *
 *   commit ──► judge (in memory, single writer) ──► journal: one durable write ──► answer
 *                                                      │ a file is full
 *                                                      ▼
 *                                        checkpoint thread ──► tables (lmdb), then the file is free again
 *
 *   get, read, scan: memory (what the tables lack) over tables. `read` and `scan` wait for the write under way, so what they
 *   show is durable, and what they leave out is durably gone; `get` does not.
 *
 * At the start everything in the journal is brought into the tables. After a failed write or sync the store answers nothing more: what is
 * on the disk is unknown until a new process reads it again.
 */

import { EMPTY } from '../../../protocol/bytes.js'
import { assert } from '../../lib/assert.js'
import type { Clock } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { PageCut } from '../page-cut.js'
import { assertAsked, chainFrom, entriesAt } from '../picking.js'
import type {
  Actor,
  CommitResult,
  ConversationSummary,
  JournalWritten,
  LastingRange,
  LogRange,
  LogSummary,
  NodeId,
  PagePlace,
  ScannedRecord,
  ScopeId,
  SettledPart,
  SpaceLevel,
  Store,
  StoredEntry,
  StoredRecord,
  Tally,
  Unit,
  Version,
} from '../types.js'
import { ASKED_MAX } from '../types.js'
import { Actors } from './actors.js'
import { applyFile, type Checkpointer, type CheckpointRequest } from './checkpoint.js'
import { Damages } from './damages.js'
import { DiskFullError, StoreFailedError } from './errors.js'
import type { Journal } from './journal.js'
import { WRITES_AT } from './journal-file.js'
import { Judge } from './judge.js'
import { LastingEntries } from './lasting.js'
import type { FolderLock } from './lock.js'
import { Marker } from './marker.js'
import type { Presence } from './presence.js'
import { QuietReads } from './quiet-reads.js'
import { type Pending, Reusable, Space } from './space.js'
import type { Tables } from './tables.js'
import {
  conversationsIn,
  entriesIn,
  keyedEntries,
  logRange,
  logsAfter,
  recordsAfter,
  settledPart,
  tally,
} from './walks.js'

const ABSENT: StoredRecord = Object.freeze({ stamp: 0, bytes: EMPTY })

/** The multiple of its length that a journal file may reach while the other is on its way into the tables. */
const JOURNAL_OVERFULL = 4

/** The fraction of a journal file that is worth a checkpoint while there is little space. */
const JOURNAL_EARLY = 16

/** A call that waits to be written. */
interface Waiting {
  readonly units: readonly Unit[] | 'new epoch'
  readonly resolve: (results: readonly CommitResult[]) => void
  readonly reject: (error: Error) => void
}

export interface LmdbParts {
  readonly id: Uint8Array
  readonly epoch: number
  readonly lock: FolderLock
  readonly tables: Tables
  readonly journal: Journal
  readonly checkpointer: Checkpointer
  readonly presence: Presence
  /** The place of its tables, for other threads. */
  readonly place: Omit<PagePlace, 'applied'>
  readonly onFatal: (error: Error) => void
  readonly onDamage: (error: Error) => void
  /** The length from which a journal file is brought into the tables. */
  readonly journalBytes: number
  readonly cachedMax: number
  readonly clock: Clock
  /** The mark of space.ts; `look` asks for the disk's free bytes. */
  readonly markBytes: number
  readonly look: () => Promise<number>
  readonly onSpace: (level: SpaceLevel, freeBytes: number) => void
}

export class LmdbStore implements Store {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  /** The lock of its folder keeps others out. */
  readonly shared = false
  readonly #parts: LmdbParts
  readonly #tables: Tables
  readonly #journal: Journal
  readonly #actors: Actors
  readonly #judge: Judge
  readonly #lasting: LastingEntries
  readonly #space: Space
  readonly #marker: Marker
  #epoch: number
  /** A checkpoint for which there was no space: the frozen generation waits. */
  #held: CheckpointRequest | undefined
  #frozen: Pending | undefined
  /** The amount of the active journal file that was counted as written. */
  #measured = 0
  /** The write up to which the tables hold all. */
  #applied: number
  #state: 'open' | 'closing' | 'failed' = 'open'
  #failure: Error | undefined
  readonly #damages: Damages
  #waiting: Waiting[] = []
  #writing = false
  readonly #reads = new QuietReads({
    isWriting: () => this.#writing,
    report: error => this.#damages.report(error),
    onEmpty: () => this.#rest(),
  })
  #closing: Promise<void> | undefined
  #atRest: (() => void) | undefined

  /** Called by openLmdbStore alone. */
  constructor(parts: LmdbParts) {
    this.#parts = parts
    this.id = parts.id
    this.secret = parts.tables.secret()
    this.#epoch = parts.epoch
    this.#damages = new Damages(parts.onDamage)
    this.#applied = parts.tables.meta('applied')
    this.#tables = parts.tables
    this.#journal = parts.journal
    this.#actors = new Actors(parts.tables, parts.journal, parts.cachedMax)
    this.#lasting = new LastingEntries(this.#actors, parts.tables, (read, cut) => this.#whenQuiet(read, cut))
    parts.checkpointer.onEnd = error => this.#fail(error)
    parts.presence.onGone = error => this.#fail(error)
    this.#judge = new Judge(this.#actors, parts.tables, parts.journal, parts.epoch)
    const { clock, markBytes, look, onSpace } = parts
    this.#marker = new Marker(parts.journal, clock, error => this.#fail(error))
    this.#space = new Space({
      clock,
      markBytes,
      look,
      onSpace,
      use: () => this.#tables.pages(),
      pending: () => (this.#frozen === undefined ? [this.#journal.pending] : [this.#journal.pending, this.#frozen]),
      onLook: () => this.#onLook(),
    })
  }

  /** Looks at the disk's space: at the start, and when somebody knows that the disk has changed. */
  lookAtDisk(): Promise<void> {
    return this.#space.look()
  }

  get freeBytes(): number {
    return this.#space.freeBytes
  }

  get journalWritten(): JournalWritten {
    return this.#journal.written
  }

  get space(): SpaceLevel {
    return this.#space.level
  }

  scopeOf(_actor: Actor): ScopeId {
    return 0
  }

  /** The epoch, one for all partitions: they are restored together. */
  epochOf(_partition: number): number {
    return this.#epoch
  }

  async get(actor: Actor, names: readonly string[]): Promise<readonly StoredRecord[]> {
    this.#assertOpen()
    const state = this.#actors.known(actor)
    try {
      // All is in the tables, and nothing of it is remembered: who reads it may not come again.
      if (state === undefined) return names.map(name => this.#tables.record(actor, name) ?? ABSENT)
      return names.map(name => {
        const record = this.#actors.record(state, name)
        if (record.stamp === 0) return ABSENT
        if (this.#actors.unsettled(record))
          return { stamp: record.stamp, bytes: this.#actors.bytes(actor, name, record) }
        return this.#tables.record(actor, name) ?? ABSENT
      })
    } catch (error) {
      throw this.#damages.report(error)
    }
  }

  read(actor: Actor, after: Version, upTo: Version, entriesMax: number, bytesMax: number): Promise<LogRange> {
    assert(entriesMax >= 1, 'a read asks for at least one entry')
    const cut = new PageCut(entriesMax, bytesMax)
    return this.#whenQuiet(() => logRange(this.#actors, this.#tables, { actor, after, upTo }, cut), cut)
  }

  lasting(actor: Actor, after: Version, entriesMax: number, bytesMax: number): Promise<LastingRange> {
    return this.#lasting.page({ actor, after, cut: new PageCut(entriesMax, bytesMax) })
  }

  settled(actor: Actor, after: Version): SettledPart | undefined {
    return settledPart(this.#actors.glance(actor), after, { ...this.#parts.place, applied: this.#applied })
  }

  entries(
    actor: Actor,
    versions: readonly Version[],
    bytesMax = Number.POSITIVE_INFINITY,
  ): Promise<readonly (StoredEntry | undefined)[]> {
    assertAsked(versions.length)
    const cut = new PageCut(ASKED_MAX, bytesMax)
    return this.#whenQuiet(() => entriesAt(versions, cut, entriesIn(this.#actors, actor)), cut)
  }

  keyed(actor: Actor, keys: readonly string[]): Promise<readonly (StoredEntry | undefined)[]> {
    assertAsked(keys.length)
    const cut = new PageCut(ASKED_MAX, Number.POSITIVE_INFINITY)
    return this.#whenQuiet(() => keyedEntries(this.#actors, actor, keys, cut), cut)
  }

  chain(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<readonly StoredEntry[]> {
    assertAsked(entriesMax)
    const cut = new PageCut(entriesMax, bytesMax)
    return this.#whenQuiet(() => chainFrom(from, cut, entriesIn(this.#actors, actor)), cut)
  }

  newest(actor: Actor, conversation: string): Promise<Version> {
    return this.#whenQuiet(() => this.#actors.newest(actor, this.#actors.log(this.#actors.get(actor)), conversation))
  }

  conversations(actor: Actor, after: string | null, limit: number): Promise<readonly ConversationSummary[]> {
    return this.#whenQuiet(() => conversationsIn(this.#actors, this.#tables, { actor, after, limit }))
  }

  scan(actor: Actor, prefix: string, after: string | null, limit: number): Promise<readonly ScannedRecord[]> {
    return this.#whenQuiet(() => recordsAfter(this.#actors, this.#tables, { actor, prefix, after, limit }))
  }

  logs(partition: number, after: Actor | null, limit: number): Promise<readonly LogSummary[]> {
    return this.#whenQuiet(() => logsAfter(this.#actors, this.#tables, { partition, after, limit }))
  }

  tally(actor: Actor, from: Version, entriesMax: number, bytesMax: number): Promise<Tally> {
    return this.#whenQuiet(() => tally(this.#actors, this.#tables, { actor, from, entriesMax, bytesMax }))
  }

  commit(scope: ScopeId, units: readonly Unit[]): Promise<readonly CommitResult[]> {
    assert(scope === 0, 'there is one scope')
    return this.#enqueue(units)
  }

  async newEpoch(_scope: ScopeId): Promise<void> {
    await this.#enqueue('new epoch')
  }

  /** Does nothing: the only process knows all connections itself. */
  async setRoute(_actor: Actor, _node: NodeId, _ttlMs: number): Promise<void> {}

  async dropRoute(_actor: Actor, _node: NodeId): Promise<void> {}

  /** Closes the store: answers what was committed before, and empties the journal into the tables. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { tables, journal, checkpointer, lock, presence } = this.#parts
    if (this.#state === 'open') {
      this.#state = 'closing'
      await new Promise<void>(resolve => {
        this.#atRest = resolve
        this.#rest()
      })
    }
    presence.close()
    this.#space.close()
    await this.#marker.close()
    // After a failure during a checkpoint its thread may be anywhere: the process will end, and the lock with it.
    if (checkpointer.busy) return
    await checkpointer.close()
    if (this.#state === 'closing' && journal.fileBytes > 0 && this.#held === undefined) this.#empty()
    journal.close()
    await tables.close()
    await lock.release()
  }

  /** Brings the journal into the tables; without space it stays where it is, for the next start. */
  #empty(): void {
    const { tables, journal } = this.#parts
    try {
      applyFile(tables, checkpointOf(journal), new Reusable())
    } catch (error) {
      if (!(error instanceof DiskFullError)) throw error
    }
  }

  /** Continues closing when no write is under way any more. */
  #rest(): void {
    const waiting = this.#waiting.length + this.#reads.length
    if (this.#state === 'failed' || !(this.#writing || this.#parts.checkpointer.busy || waiting > 0)) this.#atRest?.()
  }

  #enqueue(units: Waiting['units']): Promise<readonly CommitResult[]> {
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      this.#waiting.push({ units, resolve, reject })
      if (!this.#writing) this.#write()
    })
  }

  /** Judges and writes all calls that wait. */
  #write(): void {
    this.#turnWhenFull(this.#parts.journalBytes)
    // The disk has long been slower than the callers, so they wait for it until the checkpoint is done. While there is little space the
    // journal does not grow at all.
    const overfull = this.#space.isScarce ? 1 : JOURNAL_OVERFULL
    if (this.#journal.fileBytes >= overfull * this.#parts.journalBytes) return
    const calls = this.#waiting
    this.#waiting = []
    this.#writing = true
    this.#journal.begin()
    let results: readonly (readonly CommitResult[])[]
    try {
      results = calls.map(({ units }) => this.#judgeCall(units))
    } catch (error) {
      this.#waiting = calls
      this.#fail(error) // a bug: memory now holds half a unit
      return
    }
    // If every unit met a conflict there is nothing to write, and what they met is durable.
    if (!this.#journal.changed) this.#written(calls, results)
    else {
      this.#journal.write(error => {
        if (error === null) this.#written(calls, results)
        else {
          this.#waiting.push(...calls)
          this.#fail(error)
        }
      })
    }
  }

  #judgeCall(units: Waiting['units']): readonly CommitResult[] {
    if (units !== 'new epoch') return units.map(unit => this.#judge.judge(unit))
    this.#judge.epoch++
    this.#journal.encoder.putMeta('epoch', this.#judge.epoch)
    return []
  }

  /** Answers calls whose write is durable. */
  #written(calls: readonly Waiting[], results: readonly (readonly CommitResult[])[]): void {
    if (this.#state === 'failed') {
      for (const { reject } of calls) reject(this.#refusal())
      return
    }
    this.#writing = false
    this.#epoch = this.#judge.epoch
    this.#marker.finished(this.#journal.sequence)
    this.#space.wrote(this.#journal.fileBytes - this.#measured)
    this.#measured = this.#journal.fileBytes
    this.#reads.answer()
    calls.forEach(({ resolve }, i) => {
      resolve(results[i] ?? [])
    })
    if (this.#waiting.length > 0) this.#write()
    this.#rest()
  }

  /** Reacts to a look at the disk. */
  #onLook(): void {
    if (this.#state === 'failed') return
    const held = this.#held
    if (held !== undefined && !this.#parts.checkpointer.busy) this.#checkpoint(held)
    // The journal's upper bound is mostly far above what it really takes: once it is in the tables there may be space.
    if (this.#space.level !== 'ample' && !this.#writing) this.#turnWhenFull(this.#parts.journalBytes / JOURNAL_EARLY)
    if (this.#waiting.length > 0 && !this.#writing) this.#write()
  }

  #turnWhenFull(bytes: number): void {
    if (!this.#journal.isFull(bytes) || this.#parts.checkpointer.busy || this.#held !== undefined) return
    const request = checkpointOf(this.#journal)
    this.#frozen = this.#journal.pending
    this.#space.checkpoint(this.#frozen)
    this.#actors.freeze()
    this.#journal.turn()
    this.#measured = 0
    this.#checkpoint(request)
  }

  #checkpoint(request: CheckpointRequest): void {
    this.#held = undefined
    this.#parts.checkpointer.run(request, outcome => {
      if (this.#state === 'failed') return
      if (outcome === 'full') this.#held = request
      else if (outcome !== null) this.#fail(outcome)
      else {
        this.#frozen = undefined
        this.#applied = request.sequence
        this.#tables.refresh(request.sequence)
        this.#actors.settle()
        if (this.#waiting.length > 0 && !this.#writing) this.#write()
      }
      void this.#space.look()
      this.#rest()
    })
  }

  #whenQuiet<T>(read: () => T, cut?: PageCut): Promise<T> {
    return this.#state === 'open' ? this.#reads.read(read, cut) : Promise.reject(this.#refusal())
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw this.#refusal()
  }

  #refusal(): Error {
    return this.#failure ?? new Error('the store is closed')
  }

  #fail(cause: unknown): void {
    if (this.#state === 'failed') return
    const reason = messageOf(cause)
    const failure = new StoreFailedError(`the store failed and answers nothing more: ${reason}`, { cause })
    this.#state = 'failed'
    this.#failure = failure
    this.#marker.stop()
    for (const { reject } of this.#waiting) reject(failure)
    this.#reads.refuse(failure)
    this.#waiting = []
    this.#rest()
    this.#parts.onFatal(failure)
  }
}

/** The request that brings the active file into the tables. */
function checkpointOf({ activePath, activeFile, fileBytes, salt, before, sequence }: Journal): CheckpointRequest {
  return { file: activePath, descriptor: activeFile, end: WRITES_AT + fileBytes, salt, before, sequence }
}
