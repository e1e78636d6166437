/**
 * Services that note what each connection looks at, and of which boards it is told. The services behind them say whose presence a user may
 * see; who is online is known here (watches.ts). They are asked again from time to time for each watch. Typing in one conversation is passed
 * on once in TYPING_INTERVAL_MS for each device. The answer of List says of which boards a connection is told (board-listeners.ts).
 */
import { EMPTY } from '../../protocol/bytes.js'
import { actionOf, CODES, type Code } from '../../protocol/codes.js'
import { type ConversationId, isConversationId } from '../../protocol/conversation-id.js'
import {
  DecodeError,
  decodeRoomServiceListRequest,
  decodeRoomServiceListResponse,
  decodeTypingRequest,
  decodeWatchRequest,
  decodeWatchResponse,
  encodeWatchRequest,
  encodeWatchResponse,
  type Presence,
  type RoomServiceListResponse,
  type WatchResponse,
} from '../../protocol/generated/messages.js'
import { TYPING_INTERVAL_MS, WATCHED_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { Clock } from '../lib/clock.js'
import { ExpiringTable } from '../lib/expiring-table.js'
import type { Limits } from '../ops/rate-limits.js'
import { refuse, refuseLimited } from '../services/answers.js'
import { ForwardedCaller, ForwardedServices } from '../services/forwarded.js'
import { deviceKey } from '../services/request-limits.js'
import type { Caller, Services } from '../services/types.js'
import type { BoardListeners } from './board-listeners.js'
import type { Hub, Member } from './hub.js'
import type { Grant, Watches } from './watches.js'

/** The most conversations in which somebody has just typed that are remembered. */
const TYPING_KEYS_MAX = 65_536
/** The time after which to say again what this node has no space for. */
const RETRY_MS = 5_000

/** A connection, as it may look at something. */
export interface Viewer extends Member {
  readonly address: string
}

export interface WatchingParts<M extends Viewer> {
  readonly hub: Hub<M>
  readonly watches: Watches<M>
  readonly boards: BoardListeners<M>
  readonly limits: Limits
  readonly clock: Clock
}

/** Takes what the services let a client be told of these conversations. */
type Granted = (conversations: readonly ConversationId[], grant: Grant) => void

export class WatchingServices<M extends Viewer> extends ForwardedServices {
  readonly #parts: WatchingParts<M>
  readonly #typing: ExpiringTable<number>
  /** The number of each connection's last Watch: an answer that comes behind a later one is of no account. */
  readonly #asked = new WeakMap<M, number>()

  constructor(services: Services, parts: WatchingParts<M>) {
    super(services)
    this.#parts = parts
    this.#typing = new ExpiringTable(parts.clock, TYPING_KEYS_MAX, untilMs => untilMs)
    const { watches, boards } = parts
    watches.onDue = watch => {
      this.#grantAnew(watch.member, watch.conversations, (those, grant) => watches.regrant(watch, those, grant))
    }
    watches.onGone = member => boards.gone(member)
    boards.onDue = (member, all) => {
      const granted: Granted = (those, { refused }) => {
        if (refused === true) boards.drop(member, those)
      }
      for (let at = 0; at < all.length; at += WATCHED_MAX)
        this.#grantAnew(member, all.slice(at, at + WATCHED_MAX), granted)
    }
  }

  override request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    if (caller.uid === 0) super.request(caller, id, method, body)
    else if (method === METHODS.watch.number) this.#watch(caller, id, body)
    else if (method === METHODS.typing.number) this.#type(caller, id, body)
    else if (method === METHODS.roomList.number) this.#list(caller, id, body)
    else super.request(caller, id, method, body)
  }

  #watch(caller: Caller, id: number, body: Uint8Array): void {
    const { limits, hub, watches } = this.#parts
    if (refuseLimited(caller, id, limits.take('watches', deviceKey(caller)))) return
    const conversations = conversationsIn(body)
    const member = this.#memberOf(caller)
    const number = member === undefined ? 0 : (this.#asked.get(member) ?? 0) + 1
    if (member !== undefined) this.#asked.set(member, number)
    const answered = ({ presence, off }: WatchResponse): readonly Presence[] | undefined => {
      const isLast = member !== undefined && this.#asked.get(member) === number
      // Who polls, has gone meanwhile, or has said something else, is told of nobody.
      if (!isLast || conversations === undefined || !hub.membersOf(caller.uid).includes(member)) return []
      return watches.set(member, conversations, { peers: presence.map(({ uid }) => uid), off })
    }
    super.request(new WatchCaller(caller, answered), id, METHODS.watch.number, body)
  }

  /** The connection on which the caller asks; undefined of who polls. */
  #memberOf({ uid, device, attempt }: Caller): M | undefined {
    return this.#parts.hub.membersOf(uid).find(each => each.device === device && each.attempt === attempt)
  }

  #list(caller: Caller, id: number, body: Uint8Array): void {
    const member = this.#memberOf(caller)
    const request = decoded(() => decodeRoomServiceListRequest(body))
    const answered = (response: RoomServiceListResponse): void => {
      // Who has gone meanwhile is told of nothing.
      if (member === undefined || request === undefined || this.#memberOf(caller) !== member) return
      this.#parts.boards.listed(member, request, response)
    }
    super.request(new ListCaller(caller, answered), id, METHODS.roomList.number, body)
  }

  #type(caller: Caller, id: number, body: Uint8Array): void {
    const { limits, clock } = this.#parts
    const key = typingKey(caller, body)
    const nowMs = clock.monotonic()
    if (key !== undefined && (this.#typing.get(key) ?? 0) > nowMs) {
      caller.respond(id, EMPTY)
      return
    }
    if (refuseLimited(caller, id, limits.take('typing', deviceKey(caller)))) return
    if (key !== undefined) this.#typing.set(key, nowMs + TYPING_INTERVAL_MS)
    super.request(caller, id, METHODS.typing.number, body)
  }

  /** Asks again what a client may be told; if one of the conversations is refused, for each by itself. */
  #grantAnew(member: M, conversations: readonly ConversationId[], granted: Granted): void {
    const settle = (grant: Grant | 'refused' | 'unknown'): void => {
      if (grant === 'unknown') return // it stays as it is until the next time
      if (grant !== 'refused') granted(conversations, grant)
      else if (conversations.length === 1) granted(conversations, NOTHING)
      else for (const conversation of conversations) this.#grantAnew(member, [conversation], granted)
    }
    const body = encodeWatchRequest({ conversations: conversations.map(conversation => ({ conversation })) })
    super.request(new GrantCaller(member, settle), GRANT_ID, METHODS.watch.number, body)
  }
}

/** The id of a request that this node asks itself. */
const GRANT_ID = 1
const NOTHING: Grant = { peers: [], off: true, refused: true }

/** The conversations of a Watch, without repeats; undefined if it is not well-formed: it is refused for that. */
function conversationsIn(body: Uint8Array): readonly ConversationId[] | undefined {
  const named = decoded(() => decodeWatchRequest(body))?.conversations.map(({ conversation }) => conversation)
  return named && [...new Set(named.filter(isConversationId))]
}

/** The key of a device in the conversation where it types; undefined if the request is not well-formed: it is refused for that. */
function typingKey({ uid, device }: Caller, body: Uint8Array): string | undefined {
  const request = decoded(() => decodeTypingRequest(body))
  return request && `${uid}/${device}/${request.conversation}`
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The caller of a Watch: its answer tells who is online. */
class WatchCaller extends ForwardedCaller {
  readonly #answered: (response: WatchResponse) => readonly Presence[] | undefined

  constructor(caller: Caller, answered: (response: WatchResponse) => readonly Presence[] | undefined) {
    super(caller)
    this.#answered = answered
  }

  override respond(id: number, body: Uint8Array): void {
    const response = decodeWatchResponse(body)
    const presence = this.#answered(response)
    if (presence === undefined) refuse(this.inner, id, CODES.OVERLOADED.code, RETRY_MS)
    else super.respond(id, encodeWatchResponse({ presence: [...presence], off: response.off }))
  }
}

/** The caller of a List: its answer says to which boards the user listens. */
class ListCaller extends ForwardedCaller {
  readonly #answered: (response: RoomServiceListResponse) => void

  constructor(caller: Caller, answered: (response: RoomServiceListResponse) => void) {
    super(caller)
    this.#answered = answered
  }

  override respond(id: number, body: Uint8Array): void {
    this.#answered(decodeRoomServiceListResponse(body))
    super.respond(id, body)
  }
}

/** Asks on behalf of a connection what it may be told. */
class GrantCaller implements Caller {
  readonly uid: number
  readonly device: number
  readonly attempt: number
  readonly address: string
  readonly told = 0
  readonly signal = undefined
  readonly #settle: (grant: Grant | 'refused' | 'unknown') => void

  constructor({ uid, device, attempt, address }: Viewer, settle: (grant: Grant | 'refused' | 'unknown') => void) {
    this.uid = uid
    this.device = device
    this.attempt = attempt
    this.address = address
    this.#settle = settle
  }

  respond(_id: number, body: Uint8Array): void {
    const { presence, off } = decodeWatchResponse(body)
    this.#settle({ peers: presence.map(({ uid }) => uid), off })
  }

  refuse(_id: number, code: Code): void {
    this.#settle(actionOf(code) === 'refused' ? 'refused' : 'unknown')
  }

  accepted(): void {}

  synced(): void {}
}
