// The progress of direct conversations: what each side has stored and read. Watermarks are kept per peer and device, as the
// timeline's keyed items give them, beside the messages of this device that still wait for theirs.
import type { Delivered, Read, Watermark } from '../../../protocol/generated/messages.js'
import type { Emitter } from '../base/emitter.js'
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'
import type { ClientEvents } from './events.js'
import { direct, type MessageState } from './messages.js'

/** The most messages of a conversation that wait for their marks one by one. `delivered` and `read` still tell of older ones. */
const WAITING_PER_PEER_MAX = 256

/** Messages that failed after they were accepted, for handles that are still held: failures are rare. */
const FAILURES_MAX = 1024

/** The numbers sent to one peer that it has not read, rising. */
interface Waiting {
  readonly sendSeqs: number[]
  /** The count of them, from the front, that the peer has stored. */
  delivered: number
}

type Marks = ReadonlyMap<number, number>

const KINDS = ['delivered', 'read', 'own-read'] as const
type Kind = (typeof KINDS)[number]

export class Receipts {
  readonly #commits: Commits
  readonly #events: Emitter<ClientEvents>
  /** Per kind and peer: the highest number of each device. */
  readonly #marks: Record<Kind, Map<number, Marks>> = { delivered: new Map(), read: new Map(), 'own-read': new Map() }
  readonly #waiting = new Map<number, Waiting>()
  readonly #failures = new Map<number, number>()
  /** This device's number. */
  #device = 0

  constructor(commits: Commits, events: Emitter<ClientEvents>) {
    this.#commits = commits
    this.#events = events
  }

  /** The progress of an accepted message of this user. */
  stateOf(peer: number, device: number, sendSeq: number): MessageState {
    if (sendSeq <= this.mark('read', peer, device)) return 'read'
    return sendSeq <= this.mark('delivered', peer, device) ? 'delivered' : 'accepted'
  }

  /** The code with which an accepted message of this device failed, as far as this run knows; 0 if it did not. */
  failureOf(sendSeq: number): number {
    return this.#failures.get(sendSeq) ?? 0
  }

  mark(kind: Kind, peer: number, device: number): number {
    return this.#marks[kind].get(peer)?.get(device) ?? 0
  }

  /** A message of this device was accepted: it waits for its marks. */
  accepted(peer: number, sendSeq: number): void {
    const waiting = this.#waitingFor(peer)
    const { sendSeqs } = waiting
    // Nearly always the last one; an answer that was late comes before others.
    let index = sendSeqs.length
    while (index > 0 && (sendSeqs[index - 1] as number) > sendSeq) index--
    sendSeqs.splice(index, 0, sendSeq)
    this.#commits.put(`sent/${sendSeq}`, peer)
    if (index < waiting.delivered) {
      waiting.delivered++
      this.#tellState(peer, sendSeq, 'delivered')
    }
    if (sendSeqs.length > WAITING_PER_PEER_MAX) this.#drop(waiting, 1)
    if (this.stateOf(peer, this.#device, sendSeq) !== 'accepted') this.#advance(peer)
  }

  /** A message of this user, once accepted, was refused on the other side. */
  failed(peer: number, device: number, sendSeq: number, code: number): void {
    if (device !== this.#device) return
    this.#failures.set(sendSeq, code)
    if (this.#failures.size > FAILURES_MAX) this.#failures.delete(this.#failures.keys().next().value ?? 0)
    const waiting = this.#waiting.get(peer)
    const index = waiting?.sendSeqs.indexOf(sendSeq) ?? -1
    if (waiting === undefined || index < 0) return
    waiting.sendSeqs.splice(index, 1)
    if (index < waiting.delivered) waiting.delivered--
    this.#commits.put(`sent/${sendSeq}`, undefined)
  }

  onDelivered({ peer, marks }: Delivered): void {
    for (const { device, sendSeq } of this.#raise('delivered', peer, marks)) {
      this.#tell('delivered', { ...direct(peer), device, sendSeq })
    }
    this.#advance(peer)
  }

  onRead({ peer, own, marks }: Read): void {
    for (const { device, sendSeq } of this.#raise(own ? 'own-read' : 'read', peer, marks)) {
      this.#tell('read', { ...direct(peer), own, device, sendSeq })
    }
    if (!own) this.#advance(peer)
  }

  load(kind: Kind, peer: number, json: Json): void {
    this.#marks[kind].set(peer, new Map(json as unknown as readonly [number, number][]))
  }

  /** @param sent this device's accepted messages that wait for their marks: number and peer, in order of number */
  loadSent(device: number, sent: readonly (readonly [sendSeq: number, peer: number])[]): void {
    this.#device = device
    for (const [sendSeq, peer] of sent) this.#waitingFor(peer).sendSeqs.push(sendSeq)
    for (const [peer, waiting] of this.#waiting) {
      waiting.delivered = countUpTo(waiting, this.mark('delivered', peer, device))
    }
  }

  /** This device's number from now on; what was sent under another one is told by `delivered` and `read` alone. */
  adoptDevice(device: number): void {
    if (device === this.#device) return
    this.#device = device
    for (const waiting of this.#waiting.values()) this.#drop(waiting, waiting.sendSeqs.length)
    this.#failures.clear()
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  clear(): void {
    for (const kind of KINDS) this.#marks[kind].clear()
    this.#waiting.clear()
    this.#failures.clear()
  }

  /** Takes over a keyed item. A mark only rises, also when the server's memory was put back. @returns the marks that rose */
  #raise(kind: Kind, peer: number, marks: readonly Watermark[]): readonly Watermark[] {
    const before = this.#marks[kind].get(peer)
    const risen = marks.filter(({ device, sendSeq }) => sendSeq > (before?.get(device) ?? 0))
    if (risen.length === 0) return risen
    const after = new Map(before)
    for (const { device, sendSeq } of risen) after.set(device, sendSeq)
    this.#marks[kind].set(peer, after)
    this.#commits.put(`${kind}/${peer}`, [...after])
    return risen
  }

  /** Tells the messages that the peer's marks have passed. */
  #advance(peer: number): void {
    const waiting = this.#waiting.get(peer)
    if (waiting === undefined) return
    const { sendSeqs } = waiting
    const readCount = countUpTo(waiting, this.mark('read', peer, this.#device))
    const deliveredCount = Math.max(readCount, countUpTo(waiting, this.mark('delivered', peer, this.#device)))
    for (let i = waiting.delivered; i < deliveredCount; i++) this.#tellState(peer, sendSeqs[i] as number, 'delivered')
    for (let i = 0; i < readCount; i++) this.#tellState(peer, sendSeqs[i] as number, 'read')
    waiting.delivered = deliveredCount
    this.#drop(waiting, readCount)
  }

  #drop(waiting: Waiting, count: number): void {
    for (const sendSeq of waiting.sendSeqs.splice(0, count)) this.#commits.put(`sent/${sendSeq}`, undefined)
    waiting.delivered = Math.max(0, waiting.delivered - count)
  }

  #waitingFor(peer: number): Waiting {
    let waiting = this.#waiting.get(peer)
    if (waiting === undefined) {
      waiting = { sendSeqs: [], delivered: 0 }
      this.#waiting.set(peer, waiting)
    }
    return waiting
  }

  #tellState(peer: number, sendSeq: number, state: MessageState): void {
    this.#tell('messageState', { ...direct(peer), device: this.#device, sendSeq, state, code: 0, reason: '' })
  }

  #tell<K extends 'messageState' | 'delivered' | 'read'>(name: K, event: ClientEvents[K]): void {
    this.#commits.tell(() => this.#events.emit(name, event))
  }
}

/** The count of waiting numbers up to the mark. They rise, and marks seldom go far. */
function countUpTo({ sendSeqs }: Waiting, mark: number): number {
  let count = 0
  while (count < sendSeqs.length && (sendSeqs[count] as number) <= mark) count++
  return count
}
