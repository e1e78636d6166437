/**
 * Watches what becomes durable on every phone, and what programs tell their users. Tells the auditor of messages, and judges
 * by itself what the auditor does not know: versions, watermarks, refusals, contacts.
 */

import type { Json, StoredMessage } from '../../clients/typescript/storage.js'
import type { StoredModel } from '../../clients/typescript/stored-model.js'
import { CODES, codeName } from '../../protocol/codes.js'
import { Auditor } from '../../src/audit/auditor.js'
import type { Written } from './phone-disk.js'

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
  readonly device: number
  /** Numbers in the outbox. */
  readonly pending = new Set<number>()
  /** Ids of stored messages. */
  readonly stored = new Set<string>()
  /** Ids that the program announced. */
  readonly announced = new Set<string>()
  applied = 0

  constructor(uid: number, device: number) {
    this.uid = uid
    this.device = device
  }
}

export class Witness {
  readonly auditor = new Auditor()
  readonly #copies = new Map<string, Copy>()
  /** Highest number sent by `uid/device`. */
  readonly #sent = new Map<string, number>()
  /** Highest number of `sender/device` stored at `uid`. */
  readonly #stored = new Map<string, number>()
  /** What was told last, by program and message. */
  readonly #states = new Map<string, string>()
  readonly #fail: (what: string) => void

  constructor(fail: (what: string) => void) {
    this.#fail = fail
  }

  copyOf(phone: string): Copy | undefined {
    return this.#copies.get(phone)
  }

  /** The highest number of that device of the sender that any phone of the user ever stored. */
  storedAt(uid: number, sender: number, device: number): number {
    return this.#stored.get(`${uid}<${sender}/${device}`) ?? 0
  }

  /** The phone is lost, with all that is on it. */
  lost(phone: string): void {
    this.#forget(phone)
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
    if (STATES.indexOf(state) <= STATES.indexOf(before)) this.#fail(`${key} became ${state} after ${before}`)
    this.#states.set(key, state)
  }

  /** The program has forgotten everything: what it is told from now on is new to it. */
  forgot(program: string): void {
    for (const key of this.#states.keys()) if (key.startsWith(`${program} `)) this.#states.delete(key)
  }

  written(phone: string, { forget, values, messages, failures }: Written, before: StoredModel): void {
    if (forget) this.#forget(phone)
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
    if (copy.uid !== uid || copy.device !== device) this.#fail(`${phone} became another device without forgetting`)
    for (const [name, value] of values)
      this.#value(phone, copy, name, value, forget ? undefined : before.values.get(name))
    for (const message of messages) this.#message(phone, copy, message)
    for (const { sender, device, sendSeq, code } of failures) {
      if (code === 0) this.#fail(`${phone}: ${nameOf({ sender, device, sendSeq })} had failed and has arrived`)
      else this.#failed(sender, device, sendSeq, code)
    }
    // What left the outbox must have come into the history by now.
    for (const [name, value] of values) {
      const sendSeq = name.startsWith('out/') && value === undefined ? Number(name.slice(4)) : 0
      if (copy.pending.delete(sendSeq)) this.#fail(`${phone} dropped message ${sendSeq} from its outbox`)
    }
  }

  #forget(phone: string): void {
    const copy = this.#copies.get(phone)
    if (copy === undefined) return
    this.#copies.delete(phone)
    // What was under way has gone out of sight: it may have arrived or not.
    for (const sendSeq of copy.pending) this.auditor.failed(copy.uid, copy.device, sendSeq)
    this.auditor.leave(copy.uid, copy.device)
  }

  #value(phone: string, copy: Copy, name: string, value: Json | undefined, before: Json | undefined): void {
    const [kind = '', first = ''] = name.split('/')
    switch (kind) {
      case 'applied':
        if ((value as number) < copy.applied) this.#fail(`${phone} went back from ${copy.applied} to ${value}`)
        copy.applied = value as number
        break
      case 'out':
        this.#outbox(copy, Number(first), value)
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

  #outbox(copy: Copy, sendSeq: number, value: Json | undefined): void {
    if (value === undefined) return
    const [kind, to, text] = value as unknown as readonly [string, number, string]
    const key = `${copy.uid}/${copy.device}`
    this.#sent.set(key, Math.max(sendSeq, this.#sent.get(key) ?? 0))
    if (kind !== 'm') return
    copy.pending.add(sendSeq)
    this.auditor.sent(copy.uid, copy.device, sendSeq, to, Auditor.digest(text))
  }

  #message(phone: string, copy: Copy, message: StoredMessage): void {
    const { sender, device, sendSeq, text, code, version } = message
    const name = nameOf(message)
    if (copy.stored.has(name)) this.#fail(`${phone} stored ${name} twice`)
    copy.stored.add(name)
    if (sender === copy.uid && device === copy.device && copy.pending.has(sendSeq)) {
      copy.pending.delete(sendSeq)
      if (code === 0) this.auditor.accepted(sender, device, sendSeq)
      else if (version === 0) this.#refused(sender, device, sendSeq, code)
      return
    }
    if (sender !== copy.uid) {
      const key = `${copy.uid}<${sender}/${device}`
      this.#stored.set(key, Math.max(sendSeq, this.#stored.get(key) ?? 0))
    }
    const fault = this.auditor.shown(copy.uid, copy.device, sender, device, sendSeq, Auditor.digest(text))
    if (fault !== undefined) this.#fail(`${name} was ${fault} on ${phone}`)
  }

  #refused(sender: number, device: number, sendSeq: number, code: number): void {
    this.#expect(nameOf({ sender, device, sendSeq }), code)
    this.auditor.refused(sender, device, sendSeq)
  }

  #failed(sender: number, device: number, sendSeq: number, code: number): void {
    this.#expect(nameOf({ sender, device, sendSeq }), code)
    this.auditor.failed(sender, device, sendSeq)
  }

  #expect(name: string, code: number): void {
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
    const now = new Map(value as unknown as readonly (readonly [number, number])[])
    for (const [device, sendSeq] of (before ?? []) as unknown as readonly (readonly [number, number])[]) {
      if ((now.get(device) ?? 0) < sendSeq) this.#fail(`${phone}: ${name} fell from ${sendSeq} for device ${device}`)
    }
  }
}

export function nameOf({ sender, device, sendSeq }: MessageId): string {
  return `${sender}/${device}/${sendSeq}`
}
