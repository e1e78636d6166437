/**
 * Reads that wait until no write is under way: what they show is durable then. A storm of them is answered in parts, so that it does not
 * delay the commits for long.
 */

import { endOfTurn } from '../../lib/turn.js'
import type { PageCut } from '../page-cut.js'

/** The most reads at once. A page of 256 entries takes 0.3 ms: a storm of them must not delay the commits for long. */
const READS_AT_ONCE = 16
/** The most bytes read at once: four pages of the longest entries, which take some milliseconds until they are in answers. */
const READ_BYTES_AT_ONCE = 1_048_576

export interface QuietReadsOptions {
  readonly isWriting: () => boolean
  /** Called with what a read throws. @returns what its caller gets */
  readonly report: (error: unknown) => unknown
  /** Called when none waits any more. */
  readonly onEmpty: () => void
}

export class QuietReads {
  readonly #options: QuietReadsOptions
  #waiting: { readonly run: () => void; readonly reject: (error: Error) => void }[] = []
  /** The bytes of entries that were read in this turn. */
  #bytes = 0
  #lookDue = false

  constructor(options: QuietReadsOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#waiting.length
  }

  /**
   * Reads now if nothing is being written and little was read in this turn; else when the write is durable, or in a later turn.
   * @param cut counts what is read
   */
  read<T>(read: () => T, cut: PageCut | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(read())
          if (cut !== undefined) this.#hasRead(cut.bytes)
        } catch (error) {
          reject(this.#options.report(error))
        }
      }
      if (this.#options.isWriting() || this.#bytes >= READ_BYTES_AT_ONCE) this.#waiting.push({ run, reject })
      else run()
    })
  }

  /** Answers reads that waited, while nothing is being written. What is left waits for the next write or turn. */
  answer(): void {
    this.#bytes = 0
    if (this.#options.isWriting()) return
    let count = 0
    for (const { run } of this.#waiting) {
      if (count === READS_AT_ONCE || this.#bytes >= READ_BYTES_AT_ONCE) break
      run()
      count++
    }
    this.#waiting.splice(0, count)
    if (this.#waiting.length > 0) this.#answerLater()
    else this.#options.onEmpty()
  }

  /** Refuses all that wait. */
  refuse(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(error)
  }

  /** Counts read bytes: what is too much for one turn is read in the next. */
  #hasRead(bytes: number): void {
    if (this.#bytes === 0 && bytes > 0) this.#answerLater()
    this.#bytes += bytes
  }

  #answerLater(): void {
    if (this.#lookDue) return
    this.#lookDue = true
    endOfTurn(() => {
      this.#lookDue = false
      this.answer()
    })
  }
}
