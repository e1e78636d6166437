// The list of chats: pinned ones first, then by the time of their last message.
import {
  type Client,
  type Contact,
  type ConversationId,
  directConversation,
  type Group,
  type Message,
  peerOf,
} from '../../typescript/browser.js'
import { changeEntry } from './entries.js'
import { nameOf, type People } from './people.js'
import { Signal } from './signal.js'

export interface Chat {
  readonly conversation: ConversationId
  /** Empty while nobody knows it. */
  readonly name: string
  readonly last: Message | undefined
  readonly unread: number
  readonly mentioned: boolean
  readonly muted: boolean
  readonly pinned: boolean
  readonly archived: boolean
  readonly markedUnread: boolean
  /** The time of the last entry, milliseconds since 1970; 0: there is none. */
  readonly atMs: number
}

interface Known {
  readonly last: Message | undefined
  readonly unread: number
  readonly mentioned: boolean
}

const NOTHING: Known = { last: undefined, unread: 0, mentioned: false }

export class Chats {
  /** Undefined until they are read. */
  readonly list = new Signal<readonly Chat[] | undefined>(undefined)
  readonly #client: Client
  readonly #people: People
  readonly #known = new Map<ConversationId, Known>()
  readonly #waiting = new Set<ConversationId>()
  #isReading = false

  /** @param on listens to the client for as long as the session lasts */
  constructor(client: Client, people: People, on: Client['on']) {
    this.#client = client
    this.#people = people
    const changed = ({ conversation }: { readonly conversation: ConversationId }): void => this.changed(conversation)
    on('message', message => this.#came(message))
    on('groupChange', change => this.#came(changeEntry(change)))
    on('messageChanged', changed)
    on('messageState', changed)
    on('delivered', changed)
    on('read', changed)
    on('conversation', changed)
    on('group', changed)
    on('contact', ({ uid }) => this.changed(directConversation(uid)))
    on('resync', () => this.readAll())
    people.version.subscribe(() => this.#draw())
    this.readAll()
  }

  /** Reads a conversation again: something of it has changed. */
  changed(conversation: ConversationId): void {
    this.#waiting.add(conversation)
    if (!this.#isReading) void this.#read()
  }

  get(conversation: ConversationId): Chat | undefined {
    return this.list.value?.find(each => each.conversation === conversation)
  }

  readAll(): void {
    const { contacts, groups, conversations } = this.#client
    const all = [
      ...contacts.list().map(({ uid }) => directConversation(uid)),
      ...groups.list().map(({ conversation }) => conversation),
      ...conversations.list().map(({ conversation }) => conversation),
    ]
    for (const each of all) this.#waiting.add(each)
    if (!this.#isReading) void this.#read()
  }

  #came(message: Message): void {
    const { conversation } = message
    this.#known.set(conversation, { ...(this.#known.get(conversation) ?? NOTHING), last: message })
    this.changed(conversation)
  }

  async #read(): Promise<void> {
    this.#isReading = true
    try {
      while (this.#waiting.size > 0) {
        const batch = [...this.#waiting]
        this.#waiting.clear()
        await Promise.all(batch.map(each => this.#readOne(each)))
        this.#draw()
      }
      this.#draw()
    } catch {
      // The client has ended: whoever shows the page hears of it elsewhere.
    } finally {
      this.#isReading = false
    }
  }

  async #readOne(conversation: ConversationId): Promise<void> {
    const unread = await this.#client.unread(conversation)
    const { messages } = await this.#client.history(conversation, { limit: Math.min(Math.max(unread, 1), 100) })
    const { uid } = this.#client.account
    const news = messages.filter(each => each.change === undefined && each.sender !== uid).slice(-unread)
    const names = (each: Message): boolean => each.extra.mentions.some(({ uid: named }) => named === uid || named === 0)
    this.#known.set(conversation, { last: messages.at(-1), unread, mentioned: unread > 0 && news.some(names) })
  }

  #draw(): void {
    const chats = [...this.#known].flatMap(([conversation, known]) => this.#chat(conversation, known) ?? [])
    chats.sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.atMs - a.atMs)
    this.list.set(chats)
  }

  #chat(conversation: ConversationId, { last, unread, mentioned }: Known): Chat | undefined {
    const { contacts, groups, conversations } = this.#client
    const uid = peerOf(conversation)
    const contact = uid === undefined ? undefined : contacts.get(uid)
    const group = uid === undefined ? groups.group(conversation) : undefined
    if (last === undefined && !isJoined(contact, group)) return undefined
    const { muted, pinned, archived, unread: markedUnread } = conversations.get(conversation)
    const name = group?.title ?? (contact === undefined ? '' : nameOf(contact))
    return {
      conversation,
      name: name || (uid === undefined ? '' : this.#people.name(uid)),
      last,
      unread,
      mentioned,
      muted,
      pinned,
      archived,
      markedUnread,
      atMs: last?.atMs ?? 0,
    }
  }
}

function isJoined(contact: Contact | undefined, group: Group | undefined): boolean {
  return contact?.state === 'friend' || group?.state === 'member' || group?.state === 'joining'
}
