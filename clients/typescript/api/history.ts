// The messages of a conversation as an application reads them: what is stored here, and beyond it what the server has.
//
//   place     names      the page comes from
//   s<n>      position   the storage
//   v<n>      version    the server; up to what is stored here
//   e<n>      number     what lies before the own joining of a group (Groups.earlier)
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { HISTORY_ITEMS_MAX } from '../../../protocol/limits.js'
import { checkCount, checkText, conversationNamed } from '../base/arguments.js'
import { LongwireError } from '../base/errors.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Message } from '../rules/messages.js'
import type { PastPage } from '../rules/past.js'
import { type MessageName, messageId } from '../rules/post.js'
import { FIRST_POSITION, type HistoryPage, type Storage, type StoredMessage } from '../storage/storage.js'
import type { EarlierPage } from './groups.js'
import type { Parts } from './wiring.js'

const PAGE_DEFAULT = 50
const PAGE_MAX = 10_000
const FOUND_DEFAULT = 50
const FOUND_MAX = 1_000
const SEARCH_BYTES_MAX = 256

/** A place in one conversation, between two messages. Pages name them; an application only hands them back. */
export type HistoryPlace = string

/** A page of a conversation: at most one of `before`, `after` and `around`; with none the newest. */
export interface HistoryRange {
  readonly before?: HistoryPlace | undefined
  readonly after?: HistoryPlace | undefined
  /** A message, as its `extra.reply`, an event or a page names it: half of the page is before it. */
  readonly around?: Omit<MessageName, 'conversation'> | undefined
  readonly limit?: number
}

export interface MessagePage {
  /**
   * Oldest first; in a group by number, with its changes between the messages. The newest page ends with own messages that have no place
   * yet, because the group has not given one, or because they are in the send queue.
   */
  readonly messages: readonly Message[]
  /** The place that the page before this one ends at; undefined if there is none. That page may be empty. */
  readonly before: HistoryPlace | undefined
  /** The place that the page after this one begins at; undefined if there is none: what comes is told by events. */
  readonly after: HistoryPlace | undefined
}

export interface SearchOptions {
  /** Absent: all conversations. */
  readonly conversation?: number | ConversationId
  readonly limit?: number
}

interface Place {
  readonly kind: 's' | 'v' | 'e'
  readonly at: number
}

type HistoryParts = 'inbox' | 'sender' | 'posted' | 'past' | 'groups' | 'tally'

export interface HistoryHost {
  readonly storage: Storage
  readonly lifetime: Lifetime
  readonly parts: Pick<Parts, HistoryParts>
  /** Asks the server for what lies before the own joining of a group. */
  earlier(group: ConversationId, before: number, limit: number): Promise<EarlierPage>
}

export class History {
  readonly #host: HistoryHost

  constructor(host: HistoryHost) {
    this.#host = host
  }

  /** @throws LongwireError INVALID_ARGUMENT, or the server's refusal if the page is not here */
  page(
    of: number | ConversationId,
    { before, after, around, limit = PAGE_DEFAULT }: HistoryRange,
  ): Promise<MessagePage> {
    const conversation = conversationNamed('conversation', of)
    checkCount('limit', limit, 1, PAGE_MAX)
    const named = [before, after, around].filter(each => each !== undefined)
    if (named.length > 1) throw LongwireError.argument('before', 'and after and around exclude one another')
    if (before !== undefined) return this.#before(conversation, placeOf('before', before), limit)
    if (after !== undefined) return this.#after(conversation, placeOf('after', after), limit)
    if (around !== undefined) return this.#around(conversation, around, limit)
    return this.#newest(conversation, limit)
  }

  /** @throws LongwireError INVALID_ARGUMENT */
  search(text: string, { conversation, limit = FOUND_DEFAULT }: SearchOptions): Promise<readonly Message[]> {
    checkText('text', text, SEARCH_BYTES_MAX, { bytesMin: 1 })
    checkCount('limit', limit, 1, FOUND_MAX)
    const within = conversation === undefined ? {} : { conversation: conversationNamed('conversation', conversation) }
    const query = { text: text.toLowerCase(), limit, ...within }
    const { storage, lifetime, parts } = this.#host
    return lifetime.answer((resolve, reject) => {
      storage.search(query, (error, found) => {
        if (error === undefined) resolve(found.map(each => parts.inbox.present(each)))
        else reject(LongwireError.local('STORAGE_FAILED', error))
      })
    })
  }

  /** @throws LongwireError INVALID_ARGUMENT */
  async unread(of: number | ConversationId): Promise<number> {
    const conversation = conversationNamed('conversation', of)
    const { messages } = await this.#host.parts.tally.stored(conversation, Number.POSITIVE_INFINITY)
    return messages.length
  }

  async #newest(conversation: ConversationId, limit: number): Promise<MessagePage> {
    const { past, posted, sender } = this.#host.parts
    const stored = await past.stored(conversation, { limit })
    const unplaced = [...posted.in(conversation), ...sender.queuedIn(conversation)]
    const isElsewhere = stored.messages.length === 0 && past.reaches(conversation)
    if (!isElsewhere) return this.#storedPage(conversation, stored, unplaced)
    return this.#pageOf(conversation, await this.#asked(conversation, {}, limit), undefined, unplaced)
  }

  async #before(conversation: ConversationId, { kind, at }: Place, limit: number): Promise<MessagePage> {
    const { past } = this.#host.parts
    if (kind === 's') return this.#storedPage(conversation, await past.stored(conversation, { before: at, limit }))
    if (kind === 'v') {
      const page = await this.#asked(conversation, { before: at }, limit)
      return this.#pageOf(conversation, page, this.#newer(page))
    }
    const { messages, before } = await this.#host.earlier(conversation, at, Math.min(limit, HISTORY_ITEMS_MAX))
    return { messages, before: before === undefined ? undefined : `e${before}`, after: undefined }
  }

  async #after(conversation: ConversationId, { kind, at }: Place, limit: number): Promise<MessagePage> {
    const { past } = this.#host.parts
    if (kind === 'e') throw LongwireError.argument('after', 'is a place before the joining; ask for pages before it')
    if (kind === 's') return this.#storedPage(conversation, await past.stored(conversation, { after: at, limit }))
    const page = await this.#asked(conversation, { after: at }, limit)
    const { oldest } = page
    const reachesStored = page.joined && at < oldest - 1
    if (!reachesStored) return this.#pageOf(conversation, page, this.#newer(page))
    const messages = page.messages.filter(each => each.version < oldest)
    // Those that join may be stored by now, before what was.
    const last = messages.at(-1)
    const stored = last && (await past.stored(conversation, { around: last, limit: 1 }))
    return this.#pageOf(conversation, { ...page, messages }, `s${stored?.after ?? FIRST_POSITION}`)
  }

  async #around(
    conversation: ConversationId,
    around: Omit<MessageName, 'conversation'>,
    limit: number,
  ): Promise<MessagePage> {
    const { past } = this.#host.parts
    const stored = await past.stored(conversation, { around, limit })
    if (stored.messages.length > 0) return this.#storedPage(conversation, stored)
    const page = await this.#asked(conversation, { message: messageId({ ...around, conversation }) }, limit)
    return this.#pageOf(conversation, page, this.#newer(page))
  }

  #asked(conversation: ConversationId, where: Parameters<Parts['past']['ask']>[1], limit: number): Promise<PastPage> {
    return this.#host.parts.past.ask(conversation, { ...where, limit: Math.min(limit, HISTORY_ITEMS_MAX) })
  }

  #storedPage(conversation: ConversationId, page: HistoryPage, unplaced: readonly Message[] = []): MessagePage {
    return {
      messages: [...page.messages.map(each => this.#host.parts.inbox.present(each)), ...unplaced],
      before: page.before === undefined ? this.#older(conversation, page.messages) : `s${page.before}`,
      after: page.after === undefined ? undefined : `s${page.after}`,
    }
  }

  #pageOf(
    conversation: ConversationId,
    { messages, from }: Pick<PastPage, 'messages' | 'from'>,
    after: HistoryPlace | undefined,
    unplaced: readonly Message[] = [],
  ): MessagePage {
    return {
      messages: [...messages.map(each => this.#host.parts.inbox.present(each)), ...unplaced],
      before: from > 0 ? `v${from + 1}` : this.#beforeJoining(conversation),
      after,
    }
  }

  /** The place before the oldest messages that are stored here. */
  #older(conversation: ConversationId, messages: readonly StoredMessage[]): HistoryPlace | undefined {
    const { past, inbox } = this.#host.parts
    const version = messages.find(each => each.version > 0)?.version ?? inbox.timeline.applied + 1
    return past.goesBelow(conversation, version) ? `v${version}` : this.#beforeJoining(conversation)
  }

  #newer({ to }: PastPage): HistoryPlace | undefined {
    return to < this.#host.parts.inbox.timeline.applied ? `v${to}` : undefined
  }

  #beforeJoining(conversation: ConversationId): HistoryPlace | undefined {
    return this.#host.parts.groups.get(conversation)?.state === 'member' ? 'e0' : undefined
  }
}

/** @throws LongwireError INVALID_ARGUMENT */
function placeOf(name: string, value: HistoryPlace): Place {
  const [, kind, digits] = /^([sve])(-?\d{1,16})$/.exec(value) ?? []
  if (kind === undefined) throw LongwireError.argument(name, 'is no place that a page has named')
  return { kind: kind as Place['kind'], at: Number(digits) }
}
