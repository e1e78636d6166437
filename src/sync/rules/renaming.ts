/**
 * Tells a user's contacts a new nickname; there may be thousands of them. UpdateProfile changes the profile and notes that they are
 * to be told. They are then told in slices (jobs/renames.ts), each a unit that also stores the progress. A slice is a fan-out to
 * the next few contacts (sync/fan-out.ts), so those of one partition are told by one effect:
 *
 *   contacts, partition by partition  ──────●───────────────────────   `after`: told up to here, and on from the beginning
 *                                           └──────────►│
 *                                     ────►─┘ `until`                  once around, and done
 *
 * Each slice tells the nickname of that moment. A newer nickname that comes meanwhile begins another round where this one stands.
 * So a user who changes the nickname all the time tells everybody once a round, and only the newest.
 */
import { type Actor, PARTITIONS } from '../../store/types.js'
import { jsonEffect } from '../effect-kinds.js'
import { workOf } from '../events.js'
import { partitionActorOf, SLICE_TARGETS } from '../fan-out.js'
import { jsonRecord } from '../record-kinds.js'
import type { EffectKind, Transition, Tx } from '../types.js'
import { tellNames } from './contact.js'
import { contactIndex, profile, uidOf, userActor } from './records.js'

/** The actor that notes the users of a partition whose contacts are to be told. */
export function renamingActor(uid: number): Actor {
  return `renaming/${uid % PARTITIONS}`
}

/** A record of `renaming/<partition>`, by uid: the user's contacts are being told. */
export const renamingUser = jsonRecord<{ readonly round: number }>('renamed', {
  fields: { round: 0 },
  lifetime: 'work',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one per user whose contacts are being told of a new nickname',
})

interface Renaming {
  /** Counts the nicknames: each begins a round. */
  readonly round: number
  /** The position in the round. A round of an older server, which went by uid alone and has none, is begun anew. */
  readonly way: Way
  readonly isDone: boolean
}

interface Way {
  /** The uid of the contact that was told last; 0 before the first. */
  readonly after: number
  /** The uid at which the round ends, once the end of the list was passed. */
  readonly until: number
  readonly hasPassedEnd: boolean
}

const FROM_THE_BEGINNING: Way = { after: 0, until: 0, hasPassedEnd: false }

/** A record of the user: how far the contacts were told. */
export const renaming = jsonRecord<Renaming>('renaming', {
  fields: { round: 0, way: FROM_THE_BEGINNING, isDone: true },
  lifetime: 'user',
  bytesMax: 256,
  grows: 'nobody: some numbers',
  many: 'one',
})

export const noteRenaming: EffectKind<{ readonly uid: number; readonly round: number }> = jsonEffect({
  name: 'profile-renaming',
  run(tx, { uid, round }) {
    tx.put(renamingUser, { round }, uid)
    tx.event(workOf(tx.actor, 'renames'))
  },
})

/** Begins a round: all contacts are to be told the present names. */
export function beginRound(tx: Tx): void {
  if ((tx.get(contactIndex)?.length ?? 0) === 0) return
  const before = tx.get(renaming)
  const round = (before?.round ?? 0) + 1
  const { after } = before?.way ?? FROM_THE_BEGINNING
  tx.put(renaming, { round, way: { after, until: after, hasPassedEnd: false }, isDone: false })
  const uid = uidOf(tx.actor)
  tx.effect(noteRenaming, renamingActor(uid), { uid, round })
}

/** The contacts told by one unit: as many as are applied at once in a store of one scope. */
const TOLD_AT_ONCE = SLICE_TARGETS

export interface Told {
  readonly round: number
  readonly isDone: boolean
  /** The outbox to one of them takes no more for the moment. */
  readonly isFull: boolean
}

/** Tells the next few contacts. */
export const tellSome: Transition<void, Told> = {
  name: 'profile.tell-some',
  reads: () => [[renaming], [contactIndex], [profile]],
  run(tx) {
    const now = tx.get(renaming)
    // The account is deleted: nobody is told.
    if (now === undefined) return { round: Number.MAX_SAFE_INTEGER, isDone: true, isFull: false }
    if (now.isDone) return { round: now.round, isDone: true, isFull: false }
    const { way } = now
    const next = nextOf(tx.get(contactIndex) ?? [], way)
    const firstFull = next.findIndex(uid => !tx.outboxHasSpace(partitionActorOf(userActor(uid))))
    const told = firstFull < 0 ? next : next.slice(0, firstFull)
    tellNames(tx, told)
    const after = told.at(-1) ?? way.after
    const isEnd = told.length === next.length && next.length < TOLD_AT_ONCE
    const isDone = isEnd && (way.hasPassedEnd || way.until === 0)
    const goesAround = isEnd && !isDone
    const hasPassedEnd = way.hasPassedEnd || goesAround
    tx.put(renaming, { ...now, way: { ...way, after: goesAround ? 0 : after, hasPassedEnd }, isDone })
    return { round: now.round, isDone, isFull: told.length < next.length }
  },
}

function nextOf(index: readonly number[], { after, until, hasPassedEnd }: Way): readonly number[] {
  const left = index.filter(uid => isBehind(uid, after) && !(hasPassedEnd && isBehind(uid, until)))
  return left.sort((a, b) => (isBehind(a, b) ? 1 : -1)).slice(0, TOLD_AT_ONCE)
}

/** The order of a round: by partition, and within one by uid. */
function isBehind(uid: number, other: number): boolean {
  if (other === 0) return true
  const partitions = (uid % PARTITIONS) - (other % PARTITIONS)
  return partitions === 0 ? uid > other : partitions > 0
}

/** Removes the note from `renaming/<partition>` when its round is done. If there is a newer round by now, the note stays. */
export const roundDone: Transition<{ readonly uid: number; readonly round: number }, void> = {
  name: 'profile.round-done',
  small: true,
  run(tx, { uid, round }) {
    const noted = tx.get(renamingUser, uid)
    if (noted === undefined || noted.round > round) return
    tx.remove(renamingUser, uid)
    tx.put(lastTold, { atMs: tx.nowMs })
  },
}

/** The time when the last round ended. It makes a unit that otherwise only removes something recognisable. */
const lastTold = jsonRecord<{ readonly atMs: number }>('told', {
  fields: { atMs: 0 },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one',
})

/** The number of contacts that are told a new nickname. */
export const countContacts: Transition<void, number> = {
  name: 'profile.count-contacts',
  soft: true,
  run: tx => tx.get(contactIndex)?.length ?? 0,
}
