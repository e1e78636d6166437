// The board that is open: its posts, and what the user does on it. Posts are read from the server, a page at a time. Only the buttons confirm
// posts: to have seen them is not enough.
import type {
  Client,
  ConversationId,
  Message,
  PostsRange,
  Room,
  RoomProfile,
  RoomRules,
} from '../../typescript/browser.js'
import type { BoardsNews } from './board-news.js'
import type { Beyond } from './open-chat.js'
import { Signal } from './signal.js'

export interface BoardView {
  readonly state: 'loading' | 'ready' | 'failed'
  /** The oldest first. A removed one says so. */
  readonly posts: readonly Message[]
  readonly older: Beyond
}

export interface BoardDetails {
  readonly profile: RoomProfile | undefined
  /** The server could not be asked. */
  readonly failed: boolean
}

const PAGE = 50

export class OpenBoard {
  readonly conversation: ConversationId
  readonly view = new Signal<BoardView>({ state: 'loading', posts: [], older: 'none' })
  readonly #client: Client
  readonly #news: Pick<BoardsNews, 'read'>
  readonly #offs: readonly (() => void)[]
  /** Whether new posts are asked for: one page after the other. */
  #isAsking = false
  /** Whether more is to be asked for behind the page that is under way. */
  #isBehind = false

  /** The board as the server knows it, once somebody has looked at its details. */
  readonly details = new Signal<BoardDetails>({ profile: undefined, failed: false })

  /** @param news hears of the newest post that is read */
  constructor(client: Client, conversation: ConversationId, news: Pick<BoardsNews, 'read'>) {
    this.#client = client
    this.#news = news
    this.conversation = conversation
    this.#offs = [
      client.on('room', room => room.conversation === conversation && this.#changed()),
      client.on('connection', ({ state }) => {
        if (state !== 'online') return
        this.#catchUp()
        if (this.details.value.failed) void this.look()
      }),
      client.on('roomFailed', failure => failure.conversation === conversation && void this.look()),
    ]
    void this.#load()
  }

  /** The board as the user is in it; undefined if nothing is known of it. */
  get room(): Room | undefined {
    return this.#client.rooms.room(this.conversation)
  }

  /** Whether the user may post here now. */
  get mayPost(): boolean {
    const { room } = this
    return room?.state === 'listening' && !room.closed && (room.role === 'owner' || room.role === 'publisher')
  }

  /** Whether the user may remove a post. */
  mayRemove({ sender, changed }: Message): boolean {
    const { room } = this
    if (room?.state !== 'listening' || room.closed || changed.recalledBy !== 0) return false
    return room.role === 'owner' || sender === this.#client.account.uid
  }

  close(): void {
    for (const off of this.#offs) off()
  }

  /** Loads it anew. */
  again(): void {
    this.view.set({ state: 'loading', posts: [], older: 'none' })
    void this.#load()
  }

  async loadOlder(): Promise<void> {
    const { older, posts } = this.view.value
    const [first] = posts
    if ((older !== 'more' && older !== 'failed') || first === undefined) return
    this.#change({ older: 'loading' })
    try {
      const page = await this.#ask({ before: first.number })
      this.#change({ posts: [...page.posts, ...this.view.value.posts], older: page.more ? 'more' : 'none' })
    } catch {
      this.#change({ older: 'failed' })
    }
  }

  /** The board's title, rules and code, from the server. */
  profile(): Promise<RoomProfile> {
    return this.#client.rooms.get(this.conversation)
  }

  /** Asks for the details, or asks again. */
  async look(): Promise<void> {
    try {
      this.details.set({ profile: await this.profile(), failed: false })
    } catch {
      this.details.set({ ...this.details.value, failed: true })
    }
  }

  /** Sets title and rules. For the owner. */
  set(title: string, rules: RoomRules): Promise<void> {
    return this.#set(this.#client.rooms.set(this.conversation, title, rules), { title, rules })
  }

  /** Lets listeners post here, or no longer. For the owner. */
  publish(uids: readonly number[], may: boolean): Promise<void> {
    const { rooms } = this.#client
    const others = (this.details.value.profile?.publishers ?? []).filter(uid => !uids.includes(uid))
    const role = may ? 'publisher' : 'listener'
    const asked = Promise.all(uids.map(uid => rooms.setRole(this.conversation, uid, role)))
    return this.#set(asked, { publishers: may ? [...others, ...uids] : others })
  }

  async post(text: string): Promise<void> {
    await this.#client.rooms.post(this.conversation, text)
    void this.#loadNewer()
  }

  confirm(upTo: number): Promise<void> {
    return this.#client.rooms.confirm(this.conversation, upTo)
  }

  /** Confirms all posts that are shown. */
  confirmAll(): Promise<void> {
    return this.confirm(this.view.value.posts.at(-1)?.number ?? 1)
  }

  async remove(number: number): Promise<void> {
    await this.#client.rooms.remove(this.conversation, number)
    const { uid } = this.#client.account
    const removed = (each: Message): Message => ({ ...each, text: '', changed: { ...each.changed, recalledBy: uid } })
    this.#change({ posts: this.view.value.posts.map(each => (each.number === number ? removed(each) : each)) })
  }

  async #load(): Promise<void> {
    try {
      const { posts, more } = await this.#ask({})
      this.#change({ state: 'ready', posts, older: more ? 'more' : 'none' })
      this.#catchUp()
    } catch {
      this.#change({ state: 'failed' })
    }
  }

  /** The details are as the owner wants them, until the board refuses: of its yes nobody is told. */
  async #set(asked: Promise<unknown>, change: Partial<RoomProfile>): Promise<void> {
    await asked
    const { profile } = this.details.value
    if (profile !== undefined) this.details.set({ profile: { ...profile, ...change }, failed: false })
    // The list has the title, too.
    await this.#client.rooms.list().catch(() => {})
  }

  #changed(): void {
    // The user's role may have changed.
    this.#change({})
    this.#catchUp()
  }

  /** Loads what is missing: all of a board that could not be read before, or the newest posts. */
  #catchUp(): void {
    const { state, posts } = this.view.value
    if (state === 'failed') this.again()
    else if (state === 'ready' && (this.room?.head ?? 0) > (posts.at(-1)?.number ?? 0)) void this.#loadNewer()
  }

  async #loadNewer(): Promise<void> {
    this.#isBehind = true
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      while (this.#isBehind) {
        this.#isBehind = false
        const last = this.view.value.posts.at(-1)
        const page = await this.#ask(last === undefined ? {} : { after: last.number })
        if (page.more && last !== undefined) this.#isBehind = true
        this.#change({ posts: [...this.view.value.posts, ...page.posts] })
      }
    } catch {
      // With the next post, or the next connection, it is tried again.
    } finally {
      this.#isAsking = false
    }
  }

  #ask(range: PostsRange): ReturnType<Client['rooms']['posts']> {
    return this.#client.rooms.posts(this.conversation, { ...range, limit: PAGE })
  }

  #change(change: Partial<BoardView>): void {
    this.view.set({ ...this.view.value, ...change })
    const newest = change.posts?.at(-1)
    if (newest !== undefined) this.#news.read(newest)
  }
}
