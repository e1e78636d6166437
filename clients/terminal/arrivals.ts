/** Shows what comes in the order in which it came, also where the name of somebody must be asked for first. */

import type { Clock, ConversationId } from '../typescript/index.js'
import type { People } from './people.js'

/** The time that a name is waited for; then the number has to do. */
const PATIENCE_MS = 2_000

interface Arrival {
  readonly conversation: ConversationId
  readonly uids: readonly number[]
  readonly show: () => void
}

export class Arrivals {
  readonly #people: People
  readonly #clock: Clock
  readonly #waiting: Arrival[] = []
  /** Whether names are asked for. */
  #asking = false

  constructor(people: People, clock: Clock) {
    this.#people = people
    this.#clock = clock
  }

  /** @param uids whose names it shows @param show called at once, if they are known and nothing waits */
  take(conversation: ConversationId, uids: readonly number[], show: () => void): void {
    this.#waiting.push({ conversation, uids, show })
    if (!this.#asking) this.#next()
  }

  /** Resolves when the names are known, or when it is no use to wait longer. */
  async named(conversation: ConversationId, uids: readonly number[]): Promise<void> {
    const asked = this.#people.learn(conversation, uids)
    if (asked === undefined) return
    let timer: { cancel(): void } | undefined
    const late = new Promise<void>(resolve => {
      timer = this.#clock.after(PATIENCE_MS, resolve)
    })
    await Promise.race([asked, late])
    timer?.cancel()
  }

  /** Shows nothing more. */
  close(): void {
    this.#waiting.length = 0
  }

  /** @param isAsked whether the names of the first were asked for: it is shown, whatever came of that */
  #next(isAsked = false): void {
    let isDue = isAsked
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!isDue && !this.#people.knows(first.conversation, first.uids)) {
        this.#asking = true
        void this.named(first.conversation, first.uids).then(() => {
          this.#asking = false
          this.#next(true)
        })
        return
      }
      isDue = false
      this.#waiting.shift()
      first.show()
    }
  }
}
