/**
 * What becomes of a deleted account. Deleting it ends everything at once (account.ts); what it has stored is then removed in
 * slices, which any process may begin, repeat or go on with:
 *
 *   deleted ─► noted under leaving/<partition> ─► slices: records, and what the log shows of them ─► the log ─► note removed
 *
 * There remain: the profile as a tombstone without names, so that nobody takes the user for one that never was; the account's
 * name under accounts/<partition>, so that nobody comes back under it; and the counters of pairs, which hold no content.
 * Contacts learn that the user is gone, and lose the names; what they have of his messages is theirs.
 */
import { type Actor, PARTITIONS } from '../../store/types.js'
import { jsonEffect } from '../effect-kinds.js'
import { jsonRecord, prefixOf, RECORD_KINDS } from '../record-kinds.js'
import type { EffectKind, RecordKind, Transition } from '../types.js'
import { forgetContact } from './contact.js'
import { small } from './numbered.js'
import { contact, given, profile, taken } from './records.js'
import { TRIM_ENTRIES_MAX } from './retention.js'
import { dropGiven, dropTaken } from './watermark.js'

/** Who notes the users of its partition that are being removed. */
export const LEAVING = 'leaving'

export function leavingActor(uid: number): Actor {
  return `${LEAVING}/${uid % PARTITIONS}`
}

/** Of `leaving/<partition>`, by uid. */
export const leavingUser = jsonRecord<{ readonly sinceMs: number }>('user', {
  fields: { sinceMs: 0 },
  lifetime: 'work',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one per deleted account whose data is being removed',
})

export const noteLeaving: EffectKind<{ readonly uid: number }> = jsonEffect({
  name: 'account-leaving',
  run(tx, { uid }) {
    tx.put(leavingUser, { sinceMs: tx.nowMs }, uid)
  },
})

/** When the last of them had left: what a unit that only removes something is known by. */
const lastLeft = jsonRecord<{ readonly atMs: number }>('last', {
  fields: { atMs: 0 },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one',
})

/** Of leaving/<partition>: nothing is left of the user. */
export const hasLeft: Transition<{ readonly uid: number }, void> = small({
  name: 'account.has-left',
  run(tx, { uid }) {
    if (tx.get(leavingUser, uid) === undefined) return
    tx.remove(leavingUser, uid)
    tx.put(lastLeft, { atMs: tx.nowMs })
  },
})

/** Kind and id of a record's name; undefined of one that stays. */
function partsOf(name: string): readonly [kind: RecordKind<unknown>, id?: string | number] | undefined {
  const slash = name.indexOf('/')
  const kind = RECORD_KINDS.get(prefixOf(name))
  if (kind?.lifetime !== 'user' && kind?.lifetime !== 'device') return undefined
  if (slash < 0) return [kind]
  const id = name.slice(slash + 1)
  // As the rules name them: one record has one place in the cache.
  return [kind, /^\d+$/.test(id) ? Number(id) : id]
}

function allPartsOf(names: readonly string[]) {
  return names.map(partsOf).filter(parts => parts !== undefined)
}

/** Whether the record goes when its user does. */
export function leaves(name: string): boolean {
  return partsOf(name) !== undefined
}

/** Whether only a newer node can say what is to become of the record. */
export function isUnknown(name: string): boolean {
  return !RECORD_KINDS.has(prefixOf(name))
}

/** Whether the account is deleted: of no other is anything removed, whatever is noted. */
export const isDeleted: Transition<void, boolean> = {
  name: 'account.is-deleted',
  run: tx => tx.get(profile)?.deleted === true,
}

/**
 * Removes these records of a deleted user, and what the log shows of them. Records that are gone already are no matter.
 * The result is how many were there.
 */
export const removeRecords: Transition<{ readonly names: readonly string[] }, number> = small({
  name: 'account.remove-records',
  reads: ({ names }) => [[profile], ...allPartsOf(names)],
  run(tx, { names }) {
    const tombstone = tx.get(profile)
    if (tombstone?.deleted !== true) return 0
    let removed = 0
    for (const [kind, id] of allPartsOf(names)) {
      if (tx.get(kind, id) !== undefined) removed += 1
      if (kind.prefix !== contact.prefix) tx.remove(kind, id)
      else if (tx.get(contact, id) !== undefined) forgetContact(tx, Number(id))
      if (kind.prefix === taken.prefix) dropTaken(tx, Number(id))
      if (kind.prefix === given.prefix) dropGiven(tx, Number(id))
    }
    // The unit puts something that it expects: so it may be repeated.
    tx.put(profile, tombstone)
    return removed
  },
})

/** Removes the log of a deleted user, a slice of its oldest items. */
export const removeItems: Transition<void, void> = small({
  name: 'account.remove-items',
  run(tx) {
    if (tx.get(profile)?.deleted !== true) return
    tx.drop('profile')
    tx.trim(Number.MAX_SAFE_INTEGER, TRIM_ENTRIES_MAX)
  },
})
