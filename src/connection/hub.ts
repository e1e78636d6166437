/**
 * The register of the clients that are connected to this node: user → devices → connection, and beside it the long polls. It passes
 * events to both. It keeps the attempt rule (PROTOCOL.md, clause 3): of two connections of a device the one with the higher attempt
 * stays.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import { encodeNotice } from '../../protocol/frame-codec.js'
import { encodeNotifyNotice } from '../../protocol/generated/messages.js'
import { encodePushFrame, type RawItem } from '../../protocol/item-codec.js'
import { METHODS } from '../../protocol/methods.js'
import type { AppendedEvent, EndedEvent, NodeEvent } from '../sync/events.js'
import { uidOf } from '../sync/rules/records.js'
import type { PushEncoder } from './feed.js'
import { type WaitingPoll, WaitingPolls } from './waiting-polls.js'

/** A connection as the hub sees it. */
export interface Member {
  readonly uid: number
  readonly device: number
  readonly attempt: number
  appended(event: AppendedEvent): void
  /** Takes a frame that is stored nowhere, if it keeps up with all else. @returns whether it did */
  offer(frame: Uint8Array): boolean
  close(code: Code, message?: string, boundAttempt?: number): void
}

/** Who wants to know which users are here. */
export interface Presences<M extends Member> {
  /** The user has a connection or a poll here, and had none. */
  came(uid: number): void
  /** The user has none left. */
  left(uid: number): void
  /** A connection is not bound any more. */
  gone(member: M): void
}

/** The connections of a user. Most users have one: then the map holds the connection itself, without an array around it. */
type Members<M extends Member> = M | M[]

export class Hub<M extends Member = Member> implements PushEncoder {
  readonly polls = new WaitingPolls(uid => this.#left(uid))
  presences: Presences<M> | undefined
  /** Counts since the start: items that were pushed, and notices sent to clients that are behind. */
  pushedItems = 0
  notifies = 0
  readonly #users = new Map<number, Members<M>>()
  #bound = 0
  // The push made last: the next connection of the same user mostly stands at the same version.
  #uid = 0
  #from = 0
  #to = 0
  #frame: Uint8Array | undefined

  /** Users with a connection here. */
  get users(): number {
    return this.#users.size
  }

  /** Connections that belong to a device. */
  get bound(): number {
    return this.#bound
  }

  /** The user's devices that have a connection here, or a poll that waits. */
  devices(uid: number): readonly number[] {
    return [...this.membersOf(uid), ...this.polls.of(uid)].map(({ device }) => device)
  }

  /** The user's connections here. */
  membersOf(uid: number): readonly M[] {
    const members = this.#users.get(uid) ?? []
    return Array.isArray(members) ? members : [members]
  }

  /** Whether a device of the user has a connection here, or a poll that waits. */
  holds(uid: number): boolean {
    return this.#users.has(uid) || this.polls.of(uid).length > 0
  }

  /**
   * Enters a connection that has become its device's, and closes the one it replaces.
   * @returns the attempt of the connection that stays in its stead, if that is higher; 0 if this one is bound
   */
  bind(member: M): number {
    const { uid, device, attempt } = member
    const present = this.#find(uid, device)
    if (present !== undefined) {
      if (present.attempt > attempt) return present.attempt
      present.close(CODES.REPLACED.code, undefined, attempt)
      this.unbind(present)
    }
    this.polls.replace(uid, device, attempt)
    const wasHere = this.holds(uid)
    const members = this.#users.get(uid)
    if (members === undefined) this.#users.set(uid, member)
    else if (Array.isArray(members)) members.push(member)
    else this.#users.set(uid, [members, member])
    this.#bound++
    if (!wasHere) this.presences?.came(uid)
    return 0
  }

  /** Takes a connection out. Does nothing for one that is not bound any more. */
  unbind(member: M): void {
    const { uid } = member
    const members = this.#users.get(uid)
    if (members === member) {
      this.#users.delete(uid)
    } else if (Array.isArray(members)) {
      const index = members.indexOf(member)
      if (index < 0) return
      members.splice(index, 1)
      const [last] = members
      if (members.length === 1 && last !== undefined) this.#users.set(uid, last)
    } else {
      return
    }
    this.#bound--
    this.presences?.gone(member)
    this.#left(uid)
  }

  #left(uid: number): void {
    if (!this.holds(uid)) this.presences?.left(uid)
  }

  /**
   * Enters a poll, which receives events from then on.
   * @returns the attempt of what is there in its stead, if that is higher; 0 if it waits
   */
  enterPoll(poll: WaitingPoll): number {
    const { uid, device, attempt } = poll
    const bound = attempt === 0 ? 0 : (this.#find(uid, device)?.attempt ?? 0)
    if (bound > attempt) return bound
    const newer = this.polls.enter(poll)
    const isFirst = !this.#users.has(uid) && this.polls.of(uid).length === 1
    if (isFirst) this.presences?.came(uid)
    return newer
  }

  /**
   * Takes in an event: from this node in the order of the commits and after their answers, from other nodes some time later. Events for
   * users who are not connected here are dropped.
   */
  take(event: NodeEvent): void {
    switch (event.kind) {
      case 'appended':
        this.#appended(event)
        break
      case 'ended':
        this.#ended(event)
        break
      case 'transient': // the watches'
      case 'deliver':
      case 'contended':
        break // the engine's
    }
  }

  #appended(event: AppendedEvent): void {
    const uid = uidOf(event.to)
    if (this.polls.size > 0) this.polls.appended(uid)
    const members = this.#users.get(uid)
    if (members === undefined) return
    if (!Array.isArray(members)) members.appended(event)
    else for (const member of members) member.appended(event)
  }

  #ended({ to, device, what, attempt, except }: EndedEvent): void {
    const uid = uidOf(to)
    const member = this.#find(uid, device)
    const goes = member !== undefined && member.attempt !== except
    switch (what) {
      case 'session':
        this.polls.revoke(uid, device, attempt)
        if (goes && member.attempt <= attempt) member.close(CODES.SESSION_REVOKED.code)
        break
      case 'attempt':
        this.polls.replace(uid, device, attempt)
        if (goes && member.attempt < attempt) member.close(CODES.REPLACED.code, undefined, attempt)
        break
      case 'token':
        this.polls.release(uid, device)
        if (goes && member.attempt <= attempt) member.close(CODES.SESSION_REVOKED.code)
        break
    }
  }

  encode(uid: number, from: number, to: number, items: readonly RawItem[]): Uint8Array {
    this.pushedItems += items.length
    if (this.#frame === undefined || uid !== this.#uid || from !== this.#from || to !== this.#to) {
      this.#uid = uid
      this.#from = from
      this.#to = to
      this.#frame = encodePushFrame(from, to, false, items)
    }
    return this.#frame
  }

  encodeNotify(version: number): Uint8Array {
    this.notifies++
    return encodeNotice(METHODS.notify.number, encodeNotifyNotice({ version }))
  }

  #find(uid: number, device: number): M | undefined {
    const members = this.#users.get(uid)
    if (members === undefined) return undefined
    if (Array.isArray(members)) return members.find(member => member.device === device)
    return members.device === device ? members : undefined
  }
}
