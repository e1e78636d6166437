/**
 * The side of the user: what the user is to each group, and the requests that change it. The group's side is group.ts; what the group tells
 * comes to group-told.ts. Nobody is a member whose own actor did not agree.
 *
 *                 invited                 Accept (tells yes)             joined
 *   NONE ──────────────────► INVITED ─────────────────────► JOINING ───────────────┐
 *     │  │                      └── Decline (tells no) ─► NONE                      ▼
 *     │  └── invited by a friend (tells yes) ─────────────► JOINING ──────────► MEMBER ── removed, dissolved ─► NONE
 *     │  Join (tells ask)                                                         ▲ │
 *     └───────────────────────────► ASKED ──────────── joined ────────────────────┘ │
 *                                     │                                            │
 *                JOINING, ASKED or MEMBER ── Leave (tells leave) ─► LEAVING ── ended ─► NONE
 *
 * "ended" also leads from INVITED, ASKED and JOINING to NONE: the invitation was taken back, the request declined, the group is full.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { createConversationMessage, encodeItem, GroupRole, GroupState } from '../../../protocol/generated/messages.js'
import { isShowable } from '../../../protocol/names.js'
import { groupActor } from '../references.js'
import type { Transition, Tx } from '../types.js'
import { groupDone, groupMade, groupSaid, groupWord, type MemberAct, mayDo, mayMention, type Word } from './group.js'
import { type Gid, groupConversation, NO_GROUP, type UserGroup, userGroup } from './group-records.js'
import { become, declined, mayJoinMore, say } from './group-told.js'
import type { Written } from './message.js'
import { type Answer, type Numbered, numbered } from './numbered.js'

const { UNSPECIFIED, INVITED, ASKED, JOINING, MEMBER, LEAVING } = GroupState

export interface GroupInput extends Numbered {
  readonly uid: number
  readonly gid: Gid
  /** A limit of what the user may cause is reached. The service found this; the rule refuses, so that the number is used up. */
  readonly limited?: boolean
}

/** Makes the transition of a request about a group. Its rule returns the new record, or the code that refuses. */
function act<I extends GroupInput>(
  name: string,
  rule: (tx: Tx, input: I, before: UserGroup) => UserGroup | Code,
): Transition<I, Answer> {
  return numbered<I>(
    `group.${name}`,
    (tx, input) => {
      const { gid, limited } = input
      if (limited) return CODES.REQUEST_LIMIT.code
      const before = tx.get(userGroup, gid) ?? NO_GROUP
      if (!tx.outboxHasSpace(groupActor(gid))) return CODES.OUTBOX_FULL.code
      const after = rule(tx, input, before)
      if (typeof after === 'number') return after
      become(tx, gid, before, after)
      return CODES.OK.code
    },
    undefined,
    ({ gid }) => [[userGroup, gid]],
  )
}

function sayFor(tx: Tx, { gid, device, sendSeq }: GroupInput, word: Pick<Word, 'word' | 'number' | 'code'>): void {
  tx.effect(groupWord, groupActor(gid), { ...word, device, sendSeq })
}

export interface CreateInput extends GroupInput {
  readonly title: string
  readonly uids: readonly number[]
  /** A node on the store is too old to show what groups write. */
  readonly early?: boolean
}

/** Makes a group. The gid is made of this very request, so nothing can be there yet. */
export const createGroup = act<CreateInput>('create', (tx, { gid, title, uids, device, sendSeq, early }, before) => {
  if (!isShowable(title)) return CODES.NAME_INVALID.code
  // It is final: what the device has asked behind it does not wait until the last node is renewed.
  if (early) return CODES.NOT_ALLOWED.code
  if (!mayJoinMore(tx)) return CODES.GROUP_LIMIT.code
  tx.effect(groupMade, groupActor(gid), { title, uids, device, sendSeq })
  return { ...before, state: JOINING, number: 0, title }
})

export interface InvitationInput extends GroupInput {
  readonly invitation: number
}

export const acceptInvitation = act<InvitationInput>('accept', (tx, input, before) => {
  const { invitation } = input
  if (before.state !== INVITED || before.number !== invitation) return CODES.NO_SUCH_INVITATION.code
  if (!mayJoinMore(tx)) return CODES.GROUP_LIMIT.code
  sayFor(tx, input, { word: 'yes', number: invitation })
  return { ...before, state: JOINING }
})

export const declineInvitation = act<InvitationInput>('decline', (tx, input, before) => {
  const { invitation } = input
  if (before.state !== INVITED || before.number !== invitation) return CODES.NO_SUCH_INVITATION.code
  sayFor(tx, input, { word: 'no', number: invitation })
  return declined(before)
})

export interface JoinInput extends GroupInput {
  readonly code: string
}

/** Asks to join. The number of the request is its time: above every number that a group has given, and above the last request's. */
export const joinGroup = act<JoinInput>('join', (tx, input, before) => {
  if (before.state !== UNSPECIFIED && before.state !== INVITED) return CODES.ALREADY_MEMBER.code
  if (!mayJoinMore(tx)) return CODES.GROUP_LIMIT.code
  const asked = Math.max(before.asked + 1, tx.nowMs)
  sayFor(tx, input, { word: 'ask', number: asked, code: input.code })
  return { ...before, state: ASKED, number: asked, asked, inviter: 0 }
})

export const leaveGroup = act<GroupInput>('leave', (tx, input, before) => {
  const { state, number } = before
  if (state === UNSPECIFIED) return CODES.NO_SUCH_GROUP.code
  if (state === INVITED) return CODES.NOT_MEMBER.code
  if (state !== LEAVING) sayFor(tx, input, { word: 'leave', number })
  return { ...before, state: LEAVING }
})

/** Tells a group, from a deleted account's record of it, that the user has gone. The record is removed in the same unit. */
export function leaveAtEnd(tx: Tx, gid: Gid): void {
  const { state, number } = tx.get(userGroup, gid) ?? NO_GROUP
  if (state === UNSPECIFIED) return
  say(tx, groupActor(gid), state === INVITED ? 'no' : 'leave', number)
}

/** Why a user who is no member may do nothing in a group. */
export function notMember({ state }: UserGroup): Code {
  return state === UNSPECIFIED ? CODES.NO_SUCH_GROUP.code : CODES.NOT_MEMBER.code
}

/**
 * Makes the transition of what a member does to the group: the group itself decides, and may refuse what this side cannot know.
 * @param did what it is, or the code that refuses it whoever asks
 */
function memberAct<I extends GroupInput>(name: string, did: (input: I) => MemberAct | Code): Transition<I, Answer> {
  return act<I>(name, (tx, input, before) => {
    if (before.state !== MEMBER) return notMember(before)
    const what = did(input)
    if (typeof what === 'number') return what
    if (!mayDo(before.role, before.rules.adminsInvite, what.act)) return CODES.NOT_ADMIN.code
    const { device, sendSeq } = input
    tx.effect(groupDone, groupActor(input.gid), { did: what, period: before.number, device, sendSeq })
    return before
  })
}

type With<A extends MemberAct['act']> = GroupInput & Omit<MemberAct & { readonly act: A }, 'act' | 'uid'>

export const inviteToGroup = memberAct<With<'invite'>>('invite', ({ uids }) => ({ act: 'invite', uids }))
export const approveRequest = memberAct<With<'approve'> & { readonly other: number }>(
  'approve',
  ({ other, request, yes }) => ({ act: 'approve', uid: other, request, yes }),
)
export const removeMember = memberAct<With<'remove'> & { readonly other: number }>('remove', ({ other, number }) => ({
  act: 'remove',
  uid: other,
  number,
}))
export const renameGroup = memberAct<With<'rename'>>('rename', ({ title }) =>
  isShowable(title) ? { act: 'rename', title } : CODES.NAME_INVALID.code,
)
export const announce = memberAct<With<'announce'>>('announce', ({ announcement }) => ({
  act: 'announce',
  announcement,
}))
export const setGroupRules = memberAct<With<'rules'>>('rules', ({ rules, code, newCode }) => ({
  act: 'rules',
  rules,
  code,
  newCode,
}))
export const setMemberRole = memberAct<With<'role'> & { readonly other: number }>('role', ({ other, role }) => ({
  act: 'role',
  uid: other,
  role,
}))
export const muteMember = memberAct<With<'mute'> & { readonly other: number }>('mute', ({ other, muted }) => ({
  act: 'mute',
  uid: other,
  muted,
}))
export const dissolveGroup = memberAct<GroupInput>('dissolve', () => ({ act: 'dissolve' }))

export interface GroupSendInput extends GroupInput, Written {}

/** Whether the member may not write, as far as this side knows. */
export function isSilent({ muted, rules, role }: UserGroup): boolean {
  return muted || (rules.adminsWrite && role === GroupRole.MEMBER)
}

/** Sends a message to a group. The sender's own copy comes from the group, in its order, like everybody's. */
export const sendToGroup = numbered<GroupSendInput>(
  'group.send',
  (tx, input) => {
    const code = maySendToGroup(tx, input)
    if (code === CODES.OK.code) sendToGroupNow(tx, input)
    return code
  },
  undefined,
  ({ gid }) => [[userGroup, gid]],
)

/** Whether the message can be sent, as far as this side knows. */
export function maySendToGroup(tx: Tx, { gid, extra, fault, limited }: Omit<GroupSendInput, 'text'>): Code {
  if (fault !== CODES.OK.code) return fault
  const own = tx.get(userGroup, gid) ?? NO_GROUP
  if (own.state !== MEMBER) return notMember(own)
  if (extra !== undefined) {
    const { reply } = extra
    if (reply !== undefined && reply.number < own.number) return CODES.NO_SUCH_MESSAGE.code
    if (!mayMention(own.role, extra)) return CODES.BAD_MENTIONS.code
  }
  if (isSilent(own)) return CODES.MUTED.code
  if (limited) return CODES.RECIPIENT_LIMIT.code
  return tx.outboxHasSpace(groupActor(gid)) ? CODES.OK.code : CODES.OUTBOX_FULL.code
}

/** Sends a message that may be sent. */
export function sendToGroupNow(tx: Tx, { uid, gid, device, sendSeq, text, content, extra }: GroupSendInput): void {
  const { number: period } = tx.get(userGroup, gid) ?? NO_GROUP
  const atMs = tx.nowMs
  const conversation = groupConversation(gid)
  const message = { sender: uid, device, sendSeq, atMs, conversation, text, content, extra }
  const value = createConversationMessage(message)
  const item = encodeItem({ skip: 0, content: { case: 'conversationMessage', value } })
  tx.effect(groupSaid, groupActor(gid), { period, device, sendSeq, atMs, item })
}
