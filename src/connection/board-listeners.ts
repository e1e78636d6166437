/**
 * The connections of this node that are told of new posts on boards (PROTOCOL.md, 19.8). A client asks for it with its List of rooms; the
 * answer names the boards that its user listens to. Nothing is stored, and only connections that have asked are told.
 *
 *   List with `heads` ──its answer──► boards of the connection ──► interests (cluster/interests.ts)
 *   a head of this node or another ──► throttled once more ──► the connections that listen
 *
 * Every GRANT_MS each connection is checked again: boards that its user no longer listens to are dropped. A connection has ROOMS_MAX boards at
 * most, and all together name INTERESTS_MAX: heads of a board beyond that are not told, and its listeners find them when they ask with List.
 */
import { type ConversationId, isConversationId } from '../../protocol/conversation-id.js'
import { encodeNotice } from '../../protocol/frame-codec.js'
import {
  RoomKind,
  type RoomServiceListRequest,
  type RoomServiceListResponse,
} from '../../protocol/generated/messages.js'
import { ROOMS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { BoardHeads } from '../cluster/board-heads.js'
import { INTERESTS_MAX, type Interests } from '../cluster/interests.js'
import type { Clock, TimerHandle } from '../lib/clock.js'
import { Rota } from '../lib/rota.js'
import type { Address, TransientEvent } from '../sync/events.js'
import { roomActor } from '../sync/references.js'
import { ridOf } from '../sync/rules/room-records.js'
import type { Member } from './hub.js'
import { GRANT_MS, SIGNALS_PER_SECOND } from './watches.js'

const TICK_MS = 1_000

/** A connection that is told of boards. */
interface Listener<M extends Member> {
  readonly member: M
  readonly boards: Set<ConversationId>
  /** The heads of this second. */
  sent: number
  sentTick: number
}

export interface BoardListenersOptions {
  readonly clock: Clock
  readonly interests: Interests
  /** Counts what was sent to connections, and what was not. */
  readonly figures: { sent: number; dropped: number }
}

export class BoardListeners<M extends Member = Member> {
  /** Called for each connection every GRANT_MS, to find out which of these boards its user still listens to. */
  onDue: (member: M, boards: readonly ConversationId[]) => void = () => {}
  readonly #options: BoardListenersOptions
  readonly #heads: BoardHeads
  readonly #members = new Map<M, Listener<M>>()
  readonly #listeners = new Map<Address, Set<Listener<M>>>()
  readonly #rota = new Rota<Listener<M>>(GRANT_MS / TICK_MS)
  #tick = 0
  #timer: TimerHandle | undefined

  constructor(options: BoardListenersOptions) {
    this.#options = options
    this.#heads = new BoardHeads(
      options.clock,
      board => this.#listeners.has(board),
      event => this.#tell(event),
    )
  }

  /** The number of connections that are told. */
  get size(): number {
    return this.#members.size
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#heads.stop()
  }

  /** Notes the boards in an answer of List: in the range of that page, the connection is told of these and of no others. */
  listed(
    member: M,
    { after, heads }: Pick<RoomServiceListRequest, 'after' | 'heads'>,
    { rooms, next }: Pick<RoomServiceListResponse, 'rooms' | 'next'>,
  ): void {
    const boards = heads ? rooms.filter(({ kind, closed }) => kind === RoomKind.BOARD && !closed) : []
    const named = boards.map(({ conversation }) => conversation).filter(isConversationId)
    const isInPage = (board: ConversationId): boolean => board > after && (next === '' || board <= next)
    const known = [...(this.#members.get(member)?.boards ?? [])].filter(isInPage)
    this.drop(
      member,
      known.filter(board => !named.includes(board)),
    )
    for (const board of named) this.#add(member, board)
  }

  /** Stops telling a connection of these boards. */
  drop(member: M, boards: readonly ConversationId[]): void {
    const listener = this.#members.get(member)
    if (listener === undefined) return
    for (const board of boards) if (listener.boards.delete(board)) this.#listenNoMore(listener, board)
    if (listener.boards.size > 0) return
    this.#members.delete(member)
    this.#rota.delete(listener)
  }

  /** A connection has ended. */
  gone(member: M): void {
    this.drop(member, [...(this.#members.get(member)?.boards ?? [])])
  }

  /** Takes a head of this node or of another. */
  take(event: TransientEvent): void {
    this.#heads.take(event)
  }

  #add(member: M, board: ConversationId): void {
    const { interests, clock } = this.#options
    const known = this.#members.get(member)
    if (known?.boards.has(board) === true || (known?.boards.size ?? 0) >= ROOMS_MAX) return
    const address = addressOf(board)
    const others = this.#listeners.get(address)
    if (others === undefined && interests.size >= INTERESTS_MAX) return
    const listener = known ?? { member, boards: new Set(), sent: 0, sentTick: 0 }
    listener.boards.add(board)
    this.#members.set(member, listener)
    this.#rota.add(listener)
    this.#timer ??= clock.after(TICK_MS, () => this.#turn())
    if (others !== undefined) others.add(listener)
    else {
      this.#listeners.set(address, new Set([listener]))
      interests.add(address)
    }
  }

  #listenNoMore(listener: Listener<M>, board: ConversationId): void {
    const address = addressOf(board)
    const listeners = this.#listeners.get(address)
    listeners?.delete(listener)
    if (listeners?.size !== 0) return
    this.#listeners.delete(address)
    this.#options.interests.remove(address)
  }

  #tell(event: TransientEvent): void {
    const { figures } = this.#options
    const frame = encodeNotice(METHODS.signal.number, event.bytes)
    for (const listener of this.#listeners.get(event.to) ?? []) {
      if (listener.sentTick !== this.#tick) {
        listener.sentTick = this.#tick
        listener.sent = 0
      }
      const isSent = listener.sent < SIGNALS_PER_SECOND && listener.member.offer(frame)
      if (isSent) listener.sent += 1
      figures[isSent ? 'sent' : 'dropped'] += 1
    }
  }

  #turn(): void {
    this.#tick += 1
    for (const { member, boards } of this.#rota.next()) this.onDue(member, [...boards])
    this.#timer = this.#members.size > 0 ? this.#options.clock.after(TICK_MS, () => this.#turn()) : undefined
  }
}

function addressOf(board: ConversationId): Address {
  return roomActor(ridOf(board) ?? '')
}
