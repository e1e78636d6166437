// The part of the conversations that is kept here, as an application reads it.

import type { ConversationId } from '../../../protocol/conversation-id.js'
import { INTEGER_MAX } from '../../../protocol/limits.js'
import { checkCount, conversationNamed } from '../base/arguments.js'
import { LongwireError } from '../base/errors.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Message } from '../rules/messages.js'
import type { HistoryPage, Storage } from '../storage/storage.js'
import type { Parts } from './wiring.js'

const PAGE_DEFAULT = 50
const PAGE_MAX = 10_000

export interface HistoryRange {
  readonly before?: number
  readonly limit?: number
}

export interface MessagePage {
  /**
   * Oldest first; in a group by number, with its changes between the messages. The newest page ends with own messages that have no place
   * yet, because the group has not given one, or because they are in the send queue.
   */
  readonly messages: readonly Message[]
  /** The value to ask for the page before this one; undefined if there is none. */
  readonly before: number | undefined
}

type HistoryParts = 'identity' | 'inbox' | 'sender' | 'posted' | 'acks'

export class History {
  readonly #storage: Storage
  readonly #lifetime: Lifetime
  readonly #parts: Pick<Parts, HistoryParts>

  constructor(storage: Storage, lifetime: Lifetime, parts: Pick<Parts, HistoryParts>) {
    this.#storage = storage
    this.#lifetime = lifetime
    this.#parts = parts
  }

  /** @throws LongwireError INVALID_ARGUMENT */
  async page(of: number | ConversationId, { before, limit = PAGE_DEFAULT }: HistoryRange): Promise<MessagePage> {
    const conversation = conversationNamed('conversation', of)
    checkCount('limit', limit, 1, PAGE_MAX)
    if (before !== undefined) checkCount('before', before, 0, INTEGER_MAX)
    const page = await this.#stored(conversation, before, limit)
    const { inbox, sender, posted } = this.#parts
    const messages = page.messages.map(each => inbox.present(each))
    if (before === undefined) messages.push(...posted.in(conversation), ...sender.queuedIn(conversation))
    return { messages, before: page.before }
  }

  /** @throws LongwireError INVALID_ARGUMENT */
  async unread(of: number | ConversationId): Promise<number> {
    const conversation = conversationNamed('conversation', of)
    const { identity, acks } = this.#parts
    let count = 0
    let before: number | undefined
    do {
      const page = await this.#stored(conversation, before, PAGE_DEFAULT)
      const received = page.messages.filter(each => each.sender !== identity.uid && each.change === undefined)
      const news = received.filter(each => !acks.hasRead(each))
      count += news.filter(each => each.changed?.recalledBy === undefined).length
      // Marks are per device and messages of devices mingle, but a page without anything new ends what is unread.
      before = received.length > 0 && news.length === 0 ? undefined : page.before
    } while (before !== undefined)
    return count
  }

  #stored(conversation: ConversationId, before: number | undefined, limit: number): Promise<HistoryPage> {
    return this.#lifetime.answer<HistoryPage>((resolve, reject) => {
      this.#storage.history(conversation, before, limit, (error, page) => {
        if (error === undefined) resolve(page)
        else reject(LongwireError.local('STORAGE_FAILED', error))
      })
    })
  }
}
