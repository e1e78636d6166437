/**
 * A program in the simulation: it has its own clock, and when it is killed nothing of it runs any more. It may also stand still for a while,
 * as a process that is stopped or a machine that has other things to do: then it goes on where it was, with what has become due meanwhile.
 */

import type { Clock, TimerHandle } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'
import type { Defer } from '../../src/lib/turn.js'
import type { Event, Owner, Scheduler } from './scheduler.js'

/** What a clock shows that is right. */
export function wallMs({ nowMs, calendarMs }: Scheduler): number {
  return WALL_START_MS + nowMs + calendarMs
}

const WALL_START_MS = 1_790_000_000_000

/** A timer runs up to so much late: the machine has other things to do. */
const TIMER_LATE_MS = 1.5

export class Process implements Owner {
  readonly name: string
  readonly clock: Clock
  /** The end of the event loop's turn. */
  readonly defer: Defer
  alive = true
  /** What the wall clock is wrong by. */
  skewMs = 0
  /** How long it has stood still, before it went on. */
  stoodStillMs = 0
  readonly #scheduler: Scheduler
  readonly #onEnd: (() => void)[] = []
  /** What it is to run when it goes on. */
  #held: Event[] = []
  #stillSinceMs: number | undefined

  constructor(scheduler: Scheduler, random: Random, name: string) {
    this.name = name
    this.#scheduler = scheduler
    const startMs = scheduler.nowMs
    this.clock = {
      now: () => Math.floor(wallMs(scheduler) + this.skewMs),
      monotonic: () => scheduler.nowMs - startMs,
      after: (ms, run): TimerHandle => {
        const event = scheduler.after(ms + random.fraction() * TIMER_LATE_MS, `timer ${name}`, run, this)
        return { cancel: () => scheduler.cancel(event) }
      },
    }
    this.defer = run => {
      scheduler.after(0, `turn ${name}`, run, this)
    }
  }

  /** What its end means for others: sockets close. */
  onEnd(run: () => void): void {
    this.#onEnd.push(run)
  }

  get still(): boolean {
    return this.#stillSinceMs !== undefined
  }

  /** Stops in the midst of what it does. */
  standStill(): void {
    if (this.alive) this.#stillSinceMs ??= this.#scheduler.nowMs
  }

  /** Goes on. @param timersFirst whether what is due by time comes before what others have sent */
  goOn(timersFirst: boolean): void {
    if (this.#stillSinceMs === undefined) return
    this.stoodStillMs += this.#scheduler.nowMs - this.#stillSinceMs
    this.#stillSinceMs = undefined
    const held = this.#held.splice(0)
    const isTimer = ({ what }: Event): boolean => what.startsWith('timer')
    const inOrder = timersFirst ? [...held.filter(isTimer), ...held.filter(event => !isTimer(event))] : held
    for (const event of inOrder) {
      const run = (): void => {
        const { run } = event
        event.run = undefined
        run?.()
      }
      this.#scheduler.after(0, event.what, run, this)
    }
  }

  holds(event: Event): boolean {
    if (this.still) this.#held.push(event)
    return this.still
  }

  /** Runs what comes from outside: now, when the process goes on, or never if it is dead. */
  whenAwake(what: string, run: () => void): void {
    if (this.still) this.#held.push({ atMs: this.#scheduler.nowMs, order: 0, what, owner: this, run })
    else if (this.alive) run()
  }

  kill(): void {
    if (!this.alive) return
    this.alive = false
    this.#held = []
    this.#stillSinceMs = undefined
    for (const run of this.#onEnd.splice(0)) run()
  }
}
