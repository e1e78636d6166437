/**
 * What a user causes in groups: each message and each change is told to every member. It is charged behind the act, when the size of the group
 * is known; what the user does next is refused if that was too much.
 */
import type { Limits } from '../ops/rate-limits.js'
import type { Engine } from '../sync/engine.js'
import { groupActor } from '../sync/references.js'
import { countMembers } from '../sync/rules/group-reads.js'
import type { Gid } from '../sync/rules/group-records.js'
import type { Outcome } from '../sync/types.js'

export class FanOuts {
  readonly #engine: Engine
  readonly #limits: Limits

  constructor(engine: Engine, limits: Limits) {
    this.#engine = engine
    this.#limits = limits
  }

  /** Whether the user has caused as much as may be for now. */
  isReached(uid: number): boolean {
    return this.#limits.check('fan-outs', uid) > 0
  }

  /** Charges a user for what was accepted now: one for each member of the group. */
  charge(uid: number, gid: Gid): void {
    this.#engine.submit(groupActor(gid), countMembers, { uid }, this.#counted)
  }

  readonly #counted = (outcome: Outcome<number>, { uid }: { readonly uid: number }): void => {
    this.#limits.charge('fan-outs', uid, outcome.kind === 'done' ? outcome.result : 1)
  }
}
