/** A client's connection to a server that is not ours, and pairs of them. What is written and read is the protocol's, in a file each. */

import { type Tally, TimedPair } from '../pairs.js'
import type { RawClient } from '../raw-client.js'

export interface PeerConnection {
  readonly client: RawClient
  /** The server has accepted the next message that was sent. */
  onAccepted: () => void
  /** The next message has come. */
  onMessage: () => void
  /** Writes `count` messages with the text in one piece. */
  send(count: number): void
}

/** Two users of such a server. Messages are counted: servers give and answer them in the order in which they were sent. */
export class PeerPair extends TimedPair {
  readonly #sender: PeerConnection
  readonly #receiver: PeerConnection
  #sent = 0
  #accepted = 0
  #delivered = 0

  constructor(tally: Tally, sender: PeerConnection, receiver: PeerConnection) {
    super(tally)
    this.#sender = sender
    this.#receiver = receiver
    sender.onAccepted = () => this.accepted(++this.#accepted)
    sender.client.onRead = () => this.pump()
    receiver.onMessage = () => this.delivered(++this.#delivered)
  }

  override close(): void {
    this.#sender.client.destroy()
    this.#receiver.client.destroy()
  }

  protected override send(count: number): void {
    for (let i = 0; i < count; i++) this.sending(++this.#sent)
    this.#sender.send(count)
  }
}

/** Cuts bytes that come in any cut into units. */
export class Units {
  #rest: Buffer = Buffer.alloc(0)

  /** @param take is given the bytes and the begin of a unit; returns its end, or undefined if the unit is not whole */
  push(bytes: Uint8Array, take: (bytes: Buffer, at: number) => number | undefined): void {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const whole = this.#rest.length === 0 ? view : Buffer.concat([this.#rest, view])
    let at = 0
    while (at < whole.length) {
      const end = take(whole, at)
      if (end === undefined) break
      at = end
    }
    this.#rest = Buffer.from(whole.subarray(at)) // a copy: the buffer is all connections'
  }
}
