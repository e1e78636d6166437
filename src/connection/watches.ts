/**
 * What the connections of this node look at, and what they are told of it: presence and typing (PROTOCOL.md, 17). Nothing is stored.
 *
 *   Watch, granted by the services ──► watch: conversations, the users whose presence is shown ──► interests (cluster/interests.ts)
 *   hub: a user comes, leaves ──► here, or gone after GRACE_MS ──► the watches of this node; the nodes that are interested
 *   a signal of another node, or of this one ──► the watches that it is for
 *
 * A signal goes to a connection that keeps up, or it is dropped (Connection.offer). Typing is then lost. Presence is a state: what a client
 * was told is kept, so a client that was told something else is told again, a second later or when it keeps up. Each watch is granted anew
 * every GRANT_MS, so what a friend, a group or a setting has ended is not told any longer.
 */
import { type ConversationId, directConversation, peerOf } from '../../protocol/conversation-id.js'
import { encodeNotice } from '../../protocol/frame-codec.js'
import {
  DecodeError,
  decodeSignalNotice,
  encodeSignalNotice,
  type Presence,
  type SignalNotice,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { INTERESTS_MAX, type Interests } from '../cluster/interests.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import { Rota } from '../lib/rota.js'
import type { Address, TransientEvent } from '../sync/events.js'
import { groupActor, roomActor } from '../sync/references.js'
import { gidOf } from '../sync/rules/group-records.js'
import { uidOf, userActor } from '../sync/rules/records.js'
import { ridOf } from '../sync/rules/room-records.js'
import type { Hub, Member, Presences } from './hub.js'

/** The time for which a user is still online whose last connection has ended: who reconnects meanwhile does not flicker. */
export const GRACE_MS = 5_000
/** The time between two looks whether a client may still be told what it looks at. */
export const GRANT_MS = 30_000
/** The most signals that a connection gets in a second. */
export const SIGNALS_PER_SECOND = 20

const TICK_MS = 1_000

/** What the services let a client be told. */
export interface Grant {
  /** The users whose presence is shown. */
  readonly peers: readonly number[]
  /** Whether nothing is, by the user's own preference. It leaves rooms out. */
  readonly off: boolean
  /** The services refused the watch: nothing is told. Absent: they did not. */
  readonly refused?: true
}

/** What one connection looks at. */
export interface Watch<M extends Member = Member> {
  readonly member: M
  readonly conversations: readonly ConversationId[]
  /** The conversations of which the client is told what happens. Whether somebody may type there is asked when it happens. */
  readonly granted: Set<ConversationId>
  /** The users whose presence the client is told. */
  readonly shown: Set<number>
  /** The users that the client was told are online. */
  readonly told: Set<number>
  /** The signals of this second. */
  sent: number
  sentTick: number
}

export interface WatchesOptions<M extends Member> {
  readonly clock: Clock
  readonly hub: Hub<M>
  readonly interests: Interests
}

export class Watches<M extends Member = Member> implements Presences<M> {
  /** Counts since the start. */
  readonly figures = { sent: 0, dropped: 0 }
  /** Called for each watch every GRANT_MS: it is to be granted anew. */
  onDue: (watch: Watch<M>) => void = () => {}
  /** Called for each connection that is not bound any more. */
  onGone: (member: M) => void = () => {}
  readonly #clock: Clock
  readonly #hub: Hub<M>
  readonly #interests: Interests
  readonly #watches = new Map<M, Watch<M>>()
  /** The watches that look at a user or a group. */
  readonly #lookers = new Map<Address, Set<Watch<M>>>()
  readonly #rota = new Rota<Watch<M>>(GRANT_MS / TICK_MS)
  /** The watches whose clients were told something else than is so. */
  readonly #owing = new Set<Watch<M>>()
  /** The users whose last connection has ended, with the time when they are offline. */
  readonly #leaving = new Map<number, number>()
  #tick = 0
  #timer: TimerHandle | undefined

  constructor({ clock, hub, interests }: WatchesOptions<M>) {
    this.#clock = clock
    this.#hub = hub
    this.#interests = interests
    hub.presences = this
  }

  /** The number of connections that look at something. */
  get size(): number {
    return this.#watches.size
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /**
   * Notes what a connection looks at from now on, in place of what it did.
   * @returns whose presence is shown, as it is; undefined if this node looks at too much already
   */
  set(member: M, conversations: readonly ConversationId[], grant: Grant): readonly Presence[] | undefined {
    const before = this.#watches.get(member)
    const granted = new Set(conversations.filter(conversation => isGranted(conversation, grant)))
    if (granted.size > 0 && this.#interests.size + granted.size > INTERESTS_MAX) return undefined
    const watch: Watch<M> = {
      ...{ member, conversations, granted },
      ...{ shown: new Set(grant.off ? [] : grant.peers), told: new Set<number>() },
      ...{ sent: before?.sent ?? 0, sentTick: before?.sentTick ?? 0 },
    }
    // Before the old one goes, so that nothing is asked of other nodes twice.
    for (const conversation of granted) this.#look(watch, conversation)
    if (before !== undefined) this.#drop(before)
    if (conversations.length > 0) {
      this.#watches.set(member, watch)
      this.#rota.add(watch)
      this.#wake()
    }
    const presence = Array.from(watch.shown, uid => ({ uid, online: this.isOnline(uid) }))
    for (const { uid, online } of presence) if (online) watch.told.add(uid)
    return presence
  }

  /** Notes what a client may be told of some of its conversations from now on. */
  regrant(watch: Watch<M>, conversations: readonly ConversationId[], grant: Grant): void {
    if (this.#watches.get(watch.member) !== watch) return
    for (const conversation of conversations) {
      const is = isGranted(conversation, grant)
      const was = watch.granted.has(conversation)
      if (is && !was) {
        watch.granted.add(conversation)
        this.#look(watch, conversation)
      } else if (was && !is) {
        watch.granted.delete(conversation)
        this.#lookAway(watch, conversation)
      }
      const peer = peerOf(conversation)
      if (peer === undefined) continue
      if (!grant.off && grant.peers.includes(peer)) watch.shown.add(peer)
      else watch.shown.delete(peer)
      this.#correct(watch, peer)
    }
  }

  /** Whether a user has a connection or a poll at any node, or had one a moment ago. */
  isOnline(uid: number): boolean {
    return this.#isHere(uid) || this.#interests.isElsewhere(userActor(uid))
  }

  /** Whether a user counts as being at this node. */
  isHere(user: Address): boolean {
    return this.#isHere(uidOf(user))
  }

  #isHere(uid: number): boolean {
    return uid !== 0 && (this.#hub.holds(uid) || this.#leaving.has(uid))
  }

  came(uid: number): void {
    if (this.#leaving.delete(uid) || this.#isIdle) return
    const user = userActor(uid)
    this.#interests.tell(user, true)
    this.changed(user)
  }

  left(uid: number): void {
    if (this.#isIdle) return
    const user = userActor(uid)
    if (!this.#lookers.has(user) && this.#interests.holders(user).length === 0) return
    this.#leaving.set(uid, this.#clock.monotonic() + GRACE_MS)
    this.#wake()
  }

  gone(member: M): void {
    this.onGone(member)
    const watch = this.#watches.get(member)
    if (watch === undefined) return
    this.#watches.delete(member)
    this.#drop(watch)
  }

  /** Whether nobody looks at anybody, here or elsewhere. */
  get #isIdle(): boolean {
    return this.#lookers.size === 0 && this.#interests.wanted === 0
  }

  /** Tells who looks at a user whether the user is online, unless they know. */
  changed(user: Address): void {
    for (const watch of this.#lookers.get(user) ?? []) this.#correct(watch, uidOf(user))
  }

  /** Takes an event of this node or of another. */
  take(event: TransientEvent): void {
    if (this.#interests.take(event) || event.topic !== SIGNAL) return
    const notice = noticeIn(event.bytes)
    if (notice === undefined) return
    const frame = encodeNotice(METHODS.signal.number, event.bytes)
    const uid = uidOf(event.to)
    const watches = uid === 0 ? [...(this.#lookers.get(event.to) ?? [])] : this.#watchesOf(uid)
    const author = notice.signal?.case === 'typing' ? notice.signal.value.uid : 0
    for (const watch of watches) {
      const isFor = watch.member.uid !== author && watch.granted.has(notice.conversation as ConversationId)
      if (isFor) this.#send(watch, frame)
    }
  }

  #watchesOf(uid: number): readonly Watch<M>[] {
    return this.#hub.membersOf(uid).flatMap(member => this.#watches.get(member) ?? [])
  }

  #look(watch: Watch<M>, conversation: ConversationId): void {
    const address = addressOf(conversation)
    const lookers = this.#lookers.get(address)
    if (lookers !== undefined) lookers.add(watch)
    else {
      this.#lookers.set(address, new Set([watch]))
      this.#interests.add(address)
    }
  }

  #lookAway(watch: Watch<M>, conversation: ConversationId): void {
    const address = addressOf(conversation)
    const lookers = this.#lookers.get(address)
    lookers?.delete(watch)
    if (lookers?.size !== 0) return
    this.#lookers.delete(address)
    this.#interests.remove(address)
  }

  #drop(watch: Watch<M>): void {
    if (this.#watches.get(watch.member) === watch) this.#watches.delete(watch.member)
    for (const conversation of watch.granted) this.#lookAway(watch, conversation)
    this.#rota.delete(watch)
    this.#owing.delete(watch)
  }

  /** Tells a client whether a user is online, if it knows otherwise. */
  #correct(watch: Watch<M>, uid: number | undefined): void {
    if (uid === undefined) return
    const conversation = directConversation(uid)
    const online = watch.shown.has(uid) && this.isOnline(uid)
    if (online === watch.told.has(uid)) return
    const notice = encodeSignalNotice({ conversation, signal: { case: 'presence', value: { uid, online } } })
    if (!this.#send(watch, encodeNotice(METHODS.signal.number, notice))) this.#owing.add(watch)
    else if (online) watch.told.add(uid)
    else watch.told.delete(uid)
  }

  /** @returns whether the connection took it */
  #send(watch: Watch<M>, frame: Uint8Array): boolean {
    if (watch.sentTick !== this.#tick) {
      watch.sentTick = this.#tick
      watch.sent = 0
    }
    const isSent = watch.sent < SIGNALS_PER_SECOND && watch.member.offer(frame)
    if (isSent) watch.sent += 1
    this.figures[isSent ? 'sent' : 'dropped'] += 1
    return isSent
  }

  #wake(): void {
    this.#timer ??= this.#clock.after(TICK_MS, () => this.#turn())
  }

  #turn(): void {
    this.#tick += 1
    const nowMs = this.#clock.monotonic()
    for (const [uid, atMs] of this.#leaving) if (atMs <= nowMs) this.#isOffline(uid)
    const owing = [...this.#owing]
    this.#owing.clear()
    for (const watch of owing)
      for (const conversation of watch.conversations) this.#correct(watch, peerOf(conversation))
    for (const watch of this.#rota.next()) this.onDue(watch)
    const isNeeded = this.#watches.size > 0 || this.#leaving.size > 0
    this.#timer = isNeeded ? this.#clock.after(TICK_MS, () => this.#turn()) : undefined
  }

  #isOffline(uid: number): void {
    this.#leaving.delete(uid)
    if (this.#hub.holds(uid)) return
    const user = userActor(uid)
    this.#interests.tell(user, false)
    this.changed(user)
  }
}

/** The topic of an event that carries a SignalNotice. */
export const SIGNAL = 'signal'

/** What a node is interested in whose client looks at a conversation: the other user, the group, or the room. */
function addressOf(conversation: ConversationId): Address {
  const peer = peerOf(conversation)
  if (peer !== undefined) return userActor(peer)
  const rid = ridOf(conversation)
  return rid === undefined ? groupActor(gidOf(conversation) ?? '') : roomActor(rid)
}

/** A direct one is granted also where presence is not shown: who types there decides what is told (sync/rules/signals.ts). */
function isGranted(conversation: ConversationId, { off, refused }: Grant): boolean {
  if (refused === true) return false
  return ridOf(conversation) !== undefined || !off
}

function noticeIn(bytes: Uint8Array): SignalNotice | undefined {
  try {
    return decodeSignalNotice(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
