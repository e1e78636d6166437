/**
 * Reactions to groups' messages. The group keeps who reacted (reaction-records.ts), and tells counts as a change of the message
 * (group-edits.ts), at most once a second for each message:
 *
 *   React ─► the group's record ─┬─ told a second ago, or never ─► told at once
 *                                └─ told since then ─► a note under debts/<partition> ─ the job `reactions`, in time ─► told
 *
 * The record, the note and what is told change in one unit. So after a crash either the last state is told, or the note is there.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { createMessageState } from '../../../protocol/generated/messages.js'
import type { Transition, Tx } from '../types.js'
import { refuse, type Said, saidEffect } from './group.js'
import { gidOfGroup, nextNumber, publishChanged } from './group-changes.js'
import { alter, type GroupMessageChange, messageUnder } from './group-edits.js'
import { type Member, members, userGroup } from './group-records.js'
import * as state from './message-state.js'
import { type Answer, numbered } from './numbered.js'
import {
  countsOf,
  dueMsOf,
  forgetReacted,
  msUntil,
  NO_REACTIONS,
  numberOfId,
  putReacted,
  type Reacted,
  reactedId,
  reactedRecord,
  reactorsOf,
  withReactor,
} from './reaction-records.js'
import { uidOf } from './records.js'

/** A reaction that is set or taken back. */
export interface ReactionChange {
  readonly kind: string
  readonly on: boolean
}

export const reactInGroup: Transition<GroupMessageChange & ReactionChange, Answer> = numbered(
  'group.react',
  (tx, input) => {
    const reactions = [{ kind: input.kind, count: input.on ? 1 : 0, mine: false }]
    const what = { state: createMessageState({ reactions }) }
    return alter(tx, input, own => (own.muted ? CODES.MUTED.code : CODES.OK.code), what, groupReacted)
  },
  undefined,
  ({ gid }) => [[userGroup, gid]],
)

/** A reaction on its way to the group. `item` has the message's number and one reaction, with the count 0 if it is taken back. */
export const groupReacted = saidEffect({
  name: 'group-reacted',
  run(tx, said, source) {
    const member = tx.get(members)?.get(uidOf(source))
    const code = member?.since === said.period ? reacted(tx, member, said) : CODES.NOT_MEMBER.code
    if (code !== CODES.OK.code) refuse(tx, source, said, code)
  },
})

function reacted(tx: Tx, { uid, since, muted }: Member, { item }: Said): Code {
  const told = state.messageIn(item)
  const reaction = told?.value.state?.reactions[0]
  if (told?.case !== 'conversationMessage' || reaction === undefined) return CODES.NO_SUCH_MESSAGE.code
  if (muted) return CODES.MUTED.code
  const { number } = told.value
  if (number < since) return CODES.NO_SUCH_MESSAGE.code
  const known = tx.get(reactedRecord, reactedId(number))
  // Where there is a record, the message is there, and was not taken back.
  const code = known === undefined ? standing(tx, number) : CODES.OK.code
  if (code !== CODES.OK.code) return code
  const before = known ?? NO_REACTIONS
  const change = { uid, kind: reaction.kind, on: reaction.count > 0 }
  const kinds = withReactor(before.kinds, change, other => tx.get(members)?.has(other) === true)
  if (kinds === undefined) return CODES.REACTION_LIMIT.code
  if (kinds === before.kinds) return CODES.OK.code
  const after = { ...before, kinds, untold: true }
  if (msUntil(dueMsOf(before), tx.nowMs) === 0) tell(tx, number, before, after)
  else putReacted(tx, gidOfGroup(tx.actor), number, before, after)
  return CODES.OK.code
}

/** Whether the group has a message under the number that can be reacted to: OK, or why not. */
function standing(tx: Tx, number: number): Code {
  const found = messageUnder(tx, number)
  if (found === undefined) return CODES.NO_SUCH_MESSAGE.code
  return state.isRecalled(found.message) ? CODES.RECALLED.code : CODES.OK.code
}

/** Tells what is not told yet of the reactions to a message. Retention may have removed it: then all is forgotten. */
function tell(tx: Tx, of: number, before: Reacted, after: Reacted): void {
  const gid = gidOfGroup(tx.actor)
  const found = messageUnder(tx, of)
  if (found === undefined || state.isRecalled(found.message)) {
    forgetReacted(tx, gid, of)
    return
  }
  const counts = countsOf(after)
  if (state.hasReactions(found.message, counts)) {
    putReacted(tx, gid, of, before, { ...after, untold: false })
    return
  }
  putReacted(tx, gid, of, before, { ...after, untold: false, toldMs: tx.nowMs })
  const number = nextNumber(tx)
  const item = state.messageItem(state.reacted(found.message, counts, number))
  tx.replace(found.entry, item)
  publishChanged(tx, { number, of }, item)
}

/** Tells what was noted, if it may be told. @returns the milliseconds until it may; 0: nothing is left to tell */
export const tellReactions: Transition<{ readonly number: number }, number> = {
  name: 'group.tell-reactions',
  waits: true,
  run(tx, { number }) {
    const known = tx.get(reactedRecord, reactedId(number))
    if (known === undefined || !known.untold) return 0
    const waitMs = msUntil(dueMsOf(known), tx.nowMs)
    if (waitMs === 0) tell(tx, number, known, known)
    return waitMs
  },
}

/** Forgets who reacted to messages that the group's log has no more, of those with these records. */
export const forgetReactions: Transition<{ readonly ids: readonly string[] }, void> = {
  name: 'group.forget-reactions',
  small: true,
  waits: true,
  run(tx, { ids }) {
    for (const number of ids.map(numberOfId)) {
      if (tx.entry(number) === undefined) forgetReacted(tx, gidOfGroup(tx.actor), number)
    }
  },
}

/** A page of those who reacted to a message, by uid. */
export interface ReactorsAsked {
  readonly uid: number
  readonly number: number
  /** One kind alone; '': all. */
  readonly kind: string
  /** The uid behind which the page begins. */
  readonly after: number
  readonly limit: number
}

export interface Reactor {
  readonly uid: number
  readonly kinds: readonly string[]
}

export type Reactors =
  | { readonly code: Code }
  | { readonly code?: undefined; readonly page: readonly Reactor[]; readonly next: number }

/** Answers a member who has the message. Where nobody is in the page, it may be that there is no such message. */
export const reactorsIn: Transition<ReactorsAsked, Reactors> = {
  name: 'group.reactors',
  soft: true,
  reads: ({ number }) => [[members], [reactedRecord, reactedId(number)]],
  run(tx, { uid, number, kind, after, limit }) {
    const asker = tx.get(members)?.get(uid)
    if (asker === undefined) return { code: CODES.NO_SUCH_GROUP.code }
    if (number < asker.since) return { code: CODES.NO_SUCH_MESSAGE.code }
    const all = (tx.get(reactedRecord, reactedId(number)) ?? NO_REACTIONS).kinds
    const kinds = kind === '' ? all : all.filter(([name]) => name === kind)
    const behind = [...reactorsOf(kinds)].filter(other => other > after).sort((a, b) => a - b)
    const page = behind.slice(0, limit).map(other => ({
      uid: other,
      kinds: kinds.filter(([, uids]) => uids.includes(other)).map(([name]) => name),
    }))
    return { page, next: behind.length > limit ? (page.at(-1)?.uid ?? 0) : 0 }
  },
}
