/** Runs slices of long work one at a time, each followed by a rest (lib/rest.ts), so that they hold nobody up. */
import type { Clock } from '../lib/clock.js'
import { restMs } from '../lib/rest.js'

export class Slices {
  readonly #clock: Clock
  /** Fulfilled when the next slice may begin. */
  #turn: Promise<void> = Promise.resolve()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async run<T>(slice: () => Promise<T>): Promise<T> {
    const turn = this.#turn
    let end = (): void => {}
    this.#turn = new Promise(resolve => {
      end = resolve
    })
    await turn
    const beganMs = this.#clock.monotonic()
    try {
      return await slice()
    } finally {
      this.#clock.after(restMs(this.#clock.monotonic() - beganMs), end)
    }
  }
}
