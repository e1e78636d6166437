/** Reads the store's disk as it is: what every timeline holds, and whether the store agrees with itself and with the phones. */

import {
  ContactState,
  type ConversationMessage,
  decodeItem,
  type Item,
  type Message,
} from '../../protocol/generated/messages.js'
import type { MemoryDisk } from '../../src/store/memory/disk.js'
import { MemoryView } from '../../src/store/memory/view.js'
import type { Actor } from '../../src/store/types.js'
import type { ViewedRecord } from '../../src/store/view.js'
import { OUTBOX } from '../../src/sync/outbox-entry.js'
import { pairIn, pairOut } from '../../src/sync/record-kinds.js'
import {
  decodeReference,
  groupActor,
  isBranchActor,
  isReference,
  type Reference,
  roomActor,
} from '../../src/sync/references.js'
import { gidOfBranch } from '../../src/sync/rules/branch.js'
import { conversationRecord } from '../../src/sync/rules/conversation-records.js'
import { type Gid, groupConversation, type UserGroup, userGroup } from '../../src/sync/rules/group-records.js'
import { leaves } from '../../src/sync/rules/leaving.js'
import { contact, devices, profile, taken, userActor } from '../../src/sync/rules/records.js'
import { type Listening, listening, NO_LISTENING, type Rid } from '../../src/sync/rules/room-records.js'
import { session } from '../../src/sync/rules/session-record.js'
import { type MessageId, nameOf } from './witness.js'

export interface Entry {
  readonly version: number
  readonly message: Message
}

/** The effects of one actor for another: how many were sent, settled at the source, and taken at the target. */
export interface Pair {
  sent: number
  settled: number
  taken: number
}

interface Kind<T> {
  readonly prefix: string
  decode(bytes: Uint8Array): T
}

/** An item of a timeline, or the reference that stands there for an item of a group. */
export interface TimelineItem extends Item {
  readonly version: number
  readonly reference: Reference | undefined
}

export interface NumberedItem {
  readonly version: number
  readonly content: Extract<Item['content'], { readonly case: 'conversationMessage' | 'groupChange' }>
}

const NO_ITEM: Item = { skip: 0, content: undefined }
const EVERYTHING = Number.MAX_SAFE_INTEGER

export class Ledger {
  readonly #disk: MemoryDisk
  /** What bytes of logs were decoded to: they are read again and again, and never change. */
  readonly #decoded = new WeakMap<Uint8Array, TimelineItem>()

  constructor(disk: MemoryDisk) {
    this.#disk = disk
  }

  head(uid: number): number {
    return this.#disk.read(userActor(uid), EVERYTHING, EVERYTHING, 1, 0).durable
  }

  /** The items of a user's timeline, in order. */
  items(uid: number): TimelineItem[] {
    return this.#log(userActor(uid)).map(({ version, bytes }) => {
      const known = this.#decoded.get(bytes)
      if (known?.version === version) return known
      const reference = isReference(bytes) ? decodeReference(bytes) : undefined
      const item = { ...(reference === undefined ? decodeItem(bytes) : NO_ITEM), version, reference }
      this.#decoded.set(bytes, item)
      return item
    })
  }

  /** The numbered items of a group, in order. */
  groupItems(gid: Gid): NumberedItem[] {
    return this.#log(groupActor(gid)).flatMap(({ version, bytes }) => {
      const { content } = decodeItem(bytes)
      const isOne = content?.case === 'conversationMessage' || content?.case === 'groupChange'
      return isOne ? [{ version, content }] : []
    })
  }

  /** The posts of a board, in order. */
  posts(rid: Rid): ConversationMessage[] {
    return this.#log(roomActor(rid)).flatMap(({ bytes }) => {
      const { content } = decodeItem(bytes)
      return content?.case === 'conversationMessage' ? [content.value] : []
    })
  }

  /** What the user's own record says about the room. */
  listeningOf(uid: number, rid: Rid): Listening {
    return this.#record(listening, uid, `/${rid}`) ?? NO_LISTENING
  }

  /** The numbers of the group's items that the user's timeline has, in order, and which of them the user has deleted. */
  groupNumbers(uid: number, gid: Gid): { readonly number: number; readonly isDeleted: boolean }[] {
    return this.items(uid).flatMap<{ number: number; isDeleted: boolean }>(({ reference, content }) => {
      if (reference?.gid === gid && !reference.update) return [{ number: reference.number, isDeleted: false }]
      const isOf = content?.case === 'conversationMessage' && content.value.conversation === groupConversation(gid)
      return isOf ? [{ number: content.value.number, isDeleted: true }] : []
    })
  }

  /** What the group's branches have of its messages. */
  branchItems(gid: Gid): (NumberedItem & { readonly branch: Actor })[] {
    const found = [...this.#view().logs()].filter(({ actor }) => isBranchActor(actor) && gidOfBranch(actor) === gid)
    return found.flatMap(({ actor: branch, entries }) =>
      [...entries()].flatMap(({ version, bytes }) => {
        const { content } = decodeItem(bytes)
        return content?.case === 'conversationMessage' ? [{ branch, version, content }] : []
      }),
    )
  }

  /** All bytes of entries and records, each with the place where they stand. */
  *contents(): Generator<{ readonly place: string; readonly bytes: Uint8Array }> {
    for (const { actor, entries } of this.#view().logs()) {
      for (const { version, bytes } of entries()) yield { place: `${actor} ${version}`, bytes }
    }
    for (const { actor, name, bytes } of this.#records()) yield { place: `${actor} ${name}`, bytes }
  }

  /** How far the user has read the group, and which of its messages are noted as mentioning the user. */
  conversationOf(uid: number, gid: Gid) {
    return this.#record(conversationRecord, uid, `/${groupConversation(gid)}`)
  }

  /** The marks of what the user has read of a peer's messages, by the peer's devices. */
  readOf(uid: number, peer: number): Readonly<Record<string, number>> {
    return this.#record(taken, uid, `/${peer}`)?.read ?? {}
  }

  /** The group's own record of this kind. */
  groupRecord<T>(gid: Gid, kind: Kind<T>): T | undefined {
    return this.#recordOf(groupActor(gid), kind)
  }

  /** What the user's own record says about the group. */
  groupOf(uid: number, gid: Gid): UserGroup | undefined {
    return this.#record(userGroup, uid, `/${gid}`)
  }

  #log(actor: Actor) {
    return this.#disk.read(actor, 0, EVERYTHING, EVERYTHING, EVERYTHING).entries
  }

  /** The messages of a user's timeline, in order. */
  messages(uid: number): Entry[] {
    return this.items(uid).flatMap(({ version, content }) =>
      content?.case === 'message' ? [{ version, message: content.value }] : [],
    )
  }

  /** What is still there of a deleted user and should go. */
  remainsOf(uid: number): string[] {
    const actor = userActor(uid)
    const records = this.#records().filter(record => record.actor === actor && leaves(record.name))
    const left = [...records.map(({ name }) => name), ...this.items(uid).map(({ version }) => `item ${version}`)]
    return left.map(what => `${what} of ${uid} is still there`)
  }

  /** What is wrong with a timeline whatever else happens: an id twice, or a device's messages to one recipient out of order. */
  faultsOf(uid: number, mayRepeat: (id: MessageId) => boolean): string[] {
    const faults: string[] = []
    const ids = new Set<string>()
    const last = new Map<string, number>()
    for (const { version, message } of this.messages(uid)) {
      const name = nameOf(message)
      if (mayRepeat(message)) continue
      if (ids.has(name)) faults.push(`the timeline of ${uid} holds ${name} twice, again at ${version}`)
      ids.add(name)
      const from = `${message.sender}/${message.device}`
      if (message.sendSeq < (last.get(from) ?? 0)) faults.push(`the timeline of ${uid} holds ${name} after a later one`)
      last.set(from, message.sendSeq)
    }
    return faults
  }

  /** Whether the timeline holds this message. */
  contains(uid: number, id: MessageId): boolean {
    const name = nameOf(id)
    return this.messages(uid).some(({ message }) => nameOf(message) === name)
  }

  /** Whether the timeline holds this message under this version. */
  holds(uid: number, version: number, id: MessageId & { readonly number?: number }): boolean {
    const entry = this.#disk.read(userActor(uid), version - 1, version, 1, EVERYTHING).entries[0]
    if (entry?.version !== version) return false
    if (isReference(entry.bytes)) return decodeReference(entry.bytes).number === id.number
    const { content } = decodeItem(entry.bytes)
    if (content?.case === 'conversationMessage') return content.value.number === id.number
    return content?.case === 'message' && nameOf(content.value) === nameOf(id)
  }

  /** Effects that are still on their way. @param untaken pairs whose target has lost what it had taken, see Stage */
  underWay(maySkip: boolean, untaken: ReadonlyMap<string, number>): string[] {
    const left: string[] = []
    for (const { actor, name } of this.#records()) {
      if (actor.startsWith(`${OUTBOX}/`)) left.push(`${actor} holds ${name}`)
    }
    for (const [pair, { sent, settled, taken }] of this.pairs()) {
      if (sent !== settled) left.push(`${pair}: ${sent} sent, ${settled} settled`)
      else if (maySkip && (taken > sent || untaken.get(pair) === sent)) continue
      else if (taken !== sent) left.push(`${pair}: ${sent} sent, ${taken} taken`)
    }
    return left
  }

  /** What the counters of all pairs say, by `source > target`. */
  pairs(): Map<string, Pair> {
    const pairs = new Map<string, Pair>()
    const pairOf = (name: string): Pair => {
      const pair = pairs.get(name) ?? { sent: 0, settled: 0, taken: 0 }
      pairs.set(name, pair)
      return pair
    }
    for (const { actor, name, bytes } of this.#records()) {
      if (name.startsWith('out/')) Object.assign(pairOf(`${actor} > ${name.slice(4)}`), pairOut.decode(bytes))
      if (name.startsWith('in/')) pairOf(`${name.slice(3)} > ${actor}`).taken = pairIn.decode(bytes).last
    }
    return pairs
  }

  /** Friendships that the two see differently. @param blocked whether one of them ever blocked the other */
  asymmetries(
    uids: readonly number[],
    blocked: (a: number, b: number) => boolean,
    mayDisagree: (a: number, b: number) => boolean,
  ): string[] {
    const faults: string[] = []
    for (const a of uids) {
      for (const b of uids) {
        if (a >= b || mayDisagree(a, b)) continue
        const ab = this.#contact(a, b)
        const ba = this.#contact(b, a)
        if (!agree(ab, ba, blocked(a, b))) faults.push(`${a} has ${b} as ${show(ab)}, ${b} has ${a} as ${show(ba)}`)
      }
    }
    return faults
  }

  /** The messages of these users' timelines, each copy by its owner. */
  copies(uids: readonly number[]): Map<string, Message> {
    const found = uids.flatMap(uid => this.messages(uid).map(({ message }) => [uid, message] as const))
    return new Map(found.map(([uid, message]) => [`${uid} ${nameOf(message)}`, message]))
  }

  /** The messages of which these users' timelines say that they failed, by name. */
  failures(uids: readonly number[]): Map<string, MessageId> {
    const items = uids.flatMap(sender => this.items(sender).map(({ content }) => ({ sender, content })))
    const failed = items.flatMap(({ sender, content }) =>
      content?.case === 'failed' ? [{ ...content.value, sender }] : [],
    )
    return new Map(failed.map(id => [nameOf(id), id]))
  }

  /** What is between each two of the users, by `a b` with the lower uid first. */
  ties(uids: readonly number[]): Map<string, string> {
    const pairs = uids.flatMap(a => uids.filter(b => a < b).map(b => [a, b] as const))
    const side = (a: number, b: number) => [this.#contact(a, b), this.#record(profile, a)?.nickname]
    return new Map(pairs.map(([a, b]) => [`${a} ${b}`, JSON.stringify([side(a, b), side(b, a)])]))
  }

  /** The nickname under which the user should know this contact; undefined unless each has the other as a contact. */
  nicknameOf(uid: number, other: number): string | undefined {
    const sides = [this.#contact(uid, other), this.#contact(other, uid)]
    if (sides.some(side => side === undefined || side.state === ContactState.UNSPECIFIED)) return undefined
    return this.#record(profile, other)?.nickname
  }

  /** The contact as the user's own timeline has it. */
  contactOf(uid: number, other: number) {
    return this.#contact(uid, other)
  }

  /** Who has this user as a friend, or a request between them, still. @param unseen as in asymmetries() */
  tiesTo(uid: number, others: readonly number[], unseen: (a: number, b: number) => boolean): string[] {
    const tied = others.filter(other => {
      const state = this.#contact(other, uid)?.state ?? ContactState.UNSPECIFIED
      if (state === ContactState.REQUESTED) return !unseen(other, uid)
      return state !== ContactState.UNSPECIFIED
    })
    return tied.map(other => `${other} is still tied to ${uid}`)
  }

  /** Whether the device may be connected. */
  hasSession(uid: number, device: number): boolean {
    return this.#session(uid, device)?.ended === false
  }

  /** Whether a token with this hash is one of the device's session. */
  isTokenOf(uid: number, device: number, hash: string): boolean {
    const { ended, current, unused } = this.#session(uid, device) ?? { ended: true, unused: [] }
    return !ended && (current?.hash === hash || unused.some(token => token.hash === hash))
  }

  /** When the device's session expires, in milliseconds since 1970; 0 if it has none. */
  sessionUntil(uid: number, device: number): number {
    return this.#session(uid, device)?.expiresAtMs ?? 0
  }

  /** Whether the device's numbers are still known: for the retention after it was ended. */
  hasDevice(uid: number, device: number): boolean {
    return this.#record(devices, uid)?.list.some(entry => entry.device === device) === true
  }

  /** Whether the user blocks the other now: then nothing arrives of what he has stored or read. */
  blocks(uid: number, other: number): boolean {
    return this.#contact(uid, other)?.blocked === true
  }

  isDeleted(uid: number): boolean {
    return this.#record(profile, uid)?.deleted === true
  }

  someoneIsDeleted(): boolean {
    return this.#records().some(({ name, bytes }) => name === profile.prefix && profile.decode(bytes).deleted)
  }

  #contact(uid: number, other: number) {
    return this.#record(contact, uid, `/${other}`)
  }

  #session(uid: number, device: number) {
    return this.#record(session, uid, `/${device}`)
  }

  #record<T>(kind: Kind<T>, uid: number, more = ''): T | undefined {
    return this.#recordOf(userActor(uid), kind, more)
  }

  #recordOf<T>(actor: Actor, kind: Kind<T>, more = ''): T | undefined {
    const [record] = this.#disk.get(actor, [kind.prefix + more])
    return record === undefined || record.stamp === 0 ? undefined : kind.decode(record.bytes)
  }

  #records(): ViewedRecord[] {
    return [...this.#view().records()]
  }

  #view(): MemoryView {
    return new MemoryView(this.#disk.snapshot())
  }
}

type Side = ReturnType<typeof contact.decode> | undefined

/** @param unseen a request may have been made to one who blocked its author: it waits for ever, unseen */
function agree(a: Side, b: Side, unseen: boolean): boolean {
  const stateA = a?.state ?? ContactState.UNSPECIFIED
  const stateB = b?.state ?? ContactState.UNSPECIFIED
  if ((a?.blocked ?? false) !== (b?.blockedBy ?? false) || (b?.blocked ?? false) !== (a?.blockedBy ?? false))
    return false
  const { UNSPECIFIED, REQUESTED, INVITED, FRIEND } = ContactState
  if (stateA === FRIEND || stateB === FRIEND) return stateA === stateB
  if (stateA === INVITED) return stateB === REQUESTED && b?.own === a?.theirs
  if (stateB === INVITED) return stateA === REQUESTED && a?.own === b?.theirs
  return unseen || (stateA === UNSPECIFIED && stateB === UNSPECIFIED)
}

function show(side: Side): string {
  if (side === undefined) return 'nobody'
  const { state, own, theirs, asked, blocked, blockedBy } = side
  return JSON.stringify({ state, own, theirs, asked, blocked, blockedBy })
}
