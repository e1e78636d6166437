/** The user's side of what a group tells about the own membership. The states are drawn in membership.ts. */
import type { Code } from '../../../protocol/codes.js'
import { ContactState, encodeItem, type GroupRole, GroupState } from '../../../protocol/generated/messages.js'
import { GROUPS_MAX } from '../../../protocol/limits.js'
import { PASSING_KEYS } from '../../store/types.js'
import { jsonEffect } from '../effect-kinds.js'
import { groupActor } from '../references.js'
import type { EffectKind, Tx } from '../types.js'
import { preferences } from './conversation-records.js'
import { groupWord } from './group.js'
import { gidOfGroup } from './group-changes.js'
import {
  type About,
  type Gid,
  groupConversation,
  groupIndex,
  groupValue,
  INVITATIONS_MAX,
  NO_GROUP,
  type UserGroup,
  userGroup,
} from './group-records.js'
import { contact, profile } from './records.js'

type ToldAbout = Pick<About, 'title' | 'announcement' | 'rules'> & {
  /** The number of the change that made it so. */
  readonly aboutNumber: number
}

interface ToldMember {
  readonly role: GroupRole
  /** Absent: told by an older node, which unmuted whoever joined. */
  readonly muted?: boolean
}

export type Told =
  | { readonly act: 'invited'; readonly number: number; readonly by: number; readonly title: string }
  /** A membership began. `via`: the invitation or request that it came of. */
  | ({ readonly act: 'joined'; readonly number: number; readonly via: number } & ToldMember & ToldAbout)
  /** An invitation, a request or a membership has ended; that one with the number `until`. */
  | { readonly act: 'ended'; readonly number: number; readonly via?: number; readonly until: number }
  | {
      readonly act: 'state'
      readonly number: number
      readonly role: GroupRole
      readonly muted: boolean
      readonly asking: number
    }
  /** More or fewer ask to join than before. */
  | { readonly act: 'asking'; readonly number: number; readonly asking: number }
  /** It came as a fan-out, to all members. */
  | ({ readonly act: 'about' } & ToldAbout)
  | { readonly act: 'dissolved'; readonly until: number }

const { UNSPECIFIED, INVITED, ASKED, JOINING, MEMBER, LEAVING } = GroupState

/** The key of the item that shows a group. */
export function groupKey(gid: Gid): string {
  return `group/${gid}`
}

/** The key of the item that ends what never became a membership. It passes: retention removes it, as it removes messages. */
function endKey(gid: Gid): string {
  return `${PASSING_KEYS}group/${gid}`
}

/**
 * Puts the user's record of a group, keeps the index, and tells the devices. Of an invitation that came to nothing no record stays, and no
 * item for good: others cause them.
 */
export function become(tx: Tx, gid: Gid, before: UserGroup, after: UserGroup): void {
  if (after === before) return
  const isNothing = after.state === UNSPECIFIED && after.until === 0 && after.asked === 0
  if (isNothing) {
    tx.remove(userGroup, gid)
    tx.drop(groupKey(gid))
  } else tx.put(userGroup, after, gid)
  const [was, is] = [listOf(before.state), listOf(after.state)]
  if (was !== is) {
    const index = { ...(tx.get(groupIndex) ?? { groups: [], invitations: [] }) }
    if (was !== undefined) index[was] = index[was].filter(other => other !== gid)
    if (is !== undefined) index[is] = [...index[is], gid]
    tx.put(groupIndex, index)
  }
  const item = encodeItem({ skip: 0, content: { case: 'group', value: groupValue(gid, after) } })
  tx.append(item, isNothing ? endKey(gid) : groupKey(gid))
}

function listOf(state: GroupState): 'groups' | 'invitations' | undefined {
  if (state === UNSPECIFIED) return undefined
  return state === INVITED ? 'invitations' : 'groups'
}

export const groupTold: EffectKind<Told> = jsonEffect({
  name: 'group-told',
  run(tx, told, source) {
    const gid = gidOfGroup(source)
    const before = tx.get(userGroup, gid) ?? NO_GROUP
    if (tx.get(profile)?.deleted !== false) answerForDeleted(tx, source, told)
    else become(tx, gid, before, hear(tx, source, before, told))
  },
})

/** Ends what is told to a user whose account was deleted. Nothing is noted. */
function answerForDeleted(tx: Tx, group: string, told: Told): void {
  if (told.act === 'invited') say(tx, group, 'no', told.number)
  if (told.act === 'joined') say(tx, group, 'leave', told.number)
}

/** Says something to a group that no request of a device asked for. */
export function say(tx: Tx, group: string, word: 'yes' | 'no' | 'leave', number: number): void {
  tx.effect(groupWord, group, { word, number, device: 0, sendSeq: 0 })
}

function hear(tx: Tx, group: string, before: UserGroup, told: Told): UserGroup {
  switch (told.act) {
    case 'invited':
      return invited(tx, group, before, told)
    case 'joined':
      return joined(tx, group, before, told)
    case 'ended':
      return isAbout(before, told.number) || (told.via !== undefined && isAbout(before, told.via))
        ? ended(before, told.until)
        : before
    case 'state': {
      const { number, role, muted, asking } = told
      return isMember(before, number) ? { ...before, role, muted, asking } : before
    }
    case 'asking':
      return isMember(before, told.number) ? { ...before, asking: told.asking } : before
    case 'about':
      // It may overtake the joining, which comes another way.
      return isComing(before) || before.state === MEMBER ? withAbout(before, told) : before
    case 'dissolved':
      return before.state !== UNSPECIFIED && before.state !== INVITED ? ended(before, told.until) : before
  }
}

function isMember({ state, number }: UserGroup, since: number): boolean {
  return state === MEMBER && number === since
}

/** Whether the user is on the way into the group. */
function isComing({ state }: UserGroup): boolean {
  return state === JOINING || state === ASKED
}

function isAbout({ state, number }: UserGroup, other: number): boolean {
  return state !== UNSPECIFIED && number === other
}

function ended(before: UserGroup, until: number): UserGroup {
  const { asked, title, aboutNumber } = before
  return { ...NO_GROUP, asked, title, aboutNumber, until: Math.max(until, before.until) }
}

function withAbout(before: UserGroup, { title, announcement, rules, aboutNumber }: ToldAbout): UserGroup {
  return aboutNumber < before.aboutNumber ? before : { ...before, title, announcement, rules, aboutNumber }
}

/** Takes an invitation: shows it, says yes to that of a friend (unless the user wants to be asked), or no where none is wanted. */
function invited(
  tx: Tx,
  group: string,
  before: UserGroup,
  { number, by, title }: Told & { readonly act: 'invited' },
): UserGroup {
  // A request that is on its way is taken for a yes (group.ts).
  if (before.state !== UNSPECIFIED && before.state !== INVITED) return before
  const inviter = tx.get(contact, by)
  const index = tx.get(groupIndex)
  const isFriend = inviter?.state === ContactState.FRIEND && !asksFirst(tx) && mayJoinMore(tx)
  // A friend's does not wait: no stranger keeps it out by many others.
  const isFull = !isFriend && before.state !== INVITED && (index?.invitations.length ?? 0) >= INVITATIONS_MAX
  if (inviter?.blocked === true || isFull) {
    say(tx, group, 'no', number)
    return before
  }
  if (isFriend) say(tx, group, 'yes', number)
  return { ...before, state: isFriend ? JOINING : INVITED, number, via: 0, inviter: by, title }
}

/** The record when an invitation has been declined. */
export function declined(before: UserGroup): UserGroup {
  return { ...before, state: UNSPECIFIED, number: 0, inviter: 0 }
}

/** Declines all invitations by somebody. */
export function declineAllBy(tx: Tx, other: number): void {
  const invitations = tx.get(groupIndex)?.invitations ?? []
  tx.fetch([userGroup], invitations)
  for (const gid of invitations) {
    const before = tx.get(userGroup, gid) ?? NO_GROUP
    if (before.inviter !== other) continue
    say(tx, groupActor(gid), 'no', before.number)
    become(tx, gid, before, declined(before))
  }
}

/** Begins a membership. One that the user does not know of (the store has lost it, or it crossed a leaving) is ended. */
function joined(tx: Tx, group: string, before: UserGroup, told: Told & { readonly act: 'joined' }): UserGroup {
  const { number, via, role, muted = false } = told
  if (number <= before.until) return before
  const isExpected = isComing(before) && before.number === via
  if (isExpected) return withAbout({ ...before, state: MEMBER, number, via, role, muted, inviter: 0 }, told)
  // The leaving names what it was when the user left; the group finds the membership by it.
  if (before.state !== LEAVING || before.number !== via) say(tx, group, 'leave', number)
  return before
}

/** Whether an invitation of a friend waits for Accept, too. */
function asksFirst(tx: Tx): boolean {
  return tx.get(preferences)?.askBeforeGroups === true
}

/** Whether the user may be in one more group. */
export function mayJoinMore(tx: Tx): boolean {
  return (tx.get(groupIndex)?.groups.length ?? 0) < GROUPS_MAX
}

/** A message or an act that the group refused. */
export interface GroupRefusal {
  readonly gid: Gid
  readonly device: number
  readonly sendSeq: number
  readonly code: Code
}

export const groupRefused: EffectKind<GroupRefusal> = jsonEffect({
  name: 'group-refused',
  run(tx, { gid, device, sendSeq, code }) {
    if (tx.get(profile)?.deleted !== false) return
    const value = { device, sendSeq, recipient: 0, code, conversation: groupConversation(gid) }
    tx.append(encodeItem({ skip: 0, content: { case: 'failed', value } }))
  },
})
