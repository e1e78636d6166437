// The server's wall time, by the device's clock and what the last Hello said. A device's clock may be hours or days off; its own messages
// stand among those of others, which have the server's times.
import type { HelloResponse } from '../../../protocol/generated/messages.js'
import type { Clock } from '../base/system.js'

/** A smaller difference is what the way from the server takes. */
const DIFFERENCE_MS_MIN = 5_000

export class ServerTime {
  readonly #clock: Pick<Clock, 'now'>
  /** How far the server's clock is ahead of the device's. */
  #aheadMs = 0

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Milliseconds since 1970; before the first Hello those of the device's clock. */
  now(): number {
    return this.#clock.now() + this.#aheadMs
  }

  /** Hello was answered just now. */
  greeted({ serverTimeMs }: Pick<HelloResponse, 'serverTimeMs'>): void {
    if (serverTimeMs === 0) return
    const aheadMs = serverTimeMs - this.#clock.now()
    this.#aheadMs = Math.abs(aheadMs) < DIFFERENCE_MS_MIN ? 0 : aheadMs
  }
}
