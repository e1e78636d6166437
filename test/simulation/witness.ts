/**
 * Watches what becomes durable on every phone, and what programs tell their users. Tells the auditor of messages, and judges
 * by itself what the auditor does not know: versions, watermarks, refusals, contacts.
 */

import { Auditor } from '../../clients/simulate/auditor.js'
import type { Json, Outcome, StoredMessage } from '../../clients/typescript/storage/storage.js'
import type { StoredModel } from '../../clients/typescript/storage/stored-model.js'
import { CODES, codeName } from '../../protocol/codes.js'
import { isGroupConversation, peerOf } from '../../protocol/conversation-id.js'
import { Changes } from './changes.js'
import { GroupWitness } from './group-witness.js'
import type { Ledger } from './ledger.js'
import type { Written } from './phone-disk.js'
import { Reactions } from './reactions.js'
import { RoomWitness } from './room-witness.js'

/** What a message may fail with, here, where nothing is ever lost for good and nobody uses a number twice. */
const EXPECTED_FAILURES: ReadonlySet<number> = new Set([CODES.NOT_FRIEND.code, CODES.BLOCKED.code])

export interface MessageId {
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
}

/** In the order that they follow each other. */
const STATES: readonly string[] = ['', 'queued', 'sending', 'accepted', 'delivered', 'read', 'failed']

/** What is known of one phone's copy of a timeline, from its making to its being forgotten. */
export class Copy {
  readonly uid: number
  device: number
  /** Numbers that it had before. */
  readonly formerDevices = new Set<number>()
  /** Messages in the send queue, by `device/number`. */
  readonly pending = new Set<string>()
  /** Ids of stored messages. */
  readonly stored = new Set<string>()
  /** Ids that the program announced. */
  readonly announced = new Set<string>()
  applied = 0
  /** Messages that were trimmed before they came: the phone is to be told. */
  readonly missed = new Set<string>()
  toldTrimmed = false

  constructor(uid: number, device: number) {
    this.uid = uid
    this.device = device
  }
}

export class Witness {
  readonly auditor = new Auditor()
  readonly groups: GroupWitness
  readonly changes = new Changes()
  readonly reactions = new Reactions()
  readonly rooms = new RoomWitness()
  readonly #copies = new Map<string, Copy>()
  /** Highest number sent by `uid/device`. */
  readonly #sent = new Map<string, number>()
  /** Highest number of `sender/device` stored at `uid`. */
  readonly #stored = new Map<string, number>()
  /** What was told last, by program and message. */
  readonly #states = new Map<string, string>()
  readonly #accepted = new Map<string, MessageId & { readonly to: number }>()
  readonly #ledger: Ledger
  readonly #fail: (what: string) => void
  /** The store was put back to an earlier state: some of what was promised is gone, and versions mean something else. */
  forgetful = false
  /** Rates are limited, so that people here do reach them. */
  limited = false
  /** Outboxes may be full. */
  narrow = false
  /** Ids of messages that failed because nobody could know what had become of them. */
  readonly #unsure = new Set<string>()

  constructor(ledger: Ledger, fail: (what: string) => void) {
    this.#ledger = ledger
    this.#fail = fail
    this.groups = new GroupWitness(this, fail)
  }

  /** Phones that took a part of their timeline between a backup and the restore: see convergence.ts. */
  readonly torn = new Set<string>()
  #backedUp = false
  /** Whether the store may lose what it has acknowledged, under nodes and phones that live on. */
  losesTail = false
  readonly #lost = new Set<string>()
  /** The names of messages that failed, which the store has lost. */
  readonly lostFailures = new Set<string>()
  /** Phones that may still store a page from before the restore: those that are not online anew since. */
  #behind = new Set<string>()
  /** Those of them whose connection has ended since. */
  readonly #cutOff = new Set<string>()

  backedUp(): void {
    this.#backedUp = true
  }

  /** @param phones the names of those in use */
  restored(phones: readonly string[]): void {
    this.#backedUp = false
    // What a phone took from a store that lives on is whole: it came as pushes, or to the end.
    this.#behind = new Set(this.losesTail ? [] : phones)
    this.#cutOff.clear()
    this.forgetful = true
    const accepted = [...this.#accepted.values()]
    const copies = this.#ledger.copies([...new Set(accepted.map(({ sender }) => sender))])
    for (const { sender, device, sendSeq } of accepted) {
      const isThere = copies.has(`${sender} ${nameOf({ sender, device, sendSeq })}`)
      if (!isThere) this.auditor.failed(sender, device, sendSeq)
    }
  }

  /** The store has lost a copy of a message, after it had said that it was kept: it may never come to the others. */
  lost({ sender, device, sendSeq }: MessageId): void {
    this.auditor.failed(sender, device, sendSeq)
    this.#lost.add(nameOf({ sender, device, sendSeq }))
  }

  /** The store has lost that a message failed: phones that had not heard of it take it for accepted. */
  lostFailure({ sender, device, sendSeq }: MessageId): void {
    this.auditor.failed(sender, device, sendSeq)
    this.lostFailures.add(nameOf({ sender, device, sendSeq }))
  }

  /** Whether a copy of the message was lost: a node may have carried it to the other side, and the sender may have sent it again. */
  readonly wasLost = (id: MessageId): boolean => this.hasLost(nameOf(id))

  hasLost(name: string): boolean {
    return this.#lost.has(name)
  }

  /** A phone says whether it is online. A page of its last connection is stored before the first one of the next. */
  online(phone: string, is: boolean): void {
    if (!is) this.#cutOff.add(phone)
    else if (this.#cutOff.has(phone)) this.#behind.delete(phone)
  }

  /**
   * The account is deleted. A message to one who had ended the friendship may have been refused there, with nobody left to be told.
   * @param parted whether one of the two ever ended a friendship or a request, or blocked the other
   */
  departed(uid: number, parted: (a: number, b: number) => boolean): void {
    for (const { sender, device, sendSeq, to } of this.#accepted.values()) {
      const mayBeRefused = sender === uid && parted(uid, to)
      if (mayBeRefused && !this.#ledger.contains(to, { sender, device, sendSeq })) {
        this.auditor.failed(sender, device, sendSeq)
      }
    }
  }

  /** Retention took a message out of the user's timeline: whoever has not stored it by now may never get it. */
  trimmed(uid: number, version: number, id: MessageId): void {
    const name = nameOf(id)
    for (const copy of this.#copies.values()) {
      if (copy.uid === uid && copy.applied > 0 && copy.applied < version) copy.missed.add(name)
    }
    if (this.#sent.has(`${id.sender}/${id.device}`)) this.auditor.failed(id.sender, id.device, id.sendSeq)
  }

  /** The program says that there was more than it was given. */
  toldTrimmed(phone: string): void {
    const copy = this.#copies.get(phone)
    if (copy !== undefined) copy.toldTrimmed = true
  }

  /** Phones that lack what was trimmed and do not know it. */
  unaware(): string[] {
    return [...this.#copies].flatMap(([phone, { missed, stored, toldTrimmed }]) => {
      const [lacking] = toldTrimmed ? [] : [...missed].filter(name => !stored.has(name))
      return lacking === undefined ? [] : [`${phone} lacks ${lacking}, which was trimmed, and was not told`]
    })
  }

  copyOf(phone: string): Copy | undefined {
    return this.#copies.get(phone)
  }

  /** The highest number of that device of the sender that any phone of the user ever stored. */
  storedAt(uid: number, sender: number, device: number): number {
    return this.#stored.get(`${uid}<${sender}/${device}`) ?? 0
  }

  /** The program says that there is a new message. */
  announced(phone: string, id: MessageId): void {
    const copy = this.#copies.get(phone)
    const name = nameOf(id)
    if (copy === undefined || !copy.stored.has(name)) this.#fail(`${phone} announced ${name}, which it has not stored`)
    else if (copy.announced.has(name)) this.#fail(`${phone} announced ${name} twice`)
    copy?.announced.add(name)
  }

  /** The program says how far a message came: further each time. */
  state(program: string, id: MessageId, state: string): void {
    const key = `${program} ${nameOf(id)}`
    const before = this.#states.get(key) ?? ''
    const further =
      STATES.indexOf(state) > STATES.indexOf(before) || (before === 'failed' && this.#unsure.has(nameOf(id)))
    if (!further && !(this.forgetful && state === before)) this.#fail(`${key} became ${state} after ${before}`)
    this.#states.set(key, state)
  }

  /** The program has forgotten everything: what it is told from now on is new to it. */
  forgot(program: string): void {
    for (const key of this.#states.keys()) if (key.startsWith(`${program} `)) this.#states.delete(key)
  }

  written(phone: string, written: Written, before: StoredModel): void {
    const { forget, values, messages, outcomes } = written
    if (forget) this.forget(phone)
    const identity = values.get('identity') ?? (forget ? undefined : before.values.get('identity'))
    if (identity === undefined) return
    const [uid, device] = identity as unknown as readonly [number, number]
    let copy = this.#copies.get(phone)
    if (copy === undefined) {
      if (uid === 0) return
      copy = new Copy(uid, device)
      this.#copies.set(phone, copy)
      this.auditor.join(uid, device)
    }
    const isOther = copy.device !== device && !this.forgetful && this.#ledger.hasDevice(uid, copy.device)
    if (copy.uid !== uid || isOther) {
      this.#fail(`${phone} became another device without forgetting`)
    }
    const known = forget ? undefined : before.values
    for (const [name, value] of values) {
      if (name.startsWith('out/')) this.#sendQueue(copy, device, Number(name.slice(4)), value)
      else this.#value(phone, copy, name, value, known?.get(name))
    }
    for (const message of messages) this.#message(phone, copy, message)
    for (const outcome of outcomes) this.#outcome(phone, outcome, before)
    this.groups.written(phone, copy, written, known)
    for (const [name, value] of values) if (value === undefined) this.#removed(phone, copy, name)
    if (copy.device !== device) this.#becomes(copy, device, [...before.messages(), ...messages])
  }

  #outcome(phone: string, { conversation, sender, device, sendSeq, code }: Outcome, before: StoredModel): void {
    const name = nameOf({ sender, device, sendSeq })
    // What failed otherwise is a change of a message.
    if (isGroupConversation(conversation) || !this.changes.isMessage(name)) return
    if (code !== 0) {
      this.#expect({ sender, device, sendSeq }, code)
      this.auditor.failed(sender, device, sendSeq)
    } else if (!this.#unsure.has(name)) {
      const hadFailed = [...before.messages()].some(message => message.code !== 0 && nameOf(message) === name)
      if (hadFailed) this.#fail(`${phone}: ${name} had failed and has arrived`)
    }
  }

  /** What leaves the send queue must have come into the history before. */
  #removed(phone: string, copy: Copy, name: string): void {
    const key = `${copy.device}/${name.slice(4)}`
    if (name.startsWith('out/') && copy.pending.delete(key))
      this.#fail(`${phone} dropped message ${key} from its send queue`)
  }

  /** The store has forgotten the device: the phone is another one from now on, and shows what it showed. */
  #becomes(copy: Copy, device: number, messages: StoredMessage[]): void {
    this.auditor.leave(copy.uid, copy.device)
    copy.formerDevices.add(copy.device)
    copy.device = device
    this.auditor.join(copy.uid, device)
    messages.sort((a, b) => a.sendSeq - b.sendSeq)
    for (const message of messages) {
      if (isGroupConversation(message.conversation)) continue
      const text = this.#sentAs(message) ?? message.text
      if (message.code === 0) this.auditor.shown(copy, message, Auditor.digest(text))
    }
  }

  /** The phone is lost, with all that is on it, or has forgotten everything. */
  forget(phone: string): void {
    const copy = this.#copies.get(phone)
    if (copy === undefined) return
    this.#copies.delete(phone)
    // What was under way has gone out of sight: it may have arrived or not.
    for (const key of copy.pending) {
      const [device = 0, sendSeq = 0] = key.split('/').map(Number)
      this.auditor.failed(copy.uid, device, sendSeq)
    }
    this.auditor.leave(copy.uid, copy.device)
  }

  #value(phone: string, copy: Copy, name: string, value: Json | undefined, before: Json | undefined): void {
    const [kind = '', first = ''] = name.split('/')
    switch (kind) {
      case 'applied':
        if ((value as number) < copy.applied && !this.forgetful)
          this.#fail(`${phone} went back from ${copy.applied} to ${value}`)
        copy.applied = value as number
        // What a phone has taken must be durable at the server by then.
        if (copy.applied > this.#ledger.head(copy.uid) && !this.forgetful)
          this.#fail(`${phone} has taken ${copy.applied}, and durable is ${this.#ledger.head(copy.uid)}`)
        if (this.#behind.has(phone) || (this.#backedUp && copy.applied < this.#ledger.head(copy.uid)))
          this.torn.add(phone)
        break
      case 'delivered':
      case 'read':
        if (value !== undefined) this.#marks(phone, kind, copy.uid, Number(first), value, before)
        break
      case 'own-read':
        if (value !== undefined) this.#rising(phone, name, value, before)
        break
    }
  }

  #sendQueue(copy: Copy, device: number, sendSeq: number, value: Json | undefined): void {
    if (value === undefined) return
    const [kind, to, text] = value as unknown as readonly [string, number, string]
    const key = `${copy.uid}/${device}`
    this.#sent.set(key, Math.max(sendSeq, this.#sent.get(key) ?? 0))
    this.changes.queued(`${key}/${sendSeq}`, kind === 'm' || kind === 'p' ? text : undefined)
    if (kind !== 'm') return
    copy.pending.add(`${device}/${sendSeq}`)
    this.auditor.sent(copy.uid, device, sendSeq, to, Auditor.digest(text))
  }

  #message(phone: string, copy: Copy, message: StoredMessage): void {
    const { sender, device, sendSeq, text, code, version } = message
    const name = nameOf(message)
    if (message.change !== undefined) return
    if (copy.stored.has(name)) this.#fail(`${phone} stored ${name} twice`)
    copy.stored.add(name)
    if (isGroupConversation(message.conversation)) return
    if (sender === copy.uid && copy.pending.delete(`${device}/${sendSeq}`)) {
      if (code === 0) this.#acceptedNow(message)
      else if (version === 0) this.#refused(sender, device, sendSeq, code)
      return
    }
    if (sender !== copy.uid) {
      const key = `${copy.uid}<${sender}/${device}`
      this.#stored.set(key, Math.max(sendSeq, this.#stored.get(key) ?? 0))
    }
    const fault = this.auditor.shown(copy, message, Auditor.digest(this.#sentAs(message) ?? text))
    // What was refused once may be accepted when it is sent again to a store that forgot, behind what had been accepted then;
    // and what this phone sent itself it showed at once, before what it had sent in an earlier life and forgotten.
    const mayCross = this.forgetful || (sender === copy.uid && copy.formerDevices.has(device))
    if (fault !== undefined && !(mayCross && fault === 'reordered')) this.#fail(`${name} was ${fault} on ${phone}`)
  }

  /** The text with which a message was sent that has been changed since; undefined if nobody changed it so. */
  #sentAs(message: StoredMessage): string | undefined {
    const { text, changed } = message
    const isRecalled = text === '' && changed?.recalledBy === message.sender
    return isRecalled || this.changes.mayBe(message, text) ? this.changes.original(message) : undefined
  }

  /** It is deleted, for some: it may be shown to them or not. */
  mayBeGone({ sender, device, sendSeq }: MessageId): void {
    this.auditor.failed(sender, device, sendSeq)
  }

  #acceptedNow({ sender, device, sendSeq, conversation }: StoredMessage): void {
    this.auditor.accepted(sender, device, sendSeq)
    const to = peerOf(conversation) ?? 0
    this.#accepted.set(nameOf({ sender, device, sendSeq }), { sender, device, sendSeq, to })
    // The answer may have been under way while the store was put back.
    const isGone = this.forgetful && !this.#ledger.contains(sender, { sender, device, sendSeq })
    if (isGone || this.wasLost({ sender, device, sendSeq })) this.auditor.failed(sender, device, sendSeq)
  }

  #refused(sender: number, device: number, sendSeq: number, code: number): void {
    this.#expect({ sender, device, sendSeq }, code)
    if (code === CODES.SETTLED.code) this.auditor.failed(sender, device, sendSeq)
    else this.auditor.refused(sender, device, sendSeq)
  }

  #expect(id: MessageId, code: number): void {
    const name = nameOf(id)
    if (code === CODES.SETTLED.code && (this.forgetful || !this.#ledger.hasDevice(id.sender, id.device))) {
      this.#unsure.add(name)
      return
    }
    if (code === CODES.UNKNOWN_USER.code && this.#ledger.someoneIsDeleted()) return
    if (code === CODES.RECIPIENT_LIMIT.code && this.limited) return
    if (code === CODES.OUTBOX_FULL.code && this.narrow) return
    if (!EXPECTED_FAILURES.has(code)) this.#fail(`${name} failed with ${codeName(code)}`)
  }

  #marks(phone: string, kind: string, uid: number, peer: number, value: Json, before: Json | undefined): void {
    this.#rising(phone, `${kind}/${peer}`, value, before)
    for (const [device, sendSeq] of value as unknown as readonly (readonly [number, number])[]) {
      const name = `${phone}: the ${kind} mark ${sendSeq} of ${peer} for device ${device}`
      const sent = this.#sent.get(`${uid}/${device}`) ?? 0
      const stored = this.storedAt(peer, uid, device)
      if (sendSeq > sent) this.#fail(`${name} is above ${sent}, the last one sent`)
      if (sendSeq > stored) this.#fail(`${name} is above ${stored}, the last one stored`)
    }
  }

  #rising(phone: string, name: string, value: Json, before: Json | undefined): void {
    if (this.forgetful) return
    const now = new Map(value as unknown as readonly (readonly [number, number])[])
    for (const [device, sendSeq] of (before ?? []) as unknown as readonly (readonly [number, number])[]) {
      if ((now.get(device) ?? 0) < sendSeq) this.#fail(`${phone}: ${name} fell from ${sendSeq} for device ${device}`)
    }
  }
}

export function nameOf({ sender, device, sendSeq }: MessageId): string {
  return `${sender}/${device}/${sendSeq}`
}
