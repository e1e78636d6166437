// The client: puts the parts together and is what an application holds. Data flows one way and back:
//
//   send() ─► Sender/Outbox ─► Link ─► transport ─► … server … ─► transport ─► Link ─► Connector ─► Inbox/Timeline
//                  │                                                                                    │
//                  └──────────────► Commits ─► storage ─► then events, transmissions, acks ◄────────────┘
//
// One turn per tick: what the tick brought is stored in one commit, and what may leave is written in one piece.
import type { Frame } from '../../../protocol/generated/messages.js'
import { INTEGER_MAX } from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'
import { checkCount, checkUid } from '../base/arguments.js'
import { Backoff } from '../base/backoff.js'
import { Emitter } from '../base/emitter.js'
import { errorOf, LongwireError } from '../base/errors.js'
import { Lifetime } from '../base/lifetime.js'
import type { Operate } from '../base/operation.js'
import { SleepWatch, watchPage } from '../base/wakeups.js'
import { Calls } from '../connection/calls.js'
import { type ConnectionStatus, Connector } from '../connection/connector.js'
import { Identity } from '../connection/identity.js'
import { Ladder } from '../connection/ladder.js'
import type { Link } from '../connection/link.js'
import type { SignInRequest } from '../connection/sign-in.js'
import { Acks } from '../rules/acks.js'
import { ContactList } from '../rules/contact-list.js'
import type { ClientEvents } from '../rules/events.js'
import { Inbox } from '../rules/inbox.js'
import { LocalCopy, STORAGE_FORMAT } from '../rules/local-copy.js'
import type { Message } from '../rules/messages.js'
import { Receipts } from '../rules/receipts.js'
import { Sender } from '../rules/sender.js'
import type { SentMessage } from '../rules/sent-message.js'
import { Shown } from '../rules/shown.js'
import { Commits } from '../storage/commits.js'
import type { Json, Storage } from '../storage/storage.js'
import { Account } from './account.js'
import { Contacts } from './contacts.js'
import { type ClientState, inspect } from './inspect.js'
import { type ClientOptions, type Config, configOf } from './options.js'

/** Waits of refusals that say "retry" on a connection that works. */
const RETRY = { baseMs: 250, capMs: 10_000 }

const HISTORY_PAGE_DEFAULT = 50
const HISTORY_PAGE_MAX = 10_000

interface HistoryRange {
  readonly before?: number
  readonly limit?: number
}

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
  readonly #contactList: ContactList
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
    const contacts = new ContactList(commits, contact => events.emit('contact', contact))
    const acks = new Acks({ clock, commits, shown, receipts, wake }, config)
    const sender = new Sender(
      {
        commits,
        receipts,
        clock,
        backoff: retry(),
        contactState: uid => contacts.get(uid)?.state,
        emitState,
        accepted: (message, from, version) => this.#inbox.accepted(message, from, version),
        failed: (message, code) => this.#inbox.failed(message, code),
        renewed: token => identity.renewToken(token),
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
    this.contacts = new Contacts(contacts, this.#operate)
    this.#contactList = contacts
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
      lifetime: this.#lifetime,
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
    this.#closed = new Promise(resolve => {
      this.#tellClosed = resolve
    })
    this.#sleepWatch = new SleepWatch(clock, () => this.nudge())
    this.#load(values)
    this.#unwatchPage = watchPage(() => this.nudge())
    storage.watch?.(error => commits.broke(error))
  }

  /** Listens to an event. @returns what takes the listener off again */
  on<K extends keyof ClientEvents>(name: K, listener: (event: ClientEvents[K]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /** Connects with the stored session, and keeps connected from then on. @throws LongwireError NOT_SIGNED_IN if there is none */
  connect(): void {
    this.#lifetime.check()
    if (!this.#identity.signedIn) throw LongwireError.local('NOT_SIGNED_IN')
    this.#connector.connect()
  }

  /**
   * The network changed or the application came to the front: connects now if it waits for that, or asks for a sign of life. A sleep
   * of the device, and in a page what the browser tells, the client notices by itself.
   */
  nudge(): void {
    if (!this.#lifetime.isOver) this.#connector.nudge()
  }

  /**
   * Puts a text into the outbox; it is sent when it is durably stored there and a connection allows, and survives a restart. The
   * handle says the present state; `messageState` tells the changes.
   * @param to the recipient's uid
   * @throws LongwireError NOT_SIGNED_IN, TEXT_TOO_LONG, INVALID_ARGUMENT (no uid; an empty text, or one with half of a surrogate
   * pair), QUEUE_FULL, CLOSED or STORAGE_FAILED: nothing was queued
   */
  send(to: number, text: string): SentMessage {
    const { uid, device } = this.#known()
    return this.#sender.send({ sender: uid, device }, to, text)
  }

  /** The user has read what came from the peer. Told to the peer and to the user's other devices; needs no connection now. */
  markRead(peer: number): void {
    this.#known()
    checkUid('peer', peer)
    this.#acks.markRead(peer)
  }

  /** A page of a conversation, the newest without `before`. */
  history(peer: number, options: HistoryRange = {}): Promise<MessagePage> {
    return this.#lifetime.promise(() => this.#page(peer, options))
  }

  /** How many messages of the peer that are kept here the user has not read. Derived, never counted up. */
  unread(peer: number): Promise<number> {
    return this.#lifetime.promise(async () => {
      let count = 0
      let before: number | undefined
      do {
        const page = await this.#page(peer, before === undefined ? {} : { before })
        const received = page.messages.filter(each => each.sender === peer)
        const news = received.filter(each => each.sendSeq > this.#acks.readUpTo(peer, each.device))
        count += news.length
        // Marks are per device and messages of devices mingle, but a page without anything new ends what is unread.
        before = received.length > 0 && news.length === 0 ? undefined : page.before
      } while (before !== undefined)
      return count
    })
  }

  /**
   * Ends the client for good, after what is under way is stored. The session, the outbox and the history stay, for the next client on
   * the storage; what is asked and not answered is rejected with CLOSED. Resolves when the storage is closed.
   */
  close(): Promise<void> {
    if (!this.#isClosing && !this.#lifetime.isOver) {
      this.#isClosing = true
      const closed = LongwireError.local('CLOSED')
      this.#lifetime.refuse(closed)
      this.#acks.tell()
      this.#commits.after(() => this.#end(closed))
      this.#turn()
    }
    return this.#closed
  }

  /** A snapshot for tests, auditors and bug reports. No secrets. */
  state(): ClientState {
    return inspect({
      status: this.#status,
      phase: this.#connector.phase,
      identity: this.#identity,
      timeline: this.#inbox.timeline,
      acks: this.#acks,
      sender: this.#sender,
      shown: this.#shown,
      contacts: this.#contactList,
    })
  }

  /** @throws LongwireError if the storage holds what no version of this library stored: then nothing is written to it either */
  #load(values: ReadonlyMap<string, Json>): void {
    try {
      this.#copy.load(values, this.#config.random)
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
    this.#commits.flush()
    this.#connector.flush()
  }

  #page(peer: number, { before, limit = HISTORY_PAGE_DEFAULT }: HistoryRange): Promise<MessagePage> {
    checkUid('peer', peer)
    checkCount('limit', limit, 1, HISTORY_PAGE_MAX)
    if (before !== undefined) checkCount('before', before, 0, INTEGER_MAX)
    return this.#lifetime.answer<MessagePage>((resolve, reject) => {
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

  #known(): Identity {
    this.#lifetime.check()
    if (this.#identity.uid === 0) throw LongwireError.local('NOT_SIGNED_IN')
    return this.#identity
  }

  readonly #operate: Operate = (method, make) => {
    const promise = this.#lifetime.promise(() => {
      this.#known()
      return this.#sender.operate(method, make())
    })
    // Whoever does not care how it ends must not be ended by it.
    promise.catch(() => {})
    return promise
  }

  async #signIn(what: SignInRequest): Promise<void> {
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
    if (this.#lifetime.isOver) return
    const failure = LongwireError.local('STORAGE_FAILED', error)
    this.#end(failure)
    this.#events.emit('storageFailed', { error })
  }

  /** Nothing is promised from here on: what waits is told so, and what was held is let go. */
  #end(why: LongwireError): void {
    this.#lifetime.end(why)
    this.#sleepWatch.stop()
    this.#unwatchPage()
    this.#connector.stop(why.reason)
    this.#calls.clear(why)
    this.#sender.end(why, why.reason === 'STORAGE_FAILED')
    closeStorage(this.#config.storage, this.#tellClosed)
  }

  #setStatus(status: ConnectionStatus): void {
    this.#status = status
    if (status.state === 'resting' || status.state === 'stopped') this.#sleepWatch.stop()
    else this.#sleepWatch.start()
    this.#events.emit('connection', status)
  }
}

/**
 * Opens the storage and makes a client of what it holds. Add listeners, then connect() if `account.signedIn`, or register or
 * log in.
 * @throws LongwireError STORAGE_FAILED, STORAGE_FORMAT; RangeError for an option that is out of range
 */
export function createClient(options: ClientOptions): Promise<Client> {
  const { stack } = new Error()
  return new Promise((resolve, reject) => {
    const config = configOf(options)
    const { storage } = config
    const refuse = (error: LongwireError): void => closeStorage(storage, () => reject(error.calledFrom(stack)))
    const opened = (error: Error | undefined, values: ReadonlyMap<string, Json>): void => {
      if (error !== undefined) refuse(LongwireError.local('STORAGE_FAILED', error))
      else if ((values.get('format') ?? STORAGE_FORMAT) !== STORAGE_FORMAT)
        refuse(LongwireError.local('STORAGE_FORMAT'))
      else make(values)
    }
    const make = (values: ReadonlyMap<string, Json>): void => {
      try {
        resolve(new Client(config, values))
      } catch (error) {
        refuse(error instanceof LongwireError ? error : LongwireError.local('STORAGE_FAILED', errorOf(error)))
      }
    }
    try {
      storage.open(opened)
    } catch (error) {
      refuse(LongwireError.local('STORAGE_FAILED', errorOf(error)))
    }
  })
}

/** It may be one of the application's own: whatever it does, nobody waits for it in vain. */
function closeStorage(storage: Storage, done: () => void): void {
  try {
    storage.close(done)
  } catch {
    done()
  }
}
