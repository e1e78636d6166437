// The contents of a storage, in memory: the whole of MemoryStorage, and what FileStorage makes of its journal.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import {
  type Changes,
  type Clearing,
  HISTORY_PER_CONVERSATION_DEFAULT,
  type HistoryOptions,
  type HistoryPage,
  isCleared,
  isFound,
  isNamed,
  type Json,
  type Outcome,
  type Present,
  type Rewrite,
  rewritten,
  type StoredMessage,
  type StoredQuery,
  type StoredRange,
  settled,
} from './storage.js'

interface Conversation {
  /** Oldest first. */
  messages: StoredMessage[]
  /** Their positions, which rise and stay while others are taken out: pages are asked for by them. */
  positions: number[]
  nextPosition: number
  /** The position before all that were ever given. */
  previousPosition: number
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
    for (const message of changes.earlier.toReversed()) this.#addBefore(message)
    for (const outcome of changes.outcomes) this.#settle(outcome)
    let erased = changes.forget
    for (const rewrite of changes.rewrites) if (this.#rewrite(rewrite)) erased = true
    for (const clearing of changes.clearings) if (this.#clear(clearing)) erased = true
    return erased
  }

  /** Notes that what is not here is nowhere else either. */
  cleaned(): void {
    this.#dropped.clear()
  }

  page(id: ConversationId, range: StoredRange): HistoryPage {
    const conversation = this.#conversations.get(id)
    const part = conversation && partOf(conversation, range)
    if (conversation === undefined || part === undefined) return { messages: [], before: undefined, after: undefined }
    const { messages, positions } = conversation
    const [start, end] = part
    return {
      messages: messages.slice(start, end),
      before: start > 0 ? (positions[start] ?? conversation.nextPosition) : undefined,
      after: end < messages.length ? (positions[end - 1] ?? conversation.previousPosition) : undefined,
    }
  }

  search(query: StoredQuery): StoredMessage[] {
    const { conversation, limit } = query
    const ids = conversation === undefined ? [...this.#conversations.keys()] : [conversation]
    const found = ids.flatMap(id => this.#conversations.get(id)?.messages.filter(each => isFound(each, query)) ?? [])
    return found.sort((x, y) => y.atMs - x.atMs).slice(0, limit)
  }

  /** Every message kept, conversation by conversation, oldest first. */
  *messages(): IterableIterator<StoredMessage> {
    for (const { messages } of this.#conversations.values()) yield* messages
  }

  #add(message: StoredMessage): void {
    const conversation = this.#keeping(message.conversation)
    if (conversation === undefined) return
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

  #addBefore(message: StoredMessage): void {
    const conversation = this.#keeping(message.conversation)
    if (conversation === undefined) return
    if (conversation.messages.length >= this.#kept) {
      this.#dropped.add(message.conversation)
      return
    }
    conversation.messages.unshift(message)
    conversation.positions.unshift(conversation.previousPosition--)
  }

  /** The conversation that a message is to be kept in; undefined if none is kept. */
  #keeping(id: ConversationId): Conversation | undefined {
    if (this.#kept === 0) {
      this.#dropped.add(id)
      return undefined
    }
    let conversation = this.#conversations.get(id)
    if (conversation === undefined) {
      conversation = { messages: [], positions: [], nextPosition: 0, previousPosition: -1 }
      this.#conversations.set(id, conversation)
    }
    return conversation
  }

  #settle(outcome: Outcome): void {
    const { conversation, sender, device, sendSeq } = outcome
    const messages = this.#conversations.get(conversation)?.messages ?? []
    // Outcomes are rare and of late messages: the newest first.
    const at = messages.findLastIndex(each => isNamed(each, { sender, device, sendSeq }))
    const message = messages[at]
    if (message !== undefined) messages[at] = settled(message, outcome)
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
    const stays = conversation.messages.map(({ version }) => !isCleared(version, upTo))
    if (!stays.includes(false)) return dropped
    conversation.messages = conversation.messages.filter((_, i) => stays[i])
    conversation.positions = conversation.positions.filter((_, i) => stays[i])
    return true
  }
}

/** The part of the messages that a range names; undefined: the message around which it is to be is not there. */
function partOf(
  { messages, positions }: Conversation,
  { before, after, around, limit }: StoredRange,
): readonly [start: number, end: number] | undefined {
  if (after !== undefined) {
    const from = positions.findIndex(each => each > after)
    const start = from < 0 ? messages.length : from
    return [start, Math.min(start + limit, messages.length)]
  }
  let end = before === undefined ? messages.length : positions.findLastIndex(each => each < before) + 1
  if (around !== undefined) {
    const at = messages.findLastIndex(each => isNamed(each, around))
    if (at < 0) return undefined
    end = Math.min(Math.max(at - (limit >> 1), 0) + limit, messages.length)
  }
  return [Math.max(end - limit, 0), end]
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
