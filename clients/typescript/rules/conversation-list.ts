// What the user has set for conversations, and how far they are read, as the timeline's items say. PROTOCOL.md, clause 16.
import { type ConversationId, isConversationId } from '../../../protocol/conversation-id.js'
import {
  type ConversationState as ConversationItem,
  createPreferences,
  type Preferences as PreferencesItem,
} from '../../../protocol/generated/messages.js'
import type { Operation } from '../base/operation.js'
import type { Commits } from '../storage/commits.js'
import { KeyedList } from './keyed-list.js'

/** What the user can set for a conversation: how it is shown, on all own devices. */
export interface ConversationSettings {
  readonly muted: boolean
  readonly pinned: boolean
  readonly archived: boolean
  /** The user wants to come back to it. */
  readonly unread: boolean
}

export interface ConversationState extends ConversationSettings {
  readonly conversation: ConversationId
  /** The number up to which the user has read a group, on any device. */
  readonly read: number
  /** The version up to which the user has deleted all of it. */
  readonly cleared: number
}

export type Preferences = Readonly<PreferencesItem>

export class ConversationList extends KeyedList<ConversationId, ConversationState> {
  readonly #commits: Commits

  /** @param emit a conversation is set and read so from now on; called when that is stored */
  constructor(commits: Commits, emit: (state: ConversationState) => void) {
    super(commits, {
      kind: 'conversation',
      defaults: stateOf('direct:0'),
      emit,
      ended: (_, conversation) => stateOf(conversation),
    })
    this.#commits = commits
  }

  /** What is set for a conversation; for one that nothing was set for, too. */
  of(conversation: ConversationId): ConversationState {
    return this.get(conversation) ?? stateOf(conversation)
  }

  clearedOf(conversation: ConversationId): number {
    return this.get(conversation)?.cleared ?? 0
  }

  /** The settings that were asked for last, of those that the server took. */
  settingsOf(conversation: ConversationId): ConversationSettings {
    return this.newest(conversation) ?? stateOf(conversation)
  }

  /** The server took settings that were asked for here. */
  onTaken({ conversation, settings }: Operation<'setConversation'>): void {
    const id = conversation as ConversationId
    this.take(id, { ...this.of(id), ...settings })
  }

  /** An item came. @returns whether the conversation is cleared further than before */
  onItem({ conversation, settings, read, cleared }: ConversationItem): boolean {
    if (!isConversationId(conversation)) return false
    const clears = cleared > this.clearedOf(conversation)
    if (clears) this.#commits.clear({ conversation, upTo: cleared })
    this.set(conversation, { ...stateOf(conversation), ...settings, read, cleared })
    return clears
  }
}

/** The user's preferences: one item, for all devices. */
export class PreferencesList extends KeyedList<'own', Preferences> {
  /** @param emit the preferences are these from now on; called when that is stored */
  constructor(commits: Commits, emit: (preferences: Preferences) => void) {
    super(commits, { kind: 'preferences', defaults: createPreferences(), emit, ended: () => createPreferences() })
  }

  get own(): Preferences {
    return this.get('own') ?? createPreferences()
  }

  /** The preferences that were asked for last, of those that the server took. */
  get asked(): Preferences {
    return this.newest('own') ?? createPreferences()
  }

  /** The server took preferences that were asked for here. */
  onTaken({ preferences }: Operation<'setPreferences'>): void {
    this.take('own', { ...this.own, ...preferences })
  }

  /** An item came. */
  onItem(item: PreferencesItem): void {
    this.set('own', { ...item })
  }
}

function stateOf(conversation: ConversationId): ConversationState {
  return { conversation, muted: false, pinned: false, archived: false, unread: false, read: 0, cleared: 0 }
}
