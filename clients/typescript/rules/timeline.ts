// The push, notify and pull rule (PROTOCOL.md, clause 7), without I/O: which items of a range to apply, and when to pull.
//
//            push (from <= applied < to)            Accepted and Sync answers are pushes too
//            ┌───────────────────────┐
//            ▼                       │
//   ┌──► caught up ──────────────────┘
//   │        │ push (from > applied), notify (version > applied)
//   │        ▼
//   │     pulling since = applied ◄──┐  more, or something was wanted meanwhile that is above the answer's `to`
//   │        │ answer                │
//   └────────┴───────────────────────┘
//
// No timer and no guess: a range either joins what is applied, or it is pulled. So nothing can move the applied version past
// what was not applied.
import { BrokenServer } from '../base/errors.js'

/** Answered by push() when nothing of the range is to be applied. */
export const NOTHING = -1

export class Timeline {
  #applied: number
  #pulling = false
  /** The highest version that is known to exist. */
  #wanted = 0
  /** The version that was wanted when the pull under way was sent: its answer must reach it. */
  #wantedByPull = 0
  #more = false

  constructor(applied: number) {
    this.#applied = applied
  }

  /** The version up to which everything was applied. */
  get applied(): number {
    return this.#applied
  }

  get pulling(): boolean {
    return this.#pulling
  }

  /**
   * Takes a range: all live items of (from, to] are here.
   * @returns the version above which they are to be applied (the range then counts as applied); NOTHING if none is
   */
  push(from: number, to: number): number {
    if (to < from) throw new BrokenServer(`a push from ${from} to ${to}`)
    if (to <= this.#applied) return NOTHING
    if (from > this.#applied) {
      this.notify(to)
      return NOTHING
    }
    const after = this.#applied
    this.#applied = to
    return after
  }

  /**
   * Takes the answer to a Send: the own copy is the next item above `from`. A client that has applied something in between has what the
   * store has lost since: the answer to its pull says so.
   * @returns as push()
   */
  accepted(from: number, version: number): number {
    if (this.joins(from, version)) return this.push(from, version)
    this.notify(version)
    return NOTHING
  }

  /** Whether an item that follows `from` follows what was applied, or was applied itself. */
  joins(from: number, version: number): boolean {
    return from === this.#applied || version <= this.#applied
  }

  /** Notes that there are items up to `version`. */
  notify(version: number): void {
    if (version > this.#wanted) this.#wanted = version
  }

  /** Makes a pull due even if nothing is missing. Its answer shows the server what was applied. */
  confirm(): void {
    this.#more = true
  }

  /** The version that the next pull starts from, if one is due; it then counts as sent. */
  pull(): number | undefined {
    if (this.#pulling || !(this.#more || this.#wanted > this.#applied)) return undefined
    this.#pulling = true
    this.#more = false
    this.#wantedByPull = this.#wanted
    return this.#applied
  }

  /** The answer to the pull: all live items of (since, to]. @returns as push() */
  answer(since: number, to: number, more: boolean): number {
    const short = more ? to <= since : to < this.#wantedByPull
    // Pulling again would ask the same of the same server, at once and for ever.
    if (short) throw new BrokenServer(`a page from ${since} to ${to} where ${this.#wantedByPull} was announced`)
    this.#pulling = false
    this.#more = more
    return this.push(since, to)
  }

  /** The pull under way had no answer or none that helps; it is due again. */
  unanswered(): void {
    this.#pulling = false
    this.#more = true
  }

  /** A new connection: the server pushes the first page and says whether there is more. */
  connected(): void {
    this.#pulling = false
    this.#more = false
    this.#wanted = 0
  }

  /** Starts from a version: what is up to it is not wanted. */
  begin(version: number): void {
    this.#applied = version
  }

  /** Starts from 0: everything follows again. */
  reset(): void {
    this.connected()
    this.#applied = 0
  }
}
