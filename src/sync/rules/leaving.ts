/**
 * Removes what a deleted account has stored. The deletion ends everything at once (account.ts). The data is then removed in slices,
 * which any process may begin, repeat or continue:
 *
 *   deleted ─► noted under leaving/<partition> ─► slices: records, and what the log shows of them ─► the log ─► note removed
 *
 * Three things remain. The profile stays as a tombstone without names, so that nobody takes the user for one that never was. The
 * account's name stays under accounts/<partition>, so that nobody comes back under it. The counters of pairs stay; they hold no
 * content. Contacts learn that the user is gone, and lose the names; the messages that they received are theirs.
 */
import { type Actor, PARTITIONS } from '../../store/types.js'
import { jsonEffect } from '../effect-kinds.js'
import { workOf } from '../events.js'
import { jsonRecord, prefixOf, RECORD_KINDS } from '../record-kinds.js'
import type { EffectKind, RecordKind, Transition, Tx } from '../types.js'
import { forgetMember } from './branch.js'
import { forgetContact } from './contact.js'
import {
  conversationRecord,
  dropConversation,
  forgetConversation,
  PREFERENCES_KEY,
  preferences,
} from './conversation-records.js'
import { type Gid, userGroup } from './group-records.js'
import { groupKey } from './group-told.js'
import { stopListeningAtEnd } from './listening.js'
import { leaveAtEnd } from './membership.js'
import { small } from './numbered.js'
import { contact, given, profile, taken } from './records.js'
import { TRIM_ENTRIES_MAX } from './retention.js'
import { listening } from './room-records.js'
import { roomKey } from './room-told.js'
import { dropGiven, dropTaken } from './watermark.js'

/** The kind of actor that notes the users of its partition that are being removed. */
export const LEAVING = 'leaving'

export function leavingActor(uid: number): Actor {
  return `${LEAVING}/${uid % PARTITIONS}`
}

/** A record of `leaving/<partition>`, by uid: the user is being removed. */
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
    tx.event(workOf(tx.actor, 'departures'))
  },
})

/** The time when the last user had left. It makes a unit that otherwise only removes something recognisable. */
const lastLeft = jsonRecord<{ readonly atMs: number }>('last', {
  fields: { atMs: 0 },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one',
})

/** Removes the note from leaving/<partition>: nothing is left of the user. */
export const hasLeft: Transition<{ readonly uid: number }, void> = small({
  name: 'account.has-left',
  run(tx, { uid }) {
    if (tx.get(leavingUser, uid) === undefined) return
    tx.remove(leavingUser, uid)
    tx.put(lastLeft, { atMs: tx.nowMs })
  },
})

/** The kind and id in a record's name; undefined for a record that stays. */
function partsOf(name: string): readonly [kind: RecordKind<unknown>, id?: string | number] | undefined {
  const slash = name.indexOf('/')
  const kind = RECORD_KINDS.get(prefixOf(name))
  if (kind?.lifetime !== 'user' && kind?.lifetime !== 'device') return undefined
  if (slash < 0) return [kind]
  const id = name.slice(slash + 1)
  // Numbers are given as numbers, as the rules do: one record has one place in the cache.
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

/** Whether the account is deleted. Nothing is removed of any other account, whatever is noted. */
export const isDeleted: Transition<void, boolean> = {
  name: 'account.is-deleted',
  run: tx => tx.get(profile)?.deleted === true,
}

/** Removes these records of a deleted user, and what the log shows of them. Records that are already gone do no harm. */
export const removeRecords: Transition<{ readonly names: readonly string[] }, number> = small({
  name: 'account.remove-records',
  reads: ({ names }) => [[profile], ...allPartsOf(names)],
  run(tx, { names }) {
    const tombstone = tx.get(profile)
    if (tombstone?.deleted !== true) return 0
    let removed = 0
    for (const [kind, id] of allPartsOf(names)) {
      if (tx.get(kind, id) !== undefined) removed += 1
      if (kind.prefix === userGroup.prefix && typeof id === 'string') leaveGroupAtEnd(tx, id)
      if (kind.prefix === listening.prefix && typeof id === 'string') {
        stopListeningAtEnd(tx, id)
        tx.drop(roomKey(id))
      }
      if (kind.prefix !== contact.prefix) tx.remove(kind, id)
      else if (tx.get(contact, id) !== undefined) forgetContact(tx, Number(id))
      if (kind.prefix === taken.prefix) dropTaken(tx, Number(id))
      if (kind.prefix === given.prefix) dropGiven(tx, Number(id))
      if (kind.prefix === conversationRecord.prefix && id !== undefined) dropConversation(tx, id)
      if (kind.prefix === preferences.prefix) tx.drop(PREFERENCES_KEY)
    }
    // The unit puts a record that it expects, so it may be repeated.
    tx.put(profile, tombstone)
    return removed
  },
})

/** Ends what the user was to a group, for the group and its branch here. From this unit on nothing of it is written to the log. */
function leaveGroupAtEnd(tx: Tx, gid: Gid): void {
  leaveAtEnd(tx, gid)
  forgetMember(tx, gid)
  // A message that mentions the user may have made it anew.
  forgetConversation(tx, gid)
  tx.drop(groupKey(gid))
}

/** Removes the log of a deleted user, a slice of its oldest items. */
export const removeItems: Transition<void, void> = small({
  name: 'account.remove-items',
  run(tx) {
    if (tx.get(profile)?.deleted !== true) return
    tx.drop('profile')
    tx.trim(Number.MAX_SAFE_INTEGER, TRIM_ENTRIES_MAX)
  },
})
