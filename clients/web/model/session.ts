// The session of the signed-in user: everything behind the panes. One is made with each client, and ends with it.
import {
  type Client,
  type Contact,
  type ConversationId,
  directConversation,
  LongwireError,
  type Message,
  type MessageName,
  peerOf,
  type Room,
  type RoomRules,
  type SendOptions,
  type SentMessage,
} from '../../typescript/browser.js'
import { type Said, said } from '../words.js'
import { BoardsNews } from './board-news.js'
import { Chats } from './chats.js'
import { Connection } from './connection.js'
import type { Drafts } from './drafts.js'
import { errorWords, reasonWords } from './error-words.js'
import type { Filter } from './filter.js'
import { isRoom } from './kinds.js'
import { type ListRow, listRows } from './list-rows.js'
import { GroupMembers } from './members.js'
import { actsOn } from './message-acts.js'
import { Notices } from './notices.js'
import { OpenBoard } from './open-board.js'
import { OpenChat } from './open-chat.js'
import { nameOf, People } from './people.js'
import type { Platform } from './platform.js'
import { PresenceView } from './presence.js'
import { isAsking, isStrangerAsking, isUnanswered } from './requests.js'
import type { SettingsStore } from './settings.js'
import { Signal } from './signal.js'

export class Session {
  readonly client: Client
  readonly people: People
  readonly chats: Chats
  readonly members: GroupMembers
  readonly news: BoardsNews
  readonly presence: PresenceView
  readonly drafts: Drafts
  readonly connection: Connection
  readonly notices: Notices
  /** The chat that is open. */
  readonly open = new Signal<OpenChat | undefined>(undefined)
  /** The board that is open. */
  readonly board = new Signal<OpenBoard | undefined>(undefined)
  readonly filter = new Signal<Filter>('all')
  /** Grows by one when a contact or a group changes. */
  readonly version = new Signal(0)
  /** The newest message of the open chat, for a screen reader. */
  readonly spoken = new Signal<Message | undefined>(undefined)
  readonly #platform: Platform
  readonly #settings: SettingsStore
  readonly #offs: (() => void)[] = []
  /** What was written in this session and is under way. */
  #written: readonly SentMessage[] = []

  constructor(client: Client, platform: Platform, settings: SettingsStore, drafts: Drafts) {
    this.client = client
    this.drafts = drafts
    this.#platform = platform
    this.#settings = settings
    const on: Client['on'] = (name, listener) => {
      const off = client.on(name, listener)
      this.#offs.push(off)
      return off
    }
    this.people = new People(client, platform, on)
    this.chats = new Chats(client, this.people, platform, on)
    this.members = new GroupMembers(client, this.people, on)
    this.news = new BoardsNews(client, platform, on)
    this.presence = new PresenceView(client, platform, on)
    const { device, sendQueue } = client.state()
    this.drafts.takeBack(
      message => message.device === device && sendQueue.some(({ sendSeq }) => sendSeq === message.sendSeq),
    )
    this.connection = new Connection(client, platform.clock, on)
    this.notices = new Notices(platform.clock)
    const changed = (): void => this.version.set(this.version.value + 1)
    for (const name of ['contact', 'group', 'conversation', 'preferences', 'profile', 'room'] as const)
      on(name, changed)
    on('connection', ({ state }) => {
      // Only a connection tells whether strangers may write.
      if (state === 'online') changed()
    })
    on('message', message => this.#heard(message))
    for (const name of ['groupFailed', 'roomFailed'] as const) {
      on(name, ({ reason }) => this.notices.error(said('actRefused', { why: reasonWords(reason) })))
    }
    this.#offs.push(platform.whenVisible(isVisible => client.rooms.follow(isVisible)))
  }

  get uid(): number {
    return this.client.account.uid
  }

  /** The chat or board that is open. */
  get shown(): OpenChat | OpenBoard | undefined {
    return this.open.value ?? this.board.value
  }

  /** Opens a chat or a board, or none. */
  show(conversation: ConversationId | undefined): void {
    const { shown } = this
    if (shown?.conversation === conversation) return
    shown?.close()
    const isBoard = conversation !== undefined && isRoom(conversation)
    this.board.set(isBoard ? new OpenBoard(this.client, conversation, this.news) : undefined)
    this.open.set(isBoard ? undefined : conversation && new OpenChat(this.client, conversation, this.#platform))
    if (conversation === undefined || isBoard) return
    this.#platform.notifications.clear(conversation)
    if (this.client.conversations.get(conversation).unread) this.set(conversation, { unread: false })
  }

  /** Opens the chat of a message, and shows it there. */
  async jump(message: MessageName): Promise<void> {
    this.#platform.go(message.conversation)
    this.show(message.conversation)
    try {
      if (await this.open.value?.jump(message)) return
    } catch (error) {
      const isNowhere = error instanceof LongwireError && error.reason === 'NO_SUCH_MESSAGE'
      if (!isNowhere) return this.notices.error(errorWords(error))
    }
    this.notices.tell(said('goneOrFar'))
  }

  /** Sets how a chat is shown. */
  set(conversation: ConversationId, settings: Parameters<Client['conversations']['set']>[1]): void {
    this.attempt(this.client.conversations.set(conversation, settings))
  }

  /** Writes in the open chat. @returns whether it was queued */
  send(open: OpenChat, text: string, options: SendOptions): boolean {
    try {
      this.#written = [...this.#written.filter(isUnderWay), open.send(text, options)]
      return true
    } catch (error) {
      this.notices.error(errorWords(error))
      return false
    } finally {
      this.connection.count()
    }
  }

  /** The last own message that can be edited. */
  lastEditable(open: OpenChat): Message | undefined {
    const nowMs = this.client.serverTime()
    const group = this.client.groups.group(open.conversation)
    const unanswered = isUnanswered(this.contactOf(open.conversation))
    return open.view.value.messages.findLast(
      each =>
        each.sender === this.uid &&
        actsOn(open.named(each), { uid: this.uid, nowMs, group, members: 0, closed: false, unanswered }).edit,
    )
  }

  forward(message: Message, to: ConversationId): void {
    const name = this.chats.get(to)?.name ?? this.people.name(peerOf(to) ?? 0)
    void this.attempt(this.client.messages.forward(message, to)).then(
      done => done && this.notices.tell(said('forwardedTo', { name })),
    )
  }

  /** The user's friends, by name. */
  friends(): Contact[] {
    const friends = this.client.contacts.list().filter(({ state, blocked }) => state === 'friend' && !blocked)
    return friends.sort((a, b) => nameOf(a).localeCompare(nameOf(b)))
  }

  /** Those who wait for this user's answer, with a request or a first message. */
  asking(): Contact[] {
    return this.client.contacts.list().filter(isAsking)
  }

  /** Asks somebody to be a contact, and tells that it is asked. */
  async request(uid: number, name: string, greeting = ''): Promise<void> {
    if (await this.attempt(this.client.contacts.request(uid, greeting)))
      this.notices.tell(said('requestSent', { name }))
  }

  /** Accepts a contact's request, and opens the chat. */
  async accept(uid: number): Promise<void> {
    if (await this.attempt(this.client.contacts.accept(uid))) this.#platform.go(directConversation(uid))
  }

  /** Turns a request away. @returns whether it was */
  decline(uid: number): Promise<boolean> {
    return this.#turnAway(uid, () => this.client.contacts.decline(uid))
  }

  /** Blocks a user. @returns whether that was done */
  block(uid: number): Promise<boolean> {
    return this.#turnAway(uid, () => this.client.contacts.block(uid))
  }

  /** @returns the conversation of the new group; undefined if it was refused, which is told */
  async createGroup(title: string, uids: readonly number[]): Promise<ConversationId | undefined> {
    try {
      return await this.client.groups.create(title, uids)
    } catch (error) {
      this.notices.error(errorWords(error))
      return undefined
    }
  }

  /** The chats and boards that the list shows now. */
  get rows(): ListRow[] {
    return listRows(this.chats.list.value ?? [], this.boards(), this.news, this.filter.value)
  }

  /** The boards that the user follows. */
  boards(): Room[] {
    return this.client.rooms.all().filter(({ kind }) => kind === 'board')
  }

  /** @returns the conversation of the new board; undefined if it was refused, which is told */
  async createBoard(title: string, rules: RoomRules): Promise<ConversationId | undefined> {
    try {
      const made = await this.client.rooms.create(title, 'board', rules)
      this.news.begun(made)
      return made
    } catch (error) {
      this.notices.error(errorWords(error))
      return undefined
    }
  }

  /** Follows a board by its address: `room:NAME`, or with its code `room:NAME/CODE`. @returns what is wrong with it; undefined: the board opens */
  async follow(address: string): Promise<Said | undefined> {
    const [, room, code = ''] = /^\s*(room:[\w.-]+)(?:\/(\S+))?\s*$/.exec(address) ?? []
    if (room === undefined) return said('noBoardAddress')
    try {
      await this.client.rooms.subscribe(room as ConversationId, code)
    } catch (error) {
      return errorWords(error)
    }
    this.news.begun(room as ConversationId)
    this.#platform.go(room)
    return undefined
  }

  /** Joins a group by what its details show: `group:NAME/CODE`. @returns what is wrong with it; undefined: it is asked for */
  async join(text: string): Promise<Said | undefined> {
    const [, group, code] = /^\s*(group:[\w.-]+)\/(\S+)\s*$/.exec(text) ?? []
    if (group === undefined || code === undefined) return said('wrongCode')
    try {
      await this.client.groups.join(group as ConversationId, code)
    } catch (error) {
      return errorWords(error)
    }
    this.notices.tell(said('joinAsked'))
    return undefined
  }

  /**
   * Sets a reaction, or takes it back. Of a group's message only the server knows whose the reactions are.
   * @param mine the user has this reaction, as far as known here
   */
  async toggleReaction(message: Message, kind: string, mine: boolean): Promise<void> {
    const { messages } = this.client
    const isSet = message.changed.reactions.some(each => each.kind === kind)
    const react = async (): Promise<void> => {
      const asks = !mine && isSet && peerOf(message.conversation) === undefined
      const known = asks ? (await messages.reactions(message, { kind })).reactors : []
      await messages.react(message, kind, !mine && !known.some(({ uid }) => uid === this.uid))
    }
    await this.attempt(react())
  }

  /** The other user of a direct conversation, as a contact. */
  contactOf(conversation: ConversationId): Contact | undefined {
    return this.client.contacts.get(peerOf(conversation) ?? 0)
  }

  /** Sends a message again that failed. */
  retry(open: OpenChat, message: Message): void {
    try {
      open.retry(message)
    } catch (error) {
      this.notices.error(errorWords(error))
    } finally {
      this.connection.count()
    }
  }

  /** Deletes all messages of a chat, for this user. */
  clear(conversation: ConversationId): void {
    void this.attempt(this.client.messages.clear(conversation))
  }

  /** Tells if something that was asked for fails. @returns whether it succeeded */
  async attempt(asked: Promise<unknown>): Promise<boolean> {
    try {
      await asked
      return true
    } catch (error) {
      this.notices.error(errorWords(error))
      return false
    }
  }

  /** Why nothing can be written in a chat; undefined if it can. */
  closedBecause(
    conversation: ConversationId,
  ): 'notFriend' | 'isBlocked' | 'notMember' | 'adminsOnly' | 'youAreMuted' | undefined {
    const uid = peerOf(conversation)
    if (uid !== undefined) {
      const contact = this.client.contacts.get(uid)
      if (contact?.blocked) return 'isBlocked'
      return this.#mayWriteTo(contact) ? undefined : 'notFriend'
    }
    const group = this.client.groups.group(conversation)
    if (group?.state !== 'member' && group?.state !== 'joining') return 'notMember'
    if (group.muted) return 'youAreMuted'
    return group.rules.adminsWrite && group.role === 'member' ? 'adminsOnly' : undefined
  }

  /** @returns what went wrong; undefined: all other devices are signed out, and it is told */
  async changePassword(old: string, next: string): Promise<Said | undefined> {
    try {
      await this.client.account.changePassword(old, next)
    } catch (error) {
      return errorWords(error)
    }
    this.notices.tell(said('passwordChanged'))
    return undefined
  }

  /** Keeps what was written here and perhaps never stored: the next session sends it, or has it as a draft. @returns the number of messages */
  keepUnstored(): number {
    const unstored = this.#written.filter(each => isUnderWay(each) || each.reason === 'STORAGE_FAILED')
    this.drafts.keep(unstored)
    this.#written = []
    return unstored.length
  }

  /** The requests that wait for this user's answer: contacts and groups. */
  get requests(): number {
    const groups = this.client.groups.list().filter(({ state }) => state === 'invited')
    return this.asking().length + groups.length
  }

  close(): void {
    this.shown?.close()
    this.connection.close()
    this.presence.close()
    for (const off of this.#offs) off()
  }

  /** Whether a message to them is worth sending. Of a server that is not known yet the best is hoped. */
  #mayWriteTo(contact: Contact | undefined): boolean {
    const { open } = this.client.contacts
    if (contact?.state === 'friend' || contact?.state === 'requested') return true
    return contact?.state === 'stranger' ? open !== false : open === true
  }

  /** Whether there is a chat with them: they are friends, or this user has written. */
  #hasAnswered(contact: Contact | undefined): boolean {
    if (contact === undefined || isStrangerAsking(contact)) return false
    return contact.state !== 'none' && contact.state !== 'invited'
  }

  /** Ends a request. What a stranger wrote is put away: it is a request no more, and no chat. */
  async #turnAway(uid: number, act: () => Promise<void>): Promise<boolean> {
    const wasStranger = isStrangerAsking(this.client.contacts.get(uid))
    if (!(await this.attempt(act()))) return false
    if (wasStranger) this.set(directConversation(uid), { archived: true })
    return true
  }

  #heard(message: Message): void {
    const { conversation, sender, text } = message
    if (sender === this.uid) return
    if (this.open.value?.conversation === conversation) this.spoken.set(message)
    const { muted } = this.client.conversations.get(conversation)
    // The first message of a stranger may come before the word that it is one.
    const uid = peerOf(conversation)
    if (uid !== undefined && !this.#hasAnswered(this.client.contacts.get(uid))) return
    if (muted || !this.#settings.current.value.notifies || this.#platform.isWatched()) return
    const author = this.people.name(sender)
    const group = this.client.groups.group(conversation)
    this.#platform.notifications.show({
      conversation,
      title: group?.title ?? author,
      body: group === undefined ? text : `${author}: ${text}`,
    })
  }
}

function isUnderWay({ state }: SentMessage): boolean {
  return state === 'queued' || state === 'sending'
}
