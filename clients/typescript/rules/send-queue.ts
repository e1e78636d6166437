// The numbered requests of a device on their way (PROTOCOL.md, clause 6), without I/O. It says what may be transmitted next, and
// what an answer means for it. Every number is given to one content only, and none is skipped.
//
//            add                durable, within the window            answer: ok or refused, or the own copy
//   (number) ───► queued ──────────────────────────────────► in flight ───────────────────────────────────► settled
//                   ▲                                           │
//                   └── new connection, "retry", GAP: go back ──┘
//
// After a "retry" it goes back slowly, with one number at first. A whole window at once would use up the rate again with what is
// refused, ahead of the lowest number.
// Numbers that the server asks for and that nobody has any more (or that it cannot take) are used up by a Void entry.
import { actionOf, CODES } from '../../../protocol/codes.js'
import { SEND_WINDOW, VOID_COUNT_MAX } from '../../../protocol/limits.js'
import type { MethodName } from '../../../protocol/methods.js'
import type { LongwireError } from '../base/errors.js'
import type { Json } from '../storage/storage.js'
import type { SentMessage } from './sent-message.js'

/** The fields of an operation, as they are stored. */
export type OperationRequest = { readonly [name: string]: Json }

/** The content under a number. */
export type Content =
  | { readonly kind: 'message'; readonly message: SentMessage }
  /** `request`: without its number. */
  | { readonly kind: 'operation'; readonly method: MethodName; readonly request: OperationRequest }
  /** Uses up `count` numbers that have no content. */
  | { readonly kind: 'void'; readonly count: number }

export interface Entry {
  readonly sendSeq: number
  readonly content: Content
  state: 'queued' | 'in flight' | 'settled'
  /** Whether it was once handed to a connection of this client. */
  sent: boolean
  /** The number of the transmission under way: answers to earlier ones count only when they are final. */
  transmission: number
  /** Called when it is settled; not for messages. */
  readonly done: ((error: LongwireError | undefined, response?: unknown) => void) | undefined
}

export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly code: number }
  /** The request (and all behind it) goes again: at once, or after the server's or the client's own delay. */
  | { readonly kind: 'again'; readonly wait: boolean }
  /** An answer to something that is over. */
  | { readonly kind: 'stale' }
  /** The code is about the connection or the session, not about the request: it stays where it is. */
  | { readonly kind: 'connection' }

/** Refusals that may leave the number unused: it is voided. */
const NUMBER_STAYS: ReadonlySet<number> = new Set([
  CODES.UNKNOWN_METHOD.code,
  CODES.BAD_BODY.code,
  CODES.INVALID_ARGUMENT.code,
])

/** The number of settled entries at the front at which they are cut off, if they are more than what is left. */
const CUT_AT = 64

export class SendQueue {
  /** The entries in order of number; settled ones stand until they are at the front. */
  #entries: Entry[] = []
  #head = 0
  /** Index of the first entry that is not in flight or settled. */
  #cursor = 0
  #nextSendSeq: number
  #durableSendSeq: number
  #transmissions = 0
  /**
   * The numbers settled here and not yet so in the storage. After a crash they are sent again, so the window still counts them.
   */
  readonly #unstored = new Set<number>()
  #lowestUnstored = Number.POSITIVE_INFINITY
  /** The number that the last GAP went back to; asked for again without any progress, it is never tried at once. */
  #gapAt = 0
  /** The numbers, from the lowest unanswered one on, that may be under way: few after a "retry", one more by each final answer. */
  #allowed = SEND_WINDOW
  /** The last transmission before that "retry"; final answers to it and to earlier ones allow nothing more. */
  #retriedAt = 0

  constructor(nextSendSeq: number) {
    this.#nextSendSeq = nextSendSeq
    this.#durableSendSeq = nextSendSeq - 1
  }

  get nextSendSeq(): number {
    return this.#nextSendSeq
  }

  /** The number of entries that are not settled; an upper bound, exact when answers come in order. */
  get size(): number {
    return this.#entries.length - this.#head
  }

  get inFlight(): boolean {
    for (let i = this.#head; i < this.#cursor; i++) if (this.#entries[i]?.state === 'in flight') return true
    return false
  }

  /** The entries that are not settled, in order. */
  *unsettled(): IterableIterator<Entry> {
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry
      if (entry.state !== 'settled') yield entry
    }
  }

  /** Whether such an operation waits for its answer. */
  holds(method: MethodName): boolean {
    for (const { content } of this.unsettled()) {
      if (content.kind === 'operation' && content.method === method) return true
    }
    return false
  }

  /** The newest of these operations that waits for its answer, without its number. */
  newest(method: MethodName, isOne: (request: OperationRequest) => boolean): OperationRequest | undefined {
    for (let i = this.#entries.length - 1; i >= this.#head; i--) {
      const { state, content } = this.#entries[i] as Entry
      if (state === 'settled' || content.kind !== 'operation' || content.method !== method) continue
      if (isOne(content.request)) return content.request
    }
    return undefined
  }

  /** Gives the content the next number. It is transmitted only after durable(). */
  add(content: Content, done?: Entry['done']): Entry {
    const entry = newEntry(this.#nextSendSeq++, content, done)
    this.#entries.push(entry)
    return entry
  }

  /** An entry of an earlier run; in order of number, before any add(). */
  load(sendSeq: number, content: Content): void {
    this.#entries.push(newEntry(sendSeq, content))
  }

  /** Notes that everything up to this number is durably stored. */
  durable(sendSeq: number): void {
    if (sendSeq > this.#durableSendSeq) this.#durableSendSeq = sendSeq
  }

  /** Notes that the storage durably knows this number as settled. */
  stored(sendSeq: number): void {
    if (!this.#unstored.delete(sendSeq) || sendSeq > this.#lowestUnstored) return
    // Never more than a window of them, and one mostly.
    this.#lowestUnstored = Math.min(...this.#unstored)
  }

  /** A new connection: nothing is in flight. */
  connected(): void {
    this.#goTo(this.#head)
    this.#gapAt = 0
    this.#allowed = SEND_WINDOW
  }

  /**
   * Hello's answer: the server has used up the numbers up to `last`. What it asks for next and we no longer have is voided.
   * @returns whether the next number moved: the server knows numbers that this storage does not
   */
  greeted(last: number): boolean {
    this.#settleFront()
    const lowest = this.#entries[this.#head]?.sendSeq ?? this.#nextSendSeq
    if (last + 1 < lowest) this.#voidBefore(last + 1, lowest)
    if (last < this.#nextSendSeq) return false
    this.#nextSendSeq = last + 1
    this.#durableSendSeq = last
    return true
  }

  /**
   * The next entry to transmit; it then counts as in flight. Undefined when the window is full or nothing is left.
   * @param holds whether an entry, and with it all behind it, has to wait
   */
  next(holds: (entry: Entry) => boolean = never): Entry | undefined {
    this.#settleFront()
    const lowest = this.#entries[this.#head]?.sendSeq ?? 0
    const end = Math.min(lowest + this.#allowed, this.#lowestUnstored + SEND_WINDOW)
    for (; this.#cursor < this.#entries.length; this.#cursor++) {
      const entry = this.#entries[this.#cursor] as Entry
      if (entry.state === 'settled') continue
      if (entry.sendSeq >= end || entry.sendSeq > this.#durableSendSeq) return undefined
      if (holds(entry)) return undefined
      this.#cursor++
      entry.state = 'in flight'
      entry.transmission = ++this.#transmissions
      return entry
    }
    return undefined
  }

  /**
   * Says what an answer means for the entry that it answers, and settles the entry if that is final.
   * @param transmission of the request that is answered
   * @param expected with GAP, the number that the server wants
   */
  answer(entry: Entry, transmission: number, code: number, expected: number): Verdict {
    if (entry.state === 'settled') return { kind: 'stale' }
    switch (actionOf(code)) {
      case 'ok':
        this.#settle(entry)
        return { kind: 'accepted' }
      case 'refused':
        this.#refused(entry, code)
        return { kind: 'refused', code }
      case 'retry':
        // After a refusal all that was pipelined behind it is answered GAP: only the current transmission counts.
        if (entry.state !== 'in flight' || entry.transmission !== transmission) return { kind: 'stale' }
        return code === CODES.GAP.code ? this.#gap(entry, expected) : this.#retry(entry)
      default:
        return { kind: 'connection' }
    }
  }

  /** The own copy with this number was seen: the server has it. @returns the entry, if it was not settled */
  ownCopy(sendSeq: number): Entry | undefined {
    const entry = this.#entries[this.#indexOf(sendSeq)]
    if (entry === undefined || entry.sendSeq !== sendSeq || entry.state === 'settled') return undefined
    this.#settle(entry)
    return entry
  }

  /** Starts anew for another device number or account: no entry here can be known or sent any more. */
  reset(nextSendSeq: number): Entry[] {
    const dropped = [...this.unsettled()]
    for (const entry of dropped) entry.state = 'settled'
    this.#entries = []
    this.#head = 0
    this.#cursor = 0
    this.#unstored.clear()
    this.#lowestUnstored = Number.POSITIVE_INFINITY
    this.#allowed = SEND_WINDOW
    this.#nextSendSeq = nextSendSeq
    this.#durableSendSeq = nextSendSeq - 1
    return dropped
  }

  #settle(entry: Entry): void {
    this.#end(entry)
    this.#gapAt = 0
    this.#settleFront()
  }

  #end(entry: Entry): void {
    entry.state = 'settled'
    if (this.#allowed < SEND_WINDOW && entry.transmission > this.#retriedAt) this.#allowed++
    this.#unstored.add(entry.sendSeq)
    this.#lowestUnstored = Math.min(this.#lowestUnstored, entry.sendSeq)
  }

  #settleFront(): void {
    while (this.#head < this.#entries.length && this.#entries[this.#head]?.state === 'settled') this.#head++
    if (this.#cursor < this.#head) this.#cursor = this.#head
    if (this.#head >= CUT_AT && this.#head * 2 >= this.#entries.length) {
      this.#entries.splice(0, this.#head)
      this.#cursor -= this.#head
      this.#head = 0
    }
  }

  #refused(entry: Entry, code: number): void {
    const { kind } = entry.content
    this.#end(entry)
    if (NUMBER_STAYS.has(code) && kind !== 'void') {
      const index = this.#indexOf(entry.sendSeq)
      this.#entries[index] = newEntry(entry.sendSeq, { kind: 'void', count: 1 })
      this.#goTo(index)
    } else if (kind === 'void') {
      // No progress: should the server ask for the number again, the GAP is not answered at once.
      this.#settleFront()
    } else {
      this.#settle(entry)
    }
  }

  #retry(entry: Entry): Verdict {
    this.#allowed = 1
    this.#retriedAt = this.#transmissions
    this.#goTo(this.#indexOf(entry.sendSeq))
    return { kind: 'again', wait: true }
  }

  #gap(entry: Entry, expected: number): Verdict {
    // A server that wants the number it was just given, or a later one, contradicts itself.
    if (expected === 0 || expected >= entry.sendSeq) return this.#retry(entry)
    const wait = expected === this.#gapAt
    this.#gapAt = expected
    const lowest = this.#entries[this.#head]?.sendSeq ?? entry.sendSeq
    if (expected < lowest) {
      this.#voidBefore(expected, lowest)
      return { kind: 'again', wait }
    }
    const index = this.#indexOf(expected)
    const there = this.#entries[index]
    if (there === undefined || there.sendSeq !== expected) {
      // A hole: the content went with an earlier run. Up to the next entry that is there.
      const end = there?.sendSeq ?? entry.sendSeq
      this.#entries.splice(index, 0, newEntry(expected, { kind: 'void', count: end - expected }))
    } else if (there.state === 'settled') {
      this.#entries[index] = newEntry(expected, { kind: 'void', count: 1 })
    }
    this.#goTo(index)
    return { kind: 'again', wait }
  }

  /** Puts Voids for [from, end) in front of everything. */
  #voidBefore(from: number, end: number): void {
    const voids: Entry[] = []
    for (let at = from; at < end; at += VOID_COUNT_MAX) {
      voids.push(newEntry(at, { kind: 'void', count: Math.min(VOID_COUNT_MAX, end - at) }))
    }
    this.#entries.splice(0, this.#head, ...voids)
    this.#head = 0
    this.#goTo(0)
  }

  /** Takes everything from this index on out of flight. */
  #goTo(index: number): void {
    for (let i = index; i < this.#cursor; i++) {
      const entry = this.#entries[i]
      if (entry?.state === 'in flight') entry.state = 'queued'
    }
    this.#cursor = Math.min(this.#cursor, index)
  }

  /** The index of the number, or of the first one above it; binary search. */
  #indexOf(sendSeq: number): number {
    let low = this.#head
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle] as Entry).sendSeq < sendSeq) low = middle + 1
      else high = middle
    }
    return low
  }
}

function newEntry(sendSeq: number, content: Content, done?: Entry['done']): Entry {
  return { sendSeq, content, state: 'queued', sent: false, transmission: 0, done }
}

function never(): boolean {
  return false
}
