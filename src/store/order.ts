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
  // Of hundreds of logs that get an item of a group, few have versions of their own: the heads of the others do not matter.
  const ends = new Map<Actor, LogEnd>()
  for (const { actor, at } of appends) if (at !== undefined) ends.set(actor, endOf(actor))
  for (const { actor, at } of appends) {
    const end = ends.get(actor)
    if (end === undefined) continue
    if (at === undefined) ends.set(actor, { head: end.head + end.jump + 1, jump: 0 })
    else {
      assertVersion(at)
      if (at <= end.head) return { kind: 'order conflict', actor, head: end.head }
      ends.set(actor, { head: at, jump: 0 })
    }
  }
  return undefined
}

export function assertVersion(at: Version): void {
  assert(Number.isSafeInteger(at) && at > 0, 'a version is in [1, 2^53)')
}
