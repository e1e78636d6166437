/**
 * The chat itself: what a client tells becomes lines, what a person enters becomes calls. Knows neither a terminal nor the
 * process; program.ts puts it between them.
 *
 *   entered ─► Chat ─► Acts ─► client ─► … ─► events ─► Chat ─► Screen
 */

import { nameText } from '../../protocol/codes.js'
import {
  type ConnectionStatus,
  type Contact,
  type ConversationId,
  directConversation,
  type Group,
  type GroupChange,
  type Message,
  type MessageState,
  type MessageStateEvent,
  type WatermarkEvent,
} from '../typescript/index.js'
import { Acts } from './acts.js'
import { Arrivals } from './arrivals.js'
import { BoardNews } from './board-news.js'
import type { ChatSpec } from './chat-spec.js'
import {
  type CommandName,
  commandHelp,
  HISTORY_COMMANDS,
  type HistoryCommandName,
  parseEntered,
} from './command-table.js'
import { askingText, isAsking } from './contact-acts.js'
import { ContactNews } from './contact-news.js'
import { GroupNews } from './group-news.js'
import { HistoryActs } from './history-acts.js'
import {
  changedText,
  connectionWord,
  errorText,
  failureLine,
  keyOf,
  messageLine,
  nameOfChange,
  nameOfEntry,
} from './lines.js'
import { Numbered } from './numbered.js'
import { People } from './people.js'
import type { Line } from './rows.js'
import { visibleName } from './visible.js'
import { Watching } from './watching.js'

/** Own messages whose marks are followed; older ones have long been read, or will not be. */
const FOLLOWED_MAX = 2_000

const TICK_MS = 1_000

/** The states of a message in order of progress; a mark never goes back. */
const RANKS: readonly MessageState[] = ['queued', 'sending', 'accepted', 'delivered', 'read', 'failed']

interface Followed {
  readonly line: Line
  readonly message: Message
  state: MessageState
}

export class Chat {
  readonly #spec: ChatSpec
  readonly #people: People
  readonly #numbered = new Numbered()
  readonly #acts: Acts
  readonly #arrivals: Arrivals
  readonly #history: HistoryActs
  readonly #contactNews: ContactNews
  readonly #groupNews: GroupNews
  readonly #boardNews: BoardNews
  readonly #watching: Watching
  readonly #off: (() => void)[]
  /** The conversation that one talks in. */
  #current: ConversationId | undefined
  readonly #followed = new Map<string, Followed>()
  #nickname: string
  #status: ConnectionStatus = { state: 'resting' }
  /** The time when the next try is due, monotonic. */
  #retryAtMs = 0
  #tick: { cancel(): void } | undefined
  /** The text said last about the connection: the same is not said twice. */
  #told = ''
  #failures = 0
  /** before: what comes is only stored, and shown when the chat opens. opening: it waits until the history is shown. */
  #phase: 'before' | 'opening' | 'open' = 'before'
  /** Shows what has come while the chat opens. */
  readonly #early: (() => void)[] = []
  /** The entries of the history that was shown at the opening. The client may tell of one after it was read. */
  readonly #atOpening = new Set<string>()
  #settled: (() => void) | undefined

  constructor(spec: ChatSpec) {
    this.#spec = spec
    const { client } = spec
    this.#people = new People(client)
    this.#acts = new Acts(this.#people, this.#numbered, {
      ...spec,
      say: (kind, text) => (kind === 'wrong' ? this.#cannot(text) : this.say(kind, text)),
      talkTo: (conversation, title) => this.#talkTo(conversation, title),
      sent: message => this.#show(message),
      earlier: message => this.#showEarlier(message),
      talkingTo: () => this.#current,
      changed: () => this.#changed(),
    })
    this.#arrivals = new Arrivals(this.#people, spec.clock)
    this.#history = new HistoryActs(this.#people, this.#arrivals, {
      client,
      say: (kind, text) => (kind === 'wrong' ? this.#cannot(text) : this.say(kind, text)),
      show: message => this.#show(message),
      talkingTo: () => this.#current,
    })
    this.#contactNews = new ContactNews(this.#people, text => this.say('notice', text))
    this.#groupNews = new GroupNews(this.#people, (kind, text) => this.say(kind, text))
    this.#boardNews = new BoardNews((kind, text) => this.say(kind, text))
    this.#watching = new Watching(client, this.#people, () => this.#showStatus())
    this.#nickname = client.account.profile.nickname
    this.#off = [
      client.on('message', message => this.#arrived(message)),
      client.on('messageChanged', message => this.#changedMessage(message)),
      client.on('messageState', event => this.#moved(event)),
      client.on('delivered', event => this.#passed(event, 'delivered')),
      client.on('read', event => {
        if (!event.own) this.#passed(event, 'read')
      }),
      client.on('contact', contact => this.#contact(contact)),
      client.on('group', group => {
        this.#group(group)
        this.#showStatus()
      }),
      client.on('groupChange', change => this.#changedGroup(change)),
      client.on('groupFailed', event => {
        this.#failures++
        this.#groupNews.failed(event)
      }),
      client.on('room', room => this.#when(() => this.#boardNews.room(room))),
      client.on('roomFailed', event => {
        this.#failures++
        this.#boardNews.failed(event, this.#people.placeOf(event.conversation))
      }),
      client.on('profile', ({ nickname }) => this.#renamed(nickname)),
      client.on('connection', status => this.#connection(status)),
      client.on('sessionEnded', ({ message }) => spec.signedOut(message)),
      client.on('resync', ({ forgotten }) => {
        if (forgotten)
          this.say('notice', 'this device dropped its copy of the account: the old messages are no longer here')
      }),
      client.on('trimmed', () => this.say('notice', 'the server removed old messages that this device had not seen')),
    ]
  }

  /** The number of inputs in this run that could not be done, or failed later. */
  get failures(): number {
    return this.#failures
  }

  /** Messages and requests that wait for the server. */
  get waiting(): number {
    return this.#spec.client.state().sendQueue.length
  }

  /** Shows where one left off. @param name whom to talk to; undefined: who was talked to last */
  async open(name: string | undefined): Promise<void> {
    const { client } = this.#spec
    this.#phase = 'opening'
    for (const contact of client.contacts.list()) this.#contactNews.note(contact)
    const current = name === undefined ? await this.#latest() : this.#people.conversationOf(name)
    if (current !== undefined) for (const entry of await this.#talkTo(current)) this.#atOpening.add(nameOfEntry(entry))
    else if (name !== undefined) this.say('wrong', `${name} is not among your contacts (yet): /add ${name}`)
    const contacts = client.contacts.list()
    for (const contact of contacts) {
      this.#contactNews.found(contact)
      if (isAsking(contact)) continue
      await this.#tellUnread(directConversation(contact.uid), `from ${contact.account}: /talk ${contact.account}`)
    }
    const asking = contacts.filter(isAsking).length
    if (asking > 0) this.say('notice', askingText(asking))
    for (const group of client.groups.list()) {
      this.#groupNews.found(group)
      const title = visibleName(group.title || group.conversation)
      await this.#tellUnread(group.conversation, `in ${title}: /talk ${title}`)
    }
    for (const room of client.rooms.all()) this.#boardNews.found(room)
    this.#phase = 'open'
    for (const show of this.#early.splice(0)) show()
    this.#showStatus()
  }

  async #tellUnread(conversation: ConversationId, where: string): Promise<void> {
    const unread = conversation === this.#current ? 0 : await this.#spec.client.unread(conversation)
    if (unread > 0) this.say('notice', `${unread} unread ${where}`)
  }

  /** A line that was entered. Never rejects; resolves when all that it asks at once is done. */
  async enter(line: string): Promise<void> {
    const entered = parseEntered(line)
    try {
      switch (entered.kind) {
        case 'text':
          this.#send(entered.text)
          break
        case 'wrong':
          this.#cannot(entered.message)
          break
        case 'command':
          if (entered.name === 'help') this.say('notice', commandHelp(entered.words[0]).join('\n'))
          else if (isHistoryCommand(entered.name)) await this.#history.run(entered.name, entered.words)
          else await this.#acts.run(entered.name, entered.words)
      }
    } catch (error) {
      this.#cannot(errorText(error))
    }
  }

  /** The line as it is being typed. */
  typed(text: string): void {
    this.#watching.typed(text)
  }

  /** Resolves when nothing waits for the server, or after so long. */
  settled(patienceMs: number): Promise<void> {
    return new Promise(resolve => {
      const late = this.#spec.clock.after(patienceMs, () => this.#settled?.())
      this.#settled = () => {
        late.cancel()
        this.#settled = undefined
        resolve()
      }
      this.#changed()
    })
  }

  say(kind: 'notice' | 'wrong', text: string): void {
    this.#spec.screen.show({ kind, text })
  }

  /** Says why something that was entered is not done. */
  #cannot(text: string): void {
    this.#failures++
    this.say('wrong', text)
  }

  close(): void {
    for (const off of this.#off) off()
    this.#arrivals.close()
    this.#watching.close()
    this.#tick?.cancel()
  }

  #send(text: string): void {
    const { client } = this.#spec
    if (this.#current === undefined) {
      this.#cannot('to whom? /talk NAME, or /add NAME first (/help lists everything)')
      return
    }
    this.#show(client.send(this.#current, text))
  }

  /** Shows a message, or a change between the messages of a group. */
  #show(message: Message): void {
    if (message.change !== undefined) {
      this.#groupNews.change(message.change)
      return
    }
    const { screen, client } = this.#spec
    const line = this.#lineOf(message)
    this.#numbered.shown(message)
    if (message.sender !== client.account.uid) {
      const { key, ...keyless } = line
      screen.show(keyless)
      return
    }
    screen.show(line)
    if (message.state === 'read' || message.state === 'failed') return
    this.#followed.set(keyOf(message), { line, message, state: message.state })
    if (this.#followed.size > FOLLOWED_MAX) this.#followed.delete(this.#followed.keys().next().value ?? '')
  }

  /** Shows what lies before the own joining: nothing is known of it here, and nothing can be done about it. */
  #showEarlier(message: Message): void {
    if (message.change !== undefined) this.#groupNews.change(message.change)
    else {
      const { key, ...keyless } = this.#lineOf(message)
      this.#spec.screen.show(keyless)
    }
  }

  #lineOf(message: Message): Line {
    const { clock, client } = this.#spec
    const own = message.sender === client.account.uid
    const answered = this.#numbered.answered(message)
    return messageLine(message, this.#whoOf(message, own), own, clock.now(), answered)
  }

  /** Names the other user; in a conversation that is not direct who wrote, and where. */
  #whoOf({ conversation, peer, sender }: Message, own: boolean): string {
    const place = this.#people.placeOf(conversation)
    return own || peer !== 0 ? place : `${this.#people.nameOf(sender)} in ${place}`
  }

  #arrived(message: Message): void {
    this.#when(() =>
      this.#arrivals.take(message.conversation, [message.sender], () => {
        const isOpen = message.conversation === this.#current
        if (!this.#atOpening.has(nameOfEntry(message)) && (isOpen || !this.#isRequest(message))) this.#show(message)
        // Whoever reads along in the conversation has read it.
        if (isOpen && message.state === 'received') this.#spec.client.markRead(message.conversation)
      }),
    )
  }

  /** Whether it is of a stranger who has no answer yet: it is in a folder of its own. */
  #isRequest({ peer }: Message): boolean {
    const contact = this.#spec.client.contacts.get(peer)
    return contact !== undefined && isAsking(contact)
  }

  #changedMessage(message: Message): void {
    const { conversation, sender, changed } = message
    this.#when(() =>
      // It says what becomes of a message that may still wait to be shown.
      this.#arrivals.take(conversation, [], () => {
        const before = this.#numbered.changed(message)
        if (before === undefined) return
        // What was taken back or deleted is not to be said again by a mark or a failure.
        if (changed.recalledBy > 0 || changed.deleted) this.#followed.delete(keyOf(message))
        const place = conversation === this.#current ? '' : this.#people.placeOf(conversation)
        const by = this.#people.nameOf(changed.recalledBy)
        this.say('notice', changedText(message, before, this.#people.nameOf(sender), by, place))
      }),
    )
  }

  #group(group: Group): void {
    if (this.#phase === 'before') return
    const inviter = group.state === 'invited' ? [group.inviter] : []
    this.#arrivals.take(group.conversation, inviter, () => this.#groupNews.group(group))
  }

  #changedGroup(change: GroupChange): void {
    this.#when(() =>
      this.#arrivals.take(change.conversation, [change.by, change.uid], () => {
        if (!this.#atOpening.has(nameOfChange(change))) this.#groupNews.change(change)
      }),
    )
  }

  /** Shows something new. What comes before the opening is in the history by now: it is shown with it, or counted as unread. */
  #when(show: () => void): void {
    if (this.#phase === 'opening') this.#early.push(show)
    else if (this.#phase === 'open') show()
  }

  #moved(event: MessageStateEvent): void {
    const followed = this.#followed.get(keyOf(event))
    if (event.state === 'failed') {
      this.#failures++
      const text = followed?.message.text ?? ''
      this.#spec.screen.show(failureLine(this.#people.placeOf(event.conversation), text, event.code))
    }
    if (followed !== undefined) this.#follow(keyOf(event), followed, event.state)
    this.#changed()
  }

  /** Moves all messages of one of this user's devices to the peer, up to a number, to a state. */
  #passed({ peer, device, sendSeq }: WatermarkEvent, state: MessageState): void {
    for (const [key, followed] of this.#followed) {
      const { message } = followed
      if (message.peer === peer && message.device === device && message.sendSeq <= sendSeq) {
        this.#follow(key, followed, state)
      }
    }
  }

  #follow(key: string, followed: Followed, state: MessageState): void {
    if (RANKS.indexOf(state) <= RANKS.indexOf(followed.state)) return
    const { mark } = messageLine({ ...followed.message, state }, '', true, 0)
    const changed = mark !== messageLine({ ...followed.message, state: followed.state }, '', true, 0).mark
    followed.state = state
    if (changed && mark !== undefined) this.#spec.screen.remark({ ...followed.line, mark })
    if (state === 'read' || state === 'failed') this.#followed.delete(key)
  }

  #contact(contact: Contact): void {
    if (this.#phase === 'before') {
      this.#contactNews.note(contact)
      return
    }
    const isNewFriend = this.#contactNews.contact(contact)
    // Whoever talks to nobody talks to the first friend.
    if (isNewFriend) this.#current ??= directConversation(contact.uid)
    this.#showStatus()
  }

  #renamed(nickname: string): void {
    if (this.#nickname !== '' && nickname !== this.#nickname) this.say('notice', `you are called ${nickname} now`)
    this.#nickname = nickname
  }

  #connection(status: ConnectionStatus): void {
    const { clock } = this.#spec
    const before = this.#status
    this.#status = status
    this.#tick?.cancel()
    if (status.state === 'waiting') {
      this.#retryAtMs = clock.monotonic() + status.retryInMs
      if (before.state !== 'waiting') this.#tellOnce('offline', `offline: ${nameText(status.reason)}; trying again`)
      this.#countDown()
    }
    const word = connectionWord(status, 0)
    if (status.state === 'online') this.#tellOnce(word, word)
    if (status.state === 'stopped' && status.reason !== 'CLOSED') {
      this.say('wrong', `the connection has ended for good: ${nameText(status.reason)}`)
    }
    this.#showStatus()
  }

  #tellOnce(what: string, text: string): void {
    if (this.#told === what) return
    this.#told = what
    this.say('notice', text)
  }

  #countDown(): void {
    this.#tick = this.#spec.clock.after(TICK_MS, () => {
      this.#showStatus()
      this.#countDown()
    })
  }

  #showStatus(): void {
    const { screen, clock } = this.#spec
    const word = connectionWord(this.#status, this.#retryAtMs - clock.monotonic())
    const peer = this.#current === undefined ? '' : ` ${visibleName(this.#people.placeOf(this.#current))}`
    this.#watching.look(this.#current)
    screen.status(`[${word}]${peer}${this.#watching.words}> `)
  }

  /** @param title of a group that was just made: what is in it comes by itself @returns the entries of the history that were shown */
  async #talkTo(conversation: ConversationId, title?: string): Promise<readonly Message[]> {
    this.#current = conversation
    this.#showStatus()
    if (title !== undefined) this.say('notice', `you talk in ${visibleName(title)}`)
    const messages = title === undefined ? await this.#history.open(conversation) : []
    this.#spec.client.markRead(conversation)
    return messages
  }

  /** The conversation with the newest message here. */
  async #latest(): Promise<ConversationId | undefined> {
    const { client } = this.#spec
    const people = client.contacts.list().filter(({ state, stranger }) => state === 'friend' || stranger === 'open')
    const groups = client.groups.list().filter(({ state }) => state === 'member')
    const conversations = [
      ...people.map(({ uid }) => directConversation(uid)),
      ...groups.map(each => each.conversation),
    ]
    let latest: ConversationId | undefined
    let atMs = 0
    for (const conversation of conversations) {
      const newest = (await client.history(conversation, { limit: 1 })).messages.at(-1)
      if (newest === undefined || newest.atMs < atMs) continue
      atMs = newest.atMs
      latest = conversation
    }
    return latest
  }

  #changed(): void {
    if (this.#settled === undefined || this.#acts.underWay > 0 || this.waiting > 0) return
    // What is no longer in the send queue may still be on its way to being told.
    for (const { state } of this.#followed.values()) if (state === 'queued' || state === 'sending') return
    this.#settled()
  }
}

function isHistoryCommand(name: CommandName): name is HistoryCommandName {
  return HISTORY_COMMANDS.some(each => each === name)
}
