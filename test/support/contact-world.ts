/** Two users and all that their actors know of each other, for properties of the rules: effects wait until a step delivers them, in order. */
import { type Contact, ContactState, decodeItem, type Message } from '../../protocol/generated/messages.js'
import type { Actor } from '../../src/store/types.js'
import { recordName } from '../../src/sync/record-kinds.js'
import {
  acceptContact,
  blockContact,
  cancelContact,
  declineContact,
  forgetContact,
  removeContact,
  requestContact,
  tellNames,
  unblockContact,
} from '../../src/sync/rules/contact.js'
import { contactValue } from '../../src/sync/rules/contact-records.js'
import { deviceWindow, EMPTY_WINDOW, NO_HASH } from '../../src/sync/rules/device-window.js'
import { sendTransition } from '../../src/sync/rules/message.js'
import {
  type ContactRecord,
  contact,
  contactIndex,
  type MarkRecord,
  NOBODY,
  type Profile,
  profile,
  userActor,
} from '../../src/sync/rules/records.js'
import { ack, marksGiven } from '../../src/sync/rules/watermark.js'
import type { EffectKind, RecordKind, Tx } from '../../src/sync/types.js'

const SEND = sendTransition()

export const UIDS = [257, 514] as const

/** Two users' records, and the effects between them on their way. */
export class ContactWorld {
  readonly #records = new Map<string, unknown>()
  readonly #ways: { kind: EffectKind<unknown>; input: unknown }[][] = [[], []]
  /** What is fanned out goes another way. */
  readonly #wide: { kind: EffectKind<unknown>; input: unknown }[][] = [[], []]
  readonly #seqs = [0, 0]
  #renames = 0
  /** Whether strangers may write. */
  isOpen: boolean
  /** The numbers of the other's messages that each has, while the other was an unanswered stranger. */
  readonly #unanswered = [new Set<number>(), new Set<number>()]
  /** The newest number of the other's that each has. */
  readonly #received = [0, 0]
  /** How often somebody was told of what an unanswered request holds: never. */
  leaks = 0
  /** How many messages arrived. */
  arrived = 0
  /** How many marks were told. */
  marks = 0
  /** What each was last shown of the other. */
  readonly shown: (Contact | undefined)[] = [undefined, undefined]

  constructor(isOpen = false) {
    this.isOpen = isOpen
    for (const uid of UIDS) {
      this.#records.set(`${userActor(uid)}/${recordName(deviceWindow, 1)}`, EMPTY_WINDOW)
      this.#records.set(`${userActor(uid)}/${profile.prefix}`, {
        account: `u${uid}`,
        nickname: '',
        deleted: false,
        names: 0,
      })
    }
  }

  contactOf(who: 0 | 1): ContactRecord | undefined {
    const other = UIDS[who === 0 ? 1 : 0]
    return this.#records.get(`${userActor(UIDS[who])}/${contact.prefix}/${other}`) as ContactRecord | undefined
  }

  nicknameOf(who: 0 | 1): string {
    return (this.#records.get(`${userActor(UIDS[who])}/${profile.prefix}`) as Profile).nickname
  }

  /** False if there was nothing to hear. */
  step(who: 0 | 1, what: string): boolean {
    const tx = this.#tx(who)
    const done = this.#step(tx, who, what)
    this.#answered(who)
    return done
  }

  /** Forgets what was not answered, once it is. */
  #answered(who: 0 | 1): void {
    const now = this.contactOf(who)
    if (now?.state === ContactState.FRIEND || (now?.wrote ?? 0) > 0) this.#unanswered[who]?.clear()
  }

  #step(tx: Tx, who: 0 | 1, what: string): boolean {
    if (what === 'policy') {
      this.isOpen = !this.isOpen
      return true
    }
    if (what === 'write') return this.#write(tx, who)
    if (what === 'ack') return this.#ack(tx, who)
    if (what === 'leave') {
      forgetContact(tx, UIDS[who === 0 ? 1 : 0])
      return true
    }
    if (what === 'rename') return this.#rename(tx, UIDS[who === 0 ? 1 : 0])
    if (what === 'hear' || what === 'hear-names') {
      const heard = (what === 'hear' ? this.#ways : this.#wide)[who]?.shift()
      if (heard !== undefined) heard.kind.run(tx, heard.input, userActor(UIDS[who === 0 ? 1 : 0]))
      return heard !== undefined
    }
    const acts = {
      request: requestContact,
      accept: acceptContact,
      decline: declineContact,
      cancel: cancelContact,
      remove: removeContact,
      block: blockContact,
      unblock: unblockContact,
    }
    const known = this.contactOf(who)
    const request = contactValue(0, known ?? NOBODY).request
    this.#seqs[who] = (this.#seqs[who] ?? 0) + 1
    const numbered = { device: 1, sendSeq: this.#seqs[who] ?? 0, hash: NO_HASH }
    const other = UIDS[who === 0 ? 1 : 0]
    acts[what as keyof typeof acts].run(tx, {
      ...numbered,
      uid: UIDS[who],
      other,
      request,
      limited: false,
      blind: false,
      greeting: '',
    })
    return true
  }

  #write(tx: Tx, who: 0 | 1): boolean {
    const sendSeq = (this.#seqs[who] ?? 0) + 1
    this.#seqs[who] = sendSeq
    const to = UIDS[who === 0 ? 1 : 0]
    SEND.run(tx, { device: 1, sendSeq, hash: NO_HASH, uid: UIDS[who], to, text: '', fault: 0 })
    return true
  }

  #ack(tx: Tx, who: 0 | 1): boolean {
    const marks = { delivered: { 1: this.#received[who] ?? 0 }, read: { 1: this.#received[who] ?? 0 } }
    ack.run(tx, { versions: new Map(), marks: new Map([[UIDS[who === 0 ? 1 : 0], marks]]) })
    return true
  }

  #arrive(who: 0 | 1, { sender, sendSeq }: Message): void {
    if (sender === UIDS[who]) return
    this.#received[who] = sendSeq
    this.arrived += 1
    const known = this.contactOf(who)
    if (known?.state !== ContactState.FRIEND && known?.wrote === 0) this.#unanswered[who]?.add(sendSeq)
  }

  #tell(who: 0 | 1, kind: EffectKind<unknown>, input: unknown): void {
    if (kind.name === marksGiven.name) {
      this.#answered(who)
      this.marks += 1
      const mark = (input as MarkRecord).delivered[1] ?? 0
      if ([...(this.#unanswered[who] ?? [])].some(sendSeq => sendSeq <= mark)) this.leaks += 1
    }
    this.#ways[who === 0 ? 1 : 0]?.push({ kind, input })
  }

  #rename(tx: Tx, other: number): boolean {
    const known = tx.get(profile)
    if (known === undefined) return false
    this.#renames += 1
    tx.put(profile, { ...known, nickname: `name ${this.#renames % 3}`, names: this.#renames })
    if (tx.get(contactIndex)?.includes(other)) tellNames(tx, [other])
    return true
  }

  #tx(who: 0 | 1): Tx {
    const actor: Actor = userActor(UIDS[who])
    const records = this.#records
    const at = <T>(of: Actor, kind: RecordKind<T>, id?: string | number) =>
      records.get(`${of}/${recordName(kind, id)}`) as T | undefined
    return {
      actor,
      nowMs: 0,
      ago: ms => -ms,
      epoch: 1,
      settings: { retentionMs: Number.POSITIVE_INFINITY, openContacts: this.isOpen },
      get: (kind, id) => at(actor, kind, id),
      peek: (kind, id) => at(actor, kind, id),
      glance: at,
      at() {
        throw new Error('no other actor has a part in it')
      },
      appendTo: (_, bytes) => {
        const { content } = decodeItem(bytes)
        if (content?.case === 'message') this.#arrive(who, content.value)
      },
      appendAt: () => true,
      share() {},
      entry: () => undefined,
      newest: () => 0,
      chain: () => [],
      replace() {},
      fetch() {},
      fetchOf() {},
      put: (kind, value, id) => records.set(`${actor}/${recordName(kind, id)}`, value),
      remove: (kind, id) => records.delete(`${actor}/${recordName(kind, id)}`),
      append: bytes => {
        const { content } = decodeItem(bytes)
        if (content?.case === 'contact') this.shown[who] = content.value
      },
      trim() {},
      drop() {},
      effect: (kind, _target, input) => this.#tell(who, kind as EffectKind<unknown>, input),
      fanOut: (kind, _targets, input) =>
        this.#wide[who === 0 ? 1 : 0]?.push({ kind: kind as EffectKind<unknown>, input }),
      outboxHasSpace: () => true,
      route() {},
      event() {},
    }
  }
}
