// Short news at the foot of the page. One goes after five seconds unless somebody looks at it; an error, and an offer that waits for the
// user, stay until they are closed.
import type { Clock, TimerHandle } from '../../typescript/browser.js'
import type { Said } from '../words.js'
import { Signal } from './signal.js'

export interface Toast {
  readonly id: number
  readonly kind: 'news' | 'offer' | 'error'
  readonly said: Said
  readonly act: { readonly said: Said; readonly run: () => void } | undefined
}

const SHOWN_MS = 5_000
/** More at once nobody reads: the oldest goes. */
const TOASTS_MAX = 3

export class Notices {
  readonly toasts = new Signal<readonly Toast[]>([])
  readonly #clock: Clock
  readonly #timers = new Map<number, TimerHandle>()
  #last = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  tell(said: Said, act?: Toast['act']): void {
    this.#add({ kind: 'news', said, act })
  }

  offer(said: Said, act: NonNullable<Toast['act']>): void {
    this.#add({ kind: 'offer', said, act })
  }

  error(said: Said): void {
    this.#add({ kind: 'error', said, act: undefined })
  }

  /** Keeps one as long as the pointer or the focus is on it. */
  hold(id: number): void {
    this.#timers.get(id)?.cancel()
  }

  release(id: number): void {
    if (this.toasts.value.find(each => each.id === id)?.kind !== 'news') return
    this.hold(id)
    this.#timers.set(
      id,
      this.#clock.after(SHOWN_MS, () => this.close(id)),
    )
  }

  close(id: number): void {
    this.hold(id)
    this.#timers.delete(id)
    this.toasts.set(this.toasts.value.filter(each => each.id !== id))
  }

  #add(toast: Omit<Toast, 'id'>): void {
    this.#last += 1
    this.toasts.set([...this.toasts.value, { ...toast, id: this.#last }].slice(-TOASTS_MAX))
    this.release(this.#last)
  }
}
