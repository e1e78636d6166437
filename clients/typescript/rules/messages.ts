// A message as an application sees it.
import { type ConversationId, directConversation } from '../../../protocol/conversation-id.js'
import type { GroupChange } from '../base/group-words.js'
import type { Content } from './content.js'
import type { Extra, MessageChanges } from './extras.js'

/**
 *   queued ──► sending ──► accepted ──► delivered ──► read
 *      └──────────┴───────────┴──► failed
 *
 * queued: in the send queue, durably unless it is of this very moment; also while it waits for a friendship that is being made.
 * sending: transmitted, no answer yet. accepted: the server has it durably. delivered, read: on a device of the recipient.
 * failed: `code` and `reason` say why. SETTLED means that nobody knows whether it arrived. LOGGED_OUT means that the account was
 * logged out here while it waited. STORAGE_FAILED means that it goes out if a later client finds it stored. received: somebody
 * else's. In a group there are neither delivered nor read; an accepted message fails if the group refuses it.
 */
export type MessageState = 'queued' | 'sending' | 'accepted' | 'delivered' | 'read' | 'failed' | 'received'

export interface Message {
  readonly conversation: ConversationId
  /** The other user of a direct conversation: the sender, or the recipient of an own message. 0 in any other. */
  readonly peer: number
  /** (sender, device, sendSeq) is the message's id. */
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  /** The place among a group's messages and changes, by which they are in order, with gaps. 0 in any other conversation. */
  readonly number: number
  /**
   * The time when the server accepted it, milliseconds since 1970. An own message has the time when it was written until the server's
   * copy comes; of a direct one the device that wrote it gets a copy only if it missed the answer.
   */
  readonly atMs: number
  readonly content: Content
  /** The text; of content that is not text the same in words, or nothing. */
  readonly text: string
  /** The message that it answers, who is named in it, and what else goes with it. */
  readonly extra: Extra
  /** What has happened to it since it was sent: edited, recalled, reacted to. */
  readonly changed: MessageChanges
  /** Set in the history of a group: no message, but something that has happened there. It has no text, and no id but its number. */
  readonly change: GroupChange | undefined
  readonly state: MessageState
  /** The protocol's code for why the message failed; otherwise 0. */
  readonly code: number
  /** The reason of the failure: the code's name, or a reason of the library's own; empty if it did not fail. */
  readonly reason: string
}

/** A message of this device changed its state. */
export interface MessageStateEvent {
  readonly conversation: ConversationId
  /** The same as in Message. */
  readonly peer: number
  readonly device: number
  readonly sendSeq: number
  readonly state: MessageState
  /** The protocol's code for why the message failed; otherwise 0. */
  readonly code: number
  /** The reason of the failure: the code's name, or a reason of the library's own; empty if it did not fail. */
  readonly reason: string
}

/** A peer stored (read) everything that one of this user's devices sent it up to a number. Of direct conversations alone. */
export interface WatermarkEvent {
  readonly conversation: ConversationId
  readonly peer: number
  readonly device: number
  readonly sendSeq: number
}

export interface ReadEvent extends WatermarkEvent {
  /**
   * The side that read. False: the peer read this user's messages; `device` is this user's. True: this user read the peer's;
   * `device` is the peer's.
   */
  readonly own: boolean
}

/** Names a direct conversation, as messages and events do. */
export function direct(peer: number): { readonly conversation: ConversationId; readonly peer: number } {
  return { conversation: directConversation(peer), peer }
}
