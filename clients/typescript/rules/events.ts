// The events that a client tells its application. Those of stored things come after the storing: what was told survives a crash.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import type { GroupChange } from '../base/group-words.js'
import type { ConnectionStatus } from '../connection/connector.js'
import type { Chat } from './chats.js'
import type { Contact } from './contact-list.js'
import type { ConversationState, Preferences } from './conversation-list.js'
import type { Group } from './group-list.js'
import type { Message, MessageStateEvent, ReadEvent, WatermarkEvent } from './messages.js'
import type { GroupActName } from './posted.js'
import type { Room } from './room-list.js'

/** Something that this device asked for was taken, and then refused: by the group, or of a direct message by the other user's side. */
export interface GroupFailedEvent {
  readonly conversation: ConversationId
  readonly sendSeq: number
  /** The member of Groups, or of Messages, that was called. */
  readonly act: GroupActName
  /** Why, as in messageState. */
  readonly code: number
  readonly reason: string
}

export interface PresenceEvent {
  readonly uid: number
  readonly online: boolean | undefined
}

export interface TypingEvent {
  readonly conversation: ConversationId
  readonly uid: number
  readonly typing: boolean
}

/** The boards have been compared with the server. */
export interface BoardsEvent {
  /** Those that the user listens to, with what is unconfirmed in each. */
  readonly boards: readonly Room[]
}

/** A room has refused what this device asked, once it was taken. */
export interface RoomFailedEvent {
  readonly conversation: ConversationId
  readonly sendSeq: number
  readonly code: number
  readonly reason: string
}

export interface RoomSignalEvent {
  readonly conversation: ConversationId
  /** Who publishes. */
  readonly uid: number
  readonly payload: Uint8Array
}

export interface ClientEvents {
  /** A message that is new on this device: received, or sent by another device of this user. Once per message. */
  message: Message
  /**
   * A message that was told here before is as this from now on: edited, recalled, reacted to; or, with `changed.deleted`, it is gone
   * on all own devices. It may be older than the history. Of what was cleared nothing is told.
   */
  messageChanged: Message
  /** A message of this device changed its state. */
  messageState: MessageStateEvent
  /** A peer has stored what a device of this user sent it, up to a number. */
  delivered: WatermarkEvent
  /** One side has read what the other sent, up to a number. */
  read: ReadEvent
  /** A contact is as this from now on. */
  contact: Contact
  /** A group is as this for the user from now on. */
  group: Group
  /** Something has happened in a group. It is in the history, too. */
  groupChange: GroupChange
  /** An act, once taken, was refused by the group or the other user's side. Once per act, also after a restart. */
  groupFailed: GroupFailedEvent
  /** What the user has set for a conversation, and how far it is read, is this from now on. */
  conversation: ConversationState
  /** A conversation of the list is as this from now on. Only with `firstScreen`. */
  chat: Chat
  /** The list of conversations is another one from now on: `chats.list()`. Only with `firstScreen`. */
  chats: Record<never, never>
  /** The user's preferences are these from now on. */
  preferences: Preferences
  /** A friend in a conversation that is looked at is online, or not; undefined: that is not known any more. Stored nowhere. */
  presence: PresenceEvent
  /** Somebody types in a conversation that is looked at, or does no more. Stored nowhere. */
  typing: TypingEvent
  /** A room is as this for the user from now on. */
  room: Room
  /** The boards as the server has them: told after each connection's Hello, every five minutes, and when something was missed. */
  boards: BoardsEvent
  /** A post or an act in a room, once taken, was refused by the room. */
  roomFailed: RoomFailedEvent
  /** Somebody publishes in a realtime room that is looked at. Stored nowhere. */
  roomSignal: RoomSignalEvent
  profile: { readonly account: string; readonly nickname: string }
  connection: ConnectionStatus
  /** The server does not take the session any more: log in again. The send queue waits for it. */
  sessionEnded: { readonly code: number; readonly reason: string; readonly message: string }
  /**
   * The timeline starts from its beginning. Messages that were shown are not shown again, unless the local copy was forgotten,
   * because it was another user's or another store's. Then the history is empty too.
   */
  resync: { readonly forgotten: boolean }
  /** Messages that this device had not seen were removed by the server's retention. */
  trimmed: Record<never, never>
  /** The client has stopped: the storage does not work. Make a new client when it does. */
  storageFailed: { readonly error: Error }
}
