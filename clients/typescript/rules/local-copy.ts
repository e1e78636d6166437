// This device's copy of the account. It is loaded at start, bound to a session, a store and a device number, and begun anew by a
// resync. It is forgotten when it turns out to be somebody else's.
//
//   nothing ──signedIn──► bound ──resync──► renewing ──applied up to the head──► bound
//      ▲                    │                   │
//      └──another user or store, logout─────────┘
import { CODES } from '../../../protocol/codes.js'
import type { ConversationId } from '../../../protocol/conversation-id.js'
import type { HelloResponse, Session } from '../../../protocol/generated/messages.js'
import { sameBytes } from '../base/bytes.js'
import type { Emitter } from '../base/emitter.js'
import { BrokenServer, LongwireError } from '../base/errors.js'
import type { Random } from '../base/system.js'
import { HEAD_UNKNOWN, type Identity } from '../connection/identity.js'
import type { KnownEndpoints } from '../connection/known-endpoints.js'
import type { Link } from '../connection/link.js'
import type { SignInRequest } from '../connection/sign-in.js'
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'
import type { Acks } from './acks.js'
import type { ChatList } from './chats.js'
import type { ContactList } from './contact-list.js'
import type { ConversationList, PreferencesList } from './conversation-list.js'
import type { ClientEvents } from './events.js'
import type { FirstScreen } from './first-screen.js'
import type { GroupList } from './group-list.js'
import { APPLIED, type Inbox } from './inbox.js'
import type { KeyedList } from './keyed-list.js'
import type { Past } from './past.js'
import type { Posted } from './posted.js'
import type { Receipts } from './receipts.js'
import type { RoomList } from './room-list.js'
import type { Sender } from './sender.js'
import type { Shown } from './shown.js'

/** The version of the names and values in the storage. */
export const STORAGE_FORMAT = 1

export interface LocalCopyParts {
  readonly commits: Commits
  readonly events: Emitter<ClientEvents>
  readonly identity: Identity
  readonly endpoints: KnownEndpoints
  readonly contacts: ContactList
  readonly groups: GroupList
  readonly conversations: ConversationList
  readonly preferences: PreferencesList
  readonly rooms: RoomList
  readonly posted: Posted
  readonly receipts: Receipts
  readonly shown: Shown
  readonly acks: Acks
  readonly sender: Sender
  readonly inbox: Inbox
  readonly past: Past
  readonly chats: ChatList
  readonly firstScreen: FirstScreen
  /** Ends the connection and begins another, with a new Hello. */
  beginAgain(): void
}

export class LocalCopy {
  readonly #parts: LocalCopyParts

  constructor(parts: LocalCopyParts) {
    this.#parts = parts
  }

  /** The keyed state. */
  get #lists(): readonly Pick<KeyedList<never, never>, 'begin' | 'dropUnconfirmed' | 'clear'>[] {
    const { contacts, groups, conversations, preferences, rooms } = this.#parts
    return [contacts, groups, conversations, preferences, rooms]
  }

  load(values: ReadonlyMap<string, Json>, random: Random): void {
    const { commits, identity, endpoints, receipts, acks, sender, inbox, past, firstScreen } = this.#parts
    if (!values.has('format')) commits.put('format', STORAGE_FORMAT)
    identity.load(values, random)
    endpoints.load(values)
    for (const list of this.#lists) list.begin(identity.generation)
    const applied = (values.get(APPLIED) ?? 0) as number
    inbox.load(applied)
    past.load((values.get('horizon') ?? 0) as number)
    if (hasBegun(values, applied)) firstScreen.hasBegun()
    acks.load(applied)
    const queued: [number, Json][] = []
    const sent: [number, number][] = []
    for (const [name, value] of values) {
      const [kind = '', first = ''] = name.split('/')
      if (kind === 'out') queued.push([Number(first), value])
      else if (kind === 'sent') sent.push([Number(first), value as number])
      else this.#load(name, value)
    }
    const nextSendSeq = (values.get('seq') ?? 1) as number
    sender.load(nextSendSeq, queued.sort(byNumber), { sender: identity.uid, device: identity.device })
    receipts.loadSent(identity.device, sent.sort(byNumber))
  }

  /** Loads a value that stands for itself. Those that name a conversation have kinds that older versions pass over. */
  #load(name: string, value: Json): void {
    const { identity, contacts, groups, conversations, preferences, rooms, posted, receipts, shown, acks } = this.#parts
    const { sender, inbox } = this.#parts
    const [kind = '', first = '', second = '', third = ''] = name.split('/')
    const [a, b] = [Number(first), Number(second)]
    switch (kind) {
      case 'contact':
        contacts.load(a, value)
        break
      case 'delivered':
      case 'read':
      case 'own-read':
        receipts.load(kind, a, value)
        break
      case 'shown':
        shown.of(a, b).load(value)
        break
      case 'shown-in':
        shown.ofNamed(first as ConversationId, b, Number(third)).load(value)
        break
      case 'shown-in-group':
        shown.raise(first as ConversationId, value as number)
        shown.stored(first as ConversationId, value as number)
        break
      case 'group':
        groups.load(first as ConversationId, value)
        break
      case 'conversation':
        conversations.load(first as ConversationId, value)
        break
      case 'preferences':
        preferences.load('own', value)
        break
      case 'room':
        rooms.load(first as ConversationId, value)
        break
      case 'gone':
        inbox.followUps.load(name)
        break
      case 'cleared':
        inbox.followUps.cleared.load(first as ConversationId, value)
        break
      case 'posted':
        posted.load(identity.uid, a, b, value)
        break
      case 'group-acts':
        posted.loadActs(value)
        break
      case 'marked':
        acks.loadRead(a, b, value)
        break
      case 'read-in':
      case 'read-number':
        acks.loadReadHere(first as ConversationId, value)
        break
      case 'unsure':
        sender.loadUnsure(a, b)
        break
      case 'chat':
        this.#parts.chats.load(first as ConversationId, value)
        break
      case 'chats':
        this.#parts.chats.loadNext(value)
        break
      case 'state':
        this.#parts.firstScreen.load(value)
        break
      case 'begins':
        this.#parts.past.loadBeginning(first as ConversationId, value)
        break
      case 'ahead':
        inbox.ahead.load(a, b, value)
        break
    }
  }

  /** Register or Login gave a session. */
  signedIn(session: Session, { request }: SignInRequest): void {
    const { identity, receipts, sender } = this.#parts
    const sameCopy = identity.uid === session.uid && sameBytes(identity.storeId, session.storeId)
    // Another user's or another store's copy: ids and uids in it name other things.
    if (!sameCopy) this.forget(unknownOutcome())
    const sameDevice = sameCopy && identity.device === session.device
    if (sameCopy && !sameDevice) identity.spend(sender.sendQueue.nextSendSeq)
    identity.adopt(session, request.account.toLowerCase())
    identity.adoptStore(session.storeId)
    receipts.adoptDevice(session.device)
    if (!sameDevice) sender.reset(Math.max(session.lastSendSeq + 1, identity.unspent(session)), unknownOutcome())
    sender.greeted(session.lastSendSeq)
  }

  /** Hello of the session was answered on this link. */
  greeted(link: Link, response: HelloResponse): void {
    const { identity, contacts, receipts, sender, inbox, acks, firstScreen } = this.#parts
    const fromHead = firstScreen.isDue
    if (response.uid !== identity.uid) throw new BrokenServer(`the session of ${identity.uid} is ${response.uid}'s`)
    contacts.open = response.openContacts
    if (!sameBytes(identity.storeId, response.storeId)) {
      this.#otherStore(response)
    } else if (response.device !== identity.device) {
      identity.spend(sender.sendQueue.nextSendSeq)
      identity.adoptDevice(response.device)
      receipts.adoptDevice(response.device)
      sender.reset(Math.max(response.lastSendSeq + 1, identity.unspent(response)), unknownOutcome())
    }
    if (fromHead) {
      firstScreen.begin(response)
    } else {
      if (response.resync) this.resync(response.head)
      else if (identity.resyncHead !== undefined) identity.setResyncHead(response.head)
      if (firstScreen.isDue) {
        // What it had is no more, and the server sends all from the beginning now.
        this.#parts.beginAgain()
        return
      }
    }
    inbox.greeted(link)
    sender.greeted(response.lastSendSeq)
    acks.greeted(link, response.ack)
    firstScreen.go()
  }

  /**
   * The timeline begins anew. Messages that were shown stay shown; keyed state is confirmed until `head`, or goes.
   * @param head HEAD_UNKNOWN: until a pull says that there is no more, or the next Hello names it
   */
  resync(head = HEAD_UNKNOWN): void {
    const { commits, events, identity, inbox, acks, past, firstScreen } = this.#parts
    identity.beginResync(head)
    for (const list of this.#lists) list.begin(identity.generation)
    inbox.reset()
    past.reset()
    firstScreen.reset()
    acks.resync()
    commits.after(() => events.emit('resync', { forgotten: false }))
    this.applied(0, false)
  }

  /** The timeline is applied up to a version; `whole`: there is nothing above it. */
  applied(version: number, whole: boolean): void {
    const head = this.#parts.identity.resyncHead
    if (head === undefined || !(whole || (head !== HEAD_UNKNOWN && version >= head))) return
    // Where the copy begins at the head, the keyed state of before comes by another way.
    if (!this.#parts.firstScreen.isWanted) this.stateWhole()
  }

  /** All keyed state is here that a resync asked for. What it did not bring is no more. */
  stateWhole(): void {
    const { identity } = this.#parts
    if (identity.resyncHead === undefined) return
    identity.setResyncHead(undefined)
    for (const list of this.#lists) list.dropUnconfirmed()
  }

  /**
   * Drops everything of the account. The installation, the attempt and the numbers that were used stay. What is under way ends with the
   * error.
   */
  forget(error: LongwireError): void {
    const { commits, events, identity, endpoints, posted, receipts, shown, acks, sender, inbox, past, firstScreen } =
      this.#parts
    const { chats } = this.#parts
    const { uid } = identity
    identity.spend(sender.sendQueue.nextSendSeq)
    commits.forget()
    sender.clear(error)
    commits.put('format', STORAGE_FORMAT)
    identity.clear()
    endpoints.store()
    for (const part of [...this.#lists, posted, receipts, shown, acks, inbox, past, chats, firstScreen]) part.clear()
    for (const list of this.#lists) list.begin(identity.generation)
    if (uid !== 0) commits.after(() => events.emit('resync', { forgotten: true }))
  }

  /** The session is known to another store: what is here has nothing to do with it, but for who this is. */
  #otherStore(response: HelloResponse): void {
    const error = unknownOutcome()
    const { identity, receipts, sender } = this.#parts
    const { uid, account, token, expiresAtMs } = identity
    const { storeId, device, lastSendSeq } = response
    const nextSendSeq = Math.max(sender.sendQueue.nextSendSeq, lastSendSeq + 1)
    this.forget(error)
    identity.adopt({ uid, device, token, expiresAtMs, lastSendSeq, storeId, boundAttempt: 0 }, account)
    identity.adoptStore(storeId)
    receipts.adoptDevice(device)
    // Requests of the old copy went right behind Hello: their numbers are not given again.
    sender.reset(nextSendSeq, error)
  }
}

/** Whether the copy goes on from where it is. One that began at the head and that an older version made begins there again. */
function hasBegun(values: ReadonlyMap<string, Json>, applied: number): boolean {
  if (values.has('horizon')) return values.has(APPLIED)
  return applied > 0 || [...values.keys()].some(name => name.startsWith('applied/') && name !== APPLIED)
}

/** The error for requests under way that can neither be repeated nor be known any more (PROTOCOL.md, 6.10). */
function unknownOutcome(): LongwireError {
  return LongwireError.ofCode(CODES.SETTLED.code)
}

function byNumber(x: readonly [number, unknown], y: readonly [number, unknown]): number {
  return x[0] - y[0]
}
