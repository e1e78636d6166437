// The contents of a storage, in memory: the whole of MemoryStorage, and what FileStorage makes of its journal.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import {
  type Changes,
  type Failure,
  HISTORY_PER_CONVERSATION_DEFAULT,
  type HistoryOptions,
  type HistoryPage,
  type Json,
  type StoredMessage,
} from './storage.js'

interface Conversation {
  /** Oldest first. */
  readonly messages: StoredMessage[]
  /** The number of older ones that were dropped: positions of pages stay what they were. */
  dropped: number
}

export class StoredModel {
  readonly values = new Map<string, Json>()
  readonly #conversations = new Map<ConversationId, Conversation>()
  readonly #kept: number

  constructor(options: HistoryOptions = {}) {
    const kept = options.historyPerConversation ?? HISTORY_PER_CONVERSATION_DEFAULT
    if (!Number.isSafeInteger(kept) || kept < 0)
      throw new RangeError(`historyPerConversation is ${kept}; it must be a whole number from 0`)
    this.#kept = kept
  }

  apply(changes: Changes): void {
    if (changes.forget) {
      this.values.clear()
      this.#conversations.clear()
    }
    for (const [name, value] of changes.values) {
      if (value === undefined) this.values.delete(name)
      else this.values.set(name, value)
    }
    if (this.#kept > 0) for (const message of changes.messages) this.#add(message)
    for (const failure of changes.failures) this.#fail(failure)
  }

  page(id: ConversationId, before: number | undefined, limit: number): HistoryPage {
    const conversation = this.#conversations.get(id)
    if (conversation === undefined) return { messages: [], before: undefined }
    const { messages, dropped } = conversation
    const end = before === undefined ? messages.length : Math.min(Math.max(before - dropped, 0), messages.length)
    const start = Math.max(end - limit, 0)
    return { messages: messages.slice(start, end), before: start > 0 ? dropped + start : undefined }
  }

  /** Every message kept, conversation by conversation, oldest first. */
  *messages(): IterableIterator<StoredMessage> {
    for (const { messages } of this.#conversations.values()) yield* messages
  }

  #add(message: StoredMessage): void {
    const conversation = this.#conversations.get(message.conversation)
    if (conversation === undefined) {
      this.#conversations.set(message.conversation, { messages: [message], dropped: 0 })
      return
    }
    conversation.messages.push(message)
    // Dropped a quarter at a time, so that a full conversation does not move its whole array for each message.
    const slack = Math.max(16, this.#kept >> 2)
    if (conversation.messages.length >= this.#kept + slack) {
      const surplus = conversation.messages.length - this.#kept
      conversation.messages.splice(0, surplus)
      conversation.dropped += surplus
    }
  }

  #fail({ conversation, sender, device, sendSeq, code }: Failure): void {
    const messages = this.#conversations.get(conversation)?.messages ?? []
    // Failures are rare and of late messages: the newest first.
    for (let i = messages.length - 1; i >= 0; i--) {
      const message = messages[i] as StoredMessage
      if (message.sendSeq === sendSeq && message.device === device && message.sender === sender) {
        messages[i] = { ...message, code }
        return
      }
    }
  }
}
