// The requests of an application to a client, as promises. Each settles, whatever becomes of the client. Nothing that gives a
// promise throws.
//
//   alive ──refuse()──► ending: what is asked is rejected ──end()──► over: what no answer can come for is rejected, too
//     └───────────────────────────end()──────────────────────────────►
import { LongwireError } from './errors.js'

export class Lifetime {
  #refusal: LongwireError | undefined
  #isOver = false
  readonly #waiting = new Set<(error: LongwireError) => void>()

  get isOver(): boolean {
    return this.#isOver
  }

  /** @throws LongwireError why nothing can be asked any more */
  check(): void {
    if (this.#refusal !== undefined) throw this.#refusal.calledFrom(new Error().stack)
  }

  /** Refuses everything that is asked from now on; what waits goes on. The first reason stays. */
  refuse(error: LongwireError): void {
    this.#refusal ??= error
  }

  /** Rejects what waits for a callback. Send queue, calls and sign-in end what is theirs. */
  end(error: LongwireError): void {
    this.#isOver = true
    this.refuse(error)
    for (const reject of this.#waiting) reject(error)
    this.#waiting.clear()
  }

  /**
   * Runs `act` and gives its result. Rejects with what it throws, or with the reason why nothing can be asked. An error of the
   * library gets the stack of this call: where the error arises, nobody knows who asked.
   */
  async promise<T>(act: () => Promise<T> | T): Promise<T> {
    const { stack } = new Error()
    try {
      this.check()
      return await act()
    } catch (error) {
      throw error instanceof LongwireError ? error.calledFrom(stack) : error
    }
  }

  /** Waits for an answer that may never come, of a storage that is gone: rejects at the end. */
  answer<T>(ask: (resolve: (value: T) => void, reject: (error: LongwireError) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (value: T): void => {
        this.#waiting.delete(reject)
        resolve(value)
      }
      const fail = (error: LongwireError): void => {
        this.#waiting.delete(reject)
        reject(error)
      }
      this.#waiting.add(reject)
      ask(done, fail)
    })
  }
}
