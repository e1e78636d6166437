// Where the user's boards stand: the newest post of each, and how many are unconfirmed. The server counts that, and is asked.
//
//   Hello │ an item that leaves something open │ a head behind others │ COMPARE_MS are over ──► List, page by page ──► rooms, `boards`
//   a head that is next to the known one ──► counted here
//
// A round asks about all rooms. What comes meanwhile of a room is newer than the round: it stays, and there is another round.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { createRoomServiceListRequest, type RoomHead, type RoomSummary } from '../../../protocol/generated/messages.js'
import { COUNTED_MAX } from '../../../protocol/limits.js'
import type { Emitter } from '../base/emitter.js'
import type { Clock, Random, TimerHandle } from '../base/system.js'
import type { Calls } from '../connection/calls.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import type { ClientEvents } from './events.js'
import { type Room, type RoomList, roomOfSummary } from './room-list.js'

/** The time between two rounds that nothing else has caused; each is drawn from 90 % to 110 % of it. */
export const COMPARE_MS = 300_000
/** The wait after an item: one round serves all items of a page. */
export const SOON_MS = 500
/** The wait after a head that shows that others were missed, drawn from once to twice this: all listeners miss them together. */
export const RECOUNT_MS = 5_000

export interface BoardsHost {
  readonly commits: Commits
  readonly calls: Calls
  readonly identity: Identity
  readonly rooms: RoomList
  readonly clock: Clock
  readonly random: Random
  readonly events: Emitter<ClientEvents>
}

/** A round under way. */
interface Round {
  /** The rooms of which something came meanwhile. */
  readonly touched: Set<ConversationId>
}

export class Boards {
  readonly #host: BoardsHost
  readonly #rounds = new Set<Round>()
  /** Whether the server is to tell of new posts. */
  #follows = true
  /** Counts the connections that have ended. */
  #ended = 0
  #isOnline = false
  /** Whether a round of the library's own is under way, and another one is due behind it. */
  #isComparing = false
  #isDue = false
  #timer: TimerHandle | undefined
  #dueMs = Number.POSITIVE_INFINITY

  constructor(host: BoardsHost) {
    this.#host = host
  }

  /** The connection may carry requests: asks right behind Hello. */
  connected(): void {
    this.#isOnline = true
    if (this.#host.rooms.hasSome && !this.#isComparing) this.#compareNow()
  }

  disconnected(): void {
    this.#isOnline = false
    this.#ended++
    this.#cancel()
  }

  /** Tells the server whether it is to tell of new posts from now on. */
  follow(follows: boolean): void {
    if (follows === this.#follows) return
    this.#follows = follows
    if (this.#isOnline && this.#host.rooms.hasSome) this.#compareNow()
  }

  /** The item of a room came. */
  changed({ conversation, state, kind, title, head, confirmed }: Room): void {
    this.#touch(conversation)
    if (state !== 'listening') return
    if (title === '' || (kind === 'board' && confirmed < head)) this.#compareIn(SOON_MS)
  }

  /** The server tells of a board's newest post. */
  onHead(conversation: string, { number, before, uid }: RoomHead): void {
    const { rooms, identity, random } = this.#host
    const room = rooms.get(conversation as ConversationId)
    if (room?.state !== 'listening' || number <= room.head) return
    this.#touch(room.conversation)
    const isOwn = uid === identity.uid
    const unconfirmed = isOwn ? room.unconfirmed : Math.min(COUNTED_MAX, room.unconfirmed + 1)
    rooms.set(room.conversation, { ...room, head: number, unconfirmed })
    if (before !== room.head) this.#compareIn(RECOUNT_MS * (1 + random.fraction()))
  }

  /** Asks the server where all rooms stand that the user listens to. @returns them, as the server says */
  async compare(): Promise<Room[]> {
    const { commits, rooms, events } = this.#host
    const round: Round = { touched: new Set() }
    this.#rounds.add(round)
    try {
      const summaries = await this.#listed()
      for (const summary of summaries) {
        if (!round.touched.has(summary.conversation as ConversationId)) rooms.onSummary(summary)
      }
      if (round.touched.size > 0) this.#compareIn(SOON_MS)
      commits.tell(() => events.emit('boards', { boards: rooms.boards() }))
      return summaries.map(roomOfSummary)
    } finally {
      this.#rounds.delete(round)
    }
  }

  async #listed(): Promise<RoomSummary[]> {
    const found: RoomSummary[] = []
    for (let after = '', ended = this.#ended; ; ) {
      const request = createRoomServiceListRequest({ after, heads: this.#follows })
      const { rooms, next } = await this.#host.calls.ask('roomList', request)
      if (ended !== this.#ended && after !== '') {
        // Another connection is told of the boards of those pages only that were asked for on it.
        found.length = 0
        after = ''
      } else {
        found.push(...rooms)
        if (next === '') return found
        after = next
      }
      ended = this.#ended
    }
  }

  #touch(conversation: ConversationId): void {
    for (const { touched } of this.#rounds) touched.add(conversation)
  }

  /** Compares in so many milliseconds, or when that is due if it is earlier. */
  #compareIn(ms: number): void {
    const { clock } = this.#host
    const dueMs = clock.monotonic() + ms
    if (!this.#isOnline || dueMs >= this.#dueMs) return
    this.#cancel()
    this.#dueMs = dueMs
    this.#timer = clock.after(ms, () => this.#compareNow())
  }

  #compareNow(): void {
    this.#cancel()
    if (this.#isComparing) {
      this.#isDue = true
      return
    }
    this.#isComparing = true
    // Whether it failed or not, the next round is due later.
    this.compare().then(
      () => this.#compared(),
      () => this.#compared(),
    )
  }

  #compared(): void {
    const { rooms, random } = this.#host
    this.#isComparing = false
    if (this.#isDue) this.#compareIn(SOON_MS)
    else if (rooms.boards().length > 0) this.#compareIn(COMPARE_MS * (0.9 + 0.2 * random.fraction()))
    this.#isDue = false
  }

  #cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#dueMs = Number.POSITIVE_INFINITY
  }
}
