/**
 * The third phase of a run: everybody sends numbered messages to all friends, in rounds, and shows what comes. The auditor is
 * told of everything and is the only judge.
 *
 * A device keeps a few messages in its client's send queue and adds more as they are accepted. So the number under way is bounded,
 * and no text is kept here. Several devices of a user take turns, so that each friend hears from all of them.
 */

import { CODES, codeName } from '../../protocol/codes.js'
import { isGroupConversation } from '../../protocol/conversation-id.js'
import { type Clock, pause } from '../../src/lib/clock.js'
import type { Message, MessageStateEvent, SentMessage } from '../typescript/index.js'
import { Auditor } from './auditor.js'
import type { Phase } from './phase.js'
import type { Texts } from './texts.js'

/** The part of a client that is used: a test can hand in one that misbehaves. */
export interface Talker {
  send(to: number, text: string): SentMessage
  on(name: 'message', listener: (message: Message) => void): () => void
  on(name: 'messageState', listener: (event: MessageStateEvent) => void): () => void
}

export interface Speaker {
  readonly uid: number
  /** uids, in the order in which they are written to. */
  readonly friends: readonly number[]
  readonly devices: readonly { readonly number: number; readonly talker: Talker }[]
}

export interface TrafficSpec {
  readonly speakers: readonly Speaker[]
  /** Messages to each friend. */
  readonly messages: number
  readonly texts: Texts
  /** Milliseconds over which everybody spreads the messages evenly; 0: as fast as they are accepted. */
  readonly spreadMs: number
  readonly clock: Clock
  /** Every message was answered; some are still on their way. */
  readonly onAllAnswered?: () => void
}

/**
 * The most messages that a device has in its send queue, and the number at which it adds more: the protocol's window, and half of it.
 */
const QUEUED_MAX = 64
const QUEUED_MIN = 32

/** The time between two looks of a spread-out run at whose turn it is. */
const SPREAD_TICK_MS = 20

/** The wait for second copies after the last message was shown. An acknowledgement takes 250. */
const SETTLE_MS = 500

interface Mouth {
  readonly speaker: Speaker
  readonly device: number
  readonly talker: Talker
  /** Place of the speaker's first message in the whole run. */
  readonly base: number
  /** The speaker's next message to look at. */
  next: number
  queued: number
}

export class Traffic implements Phase {
  readonly name = 'messages'
  readonly auditor = new Auditor()
  /** The number of messages that failed, by the name of the code. */
  readonly failures = new Map<string, number>()
  readonly #spec: TrafficSpec
  readonly #total: number
  readonly #mouths: Mouth[] = []
  #answered = 0
  #shown = 0
  #startedMs = 0
  #lastShownMs = 0
  #done: (() => void) | undefined
  #ended = false

  constructor(spec: TrafficSpec) {
    this.#spec = spec
    let total = 0
    for (const speaker of spec.speakers) {
      for (const { number, talker } of speaker.devices) {
        this.auditor.join(speaker.uid, number)
        this.#mouths.push({ speaker, device: number, talker, base: total, next: 0, queued: 0 })
      }
      total += speaker.friends.length * spec.messages
    }
    this.#total = total
  }

  get steps(): number {
    return this.#answered + this.#shown
  }

  /** The time from the first send to the last message shown so far. */
  get seconds(): number {
    return Math.max(0, this.#lastShownMs - this.#startedMs) / 1000
  }

  progress(): string {
    const { sentCount, acceptedCount, deliveredCount, faultCount } = this.auditor
    const faults = faultCount === 0 ? '' : `, ${faultCount} FAULTS`
    return `${sentCount} of ${this.#total} sent, ${acceptedCount} accepted, ${deliveredCount} delivered${faults}`
  }

  /** Resolves when every message was answered and is shown wherever it must be, and then nothing more came for a while. */
  async run(): Promise<void> {
    const { clock } = this.#spec
    for (const mouth of this.#mouths) this.#listen(mouth)
    this.#startedMs = this.#lastShownMs = clock.monotonic()
    await new Promise<void>(resolve => {
      this.#done = resolve
      this.#feedAll()
    })
    await pause(clock, SETTLE_MS)
  }

  /** Ends sending: what still comes is noted. */
  end(): void {
    this.#ended = true
  }

  #feedAll(): void {
    if (this.#ended) return
    const { clock, spreadMs } = this.#spec
    for (const mouth of this.#mouths) this.#feed(mouth)
    if (spreadMs > 0 && clock.monotonic() - this.#startedMs <= spreadMs + SPREAD_TICK_MS) {
      clock.after(SPREAD_TICK_MS, () => this.#feedAll())
    }
  }

  /** Puts messages into the send queue until it has enough, all are sent, or the next one's time has not come. */
  #feed(mouth: Mouth): void {
    if (this.#ended) return
    const { speaker } = mouth
    const total = speaker.friends.length * this.#spec.messages
    const due = this.#due(total)
    for (; mouth.next < due && mouth.queued < QUEUED_MAX; mouth.next++) {
      const round = Math.floor(mouth.next / speaker.friends.length)
      // Shifted by one each round: otherwise an even number of friends would always hear from the same one of two devices.
      const turn = (mouth.next + round) % speaker.devices.length
      if (speaker.devices[turn]?.number === mouth.device) this.#send(mouth, round)
    }
  }

  #due(total: number): number {
    const { clock, spreadMs } = this.#spec
    if (spreadMs === 0) return total
    return Math.min(total, Math.ceil(((clock.monotonic() - this.#startedMs) / spreadMs) * total))
  }

  #send(mouth: Mouth, round: number): void {
    const { speaker, device } = mouth
    const friend = speaker.friends[mouth.next % speaker.friends.length] as number
    const text = this.#spec.texts(mouth.base + mouth.next, round)
    const { sendSeq } = mouth.talker.send(friend, text)
    mouth.queued++
    this.auditor.sent(speaker.uid, device, sendSeq, friend, Auditor.digest(text))
  }

  #listen(mouth: Mouth): void {
    const { uid } = mouth.speaker
    mouth.talker.on('message', message => {
      if (isGroupConversation(message.conversation)) return
      this.auditor.shown({ uid, device: mouth.device }, message, Auditor.digest(message.text))
      this.#shown++
      this.#lastShownMs = this.#spec.clock.monotonic()
      this.#check()
    })
    mouth.talker.on('messageState', event => {
      if (event.device !== mouth.device || isGroupConversation(event.conversation)) return
      if (event.state === 'accepted') {
        this.auditor.accepted(uid, event.device, event.sendSeq)
        this.#settled(mouth)
      } else if (event.state === 'failed') {
        this.#failed(mouth, event)
      }
    })
  }

  #failed(mouth: Mouth, { device, sendSeq, code }: MessageStateEvent): void {
    const { uid } = mouth.speaker
    const name = codeName(code)
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1)
    const wasAccepted = this.auditor.isAccepted(uid, device, sendSeq)
    // SETTLED: the server does not remember how it ended.
    if (wasAccepted || code === CODES.SETTLED.code) this.auditor.failed(uid, device, sendSeq)
    else this.auditor.refused(uid, device, sendSeq)
    if (wasAccepted) this.#check()
    else this.#settled(mouth)
  }

  /** A message of this device was answered. */
  #settled(mouth: Mouth): void {
    mouth.queued--
    this.#answered++
    if (mouth.queued <= QUEUED_MIN) this.#feed(mouth)
    if (this.#answered === this.#total) this.#spec.onAllAnswered?.()
    this.#check()
  }

  #check(): void {
    if (this.auditor.owed === 0 && this.#answered === this.#total) this.#done?.()
  }
}
