// Collects what is to be stored and hands it to the storage in batches: one commit under way, what comes meanwhile is the
// next one. What must wait until it is stored (an event, a transmission, an ack) is run in order after its batch.
//
//   idle ──flush──► storing ──done──► idle (or the next batch)
//                      └────error───► failed, for good: nothing more is stored, run or promised
import { errorOf } from '../base/errors.js'
import type { Changes, Clearing, Json, Outcome, Rewrite, Storage, StoredMessage } from './storage.js'

class Batch implements Changes {
  forget = false
  readonly values = new Map<string, Json | undefined>()
  readonly messages: StoredMessage[] = []
  readonly earlier: StoredMessage[] = []
  readonly outcomes: Outcome[] = []
  readonly rewrites: Rewrite[] = []
  readonly clearings: Clearing[] = []
  readonly after: (() => void)[] = []
  /** Whether something is to be stored. */
  changed = false
}

/** Told of what enters the history, and of what becomes of it there, when it is asked for. */
export interface HistoryWatch {
  came(message: StoredMessage): void
  settled(outcome: Outcome): void
}

export class Commits {
  readonly #storage: Storage
  readonly #wake: () => void
  readonly #failedWith: (error: Error) => void
  #next = new Batch()
  #state: 'idle' | 'storing' | 'failed' = 'idle'
  #forgets = 0
  #watch: HistoryWatch | undefined

  /**
   * @param wake asks for a flush() soon
   * @param failedWith the storage failed; called once
   */
  constructor(storage: Storage, wake: () => void, failedWith: (error: Error) => void) {
    this.#storage = storage
    this.#wake = wake
    this.#failedWith = failedWith
  }

  /** Names the one who is told of what enters the history. */
  watch(watch: HistoryWatch): void {
    this.#watch = watch
  }

  get failed(): boolean {
    return this.#state === 'failed'
  }

  /** The storage failed while nothing was asked of it. */
  broke(error: Error): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    this.#failedWith(error)
  }

  put(name: string, value: Json | undefined): void {
    this.#change().values.set(name, value)
  }

  append(message: StoredMessage): void {
    this.#change().messages.push(message)
    this.#watch?.came(message)
  }

  /** Stores messages that are older than all that is stored of their conversation, the oldest first. */
  prepend(messages: readonly StoredMessage[]): void {
    if (messages.length > 0) this.#change().earlier.unshift(...messages)
  }

  settle(outcome: Outcome): void {
    this.#change().outcomes.push(outcome)
    this.#watch?.settled(outcome)
  }

  rewrite(rewrite: Rewrite): void {
    this.#change().rewrites.push(rewrite)
  }

  clear(clearing: Clearing): void {
    this.#change().clearings.push(clearing)
  }

  /** Drops everything stored, and everything asked for and not yet stored. */
  forget(): void {
    const batch = this.#change()
    this.#forgets++
    batch.forget = true
    batch.values.clear()
    batch.messages.length = 0
    batch.earlier.length = 0
    batch.outcomes.length = 0
    batch.rewrites.length = 0
    batch.clearings.length = 0
  }

  /** Runs `act` when all that was asked for so far is stored, after everything handed to after() before. */
  after(act: () => void): void {
    this.#next.after.push(act)
    this.#wake()
  }

  /** Does the same as after(), for events of stored things: not when they were forgotten meanwhile. */
  tell(act: () => void): void {
    const forgets = this.#forgets
    this.after(() => {
      if (forgets === this.#forgets) act()
    })
  }

  flush(): void {
    while (this.#state === 'idle' && (this.#next.changed || this.#next.after.length > 0)) {
      const batch = this.#next
      this.#next = new Batch()
      if (batch.changed) this.#store(batch)
      else this.#done(batch)
    }
  }

  #change(): Batch {
    if (!this.#next.changed) {
      this.#next.changed = true
      this.#wake()
    }
    return this.#next
  }

  #store(batch: Batch): void {
    this.#state = 'storing'
    let called = false
    const done = (error?: Error): void => {
      if (called || this.#state !== 'storing') return
      called = true
      if (error !== undefined) {
        this.broke(error)
        return
      }
      this.#state = 'idle'
      this.#done(batch)
      this.#wake()
    }
    try {
      this.#storage.commit(batch, done)
    } catch (error) {
      done(errorOf(error))
    }
  }

  #done(batch: Batch): void {
    for (const act of batch.after) act()
  }
}
