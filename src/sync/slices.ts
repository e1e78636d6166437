/** Runs slices of long work one at a time, each followed by a rest, so that they hold nobody up. */
import type { Clock } from '../lib/clock.js'

export class Slices {
  readonly #clock: Clock
  readonly #rest: (tookMs: number) => Promise<void>
  /** Fulfilled when the next slice may begin. */
  #turn: Promise<void> = Promise.resolve()

  /** @param rest rests after a slice of this length */
  constructor(clock: Clock, rest: (tookMs: number) => Promise<void>) {
    this.#clock = clock
    this.#rest = rest
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
      void this.#rest(this.#clock.monotonic() - beganMs).then(end)
    }
  }
}
