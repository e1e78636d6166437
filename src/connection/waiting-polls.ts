/**
 * The long polls of this node: the requests of the short side that wait for an item, by user. A device has one waiting poll, the newest
 * (PROTOCOL.md, 13.7). A poll without an attempt (attempt 0) waits beside it and disturbs nothing.
 */

import { CODES, type Code } from '../../protocol/codes.js'

/** A poll as the hub sees it. */
export interface WaitingPoll {
  readonly transport: string
  readonly state: string
  readonly uid: number
  readonly device: number
  /** The attempt on whose behalf it asks; 0 for none. */
  readonly attempt: number
  /** The user's timeline has grown. */
  appended(): void
  /** Answers it with an empty page; it leaves by itself. */
  release(): void
  /** Refuses it; it leaves by itself. */
  end(code: Code, boundAttempt?: number, retryAfterMs?: number): void
}

export class WaitingPolls {
  /** The polls of each user: one or two for each device that polls, so the arrays are short. */
  readonly #users = new Map<number, WaitingPoll[]>()
  readonly #onLeft: (uid: number) => void
  #size = 0

  /** @param onLeft called when a poll of the user waits no more */
  constructor(onLeft: (uid: number) => void) {
    this.#onLeft = onLeft
  }

  /** The number of waiting polls. */
  get size(): number {
    return this.#size
  }

  /**
   * Enters a poll, which receives events from then on, and ends the one that it supersedes.
   * @returns the attempt of a newer one that waits in its stead; 0 if this one waits
   */
  enter(poll: WaitingPoll): number {
    const { uid, device, attempt } = poll
    const waiting = this.#users.get(uid)
    const older = waiting?.find(one => one.device === device && (one.attempt === 0) === (attempt === 0))
    if (older !== undefined) {
      if (older.attempt > attempt) return older.attempt
      older.end(CODES.POLL_SUPERSEDED.code)
    }
    // Looked up anew: it may have been the only one.
    const others = this.#users.get(uid)
    if (others === undefined) this.#users.set(uid, [poll])
    else others.push(poll)
    this.#size++
    return 0
  }

  /** Takes a poll out. Does nothing for one that does not wait any more. */
  leave(poll: WaitingPoll): void {
    const waiting = this.#users.get(poll.uid)
    const index = waiting?.indexOf(poll) ?? -1
    if (waiting === undefined || index < 0) return
    waiting.splice(index, 1)
    if (waiting.length === 0) this.#users.delete(poll.uid)
    this.#size--
    this.#onLeft(poll.uid)
  }

  /** The user's timeline has grown. */
  appended(uid: number): void {
    const waiting = this.#users.get(uid)
    if (waiting !== undefined) for (const poll of waiting) poll.appended()
  }

  /** Ends the polls of a device whose session ended when this attempt was bound. */
  revoke(uid: number, device: number, attempt: number): void {
    for (const poll of [...this.of(uid)]) {
      if (poll.device === device && poll.attempt <= attempt) poll.end(CODES.SESSION_REVOKED.code)
    }
  }

  /** Ends the polls of a device that stand under a lower attempt than the one that is bound now. */
  replace(uid: number, device: number, attempt: number): void {
    if (this.#size === 0) return
    for (const poll of [...this.of(uid)]) {
      if (poll.device === device && poll.attempt !== 0 && poll.attempt < attempt) poll.end(CODES.REPLACED.code, attempt)
    }
  }

  /** Answers the polls of a device with nothing: their clients ask again, with a token that is good now. */
  release(uid: number, device: number): void {
    for (const poll of [...this.of(uid)]) if (poll.device === device) poll.release()
  }

  /** A copy of the user's polls. */
  of(uid: number): readonly WaitingPoll[] {
    return this.#users.get(uid) ?? []
  }

  /** A copy of all polls. */
  all(): WaitingPoll[] {
    return [...this.#users.values()].flat()
  }
}
