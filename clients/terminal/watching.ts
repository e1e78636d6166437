/** Who types and who is online, as far as the chat shows it: of the conversation that one talks in, and of friends. */

import { type ConversationId, directConversation, peerOf } from '../typescript/index.js'
import type { ChatClient } from './chat-spec.js'
import type { People } from './people.js'
import { visibleName } from './visible.js'

/** The most conversations that a client looks at. */
const WATCHED_MAX = 20
/** The most who are named to type at once. */
const NAMED_MAX = 2

export class Watching {
  readonly #client: ChatClient
  readonly #people: People
  readonly #changed: () => void
  readonly #off: () => void
  #current: ConversationId | undefined
  #watched = ''
  /** Those who type in the conversation that one talks in. */
  readonly #typists = new Set<number>()

  /** @param changed called when somebody begins or ends to type there */
  constructor(client: ChatClient, people: People, changed: () => void) {
    this.#client = client
    this.#people = people
    this.#changed = changed
    this.#off = client.on('typing', ({ conversation, uid, typing }) => {
      if (conversation !== this.#current) return
      if (typing) this.#typists.add(uid)
      else this.#typists.delete(uid)
      this.#changed()
    })
  }

  /** Looks at the conversation that one talks in, and at as many friends as may be. */
  look(current: ConversationId | undefined): void {
    if (current !== this.#current) this.#typists.clear()
    this.#current = current
    const friends = this.#client.contacts.list().filter(({ state }) => state === 'friend')
    const all = [...(current === undefined ? [] : [current]), ...friends.map(({ uid }) => directConversation(uid))]
    const wanted = [...new Set(all)].slice(0, WATCHED_MAX)
    if (wanted.join() === this.#watched) return
    this.#watched = wanted.join()
    void this.#client.presence.watch(wanted)
  }

  /** A key was typed: the others may see it. What is a command is for nobody. */
  typed(text: string): void {
    if (this.#current === undefined || (text.startsWith('/') && !text.startsWith('//'))) return
    this.#client.presence.typing(this.#current, text !== '')
  }

  /** What is said of those who type, behind the name of the conversation; '' if nobody does. */
  get words(): string {
    if (this.#typists.size === 0 || this.#current === undefined) return ''
    if (peerOf(this.#current) !== undefined) return ' is typing'
    const names = Array.from(this.#typists, uid => visibleName(this.#people.nameOf(uid)))
    if (names.length > NAMED_MAX) return `: ${names.length} are typing`
    return `: ${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing`
  }

  close(): void {
    this.#off()
  }
}
