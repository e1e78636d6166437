// What a user knows and sets about conversations, on all own devices. PROTOCOL.md, clause 16.
import { type ConversationId, isGroupConversation } from '../../../protocol/conversation-id.js'
import { INTEGER_MAX } from '../../../protocol/limits.js'
import { checkCount, checkFlag, conversationNamed, writableNamed } from '../base/arguments.js'
import type { Lifetime } from '../base/lifetime.js'
import type { Operate, UnderWay } from '../base/operation.js'
import type { Calls } from '../connection/calls.js'
import type { Acks } from '../rules/acks.js'
import type {
  ConversationList,
  ConversationSettings,
  ConversationState,
  Preferences,
  PreferencesList,
} from '../rules/conversation-list.js'

/** What is unread, as the server counts it. */
export interface UnreadCounts {
  /** Messages of others above the own mark, neither recalled nor deleted; 100: that many, or more. */
  readonly unread: number
  /** Those that mention the user, counted alike. */
  readonly mentions: number
  /** The number of the oldest of them, in a group; 0: none. */
  readonly firstMention: number
  /** The own mark, in a group. */
  readonly read: number
}

export interface ConversationsHost {
  readonly list: ConversationList
  readonly preferences: PreferencesList
  readonly acks: Acks
  readonly calls: Calls
  readonly lifetime: Lifetime
  readonly operate: Operate
  readonly underWay: UnderWay
}

export class Conversations {
  readonly #host: ConversationsHost
  /** The mark of each group that is on its way to the server, or has got there. */
  readonly #told = new Map<ConversationId, number>()
  /** The groups of which a mark is on its way. Those that rise meanwhile go behind it, all in one. */
  readonly #telling = new Set<ConversationId>()

  /** @internal */
  constructor(host: ConversationsHost) {
    this.#host = host
  }

  /** The conversations of which anything is known: settings, a read mark. From what is stored here. */
  list(): ConversationState[] {
    return this.#host.list.all()
  }

  /** What is set for one of them; for one that nothing was ever set for, too. */
  get(conversation: number | ConversationId): ConversationState {
    return this.#host.list.of(conversationNamed('conversation', conversation))
  }

  /** Sets how a conversation is shown, on all own devices. What is left out stays as it is, or as it was asked for last. */
  set(conversation: number | ConversationId, settings: Partial<ConversationSettings>): Promise<void> {
    return this.#host.operate('setConversation', () => {
      const id = writableNamed('conversation', conversation)
      const asked = this.#host.underWay('setConversation', ({ conversation }) => conversation === id)?.settings
      const { muted, pinned, archived, unread } = { ...(asked ?? this.#host.list.settingsOf(id)), ...settings }
      for (const [name, flag] of Object.entries({ muted, pinned, archived, unread })) checkFlag(name, flag)
      return { conversation: id, settings: { muted, pinned, archived, unread } }
    })
  }

  /** What is unread in a conversation, from the server, which also counts what is not kept here. */
  unread(conversation: number | ConversationId): Promise<UnreadCounts> {
    const { lifetime, calls } = this.#host
    return lifetime.promise(async () => {
      const id = writableNamed('conversation', conversation)
      return { ...(await calls.ask('unread', { conversation: id })) }
    })
  }

  /** What others learn of the user. */
  get preferences(): Preferences {
    return this.#host.preferences.own
  }

  /** Sets what others learn of the user. What is left out stays as it is, or as it was asked for last. */
  setPreferences(settings: Partial<Preferences>): Promise<void> {
    return this.#host.operate('setPreferences', () => {
      const asked = this.#host.underWay('setPreferences', () => true)?.preferences
      const wanted = { ...(asked ?? this.#host.preferences.asked), ...settings }
      const { noReceipts, askBeforeGroups, noPresence, friendsOnly } = wanted
      const preferences = { noReceipts, askBeforeGroups, noPresence, friendsOnly }
      for (const [name, flag] of Object.entries(preferences)) checkFlag(name, flag)
      return { preferences }
    })
  }

  /** @internal The same as Client.markRead(). */
  markRead(conversation: ConversationId, number: number | undefined): void {
    if (number !== undefined) checkCount('number', number, 1, INTEGER_MAX)
    this.#host.acks.markRead(conversation, number)
    if (isGroupConversation(conversation)) this.#tell(conversation)
  }

  /** Tells the server how far a group is read: one request at a time, for a mark only rises. */
  #tell(group: ConversationId): void {
    const number = this.#host.acks.readOf(group)
    const told = Math.max(this.#told.get(group) ?? 0, this.#host.list.get(group)?.read ?? 0)
    if (number <= told || this.#telling.has(group)) return
    this.#telling.add(group)
    this.#told.set(group, number)
    this.#host
      .operate('markRead', () => ({ conversation: group, number }))
      .then(
        () => {
          this.#telling.delete(group)
          this.#tell(group)
        },
        // It is not tried again; the next, higher mark is told.
        () => this.#telling.delete(group),
      )
  }
}
