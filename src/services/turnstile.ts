/** Admits a limited number of tasks at a time; the others wait in the order in which they came. */
import { Fifo } from '../lib/fifo.js'

export class Turnstile {
  readonly #atOnce: number
  readonly #waiting = new Fifo<() => void>()
  #inside = 0

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** The number of waiting tasks. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Runs `run`, at once or later; it calls leave(), once, when it is done. */
  enter(run: () => void): void {
    if (this.#inside < this.#atOnce) {
      this.#inside += 1
      run()
    } else {
      this.#waiting.push(run)
    }
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inside -= 1
    else next()
  }
}
