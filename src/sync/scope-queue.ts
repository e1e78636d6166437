/**
 * One scope's path to the store. What comes while a whole write waits behind the one under way is not planned yet: what is planned is
 * large, and lives until it is durable. Whoever can hold back what they would submit are better not asked to submit it at all.
 *
 *   submissions ─► later, while it is full ─► planned by the engine ─► commit queue ─► store
 *   waiters     ─► one by one, when nothing waits in `later` and there is space
 */
import { Fifo } from '../lib/fifo.js'
import { CommitQueue, type CommitQueueOptions, type QueuedUnit } from './commit-queue.js'

/** Somebody who holds back what they would submit. */
export interface Waiter {
  goOn(): void
}

export interface ScopeQueueOptions<Q extends QueuedUnit, S> extends Omit<CommitQueueOptions<Q>, 'onNotFull'> {
  /** Plans a submission now. */
  readonly begin: (submission: S) => void
}

export class ScopeQueue<Q extends QueuedUnit, S> {
  readonly commits: CommitQueue<Q>
  readonly #begin: (submission: S) => void
  readonly #later = new Fifo<S>()
  readonly #waiters = new Set<Waiter>()

  constructor(options: ScopeQueueOptions<Q, S>) {
    this.#begin = options.begin
    this.commits = new CommitQueue({ ...options, onNotFull: () => this.#goOn() })
  }

  /** Submissions that wait for a write, planned or not. */
  get depth(): number {
    return this.commits.depth + this.#later.size
  }

  /** Whether what is submitted now waits unplanned. */
  get full(): boolean {
    return this.commits.full || this.#later.size > 0
  }

  /** Plans the submission now, or in its turn. */
  enter(submission: S): void {
    if (this.full) this.#later.push(submission)
    else this.#begin(submission)
  }

  /** Has `waiter` go on, once, when there is space: in their order, until it is full again. */
  whenNotFull(waiter: Waiter): void {
    this.#waiters.add(waiter)
  }

  #goOn(): void {
    while (!this.commits.full) {
      const submission = this.#later.shift()
      if (submission === undefined) break
      this.#begin(submission)
    }
    for (const waiter of this.#waiters) {
      if (this.full) return
      this.#waiters.delete(waiter)
      waiter.goOn()
    }
  }
}
