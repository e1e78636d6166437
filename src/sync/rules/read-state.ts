/**
 * What a user has read, and how the user arranges conversations: the requests. In a direct conversation the marks come with acks
 * (watermark.ts). In a group there is one mark, a number that only rises. A small group keeps its members' marks, to be asked for; they are
 * told to nobody:
 *
 *   MarkRead ─► the user's record, shown on all own devices ─── effect group-read ──► marks of the group, up to 50 members ◄── ReadBy
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import {
  type ConversationSettings,
  decodeItem,
  encodeItem,
  GroupState,
  type Preferences,
} from '../../../protocol/generated/messages.js'
import { GROUP_READERS_MAX } from '../../../protocol/limits.js'
import { jsonEffect } from '../effect-kinds.js'
import { branchActor, decodeReference, groupActor, isReference } from '../references.js'
import type { EffectKind, Transition, Tx } from '../types.js'
import {
  conversationOf,
  conversationRecord,
  isSet,
  knows,
  NO_PREFERENCES,
  PREFERENCES_KEY,
  pin,
  preferences,
  putConversation,
  readUpTo,
} from './conversation-records.js'
import {
  branch,
  type Gid,
  gidOf,
  groupConversation,
  lastNumber,
  members,
  NO_GROUP,
  readMarks,
  type UserGroup,
  userGroup,
  wasMember,
} from './group-records.js'
import { type GroupInput, notMember } from './membership.js'
import { type Numbered, numbered } from './numbered.js'
import { type Marks, NO_MARKS, partitionOfUser, taken, uidOf } from './records.js'

const { MEMBER, LEAVING } = GroupState

/** The numbers of a group that a user may have read; undefined if the user was never a member. */
function readable({ state, number, until }: UserGroup): { readonly from: number; readonly upTo: number } | undefined {
  if (state === MEMBER || state === LEAVING) return { from: number, upTo: Number.MAX_SAFE_INTEGER }
  return until > 0 ? { from: 1, upTo: until } : undefined
}

/** The number at which a member's mark begins: that of the joining. What is left of an earlier membership is not unread any more. */
function beginningOf({ state, number }: UserGroup): number {
  return state === MEMBER || state === LEAVING ? number : 0
}

export interface MarkReadInput extends GroupInput {
  readonly number: number
}

export const markRead = numbered<MarkReadInput>(
  'conversation.mark-read',
  (tx, { gid, number }) => {
    const own = tx.get(userGroup, gid) ?? NO_GROUP
    const range = readable(own)
    if (range === undefined) return notMember(own)
    if (number < range.from) return CODES.NOT_MEMBER.code
    const conversation = groupConversation(gid)
    const before = conversationOf(tx, conversation)
    const mark = number > before.read ? Math.min(number, range.upTo, newestNumber(tx, conversation)) : number
    const after = readUpTo(before, mark)
    putConversation(tx, conversation, before, after)
    if (after.read !== before.read && own.state === MEMBER) tellGroup(tx, gid, own.number, after.read)
    return CODES.OK.code
  },
  undefined,
  ({ gid }) => [
    [userGroup, gid],
    [conversationRecord, groupConversation(gid)],
  ],
)

/** The number of the newest item that the user has of a group: no mark is above it. Without any there is nothing to mark. */
function newestNumber(tx: Tx, conversation: string): number {
  const entry = tx.entry(tx.newest(conversation))
  if (entry === undefined) return 0
  if (isReference(entry.bytes)) return decodeReference(entry.bytes).number
  const { content } = decodeItem(entry.bytes)
  return content?.case === 'conversationMessage' ? content.value.number : 0
}

/** Tells a small group how far a member has read. A large one need not hear of it, and a mark may be lost. */
function tellGroup(tx: Tx, gid: Gid, period: number, number: number): void {
  const group = groupActor(gid)
  if (tx.glance(group, readMarks) !== undefined && tx.outboxHasSpace(group))
    tx.effect(groupRead, group, { period, number })
}

export const groupRead: EffectKind<{ readonly period: number; readonly number: number }> = jsonEffect({
  name: 'group-read',
  run(tx, { period, number }, source) {
    const uid = uidOf(source)
    const marks = tx.get(readMarks)
    if (marks === undefined || tx.get(members)?.get(uid)?.since !== period) return
    const mark = Math.min(number, tx.get(lastNumber)?.n ?? 0)
    if (mark > (marks[uid] ?? 0)) tx.put(readMarks, { ...marks, [uid]: mark })
  },
})

export type Readers = { readonly code: Code; readonly uids: readonly number[] }

/** The members who have read up to a number, the author of what it is among them. For members of groups that keep marks. */
export const readersOf: Transition<{ readonly uid: number; readonly number: number }, Readers> = {
  name: 'group.readers',
  soft: true,
  reads: () => [[members], [readMarks]],
  run(tx, { uid, number }) {
    const list = tx.get(members)
    const asker = list?.get(uid)
    if (list === undefined || asker === undefined) return { code: CODES.NO_SUCH_GROUP.code, uids: [] }
    if (list.size > GROUP_READERS_MAX) return { code: CODES.NOT_ALLOWED.code, uids: [] }
    if (number < asker.since) return { code: CODES.NO_SUCH_MESSAGE.code, uids: [] }
    const marks = tx.get(readMarks) ?? {}
    const readers = [...list.values()].filter(member => member.since <= number && (marks[member.uid] ?? 0) >= number)
    return { code: CODES.OK.code, uids: readers.map(member => member.uid).sort((a, b) => a - b) }
  },
}

export interface SetConversationInput extends Numbered {
  readonly uid: number
  readonly conversation: ConversationId
  readonly settings: ConversationSettings
}

export const setConversation = numbered<SetConversationInput>(
  'conversation.set',
  (tx, { uid, conversation, settings }) => {
    const code = standing(tx, uid, conversation)
    if (code !== CODES.OK.code) return code
    const before = conversationOf(tx, conversation)
    const { muted, pinned, archived, unread } = settings
    if (isSet(before, settings)) return CODES.OK.code
    if (pinned !== before.pinned && !pin(tx, conversation, pinned)) return CODES.PIN_LIMIT.code
    putConversation(tx, conversation, before, { ...before, muted, pinned, archived, unread })
    return CODES.OK.code
  },
)

/** Whether the user has to do with a conversation: OK, or why not. */
export function standing(tx: Tx, uid: number, conversation: ConversationId): Code {
  const peer = peerOf(conversation)
  if (peer === uid) return CODES.SELF.code
  if (peer !== undefined) return knows(tx, peer) ? CODES.OK.code : CODES.UNKNOWN_USER.code
  const gid = gidOf(conversation)
  const own = gid === undefined ? undefined : tx.get(userGroup, gid)
  return own === undefined ? CODES.NO_SUCH_GROUP.code : CODES.OK.code
}

/** The marks down to which what is unread is counted. */
export type UnreadMarks =
  | { readonly kind: 'refused'; readonly code: Code }
  | {
      readonly kind: 'direct'
      readonly peer: number
      readonly cleared: number
      /** Marks by the peer's devices: of what is read, and of what is stored. */
      readonly read: Marks
      readonly delivered: Marks
    }
  | {
      readonly kind: 'group'
      readonly gid: Gid
      readonly cleared: number
      readonly read: number
      /** The numbers above the mark that mention the user, in order. */
      readonly mentions: readonly number[]
      /** Whether the user was a member at a number: of a message that was edited at another, nothing is shown. */
      readonly wasMember: (number: number) => boolean
    }

export const unreadMarks: Transition<{ readonly uid: number; readonly conversation: ConversationId }, UnreadMarks> = {
  name: 'conversation.unread',
  soft: true,
  run(tx, { uid, conversation }) {
    const code = standing(tx, uid, conversation)
    if (code !== CODES.OK.code) return { kind: 'refused', code }
    const own = conversationOf(tx, conversation)
    const { cleared, hidden } = own
    const peer = peerOf(conversation)
    if (peer !== undefined) return { kind: 'direct', peer, cleared, ...(tx.get(taken, peer) ?? NO_MARKS) }
    const gid = gidOf(conversation) ?? ''
    const read = Math.max(own.read, beginningOf(tx.get(userGroup, gid) ?? NO_GROUP))
    const isOpen = (number: number): boolean => number > read && number > own.clearedNumber
    const here = tx.at(branchActor(gid, partitionOfUser(uid))).get(branch)
    const all = (here?.all ?? []).filter(
      number => isOpen(number) && wasMember(here, uid, number) && !hidden.includes(number),
    )
    const noted = own.mentions.filter(isOpen)
    const mentions = [...new Set([...noted, ...all])].sort((a, b) => a - b)
    return { kind: 'group', gid, cleared, read, mentions, wasMember: number => wasMember(here, uid, number) }
  },
}

export interface SetPreferencesInput extends Numbered {
  readonly uid: number
  readonly wanted: Preferences
}

const PREFERENCE_NAMES = Object.keys(NO_PREFERENCES) as (keyof typeof NO_PREFERENCES)[]

export const setPreferences = numbered<SetPreferencesInput>('preferences.set', (tx, { wanted }) => {
  const { noReceipts, askBeforeGroups, noPresence, friendsOnly } = wanted
  const value = { noReceipts, askBeforeGroups, noPresence, friendsOnly }
  const before = tx.get(preferences) ?? NO_PREFERENCES
  if (PREFERENCE_NAMES.every(name => before[name] === value[name])) return CODES.OK.code
  tx.put(preferences, value)
  tx.append(encodeItem({ skip: 0, content: { case: 'preferences', value } }), PREFERENCES_KEY)
  return CODES.OK.code
})
