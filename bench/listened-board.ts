/**
 * A board with as many listeners as one likes. Some of them are users with a connection, who are told of its heads. The others are what a room
 * knows of any listener, a record of its own, and are written into the tables while no server runs. A post looks at nothing else of a listener.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import {
  createRoomServiceCreateRequest,
  createRoomServiceGetRequest,
  createRoomServiceListRequest,
  createRoomServicePostRequest,
  createRoomServicePostsRequest,
  createRoomServiceSubscribeRequest,
  RoomKind,
  RoomState,
} from '../protocol/generated/messages.js'
import { METHODS } from '../protocol/methods.js'
import { present } from '../src/lib/assert.js'
import { roomActor } from '../src/sync/references.js'
import { listener, listenerCounts, ridOf } from '../src/sync/rules/room-records.js'
import { rested } from './arena.js'
import type { ServerProcess } from './children.js'
import { registerUsers } from './fleet.js'
import type { Preset } from './presets.js'
import { AT_ONCE, type Commit, put } from './tables.js'
import { until } from './until.js'
import type { BenchUser } from './user.js'
import { measured } from './window.js'

/** Posts that are sent and not accepted. */
const IN_FLIGHT = 10
const TEXT = 'x'.repeat(100)
/** The uids of listeners who are no users of the server: above all of those who are. */
const FIRST_UID = 2 ** 40

export interface BoardSizes {
  /** The listeners with a connection. The owner, who listens too, is none of them. */
  readonly connected: number
  /** All listeners of the board when it is filled. */
  readonly listeners: number
}

/** What a window of posts took. */
export interface PostCosts {
  /** CPU of all threads of the server for each post, in µs. */
  readonly cpuUs: number
  /** The heads that each connected listener was told in a second. */
  readonly headsPerSecond: number
}

export class ListenedBoard {
  readonly listeners: number
  readonly #conversation: string
  readonly #owner: BenchUser
  readonly #connected: readonly BenchUser[]
  #heads = 0

  private constructor(conversation: string, [owner, ...connected]: readonly BenchUser[], listeners: number) {
    this.listeners = listeners
    this.#conversation = conversation
    this.#owner = present(owner, 'the owner')
    this.#connected = connected
  }

  /**
   * Makes a board to which its owner and some users listen. They are not connected until it is opened.
   * @param name of the board, and the beginning of their account names
   */
  static async make(port: number, name: string, { connected, listeners }: BoardSizes): Promise<ListenedBoard> {
    const users = await registerUsers(port, name, connected + 1)
    let listening = 0
    for (const user of users) {
      user.onItem = content => {
        if (content.case === 'room' && content.value.state === RoomState.LISTENING) listening += 1
      }
    }
    const owner = present(users[0], 'the owner')
    const creation = createRoomServiceCreateRequest({
      sendSeq: owner.nextNumber(),
      title: name,
      kind: RoomKind.BOARD,
    })
    const { conversation } = await owner.client.request(METHODS.roomCreate, creation)
    await until('the board', () => listening === 1)
    for (const user of users.slice(1)) {
      const request = createRoomServiceSubscribeRequest({ sendSeq: user.nextNumber(), conversation })
      await user.client.request(METHODS.roomSubscribe, request)
    }
    await until('its listeners', () => listening === users.length)
    for (const { client } of users) client.destroy()
    return new ListenedBoard(conversation, users, listeners)
  }

  get connected(): number {
    return this.#connected.length
  }

  /** Writes the records of the listeners that it lacks. */
  async fill(commit: Commit): Promise<void> {
    const actor = roomActor(present(ridOf(this.#conversation), 'the name of the room'))
    const missing = this.listeners - this.connected - 1
    for (let first = 0; first < missing; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, missing - first)
      const known = { number: 1, removed: false }
      const puts = Array.from({ length: count }, (_, n) => put(actor, listener, known, FIRST_UID + first + n))
      await commit([{ puts }])
    }
    await commit([{ puts: [put(actor, listenerCounts, { listening: this.listeners, removed: 0 })] }])
  }

  /** Connects owner and users, who are told of heads from here on. */
  async open(port: number): Promise<void> {
    const conversation = this.#conversation
    await Promise.all([this.#owner, ...this.#connected].map(user => user.reconnect(port)))
    for (const user of this.#connected) {
      user.onSignal = () => {
        this.#heads += 1
      }
      await user.client.request(METHODS.roomList, createRoomServiceListRequest({ heads: true }))
    }
    const { listeners } = await this.#owner.client.request(
      METHODS.roomGet,
      createRoomServiceGetRequest({ conversation }),
    )
    if (listeners !== this.listeners) throw new Error(`the board has ${listeners} listeners, not ${this.listeners}`)
  }

  close(): void {
    for (const { client } of [this.#owner, ...this.#connected]) client.destroy()
  }

  /** Posts once. @returns the ms until it was accepted, and read on the board */
  async post(): Promise<number> {
    const beginMs = performance.now()
    await this.#send()
    while (!(await this.#isLastThere())) {}
    return performance.now() - beginMs
  }

  /** Posts for a window, and settles when all is on the board, as many heads came as users are connected, and the server rests. */
  async load({ pid }: ServerProcess, { warmMs, windowMs }: Preset): Promise<PostCosts> {
    const [beginMs, before] = [performance.now(), this.#heads]
    const tally = { posted: 0, isOver: false }
    const sending = async (): Promise<void> => {
      for (; !tally.isOver; tally.posted += 1) await this.#send()
    }
    const all = Promise.all(Array.from({ length: IN_FLIGHT }, sending))
    await sleep(warmMs)
    const { cpuUs } = await measured(pid, windowMs, () => tally.posted)
    tally.isOver = true
    await all
    await until('the last post', () => this.#isLastThere())
    await until('a head', () => this.#heads >= before + this.connected)
    const headsPerSecond = ((this.#heads - before) * 1_000) / (performance.now() - beginMs) / this.connected
    await rested([pid])
    return { cpuUs, headsPerSecond }
  }

  async #send(): Promise<void> {
    const owner = this.#owner
    const post = { sendSeq: owner.nextNumber(), conversation: this.#conversation, text: TEXT }
    await owner.client.request(METHODS.roomPost, createRoomServicePostRequest(post))
  }

  /** Whether the board's newest post is the last one that was sent. */
  async #isLastThere(): Promise<boolean> {
    const request = createRoomServicePostsRequest({ conversation: this.#conversation, limit: 1 })
    const { posts } = await this.#owner.client.request(METHODS.roomPosts, request)
    return posts[0]?.sendSeq === this.#owner.sent
  }
}
