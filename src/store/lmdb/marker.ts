/**
 * Writes marks to the journal that say up to where writes are finished, soon after each write. Damage before a mark is then known not to
 * come from a crash (recovery.ts). Marks are written outside the path of commits, and seldom: one for all writes since the last.
 */

import type { Clock, TimerHandle } from '../../lib/clock.js'
import type { Journal } from './journal.js'

/** The shortest time from a write to the mark that covers it. A mark costs as much as a write alone, 70 µs CPU. */
const MARK_MS = 200

/** The largest part of the time that marks may take on a slow disk. */
const MARK_SHARE = 1 / 20

export class Marker {
  readonly #journal: Journal
  readonly #clock: Clock
  readonly #onFailure: (error: Error) => void
  #finished: number
  #marked: number
  #timer: TimerHandle | undefined
  #marking = false
  #stopped = false
  #atRest: (() => void) | undefined

  constructor(journal: Journal, clock: Clock, onFailure: (error: Error) => void) {
    this.#journal = journal
    this.#clock = clock
    this.#onFailure = onFailure
    this.#finished = journal.sequence
    this.#marked = journal.sequence
  }

  /** Notes that all writes up to this one are durable. On the hot path. */
  finished(sequence: number): void {
    this.#finished = sequence
    if (this.#timer === undefined && !this.#marking) this.#later(MARK_MS)
  }

  /** Marks the writes that are not marked yet; settles when no mark is under way. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    await this.#rest()
    if (!this.#stopped && this.#finished > this.#marked) this.#mark()
    this.#stopped = true
    await this.#rest()
  }

  /** Stops marking, because the journal has failed. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #rest(): Promise<void> {
    if (!this.#marking) return
    await new Promise<void>(resolve => {
      this.#atRest = resolve
    })
  }

  #later(ms: number): void {
    if (this.#stopped) return
    this.#timer = this.#clock.after(ms, () => this.#mark())
  }

  #mark(): void {
    this.#timer = undefined
    const sequence = this.#finished
    if (sequence === this.#marked) return
    const begunMs = this.#clock.monotonic()
    this.#marking = true
    this.#journal.mark(sequence, error => {
      this.#marking = false
      this.#atRest?.()
      if (error !== null) this.#onFailure(error)
      else {
        this.#marked = sequence
        const tookMs = this.#clock.monotonic() - begunMs
        if (this.#finished > sequence) this.#later(Math.max(MARK_MS, tookMs / MARK_SHARE))
      }
    })
  }
}
