/**
 * Passes on the newest post of each board, at most one within HEAD_INTERVAL_MS. If more come, the newest is told at the end of the interval, so
 * the last one is always told.
 *
 *   quiet ──a head: told──► told ──the interval is over──► quiet
 *                            │  ▲
 *                a head: kept└──┘its end: the kept one is told, and another interval begins
 */
import { DecodeError, decodeSignalNotice } from '../../protocol/generated/messages.js'
import { HEAD_INTERVAL_MS } from '../../protocol/limits.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import type { Address, TransientEvent } from '../sync/events.js'

interface Told {
  readonly timer: TimerHandle
  /** The newest head that came within the interval, with its number. */
  kept: { readonly event: TransientEvent; readonly number: number } | undefined
}

export class BoardHeads {
  readonly #clock: Clock
  readonly #tell: (event: TransientEvent) => void
  readonly #isWanted: (board: Address) => boolean
  #isStopped = false
  /** The boards of which a head was told within the interval: at most as many as had a post in it. */
  readonly #told = new Map<Address, Told>()

  /** @param isWanted whether anybody would be told of this board */
  constructor(clock: Clock, isWanted: (board: Address) => boolean, tell: (event: TransientEvent) => void) {
    this.#clock = clock
    this.#isWanted = isWanted
    this.#tell = tell
  }

  /** Takes a head: of a post of this node's own commits, or from another node. */
  take(event: TransientEvent): void {
    if (this.#isStopped) return
    const told = this.#told.get(event.to)
    if (told === undefined) {
      if (this.#isWanted(event.to)) this.#tellNow(event)
      return
    }
    const number = numberIn(event.bytes)
    if (number > (told.kept?.number ?? 0)) told.kept = { event, number }
  }

  /** Tells nothing more. */
  stop(): void {
    this.#isStopped = true
    for (const { timer } of this.#told.values()) timer.cancel()
    this.#told.clear()
  }

  #tellNow(event: TransientEvent): void {
    const timer = this.#clock.after(HEAD_INTERVAL_MS, () => {
      const kept = this.#told.get(event.to)?.kept
      this.#told.delete(event.to)
      if (kept !== undefined) this.take(kept.event)
    })
    this.#told.set(event.to, { timer, kept: undefined })
    this.#tell(event)
  }
}

/** The number of the post; 0 if the bytes name none. */
function numberIn(bytes: Uint8Array): number {
  try {
    const { signal } = decodeSignalNotice(bytes)
    return signal?.case === 'head' ? signal.value.number : 0
  } catch (error) {
    if (error instanceof DecodeError) return 0
    throw error
  }
}
