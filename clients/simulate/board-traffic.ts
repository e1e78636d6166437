/**
 * The posts of boards: publishers post and take some of their posts back, listeners read what is new, and some confirm it. After each
 * connection a listener asks for the own list of rooms, as an application does. The board auditor is told of everything and is the judge.
 */
import { type Clock, pause } from '../../src/lib/clock.js'
import { messageOf } from '../../src/lib/error-message.js'
import { type Client, type ConversationId, LongwireError, type Message } from '../typescript/index.js'
import { Auditor, type Viewer } from './auditor.js'
import { BoardAuditor } from './board-auditor.js'
import { publishersOf } from './board-opening.js'
import { newPosts, tellShown } from './board-reading.js'
import type { Person } from './crowd.js'
import type { Circle } from './gathering.js'
import type { Phase } from './phase.js'
import type { Texts } from './texts.js'

export interface BoardTrafficSpec {
  readonly boards: readonly Circle[]
  /** Posts by each publisher of each board. */
  readonly posts: number
  readonly texts: Texts
  /** Milliseconds over which the posts are spread evenly; 0: as fast as they are accepted. */
  readonly spreadMs: number
  readonly clock: Clock
  /** Every post was answered. */
  readonly onAllAnswered: () => void
  readonly onFailure: (message: string) => void
}

/** The time between two looks of everybody. */
const TICK_MS = 50

/** The time without a step after which it is worth judging. */
const QUIET_MS = 500

/** The reads of boards under way at once, by all together. */
const READS_MAX = 64

/** The most posts to a board that wait for an answer on one device. */
const QUEUED_MAX = 8

/** One of so many posts is removed by its author, and one of so many reads of new posts is confirmed. */
const REMOVE_EVERY = 5
const CONFIRM_EVERY = 2

/** A listener of a board, who also posts if there is something left to post. */
interface Seat {
  readonly board: ConversationId
  readonly person: Person
  readonly client: Client
  readonly viewer: Viewer
  /** The posts of this listener, and the place of the first in the whole run. */
  readonly posts: number
  readonly base: number
  posted: number
  queued: number
  /** The highest number that was read. */
  read: number
  reads: number
  isReading: boolean
}

/** A post that its author has asked to remove. */
interface Removal {
  readonly seat: Seat
  readonly number: number
  isReading: boolean
}

export class BoardTraffic implements Phase {
  readonly name = 'posts'
  readonly auditor = new BoardAuditor()
  readonly #spec: BoardTrafficSpec
  readonly #seats: readonly Seat[]
  readonly #total: number
  readonly #off: (() => void)[] = []
  /** The removals that were asked for and are not seen yet. */
  readonly #removals = new Set<Removal>()
  /** The seat that reads next. */
  #next = 0
  #underWay = 0
  #startedMs = 0
  #steps = 0
  #ended = false

  constructor(spec: BoardTrafficSpec) {
    this.#spec = spec
    let total = 0
    this.#seats = spec.boards.flatMap(circle =>
      circle.members.flatMap((person): Seat[] => {
        const client = person.devices[0]?.client
        const { conversation: board } = circle
        if (client === undefined || board === undefined) return []
        const posts = publishersOf(circle).includes(person) ? spec.posts : 0
        total += posts
        const viewer = { uid: person.uid, device: client.account.device }
        this.auditor.listens(board, person.uid)
        this.auditor.reads(viewer)
        const place = { board, person, client, viewer, posts, base: total - posts }
        return [{ ...place, posted: 0, queued: 0, read: 0, reads: 0, isReading: false }]
      }),
    )
    this.#total = total
  }

  get steps(): number {
    return this.#steps
  }

  progress(): string {
    const { sentCount, acceptedCount } = this.auditor
    return `${sentCount} of ${this.#total} posted, ${acceptedCount} accepted`
  }

  /** Resolves when every post was answered and read by all who listen, and every removal was seen. */
  async run(): Promise<void> {
    const { clock, onAllAnswered } = this.#spec
    this.#listen()
    this.#startedMs = clock.monotonic()
    while (!this.#ended && (this.auditor.sentCount < this.#total || this.auditor.unansweredCount > 0)) {
      this.#lookAround()
      await pause(clock, TICK_MS)
    }
    onAllAnswered()
    for (let [judged, quietMs] = [-1, clock.monotonic()]; !this.#ended; ) {
      const before = this.#steps
      this.#lookAround()
      await pause(clock, TICK_MS)
      if (this.#steps !== before) quietMs = clock.monotonic()
      if (judged === this.#steps || clock.monotonic() - quietMs < QUIET_MS) continue
      judged = this.#steps
      if (this.#removals.size === 0 && this.auditor.verdict().lost === 0) break
    }
    this.end()
  }

  /** Ends posting: what still comes is noted. */
  end(): void {
    this.#ended = true
    for (const off of this.#off.splice(0)) off()
  }

  #lookAround(): void {
    for (const seat of this.#seats) this.#post(seat)
    for (const removal of this.#removals) this.#look(removal)
    for (let i = 0; i < this.#seats.length && this.#underWay < READS_MAX; i++) {
      this.#read(this.#seats[this.#next++ % this.#seats.length] as Seat)
    }
  }

  /** Asks for the list of rooms after each new connection of a listener. */
  #listen(): void {
    for (const person of new Set(this.#seats.map(seat => seat.person))) {
      const client = person.devices[0]?.client
      if (client === undefined) continue
      this.#off.push(
        client.on('connection', ({ state }) => {
          if (state === 'online') this.#list(client)
        }),
        client.on('roomFailed', ({ conversation, reason }) =>
          this.#spec.onFailure(`${conversation} refused what ${person.uid} did: ${reason}`),
        ),
      )
    }
  }

  #list(client: Client): void {
    const asking = this.auditor.asking(client.account.uid)
    this.#ask('list the rooms', client.rooms.list(), rooms => {
      this.auditor.listed(asking, rooms)
      this.#steps++
    })
  }

  #post(seat: Seat): void {
    const { clock, spreadMs, texts } = this.#spec
    const part = spreadMs === 0 ? 1 : Math.min(1, (clock.monotonic() - this.#startedMs) / spreadMs)
    for (; seat.posted < Math.ceil(part * seat.posts) && seat.queued < QUEUED_MAX; seat.posted++) {
      const { board, client, viewer, base, posted } = seat
      const text = texts(base + posted, posted)
      const post = { sender: viewer.uid, device: viewer.device, sendSeq: client.state().nextSendSeq }
      const asked = client.rooms.post(board, text)
      this.auditor.posted(board, post, Auditor.digest(text))
      seat.queued++
      asked.then(
        () => this.#answered(seat, () => this.auditor.accepted(board, post)),
        error => {
          this.#answered(seat, () => this.auditor.failed(board, post))
          this.#spec.onFailure(`a post of ${viewer.uid} failed: ${messageOf(error)}`)
        },
      )
    }
  }

  #answered(seat: Seat, tell: () => void): void {
    seat.queued--
    this.#steps++
    tell()
  }

  /** Reads what is new. */
  #read(seat: Seat): void {
    if (seat.isReading) return
    seat.isReading = true
    this.#ask('read posts', newPosts(seat.client, seat.board, seat.read), posts => {
      for (const post of posts) this.#shown(seat, post)
      if (posts.length > 0 && ++seat.reads % CONFIRM_EVERY === 0) this.#confirm(seat)
    }).finally(() => {
      seat.isReading = false
    })
  }

  #shown(seat: Seat, post: Message): void {
    const { board, client, viewer } = seat
    this.#steps++
    seat.read = post.number
    tellShown(this.auditor, viewer, board, post)
    const isOwn = post.sender === viewer.uid && post.device === viewer.device
    if (this.#ended || !isOwn || post.sendSeq % REMOVE_EVERY > 0 || post.changed.recalledBy !== 0) return
    this.auditor.removing(board, post.number, post)
    this.#removals.add({ seat, number: post.number, isReading: false })
    client.rooms.remove(board, post.number).catch(error => this.#spec.onFailure(`no removal: ${messageOf(error)}`))
  }

  /** Looks whether a removal has come to the board. */
  #look(removal: Removal): void {
    if (removal.isReading || this.#underWay >= READS_MAX) return
    removal.isReading = true
    const { seat, number } = removal
    const { board, client } = seat
    const asked = client.rooms.posts(board, { before: number + 1, limit: 1 })
    this.#ask('look at a post', asked, ({ posts: [post] }) => {
      if (post?.number !== number || post.changed.recalledBy === 0) return
      this.auditor.removed(board, number)
      this.#removals.delete(removal)
      this.#steps++
    }).finally(() => {
      removal.isReading = false
    })
  }

  #confirm({ board, client, viewer, read }: Seat): void {
    const done = this.auditor.confirming(board, viewer.uid, read)
    client.rooms
      .confirm(board, read)
      .then(done, error => this.#spec.onFailure(`no confirmation by ${viewer.uid}: ${messageOf(error)}`))
  }

  /** Takes an answer. What was not answered in time is asked for again with a later look. */
  async #ask<T>(what: string, asked: Promise<T>, take: (answer: T) => void): Promise<void> {
    this.#underWay++
    try {
      take(await asked)
    } catch (error) {
      const isLate = error instanceof LongwireError && (error.reason === 'TIMEOUT' || error.reason === 'CLOSED')
      if (!isLate) this.#spec.onFailure(`it was not possible to ${what}: ${messageOf(error)}`)
    }
    this.#underWay--
  }
}
