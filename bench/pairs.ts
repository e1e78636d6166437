/**
 * Senders and receivers under load, the same for Longwire and for what it is compared with. Each sender keeps a number of messages in
 * flight, and sends the next when one is accepted.
 */

import type { UserPair } from './fleet.js'
import { RawClient } from './raw-client.js'
import type { MessageSizes } from './sizes.js'
import { Samples } from './statistics.js'

/** Counts what all pairs of one server have done; times are recorded only while a window is open. */
export class Tally {
  sent = 0
  accepted = 0
  delivered = 0
  recording = false
  readonly acceptedMs = new Samples()
  readonly deliveredMs = new Samples()
}

export interface LoadedPair {
  start(inFlight: number): void
  /** Sends no more; what is under way still comes. */
  stop(): void
  /** Cuts the connections. */
  close(): void
}

/** The times at which the last messages were sent, by number: more than are ever in flight. */
const TIMES = 128

/** Half of what a device may send before an answer. */
const UNDER_WAY_MAX = 32

export abstract class TimedPair implements LoadedPair {
  protected readonly tally: Tally
  readonly #sentAt = new Float64Array(TIMES)
  #inFlight = 0
  #underWay = 0

  constructor(tally: Tally) {
    this.tally = tally
  }

  start(inFlight: number): void {
    this.#inFlight = inFlight
    this.pump()
  }

  stop(): void {
    this.#inFlight = 0
  }

  /** Sends one message now, beside what `start` keeps in flight. @returns false if too many are under way */
  sendOne(): boolean {
    if (this.#underWay >= UNDER_WAY_MAX) return false
    this.#underWay++
    this.tally.sent++
    this.send(1)
    return true
  }

  abstract close(): void

  /** Writes `count` messages in one piece. */
  protected abstract send(count: number): void

  protected pump(): void {
    const count = this.#inFlight - this.#underWay
    if (count <= 0) return
    this.#underWay += count
    this.tally.sent += count
    this.send(count)
  }

  protected sending(number: number): void {
    this.#sentAt[number % TIMES] = performance.now()
  }

  protected accepted(number: number): void {
    const { tally } = this
    this.#underWay--
    tally.accepted++
    if (tally.recording) tally.acceptedMs.add(this.#since(number))
  }

  protected delivered(number: number): void {
    const { tally } = this
    tally.delivered++
    if (tally.recording) tally.deliveredMs.add(this.#since(number))
  }

  #since(number: number): number {
    return performance.now() - (this.#sentAt[number % TIMES] ?? 0)
  }
}

/** Two friends on a Longwire server. */
export class LongwirePair extends TimedPair {
  readonly #pair: UserPair
  readonly #text: string

  constructor(tally: Tally, pair: UserPair, text: string) {
    super(tally)
    this.#pair = pair
    this.#text = text
    const { sender, receiver } = pair
    sender.onAccepted = sendSeq => this.accepted(sendSeq)
    sender.client.onRead = () => this.pump()
    receiver.onMessage = sendSeq => this.delivered(sendSeq)
  }

  override close(): void {
    this.#pair.sender.client.destroy()
    this.#pair.receiver.client.destroy()
  }

  protected override send(count: number): void {
    const { sender, receiver } = this.#pair
    if (count === 1) {
      this.#write(sender.nextSend(receiver.uid, this.#text))
      return
    }
    const frames = Array.from({ length: count }, () => sender.nextSend(receiver.uid, this.#text))
    this.#write(Buffer.concat(frames), count)
  }

  #write(bytes: Uint8Array, count = 1): void {
    const { sender } = this.#pair
    for (let number = sender.sent - count + 1; number <= sender.sent; number++) this.sending(number)
    sender.client.write(bytes)
  }
}

/** Two connections of the bare relay. */
export class RelayPair extends TimedPair {
  readonly #sender: RawClient
  readonly #receiver: RawClient
  readonly #message: Buffer
  #sent = 0
  #accepted = 0
  #delivered = 0

  private constructor(tally: Tally, sender: RawClient, receiver: RawClient, sizes: MessageSizes) {
    super(tally)
    this.#sender = sender
    this.#receiver = receiver
    this.#message = Buffer.alloc(sizes.up, 1)
    let answers = 0
    sender.onBytes = count => {
      for (answers += count; answers >= sizes.accepted; answers -= sizes.accepted) this.accepted(++this.#accepted)
      this.pump()
    }
    let messages = 0
    receiver.onBytes = count => {
      for (messages += count; messages >= sizes.down; messages -= sizes.down) this.delivered(++this.#delivered)
    }
  }

  /** @param index the pair's, which tells the relay who belongs together */
  static async connect(port: number, index: number, tally: Tally, sizes: MessageSizes): Promise<RelayPair> {
    const introduction = Buffer.alloc(4)
    introduction.writeUInt32LE(index)
    const sender = await RawClient.connect(port)
    const receiver = await RawClient.connect(port)
    sender.write(introduction)
    receiver.write(introduction)
    return new RelayPair(tally, sender, receiver, sizes)
  }

  override close(): void {
    this.#sender.destroy()
    this.#receiver.destroy()
  }

  protected override send(count: number): void {
    for (let i = 0; i < count; i++) this.sending(++this.#sent)
    this.#sender.write(count === 1 ? this.#message : Buffer.alloc(this.#message.length * count, 1))
  }
}
