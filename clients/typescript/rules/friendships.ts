// Friendships that requests of this device are making, and the messages that are written meanwhile. Two requests that cross make
// a friendship a moment after both were taken. A message right behind would be refused for good, so it waits, and keeps its
// number.
//
//   nothing ──request queued──► asked ──taken──► settling ──the contact is a friend, or none──► nothing
//                                 │                 └──3 s: it was no crossing────────────────────►
//                                 ├──taken, and they are friends already──────────────────────────►
//                                 └──refused──────────────────────────────────────────────────────►

import type { Clock, TimerHandle } from '../base/system.js'
import type { Contact } from './contact-list.js'

/** The other side's request crosses ours within a round trip; what waits holds up all behind it, so not for long. */
const SETTLE_MS = 3_000

interface Request {
  readonly sendSeq: number
  /** The timer that runs since the request was taken; undefined before. */
  settling: TimerHandle | undefined
}

export class Friendships {
  readonly #clock: Clock
  readonly #stateOf: (uid: number) => Contact['state'] | undefined
  readonly #released: () => void
  readonly #requests = new Map<number, Request[]>()

  /** @param released what was held may go, for the time is over */
  constructor(clock: Clock, stateOf: (uid: number) => Contact['state'] | undefined, released: () => void) {
    this.#clock = clock
    this.#stateOf = stateOf
    this.#released = released
  }

  /** A message to the user with this number has to wait: for a request before it, never for one that stands behind it. */
  holds(uid: number, sendSeq: number): boolean {
    return this.#requests.get(uid)?.some(each => each.sendSeq < sendSeq) ?? false
  }

  /** A contact request is in the send queue. */
  asked(uid: number, sendSeq: number): void {
    if (this.#stateOf(uid) === 'friend') return
    const requests = this.#requests.get(uid)
    const request: Request = { sendSeq, settling: undefined }
    if (requests === undefined) this.#requests.set(uid, [request])
    else requests.push(request)
  }

  /** Notes the answer to a request. */
  answered(uid: number, sendSeq: number, taken: boolean): void {
    const request = this.#requests.get(uid)?.find(each => each.sendSeq === sendSeq)
    if (request === undefined || request.settling !== undefined) return
    if (!taken || this.#stateOf(uid) === 'friend') {
      this.#drop(uid, [request])
      return
    }
    request.settling = this.#clock.after(SETTLE_MS, () => {
      this.#drop(uid, [request])
      this.#released()
    })
  }

  /** The contact's item came. @returns whether something may go now */
  changed(uid: number): boolean {
    const state = this.#stateOf(uid)
    if (state === 'requested' || state === 'invited') return false
    // While a request waits for its answer an item may be older than it.
    const settled = this.#requests.get(uid)?.filter(each => each.settling !== undefined) ?? []
    this.#drop(uid, settled)
    return settled.length > 0
  }

  clear(): void {
    for (const [uid, requests] of this.#requests) this.#drop(uid, requests)
  }

  #drop(uid: number, requests: readonly Request[]): void {
    for (const { settling } of requests) settling?.cancel()
    const left = this.#requests.get(uid)?.filter(each => !requests.includes(each)) ?? []
    if (left.length === 0) this.#requests.delete(uid)
    else this.#requests.set(uid, left)
  }
}
