/**
 * What a user causes in groups: each message and each change is told to every member, and stored for every partition of members. It is charged
 * behind the act, when the size of the group is known; what the user does next is refused if that was too much.
 */
import type { Limits } from '../ops/rate-limits.js'
import type { Engine } from '../sync/engine.js'
import { groupActor } from '../sync/references.js'
import { type GroupSize, groupSize } from '../sync/rules/group-reads.js'
import type { Gid } from '../sync/rules/group-records.js'
import type { Outcome } from '../sync/types.js'
import { chargeCopies } from './request-limits.js'
import type { Caller } from './types.js'

/** What was accepted: its author, and the bytes of it that are stored. */
interface Accepted {
  readonly caller: Caller
  readonly bytes: number
}

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

  /**
   * Charges a user for what was accepted now: one for each member of the group, and what is stored beyond the two copies that were taken before.
   * @param bytes those of a message or of the new text of one; 0: an act, which is short
   */
  charge(caller: Caller, gid: Gid, bytes = 0): void {
    this.#engine.submit(groupActor(gid), groupSize, { caller, bytes }, this.#counted)
  }

  readonly #counted = (outcome: Outcome<GroupSize>, { caller, bytes }: Accepted): void => {
    if (outcome.kind !== 'done') {
      this.#limits.charge('fan-outs', caller.uid)
      return
    }
    const { members, partitions } = outcome.result
    this.#limits.charge('fan-outs', caller.uid, members)
    if (bytes > 0) chargeCopies(this.#limits, caller, bytes, { copies: partitions - 1, references: members })
  }
}
