// Applies the timeline: pushes, pulls and own copies, item by item, by the rule of timeline.ts. What an item changes is stored
// together with the version it brought, and told when that is durable.

import { actionOf } from '../../../protocol/codes.js'
import {
  type ConversationId,
  isGroupConversation,
  isNamedConversation,
  peerOf,
} from '../../../protocol/conversation-id.js'
import {
  type ConversationMessage,
  createSyncRequest,
  decodeNotifyNotice,
  decodePushNotice,
  decodeSyncResponse,
  type Frame,
  type Item,
  type Message as MessageItem,
  type MessageState,
  type OwnProfile,
} from '../../../protocol/generated/messages.js'
import { itemVersions, versionBefore } from '../../../protocol/item-codec.js'
import { METHODS } from '../../../protocol/methods.js'
import type { Backoff } from '../base/backoff.js'
import type { Emitter } from '../base/emitter.js'
import { BrokenServer, reasonOfCode } from '../base/errors.js'
import type { Clock, TimerHandle } from '../base/system.js'
import type { Identity } from '../connection/identity.js'
import type { Link } from '../connection/link.js'
import type { Commits } from '../storage/commits.js'
import type { StoredMessage } from '../storage/storage.js'
import type { Acks } from './acks.js'
import { Ahead } from './ahead.js'
import type { ContactList } from './contact-list.js'
import { contentOf } from './content.js'
import type { ConversationList, PreferencesList } from './conversation-list.js'
import type { ClientEvents } from './events.js'
import { changesOf, extraOf, storedMessage } from './extras.js'
import { FollowUps } from './follow-ups.js'
import { GroupInbox, keptChange } from './group-inbox.js'
import type { GroupList } from './group-list.js'
import { keyOf } from './item-keys.js'
import { direct, type Message } from './messages.js'
import type { Posted } from './posted.js'
import type { Receipts } from './receipts.js'
import type { RoomInbox } from './room-inbox.js'
import type { Sender } from './sender.js'
import { asStored, type SentMessage } from './sent-message.js'
import type { Seen, Shown } from './shown.js'
import { NOTHING, Timeline } from './timeline.js'

/**
 * The name of the value that says up to where the timeline is applied. Its number rises with each case of Item.content that the
 * library learns. An older version passes over items of such a case, and does so again if it comes back; those are asked for once
 * more (PROTOCOL.md, 7.7).
 * 2: ConversationMessage. 3: GroupChange, Group. 4: Changed, ConversationState, Preferences. 5: Room.
 */
export const APPLIED = 'applied/5'

export interface InboxHost {
  readonly commits: Commits
  readonly contacts: ContactList
  readonly groups: GroupList
  readonly conversations: ConversationList
  readonly preferences: PreferencesList
  readonly rooms: RoomInbox
  readonly posted: Posted
  readonly receipts: Receipts
  readonly shown: Shown
  readonly acks: Acks
  readonly sender: Sender
  readonly clock: Clock
  /** Waits between pulls that are refused with "retry". */
  readonly backoff: Backoff
  readonly identity: Identity
  readonly events: Emitter<ClientEvents>
  /** Whether the copy begins at the head of the timeline. */
  readonly fromHead: boolean
  /** The user has read something of a conversation, on any device. */
  wasRead(conversation: ConversationId): void
  /** A pull was answered RESYNC. */
  resync(): void
  /** The timeline is applied up to a version; `whole`: there is nothing above it. */
  applied(version: number, whole: boolean): void
  connectionCode(frame: Frame): void
  wake(): void
}

export class Inbox {
  readonly #host: InboxHost
  readonly #groups: GroupInbox
  readonly followUps: FollowUps
  readonly ahead: Ahead
  #timeline = new Timeline(0)
  #link: Link | undefined
  #pause: TimerHandle | undefined
  /** The keys of the keyed state that the timeline has brought since a page of it was asked for; undefined: none is. */
  #overtaken: Set<string> | undefined

  constructor(host: InboxHost) {
    this.#host = host
    this.followUps = new FollowUps({ ...host, present: message => this.present(message) })
    this.ahead = new Ahead(host)
    const { followUps } = this
    this.#groups = new GroupInbox({ ...host, followUps, keep: (message, state) => this.#keep(message, state) })
  }

  get timeline(): Timeline {
    return this.#timeline
  }

  load(applied: number): void {
    this.#timeline = new Timeline(applied)
  }

  /** Begins at the head of the timeline: what is up to it comes by other ways. */
  begin(head: number): void {
    this.#timeline.begin(head)
    this.#host.commits.put(APPLIED, head)
    this.#host.acks.applying(head)
  }

  /** Notes from now on which keyed state the timeline brings. A page of the state may have been made before. */
  noteKeys(): void {
    this.#overtaken = new Set()
  }

  /** Takes a page of the keyed state up to a version, but for what the timeline has brought since noteKeys(). */
  state(items: readonly Item[], versions: readonly number[], upTo: number): void {
    const overtaken = this.#overtaken
    this.#overtaken = undefined
    for (const [i, item] of items.entries()) {
      const version = versions[i] ?? 0
      const key = keyOf(item)
      if (key !== undefined && version <= upTo && overtaken?.has(key) !== true) this.#item(version, item, [])
    }
  }

  /** Hello was answered; the first page is pushed behind the answer. */
  greeted(link: Link): void {
    this.#link = link
    this.#timeline.connected()
  }

  /** Stops new pulls. */
  drain(): void {
    this.#link = undefined
  }

  disconnected(): void {
    this.#link = undefined
    this.#pause?.cancel()
    this.#pause = undefined
  }

  /** Starts from 0: everything comes again. The caller drops what was stored of keyed state. */
  reset(): void {
    this.#timeline.reset()
    this.#host.commits.put(APPLIED, 0)
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(), before. */
  clear(): void {
    this.ahead.forget()
    this.#groups.clear()
    this.followUps.clear()
    this.reset()
  }

  onPush(frame: Frame): void {
    const { from, to, trimmed, items } = decodePushNotice(frame.body)
    const versions = itemVersions(from, items)
    const end = to === 0 ? (versions.at(-1) ?? from) : to
    this.#apply(this.#checked(from, end, versions), end, trimmed, items, versions)
    this.#host.acks.heard(end)
    this.#host.applied(this.#timeline.applied, false)
    this.#pull()
  }

  onNotify(frame: Frame): void {
    const { version } = decodeNotifyNotice(frame.body)
    this.#timeline.notify(version)
    // It came on an earlier connection. This server takes no ack of it before it has answered a pull (PROTOCOL.md, 7.15).
    if (version <= this.#timeline.applied && this.#host.acks.lacks(version)) this.#timeline.confirm()
    this.#pull()
  }

  /** A message of this device was accepted; its answer is the push (from, version] of its copy, if there is a version. */
  accepted(message: SentMessage, from: number, version: number): void {
    if (isGroupConversation(message.conversation)) {
      this.#host.posted.add(message)
      return
    }
    const before = versionBefore(from, version)
    if (version > 0 && this.#timeline.joins(before, version)) this.#keepOwn(asStored(message, { version }), message)
    else this.#keepAhead(message, version)
    if (version === 0) return
    this.#host.acks.heardRange(before, version)
    const after = this.#timeline.accepted(before, version)
    if (after === NOTHING) {
      this.#pull()
      return
    }
    this.#host.commits.put(APPLIED, version)
    this.#host.acks.applying(version)
  }

  /** An own item up to this version is there, and no answer has brought it. */
  expected(version: number): void {
    this.#timeline.notify(version)
    this.#pull()
  }

  /** A message of this device failed before it was accepted: it stays in the history, as failed. */
  failed(message: SentMessage, code: number): void {
    this.#host.commits.append(asStored(message, { version: 0, code }))
  }

  #pull(): void {
    const link = this.#link
    if (link === undefined || this.#pause !== undefined) return
    const since = this.#timeline.pull()
    if (since === undefined) return
    this.#host.acks.tell()
    link.request(METHODS.sync.number, METHODS.sync.encodeRequest(createSyncRequest({ since })), frame =>
      this.#pulled(since, frame),
    )
    this.#host.wake()
  }

  #pulled(since: number, frame: Frame): void {
    switch (actionOf(frame.code)) {
      case 'ok': {
        const { to, more, trimmed, items } = decodeSyncResponse(frame.body)
        const versions = itemVersions(since, items)
        checkRange(since, to, versions)
        this.#host.backoff.reset()
        this.#apply(this.#timeline.answer(since, to, more), to, trimmed, items, versions)
        this.#host.acks.heard(to)
        this.#host.applied(this.#timeline.applied, !more)
        // A slow disk slows the pulls: no more than a page waits for it.
        this.#host.commits.after(() => this.#pull())
        break
      }
      case 'resync':
        if (since === 0) throw new BrokenServer('a pull from 0 was answered RESYNC')
        if (this.#host.fromHead) {
          // Only another Hello begins at the head again.
          this.#host.connectionCode(frame)
          break
        }
        this.#host.resync()
        this.#timeline.unanswered()
        this.#pull()
        break
      case 'retry':
        this.#timeline.unanswered()
        this.#pause = this.#host.clock.after(this.#host.backoff.next(frame.retryAfterMs), () => {
          this.#pause = undefined
          this.#pull()
        })
        break
      case 'refused':
        throw new BrokenServer(`a pull was refused with ${frame.code}`)
      default:
        this.#host.connectionCode(frame)
    }
  }

  #checked(from: number, to: number, versions: readonly number[]): number {
    checkRange(from, to, versions)
    return this.#timeline.push(from, to)
  }

  #apply(after: number, to: number, trimmed: boolean, items: readonly Item[], versions: readonly number[]): void {
    if (after === NOTHING) return
    this.#host.commits.put(APPLIED, to)
    const applied = this.#host.acks.applying(to)
    const seen: Seen[] = []
    for (let i = 0; i < items.length; i++) {
      const version = versions[i] as number
      if (version <= after) continue
      const item = items[i] as Item
      const key = this.#overtaken && keyOf(item)
      if (key !== undefined) this.#overtaken?.add(key)
      this.#item(version, item, seen)
    }
    applied(seen)
    // From 0 it is normal: nothing that this device had is missing.
    if (trimmed && after > 0) this.#host.commits.tell(() => this.#host.events.emit('trimmed', {}))
  }

  #item(version: number, { content }: Item, seen: Seen[]): void {
    const { contacts, receipts, acks } = this.#host
    switch (content?.case) {
      case 'message':
        this.#message(version, content.value, seen)
        break
      case 'conversationMessage':
        this.#conversationMessage(version, content.value)
        break
      case 'contact':
        contacts.onItem(content.value)
        this.#host.sender.changed(content.value.uid)
        break
      case 'failed': {
        const { device, sendSeq, recipient, code, conversation } = content.value
        if (conversation === '') this.#failedItem(recipient, device, sendSeq, code)
        else if (!this.#host.rooms.failed(content.value)) this.#groups.failed(content.value)
        break
      }
      case 'delivered':
        receipts.onDelivered(content.value)
        break
      case 'read':
        receipts.onRead(content.value)
        if (content.value.own) {
          acks.readConfirmed(content.value.peer)
          this.#host.wasRead(direct(content.value.peer).conversation)
        }
        break
      case 'ownProfile': {
        this.#ownProfile(content.value)
        break
      }
      case 'groupChange':
        this.#groups.change(version, content.value)
        break
      case 'group':
        this.#host.groups.onItem(content.value)
        this.#host.sender.changed(content.value.conversation as ConversationId)
        break
      case 'room':
        this.#host.rooms.onItem(content.value)
        break
      case 'changed':
        this.followUps.changed(content.value)
        break
      case 'conversationState':
        if (this.#host.conversations.onItem(content.value)) {
          this.followUps.clears(content.value.conversation as ConversationId)
          this.ahead.clear(content.value.conversation as ConversationId, content.value.cleared)
        }
        this.#host.wasRead(content.value.conversation as ConversationId)
        break
      case 'preferences':
        this.#host.preferences.onItem(content.value)
        break
      // undefined: a case that this version does not know. It is stored nowhere and its version is passed.
    }
  }

  #message(version: number, item: MessageItem, touched: Seen[]): void {
    const { commits, identity, shown, receipts, sender: outgoing } = this.#host
    const { sender, device, sendSeq, recipient, state } = item
    const own = sender === identity.uid
    const { conversation, peer } = direct(own ? recipient : sender)
    const stored = storedMessage(conversation, version, item)
    if (own && device === identity.device) {
      const message = outgoing.ownCopy(sendSeq)
      if (message !== undefined) {
        outgoing.accepted(message)
        this.#keepOwn(stored, message, state)
        return
      }
    }
    const seen = shown.of(sender, device)
    const isNew = seen.add(sendSeq)
    if (own && isNew && this.ahead.settle(stored)) {
      commits.put(seen.key, seen.toJson())
      this.followUps.again(stored, state)
      return
    }
    if (own && isNew && outgoing.foundUnsure(device, sendSeq)) {
      // It was told as failed because nobody knew: it had arrived after all.
      commits.put(seen.key, seen.toJson())
      commits.settle({ conversation, sender, device, sendSeq, code: 0, version })
      this.followUps.again(stored, state)
      const progress = receipts.stateOf(peer, device, sendSeq)
      const event = { conversation, peer, device, sendSeq, state: progress, code: 0, reason: '' }
      commits.tell(() => this.#host.events.emit('messageState', event))
      return
    }
    // Also of one that was shown: after a resync it is what its sender is waiting to hear about.
    if (!own) {
      seen.version = version
      if (!touched.includes(seen)) touched.push(seen)
    }
    commits.put(seen.key, seen.toJson())
    if (isNew) this.#keep(stored, state)
  }

  /** A message of a conversation that is not direct (PROTOCOL.md, 7.16). */
  #conversationMessage(version: number, item: ConversationMessage): void {
    const { conversation, sender, device, sendSeq, state } = item
    if (!isNamedConversation(conversation)) return
    if (isGroupConversation(conversation)) {
      this.#groups.message(version, conversation, item)
      return
    }
    const { commits, shown } = this.#host
    const seen = shown.ofNamed(conversation, sender, device)
    if (!seen.add(sendSeq)) return
    commits.put(seen.key, seen.toJson())
    this.#keep(storedMessage(conversation, version, item), state)
  }

  #keep(message: StoredMessage, state: MessageState | undefined): void {
    if (this.followUps.hides(message, state)) return
    this.#host.commits.append(message)
    this.#host.commits.tell(() => this.#host.events.emit('message', this.present(message)))
  }

  #keepOwn(message: StoredMessage, written: SentMessage, state?: MessageState): void {
    const { sender, device, sendSeq } = message
    const seen = this.#host.shown.of(sender, device)
    if (!seen.add(sendSeq)) return
    this.#host.commits.put(seen.key, seen.toJson())
    this.followUps.settles(message, state, written)
  }

  #keepAhead(message: SentMessage, version: number): void {
    const { sender, device, sendSeq } = message
    if (!this.#host.shown.of(sender, device).has(sendSeq)) this.ahead.add(asStored(message, { version }))
  }

  /** A stored message as the application sees it now. */
  present(message: StoredMessage): Message {
    const { conversation, sender, device, sendSeq, atMs, text, code, number = 0 } = message
    const peer = peerOf(conversation) ?? 0
    const content = contentOf(text, message.content)
    const [extra, changed] = [extraOf(message.extra), changesOf(message.changed)]
    const { state, reason } = { state: this.#stateOf(message), reason: reasonOfCode(code) }
    const change = keptChange(message)
    const id = { conversation, peer, sender, device, sendSeq, number }
    return { ...id, atMs, content, text, extra, changed, change, state, code, reason }
  }

  #stateOf({ conversation, sender, device, sendSeq, code, change }: StoredMessage): Message['state'] {
    if (sender !== this.#host.identity.uid || change !== undefined) return 'received'
    if (code !== 0) return 'failed'
    const peer = peerOf(conversation)
    return peer === undefined ? 'accepted' : this.#host.receipts.stateOf(peer, device, sendSeq)
  }

  #ownProfile({ account, nickname }: OwnProfile): void {
    this.#host.identity.adoptProfile(account, nickname)
    this.#host.commits.tell(() => this.#host.events.emit('profile', { account, nickname }))
  }

  #failedItem(peer: number, device: number, sendSeq: number, code: number): void {
    const { commits, events, identity, posted, receipts, sender, shown } = this.#host
    // Its copy comes before; where that was trimmed, this is the message's only trace.
    const message = device === identity.device ? sender.ownCopy(sendSeq) : undefined
    if (message !== undefined) {
      sender.accepted(message)
      this.#keepOwn(asStored(message, { version: 0 }), message)
    }
    const { conversation } = direct(peer)
    const [act, reason] = [posted.takeAct(device, sendSeq), reasonOfCode(code)]
    // A copy that was forwarded is a message.
    if (act !== undefined && act !== 'forward') {
      commits.tell(() => events.emit('groupFailed', { conversation, sendSeq, act, code, reason }))
      return
    }
    // It may be an act of another device, of which nothing is known here.
    if (device !== identity.device && !shown.of(identity.uid, device).has(sendSeq)) return
    commits.settle({ conversation, sender: identity.uid, device, sendSeq, code })
    receipts.failed(peer, device, sendSeq, code)
    const event = { conversation, peer, device, sendSeq, state: 'failed', code, reason } as const
    commits.tell(() => events.emit('messageState', event))
  }
}

/** @throws BrokenServer if the items are not of (from, to] */
function checkRange(from: number, to: number, versions: readonly number[]): void {
  if (to < from || (versions.at(-1) ?? from) > to)
    throw new BrokenServer(`items up to ${versions.at(-1)} in (${from}, ${to}]`)
}
