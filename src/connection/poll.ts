/**
 * One long poll: a Sync that waits for an item (PROTOCOL.md, 13.6).
 *
 *   enter() ──► reading ◄──────────── appended ───────────── waiting
 *                │ │ └──── nothing new, and the time is not over ──► │
 *                │ └ appended ─► stale: read once more ─► reading    │ the time is over
 *                │ the time is over                                  ▼
 *                └─────────────────────────────────────────────────► last: the page is answered, also an empty one
 *
 *   settled: answered (an item, an empty page), refused, superseded or abandoned; from every state
 *
 * It is in the hub before its page is read, so a later item is either told to it or in the page. An event that was lost between nodes
 * costs only the wait: when the time is over, the page is read a last time.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Services, TimelinePage } from '../services/types.js'
import type { Hub } from './hub.js'
import type { WaitingPoll } from './waiting-polls.js'

export interface PollContext {
  readonly hub: Hub
  readonly services: Pick<Services, 'page'>
  readonly clock: Clock
}

export interface PollQuestion {
  readonly uid: number
  readonly device: number
  readonly attempt: number
  readonly since: number
  /** The time from enter() on. */
  readonly waitMs: number
}

/** The asker: exactly one of these is called, once, unless the poll is abandoned. */
export interface PollAsker {
  answered(page: TimelinePage): void
  refused(code: Code, retryAfterMs: number, boundAttempt: number): void
}

/** The time after which to ask again when the store cannot be reached. */
const RETRY_AFTER_MS = 1_000

type PollState = 'reading' | 'stale' | 'last' | 'waiting' | 'settled'

export class Poll implements WaitingPoll {
  readonly uid: number
  readonly device: number
  readonly attempt: number
  readonly #since: number
  readonly #waitMs: number
  readonly #context: PollContext
  readonly #asker: PollAsker
  #state: PollState = 'reading'
  #timer: TimerHandle | undefined

  constructor(context: PollContext, { uid, device, attempt, since, waitMs }: PollQuestion, asker: PollAsker) {
    this.uid = uid
    this.device = device
    this.attempt = attempt
    this.#since = since
    this.#waitMs = waitMs
    this.#context = context
    this.#asker = asker
  }

  /** The label under which metrics count it, beside those of connections. */
  get transport(): string {
    return 'poll'
  }

  /** The label of what it does, for metrics. */
  get state(): string {
    return this.#state === 'waiting' ? 'waiting' : 'reading'
  }

  /** Whether it was answered, refused or abandoned. */
  get isSettled(): boolean {
    return this.#state === 'settled'
  }

  /**
   * Begins to listen; the first page is to be read now, by the asker.
   * @returns false if it is refused instead, because something of a higher attempt is there
   */
  enter(): boolean {
    const boundAttempt = this.#context.hub.enterPoll(this)
    if (boundAttempt === 0) this.#timer = this.#context.clock.after(this.#waitMs, () => this.#overdue())
    else this.end(CODES.REPLACED.code, boundAttempt)
    return boundAttempt === 0
  }

  /** Takes the first page, or one that was read since; does nothing once it is settled. */
  read(page: TimelinePage): void {
    if (this.isSettled) return
    if (this.#state === 'last' || page.kind === 'resync' || page.items.length > 0 || page.to > this.#since) {
      this.leave()
      this.#asker.answered(page)
    } else if (this.#state === 'stale') {
      this.#look('reading')
    } else {
      this.#state = 'waiting'
    }
  }

  appended(): void {
    if (this.#state === 'waiting') this.#look('reading')
    else if (this.#state === 'reading') this.#state = 'stale'
  }

  release(): void {
    if (this.isSettled) return
    this.leave()
    const to = this.#since
    this.#asker.answered({ kind: 'page', items: [], to, more: false, trimmed: false, head: to })
  }

  end(code: Code, boundAttempt = 0, retryAfterMs = 0): void {
    if (this.isSettled) return
    this.leave()
    this.#asker.refused(code, retryAfterMs, boundAttempt)
  }

  /** Takes it out of the hub: nobody waits for it any more. */
  leave(): void {
    this.#state = 'settled'
    this.#timer?.cancel()
    this.#timer = undefined
    this.#context.hub.polls.leave(this)
  }

  #overdue(): void {
    if (this.#state === 'waiting') this.#look('last')
    else this.#state = 'last'
  }

  #look(state: 'reading' | 'last'): void {
    this.#state = state
    this.#context.services.page(this.uid, this.#since).then(
      page => this.read(page),
      () => this.end(CODES.UNAVAILABLE.code, 0, RETRY_AFTER_MS),
    )
  }
}
