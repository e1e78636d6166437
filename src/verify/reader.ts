/** Records of a view by their kind. */

import { type Actor, PARTITIONS } from '../store/types.js'
import type { StoreView } from '../store/view.js'
import { recordName } from '../sync/record-kinds.js'
import type { RecordKind } from '../sync/types.js'

/** The decoded record; undefined if it is absent. Throws if it cannot be decoded. */
export function recordOf<T>(view: StoreView, actor: Actor, kind: RecordKind<T>, id?: string | number): T | undefined {
  const bytes = view.record(actor, recordName(kind, id))
  return bytes === undefined ? undefined : kind.decode(bytes)
}

/**
 * Whether a uid is of the store itself (sync/rules/canary.ts): it was never given out. What those have is checked, and not counted, because
 * people would look for it among their users.
 */
export function isOwn(uid: number): boolean {
  return uid > 0 && uid < PARTITIONS
}

/** The partition of a uid or of an actor with a number. */
export function numberOf(actor: Actor): number {
  return Number(actor.slice(actor.indexOf('/') + 1))
}
