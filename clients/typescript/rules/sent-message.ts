// The handle of a message of this device and this run: always says the present state.
import { reasonOfCode } from '../base/errors.js'
import type { Message, MessageState } from './messages.js'
import type { Receipts } from './receipts.js'

const NONE = { code: 0, reason: '' }

export class SentMessage implements Message {
  readonly peer: number
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  readonly atMs: number
  readonly text: string
  /** @internal The library's to write. */
  progress: 'queued' | 'sending' | 'accepted' | 'failed' = 'queued'
  /** @internal */
  failure: { readonly code: number; readonly reason: string } = NONE
  readonly #receipts: Receipts

  /** @internal */
  constructor(
    id: { readonly sender: number; readonly device: number; readonly sendSeq: number },
    peer: number,
    text: string,
    atMs: number,
    receipts: Receipts,
  ) {
    this.sender = id.sender
    this.device = id.device
    this.sendSeq = id.sendSeq
    this.peer = peer
    this.text = text
    this.atMs = atMs
    this.#receipts = receipts
  }

  get state(): MessageState {
    if (this.progress !== 'accepted') return this.progress
    return this.code !== 0 ? 'failed' : this.#receipts.stateOf(this.peer, this.device, this.sendSeq)
  }

  get code(): number {
    return this.progress === 'failed' ? this.failure.code : this.#receipts.failureOf(this.sendSeq)
  }

  get reason(): string {
    return this.progress === 'failed' ? this.failure.reason : reasonOfCode(this.code)
  }
}
