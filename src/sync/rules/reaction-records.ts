/**
 * Who reacted to a group's messages: a record of the group for each message that anybody ever reacted to. The message itself has the counts
 * that were told last. While they are behind, a note of the partition says so (group-reactions.ts).
 *
 *   the record says `untold`  ⇔  the partition has a note       both change in one unit
 */
import type { Reaction } from '../../../protocol/generated/messages.js'
import {
  GROUP_MEMBERS_MAX,
  REACTION_BYTES_MAX,
  REACTION_KINDS_MAX,
  REACTIONS_MAX,
  REACTIONS_TOLD_MS,
} from '../../../protocol/limits.js'
import { workOf } from '../events.js'
import { jsonRecord } from '../record-kinds.js'
import type { Tx } from '../types.js'
import { debtsActor } from './debts.js'
import type { Gid } from './group-records.js'
import { JSON_BYTES_PER_BYTE } from './records.js'

/** One kind of reaction to a message, and who has it. */
type Kind = readonly [kind: string, uids: readonly number[]]

export interface Reacted {
  /** The kinds that somebody has, in order of their first use. */
  readonly kinds: readonly Kind[]
  /** The time of the last telling. */
  readonly toldMs: number
  /** Whether those that were told are behind. */
  readonly untold: boolean
}

export const NO_REACTIONS: Reacted = { kinds: [], toldMs: 0, untold: false }

/** The users of one message whose reactions are kept. */
const REACTORS_MAX = GROUP_MEMBERS_MAX
const ENTRIES_MAX = REACTORS_MAX * REACTIONS_MAX

/** A record of `group/<gid>`, by the message's number (`reactedId`). */
export const reactedRecord = jsonRecord<Reacted>('reactions', {
  fields: NO_REACTIONS,
  lifetime: 'group',
  bytesMax: 128 + REACTION_KINDS_MAX * (8 + JSON_BYTES_PER_BYTE * REACTION_BYTES_MAX) + ENTRIES_MAX * 17,
  entries: { max: ENTRIES_MAX, count: ({ kinds }) => kinds.reduce((sum, [, uids]) => sum + uids.length, 0) },
  grows: 'its members, by React: 500 users, 3 reactions of each, 20 kinds',
  many: 'one per message that was reacted to, as long as the message is kept',
})

const ID_DIGITS = 11

/** The id of a message's record, a word: names in order are in the order of numbers. */
export function reactedId(number: number): string {
  return `n${number.toString(36).padStart(ID_DIGITS, '0')}`
}

/** The number in such an id. */
export function numberOfId(id: string): number {
  return Number.parseInt(id.slice(1), 36)
}

/** A record of `debts/<partition>`, by gid and the id of a message's record: not all of the reactions to it are told. */
export const untoldNote = jsonRecord<{ readonly dueMs: number }>('untold', {
  fields: { dueMs: 0 },
  lifetime: 'work',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one per message that was reacted to less than a second after its reactions were told',
})

function noteId(gid: Gid, number: number): string {
  return `${gid}/${reactedId(number)}`
}

/** The message that a note is about, by its id. */
export function namedByNote(id: string): { readonly gid: Gid; readonly number: number } {
  const [gid = '', number = ''] = id.split('/')
  return { gid, number: numberOfId(number) }
}

/** The milliseconds until a time; 0: it is over, or so far ahead that the clock was put back since. */
export function msUntil(dueMs: number, nowMs: number): number {
  const leftMs = dueMs - nowMs
  return leftMs > 0 && leftMs <= REACTIONS_TOLD_MS ? leftMs : 0
}

/** The time from which the reactions to a message may be told again. */
export function dueMsOf({ toldMs }: Reacted): number {
  return toldMs + REACTIONS_TOLD_MS
}

/** Notes who reacted to a message. What is not told makes work for the partition. */
export function putReacted(tx: Tx, gid: Gid, number: number, before: Reacted, after: Reacted): void {
  tx.put(reactedRecord, after, reactedId(number))
  if (before.untold === after.untold) return
  const notes = tx.at(debtsActor(tx.actor))
  if (after.untold) {
    notes.put(untoldNote, { dueMs: dueMsOf(after) }, noteId(gid, number))
    tx.event(workOf(notes.actor, 'reactions'))
  } else notes.remove(untoldNote, noteId(gid, number))
}

/** The time when reactions were forgotten last. It makes a unit that otherwise only removes something recognisable. */
const lastForgotten = jsonRecord<{ readonly atMs: number }>('forgotten', {
  fields: { atMs: 0 },
  lifetime: 'group',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one',
})

/** Forgets who reacted to a message: it was taken back, or is kept no more. */
export function forgetReacted(tx: Tx, gid: Gid, number: number): void {
  const before = tx.get(reactedRecord, reactedId(number))
  if (before === undefined) return
  tx.remove(reactedRecord, reactedId(number))
  tx.put(lastForgotten, { atMs: tx.nowMs })
  if (before.untold) tx.at(debtsActor(tx.actor)).remove(untoldNote, noteId(gid, number))
}

/** What is told of the reactions to a group's message. */
export function countsOf({ kinds }: Reacted): Reaction[] {
  return kinds.map(([kind, uids]) => ({ kind, count: uids.length, mine: false }))
}

/**
 * The kinds with a user's reaction set or taken back; the same if nothing changes; undefined if the user, or the message, has as many
 * as may be.
 * @param isMember asked when there are too many users: those who are members no more make room
 */
export function withReactor(
  kinds: readonly Kind[],
  { uid, kind, on }: { readonly uid: number; readonly kind: string; readonly on: boolean },
  isMember: (uid: number) => boolean,
): readonly Kind[] | undefined {
  const has = ([, uids]: Kind): boolean => uids.includes(uid)
  const known = kinds.find(([name]) => name === kind)
  if ((known !== undefined && has(known)) === on) return kinds
  if (!on) return without(kinds, (other, name) => other === uid && name === kind)
  const own = kinds.filter(has).length
  if (own >= REACTIONS_MAX) return undefined
  const kept = own === 0 && reactorsOf(kinds).size >= REACTORS_MAX ? without(kinds, other => !isMember(other)) : kinds
  const place = kept.findIndex(([name]) => name === kind)
  if (place < 0) return kept.length < REACTION_KINDS_MAX ? [...kept, [kind, [uid]]] : undefined
  return kept.map((each, i): Kind => (i === place ? [kind, [...each[1], uid]] : each))
}

function without(kinds: readonly Kind[], goes: (uid: number, kind: string) => boolean): readonly Kind[] {
  const left = kinds.map(([kind, uids]): Kind => [kind, uids.filter(uid => !goes(uid, kind))])
  return left.filter(([, uids]) => uids.length > 0)
}

/** The users who have reacted. */
export function reactorsOf(kinds: readonly Kind[]): ReadonlySet<number> {
  return new Set(kinds.flatMap(([, uids]) => uids))
}
