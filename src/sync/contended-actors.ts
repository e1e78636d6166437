/**
 * The actors for whose records several nodes compete. Without a rule the node that is nearest to the store wins nearly always: of two nodes,
 * one 3 ms further away got 0.3 % of the work. So while an actor is contended:
 *
 *   a submission that fell twice waits for a random time, longer each time       it finds a gap
 *   an actor's submissions gather for a random time before they are planned      the gaps: each node serves the actor in turns
 *   effects on it go through the outbox, and one node delivers them              requests of other actors do not compete at all
 *
 * A node notices it when a submission falls for the second time, and tells the others: the nearest one might never fall.
 */
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Actor } from '../store/types.js'

/** The time for which an actor counts as contended after that was noticed last. */
export const CONTENDED_MS = 5_000
/** The most such actors that are remembered; the one that was noticed longest ago is forgotten. */
const ACTORS_MAX = 10_000
/**
 * The longest time for which a contended actor's submissions gather. A node reads, plans and writes within some milliseconds, and succeeds if
 * no other node's write comes in between. Four nodes with four requests each at a time, one of them 3 ms further away, in
 * test/sync/contended.test.ts: with times up to 10, 20, 30, 40 and 80 ms the far one did 2, 6, 13, 16 and 20 % of the work, and all together
 * 1 252, 901, 731, 608 and 365 requests a second. Without, it did nothing, 4 % were given up, and there were 3 076.
 */
const TURN_MS = 40
/** The longest wait after the second fall. It doubles with each fall, up to a turn. */
const AGAIN_MS = 5

export interface ContendedActorsOptions {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly random: Pick<Random, 'fraction'>
  /** Tells the other nodes. */
  readonly tell: (actor: Actor) => void
}

interface Contended {
  untilMs: number
  tellMs: number
}

export class ContendedActors {
  readonly #options: ContendedActorsOptions
  /** The actors, in the order in which they were noticed last. */
  readonly #actors = new Map<Actor, Contended>()

  constructor(options: ContendedActorsOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    if (this.#actors.size > 0) this.#forget()
    return this.#actors.size === 0
  }

  has(actor: Actor): boolean {
    return !this.isEmpty && this.#actors.has(actor)
  }

  /** Notes that this node has noticed it, and tells the others, unless they were told lately. */
  noticed(actor: Actor): void {
    const nowMs = this.#options.clock.monotonic()
    const contended = this.#note(actor, nowMs)
    if (nowMs < contended.tellMs) return
    contended.tellMs = nowMs + CONTENDED_MS / 2
    this.#options.tell(actor)
  }

  /** Notes that another node has noticed it. */
  heard(actor: Actor): void {
    this.#note(actor, this.#options.clock.monotonic())
  }

  /** The time for which an actor's submissions are to gather; 0: they are planned at once. */
  turnMs(actor: Actor): number {
    return this.has(actor) ? this.#options.random.fraction() * TURN_MS : 0
  }

  /** The time after which to plan a submission that fell so many times; 0: at once. */
  againMs(tries: number): number {
    return tries < 2 ? 0 : this.#options.random.fraction() * Math.min(TURN_MS, AGAIN_MS * 2 ** (tries - 2))
  }

  #forget(): void {
    const nowMs = this.#options.clock.monotonic()
    for (const [actor, { untilMs }] of this.#actors) {
      if (untilMs > nowMs) return
      this.#actors.delete(actor)
    }
  }

  #note(actor: Actor, nowMs: number): Contended {
    const contended = this.#actors.get(actor) ?? { untilMs: 0, tellMs: 0 }
    contended.untilMs = nowMs + CONTENDED_MS
    this.#actors.delete(actor)
    this.#actors.set(actor, contended)
    const [oldest] = this.#actors.size > ACTORS_MAX ? this.#actors.keys() : []
    if (oldest !== undefined) this.#actors.delete(oldest)
    return contended
  }
}
