// The contents of a storage, in memory: the whole of MemoryStorage, and what FileStorage makes of its journal.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import {
  type Changes,
  type Clearing,
  type Failure,
  HISTORY_PER_CONVERSATION_DEFAULT,
  type HistoryOptions,
  type HistoryPage,
  isCleared,
  isNamed,
  type Json,
  type Present,
  type Rewrite,
  rewritten,
  type StoredMessage,
} from './storage.js'

interface Conversation {
  /** Oldest first. */
  readonly messages: StoredMessage[]
  /** Their positions, which rise and stay while others are taken out: pages are asked for by them. */
  readonly positions: number[]
  nextPosition: number
}

export class StoredModel {
  readonly values = new Map<string, Json>()
  readonly #conversations = new Map<ConversationId, Conversation>()
  /** The conversations that messages were dropped of, because there are too many. A journal may still have those. */
  readonly #dropped = new Set<ConversationId>()
  readonly #kept: number

  constructor(options: HistoryOptions = {}) {
    const kept = options.historyPerConversation ?? HISTORY_PER_CONVERSATION_DEFAULT
    if (!Number.isSafeInteger(kept) || kept < 0)
      throw new RangeError(`historyPerConversation is ${kept}; it must be a whole number from 0`)
    this.#kept = kept
  }

  /** @returns whether content is gone that was here before, or came with these changes; also if it may be where it was dropped from here */
  apply(changes: Changes): boolean {
    if (changes.forget) {
      this.values.clear()
      this.#conversations.clear()
    }
    for (const [name, value] of changes.values) {
      if (value === undefined) this.values.delete(name)
      else this.values.set(name, value)
    }
    for (const message of changes.messages) this.#add(message)
    for (const failure of changes.failures) this.#fail(failure)
    let erased = changes.forget
    for (const rewrite of changes.rewrites) if (this.#rewrite(rewrite)) erased = true
    for (const clearing of changes.clearings) if (this.#clear(clearing)) erased = true
    return erased
  }

  /** Notes that what is not here is nowhere else either. */
  cleaned(): void {
    this.#dropped.clear()
  }

  page(id: ConversationId, before: number | undefined, limit: number): HistoryPage {
    const conversation = this.#conversations.get(id)
    if (conversation === undefined) return { messages: [], before: undefined }
    const { messages, positions } = conversation
    const end = before === undefined ? messages.length : positions.findLastIndex(each => each < before) + 1
    const start = Math.max(end - limit, 0)
    return { messages: messages.slice(start, end), before: start > 0 ? positions[start] : undefined }
  }

  /** Every message kept, conversation by conversation, oldest first. */
  *messages(): IterableIterator<StoredMessage> {
    for (const { messages } of this.#conversations.values()) yield* messages
  }

  #add(message: StoredMessage): void {
    if (this.#kept === 0) {
      this.#dropped.add(message.conversation)
      return
    }
    const conversation = this.#conversations.get(message.conversation)
    if (conversation === undefined) {
      this.#conversations.set(message.conversation, { messages: [message], positions: [0], nextPosition: 1 })
      return
    }
    conversation.messages.push(message)
    conversation.positions.push(conversation.nextPosition++)
    // Dropped a quarter at a time, so that a full conversation does not move its whole array for each message.
    const slack = Math.max(16, this.#kept >> 2)
    if (conversation.messages.length >= this.#kept + slack) {
      const surplus = conversation.messages.length - this.#kept
      conversation.messages.splice(0, surplus)
      conversation.positions.splice(0, surplus)
      this.#dropped.add(message.conversation)
    }
  }

  #fail({ conversation, sender, device, sendSeq, code }: Failure): void {
    const messages = this.#conversations.get(conversation)?.messages ?? []
    // Failures are rare and of late messages: the newest first.
    const at = messages.findLastIndex(each => isNamed(each, { sender, device, sendSeq }))
    const message = messages[at]
    if (message !== undefined) messages[at] = { ...message, code }
  }

  #rewrite({ conversation: id, present, found, ...name }: Rewrite): boolean {
    const conversation = this.#conversations.get(id)
    const at = conversation?.messages.findLastIndex(each => isNamed(each, name)) ?? -1
    const message = conversation?.messages[at]
    if (conversation === undefined || message === undefined) return this.#dropped.has(id) && takesAway(present)
    found?.()
    if (present === undefined) {
      conversation.messages.splice(at, 1)
      conversation.positions.splice(at, 1)
      return true
    }
    conversation.messages[at] = rewritten(message, present)
    return JSON.stringify(contentOf(message)) !== JSON.stringify(contentOf(present))
  }

  #clear({ conversation: id, upTo }: Clearing): boolean {
    const conversation = this.#conversations.get(id)
    const dropped = this.#dropped.has(id)
    if (conversation === undefined) return dropped
    const { messages, positions, nextPosition } = conversation
    const stays = messages.map(({ version }) => !isCleared(version, upTo))
    if (!stays.includes(false)) return dropped
    this.#conversations.set(id, {
      messages: messages.filter((_, i) => stays[i]),
      positions: positions.filter((_, i) => stays[i]),
      nextPosition,
    })
    return true
  }
}

/** The parts of a message that its author wrote. */
function contentOf({ text, content, extra }: Present): readonly unknown[] {
  return [text, content, extra]
}

/** Whether a message had other parts of its author's before, as far as what it is now tells. */
function takesAway(present: Present | undefined): boolean {
  if (present === undefined) return true
  const { editedAtMs, recalledBy, withheld } = present.changed ?? {}
  return editedAtMs !== undefined || recalledBy !== undefined || withheld !== undefined
}
