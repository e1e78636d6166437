/**
 * Coarse timeouts for very many things at once. One timer of the clock moves the wheel; an entry is a part of the thing
 * that waits (it extends Timed), so 100 000 waiting connections cost no timer, closure or map entry.
 */

import type { Clock } from './clock.js'

/** An entry that can wait in one wheel at a time, once. The fields belong to the wheel. */
export abstract class Timed {
  wheelNext: Timed | undefined = undefined
  wheelPrevious: Timed | undefined = undefined
  /** The tick at which it is due; 0 while it is in no wheel. */
  wheelDue = 0

  /** Called once when the time is over; the entry has left the wheel by then and may enter it again. Must not throw. */
  abstract expired(): void
}

/** The length of a tick, one second: the times kept here are counted in tens of seconds. */
export const TICK_MS = 1000

/** Slots of the ring: a power of two. Longer waits go round more than once and are looked at every 512 s. */
const SLOTS = 512

export class Wheel {
  readonly #clock: Clock
  readonly #startMs: number
  readonly #slots = new Array<Timed | undefined>(SLOTS).fill(undefined)
  readonly #turn = (): void => this.#advance()
  /** The rest of the slot that is being walked: an expiring entry may remove any other. */
  #walking: Timed | undefined = undefined
  #tick = 1
  #size = 0
  #running = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startMs = clock.monotonic()
  }

  /** Seconds since some start, as a cheap time stamp: exact to TICK_MS as long as something waits in the wheel. */
  get tick(): number {
    return this.#tick
  }

  get size(): number {
    return this.#size
  }

  /** Calls `entry.expired()` `ms` from now, up to one tick later, never earlier. An entry that waits already is moved. */
  add(entry: Timed, ms: number): void {
    if (entry.wheelDue !== 0) this.#unlink(entry)
    else this.#size++
    const nowTicks = (this.#clock.monotonic() - this.#startMs) / TICK_MS
    if (!this.#running) {
      this.#tick = Math.floor(nowTicks) + 1
      this.#running = true
      this.#clock.after((this.#tick - nowTicks) * TICK_MS, this.#turn)
    }
    // Tick 1 is the instant of the start. One that stalled catches up tick by tick, so `due` may not lie behind it.
    entry.wheelDue = Math.max(Math.ceil(nowTicks + ms / TICK_MS) + 1, this.#tick + 1)
    this.#link(entry)
  }

  /** Does nothing when it does not wait. */
  remove(entry: Timed): void {
    if (entry.wheelDue === 0) return
    this.#unlink(entry)
    entry.wheelDue = 0
    this.#size--
  }

  #advance(): void {
    if (this.#size === 0) {
      this.#running = false
      return
    }
    // Exactly one tick at a time, however late. After a stall of the process, the loop reads its sockets between two ticks. So a
    // connection whose bytes were waiting is not called idle.
    this.#tick++
    const slot = this.#tick & (SLOTS - 1)
    this.#walking = this.#slots[slot]
    this.#slots[slot] = undefined
    for (let entry = this.#walking; entry !== undefined; entry = this.#walking) {
      this.#unlink(entry)
      if (entry.wheelDue > this.#tick) {
        this.#link(entry)
        continue
      }
      entry.wheelDue = 0
      this.#size--
      entry.expired()
    }
    const nextMs = this.#startMs + this.#tick * TICK_MS
    this.#clock.after(Math.max(1, nextMs - this.#clock.monotonic()), this.#turn)
  }

  #link(entry: Timed): void {
    const slot = entry.wheelDue & (SLOTS - 1)
    const head = this.#slots[slot]
    entry.wheelNext = head
    entry.wheelPrevious = undefined
    if (head !== undefined) head.wheelPrevious = entry
    this.#slots[slot] = entry
  }

  #unlink(entry: Timed): void {
    const { wheelNext: next, wheelPrevious: previous } = entry
    if (next !== undefined) next.wheelPrevious = previous
    if (previous !== undefined) previous.wheelNext = next
    else if (this.#walking === entry) this.#walking = next
    else this.#slots[entry.wheelDue & (SLOTS - 1)] = next
    entry.wheelNext = undefined
    entry.wheelPrevious = undefined
  }
}
