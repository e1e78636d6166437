// The chat that is open: what it shows, and what the user does in it.
//
//   loading ──the newest page, up to the first unread──► ready ◄──► an older or newer page is loading, or failed
//      └──────────────────────► failed ──again()──► loading
//
// What is loaded is one piece of the chat, without a hole. It reaches the present, and grows with what comes; or it is around a message that was
// jumped to, and newer pages lead back to the present.
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
import { changeEntry, mapped, replaced, snapshot, withEntry, withNewer, withOlder } from './entries.js'
import { type Divider, keyOf } from './log-rows.js'
import type { Platform } from './platform.js'
import { Signal } from './signal.js'

/** What is beyond the first or last entry. */
export type Beyond = 'none' | 'more' | 'loading' | 'failed'

export interface ChatView {
  readonly state: 'loading' | 'ready' | 'failed'
  /** Oldest first. */
  readonly messages: readonly Message[]
  readonly older: Beyond
  /** The keys of entries that stood on top because older ones could not be loaded: they keep their day when those come. */
  readonly tops: readonly string[]
  /** Other than `none`, the present is elsewhere: what comes is not among the messages. */
  readonly newer: Beyond
  readonly divider: Divider | undefined
  /** The key of the first entry since the user is in the group: what stands before it was written before. */
  readonly joined: string | undefined
  /** The entry that is to be shown, or, without a key, the end; another object with each wish. */
  readonly target: { readonly key: string | undefined } | undefined
  /** Messages of others below what the user has seen. */
  readonly unseen: number
}

const EMPTY: ChatView = {
  state: 'loading',
  messages: [],
  older: 'none',
  tops: [],
  newer: 'none',
  divider: undefined,
  joined: undefined,
  target: undefined,
  unseen: 0,
}

/** The part of a name that says which message of a chat it is. */
export type MessagePlace = Pick<MessageName, 'sender' | 'device' | 'sendSeq' | 'number'>

const NO_MESSAGES: MessagePage = { messages: [], before: undefined, after: undefined }

const PAGE = 60
/** The wait for older messages, without a connection, before it is told that they are not here. */
const OFFLINE_MS = 1_000
/** A page holds as many as are loaded already: so many steps back are few loads. */
const PAGE_MAX = 1_000
/** How far the first unread is looked for before the chat is shown. */
const UNREAD_LOOKED_FOR_MAX = 1_000

export class OpenChat {
  readonly conversation: ConversationId
  readonly view = new Signal<ChatView>(EMPTY)
  readonly #client: Client
  readonly #platform: Pick<Platform, 'isWatched' | 'clock'>
  readonly #off: (() => void)[]
  /** Messages to the group that were written while it is open, by key, until it has given them their places. */
  readonly #sent = new Map<string, SentMessage>()
  #before: HistoryPlace | undefined
  #after: HistoryPlace | undefined
  /** Grows by one when another piece takes the place of what is loaded: pages of the one before are then of no use. */
  #piece = 0
  /** What has come while a page that may reach the present was loading. */
  #late: Message[] = []
  #loaded: Promise<void>
  /** The version up to which the user has deleted all of it. */
  #cleared: number
  /** The key of the newest entry that the user has seen; everything above it counts as seen. */
  #seenKey: string | undefined
  #closed = false

  constructor(client: Client, conversation: ConversationId, platform: Pick<Platform, 'isWatched' | 'clock'>) {
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
      client.on(
        'connection',
        ({ state }) => state === 'online' && this.view.value.older === 'failed' && this.loadOlder(),
      ),
      // On a device that has just signed in, a chat that was opened at once has its messages elsewhere.
      client.on('chats', () => this.view.value.messages.length === 0 && this.again()),
      client.on('chat', chat => isHere(chat) && this.#isAway && this.#change({ unseen: chat.unread })),
    ]
    this.#loaded = this.#load()
  }

  close(): void {
    this.#closed = true
    for (const off of this.#off) off()
  }

  /** Loads it anew. */
  again(): void {
    this.#cleared = this.#client.conversations.get(this.conversation).cleared
    this.view.set({ ...EMPTY, divider: this.view.value.divider })
    this.#loaded = this.#load()
  }

  /** Loads the page before the first entry. */
  async loadOlder(): Promise<void> {
    const { older, state } = this.view.value
    const before = this.#before
    if (state !== 'ready' || (older !== 'more' && older !== 'failed') || before === undefined) return
    this.#change({ older: 'loading' })
    const piece = this.#piece
    const late = this.#platform.clock.after(OFFLINE_MS, () => {
      if (this.#client.state().status.state !== 'online') this.#failOlder(piece)
    })
    try {
      const page = await this.#client.history(this.conversation, { before, limit: this.#nextPage })
      if (piece !== this.#piece) return
      this.#before = page.before
      const { messages, joined } = this.view.value
      const first = messages[0]
      const isEarlier = isBeforeJoining(before) && page.messages.length > 0
      this.#change({
        messages: withOlder(messages, page.messages),
        older: page.before === undefined ? 'none' : 'more',
        joined: joined ?? (isEarlier && first !== undefined ? keyOf(first) : undefined),
      })
    } catch {
      this.#failOlder(piece)
    } finally {
      late.cancel()
    }
  }

  /** Loads the page behind the last entry, on the way back to the present. */
  async loadNewer(): Promise<void> {
    const { newer } = this.view.value
    const after = this.#after
    if ((newer !== 'more' && newer !== 'failed') || after === undefined) return
    this.#late = []
    this.#change({ newer: 'loading' })
    const piece = this.#piece
    try {
      const page = await this.#client.history(this.conversation, { after, limit: PAGE })
      // The last one brings to the present: what waits to be sent stands at its end, too.
      const end = page.after === undefined ? await this.#client.history(this.conversation, { limit: 1 }) : undefined
      if (piece !== this.#piece) return
      this.#after = page.after
      const messages = withNewer(this.view.value.messages, page.messages)
      if (end === undefined) this.#change({ messages, newer: 'more' })
      else this.#reached([...this.#late, ...end.messages].reduce(withEntry, messages))
    } catch {
      if (piece === this.#piece) this.#change({ newer: 'failed' })
    }
  }

  /** Shows a message, wherever it is in the chat. @returns whether it is to be had @throws LongwireError */
  async jump(name: MessagePlace): Promise<boolean> {
    await this.#loaded
    if (this.find(name) === undefined) {
      const page = await this.#client.history(this.conversation, { around: name, limit: PAGE })
      if (page.after === undefined) await this.#load()
      else this.#replace(page)
    }
    const found = this.find(name)
    if (found === undefined) return false
    // The first one has no row before what stands above it is known.
    if (found === this.view.value.messages[0]) await this.loadOlder()
    this.#change({ target: { key: keyOf(found) } })
    return true
  }

  /** Shows the end of the chat. */
  async toLatest(): Promise<void> {
    if (this.#isAway) {
      this.#late = []
      this.#change({ newer: 'loading' })
      this.#loaded = this.#load()
      await this.#loaded
    }
    this.#change({ target: { key: undefined } })
  }

  /** The message of this name, if it is among those that are loaded. A reply in a group names the number alone. */
  find({ sender, device, sendSeq, number }: MessagePlace): Message | undefined {
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
    if (this.#isAway) {
      void this.toLatest()
      return sent
    }
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
    // Elsewhere it is not known what is between here and the present.
    if (this.#isAway) return
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

  /** Older messages of this piece are not to be had now: the first that is here is shown, too. */
  #failOlder(piece: number): void {
    const { messages, tops } = this.view.value
    if (piece === this.#piece) this.#change({ older: 'failed', tops: [...tops, ...messages.slice(0, 1).map(keyOf)] })
  }

  get #nextPage(): number {
    return Math.min(PAGE_MAX, Math.max(PAGE, this.view.value.messages.length))
  }

  /** Whether the present is not among what is loaded. */
  get #isAway(): boolean {
    return this.view.value.newer !== 'none'
  }

  async #load(): Promise<void> {
    const piece = ++this.#piece
    try {
      const { unread } = this.#client.chats.get(this.conversation)
      let page = await this.#newest()
      let { messages } = page
      while (
        page.before !== undefined &&
        !isBeforeJoining(page.before) &&
        messages.length < UNREAD_LOOKED_FOR_MAX &&
        this.#counted(messages).length <= unread &&
        unread > 0
      ) {
        page = await this.#client.history(this.conversation, { before: page.before, limit: PAGE })
        messages = withOlder(messages, page.messages)
      }
      if (this.#closed || piece !== this.#piece) return
      // What came while it loaded.
      const arrived = this.#isAway ? this.#late : this.view.value.messages
      this.#replace(page)
      this.#reached(arrived.reduce(withEntry, messages))
    } catch {
      if (!this.#closed && piece === this.#piece) this.#change({ state: 'failed' })
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

  /** Another piece of the chat takes the place of what is loaded. */
  #replace({ messages, before, after }: MessagePage): void {
    this.#piece++
    this.#before = before
    this.#after = after
    this.#change({
      state: 'ready',
      messages,
      older: before === undefined ? 'none' : 'more',
      newer: after === undefined ? 'none' : 'more',
      joined: undefined,
    })
  }

  /** The messages reach the present: what of them is unread is known by the number. */
  #reached(messages: readonly Message[]): void {
    const { unread } = this.#client.chats.get(this.conversation)
    const firstUnread = unread === 0 ? undefined : this.#counted(messages).at(-unread)
    const firstIndex = firstUnread === undefined ? messages.length : messages.indexOf(firstUnread)
    const seen = messages[firstIndex - 1]
    this.#seenKey = seen && keyOf(seen)
    this.#change({
      messages,
      newer: 'none',
      divider: firstUnread === undefined ? this.view.value.divider : { key: keyOf(firstUnread), count: unread },
      unseen: this.#unseenAfter(firstIndex - 1, messages),
    })
  }

  #arrived(message: Message): void {
    const { messages, divider, state, newer } = this.view.value
    if (newer === 'loading') this.#late.push(message)
    if (newer !== 'none') return
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

/** Whether a page before this place is of what was written before the user was in the group. */
function isBeforeJoining(place: HistoryPlace): boolean {
  return place.startsWith('e')
}
