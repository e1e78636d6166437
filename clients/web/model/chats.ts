// The list of chats, as the library has it: pinned ones first, then by the time of their last message. Friends and groups without a message
// stand at its end.
import {
  type Client,
  type Chat as ClientChat,
  type ConversationId,
  directConversation,
  peerOf,
} from '../../typescript/browser.js'
import { snapshot } from './entries.js'
import type { People } from './people.js'
import type { Platform } from './platform.js'
import { isStrangerAsking } from './requests.js'
import { Signal } from './signal.js'

/** A chat as the library says, with a name from whoever knows it; empty while nobody does. */
export interface Chat extends ClientChat {
  /** A stranger began it, and waits for an answer: it stands among the requests. */
  readonly asks: boolean
  /** Its last message, or that it has none, is known. Otherwise an older page of the list may have it. */
  readonly known: boolean
}

/** An empty list may be one that has not come yet: for so long after the connection it is not believed. */
const BELIEVED_MS = 1_500

export class Chats {
  /** Undefined until they are known. A chat of which nothing has changed is the same object as before. */
  readonly list = new Signal<readonly Chat[] | undefined>(undefined)
  readonly #client: Client
  readonly #people: People
  readonly #clock: Platform['clock']
  #isKnown = false
  #isDrawing = false
  #isAsking = false
  #hasMore = true

  /** @param on listens to the client for as long as the session lasts */
  constructor(client: Client, people: People, platform: Pick<Platform, 'clock'>, on: Client['on']) {
    this.#client = client
    this.#people = people
    this.#clock = platform.clock
    const soon = (): void => this.#drawSoon()
    // The last message of a row has a mark, which says how far it is.
    for (const name of ['chat', 'messageState', 'delivered', 'read'] as const) on(name, soon)
    on('chats', () => {
      this.#isKnown = true
      this.#hasMore = true
      soon()
    })
    on('contact', soon)
    on('group', soon)
    on('connection', ({ state }) => {
      if (state === 'online') this.#believeSoon()
    })
    people.version.subscribe(soon)
    if (client.state().status.state === 'online') this.#believeSoon()
    this.#draw()
  }

  get(conversation: ConversationId): Chat | undefined {
    return this.list.value?.find(each => each.conversation === conversation)
  }

  /** Older ones are wanted. */
  async more(): Promise<void> {
    if (this.#isAsking || !this.#hasMore) return
    this.#isAsking = true
    try {
      this.#hasMore = await this.#client.chats.more()
      this.#drawSoon()
    } catch {
      // Without a connection there are no older ones; with the next wish it is tried again.
    } finally {
      this.#isAsking = false
    }
  }

  #believeSoon(): void {
    this.#clock.after(BELIEVED_MS, () => {
      this.#isKnown = true
      this.#drawSoon()
    })
  }

  /** Many changes come at once: one drawing shows them. */
  #drawSoon(): void {
    if (this.#isDrawing) return
    this.#isDrawing = true
    this.#clock.after(0, () => {
      this.#isDrawing = false
      this.#draw()
    })
  }

  #draw(): void {
    const before = this.list.value ?? []
    const drawn = new Map(before.map(each => [each.conversation, each]))
    const { chats, contacts, groups } = this.#client
    const listed = chats.list()
    const known = new Set(listed.map(({ conversation }) => conversation))
    const silent = [
      ...contacts.list().flatMap(({ uid, state }) => (state === 'friend' ? [directConversation(uid)] : [])),
      ...groups
        .list()
        .flatMap(({ conversation, state }) => (state === 'member' || state === 'joining' ? [conversation] : [])),
    ].filter(conversation => !known.has(conversation))
    const all = [
      ...listed.map(chat => this.#named(chat, true)),
      ...silent.map(conversation => this.#named(chats.get(conversation), !this.#hasMore)),
    ].map(chat => {
      const same = drawn.get(chat.conversation)
      return same !== undefined && isSame(same, chat) ? same : chat
    })
    if (all.length === 0 && !this.#isKnown) return
    const isOther = all.length !== before.length || all.some((chat, i) => chat !== before[i])
    if (isOther || this.list.value === undefined) this.list.set(all)
  }

  #named(chat: ClientChat, known: boolean): Chat {
    const uid = peerOf(chat.conversation)
    // One that waits to be sent goes on changing by itself.
    const last = chat.last && snapshot(chat.last)
    if (uid === undefined) return { ...chat, last, asks: false, known }
    const asks = isStrangerAsking(this.#client.contacts.get(uid))
    return { ...chat, last, asks, known, name: chat.name || this.#people.name(uid) }
  }
}

/** Whether two say the same of a chat: the row that is drawn for one is that of the other. */
function isSame(one: Chat, other: Chat): boolean {
  const names = Object.keys(other) as (keyof Chat)[]
  return names.every(name =>
    name === 'last' ? JSON.stringify(one.last) === JSON.stringify(other.last) : one[name] === other[name],
  )
}
