/**
 * Removes what deleted accounts have stored, in slices that hold nobody up (the rules: sync/rules/leaving.ts). Each slice is a
 * unit of its own and may be done twice, so a process that dies in between is simply followed by another: at its start it
 * looks who was leaving.
 *
 * A walk ends by what it removed, never by what it found: what cannot be removed is left, with its note, to the next start. One
 * about a user who is not deleted removes the note and nothing else.
 */
import type { Clock, TimerHandle } from '../lib/clock.js'
import { PARTITIONS } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import {
  hasLeft,
  isDeleted,
  leaves,
  leavingActor,
  leavingUser,
  removeItems,
  removeRecords,
} from '../sync/rules/leaving.js'
import { userActor } from '../sync/rules/records.js'
import type { Outcome } from '../sync/types.js'
import { Turnstile } from './turnstile.js'

const RECORDS_PER_SLICE = 64
/** Users at a time: after a start there may be thousands. */
const AT_ONCE = 4
/** After a store that did not answer. */
const AGAIN_MS = 5_000

export class Departures {
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #underWay = new Set<number>()
  readonly #turnstile = new Turnstile(AT_ONCE)
  #timer: TimerHandle | undefined
  #stopped = false

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine
    this.#clock = clock
  }

  /** Users that are being removed by this process, or wait for it. */
  get underWay(): number {
    return this.#underWay.size
  }

  /** Goes on with those whom an earlier process did not finish. */
  resume(): void {
    this.#resume().catch(() => this.#later())
  }

  /** The account has just been deleted. */
  begin(uid: number): void {
    if (this.#underWay.has(uid)) return
    this.#underWay.add(uid)
    this.#turnstile.enter(() => {
      this.#remove(uid)
        .catch(() => this.#later())
        .finally(() => {
          this.#underWay.delete(uid)
          this.#turnstile.leave()
        })
    })
  }

  /** Begins no further slice. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #resume(): Promise<void> {
    const prefix = `${leavingUser.prefix}/`
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const actor = leavingActor(partition)
      for (let after: string | null = null; !this.#stopped; ) {
        const found = await this.#engine.scan(actor, prefix, after, RECORDS_PER_SLICE)
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

  async #remove(uid: number): Promise<void> {
    if (done(await this.#engine.run(userActor(uid), isDeleted, undefined))) {
      // An ack that was under way may have put something behind the first walk: until one removes nothing.
      while (!this.#stopped && (await this.#removeRecords(uid)) > 0) {}
      if (!(await this.#removeLog(uid))) return
    }
    if (!this.#stopped) done(await this.#engine.run(leavingActor(uid), hasLeft, { uid }))
  }

  /** Removes the timeline, slice by slice. @returns false if an item stays though it should have gone */
  async #removeLog(uid: number): Promise<boolean> {
    const actor = userActor(uid)
    for (let before = 0; !this.#stopped; ) {
      done(await this.#engine.run(actor, removeItems, undefined))
      const page = await this.#engine.page(actor, 0, 1, 0)
      const [first] = page.kind === 'page' ? page.items : []
      if (first === undefined) return true
      if (first.version === before) return false
      before = first.version
    }
    return true
  }

  /** One walk over all records. @returns how many it removed */
  async #removeRecords(uid: number): Promise<number> {
    const actor = userActor(uid)
    let removed = 0
    for (let after: string | null = null; !this.#stopped; ) {
      const found = await this.#engine.scan(actor, '', after, RECORDS_PER_SLICE)
      const last = found.at(-1)
      if (last === undefined) break
      const names = found.map(({ name }) => name).filter(leaves)
      if (names.length > 0) removed += done(await this.#engine.run(actor, removeRecords, { names }))
      after = `${actor}/${last.name}`
    }
    return removed
  }
}

/** @throws if nothing is known to have happened */
function done<R>(outcome: Outcome<R>): R {
  if (outcome.kind !== 'done') throw new Error('unavailable')
  return outcome.result
}
