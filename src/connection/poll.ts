/**
 * One long poll: a Sync that waits for an item (PROTOCOL.md, 13.6).
 *
 *   enter() ──► reading ── an item, or the time is over ──► settled
 *                ▲  │ nothing new
 *       appended │  ▼
 *                waiting ── refused, superseded, abandoned ──► settled
 *
 * It stands in the hub before its page is read: what is appended from then on is told or is in the page. News that
 * comes while a page is being read has it read once more. When the time is over the page is read a last time, so an event that
 * was lost between nodes costs the wait and nothing else.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Services, TimelinePage } from '../services/types.js'
import type { Hub } from './hub.js'
import type { Waiter } from './polls.js'

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
  /** From enter() on. */
  readonly waitMs: number
}

/** Whoever asked: exactly one of these is called, once, unless the poll is abandoned. */
export interface PollAsker {
  answered(page: TimelinePage): void
  refused(code: Code, retryAfterMs: number, boundAttempt: number): void
}

/** When the store cannot be reached. */
const RETRY_AFTER_MS = 1_000

export class Poll implements Waiter {
  readonly uid: number
  readonly device: number
  readonly attempt: number
  readonly #since: number
  readonly #waitMs: number
  readonly #context: PollContext
  readonly #asker: PollAsker
  #state: 'reading' | 'waiting' | 'settled' = 'reading'
  /** Something came while a page was being read. */
  #grown = false
  #timeOver = false
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

  // As connections are counted.
  get transport(): string {
    return 'poll'
  }

  get state(): string {
    return this.#state
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
    if (this.#state === 'settled') return
    if (this.#timeOver || page.kind === 'resync' || page.items.length > 0 || page.to > this.#since) {
      this.leave()
      this.#asker.answered(page)
    } else if (this.#grown) {
      this.#look()
    } else {
      this.#state = 'waiting'
    }
  }

  appended(): void {
    if (this.#state === 'waiting') this.#look()
    else this.#grown = true
  }

  release(): void {
    if (this.#state === 'settled') return
    this.leave()
    const to = this.#since
    this.#asker.answered({ kind: 'page', items: [], to, more: false, trimmed: false, head: to })
  }

  end(code: Code, boundAttempt = 0, retryAfterMs = 0): void {
    if (this.#state === 'settled') return
    this.leave()
    this.#asker.refused(code, retryAfterMs, boundAttempt)
  }

  /** Nobody waits for it any more. */
  leave(): void {
    this.#state = 'settled'
    this.#timer?.cancel()
    this.#timer = undefined
    this.#context.hub.polls.leave(this)
  }

  #overdue(): void {
    this.#timeOver = true
    if (this.#state === 'waiting') this.#look()
  }

  #look(): void {
    this.#state = 'reading'
    this.#grown = false
    this.#context.services.page(this.uid, this.#since).then(
      page => this.read(page),
      () => this.end(CODES.UNAVAILABLE.code, 0, RETRY_AFTER_MS),
    )
  }
}
