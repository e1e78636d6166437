// Tells the server the version up to which this device has stored its timeline (PROTOCOL.md, clause 7). The marks that became
// true below it go along: what is stored, and what its user has read. When it tells (7.12):
//
//   quiet ──marks, SOON_MS later: one ack──► busy ──`ackDelayMs` later, without marks──► quiet
//     │                                      │  ▲   with marks: one ack
//     └──other frames leave: one ack with────┘  └────────┘
//        them; a version without marks only after PLAIN_MS
//
// So there is at most one ack in `ackDelayMs`, and it costs a packet only where somebody waits for its marks. Nobody waits for a
// version alone.
//
// An ack and its marks are committed together, so a lost notice loses both. Hello's answer names the ack that stands, and
// whatever came above it is marked again. Marks that do not fit one notice go ahead of the version, never behind it.
import { type ConversationId, isGroupConversation, peerOf } from '../../../protocol/conversation-id.js'
import { type AckNotice, createAckNotice, type Mark } from '../../../protocol/generated/messages.js'
import { MARKS_MAX } from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'
import type { Clock, TimerHandle } from '../base/system.js'
import type { Link } from '../connection/link.js'
import type { Commits } from '../storage/commits.js'
import type { Json, StoredMessage } from '../storage/storage.js'
import type { ConversationList } from './conversation-list.js'
import type { Receipts } from './receipts.js'
import type { Seen, Shown } from './shown.js'

/**
 * The delay of an ack on a quiet connection. An app that shows a message marks it as read meanwhile, and one ack tells both. It must
 * stay far below the 40 ms for which TCP holds its acknowledgement of the message back: the two then travel in one packet.
 */
const SOON_MS = 5

/** The least time from an ack to one without marks. It says nothing that anybody waits for, so its bytes are spared, too. */
const PLAIN_MS = 30_000

/** The number up to which the user has read one device of a peer. */
interface ReadMark {
  readonly peer: number
  readonly device: number
  sendSeq: number
}

export class Acks {
  readonly #clock: Clock
  readonly #commits: Commits
  readonly #shown: Shown
  readonly #receipts: Receipts
  readonly #conversations: ConversationList
  readonly #delayMs: number
  readonly #wake: () => void
  readonly #wasRead: (conversation: ConversationId) => void
  /** The version up to which the timeline is durably stored. */
  #durable: number
  /** The highest version told on this connection, or known to be committed. */
  #told = 0
  /** The time of the newest ack. */
  #toldMs = Number.NEGATIVE_INFINITY
  /** The highest version that the server named on this connection: it takes no ack above (PROTOCOL.md, 7.15). */
  #heard = 0
  /** The devices whose marks are to be told. */
  readonly #delivered = new Set<Seen>()
  /** The marks that are read here and not yet confirmed by the own-read item, by `peer/device`. */
  readonly #read = new Map<string, ReadMark>()
  readonly #readToTell = new Set<ReadMark>()
  /**
   * The place up to which the user has read a conversation that is not direct, as this device knows by itself: in a group a number, in
   * any other a version.
   */
  readonly #readHere = new Map<ConversationId, number>()
  #link: Link | undefined
  #timer: TimerHandle | undefined
  /** Rises with each resync: what was stored before it says nothing about versions after it. */
  #generation = 0

  constructor(
    parts: {
      readonly clock: Clock
      readonly commits: Commits
      readonly shown: Shown
      readonly receipts: Receipts
      readonly conversations: ConversationList
      readonly wake: () => void
      /** The user has read something of a conversation. */
      readonly wasRead: (conversation: ConversationId) => void
    },
    options: { readonly ackDelayMs: number },
  ) {
    this.#clock = parts.clock
    this.#commits = parts.commits
    this.#shown = parts.shown
    this.#receipts = parts.receipts
    this.#conversations = parts.conversations
    this.#wake = parts.wake
    this.#wasRead = parts.wasRead
    this.#delayMs = options.ackDelayMs
    this.#durable = 0
  }

  get durable(): number {
    return this.#durable
  }

  /** The highest version that the server was told on this connection, or has committed. */
  get told(): number {
    return this.#told
  }

  /** Whether there are marks to tell: somebody waits for them. */
  get owesMarks(): boolean {
    return this.#delivered.size > 0 || this.#readToTell.size > 0
  }

  /**
   * A range up to `version` is about to be applied and goes with the next commit. Called before its items are told, so that whoever is
   * told of a message can mark it as read at once.
   * @returns takes the devices whose messages were in it, when all are applied
   */
  applying(version: number): (seen: readonly Seen[]) => void {
    const generation = this.#generation
    let marks: { readonly each: Seen; readonly highest: number; readonly version: number }[] = []
    this.#commits.after(() => {
      if (generation !== this.#generation) return
      this.#durable = version
      for (const mark of marks) {
        mark.each.storedHighest = mark.highest
        mark.each.storedVersion = mark.version
        if (mark.version > 0) this.#delivered.add(mark.each)
      }
      this.#schedule()
    })
    return seen => {
      marks = seen.map(each => ({ each, highest: each.highest, version: each.version }))
    }
  }

  /** Messages came by a page of the past and go with the next commit. Their senders are told that they are stored. */
  came(seen: readonly Seen[]): void {
    const generation = this.#generation
    const marks = seen.map(each => ({ each, highest: each.highest }))
    this.#commits.after(() => {
      if (generation !== this.#generation) return
      for (const { each, highest } of marks) {
        if (highest <= each.storedHighest) continue
        each.storedHighest = highest
        this.#delivered.add(each)
      }
      this.#schedule()
    })
  }

  /**
   * The user has read everything of the conversation that was stored.
   * @param number in a group: everything up to this number
   */
  markRead(conversation: ConversationId, number?: number): void {
    const peer = peerOf(conversation)
    if (peer === undefined) this.#markReadHere(conversation, number)
    else {
      for (const { device, storedHighest } of this.#shown.devicesOf(peer)) {
        if (storedHighest > this.#receipts.mark('own-read', peer, device)) this.#markRead(peer, device, storedHighest)
      }
    }
    this.#wasRead(conversation)
  }

  /** The own-read item of a peer came: marks up to it need no telling any more. */
  readConfirmed(peer: number): void {
    for (const [key, mark] of this.#read) {
      if (mark.peer !== peer || mark.sendSeq > this.#receipts.mark('own-read', peer, mark.device)) continue
      this.#read.delete(key)
      this.#readToTell.delete(mark)
      this.#commits.put(`marked/${key}`, undefined)
    }
  }

  /** Whether the user has read a message of somebody else, as far as this device knows. */
  hasRead({ conversation, device, sendSeq, version, number = 0 }: StoredMessage): boolean {
    const peer = peerOf(conversation)
    if (peer === undefined) {
      const place = isGroupConversation(conversation) ? number : version
      return place <= this.readOf(conversation)
    }
    const here = this.#read.get(`${peer}/${device}`)?.sendSeq ?? 0
    return sendSeq <= Math.max(here, this.#receipts.mark('own-read', peer, device))
  }

  /** The place up to which the user has read a conversation that is not direct; a group also on other devices. */
  readOf(conversation: ConversationId): number {
    return Math.max(this.#readHere.get(conversation) ?? 0, this.#conversations.get(conversation)?.read ?? 0)
  }

  load(durable: number): void {
    this.#durable = durable
  }

  loadRead(peer: number, device: number, json: Json): void {
    this.#read.set(`${peer}/${device}`, { peer, device, sendSeq: json as number })
  }

  loadReadHere(conversation: ConversationId, json: Json): void {
    this.#readHere.set(conversation, json as number)
  }

  /**
   * A range up to `to` came on this connection. More may have been applied: what came on the one before, after this one's Hello.
   */
  heard(to: number): void {
    if (to <= this.#heard) return
    this.#heard = to
    this.#schedule()
  }

  /** Whether the server has not named this version on this connection by a range that reaches it. */
  lacks(version: number): boolean {
    return this.#link !== undefined && version > this.#heard
  }

  /** An answer named (from, to] on this connection: it counts where it joins what was heard. */
  heardRange(from: number, to: number): void {
    if (from <= this.#heard) this.heard(to)
  }

  /** Hello was answered: what is above the ack that stands is told again. */
  greeted(link: Link, committed: number): void {
    this.#link = link
    link.onLeaving(() => this.#rideOn(link))
    this.#told = committed
    this.#heard = 0
    this.#delivered.clear()
    for (const seen of this.#shown.all()) if (seen.storedVersion > committed) this.#delivered.add(seen)
    for (const mark of this.#read.values()) this.#readToTell.add(mark)
    this.#schedule()
  }

  disconnected(): void {
    this.#link = undefined
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Versions begin anew. The caller stores what this means. */
  resync(): void {
    this.#generation++
    this.#durable = 0
    this.#told = 0
    this.#heard = 0
    this.#delivered.clear()
    for (const seen of this.#shown.all()) {
      seen.version = seen.storedVersion = 0
      this.#commits.put(seen.key, seen.toJson())
    }
    for (const mark of this.#read.values()) this.#readToTell.add(mark)
  }

  clear(): void {
    this.#generation++
    this.#durable = 0
    this.#told = 0
    this.#heard = 0
    this.#delivered.clear()
    this.#read.clear()
    this.#readHere.clear()
    this.#readToTell.clear()
  }

  /** Tells now what there is to tell. */
  tell(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const link = this.#link
    if (link === undefined) return
    for (;;) {
      const notice = this.#take()
      if (notice === undefined) return
      link.notice(METHODS.ack.number, METHODS.ack.encode(notice))
      this.#toldMs = this.#clock.monotonic()
      this.#wake()
    }
  }

  /** The next notice, which then counts as told; undefined if there is nothing to tell. */
  #take(): AckNotice | undefined {
    if (this.#nothingToTell) return undefined
    const delivered: Mark[] = []
    for (const seen of this.#delivered) {
      if (delivered.length === MARKS_MAX) break
      delivered.push({ peer: seen.sender, device: seen.device, sendSeq: seen.storedHighest })
      this.#delivered.delete(seen)
    }
    const read: Mark[] = []
    for (const mark of this.#readToTell) {
      if (read.length === MARKS_MAX) break
      read.push({ peer: mark.peer, device: mark.device, sendSeq: mark.sendSeq })
      this.#readToTell.delete(mark)
    }
    const version = this.#delivered.size === 0 && this.#tellable > this.#told ? this.#tellable : 0
    if (version > 0) this.#told = version
    return createAckNotice({ version, delivered, read })
  }

  get #tellable(): number {
    return Math.min(this.#durable, this.#heard)
  }

  get #nothingToTell(): boolean {
    return !this.owesMarks && this.#tellable <= this.#told
  }

  #markRead(peer: number, device: number, sendSeq: number): void {
    const key = `${peer}/${device}`
    const known = this.#read.get(key)
    if (known !== undefined && known.sendSeq >= sendSeq) return
    const mark = known ?? { peer, device, sendSeq }
    mark.sendSeq = sendSeq
    this.#read.set(key, mark)
    this.#commits.put(`marked/${key}`, sendSeq)
    const generation = this.#generation
    this.#commits.after(() => {
      if (generation !== this.#generation) return
      this.#readToTell.add(mark)
      this.#schedule()
    })
  }

  #markReadHere(conversation: ConversationId, number = Number.POSITIVE_INFINITY): void {
    const isGroup = isGroupConversation(conversation)
    const place = isGroup ? Math.min(number, this.#shown.storedNumber(conversation)) : this.#durable
    if (place <= (this.#readHere.get(conversation) ?? 0)) return
    this.#readHere.set(conversation, place)
    this.#commits.put(`${isGroup ? 'read-number' : 'read-in'}/${conversation}`, place)
  }

  #schedule(): void {
    if (this.#link === undefined || this.#timer !== undefined || !this.owesMarks) return
    const soonMs = Math.min(SOON_MS, this.#delayMs)
    const waitMs = Math.max(soonMs, this.#toldMs + this.#delayMs - this.#clock.monotonic())
    // What is being stored now, such as a read mark, goes along.
    this.#timer = this.#clock.after(waitMs, () => this.#commits.after(() => this.#due()))
  }

  #due(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    // An ack may have ridden along while the storage was slow.
    if (this.#clock.monotonic() < this.#toldMs + this.#delayMs) this.#schedule()
    else this.tell()
  }

  /** Other frames leave on the link: what there is to tell goes with them, and costs no packet. */
  #rideOn(link: Link): void {
    if (link !== this.#link || this.#nothingToTell) return
    const gapMs = this.owesMarks ? this.#delayMs : PLAIN_MS
    if (this.#clock.monotonic() >= this.#toldMs + gapMs) this.tell()
  }
}
