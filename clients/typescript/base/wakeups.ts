// Notices that the device or the page slept. Timers stood still, so a connection may be dead without a sign.
//
//   watching ──the wall clock moved by more than the steady one, or a tick came far too late──► woke()
//
// It looks whenever the client does something, and every ten seconds. A timer runs on after a sleep, so the sleep is noticed that
// soon after waking. In a page the browser says some of it at once.
import type { Clock, TimerHandle } from './system.js'

/** One timer, no traffic: the radio sleeps on. */
const TICK_MS = 10_000

/** The difference of the two clocks that counts as a sleep. Without one they are set now and then, by less. */
const JUMP_MS = 5_000

/** A tick so late: on some systems the steady clock counts a sleep. Pages in the background get theirs once a minute. */
const LATE_MS = 120_000

export class SleepWatch {
  readonly #clock: Clock
  readonly #woke: () => void
  #timer: TimerHandle | undefined
  #wallMs = 0
  #steadyMs = 0

  /** @param woke called from look() and from the tick */
  constructor(clock: Clock, woke: () => void) {
    this.#clock = clock
    this.#woke = woke
  }

  start(): void {
    if (this.#timer !== undefined) return
    this.#note()
    this.#tick()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  look(): void {
    if (this.#timer === undefined) return
    const wallMs = this.#clock.now() - this.#wallMs
    const steadyMs = this.#clock.monotonic() - this.#steadyMs
    this.#note()
    if (Math.abs(wallMs - steadyMs) > JUMP_MS || steadyMs > TICK_MS + LATE_MS) this.#woke()
  }

  #tick(): void {
    this.#timer = this.#clock.after(TICK_MS, () => {
      this.#tick()
      this.look()
    })
  }

  #note(): void {
    this.#wallMs = this.#clock.now()
    this.#steadyMs = this.#clock.monotonic()
  }
}

/** The part of a page that is used. */
export interface PageLike extends Listenable {
  readonly document?: Listenable & { readonly visibilityState?: string }
}

interface Listenable {
  addEventListener?(name: string, listener: () => void): void
  removeEventListener?(name: string, listener: () => void): void
}

/** Calls `woke` when the page comes to the front, comes back from the cache, or the network does. @returns what ends it */
export function watchPage(woke: () => void, page: PageLike = globalThis as PageLike): () => void {
  const { document } = page
  const shown = (): void => {
    if (document?.visibilityState === 'visible') woke()
  }
  page.addEventListener?.('online', woke)
  page.addEventListener?.('pageshow', woke)
  document?.addEventListener?.('visibilitychange', shown)
  return () => {
    page.removeEventListener?.('online', woke)
    page.removeEventListener?.('pageshow', woke)
    document?.removeEventListener?.('visibilitychange', shown)
  }
}
