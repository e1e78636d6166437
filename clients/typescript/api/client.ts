// The client: what an application holds. Data flows one way and back:
//
//   send() ─► Sender/SendQueue ─► Link ─► transport ─► … server … ─► transport ─► Link ─► Connector ─► Inbox/Timeline
//                  │                                                                                    │
//                  └──────────────► Commits ─► storage ─► then events, transmissions, acks ◄────────────┘
//
// One turn per tick: what the tick brought is stored in one commit, and what may leave is written in one piece. wiring.ts puts
// the parts together.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { conversationNamed, writableNamed } from '../base/arguments.js'
import { Emitter } from '../base/emitter.js'
import { errorOf, LongwireError } from '../base/errors.js'
import { Lifetime } from '../base/lifetime.js'
import type { Operate, UnderWay } from '../base/operation.js'
import { SleepWatch, watchPage } from '../base/wakeups.js'
import type { ConnectionStatus } from '../connection/connector.js'
import type { Identity } from '../connection/identity.js'
import type { SignInRequest } from '../connection/sign-in.js'
import type { ClientEvents } from '../rules/events.js'
import type { Message } from '../rules/messages.js'
import type { SentMessage } from '../rules/sent-message.js'
import { closeStorage, type Json } from '../storage/storage.js'
import { Account } from './account.js'
import { Chats } from './chats.js'
import { Contacts } from './contacts.js'
import { Conversations } from './conversations.js'
import { Groups } from './groups.js'
import { History, type HistoryRange, type MessagePage, type SearchOptions } from './history.js'
import { type ClientState, inspect } from './inspect.js'
import { Messages } from './messages.js'
import type { Config } from './options.js'
import { richOf, type SendOptions } from './outgoing.js'
import { Presence } from './presence.js'
import { Rooms } from './rooms.js'
import { type Parts, stop, wire } from './wiring.js'

export class Client {
  readonly contacts: Contacts
  readonly groups: Groups
  readonly messages: Messages
  readonly conversations: Conversations
  readonly presence: Presence
  readonly chats: Chats
  readonly rooms: Rooms
  readonly account: Account
  readonly #config: Config
  readonly #events: Emitter<ClientEvents>
  readonly #parts: Parts
  readonly #history: History
  readonly #lifetime = new Lifetime()
  readonly #sleepWatch: SleepWatch
  readonly #unwatchPage: () => void
  /** The storage is closed. */
  readonly #closed: Promise<void>
  #tellClosed: () => void = () => {}
  #status: ConnectionStatus = { state: 'resting' }
  #turnAsked = false
  #isClosing = false
  /** The application ends the session itself: it need not be told. */
  #leaving = false

  /** @internal Use createClient(). */
  constructor(config: Config, values: ReadonlyMap<string, Json>) {
    this.#config = config
    this.#events = new Emitter<ClientEvents>(config.defer)
    this.#parts = wire(config, {
      lifetime: this.#lifetime,
      events: this.#events,
      wake: () => this.#wake(),
      storageFailed: error => this.#storageFailed(error),
      sessionEnded: code => this.#sessionEnded(code),
      status: status => this.#setStatus(status),
    })
    this.contacts = new Contacts(this.#parts.contacts, this.#operate)
    const { calls, acks, groups, conversations, preferences, rooms, boards, inbox, sender, commits } = this.#parts
    const asking = { calls, lifetime: this.#lifetime, operate: this.#operate }
    this.groups = new Groups({ ...asking, list: groups, present: message => inbox.present(message) })
    this.#history = new History({
      storage: config.storage,
      lifetime: this.#lifetime,
      parts: this.#parts,
      earlier: (group, before, limit) => this.groups.earlier(group, { before, limit }),
    })
    this.messages = new Messages({
      ...asking,
      durable: () => acks.durable,
      ahead: conversation => inbox.ahead.of(conversation),
      discarded: message => {
        sender.forgetUnsure(message.device, message.sendSeq)
        inbox.followUps.discard(message)
        return this.#lifetime.answer(resolve => commits.after(() => resolve(undefined)))
      },
    })
    const underWay: UnderWay = (method, isOne) => sender.underWay(method, isOne)
    this.conversations = new Conversations({ ...asking, list: conversations, preferences, acks, underWay })
    this.rooms = new Rooms({ ...asking, list: rooms, boards, present: message => inbox.present(message) })
    this.presence = new Presence({ lifetime: this.#lifetime, signals: this.#parts.signals })
    this.chats = new Chats(this.#parts.chats, this.#lifetime)
    this.account = this.#makeAccount()
    this.#closed = new Promise(resolve => {
      this.#tellClosed = resolve
    })
    this.#sleepWatch = new SleepWatch(config.clock, () => this.nudge())
    this.#load(values)
    this.#unwatchPage = watchPage(() => this.nudge())
    config.storage.watch?.(error => this.#parts.commits.broke(error))
  }

  /** Listens to an event. @returns what takes the listener off again */
  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /** Connects with the stored session, and keeps connected from then on. @throws LongwireError NOT_SIGNED_IN if there is none */
  connect(): void {
    this.#lifetime.check()
    if (!this.#parts.identity.signedIn) throw LongwireError.local('NOT_SIGNED_IN')
    this.#parts.connector.connect()
  }

  /**
   * The network changed or the application came to the front: connects now if it waits for that, or asks for a sign of life. A sleep
   * of the device, and in a page what the browser tells, the client notices by itself.
   */
  nudge(): void {
    if (!this.#lifetime.isOver) this.#parts.connector.nudge()
  }

  /**
   * Puts a text into the send queue; it is sent when it is durably stored there and a connection allows, and survives a restart. The
   * handle says the present state; `messageState` tells the changes.
   * @param to a group, by its conversation's id; or a direct conversation, by its id or by the recipient's uid
   * @param options what goes with the text: content of another kind, the message that it answers, who is named, the application's own
   * @throws LongwireError NOT_SIGNED_IN, TEXT_TOO_LONG, INVALID_ARGUMENT (another conversation; an empty text, or one with half of a
   * surrogate pair), BAD_MENTIONS, QUEUE_FULL, CLOSED or STORAGE_FAILED: nothing was queued
   */
  send(to: number | ConversationId, text: string, options: SendOptions = {}): SentMessage {
    const { uid, device } = this.#known()
    const conversation = writableNamed('to', to)
    const rich = richOf(conversation, text, options)
    const message = this.#parts.sender.send({ sender: uid, device }, conversation, text, rich)
    this.#parts.chats.touched(conversation)
    return message
  }

  /**
   * The user has read what came in the conversation. Needs no connection now. The user's other devices are told, and of a direct
   * conversation the other user. Of one that is neither direct nor a group it is known on this device alone.
   * @param number in a group: only up to this number
   */
  markRead(conversation: number | ConversationId, number?: number): void {
    this.#known()
    this.conversations.markRead(conversationNamed('conversation', conversation), number)
  }

  /**
   * A page of a conversation, the newest without `before`, `after` or `around`: from what is stored here, and beyond it from the server.
   * What joins what is stored is stored then, too.
   */
  history(conversation: number | ConversationId, options: HistoryRange = {}): Promise<MessagePage> {
    return this.#lifetime.promise(() => this.#history.page(conversation, options))
  }

  /** Messages that are stored here and whose text holds a text, whatever the case; the newest first. */
  search(text: string, options: SearchOptions = {}): Promise<readonly Message[]> {
    return this.#lifetime.promise(() => this.#history.search(text, options))
  }

  /**
   * The number of messages of others in the conversation that are kept here and that the user has not read. Derived, never
   * counted up. `conversations.unread()` asks the server.
   */
  unread(conversation: number | ConversationId): Promise<number> {
    return this.#lifetime.promise(() => this.#history.unread(conversation))
  }

  /**
   * Ends the client for good, after what is under way is stored. The session, the send queue and the history stay, for the next client on
   * the storage; what is asked and not answered is rejected with CLOSED. Resolves when the storage is closed.
   */
  close(): Promise<void> {
    if (!this.#isClosing && !this.#lifetime.isOver) {
      this.#isClosing = true
      const closed = LongwireError.local('CLOSED')
      this.#lifetime.refuse(closed)
      this.#parts.acks.tell()
      this.#parts.commits.after(() => this.#end(closed))
      this.#turn()
    }
    return this.#closed
  }

  /**
   * The server's time now, in milliseconds since 1970: that of messages, also of own ones. Before the first connection it is the device's,
   * which may be days off.
   */
  serverTime(): number {
    return this.#parts.serverTime.now()
  }

  /** A snapshot for tests, auditors and bug reports. No secrets. */
  state(): ClientState {
    return inspect(this.#status, this.#parts)
  }

  #makeAccount(): Account {
    const { identity, calls, connector, copy } = this.#parts
    return new Account({
      identity,
      calls,
      lifetime: this.#lifetime,
      deviceName: this.#config.deviceName,
      operate: this.#operate,
      signIn: what => this.#signIn(what),
      connected: () => connector.phase === 'online',
      forget: () => copy.forget(LongwireError.local('LOGGED_OUT')),
      rest: () => connector.rest(),
      leaving: leaving => {
        this.#leaving = leaving
      },
    })
  }

  /** @throws LongwireError if the storage holds what no version of this library stored: then nothing is written to it either */
  #load(values: ReadonlyMap<string, Json>): void {
    try {
      this.#parts.copy.load(values, this.#config.random)
    } catch (error) {
      const failure = LongwireError.local('STORAGE_FAILED', errorOf(error))
      this.#lifetime.end(failure)
      throw failure
    }
  }

  #wake(): void {
    if (this.#turnAsked) return
    this.#turnAsked = true
    this.#config.defer(() => {
      this.#turnAsked = false
      this.#turn()
    })
  }

  #turn(): void {
    if (this.#lifetime.isOver) return
    this.#sleepWatch.look()
    this.#parts.commits.flush()
    this.#parts.connector.flush()
  }

  #known(): Identity {
    this.#lifetime.check()
    if (this.#parts.identity.uid === 0) throw LongwireError.local('NOT_SIGNED_IN')
    return this.#parts.identity
  }

  readonly #operate: Operate = (method, make, answered) => {
    const promise = this.#lifetime.promise(() => {
      this.#known()
      return this.#parts.sender.operate(method, make(), answered)
    })
    // Whoever does not care how it ends must not be ended by it.
    promise.catch(() => {})
    return promise
  }

  async #signIn(what: SignInRequest): Promise<void> {
    if (this.#parts.identity.signedIn) throw LongwireError.local('ALREADY_SIGNED_IN')
    if (this.#parts.connector.signingIn) throw LongwireError.local('BUSY')
    await this.#parts.connector.signIn(what)
  }

  #sessionEnded(code: number): void {
    if (!this.#parts.identity.signedIn) return
    this.#parts.identity.endSession()
    const error = LongwireError.ofCode(code)
    this.#parts.calls.clear(error)
    // Unless something else ended it: the account's deletion has no answer yet, and may never have been heard of.
    if (this.#leaving && !this.#parts.sender.sendQueue.holds('deleteAccount')) return
    const { reason, message } = error
    this.#parts.commits.after(() => this.#events.emit('sessionEnded', { code, reason, message }))
  }

  #storageFailed(error: Error): void {
    if (this.#lifetime.isOver) return
    const failure = LongwireError.local('STORAGE_FAILED', error)
    this.#end(failure)
    this.#events.emit('storageFailed', { error })
  }

  /** The one end of a client, for whatever reason: what waits is told so, and what was held is let go. */
  #end(why: LongwireError): void {
    this.#lifetime.end(why)
    this.#sleepWatch.stop()
    this.#unwatchPage()
    stop(this.#parts, why)
    closeStorage(this.#config.storage, this.#tellClosed)
  }

  #setStatus(status: ConnectionStatus): void {
    this.#status = status
    if (status.state === 'resting' || status.state === 'stopped') this.#sleepWatch.stop()
    else this.#sleepWatch.start()
    this.#events.emit('connection', status)
  }
}
