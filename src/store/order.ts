/** Judges appends that name their own versions (`Append.at`). */

import { assert } from '../lib/assert.js'
import type { Actor, Append, OrderConflict, Version } from './types.js'

/** The end of a log, where its next entry goes. */
export interface LogEnd {
  readonly head: Version
  /** The versions that an entry without one of its own would skip, because the epoch has changed. */
  readonly jump: number
}

/** @param endOf gives the end of a log before the appends */
export function orderConflict(appends: readonly Append[], endOf: (actor: Actor) => LogEnd): OrderConflict | undefined {
  // Nearly all units name none.
  for (let i = 0; i < appends.length; i++) if (appends[i]?.at !== undefined) return firstConflict(appends, endOf)
  return undefined
}

function firstConflict(appends: readonly Append[], endOf: (actor: Actor) => LogEnd): OrderConflict | undefined {
  const heads = new Map<Actor, Version>()
  for (const { actor, at } of appends) {
    const known = heads.get(actor)
    const { head, jump } = known === undefined ? endOf(actor) : { head: known, jump: 0 }
    if (at === undefined) heads.set(actor, head + jump + 1)
    else {
      assertVersion(at)
      if (at <= head) return { kind: 'order conflict', actor, head }
      heads.set(actor, at)
    }
  }
  return undefined
}

export function assertVersion(at: Version): void {
  assert(Number.isSafeInteger(at) && at > 0, 'a version is in [1, 2^53)')
}
