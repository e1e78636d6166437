// The queue of what must go in order over HTTP, where requests overtake each other (PROTOCOL.md, 13.8): numbered requests, and
// acks.
import { type AckNotice, encodeAckNotice, type Frame } from '../../../protocol/generated/messages.js'
import { HTTP_BODY_BYTES_MAX, SENDS_PER_SYNC_MAX } from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'

/** The next thing to do: a run of Sends for one Sync (empty: none is due), or a single request. */
export interface Next {
  readonly run: readonly Frame[]
  readonly single: Frame | undefined
}

/** Space for the since and the attempt of a Sync, and for the tag and length of its ack. */
const SYNC_HEAD_BYTES_MAX = 32

/** Tag and length of a Send within a Sync. */
const SEND_HEAD_BYTES_MAX = 4

export class HttpQueue {
  readonly #requests: Frame[] = []
  readonly #acks: AckNotice[] = []
  /** The number of next Sends that each go alone. */
  #single = 0

  add(request: Frame): void {
    this.#requests.push(request)
  }

  addAck(ack: AckNotice): void {
    this.#acks.push(ack)
  }

  /** The next ack that does not go above `version`. */
  takeAck(version = Number.POSITIVE_INFINITY): AckNotice | undefined {
    const [first] = this.#acks
    return first === undefined || first.version > version ? undefined : this.#acks.shift()
  }

  /** Puts back an ack that the server did not take; it goes again, before later ones. */
  putBack(ack: AckNotice): void {
    this.#acks.unshift(ack)
  }

  take(): Next {
    const [first] = this.#requests
    if (first !== undefined && (first.method !== METHODS.send.number || this.#single > 0)) {
      if (this.#single > 0) this.#single -= 1
      this.#requests.shift()
      return { run: [], single: first }
    }
    return { run: this.#requests.splice(0, this.#runLength()), single: undefined }
  }

  /** Takes all that waits out of the queue. */
  takeAll(): Frame[] {
    this.#single = 0
    return this.#requests.splice(0)
  }

  /** Puts back sends that were refused together: they go again, each by itself. */
  alone(run: readonly Frame[]): void {
    this.#requests.unshift(...run)
    this.#single = run.length
  }

  #runLength(): number {
    const [ack] = this.#acks
    let bytes = SYNC_HEAD_BYTES_MAX + (ack === undefined ? 0 : encodeAckNotice(ack).length)
    let length = 0
    for (const { method, body } of this.#requests) {
      bytes += SEND_HEAD_BYTES_MAX + body.length
      const full = length === SENDS_PER_SYNC_MAX || (length > 0 && bytes > HTTP_BODY_BYTES_MAX)
      if (method !== METHODS.send.number || full) break
      length += 1
    }
    return length
  }
}
