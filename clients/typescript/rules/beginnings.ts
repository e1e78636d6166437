// Friendships, memberships of groups and listenings to rooms that requests of this device are making, and what is written meanwhile. Two
// contact requests that cross make a friendship a moment after both were taken; a group or room says yes a moment after its answer. A
// message right behind would be refused for good, so it waits, and keeps its number.
//
//   nothing ──request queued──► asked ──taken──► settling ──the item says that it stands, or that it ended──► nothing
//                                 │                 └──3 s: it was no crossing, or others decide────────────►
//                                 ├──taken, and it stands already───────────────────────────────────────────►
//                                 └──refused────────────────────────────────────────────────────────────────►

import type { ConversationId } from '../../../protocol/conversation-id.js'
import type { Clock, TimerHandle } from '../base/system.js'

/** The other side comes within a round trip; what waits holds up all behind it, so not for long. */
const SETTLE_MS = 3_000

/** A user, by uid, or a group or room. */
export type Other = number | ConversationId

/** How far it is, as the newest item says: `between` while one side has to do something, or none has come. */
export type Standing = 'stands' | 'between' | 'ended'

interface Request {
  readonly sendSeq: number
  /** The timer that runs since the request was taken; undefined before. */
  settling: TimerHandle | undefined
}

export class Beginnings {
  readonly #clock: Clock
  readonly #standing: (other: Other) => Standing
  readonly #released: () => void
  readonly #requests = new Map<Other, Request[]>()

  /** @param released what was held may go, for the time is over */
  constructor(clock: Clock, standing: (other: Other) => Standing, released: () => void) {
    this.#clock = clock
    this.#standing = standing
    this.#released = released
  }

  /** A message to this one with the number has to wait: for a request before it, never for one that stands behind it. */
  holds(other: Other, sendSeq: number): boolean {
    return this.#requests.get(other)?.some(each => each.sendSeq < sendSeq) ?? false
  }

  /** A request is in the send queue. */
  asked(other: Other, sendSeq: number): void {
    if (this.#standing(other) === 'stands') return
    const requests = this.#requests.get(other)
    const request: Request = { sendSeq, settling: undefined }
    if (requests === undefined) this.#requests.set(other, [request])
    else requests.push(request)
  }

  /** Notes the answer to a request. */
  answered(other: Other, sendSeq: number, taken: boolean): void {
    const request = this.#requests.get(other)?.find(each => each.sendSeq === sendSeq)
    if (request === undefined || request.settling !== undefined) return
    if (!taken || this.#standing(other) === 'stands') {
      this.#drop(other, [request])
      return
    }
    request.settling = this.#clock.after(SETTLE_MS, () => {
      this.#drop(other, [request])
      this.#released()
    })
  }

  /** The item of the contact, group or room came. @returns whether something may go now */
  changed(other: Other): boolean {
    if (this.#standing(other) === 'between') return false
    // While a request waits for its answer an item may be older than it.
    const settled = this.#requests.get(other)?.filter(each => each.settling !== undefined) ?? []
    this.#drop(other, settled)
    return settled.length > 0
  }

  clear(): void {
    for (const [other, requests] of this.#requests) this.#drop(other, requests)
  }

  #drop(other: Other, requests: readonly Request[]): void {
    for (const { settling } of requests) settling?.cancel()
    const left = this.#requests.get(other)?.filter(each => !requests.includes(each)) ?? []
    if (left.length === 0) this.#requests.delete(other)
    else this.#requests.set(other, left)
  }
}
