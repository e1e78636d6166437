// The list of conversations, as a first screen shows it: the newest message of each, and what is unread.
//
//   Conversations (a page of 50, from the server) ──► records, by conversation ◄── what comes, changes and is read (the timeline)
//                                                        │
//                                                        └── stored with it; told as `chat`
//
// A record counts what is unread up to a version. A message above it adds one; whatever lowers the count has it counted anew
// (unread-tally.ts).
import {
  type ConversationId,
  isConversationId,
  isGroupConversation,
  peerOf,
} from '../../../protocol/conversation-id.js'
import type { ConversationSummary, ConversationsResponse } from '../../../protocol/generated/messages.js'
import type { Calls } from '../connection/calls.js'
import type { Identity } from '../connection/identity.js'
import type { Commits, HistoryWatch } from '../storage/commits.js'
import type { Json, Outcome, StoredMessage } from '../storage/storage.js'
import type { Acks } from './acks.js'
import type { ContactList } from './contact-list.js'
import type { ConversationList } from './conversation-list.js'
import { isMentioned } from './extras.js'
import type { ChangeWatch, FollowUps } from './follow-ups.js'
import type { GroupList } from './group-list.js'
import type { Message } from './messages.js'
import { messageOf, type Past } from './past.js'
import type { Posted } from './posted.js'
import type { Receipts } from './receipts.js'
import type { Sender } from './sender.js'
import type { Tally, UnreadTally } from './unread-tally.js'

/** The most characters of a text that the list keeps. */
const PREVIEW_LENGTH = 256

/** A conversation as the list shows it. */
export interface Chat {
  readonly conversation: ConversationId
  /** The nickname of the other user, or else the account; the title of a group; '' if it is not known here. */
  readonly name: string
  /** The account of the other user; '' in a group. */
  readonly account: string
  /** The newest message, or change of a group; its text may be cut. Own ones that still wait are among them. */
  readonly last: Message | undefined
  /** The nickname of who wrote it, in a group; '' if it is not known here. */
  readonly lastSender: string
  /** Messages of others that the user has not read; 100: that many, or more. */
  readonly unread: number
  /** Those that mention the user, counted alike. */
  readonly mentions: number
  /** The number of the oldest of them, in a group; 0: none. */
  readonly firstMention: number
  readonly muted: boolean
  readonly pinned: boolean
  readonly archived: boolean
  /** The user wants to come back to it. */
  readonly markedUnread: boolean
}

interface ChatRecord extends Tally {
  /** The place of the newest message in the timeline: the list is in this order. */
  readonly version: number
  /** The version up to which the unread ones are counted. */
  readonly counted: number
  readonly last?: Omit<StoredMessage, 'conversation'>
  readonly lastSender: string
}

export interface ChatsHost {
  readonly commits: Commits
  readonly calls: Calls
  readonly identity: Identity
  readonly contacts: ContactList
  readonly groups: GroupList
  readonly conversations: ConversationList
  readonly receipts: Receipts
  readonly posted: Posted
  readonly sender: Sender
  readonly acks: Acks
  readonly followUps: FollowUps
  readonly past: Past
  readonly tally: UnreadTally
  /** Whether there is to be a list. */
  readonly isWanted: boolean
  present(message: StoredMessage): Message
  /** The version up to which the timeline is applied. */
  applied(): number
  /** A conversation is in the list, and as get() says from now on; called when that is stored. */
  emit(conversation: ConversationId): void
  /** The list is another one from now on. */
  emitAll(): void
}

/** The place behind the last page. */
const NO_MORE = -1

const NOTHING: ChatRecord = { version: 0, counted: 0, unread: 0, mentions: 0, firstMention: 0, lastSender: '' }

export class ChatList implements HistoryWatch, ChangeWatch {
  readonly #host: ChatsHost
  readonly #records = new Map<ConversationId, ChatRecord>()
  /** The place of the next page at the server: 0 for the first, NO_MORE behind the last. */
  #next = 0
  #asking: Promise<void> | undefined

  constructor(host: ChatsHost) {
    this.#host = host
  }

  load(conversation: ConversationId, json: Json): void {
    this.#records.set(conversation, { ...NOTHING, ...(json as unknown as ChatRecord) })
  }

  loadNext(json: Json): void {
    this.#next = json as number
  }

  /** Forgets everything, for another account. Stored values go by Commits.forget(). */
  clear(): void {
    this.#records.clear()
    this.#next = 0
  }

  /** Versions begin anew. What is stored of the conversations may have a hole from now on, so it goes. */
  reset(): void {
    const { commits } = this.#host
    for (const conversation of this.#records.keys()) {
      commits.clear({ conversation, upTo: Number.MAX_SAFE_INTEGER })
      commits.put(`chat/${conversation}`, undefined)
    }
    commits.put('chats', undefined)
    this.clear()
  }

  /** Whether the first page was taken. */
  get hasBegun(): boolean {
    return this.#next !== 0
  }

  /** Pinned ones first, then by their newest messages. */
  list(): Chat[] {
    const waiting = this.#waiting()
    const ids = new Set([...this.#records.keys(), ...waiting.keys()])
    const rank = (id: ConversationId): number =>
      waiting.has(id) ? Number.POSITIVE_INFINITY : (this.#records.get(id)?.version ?? 0)
    const pinned = (id: ConversationId): number => (this.#host.conversations.of(id).pinned ? 1 : 0)
    // What waits is compared by the time when it was written.
    const byAge = (x: ConversationId, y: ConversationId): number =>
      rank(x) === rank(y) ? (waiting.get(y)?.atMs ?? 0) - (waiting.get(x)?.atMs ?? 0) : rank(y) - rank(x)
    const sorted = [...ids].sort((x, y) => pinned(y) - pinned(x) || byAge(x, y))
    return sorted.map(id => this.#chat(id, waiting.get(id)))
  }

  get(conversation: ConversationId): Chat {
    return this.#chat(conversation, this.#waitingIn(conversation))
  }

  /**
   * Asks for the next page, if there is one. Two callers at once share it.
   * @returns whether there may be another behind it @throws LongwireError
   */
  async more(): Promise<boolean> {
    if (this.#next === NO_MORE) return false
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    await this.#asking
    return this.#next !== NO_MORE
  }

  // What happens in the timeline --------------------------------------------------------------------------------------

  came(message: StoredMessage): void {
    const { conversation, sender, version, change } = message
    const { acks, identity, applied, tally, followUps } = this.#host
    const record = this.#records.get(conversation) ?? NOTHING
    if (followUps.isGone(message)) return
    tally.disturb(conversation)
    const place = version > 0 ? version : applied()
    const isNews = version > record.counted && change === undefined && sender !== identity.uid && !acks.hasRead(message)
    const counts = isNews ? withOneMore(record, message, identity.uid) : record
    const isNewest = place >= record.version
    this.#put(conversation, {
      ...counts,
      counted: Math.max(record.counted, version),
      ...(isNewest ? { version: place, last: preview(message), lastSender: '' } : {}),
    })
  }

  settled({ conversation, sender, device, sendSeq, code }: Outcome): void {
    const record = this.#records.get(conversation)
    const last = record?.last
    if (record === undefined || last?.sendSeq !== sendSeq || last.device !== device || last.sender !== sender) return
    this.#put(conversation, { ...record, last: { ...last, code } })
  }

  changed(message: StoredMessage, isGone: boolean): void {
    const { conversation } = message
    const record = this.#records.get(conversation)
    if (record === undefined) return
    if (record.last !== undefined && isSame(record.last, message)) {
      const { text, content, extra, changed } = preview(message)
      const { content: _, extra: __, changed: ___, ...rest } = record.last
      const last = { ...rest, text, ...(content && { content }), ...(extra && { extra }), ...(changed && { changed }) }
      if (isGone) this.#renewLast(conversation)
      else this.#put(conversation, { ...record, last })
    }
    if (isGone || message.changed?.recalledBy !== undefined) this.recount(conversation)
  }

  cleared(conversation: ConversationId): void {
    if (!this.#records.has(conversation)) return
    this.#renewLast(conversation)
    this.recount(conversation)
  }

  /** The user has read something there, here or on another device. */
  recount(conversation: ConversationId): void {
    const record = this.#records.get(conversation)
    if (record === undefined || record.unread + record.mentions === 0) return
    this.#host.tally.count(conversation, tally => {
      const now = this.#records.get(conversation)
      if (now !== undefined) this.#put(conversation, { ...now, ...tally })
    })
  }

  /** Something about a conversation of the list is other than before that is not in its record: a name, a setting, what waits. */
  touched(conversation: ConversationId): void {
    const { commits, emit, isWanted } = this.#host
    if (!isWanted) return
    if (this.#records.has(conversation) || this.#waitingIn(conversation) !== undefined)
      commits.tell(() => emit(conversation))
  }

  // Pages of the server -----------------------------------------------------------------------------------------------

  async #ask(): Promise<void> {
    const { calls, commits, followUps, emitAll } = this.#host
    const after = Math.max(this.#next, 0)
    const note = followUps.note()
    try {
      const response = await calls.ask('conversations', { after, limit: 0 })
      for (const summary of response.conversations) {
        const last = this.#lastOf(summary)
        this.#take(summary, last && note.now(last))
      }
      this.#next = nextOf(response, after)
      commits.put('chats', this.#next)
      commits.tell(emitAll)
    } finally {
      note.end()
    }
  }

  #take(summary: ConversationSummary, last: StoredMessage | undefined): void {
    const { conversation, version } = summary
    if (!isConversationId(conversation)) return
    this.#takeState(conversation, summary)
    const record = this.#records.get(conversation)
    const isGone = last === undefined || this.#host.followUps.isGone(last)
    // What came meanwhile is newer than the page.
    if (record !== undefined && record.version >= version) {
      if (record.counted > version) this.recount(conversation)
      return
    }
    if (isGone && record === undefined) return
    const { unread, mentions, firstMention, senderName } = summary
    const counts = { version, counted: version, unread, mentions, firstMention, lastSender: senderName }
    this.#put(conversation, { ...NOTHING, ...counts, ...(isGone ? {} : { last: preview(last) }) })
  }

  /** Takes what a page says of keyed state that is not here yet. */
  #takeState(conversation: ConversationId, summary: ConversationSummary): void {
    const { contacts, groups, conversations, receipts } = this.#host
    const { contact, group, settings, read, cleared, delivered, readMarks, ownRead } = summary
    const peer = peerOf(conversation)
    if (contact !== undefined && contacts.get(contact.uid) === undefined) contacts.onItem(contact)
    if (group !== undefined && groups.get(conversation) === undefined) groups.onItem(group)
    const isSet = settings !== undefined && (Object.values(settings).includes(true) || read > 0 || cleared > 0)
    if (isSet && conversations.get(conversation) === undefined) {
      conversations.onItem({ conversation, settings, read, cleared })
    }
    if (peer === undefined) return
    if (delivered.length > 0) receipts.onDelivered({ peer, marks: delivered })
    if (readMarks.length > 0) receipts.onRead({ peer, own: false, marks: readMarks })
    if (ownRead.length > 0) receipts.onRead({ peer, own: true, marks: ownRead })
  }

  #lastOf({ conversation, version, last, failed }: ConversationSummary): StoredMessage | undefined {
    if (last === undefined || !isConversationId(conversation)) return undefined
    const message = messageOf(conversation, version, last.content)
    return message && { ...message, code: failed }
  }

  /** Finds the newest message of a conversation whose newest one is gone. */
  #renewLast(conversation: ConversationId): void {
    const { past, commits } = this.#host
    const found = (last: StoredMessage | undefined): void => {
      const record = this.#records.get(conversation)
      if (record === undefined) return
      const { last: _, ...rest } = record
      if (last === undefined) this.#remove(conversation)
      else this.#put(conversation, { ...rest, last: preview(last) })
    }
    commits.after(() => {
      past.newest(conversation).then(found, () => {
        // Nobody can tell now: the storage fails, or the server is away.
      })
    })
  }

  // -------------------------------------------------------------------------------------------------------------------

  #put(conversation: ConversationId, record: ChatRecord): void {
    const { commits, emit } = this.#host
    this.#records.set(conversation, record)
    commits.put(`chat/${conversation}`, record as unknown as Json)
    commits.tell(() => emit(conversation))
  }

  #remove(conversation: ConversationId): void {
    const { commits, emitAll } = this.#host
    this.#records.delete(conversation)
    commits.put(`chat/${conversation}`, undefined)
    commits.tell(emitAll)
  }

  /** The newest own message of each conversation that has no place yet. */
  #waiting(): Map<ConversationId, Message> {
    const { posted, sender } = this.#host
    const newest = new Map<ConversationId, Message>()
    for (const message of posted.all()) newest.set(message.conversation, message)
    for (const message of sender.queued()) newest.set(message.conversation, message)
    return newest
  }

  #waitingIn(conversation: ConversationId): Message | undefined {
    const { posted, sender } = this.#host
    return sender.queuedIn(conversation).at(-1) ?? posted.in(conversation).at(-1)
  }

  #chat(conversation: ConversationId, waiting: Message | undefined): Chat {
    const { contacts, groups, conversations, present } = this.#host
    const { unread, mentions, firstMention, last, lastSender } = this.#records.get(conversation) ?? NOTHING
    const peer = peerOf(conversation)
    const contact = peer === undefined ? undefined : contacts.get(peer)
    const writer = last === undefined ? undefined : contacts.get(last.sender)
    const { muted, pinned, archived, unread: markedUnread } = conversations.of(conversation)
    return {
      conversation,
      name: contact?.nickname || contact?.account || groups.get(conversation)?.title || '',
      account: contact?.account ?? '',
      last: waiting ?? (last && present({ conversation, ...last })),
      lastSender: isGroupConversation(conversation) ? writer?.nickname || writer?.account || lastSender : '',
      unread,
      mentions,
      firstMention,
      muted,
      pinned,
      archived,
      markedUnread,
    }
  }
}

function withOneMore(record: ChatRecord, message: StoredMessage, uid: number): ChatRecord {
  const unread = record.unread + 1
  if (!isMentioned(message, uid)) return { ...record, unread }
  return {
    ...record,
    unread,
    mentions: record.mentions + 1,
    firstMention: record.firstMention || (message.number ?? 0),
  }
}

/** A message as the list keeps it: its text cut, without bytes of the application. */
function preview({ conversation: _, extra, ...message }: StoredMessage): Omit<StoredMessage, 'conversation'> {
  const text = message.text.length > PREVIEW_LENGTH ? cut(message.text) : message.text
  const { content, ...rest } = message
  return { ...rest, text, ...(content && { content: { kind: content.kind, body: '' } }) }
}

function cut(text: string): string {
  const end = text.charCodeAt(PREVIEW_LENGTH - 1) >> 10 === 0x36 ? PREVIEW_LENGTH - 1 : PREVIEW_LENGTH
  return text.slice(0, end)
}

function isSame(a: Omit<StoredMessage, 'conversation'>, b: StoredMessage): boolean {
  if (a.number !== undefined && b.number !== undefined) return a.number === b.number && a.change === undefined
  return a.sendSeq === b.sendSeq && a.device === b.device && a.sender === b.sender
}

/** @returns the place of the next page, which goes down, or NO_MORE */
function nextOf({ next }: ConversationsResponse, after: number): number {
  return next === 0 || (after > 0 && next >= after) ? NO_MORE : next
}
