// The handle of a message of this device and this run: always says the present state.
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import { reasonOfCode } from '../base/errors.js'
import type { StoredMessage } from '../storage/storage.js'
import { type Content, contentOf } from './content.js'
import { type Extra, extraOf, UNCHANGED } from './extras.js'
import type { Message, MessageState } from './messages.js'
import type { Receipts } from './receipts.js'

const NONE = { code: 0, reason: '' }

/** The parts of a message that not every one has. */
export type Rich = Pick<StoredMessage, 'content' | 'extra'>

/** A message to a conversation, as it was queued, with its id. */
export interface Written extends Rich {
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  readonly conversation: ConversationId
  readonly text: string
  readonly atMs: number
}

export class SentMessage implements Message {
  readonly conversation: ConversationId
  readonly peer: number
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  readonly atMs: number
  /** The place in a group: 0 until the group has given it one. */
  number = 0
  readonly change = undefined
  readonly content: Content
  readonly text: string
  readonly extra: Extra
  /** The message as it was sent: what happens to it later is told by `messageChanged`, and stands in the history. */
  readonly changed = UNCHANGED
  /** @internal */
  readonly rich: Rich
  /** @internal The library's to write. */
  progress: 'queued' | 'sending' | 'accepted' | 'failed' = 'queued'
  /** @internal */
  failure: { readonly code: number; readonly reason: string } = NONE
  readonly #receipts: Receipts

  /** @internal */
  constructor({ sender, device, sendSeq, conversation, text, atMs, content, extra }: Written, receipts: Receipts) {
    this.conversation = conversation
    this.peer = peerOf(conversation) ?? 0
    this.sender = sender
    this.device = device
    this.sendSeq = sendSeq
    this.atMs = atMs
    this.content = contentOf(text, content)
    this.text = text
    this.extra = extraOf(extra)
    this.rich = { ...(content && { content }), ...(extra && { extra }) }
    this.#receipts = receipts
  }

  get state(): MessageState {
    if (this.progress !== 'accepted') return this.progress
    if (this.code !== 0) return 'failed'
    return this.peer === 0 ? 'accepted' : this.#receipts.stateOf(this.peer, this.device, this.sendSeq)
  }

  get code(): number {
    return this.progress === 'failed' ? this.failure.code : this.#receipts.failureOf(this.sendSeq)
  }

  get reason(): string {
    return this.progress === 'failed' ? this.failure.reason : reasonOfCode(this.code)
  }
}

/** A message of this device as it is kept. */
export function asStored(
  message: SentMessage,
  what: Partial<StoredMessage> & { readonly version: number },
): StoredMessage {
  const { conversation, sender, device, sendSeq, atMs, text, rich } = message
  return { conversation, sender, device, sendSeq, atMs, text, ...rich, code: 0, ...what }
}
