// What this device has seen of each board: its newest post, and since when it knows of it. No list brings that, for posts are in nobody's
// timeline, so it is remembered.
import type { Client, ConversationId, Message, Room } from '../../typescript/browser.js'
import { type Platform, Remembered } from './platform.js'
import { Signal } from './signal.js'

export interface BoardNews {
  /** The number of the newest post, as far as this device knew. */
  readonly head: number
  /** The time when this device heard of that, or the user began to follow the board here; 0: it was so before. */
  readonly atMs: number
  /** The number up to which nothing was left to confirm when the user began to listen, or this device first knew; undefined: not yet. */
  readonly from?: number
  /** The newest post that was read here. A removed one has no text. */
  readonly post?: { readonly number: number; readonly atMs: number; readonly by: number; readonly text: string }
}

const UNKNOWN: BoardNews = { head: 0, atMs: 0 }

/** More of a text no row has space for. */
const TEXT_MAX = 160
/** The boards that are remembered: more than anybody listens to. */
const REMEMBERED_MAX = 300

/** The name under which the browser remembers them. */
export const BOARDS = 'boards'

export class BoardsNews {
  /** Grows by one with each change. */
  readonly version = new Signal(0)
  readonly #client: Client
  readonly #remembered: Remembered
  readonly #boards: Map<ConversationId, BoardNews>

  /** @param on listens to the client for as long as the session lasts */
  constructor(client: Client, platform: Pick<Platform, 'keyValues'>, on: Client['on']) {
    this.#client = client
    this.#remembered = new Remembered(platform.keyValues, BOARDS)
    this.#boards = new Map(rowsOf(this.#remembered.read()))
    for (const room of client.rooms.all()) this.#stands(room)
    on('room', room => this.#stands(room))
  }

  of(conversation: ConversationId): BoardNews {
    return this.#boards.get(conversation) ?? UNKNOWN
  }

  /** The user has made a board, or begun to follow it: it stands above what is older. */
  begun(conversation: ConversationId): void {
    this.#change(conversation, { atMs: this.#client.serverTime() })
  }

  /** A post was read. */
  read({ conversation, number, atMs, sender, text }: Message): void {
    const { head, atMs: heardMs, post } = this.of(conversation)
    if (number < (post?.number ?? 0)) return
    this.#change(conversation, {
      head: Math.max(head, number),
      atMs: Math.max(heardMs, atMs),
      post: { number, atMs, by: sender, text: text.slice(0, TEXT_MAX) },
    })
  }

  forget(): void {
    this.#boards.clear()
    this.#remembered.write(undefined)
  }

  #stands({ conversation, state, head, confirmed }: Room): void {
    const known = this.#boards.get(conversation)
    if (state === 'none' && this.#boards.delete(conversation)) this.#remember()
    if (state !== 'listening') return
    const isNews = known !== undefined && head > known.head
    if (known?.from !== undefined && !isNews) return
    this.#change(conversation, {
      head,
      from: known?.from ?? confirmed,
      ...(isNews && { atMs: this.#client.serverTime() }),
    })
  }

  #change(conversation: ConversationId, change: Partial<BoardNews>): void {
    this.#boards.set(conversation, { ...this.of(conversation), ...change })
    this.#remember()
  }

  #remember(): void {
    this.#remembered.write([...this.#boards].slice(-REMEMBERED_MAX))
    this.version.set(this.version.value + 1)
  }
}

function rowsOf(stored: unknown): [ConversationId, BoardNews][] {
  const rows = Array.isArray(stored) ? (stored as [ConversationId, BoardNews | undefined][]) : []
  return rows.filter((row): row is [ConversationId, BoardNews] => typeof row?.[1]?.head === 'number')
}
