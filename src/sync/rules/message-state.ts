/**
 * The state of a message that was changed since it was sent (PROTOCOL.md, 7.18). A message has its whole present state in its own item. A
 * change makes a new item, which takes the place of the old one; a text is nowhere else.
 *
 *   as sent ── edited ──► edited ── recalled ──► recalled: no text, content, extra, or reaction; nothing changes it any more
 *      └───────────────── recalled ────────────────►
 *
 * A user who deletes a message has a tombstone in its place, in the own timeline alone. Nothing changes that either.
 */
import {
  type ConversationMessage,
  createMessageExtra,
  createMessageState,
  decodeItem,
  decodeMessageState,
  encodeItem,
  type Mention,
  type Message,
  type MessageState,
  type Reaction,
} from '../../../protocol/generated/messages.js'
import { asChanged } from '../../../protocol/item-codec.js'
import { readBytes, readerOf, readTag, skipField } from '../../../protocol/wire-reader.js'
import { present } from '../../lib/assert.js'
import { CONVERSATION_MESSAGE_TAG } from './item-tags.js'

/** A message of a direct conversation, or of another. */
export type AnyMessage =
  | { readonly case: 'message'; readonly value: Message }
  | { readonly case: 'conversationMessage'; readonly value: ConversationMessage }

/** The message that a stored item is; undefined for anything else. */
export function messageIn(bytes: Uint8Array): AnyMessage | undefined {
  const { content } = decodeItem(bytes)
  return content?.case === 'message' || content?.case === 'conversationMessage' ? content : undefined
}

/** The encoded Item of a message, as a log has it. */
export function messageItem(message: AnyMessage): Uint8Array {
  return encodeItem({ skip: 0, content: message })
}

/** The encoded Item that tells a change: the message as it is now. */
export function changedItem(message: AnyMessage): Uint8Array {
  return present(asChanged(messageItem(message)), 'a message')
}

/** The compaction key of what tells a direct message's changes, in both users' timelines. */
export function directKey({ sender, device, sendSeq }: Pick<Message, 'sender' | 'device' | 'sendSeq'>): string {
  return `about/${sender}/${device}/${sendSeq}`
}

/** The compaction key of what tells the changes of a group's message. */
export function groupMessageKey(gid: string, number: number): string {
  return `about/${gid}/${number}`
}

export function isRecalled({ value }: AnyMessage): boolean {
  return (value.state?.recalledBy ?? 0) !== 0
}

export function isDeleted({ value }: AnyMessage): boolean {
  return value.state?.deleted === true
}

/** Whether nothing is left of the message but its id: it was recalled, or its user deleted it. */
export function isGone({ state }: AnyMessage['value']): boolean {
  return state !== undefined && (state.recalledBy !== 0 || state.deleted)
}

/** The number of the last change of a group's message; 0: there was none. */
export function changeNumber({ value }: AnyMessage): number {
  return value.state?.changeNumber ?? 0
}

/** The number of the last edit of a group's message; 0: there was none. */
export function editNumber({ value }: AnyMessage): number {
  return value.state?.editNumber ?? 0
}

export interface Edition {
  readonly text: string
  readonly mentions: readonly Mention[]
  readonly atMs: number
  /** The number of the edit in a group. */
  readonly number?: number
}

/** The message with another text. One that was recalled or deleted stays as it is. */
export function edited(message: AnyMessage, { text, mentions, atMs, number = 0 }: Edition): AnyMessage {
  if (isGone(message.value)) return message
  const { extra, state } = message.value
  const rest = { ...(extra ?? createMessageExtra()), mentions: [...mentions] }
  const { reply, metadata, forwarded } = rest
  const isEmpty = mentions.length === 0 && reply === undefined && metadata.length === 0 && !forwarded
  return withFields(message, {
    text,
    extra: isEmpty ? undefined : rest,
    state: stateOf(state, { editedAtMs: atMs, editNumber: number, changeNumber: number }),
  })
}

/** The message after it was taken back: nothing of it but who sent it, and when. One that was deleted stays as it is. */
export function recalled(message: AnyMessage, by: number, number = 0): AnyMessage {
  if (isGone(message.value)) return message
  return bare(message, { recalledBy: by, changeNumber: number })
}

/** The message after a change that is told by another one: recalled like that, or with its text and mentions. */
export function changedLike(message: AnyMessage, { value: told }: AnyMessage, number = 0): AnyMessage {
  const { recalledBy = 0, editedAtMs = 0 } = told.state ?? {}
  if (recalledBy !== 0) return recalled(message, recalledBy, number)
  return edited(message, { text: told.text, mentions: told.extra?.mentions ?? [], atMs: editedAtMs, number })
}

/** The tombstone in place of a message that its user deleted. */
export function deleted(message: AnyMessage): AnyMessage {
  return bare(message, { deleted: true })
}

/** The message with these reactions, in place of those that it has. One that was recalled or deleted stays as it is. */
export function reacted(message: AnyMessage, reactions: readonly Reaction[], number = 0): AnyMessage {
  if (isGone(message.value)) return message
  const changes = number === 0 ? {} : { changeNumber: number }
  return withFields(message, { state: stateOf(message.value.state, { ...changes, reactions: [...reactions] }) })
}

/** Whether the message has just these reactions. */
export function hasReactions({ value }: AnyMessage, wanted: readonly Reaction[]): boolean {
  const known = value.state?.reactions ?? []
  const isSame = ({ kind, count }: Reaction, i: number): boolean => kind === known[i]?.kind && count === known[i].count
  return known.length === wanted.length && wanted.every(isSame)
}

/**
 * The reactions to a direct message after one of the two users has set one or taken it back; the same if nothing changes. Of those who
 * have a reaction, one is this user if it is `mine`.
 */
export function withReaction(
  before: readonly Reaction[],
  { kind, on, mine }: { readonly kind: string; readonly on: boolean; readonly mine: boolean },
): readonly Reaction[] {
  const place = before.findIndex(each => each.kind === kind)
  const known = before[place] ?? { kind, count: 0, mine: false }
  const isOn = mine ? known.mine : known.count > Number(known.mine)
  if (isOn === on) return before
  const after = { kind, count: known.count + (on ? 1 : -1), mine: mine ? on : known.mine }
  if (place < 0) return [...before, after]
  return after.count === 0 ? before.toSpliced(place, 1) : before.with(place, after)
}

/** The message for a user who was no member when it was edited: neither text is for that user. */
export function withheld(message: AnyMessage): AnyMessage {
  const extra = message.value.extra
  return withFields(message, {
    text: '',
    content: undefined,
    extra: extra === undefined ? undefined : { ...extra, mentions: [] },
    state: stateOf(message.value.state, { withheld: true }),
  })
}

/** The message for everybody until the number of its edit is told: so nobody gets the new text who was no member then. */
export function withheldForNow(message: AnyMessage): AnyMessage {
  const hidden = withheld(message)
  return withFields(hidden, { state: stateOf(hidden.value.state, { editNumber: 0, changeNumber: 0 }) })
}

/** The tag of a ConversationMessage's state: field 10. */
const STATE_TAG = 82

/** Whether a stored item is a group's message that was edited. It reads no more than it must: it is asked of each item of a page. */
export function isEdited(item: Uint8Array): boolean {
  if (item[0] !== CONVERSATION_MESSAGE_TAG) return false
  const r = readerOf(item)
  r.pos = 1
  r.uint32()
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === STATE_TAG) return decodeMessageState(readBytes(r, 'ConversationMessage.state', 0, 0)).editNumber > 0
    skipField(r, tag, 0, 'ConversationMessage')
  }
  return false
}

type Fields = Partial<Pick<Message, 'text' | 'content' | 'extra' | 'state'>>

function withFields(message: AnyMessage, fields: Fields): AnyMessage {
  return message.case === 'message'
    ? { case: 'message', value: { ...message.value, ...fields } }
    : { case: 'conversationMessage', value: { ...message.value, ...fields } }
}

function bare(message: AnyMessage, state: Partial<MessageState>): AnyMessage {
  return withFields(message, {
    text: '',
    content: undefined,
    extra: undefined,
    state: stateOf(undefined, state),
  })
}

function stateOf(before: MessageState | undefined, changes: Partial<MessageState>): MessageState {
  return { ...(before ?? createMessageState()), ...changes }
}
