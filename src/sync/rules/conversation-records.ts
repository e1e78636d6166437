/**
 * The records of what a user has read and set, one for each conversation, and of what others learn of the user. There is a record only of a
 * conversation with somebody, or with a group, that the user has a record of: nothing grows by naming strangers.
 */
import { type ConversationId, directConversation, peerOf } from '../../../protocol/conversation-id.js'
import { ContactState, type ConversationSettings, encodeItem } from '../../../protocol/generated/messages.js'
import { CONVERSATION_ID_BYTES_MAX, PINNED_MAX } from '../../../protocol/limits.js'
import { jsonRecord } from '../record-kinds.js'
import type { Tx } from '../types.js'
import { type Gid, groupConversation, NOTED_MENTIONS_MAX, withMention } from './group-records.js'
import { contact } from './records.js'

/** The record of a conversation in which nothing was read or set. */
export const NO_CONVERSATION = {
  muted: false,
  pinned: false,
  archived: false,
  /** The user wants to come back to it. */
  unread: false,
  /** The mark in a group, up to which number the user has read. */
  read: 0,
  /** The version up to which the user has deleted all of it. */
  cleared: 0,
  /** The number in a group of the newest item that is there; 0: none, or it is not known yet. */
  clearedNumber: 0,
  /** The numbers in a group above the mark that mention the user, in order. */
  mentions: [] as readonly number[],
  /** Those above the mark that the user has deleted: they mention the user no more, however they are edited. */
  hidden: [] as readonly number[],
}
export type ConversationRecord = Readonly<typeof NO_CONVERSATION>

/** The kind of these records: by the uid of the other user, or by the id of a group's conversation. */
export const conversationRecord = jsonRecord<ConversationRecord>('conversation', {
  fields: NO_CONVERSATION,
  lifetime: 'user',
  bytesMax: 256 + 2 * NOTED_MENTIONS_MAX * 17,
  entries: { max: NOTED_MENTIONS_MAX, count: ({ mentions, hidden }) => Math.max(mentions.length, hidden.length) },
  grows: 'the user; and members who mention the user: the newest 100 above the mark',
  many: 'one per contact and per group that the user was ever in, or invited to',
})

/** The conversations that the user has pinned: a list shows them first, however old they are. */
export const pinnedConversations = jsonRecord<{ readonly conversations: readonly ConversationId[] }>('pinned', {
  fields: { conversations: [] },
  lifetime: 'user',
  bytesMax: 64 + PINNED_MAX * (CONVERSATION_ID_BYTES_MAX + 3),
  entries: { max: PINNED_MAX, count: ({ conversations }) => conversations.length },
  grows: 'the user, by SetConversation: 20 pinned',
  many: 'one',
})

export type ConversationName = number | ConversationId

/** The id of a conversation's record: of a direct one the peer's uid. */
function nameOf(conversation: ConversationId): ConversationName {
  return peerOf(conversation) ?? conversation
}

export function conversationOf(tx: Tx, conversation: ConversationId): ConversationRecord {
  return tx.get(conversationRecord, nameOf(conversation)) ?? NO_CONVERSATION
}

/** The key of the item that shows the record. */
function conversationKey(conversation: ConversationId): string {
  return `conversation/${conversation}`
}

/** Puts the record, and tells the devices what they show of it. What mentions the user is told by the messages themselves. */
export function putConversation(
  tx: Tx,
  conversation: ConversationId,
  before: ConversationRecord,
  after: ConversationRecord,
): void {
  if (after === before) return
  tx.put(conversationRecord, after, nameOf(conversation))
  const { muted, pinned, archived, unread, read, cleared } = after
  const isShown = !isSet(before, after) || read !== before.read || cleared !== before.cleared
  if (!isShown) return
  const value = { conversation, settings: { muted, pinned, archived, unread }, read, cleared }
  tx.append(encodeItem({ skip: 0, content: { case: 'conversationState', value } }), conversationKey(conversation))
}

/** The conversations that the user has pinned, the one that was pinned last at the end. */
export function pinnedBy(tx: Tx): readonly ConversationId[] {
  return tx.get(pinnedConversations)?.conversations ?? []
}

/** Notes that a conversation is pinned, or no longer. @returns false if the user has pinned as many as are allowed */
export function pin(tx: Tx, conversation: ConversationId, pinned: boolean): boolean {
  const all = pinnedBy(tx)
  if (all.includes(conversation) === pinned) return true
  if (pinned && all.length >= PINNED_MAX) return false
  const conversations = pinned ? [...all, conversation] : all.filter(each => each !== conversation)
  tx.put(pinnedConversations, { conversations })
  return true
}

/** Whether the record has these settings. */
export function isSet({ muted, pinned, archived, unread }: ConversationRecord, wanted: ConversationSettings): boolean {
  return muted === wanted.muted && pinned === wanted.pinned && archived === wanted.archived && unread === wanted.unread
}

/** The record with the group's mark at this number, unless it is there already: the user no longer wants to come back to it. */
export function readUpTo(before: ConversationRecord, number: number): ConversationRecord {
  if (number <= before.read && !before.unread) return before
  const isAbove = (mention: number): boolean => mention > number
  const { mentions, hidden } = before
  return {
    ...before,
    unread: false,
    read: Math.max(before.read, number),
    mentions: mentions.some(mention => !isAbove(mention)) ? mentions.filter(isAbove) : mentions,
    hidden: hidden.some(mention => !isAbove(mention)) ? hidden.filter(isAbove) : hidden,
  }
}

/** Notes that a message of a group mentions the user. */
export function noteMention(tx: Tx, gid: Gid, number: number): void {
  const conversation = groupConversation(gid)
  const before = conversationOf(tx, conversation)
  const isNoted = before.mentions.includes(number) || before.hidden.includes(number)
  if (number <= before.read || number <= before.clearedNumber || isNoted) return
  putConversation(tx, conversation, before, { ...before, mentions: withMention(before.mentions, number) })
}

/** The record after all of a conversation was deleted up to a version, and up to this number of a group: nothing mentions the user there. */
export function clearedUpTo(before: ConversationRecord, cleared: number, number: number): ConversationRecord {
  const isAbove = (mention: number): boolean => mention > number
  const clearedNumber = Math.max(before.clearedNumber, number)
  const { mentions, hidden } = before
  return { ...before, cleared, clearedNumber, mentions: mentions.filter(isAbove), hidden: hidden.filter(isAbove) }
}

/** Notes that the user has deleted a message of a group: it mentions the user no more. */
export function forgetMention(tx: Tx, gid: Gid, number: number): void {
  const conversation = groupConversation(gid)
  const before = conversationOf(tx, conversation)
  if (number <= before.read || number <= before.clearedNumber) return
  putConversation(tx, conversation, before, {
    ...before,
    mentions: before.mentions.filter(mention => mention !== number),
    hidden: withMention(before.hidden, number),
  })
}

/** Notes that the user has read something in a direct conversation: the user no longer wants to come back to it. */
export function cameBack(tx: Tx, peer: number): void {
  if (tx.peek(conversationRecord, peer)?.unread !== true) return
  const conversation = directConversation(peer)
  const before = conversationOf(tx, conversation)
  putConversation(tx, conversation, before, readUpTo(before, before.read))
}

/**
 * Whether the user has to do with the other, as the user was ever shown. A record of somebody unknown may be there as well, such as of one who
 * has blocked the user: nobody is told that.
 */
export function knows(tx: Tx, other: number): boolean {
  const record = tx.get(contact, other)
  if (record === undefined) return false
  return record.state !== ContactState.UNSPECIFIED || record.asked > 0 || record.heard > 0 || record.blocked
}

/** Removes what the log shows of a record; its own removal is another's. */
export function dropConversation(tx: Tx, name: string | number): void {
  tx.drop(typeof name === 'number' ? conversationKey(directConversation(name)) : `conversation/${name}`)
}

/** Removes all of a group's conversation. */
export function forgetConversation(tx: Tx, gid: Gid): void {
  const conversation = groupConversation(gid)
  if (tx.get(conversationRecord, conversation)?.pinned === true) pin(tx, conversation, false)
  if (tx.get(conversationRecord, conversation) !== undefined) tx.remove(conversationRecord, conversation)
  dropConversation(tx, conversation)
}

/** The preferences of who has set none: others learn all. */
export const NO_PREFERENCES = { noReceipts: false, askBeforeGroups: false, noPresence: false, friendsOnly: false }

/** What others learn of the user. */
export const preferences = jsonRecord<Readonly<typeof NO_PREFERENCES>>('preferences', {
  fields: NO_PREFERENCES,
  lifetime: 'user',
  bytesMax: 128,
  grows: 'nobody: four flags',
  many: 'one',
})

export const PREFERENCES_KEY = 'preferences'
