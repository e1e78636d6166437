// The client: puts the parts together and is what an application holds. Data flows one way and back:
//
//   send() ─► Sender/Outbox ─► Link ─► transport ─► … server … ─► transport ─► Link ─► Connector ─► Inbox/Timeline
//                  │                                                                                    │
//                  └──────────────► Commits ─► storage ─► then events, transmissions, acks ◄────────────┘
//
// One turn per tick: what the tick brought is stored in one commit, and what may leave is written in one piece.
import { CODES } from '../../protocol/codes.js'
import type { Frame, HelloResponse, Session } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { Account, type AccountHost } from './account.js'
import { Acks } from './acks.js'
import { Backoff } from './backoff.js'
import { Calls } from './calls.js'
import { Commits } from './commits.js'
import { type ConnectionStatus, Connector, type SignInRequest } from './connector.js'
import { Contacts } from './contacts.js'
import { Emitter } from './emitter.js'
import { BrokenServer, LongwireError } from './errors.js'
import type { ClientEvents } from './events.js'
import { HEAD_UNKNOWN, Identity } from './identity.js'
import { Inbox } from './inbox.js'
import { type ClientState, inspect } from './inspect.js'
import type { Link } from './link.js'
import type { Message } from './messages.js'
import { type ClientOptions, type Config, configOf } from './options.js'
import { Receipts } from './receipts.js'
import { Sender } from './sender.js'
import type { SentMessage } from './sent-message.js'
import { Shown } from './shown.js'
import type { Json } from './storage.js'

/** Waits of refusals that say "retry" on a connection that works. */
const RETRY = { baseMs: 250, capMs: 10_000 }

const HISTORY_PAGE_DEFAULT = 50

const STORAGE_FORMAT = 1

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
  readonly #receipts: Receipts
  readonly #shown = new Shown()
  readonly #acks: Acks
  readonly #sender: Sender
  readonly #inbox: Inbox
  readonly #calls: Calls
  readonly #connector: Connector
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
    const retry = (): Backoff => new Backoff(random, RETRY)
    const emitState = (event: ClientEvents['messageState']): void => this.#events.emit('messageState', event)
    this.#events = new Emitter(defer)
    this.#commits = new Commits(storage, wake, error => this.#storageFailed(error))
    const commits = this.#commits
    this.#identity = new Identity(commits)
    const identity = this.#identity
    this.#receipts = new Receipts(commits, this.#events)
    const receipts = this.#receipts
    this.contacts = new Contacts(
      commits,
      (method, request) => this.#operate(method, request),
      contact => this.#events.emit('contact', contact),
    )
    const { contacts } = this
    this.#acks = new Acks({ clock, commits, shown: this.#shown, receipts, wake }, config)
    this.#sender = new Sender(
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
    this.#inbox = new Inbox({
      commits,
      contacts,
      receipts,
      shown: this.#shown,
      acks: this.#acks,
      sender: this.#sender,
      clock,
      backoff: retry(),
      identity,
      emitMessage: message => this.#events.emit('message', message),
      emitState,
      emitTrimmed: () => this.#events.emit('trimmed', {}),
      ownProfile: (account, nickname) => this.#ownProfile(account, nickname),
      resync: () => this.#resync(HEAD_UNKNOWN),
      applied: (version, whole) => this.#applied(version, whole),
      connectionCode,
      wake,
    })
    this.#calls = new Calls({ clock, backoff: retry(), connectionCode, wake }, config)
    this.#connector = new Connector(
      {
        transport: config.transport,
        clock,
        commits,
        backoff: new Backoff(random, { baseMs: config.reconnectBaseMs, capMs: config.reconnectCapMs }),
        hello: () => ({ token: identity.token, since: this.#inbox.timeline.applied, storeId: identity.storeId }),
        signedIn: (session, what) => this.#signedIn(session, what),
        hasHello: link => this.#hasHello(link),
        greeted: (link, response) => this.#greeted(link, response),
        notice: frame => this.#notice(frame),
        draining: () => this.#draining(),
        parting: () => this.#acks.tell(),
        disconnected: () => this.#disconnected(),
        resync: () => this.#resync(HEAD_UNKNOWN),
        sessionEnded: code => this.#sessionEnded(code),
        status: status => this.#setStatus(status),
        wake,
      },
      config,
    )
    this.account = new Account(this.#accountHost())
    this.#load(values)
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
      attempt: this.#connector.attempt,
      identity: this.#identity,
      timeline: this.#inbox.timeline,
      acks: this.#acks,
      outbox: this.#sender.outbox,
      shown: this.#shown,
      contacts: this.contacts,
    })
  }

  #accountHost(): AccountHost {
    return {
      identity: this.#identity,
      calls: this.#calls,
      deviceName: this.#config.deviceName,
      operate: (method, request) => this.#operate(method, request),
      signIn: what => this.#signIn(what),
      connected: () => this.#connector.phase === 'online',
      forget: () => this.#forgetAccount(LongwireError.local('LOGGED_OUT')),
      rest: () => this.#connector.rest(),
      leaving: leaving => {
        this.#leaving = leaving
      },
    }
  }

  #load(values: ReadonlyMap<string, Json>): void {
    if (!values.has('format')) this.#commits.put('format', STORAGE_FORMAT)
    const identity = this.#identity
    identity.load(values, this.#config.random)
    this.#receipts.device = identity.device
    this.contacts.begin(identity.generation)
    this.#connector.loadAttempt((values.get('attempt') ?? 0) as number)
    const applied = (values.get('applied') ?? 0) as number
    this.#inbox.load(applied)
    this.#acks.load(applied)
    const outbox: [number, Json][] = []
    const sent: [number, number][] = []
    for (const [name, value] of values) {
      const [kind = '', first = '', second = ''] = name.split('/')
      const [a, b] = [Number(first), Number(second)]
      if (kind === 'contact') this.contacts.load(a, value)
      else if (kind === 'delivered' || kind === 'read' || kind === 'own-read') this.#receipts.load(kind, a, value)
      else if (kind === 'shown') this.#shown.load(a, b, value)
      else if (kind === 'marked') this.#acks.loadRead(a, b, value)
      else if (kind === 'unsure') this.#sender.loadUnsure(a, b)
      else if (kind === 'out') outbox.push([a, value])
      else if (kind === 'sent') sent.push([a, value as number])
    }
    const byNumber = (x: readonly [number, unknown], y: readonly [number, unknown]): number => x[0] - y[0]
    this.#sender.load((values.get('seq') ?? 1) as number, outbox.sort(byNumber), identity.uid, identity.device)
    for (const [sendSeq, peer] of sent.sort(byNumber)) this.#receipts.loadSent(sendSeq, peer)
    this.#receipts.loaded()
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

  #operate: Sender['operate'] = (method, request) => {
    this.#known()
    return this.#sender.operate(method, request)
  }

  async #signIn(what: SignInRequest): Promise<void> {
    this.#checkOpen()
    if (this.#identity.signedIn) throw LongwireError.local('ALREADY_SIGNED_IN')
    if (this.#connector.signingIn) throw LongwireError.local('BUSY')
    await this.#connector.signIn(what)
  }

  #signedIn(session: Session, { request }: SignInRequest): void {
    const identity = this.#identity
    const sameUser = identity.uid === session.uid && sameBytes(identity.storeId, session.storeId)
    // Another user's or another store's copy: ids and uids in it name other things.
    if (!sameUser) this.#forgetAccount(LongwireError.ofCode(CODES.SETTLED.code))
    const sameDevice = sameUser && identity.device === session.device
    identity.adopt(session, request.account.toLowerCase())
    identity.adoptStore(session.storeId)
    this.#receipts.device = session.device
    if (sameDevice) this.#sender.greeted(session.lastSendSeq)
    else this.#sender.reset(session.lastSendSeq + 1, LongwireError.ofCode(CODES.SETTLED.code))
  }

  #hasHello(link: Link): void {
    this.#sender.connected(link)
    this.#calls.connected(link)
  }

  #greeted(link: Link, response: HelloResponse): void {
    const identity = this.#identity
    if (response.uid !== identity.uid) throw new BrokenServer(`the session of ${identity.uid} is ${response.uid}'s`)
    const unknown = LongwireError.ofCode(CODES.SETTLED.code)
    if (!sameBytes(identity.storeId, response.storeId)) this.#otherStore(response, unknown)
    else if (response.device !== identity.device) {
      identity.adoptDevice(response.device)
      this.#receipts.device = response.device
      this.#sender.reset(response.lastSendSeq + 1, unknown)
    }
    if (response.resync) this.#resync(response.head)
    else if (identity.resyncHead !== undefined) identity.setResyncHead(response.head)
    this.#inbox.greeted(link)
    this.#sender.greeted(response.lastSendSeq)
    this.#acks.greeted(link, response.ack)
  }

  /** The session is known to another store: what is here has nothing to do with it, but for who this is. */
  #otherStore(response: HelloResponse, error: LongwireError): void {
    const identity = this.#identity
    const { uid, account, token, expiresAtMs } = identity
    const { storeId, device, lastSendSeq } = response
    const nextSendSeq = Math.max(this.#sender.outbox.nextSendSeq, lastSendSeq + 1)
    this.#forgetAccount(error)
    identity.adopt({ uid, device, token, expiresAtMs, lastSendSeq, storeId, boundAttempt: 0 }, account)
    identity.adoptStore(storeId)
    this.#receipts.device = device
    // Requests of the old copy went right behind Hello: their numbers are not given again.
    this.#sender.reset(nextSendSeq, error)
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

  /** The timeline begins anew. Messages that were shown stay shown; keyed state is confirmed or goes. */
  #resync(head: number): void {
    this.#identity.beginResync(head)
    this.contacts.begin(this.#identity.generation)
    this.#inbox.reset()
    this.#acks.resync()
    this.#commits.after(() => this.#events.emit('resync', { forgotten: false }))
    this.#applied(0, false)
  }

  #applied(version: number, whole: boolean): void {
    const head = this.#identity.resyncHead
    if (head === undefined || !(whole || (head !== HEAD_UNKNOWN && version >= head))) return
    this.#identity.setResyncHead(undefined)
    this.contacts.dropUnconfirmed()
  }

  #ownProfile(account: string, nickname: string): void {
    this.#identity.adoptProfile(account, nickname)
    this.#commits.after(() => this.#events.emit('profile', { account, nickname }))
  }

  #sessionEnded(code: number): void {
    if (!this.#identity.signedIn) return
    this.#identity.endSession()
    if (this.#leaving) return
    const { reason, message } = LongwireError.ofCode(code)
    this.#commits.after(() => this.#events.emit('sessionEnded', { code, reason, message }))
  }

  /** Drops everything of the account but the installation and the attempt. */
  #forgetAccount(error: LongwireError): void {
    const had = this.#identity.uid !== 0
    this.#sender.clear(error)
    this.#commits.forget()
    this.#commits.put('format', STORAGE_FORMAT)
    this.#commits.put('attempt', this.#connector.attempt)
    this.#identity.clear()
    this.contacts.clear()
    this.contacts.begin(0)
    this.#receipts.clear()
    this.#shown.clear()
    this.#acks.clear()
    this.#inbox.reset()
    if (had) this.#commits.after(() => this.#events.emit('resync', { forgotten: true }))
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

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
