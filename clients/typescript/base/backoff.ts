// Full jitter: the n-th wait is drawn from U(0, min(cap, base * 2^n)). A fixed or barely varied delay makes all clients of
// a restarted server come back in step.
import type { Random } from './system.js'

export interface BackoffOptions {
  readonly baseMs: number
  readonly capMs: number
}

export class Backoff {
  readonly #random: Random
  readonly #options: BackoffOptions
  #failures = 0

  constructor(random: Random, options: BackoffOptions) {
    this.#random = random
    this.#options = options
  }

  /** Milliseconds until the next try; each call counts as a failure. `floorMs`: what the server asked for, jitter goes on top. */
  next(floorMs = 0): number {
    const { baseMs, capMs } = this.#options
    const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(this.#failures, 30))
    this.#failures++
    return floorMs + this.#random.fraction() * ceiling
  }

  reset(): void {
    this.#failures = 0
  }
}
