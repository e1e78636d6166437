// Counts what is unread in a conversation: by what is stored here if that reaches down to what was read, or else the server does.
//
//   idle ──count()──► counting ──result──► idle
//                        │  ▲
//         disturb() ─────┘  └── again: something came meanwhile
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { COUNTED_MAX } from '../../../protocol/limits.js'
import type { Calls } from '../connection/calls.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import type { HistoryPage, StoredMessage } from '../storage/storage.js'
import type { Acks } from './acks.js'
import { isMentioned } from './extras.js'
import type { Past } from './past.js'

const PAGE = 50

export interface Tally {
  readonly unread: number
  readonly mentions: number
  /** The number in a group of the oldest that mentions the user; 0: none. */
  readonly firstMention: number
}

export interface Unread {
  readonly messages: readonly StoredMessage[]
  readonly isWhole: boolean
}

export interface UnreadTallyHost {
  readonly commits: Commits
  readonly calls: Calls
  readonly identity: Identity
  readonly acks: Acks
  readonly past: Past
}

export class UnreadTally {
  readonly #host: UnreadTallyHost
  /** The conversations that are being counted, and whether that must be done again. */
  readonly #counting = new Map<ConversationId, { again: boolean }>()

  constructor(host: UnreadTallyHost) {
    this.#host = host
  }

  /** Counts, and tells the result; asked for again meanwhile, it tells the later one alone. */
  count(conversation: ConversationId, done: (tally: Tally) => void): void {
    const under = this.#counting.get(conversation)
    if (under !== undefined) {
      under.again = true
      return
    }
    const mine = { again: false }
    this.#counting.set(conversation, mine)
    // What is being stored is counted, too.
    this.#host.commits.after(() => {
      this.#tally(conversation).then(
        tally => {
          this.#counting.delete(conversation)
          if (mine.again) this.count(conversation, done)
          else done(tally)
        },
        // The storage fails: the client ends.
        () => this.#counting.delete(conversation),
      )
    })
  }

  /** Something came that a count under way may have missed. */
  disturb(conversation: ConversationId): void {
    const under = this.#counting.get(conversation)
    if (under !== undefined) under.again = true
  }

  /**
   * Finds what is unread of what is stored, oldest first: at least the newest so many.
   * `isWhole`: nothing else that is unread is stored, or at the server.
   */
  async stored(conversation: ConversationId, atLeast: number): Promise<Unread> {
    const { past, identity, acks } = this.#host
    const unread: StoredMessage[] = []
    let oldest = Number.MAX_SAFE_INTEGER
    for (let before: number | undefined, isFirst = true; isFirst || before !== undefined; isFirst = false) {
      const page: HistoryPage = await past.stored(conversation, { before, limit: PAGE })
      const received = page.messages.filter(each => each.sender !== identity.uid && each.change === undefined)
      const news = received.filter(each => !acks.hasRead(each))
      unread.unshift(...news.filter(each => each.changed?.recalledBy === undefined))
      oldest = page.messages.find(each => each.version > 0)?.version ?? oldest
      // Marks are per device and messages of devices mingle, but a page without anything new ends what is unread.
      const isAtMark = received.length > 0 && news.length === 0
      if (isAtMark || unread.length >= atLeast) return { messages: unread, isWhole: isAtMark }
      before = page.before
    }
    return { messages: unread, isWhole: !past.goesBelow(conversation, oldest) }
  }

  async #tally(conversation: ConversationId): Promise<Tally> {
    const { calls } = this.#host
    const { messages, isWhole } = await this.stored(conversation, COUNTED_MAX)
    const tally = this.#tallied(messages)
    if (isWhole || messages.length >= COUNTED_MAX) return tally
    try {
      const { unread, mentions, firstMention } = await calls.ask('unread', { conversation })
      return { unread, mentions, firstMention }
    } catch {
      return tally
    }
  }

  #tallied(unread: readonly StoredMessage[]): Tally {
    const mentioning = unread.filter(each => isMentioned(each, this.#host.identity.uid))
    return {
      unread: Math.min(unread.length, COUNTED_MAX),
      mentions: Math.min(mentioning.length, COUNTED_MAX),
      firstMention: mentioning[0]?.number ?? 0,
    }
  }
}
