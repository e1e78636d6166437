/**
 * Group commit: one write to a scope at a time. The units that arrive meanwhile make up the next write.
 *
 *            push            defer          store.commit            settled
 *   idle ───────────► gathering ───────► writing ─────────► idle, or gathering if units have arrived
 *                     │      ▲               │ outcome unknown: the same units again, after a pause
 *                     └──────┘               │ any other failure: dead (nothing is answered any more)
 *        a crowd of patient units: some turns more
 *
 * Patient units (Hellos) gather for some turns of the event loop while they come one behind the other. When thousands of clients come back,
 * each turn accepts one of them, and a synced write would hold two or three Hellos.
 */
import type { Clock } from '../lib/clock.js'
import type { Defer } from '../lib/turn.js'
import { type CommitResult, OutcomeUnknownError, type ScopeId, type Store, type Unit } from '../store/types.js'

export interface QueuedUnit {
  readonly unit: Unit
  /** Whether it may wait a little for others to share its write. */
  readonly patient: boolean
}

/** The pause between two tries of a write whose outcome is unknown. It doubles up to the maximum. */
const REPEAT_MS_MIN = 20
const REPEAT_MS_MAX = 2_000

/**
 * The time without an answer to a write after which new work is refused. A disk that needs 500 ms for a write serves all that comes; one
 * that stands still, and a store that is gone, let nobody wait for longer than this to learn it.
 */
export const STALLED_MS = 2_000

/**
 * The most units in one write, and the most that wait planned. A planned unit lives until it is durable and takes 4 KB. Thousands
 * of them at a time cost more in garbage collection than all rules and encoding. Measured with 5 000 messages in flight, µs of CPU
 * for each: 21 with 1 024 and all planned at once; 18.7, 17, 16 and 13 with 1 024, 512, 256 and 128. Fewer units make more writes:
 * a disk that needs 5 ms for a write still takes 50 000 units a second.
 */
export const UNITS_PER_COMMIT_MAX = 256

/**
 * The patient units that are enough for a write, and the turns for which they wait for more. CPU of a login, all threads, 8 000 at a time,
 * three rounds on each server added up: 371 µs if none waits, 334 with 16 units, 307 with 32 (with 2 ms in place of turns; 2 cores,
 * 28 November 2026).
 */
const PATIENT_UNITS_MAX = 32
const PATIENT_TURNS_MAX = 32

export interface CommitQueueOptions<Q extends QueuedUnit> {
  readonly store: Pick<Store, 'commit'>
  readonly scope: ScopeId
  readonly clock: Clock
  /** Runs a function at the end of the event loop's turn, after what is being read now. */
  readonly defer: Defer
  /** Called in the order of the queue, when a unit is durable or has fallen. `repeated`: the unit was sent more than once. */
  readonly settle: (queued: Q, result: CommitResult, repeated: boolean) => void
  /** Called when a write is durable, with the number of its units (fallen ones included) and how long it took. */
  readonly onWritten: (units: number, tookMs: number) => void
  /** Called when the queue was full and is no longer. */
  readonly onNotFull: () => void
  /** Called when the store failed for good. */
  readonly onFatal: (error: unknown) => void
}

export class CommitQueue<Q extends QueuedUnit> {
  readonly #options: CommitQueueOptions<Q>
  #waiting: Q[] = []
  #state: 'idle' | 'gathering' | 'writing' | 'dead' = 'idle'
  /** Whether all that waits is patient. */
  #patient = true
  /** Whether units come one behind the other: the last write did not hold one alone. */
  #isCrowd = false
  /** The time when the write under way was handed to the store first. */
  #writingMs = 0
  #isStalled = false
  /** Whether a timer looks at the write under way. There is one every 2 s, not one for each write. */
  #isWatched = false
  /** The turns for which it has gathered. */
  #turns = 0
  /** The units that were pushed, and those of them that were settled. */
  #pushed = 0
  #settled = 0
  /** Those who wait until so many units are settled, in this order. */
  #waits: { readonly units: number; readonly go: () => void }[] = []
  readonly #endTurn = () => {
    this.#turns += 1
    const lingers = this.#isCrowd && this.#patient && this.#waiting.length < PATIENT_UNITS_MAX
    if (lingers && this.#turns < PATIENT_TURNS_MAX) {
      this.#options.defer(this.#endTurn)
      return
    }
    const wasFull = this.full
    this.#write(this.#take(), false, REPEAT_MS_MIN)
    if (wasFull && !this.full) this.#options.onNotFull()
  }

  constructor(options: CommitQueueOptions<Q>) {
    this.#options = options
  }

  /** Units queued and not yet handed to the store. */
  get depth(): number {
    return this.#waiting.length
  }

  /** Whether a whole write waits behind the one under way. Work that can wait unplanned should then wait for onNotFull. */
  get full(): boolean {
    return this.#waiting.length >= UNITS_PER_COMMIT_MAX
  }

  /** Whether the write under way has got no answer for long. */
  get isStalled(): boolean {
    return this.#isStalled
  }

  /** Waits until all units that were pushed before are settled: durable, or fallen. */
  async behindAll(): Promise<void> {
    if (this.#settled === this.#pushed) return
    await new Promise<void>(go => this.#waits.push({ units: this.#pushed, go }))
  }

  push(queued: Q): void {
    this.#pushed += 1
    this.#waiting.push(queued)
    if (!queued.patient) this.#patient = false
    if (this.#state === 'idle') this.#gather()
  }

  #gather(): void {
    this.#state = 'gathering'
    this.#turns = 0
    this.#options.defer(this.#endTurn)
  }

  #take(): Q[] {
    if (this.#waiting.length <= UNITS_PER_COMMIT_MAX) {
      const all = this.#waiting
      this.#waiting = []
      this.#patient = true
      return all
    }
    return this.#waiting.splice(0, UNITS_PER_COMMIT_MAX)
  }

  #letGo(): void {
    const waits = this.#waits
    this.#waits = waits.filter(({ units }) => units > this.#settled)
    for (const { units, go } of waits) if (units <= this.#settled) go()
  }

  #watch(startMs: number): void {
    this.#writingMs = startMs
    if (!this.#isWatched) this.#lookAfter(STALLED_MS)
  }

  #lookAfter(ms: number): void {
    this.#isWatched = true
    this.#options.clock.after(ms, () => {
      this.#isWatched = false
      if (this.#state !== 'writing') return
      const leftMs = STALLED_MS - (this.#options.clock.monotonic() - this.#writingMs)
      if (leftMs > 0) this.#lookAfter(leftMs)
      else this.#isStalled = true
    })
  }

  #write(batch: Q[], repeated: boolean, pauseMs: number): void {
    this.#state = 'writing'
    const { store, scope, clock, settle, onWritten, onFatal } = this.#options
    const units = batch.map(queued => queued.unit)
    const startMs = clock.monotonic()
    if (!repeated) this.#watch(startMs)
    store.commit(scope, units).then(
      results => {
        this.#isStalled = false
        onWritten(units.length, clock.monotonic() - startMs)
        this.#isCrowd = units.length + this.#waiting.length > 1
        // Gathering begins before the answers are given, so that the units they cause join the next write.
        if (this.#waiting.length > 0) this.#gather()
        else this.#state = 'idle'
        for (let i = 0; i < batch.length; i += 1) {
          const [queued, result] = [batch[i], results[i]]
          if (queued !== undefined && result !== undefined) settle(queued, result, repeated)
        }
        this.#settled += batch.length
        if (this.#waits.length > 0) this.#letGo()
      },
      error => {
        if (error instanceof OutcomeUnknownError) {
          clock.after(pauseMs, () => this.#write(batch, true, Math.min(pauseMs * 2, REPEAT_MS_MAX)))
          return
        }
        this.#state = 'dead'
        onFatal(error)
      },
    )
  }
}
