// The members of groups, from the server. Their names go to the people; the list is asked for when it is looked at, and again when
// something has happened in the group.
import type { Client, ConversationId, GroupMember, GroupProfile } from '../../typescript/browser.js'
import type { People } from './people.js'
import { Signal } from './signal.js'

export interface Members {
  readonly state: 'unknown' | 'loading' | 'ready' | 'failed'
  /** The number of members; 0: unknown. */
  readonly count: number
  readonly list: readonly GroupMember[]
  /** Whether there are more than are listed. */
  readonly hasMore: boolean
  readonly profile: GroupProfile | undefined
}

const UNKNOWN: Members = { state: 'unknown', count: 0, list: [], hasMore: false, profile: undefined }

export class GroupMembers {
  readonly #client: Client
  readonly #people: People
  readonly #groups = new Map<ConversationId, Signal<Members>>()
  /** The groups in which something has happened since their members were asked for. */
  readonly #changed = new Set<ConversationId>()

  /** @param on listens to the client for as long as the session lasts */
  constructor(client: Client, people: People, on: Client['on']) {
    this.#client = client
    this.#people = people
    on('groupChange', ({ conversation }) => this.#change(conversation))
    on('group', ({ conversation }) => this.#change(conversation))
    on('connection', ({ state }) => {
      if (state !== 'online') return
      for (const [conversation, { value }] of this.#groups) if (value.state === 'failed') void this.load(conversation)
    })
  }

  of(conversation: ConversationId): Signal<Members> {
    const known = this.#groups.get(conversation)
    if (known !== undefined) return known
    const made = new Signal(UNKNOWN)
    this.#groups.set(conversation, made)
    return made
  }

  /** Asks for the first page, if it is not known yet. */
  look(conversation: ConversationId): void {
    if (this.of(conversation).value.state === 'unknown') void this.load(conversation)
  }

  async load(conversation: ConversationId): Promise<void> {
    const signal = this.of(conversation)
    signal.set({ ...signal.value, state: 'loading' })
    try {
      const { groups } = this.#client
      const [profile, page] = await Promise.all([groups.get(conversation), groups.members(conversation)])
      this.#people.note(page.members)
      signal.set({
        state: 'ready',
        count: profile.members,
        list: page.members,
        hasMore: page.after !== undefined,
        profile,
      })
    } catch {
      signal.set({ ...signal.value, state: 'failed' })
    }
    if (this.#changed.delete(conversation)) await this.load(conversation)
  }

  /** Adds the next page. */
  async more(conversation: ConversationId): Promise<void> {
    const signal = this.of(conversation)
    const last = signal.value.list.at(-1)
    if (last === undefined || !signal.value.hasMore) return
    try {
      const page = await this.#client.groups.members(conversation, { after: last.uid })
      this.#people.note(page.members)
      signal.set({ ...signal.value, list: [...signal.value.list, ...page.members], hasMore: page.after !== undefined })
    } catch {
      // The button stays: it can be pressed again.
    }
  }

  #change(conversation: ConversationId): void {
    const state = this.#groups.get(conversation)?.value.state
    if (state === 'loading') this.#changed.add(conversation)
    else if (state === 'ready' || state === 'failed') void this.load(conversation)
  }
}
