/**
 * The state of one client's timeline as its connection knows it: how far it has the items, and what it must still be told. It does no
 * I/O: the connection asks it what to write. It is the other half of the client's push rule (PROTOCOL.md, clause 7):
 *
 *   pushedTo ──────────── head        what lies between is known to exist and was not sent
 *      │  an item with from ≤ pushedTo is pushed, several of one turn in one frame
 *      │  any other means "behind": one Notify, then the client pulls until it is told that there is no more
 *      └─ what the client will have applied when it has read everything that was written to it
 *
 * Nobody can stand between an item and the one before it, but for a client that has applied what the store then lost (isTorn).
 *
 * It may send too much (a Notify for what is on its way), never too little. Whenever a client is behind, it has received a Notify, an
 * answer `more`, or an Accepted beyond its reach, or a Notify is due.
 */

import type { RawItem } from '../../protocol/item-codec.js'
import { SYNC_BYTES_MAX, SYNC_ITEMS_MAX } from '../../protocol/limits.js'
import type { AppendedEvent } from '../sync/events.js'

/**
 * The ticks after which a client that was told and does not pull is told again, when there is more. It may need none of it, having the
 * items from another connection, and would otherwise cost a frame per item. It also bounds how long such a client can be mistaken. (It
 * knew more than this connection thought, took the Notify for old, and rightly did not pull.)
 */
export const NOTIFY_AGAIN_TICKS = 5

/** The size at which a Push is full: one more item of any size still keeps it below the largest frame. */
const PUSH_BYTES = SYNC_BYTES_MAX / 2

const NO_ITEMS: readonly RawItem[] = Object.freeze([])

export class Feed {
  /** The version up to which the client will have applied everything when it has read what was written. */
  pushedTo: number
  /** The newest version that this node knows of. */
  head: number
  /** The highest version whose content the client was sent or has named as its own: nothing above it can be acknowledged. */
  told: number
  /** The items that are gathered for one Push: contiguous, up to pushedTo. */
  #items: RawItem[] = NO_ITEMS as RawItem[]
  #itemsFrom = 0
  #itemsBytes = 0
  /** The version up to which the client knows that there is something. */
  #notifiedTo = 0
  #notifiedTick = 0

  /** @param since what the client has applied */
  constructor(since: number, head: number) {
    this.pushedTo = since
    this.told = since
    this.head = Math.max(since, head)
  }

  /** Bytes of items gathered and not yet taken. */
  get gatheredBytes(): number {
    return this.#itemsBytes
  }

  get gathered(): boolean {
    return this.#items.length > 0
  }

  /** Whether one Push holds so much that the next item needs another: take() comes first. */
  get full(): boolean {
    return this.#items.length >= SYNC_ITEMS_MAX || this.#itemsBytes >= PUSH_BYTES
  }

  /** Whether there is more than the client will have applied. */
  get behind(): boolean {
    return this.head > this.pushedTo
  }

  /**
   * Whether the client stands between an item and the one before it: it has applied what the store has lost since. What that replaced is
   * in the store again, so the client has to begin at 0.
   */
  isTorn(from: number, version: number): boolean {
    return from < this.pushedTo && this.pushedTo < version
  }

  /**
   * Takes the news of an item in.
   * @param takesPushes whether the connection takes pushes now; if not the client falls behind
   * @returns whether there may be something to write
   */
  offer(event: AppendedEvent, takesPushes: boolean): boolean {
    const { version, bytes } = event
    if (version <= this.pushedTo) return false
    if (version > this.head) this.head = version
    if (!takesPushes || bytes === undefined || event.from > this.pushedTo) return true
    if (this.#items.length === 0) {
      this.#items = [event as RawItem]
      this.#itemsFrom = this.pushedTo
    } else {
      this.#items.push(event as RawItem)
    }
    this.#itemsBytes += bytes.length
    this.#reach(version)
    return true
  }

  /** The frame that holds what was gathered, for `encode` to make; undefined if nothing was. */
  take(uid: number, encoder: PushEncoder): Uint8Array | undefined {
    if (this.#items.length === 0) return undefined
    const frame = encoder.encode(uid, this.#itemsFrom, this.pushedTo, this.#items)
    this.drop()
    return frame
  }

  /** Forgets what was gathered; only for a connection that will push no more. */
  drop(): void {
    this.#items = NO_ITEMS as RawItem[]
    this.#itemsBytes = 0
  }

  /** An Accepted with this range is written now. */
  accepted(from: number, version: number): void {
    if (version > this.head) this.head = version
    if (from <= this.pushedTo) {
      if (version > this.pushedTo) this.#reach(version)
    } else if (version > this.#notifiedTo) {
      this.#notifiedTo = version // the client sees the hole and pulls
    }
  }

  /** A page (Sync answer or first Push) that ends at `to` is written now. `pulls`: `more` stood on a Sync answer. */
  paged(to: number, head: number, pulls: boolean): void {
    if (to > this.pushedTo) this.#reach(to)
    if (head > this.head) this.head = head
    if (pulls && head > this.#notifiedTo) this.#notifiedTo = head
  }

  /**
   * RESYNC is answered now: the client drops what it has and pulls from 0. A higher head was of a timeline that the store has lost, or
   * of an item that came since: that one is in what the client pulls.
   */
  resync(head: number): void {
    this.drop()
    this.pushedTo = 0
    this.head = head
    this.#notifiedTo = head
  }

  /** The version to notify now, or 0. If not 0 the caller writes the Notify. */
  notify(tick: number): number {
    if (!this.#owes()) return 0
    if (this.#notifiedTo > this.pushedTo && tick < this.#notifiedTick + NOTIFY_AGAIN_TICKS) return 0
    this.#notifiedTo = this.head
    this.#notifiedTick = tick
    return this.head
  }

  /** The tick at which notify() is to be asked again though nothing happened; Infinity for never. */
  get notifyTick(): number {
    return this.#owes() ? this.#notifiedTick + NOTIFY_AGAIN_TICKS : Number.POSITIVE_INFINITY
  }

  /** Whether there is more than the client has, and more than it knows of. */
  #owes(): boolean {
    return this.head > this.pushedTo && this.head > this.#notifiedTo
  }

  #reach(version: number): void {
    this.pushedTo = version
    if (version > this.told) this.told = version
  }
}

/** Encodes pushes; see the hub, which makes a user's push once for all connections that stand at the same version. */
export interface PushEncoder {
  /** The items are all of (from, to]. */
  encode(uid: number, from: number, to: number, items: readonly RawItem[]): Uint8Array
}
