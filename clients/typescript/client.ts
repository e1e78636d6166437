// The client: puts the parts together and is what an application holds. Data flows one way and back:
//
//   send() ─► Sender/Outbox ─► Link ─► transport ─► … server … ─► transport ─► Link ─► Connector ─► Inbox/Timeline
//                  │                                                                                    │
//                  └──────────────► Commits ─► storage ─► then events, transmissions, acks ◄────────────┘
//
// One turn per tick: what the tick brought is stored in one commit, and what may leave is written in one piece.
import type { Frame } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { Account } from './account.js'
import { Acks } from './acks.js'
import { Backoff } from './backoff.js'
import { Calls } from './calls.js'
import { Commits } from './commits.js'
import { type ConnectionStatus, Connector } from './connector.js'
import { Contacts } from './contacts.js'
import { Emitter } from './emitter.js'
import { LongwireError } from './errors.js'
import type { ClientEvents } from './events.js'
import { Identity } from './identity.js'
import { Inbox } from './inbox.js'
import { type ClientState, inspect } from './inspect.js'
import { Ladder } from './ladder.js'
import type { Link } from './link.js'
import { LocalCopy, STORAGE_FORMAT } from './local-copy.js'
import type { Message } from './messages.js'
import { type ClientOptions, type Config, configOf } from './options.js'
import { Receipts } from './receipts.js'
import { Sender } from './sender.js'
import type { SentMessage } from './sent-message.js'
import { Shown } from './shown.js'
import type { SignInRequest } from './sign-in.js'
import type { Json } from './storage.js'

/** Waits of refusals that say "retry" on a connection that works. */
const RETRY = { baseMs: 250, capMs: 10_000 }

const HISTORY_PAGE_DEFAULT = 50

export interface MessagePage {
  /** Oldest first. The newest page ends with what is still in the outbox. */
  readonly messages: readonly Message[]
  /** For the page before this one; undefined if there is none. */
  readonly before: number | undefined
}

export class Client {
  readonly contacts: Contacts
  readonly account: Account
  readonly #config: Config
  readonly #events: Emitter<ClientEvents>
  readonly #commits: Commits
  readonly #identity: Identity
  readonly #shown = new Shown()
  readonly #acks: Acks
  readonly #sender: Sender
  readonly #inbox: Inbox
  readonly #calls: Calls
  readonly #connector: Connector
  readonly #copy: LocalCopy
  #status: ConnectionStatus = { state: 'resting' }
  #turnAsked = false
  #closed = false
  /** The application ends the session itself: it need not be told. */
  #leaving = false

  /** @internal Use createClient(). */
  constructor(config: Config, values: ReadonlyMap<string, Json>) {
    this.#config = config
    const { storage, clock, random, defer } = config
    const wake = (): void => this.#wake()
    const connectionCode = (frame: Frame): void => this.#connector.code(frame)
    const resync = (): void => this.#copy.resync()
    const retry = (): Backoff => new Backoff(random, RETRY)
    const events = new Emitter<ClientEvents>(defer)
    const emitState = (event: ClientEvents['messageState']): void => events.emit('messageState', event)
    const commits = new Commits(storage, wake, error => this.#storageFailed(error))
    const identity = new Identity(commits)
    const receipts = new Receipts(commits, events)
    const shown = this.#shown
    const contacts = new Contacts(commits, this.#operate, contact => events.emit('contact', contact))
    const acks = new Acks({ clock, commits, shown, receipts, wake }, config)
    const sender = new Sender(
      {
        commits,
        receipts,
        clock,
        backoff: retry(),
        emitState,
        accepted: (message, from, version) => this.#inbox.accepted(message, from, version),
        failed: (message, code) => this.#inbox.failed(message, code),
        connectionCode,
        wake,
      },
      config,
    )
    const inbox = new Inbox({
      commits,
      contacts,
      receipts,
      shown,
      acks,
      sender,
      clock,
      backoff: retry(),
      identity,
      events,
      resync,
      applied: (version, whole) => this.#copy.applied(version, whole),
      connectionCode,
      wake,
    })
    this.#events = events
    this.#commits = commits
    this.#identity = identity
    this.contacts = contacts
    this.#acks = acks
    this.#sender = sender
    this.#inbox = inbox
    this.#calls = new Calls({ clock, backoff: retry(), connectionCode, wake }, config)
    this.#copy = new LocalCopy({ commits, events, identity, contacts, receipts, shown, acks, sender, inbox })
    this.#connector = new Connector(
      {
        ladder: new Ladder(config.transports, clock, random),
        clock,
        commits,
        identity,
        backoff: new Backoff(random, { baseMs: config.reconnectBaseMs, capMs: config.reconnectCapMs }),
        since: () => inbox.timeline.applied,
        signedIn: (session, what) => this.#copy.signedIn(session, what),
        hasHello: link => this.#hasHello(link),
        greeted: (link, response) => this.#copy.greeted(link, response),
        notice: frame => this.#notice(frame),
        draining: () => this.#draining(),
        parting: () => acks.tell(),
        disconnected: () => this.#disconnected(),
        resync,
        sessionEnded: code => this.#sessionEnded(code),
        status: status => this.#setStatus(status),
        wake,
      },
      config,
    )
    this.account = new Account({
      identity,
      calls: this.#calls,
      deviceName: config.deviceName,
      operate: this.#operate,
      signIn: what => this.#signIn(what),
      connected: () => this.#connector.phase === 'online',
      forget: () => this.#copy.forget(LongwireError.local('LOGGED_OUT')),
      rest: () => this.#connector.rest(),
      leaving: leaving => {
        this.#leaving = leaving
      },
    })
    this.#copy.load(values, random)
  }

  /** Listens to an event. @returns what takes the listener off again */
  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /** Connects with the stored session, and keeps connected from then on. @throws LongwireError NOT_SIGNED_IN if there is none */
  connect(): void {
    this.#checkOpen()
    if (!this.#identity.signedIn) throw LongwireError.local('NOT_SIGNED_IN')
    this.#connector.connect()
  }

  /** The network changed or the application came to the front: connects now if it waits for that, or asks for a sign of life. */
  nudge(): void {
    this.#connector.nudge()
  }

  /**
   * Puts a text into the outbox; it is sent when it is durably stored there and a connection allows, and survives a restart. The
   * handle says the present state; `messageState` tells the changes.
   * @param to the recipient's uid
   * @throws LongwireError NOT_SIGNED_IN, TEXT_TOO_LONG, INVALID_ARGUMENT (empty text) or QUEUE_FULL: nothing was queued
   */
  send(to: number, text: string): SentMessage {
    const { uid, device } = this.#known()
    return this.#sender.send({ sender: uid, device }, to, text)
  }

  /** The user has read what came from the peer. Told to the peer and to the user's other devices; needs no connection now. */
  markRead(peer: number): void {
    this.#known()
    this.#acks.markRead(peer)
  }

  /** A page of a conversation, the newest without `before`. */
  history(peer: number, options: { readonly before?: number; readonly limit?: number } = {}): Promise<MessagePage> {
    const { before, limit = HISTORY_PAGE_DEFAULT } = options
    return new Promise((resolve, reject) => {
      this.#config.storage.history(peer, before, limit, (error, page) => {
        if (error !== undefined) {
          reject(LongwireError.local('STORAGE_FAILED', error))
          return
        }
        const messages = page.messages.map(each => this.#inbox.present(each))
        if (before === undefined) messages.push(...this.#sender.queuedTo(peer))
        resolve({ messages, before: page.before })
      })
    })
  }

  /** How many messages of the peer that are kept here the user has not read. Derived, never counted up. */
  async unread(peer: number): Promise<number> {
    let count = 0
    let before: number | undefined
    do {
      const page = await this.history(peer, before === undefined ? {} : { before })
      const received = page.messages.filter(each => each.sender === peer)
      const news = received.filter(each => each.sendSeq > this.#acks.readUpTo(peer, each.device))
      count += news.length
      // Marks are per device and messages of devices mingle, but a page without anything new ends what is unread.
      before = received.length > 0 && news.length === 0 ? undefined : page.before
    } while (before !== undefined)
    return count
  }

  /** Ends the connection for good, after what is under way is stored. The session, the outbox and the history stay. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#closed = true
    this.#acks.tell()
    return new Promise(resolve => {
      const end = (): void => {
        this.#connector.stop('CLOSED')
        this.#calls.clear(LongwireError.local('CLOSED'))
        this.#config.storage.close(resolve)
      }
      if (this.#commits.failed) end()
      else this.#commits.after(end)
      this.#turn()
    })
  }

  /** A snapshot for tests, auditors and bug reports. No secrets. */
  state(): ClientState {
    return inspect({
      status: this.#status,
      phase: this.#connector.phase,
      identity: this.#identity,
      timeline: this.#inbox.timeline,
      acks: this.#acks,
      outbox: this.#sender.outbox,
      shown: this.#shown,
      contacts: this.contacts,
    })
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
    this.#commits.flush()
    this.#connector.flush()
  }

  #checkOpen(): void {
    if (this.#closed) throw LongwireError.local('CLOSED')
    if (this.#status.state === 'stopped' && this.#status.reason === 'STORAGE_FAILED') {
      throw LongwireError.local('STORAGE_FAILED')
    }
  }

  #known(): Identity {
    this.#checkOpen()
    if (this.#identity.uid === 0) throw LongwireError.local('NOT_SIGNED_IN')
    return this.#identity
  }

  readonly #operate: Sender['operate'] = (method, request) => {
    this.#known()
    return this.#sender.operate(method, request)
  }

  async #signIn(what: SignInRequest): Promise<void> {
    this.#checkOpen()
    if (this.#identity.signedIn) throw LongwireError.local('ALREADY_SIGNED_IN')
    if (this.#connector.signingIn) throw LongwireError.local('BUSY')
    await this.#connector.signIn(what)
  }

  #hasHello(link: Link): void {
    this.#sender.connected(link)
    this.#calls.connected(link)
  }

  #notice(frame: Frame): void {
    if (frame.method === METHODS.push.number) this.#inbox.onPush(frame)
    else if (frame.method === METHODS.notify.number) this.#inbox.onNotify(frame)
  }

  #draining(): void {
    this.#sender.drain()
    this.#inbox.drain()
    this.#calls.drain()
  }

  #disconnected(): void {
    this.#sender.disconnected()
    this.#inbox.disconnected()
    this.#calls.disconnected()
    this.#acks.disconnected()
  }

  #sessionEnded(code: number): void {
    if (!this.#identity.signedIn) return
    this.#identity.endSession()
    // Unless something else ended it: the account's deletion has no answer yet, and may never have been heard of.
    if (this.#leaving && !this.#sender.outbox.holds('deleteAccount')) return
    const { reason, message } = LongwireError.ofCode(code)
    this.#commits.after(() => this.#events.emit('sessionEnded', { code, reason, message }))
  }

  #storageFailed(error: Error): void {
    this.#connector.stop('STORAGE_FAILED')
    const failure = LongwireError.local('STORAGE_FAILED', error)
    this.#calls.clear(failure)
    this.#events.emit('storageFailed', { error })
  }

  #setStatus(status: ConnectionStatus): void {
    this.#status = status
    this.#events.emit('connection', status)
  }
}

/**
 * Opens the storage and makes a client of what it holds. Add listeners, then connect() if `account.signedIn`, or register or
 * log in.
 * @throws LongwireError STORAGE_FAILED, STORAGE_FORMAT; RangeError for an option that is out of range
 */
export function createClient(options: ClientOptions): Promise<Client> {
  return new Promise((resolve, reject) => {
    const config = configOf(options)
    config.storage.open((error, values) => {
      if (error !== undefined) reject(LongwireError.local('STORAGE_FAILED', error))
      else if ((values.get('format') ?? STORAGE_FORMAT) !== STORAGE_FORMAT)
        reject(LongwireError.local('STORAGE_FORMAT'))
      else resolve(new Client(config, values))
    })
  })
}
