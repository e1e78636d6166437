// The common part of the entries for Node (index.ts) and for browsers (browser.ts): it runs in both.
export { actionOf, CODES, type Code, type CodeName, codeName, codeText } from '../../protocol/codes.js'
export { type ConversationId, directConversation, peerOf } from '../../protocol/conversation-id.js'
export type { Account, DeviceInfo, Profile } from './api/account.js'
export type { Chats } from './api/chats.js'
export type { Client } from './api/client.js'
export type { Contacts } from './api/contacts.js'
export type { Conversations, UnreadCounts } from './api/conversations.js'
export { createClient } from './api/create-client.js'
export type { EarlierPage, EarlierRange, GroupMember, GroupPage, GroupProfile, Groups } from './api/groups.js'
export type { HistoryPlace, HistoryRange, MessagePage, SearchOptions } from './api/history.js'
export type { ClientState } from './api/inspect.js'
export type { Messages, Reactor, ReactorPage } from './api/messages.js'
export type { ClientOptions } from './api/options.js'
export type { SendOptions } from './api/outgoing.js'
export type { Presence } from './api/presence.js'
export type { PostOptions, PostsPage, PostsRange, RoomProfile, RoomRules, Rooms } from './api/rooms.js'
export { LongwireError } from './base/errors.js'
export type { Change, GroupChange, GroupRole, GroupRules } from './base/group-words.js'
export type { RoomKindName, RoomRoleName, RoomStateName, SettableRoomRole } from './base/room-words.js'
export {
  type Clock,
  type Defer,
  type Random,
  systemClock,
  systemDefer,
  systemRandom,
  type TimerHandle,
} from './base/system.js'
export type { ConnectionStatus } from './connection/connector.js'
export type { Chat } from './rules/chats.js'
export type { Contact } from './rules/contact-list.js'
export type { Attachment, Content } from './rules/content.js'
export type { ConversationSettings, ConversationState, Preferences } from './rules/conversation-list.js'
export type {
  BoardsEvent,
  ClientEvents,
  GroupFailedEvent,
  PresenceEvent,
  RoomFailedEvent,
  RoomSignalEvent,
  TypingEvent,
} from './rules/events.js'
export type { Extra, Mention, MessageChanges, Reply } from './rules/extras.js'
export type { Group } from './rules/group-list.js'
export type { Message, MessageState, MessageStateEvent, ReadEvent, WatermarkEvent } from './rules/messages.js'
export { isSameMessage, type MessageName } from './rules/post.js'
export type { Room } from './rules/room-list.js'
export type { SentMessage } from './rules/sent-message.js'
export { MemoryStorage } from './storage/memory-storage.js'
export type {
  Changes,
  Clearing,
  HistoryDone,
  HistoryOptions,
  HistoryPage,
  Json,
  Outcome,
  Present,
  Rewrite,
  SearchDone,
  Storage,
  StoredChanges,
  StoredContent,
  StoredExtra,
  StoredId,
  StoredMessage,
  StoredQuery,
  StoredRange,
  StoredReaction,
} from './storage/storage.js'
export { type FetchOptions, fetchExchange } from './transports/fetch-exchange.js'
export type { HttpCall, HttpExchange, HttpRequest, HttpResponse } from './transports/http-exchange.js'
export { type HttpOptions, httpTransport } from './transports/http-transport.js'
export type { Endpoint, Transport, TransportConnection, TransportHandlers } from './transports/transport.js'
