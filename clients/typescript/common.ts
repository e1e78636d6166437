// What the entries for Node (index.ts) and for browsers (browser.ts) have in common: it runs in both.
export { actionOf, CODES, type Code, type CodeName, codeName, codeText } from '../../protocol/codes.js'
export type { Account, DeviceInfo, Profile } from './account.js'
export { type Client, createClient, type MessagePage } from './client.js'
export type { ConnectionStatus } from './connector.js'
export type { Contact } from './contact-list.js'
export type { Contacts } from './contacts.js'
export { LongwireError } from './errors.js'
export type { ClientEvents } from './events.js'
export { type FetchOptions, fetchExchange } from './fetch-exchange.js'
export type { HttpCall, HttpExchange, HttpRequest, HttpResponse } from './http-exchange.js'
export { type HttpOptions, httpTransport } from './http-transport.js'
export type { ClientState } from './inspect.js'
export { MemoryStorage } from './memory-storage.js'
export type { Message, MessageState, MessageStateEvent, ReadEvent, WatermarkEvent } from './messages.js'
export type { ClientOptions } from './options.js'
export type { SentMessage } from './sent-message.js'
export type { Changes, Failure, HistoryOptions, HistoryPage, Json, Storage, StoredMessage } from './storage.js'
export {
  type Clock,
  type Defer,
  type Random,
  systemClock,
  systemDefer,
  systemRandom,
  type TimerHandle,
} from './system.js'
export type { Transport, TransportConnection, TransportHandlers } from './transport.js'
