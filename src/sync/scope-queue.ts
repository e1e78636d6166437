/**
 * One scope's path to the store. What comes while a whole write waits behind the one under way is not planned yet: what is planned is
 * large, and lives until it is durable. All scopes share one budget of it.
 *
 *   submissions ─► later, while it is full ─► begun: planned by the engine ─► commit queue ─► store ─► left
 */
import { Fifo } from '../lib/fifo.js'
import { CommitQueue, type CommitQueueOptions, type QueuedUnit, UNITS_PER_COMMIT_MAX } from './commit-queue.js'
import type { UnitBudget } from './unit-budget.js'

/** The most submissions of a scope that are begun and not finished: a write under way, and one that waits. */
const BEGUN_MAX = 2 * UNITS_PER_COMMIT_MAX

export interface ScopeQueueOptions<Q extends QueuedUnit, S> extends Omit<CommitQueueOptions<Q>, 'onNotFull'> {
  /** The budget of all scopes. */
  readonly budget: UnitBudget
  /** Plans a submission now. */
  readonly begin: (submission: S) => void
}

export class ScopeQueue<Q extends QueuedUnit, S> {
  readonly commits: CommitQueue<Q>
  readonly #begin: (submission: S) => void
  readonly #budget: UnitBudget
  readonly #later = new Fifo<S>()
  /** Submissions that were begun and have not left: their records are being read, or their units wait or are being written. */
  #begun = 0
  #goesOn = false

  constructor(options: ScopeQueueOptions<Q, S>) {
    this.#begin = options.begin
    this.#budget = options.budget
    this.commits = new CommitQueue({ ...options, onNotFull: () => this.#goOn() })
  }

  /** Submissions that wait for a write, planned or not. */
  get depth(): number {
    return this.commits.depth + this.#later.size
  }

  /** Whether the store has not answered for so long that new work is to be refused. */
  get isStalled(): boolean {
    return this.commits.isStalled
  }

  get #isFull(): boolean {
    return this.commits.full || this.#begun >= BEGUN_MAX || this.#begun >= this.#budget.share
  }

  /** Plans the submission now, or in its turn. */
  enter(submission: S): void {
    if (this.#later.size > 0 || this.#isFull) this.#later.push(submission)
    else this.admit(submission)
  }

  /** Plans the submission now. */
  admit(submission: S): void {
    this.back()
    this.#begin(submission)
  }

  /** Notes that a submission that had left for a while is planned now. */
  back(): void {
    this.#begun += 1
    this.#budget.take()
  }

  /** Notes that a submission that was begun is finished, or waits for something else. */
  left(): void {
    this.#begun -= 1
    this.#budget.giveBack()
    if (this.#later.size > 0) this.#goOn()
  }

  #goOn(): void {
    if (this.#goesOn) return // one that was finished as soon as it was begun
    this.#goesOn = true
    while (!this.#isFull) {
      const submission = this.#later.shift()
      if (submission === undefined) break
      this.admit(submission)
    }
    this.#goesOn = false
  }
}
