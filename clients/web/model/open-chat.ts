// The chat that is open: what it shows, and what the user does in it.
//
//   loading ──the newest page, up to the first unread──► ready ◄──► an older page is loading, or failed
//      └──────────────────────► failed ──again()──► loading
import {
  type Client,
  type ConversationId,
  type HistoryPlace,
  LongwireError,
  type Message,
  type MessageName,
  type MessagePage,
  peerOf,
  type SendOptions,
  type SentMessage,
} from '../../typescript/browser.js'
import { changeEntry, mapped, replaced, snapshot, withEntry, withOlder } from './entries.js'
import { type Divider, keyOf } from './log-rows.js'
import type { Platform } from './platform.js'
import { Signal } from './signal.js'

export interface ChatView {
  readonly state: 'loading' | 'ready' | 'failed'
  /** Oldest first. */
  readonly messages: readonly Message[]
  readonly older: 'none' | 'more' | 'loading' | 'failed'
  readonly divider: Divider | undefined
  /** Messages of others below what the user has seen. */
  readonly unseen: number
}

const EMPTY: ChatView = { state: 'loading', messages: [], older: 'none', divider: undefined, unseen: 0 }

const NO_MESSAGES: MessagePage = { messages: [], before: undefined, after: undefined }

const PAGE = 60
/** A page holds as many as are loaded already: so many steps back are few loads. */
const PAGE_MAX = 1_000
/** How far the first unread is looked for before the chat is shown. */
const UNREAD_LOOKED_FOR_MAX = 1_000

export class OpenChat {
  readonly conversation: ConversationId
  readonly view = new Signal<ChatView>(EMPTY)
  readonly #client: Client
  readonly #platform: Pick<Platform, 'isWatched'>
  readonly #off: (() => void)[]
  /** Messages to the group that were written while it is open, by key, until it has given them their places. */
  readonly #sent = new Map<string, SentMessage>()
  #before: HistoryPlace | undefined
  /** The version up to which the user has deleted all of it. */
  #cleared: number
  /** The key of the newest entry that the user has seen; everything above it counts as seen. */
  #seenKey: string | undefined
  #closed = false

  constructor(client: Client, conversation: ConversationId, platform: Pick<Platform, 'isWatched'>) {
    this.#client = client
    this.conversation = conversation
    this.#platform = platform
    this.#cleared = client.conversations.get(conversation).cleared
    const isHere = (event: { readonly conversation: ConversationId }): boolean => event.conversation === conversation
    this.#off = [
      client.on('message', message => isHere(message) && this.#arrived(message)),
      client.on('groupChange', change => isHere(change) && this.#arrived(changeEntry(change))),
      client.on('messageChanged', message => isHere(message) && this.#update(all => replaced(all, message))),
      client.on('messageState', ({ device, sendSeq, state, code, reason, ...event }) => {
        if (!isHere(event)) return
        this.#update(all =>
          mapped(all, each =>
            each.device === device && each.sendSeq === sendSeq && each.sender === client.account.uid
              ? { ...each, state, code, reason }
              : each,
          ),
        )
      }),
      client.on('delivered', mark => isHere(mark) && this.#mark(mark, 'delivered')),
      client.on('read', mark => isHere(mark) && !mark.own && this.#mark(mark, 'read')),
      client.on('resync', ({ forgotten }) => forgotten && this.again()),
      client.on('conversation', state => isHere(state) && state.cleared > this.#cleared && this.again()),
      client.on('trimmed', () => this.again()),
      // On a device that has just signed in, a chat that was opened at once has its messages elsewhere.
      client.on('chats', () => this.view.value.messages.length === 0 && this.again()),
    ]
    void this.#load()
  }

  close(): void {
    this.#closed = true
    for (const off of this.#off) off()
  }

  /** Loads it anew. */
  again(): void {
    this.#cleared = this.#client.conversations.get(this.conversation).cleared
    this.view.set({ ...EMPTY, divider: this.view.value.divider })
    void this.#load()
  }

  /** Loads the page before the first entry. */
  async loadOlder(): Promise<void> {
    const { older, state } = this.view.value
    if (state !== 'ready' || (older !== 'more' && older !== 'failed') || this.#before === undefined) return
    this.#change({ older: 'loading' })
    try {
      const page = await this.#client.history(this.conversation, { before: this.#before, limit: this.#nextPage })
      this.#before = page.before
      this.#change({
        messages: withOlder(this.view.value.messages, page.messages),
        older: page.before === undefined ? 'none' : 'more',
      })
    } catch {
      this.#change({ older: 'failed' })
    }
  }

  /** Loads older pages until the message is here. @returns its key; undefined if it is not to be had */
  async reach(name: Pick<MessageName, 'sender' | 'device' | 'sendSeq' | 'number'>): Promise<string | undefined> {
    for (;;) {
      const found = this.find(name)
      if (found !== undefined) return keyOf(found)
      if (this.view.value.older !== 'more') return undefined
      await this.loadOlder()
    }
  }

  /** The message of this name, if it is among those that are loaded. A reply in a group names the number alone. */
  find({
    sender,
    device,
    sendSeq,
    number,
  }: Pick<MessageName, 'sender' | 'device' | 'sendSeq' | 'number'>): Message | undefined {
    return this.view.value.messages.find(each => {
      if (each.change !== undefined) return false
      if (number > 0) return each.number === number
      return each.sender === sender && each.device === device && each.sendSeq === sendSeq
    })
  }

  /** @throws LongwireError if nothing was queued */
  send(text: string, options: SendOptions): SentMessage {
    const sent = this.#client.send(this.conversation, text, options)
    if (sent.peer === 0) this.#sent.set(keyOf(sent), sent)
    this.#update(all => withEntry(all, snapshot(sent)))
    // Who writes has seen what stands above.
    this.seen(keyOf(sent))
    return sent
  }

  /** The message under the name that the server knows it by: one of a group has got its number meanwhile, perhaps. */
  named(message: Message): Message {
    const sent = this.#sent.get(keyOf(message))
    return sent === undefined || message.number > 0 ? message : { ...message, number: sent.number }
  }

  /** Sends a message again that failed. @throws LongwireError if nothing was queued */
  retry(message: Message): void {
    const { content, extra, text } = message
    const { reply, mentions, metadata } = extra
    const attachment = content.kind === 'text' || content.kind === 'unknown' ? {} : { content }
    this.send(text, { ...attachment, ...(reply && { reply }), mentions, metadata })
    void this.#client.messages.discard(message)
  }

  /** The user has looked at everything up to this entry. */
  seen(key: string): void {
    const { messages } = this.view.value
    const index = messages.findLastIndex(each => keyOf(each) === key)
    const seenBefore = messages.findLastIndex(each => keyOf(each) === this.#seenKey)
    if (index <= seenBefore) return
    const news = messages.slice(seenBefore + 1, index + 1).filter(each => this.#isOfOthers(each))
    this.#seenKey = key
    this.#change({ unseen: this.#unseenAfter(index) })
    if (news.length === 0) return
    if (peerOf(this.conversation) === undefined) {
      const number = Math.max(...news.map(each => each.number))
      if (number > 0) this.#client.markRead(this.conversation, number)
    } else if (!messages.slice(index + 1).some(each => this.#isOfOthers(each))) {
      this.#client.markRead(this.conversation)
    }
  }

  get #nextPage(): number {
    return Math.min(PAGE_MAX, Math.max(PAGE, this.view.value.messages.length))
  }

  async #load(): Promise<void> {
    try {
      const { unread } = this.#client.chats.get(this.conversation)
      let page = await this.#newest()
      let { messages } = page
      while (
        page.before !== undefined &&
        messages.length < UNREAD_LOOKED_FOR_MAX &&
        this.#counted(messages).length <= unread &&
        unread > 0
      ) {
        page = await this.#client.history(this.conversation, { before: page.before, limit: PAGE })
        messages = withOlder(messages, page.messages)
      }
      if (this.#closed) return
      this.#before = page.before
      // What came while it loaded.
      const arrived = this.view.value.messages
      const all = arrived.reduce<readonly Message[]>((sum, each) => withEntry(sum, each), messages)
      const firstUnread = unread === 0 ? undefined : this.#counted(messages).at(-unread)
      const firstIndex = firstUnread === undefined ? all.length : all.indexOf(firstUnread)
      const seen = all[firstIndex - 1]
      this.#seenKey = seen && keyOf(seen)
      this.view.set({
        state: 'ready',
        messages: all,
        older: page.before === undefined ? 'none' : 'more',
        divider: firstUnread === undefined ? undefined : { key: keyOf(firstUnread), count: unread },
        unseen: this.#unseenAfter(firstIndex - 1, all),
      })
    } catch {
      if (!this.#closed) this.#change({ state: 'failed' })
    }
  }

  async #newest(): Promise<MessagePage> {
    try {
      return await this.#client.history(this.conversation, { limit: PAGE })
    } catch (error) {
      // With somebody who is no contact there is no chat yet: it begins here.
      if (error instanceof LongwireError && error.reason === 'UNKNOWN_USER') return NO_MESSAGES
      throw error
    }
  }

  #arrived(message: Message): void {
    const { messages, divider, state } = this.view.value
    this.#update(all => withEntry(all, message))
    if (state !== 'ready' || !this.#isOfOthers(message)) return
    const seenIndex = this.view.value.messages.findLastIndex(each => keyOf(each) === this.#seenKey)
    const unseen = this.#unseenAfter(seenIndex)
    // Nobody looks: the line marks where the reading is to go on.
    const isFirst = !this.#platform.isWatched() && unseen === 1 && messages.length > 0
    const counted =
      divider !== undefined && !isFirst && unseen > divider.count ? { ...divider, count: unseen } : divider
    this.#change({ unseen, divider: isFirst ? { key: keyOf(message), count: 1 } : counted })
  }

  #mark({ device, sendSeq }: { device: number; sendSeq: number }, state: 'delivered' | 'read'): void {
    const { uid } = this.#client.account
    const isReached = (each: Message): boolean =>
      each.sender === uid &&
      each.device === device &&
      each.sendSeq <= sendSeq &&
      (each.state === 'accepted' || (state === 'read' && each.state === 'delivered'))
    this.#update(all => mapped(all, each => (isReached(each) ? { ...each, state } : each)))
  }

  #update(change: (messages: readonly Message[]) => readonly Message[]): void {
    let messages = change(this.view.value.messages)
    for (const [key, sent] of this.#sent) {
      if (sent.number === 0) continue
      const known = messages.find(each => keyOf(each) === key)
      if (known !== undefined && known.number === 0) messages = withEntry(messages, { ...known, number: sent.number })
      this.#sent.delete(key)
    }
    this.#change({ messages })
  }

  #change(change: Partial<ChatView>): void {
    this.view.set({ ...this.view.value, ...change })
  }

  #unseenAfter(index: number, messages = this.view.value.messages): number {
    return this.#counted(messages.slice(index + 1)).length
  }

  #counted(messages: readonly Message[]): Message[] {
    return messages.filter(each => this.#isOfOthers(each) && each.changed.recalledBy === 0)
  }

  #isOfOthers({ sender, change }: Message): boolean {
    return change === undefined && sender !== this.#client.account.uid
  }
}
