/**
 * Submissions that wait in line, by actor: behind one whose records are being read, or until a contended actor's turn has come. Those of one
 * actor are planned in the order in which they came, so pipelined requests do not pass each other.
 *
 *   no line ──► reading: the first one lacks records      ──► planned, one after the other ──► no line, or reading
 *           └─► held: the actor is contended, or one fell ──►
 */
import type { Actor } from '../store/types.js'

interface Waiting {
  readonly actor: Actor
  /** The number of times that it fell. */
  readonly tries: number
}

export interface Line<S> {
  readonly waiting: S[]
  /** Whether nothing is done for them now. */
  isHeld: boolean
}

export class Lines<S extends Waiting> {
  readonly #lines = new Map<Actor, Line<S>>()

  of(actor: Actor): Line<S> | undefined {
    return this.#lines.get(actor)
  }

  /** Opens a line, or makes this one the first of it. */
  open(submission: S, isHeld: boolean): void {
    const line = this.#lines.get(submission.actor)
    if (line === undefined) this.#lines.set(submission.actor, { waiting: [submission], isHeld })
    else line.waiting.unshift(submission)
  }

  /**
   * Puts a submission in its place in a line. One that fell is older than those that were never planned. Of two that fell, the older one
   * fell as often, and first.
   */
  join({ waiting }: Line<S>, submission: S): void {
    let at = waiting.length
    while (at > 0 && (waiting[at - 1]?.tries ?? 0) < submission.tries) at -= 1
    if (at === waiting.length) waiting.push(submission)
    else waiting.splice(at, 0, submission)
  }

  /** Takes a submission out of its line. */
  remove(submission: S): void {
    const waiting = this.#lines.get(submission.actor)?.waiting ?? []
    const at = waiting.indexOf(submission)
    if (at >= 0) waiting.splice(at, 1)
  }

  /** Closes a line that nobody is left in. */
  close(actor: Actor): void {
    this.#lines.delete(actor)
  }
}
