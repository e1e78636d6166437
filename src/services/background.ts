/**
 * Work that one request causes for thousands: noted in the store with the request, then done in slices, behind everything else. Each
 * slice is a unit of its own with how far it has come, and may be done twice; so a process that dies in between is simply followed
 * by another, which looks at its start whose work is noted.
 *
 *   request: noted ─► slice ─► rest ─► slice ─► rest ─► … ─► note gone
 *                       └── the store does not answer: everybody who is noted, a little later
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import { type Actor, PARTITIONS } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import type { Outcome } from '../sync/types.js'
import { Turnstile } from './turnstile.js'

/** Notes read at a time. */
const NOTES_AT_ONCE = 64
/** When it is tried again after the store did not answer. */
const AGAIN_MS = 5_000
/** A rest is so many times as long as the slice before it took: a busy store makes slices long, and rests longer. */
const RESTS_PER_SLICE = 9
const REST_MS_MIN = 2
const REST_MS_MAX = 1_000

/** One kind of work in the background. */
export interface Work {
  /** Users at a time: after a start there may be thousands. */
  readonly atOnce: number
  /** The actor that notes the users of a partition whose work is not done. */
  noted(partition: number): Actor
  /** How the notes' names begin; they end with the uid. */
  readonly prefix: string
  /** Does all of a user's work. Between two slices it lets others go first. @throws if the store does not answer */
  run(uid: number, pace: Pace): Promise<void>
}

/** The rests between slices. */
export interface Pace {
  /** Whether no further slice may begin. */
  readonly isStopped: boolean
  /** Waits between two slices. */
  rest(): Promise<void>
}

export class Background {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #work: Work
  /** By user: whether there is more of it than what is being done. */
  readonly #underWay = new Map<number, boolean>()
  readonly #turnstile: Turnstile
  readonly #resting = new Set<() => void>()
  #timer: TimerHandle | undefined
  #stopped = false

  constructor(engine: Engine, clock: Clock, work: Work) {
    this.#engine = engine
    this.#clock = clock
    this.#work = work
    this.#turnstile = new Turnstile(work.atOnce)
  }

  /** Users whose work is being done by this process, or waits for it. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** Goes on with those whom an earlier process did not finish. */
  resume(): void {
    this.#resume().catch(() => this.#later())
  }

  /** There is work of this user. */
  begin(uid: number): void {
    const isKnown = this.#underWay.has(uid)
    this.#underWay.set(uid, isKnown)
    if (!isKnown) this.#turnstile.enter(() => void this.#do(uid))
  }

  /** Begins no further slice. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    for (const wake of this.#resting) wake()
  }

  async #do(uid: number): Promise<void> {
    this.#underWay.set(uid, false)
    let hasFailed = false
    await this.#work.run(uid, this.#pace()).catch(() => (hasFailed = true))
    const isMore = this.#underWay.get(uid) === true
    this.#underWay.delete(uid)
    this.#turnstile.leave()
    if (hasFailed) this.#later()
    else if (isMore && !this.#stopped) this.begin(uid)
  }

  #pace(): Pace {
    const [clock, isStopped] = [this.#clock, () => this.#stopped]
    let beganMs = clock.monotonic()
    return {
      get isStopped() {
        return isStopped()
      },
      rest: async () => {
        const tookMs = clock.monotonic() - beganMs
        await this.#rest(Math.min(REST_MS_MAX, Math.max(REST_MS_MIN, RESTS_PER_SLICE * tookMs)))
        beganMs = clock.monotonic()
      },
    }
  }

  #rest(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise(resolve => {
      const timer = this.#clock.after(ms, () => wake())
      const wake = (): void => {
        timer.cancel()
        this.#resting.delete(wake)
        resolve()
      }
      this.#resting.add(wake)
    })
  }

  async #resume(): Promise<void> {
    const prefix = `${this.#work.prefix}/`
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const actor = this.#work.noted(partition)
      for (let after: string | null = null; !this.#stopped; ) {
        const found = await this.#engine.scan(actor, prefix, after, NOTES_AT_ONCE)
        for (const { name } of found) this.begin(Number(name.slice(prefix.length)))
        const last = found.at(-1)
        if (last === undefined) break
        after = `${actor}/${last.name}`
      }
    }
  }

  #later(): void {
    if (this.#stopped) return
    this.#timer?.cancel()
    this.#timer = this.#clock.after(AGAIN_MS, () => this.resume())
  }
}

/** @throws if nothing is known to have happened */
export function done<R>(outcome: Outcome<R>): R {
  if (outcome.kind !== 'done') throw new Error(outcome.kind)
  return outcome.result
}
