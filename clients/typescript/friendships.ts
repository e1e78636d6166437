// Friendships that requests of this device are making, and what is written meanwhile. Two requests that cross make a friendship a
// moment after both were taken: a message right behind would be refused for good, so it waits, and keeps its number.
//
//   nothing ──request queued──► asked ──taken──► settling ──the contact is a friend, or none──► nothing
//                                 │                 └──3 s: it was no crossing────────────────────►
//                                 ├──taken, and they are friends already──────────────────────────►
//                                 └──refused──────────────────────────────────────────────────────►
import type { Contact } from './contact-list.js'
import type { Clock, TimerHandle } from './system.js'

/** The other side's request crosses ours within a round trip; what waits holds up all behind it, so not for long. */
const SETTLE_MS = 3_000

interface Making {
  /** The numbers of the first and the last request. */
  readonly first: number
  readonly last: number
  /** The last one was taken. */
  settling: TimerHandle | undefined
}

export class Friendships {
  readonly #clock: Clock
  readonly #stateOf: (uid: number) => Contact['state'] | undefined
  readonly #released: () => void
  readonly #making = new Map<number, Making>()

  /** @param released what was held may go, for the time is over */
  constructor(clock: Clock, stateOf: (uid: number) => Contact['state'] | undefined, released: () => void) {
    this.#clock = clock
    this.#stateOf = stateOf
    this.#released = released
  }

  /** A message to the user with this number has to wait. */
  holds(uid: number, sendSeq: number): boolean {
    const making = this.#making.get(uid)
    return making !== undefined && sendSeq > making.first
  }

  /** A contact request is in the outbox. */
  asked(uid: number, sendSeq: number): void {
    if (this.#stateOf(uid) === 'friend') return
    const making = this.#making.get(uid)
    making?.settling?.cancel()
    this.#making.set(uid, { first: making?.first ?? sendSeq, last: sendSeq, settling: undefined })
  }

  /** It was answered. */
  answered(uid: number, sendSeq: number, taken: boolean): void {
    const making = this.#making.get(uid)
    if (making === undefined || making.last !== sendSeq || making.settling !== undefined) return
    if (!taken || this.#stateOf(uid) === 'friend') {
      this.#making.delete(uid)
      return
    }
    making.settling = this.#clock.after(SETTLE_MS, () => {
      this.#making.delete(uid)
      this.#released()
    })
  }

  /** The contact's item came. @returns whether something may go now */
  changed(uid: number): boolean {
    const making = this.#making.get(uid)
    const state = this.#stateOf(uid)
    // While the request waits for its answer an item may be older than it.
    if (making?.settling === undefined || state === 'requested' || state === 'invited') return false
    making.settling.cancel()
    return this.#making.delete(uid)
  }

  clear(): void {
    for (const { settling } of this.#making.values()) settling?.cancel()
    this.#making.clear()
  }
}
