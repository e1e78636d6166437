// Who is online and who types, in the open chat and in those on top of the list. A page that nobody sees looks at nothing.
import { WATCHED_MAX } from '../../../protocol/limits.js'
import { type Client, type ConversationId, peerOf } from '../../typescript/browser.js'
import type { Platform } from './platform.js'
import { Signal } from './signal.js'

export class PresenceView {
  /** Grows by one when somebody comes or goes. */
  readonly version = new Signal(0)
  /** Those who type, by conversation. */
  readonly typists = new Signal<ReadonlyMap<ConversationId, readonly number[]>>(new Map())
  readonly #client: Client
  #wanted: readonly ConversationId[] = []
  #watched = ''
  #isVisible: boolean
  readonly #off: () => void

  /** @param on listens to the client for as long as the session lasts */
  constructor(client: Client, platform: Pick<Platform, 'isVisible' | 'whenVisible'>, on: Client['on']) {
    this.#client = client
    this.#isVisible = platform.isVisible()
    on('presence', () => this.version.set(this.version.value + 1))
    on('typing', ({ conversation, uid, typing }) => this.#types(conversation, uid, typing))
    on('contact', () => this.#watch())
    on('group', () => this.#watch())
    on('connection', ({ state }) => state === 'online' && this.#watch())
    this.#off = platform.whenVisible(isVisible => {
      this.#isVisible = isVisible
      this.#watch()
    })
  }

  /** Looks at these, as far as they can be looked at; the first ones, if they are too many. */
  look(conversations: readonly ConversationId[]): void {
    this.#wanted = conversations
    this.#watch()
  }

  /** Whether a user is known to be online. @param uid undefined for a group */
  isOnline(uid: number | undefined): boolean {
    return uid !== undefined && this.#client.presence.online(uid) === true
  }

  /** The user types in a conversation, or has stopped. */
  type(conversation: ConversationId, isTyping: boolean): void {
    if (this.#canWatch(conversation)) this.#client.presence.typing(conversation, isTyping)
  }

  close(): void {
    this.#off()
  }

  #watch(): void {
    const watched: ConversationId[] = []
    for (const each of this.#isVisible ? new Set(this.#wanted) : []) {
      if (watched.length === WATCHED_MAX) break
      if (this.#canWatch(each)) watched.push(each)
    }
    if (watched.join() === this.#watched) return
    this.#watched = watched.join()
    // What is refused is told of no more, until contacts or groups change: then it is said again.
    this.#client.presence.watch(watched).catch(() => {})
  }

  #canWatch(conversation: ConversationId): boolean {
    const uid = peerOf(conversation)
    if (uid === undefined) return this.#client.groups.group(conversation)?.state === 'member'
    const { contacts } = this.#client
    const contact = contacts.get(uid)
    if (contact === undefined || contact.blocked) return false
    return contact.state === 'friend' || (contact.stranger === 'open' && contacts.open === true)
  }

  #types(conversation: ConversationId, uid: number, typing: boolean): void {
    const others = (this.typists.value.get(conversation) ?? []).filter(each => each !== uid)
    const all = typing ? [...others, uid] : others
    const next = new Map(this.typists.value)
    if (all.length === 0) next.delete(conversation)
    else next.set(conversation, all)
    this.typists.set(next)
  }
}
