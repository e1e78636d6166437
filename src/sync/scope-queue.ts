/**
 * One scope's path to the store. What comes while a whole write waits behind the one under way is not planned yet: what is planned is
 * large, and lives until it is durable.
 *
 *   submissions ─► later, while it is full ─► planned by the engine ─► commit queue ─► store
 */
import { Fifo } from '../lib/fifo.js'
import { CommitQueue, type CommitQueueOptions, type QueuedUnit } from './commit-queue.js'

export interface ScopeQueueOptions<Q extends QueuedUnit, S> extends Omit<CommitQueueOptions<Q>, 'onNotFull'> {
  /** Plans a submission now. */
  readonly begin: (submission: S) => void
}

export class ScopeQueue<Q extends QueuedUnit, S> {
  readonly commits: CommitQueue<Q>
  readonly #begin: (submission: S) => void
  readonly #later = new Fifo<S>()

  constructor(options: ScopeQueueOptions<Q, S>) {
    this.#begin = options.begin
    this.commits = new CommitQueue({ ...options, onNotFull: () => this.#goOn() })
  }

  /** Submissions that wait for a write, planned or not. */
  get depth(): number {
    return this.commits.depth + this.#later.size
  }

  /** Plans the submission now, or in its turn. */
  enter(submission: S): void {
    if (this.commits.full || this.#later.size > 0) this.#later.push(submission)
    else this.#begin(submission)
  }

  #goOn(): void {
    while (!this.commits.full) {
      const submission = this.#later.shift()
      if (submission === undefined) return
      this.#begin(submission)
    }
  }
}
