/**
 * RoomService. Each numbered method is a transition of the user's own side (sync/rules/listening.ts); what the room itself decides comes to
 * the user's timeline. Get, Posts and List read at the room, and Publish goes to the connections that look at it.
 */
import { CODES } from '../../protocol/codes.js'
import {
  encodeRoomServiceCreateResponse,
  encodeRoomServiceGetResponse,
  encodeRoomServiceListResponse,
  encodeRoomServicePostsResponse,
  encodeRoomServicePublishResponse,
  encodeSignalNotice,
  RoomKind,
  RoomRole,
  type RoomServiceCreateRequest,
  type RoomServiceGetRequest,
  type RoomServiceListRequest,
  type RoomServicePostRequest,
  type RoomServicePostsRequest,
  type RoomServicePublishRequest,
  type RoomSummary,
} from '../../protocol/generated/messages.js'
import { ROOM_POSTS_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { Random } from '../lib/random.js'
import type { Defer } from '../lib/turn.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Store } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { roomActor } from '../sync/references.js'
import * as rules from '../sync/rules/listening.js'
import type { Answer } from '../sync/rules/numbered.js'
import { userActor } from '../sync/rules/records.js'
import { getRoom, mayTell, type OwnRoom, ownRooms, roomStanding } from '../sync/rules/room-reads.js'
import { NO_ROOM_RULES, newRid, type Rid, ridOf, roomConversation } from '../sync/rules/room-records.js'
import type { Outcome, Transition } from '../sync/types.js'
import { answerNumbered, answerWith, refuse, refuseLimited } from './answers.js'
import type { ContentHash } from './content-hash.js'
import type { NumberedRequest, Serve } from './group-service.js'
import { makeCode } from './join-code.js'
import { notBefore, Refused } from './refused.js'
import {
  giveBackStored,
  groupKey,
  isOk,
  isRecipientLimited,
  ranNow,
  settleRecipient,
  storedKib,
  storedWait,
  succeededNow,
} from './request-limits.js'
import { countUnconfirmed, postsPage } from './room-posts.js'
import type { SignalSender } from './signal-service.js'
import type { Caller } from './types.js'
import { beginWalk, goOn, type WalkParts } from './walks.js'
import { writtenBytes, writtenOf } from './written.js'

export interface RoomParts {
  readonly engine: Engine
  /** The engine's store, for pages of a board's log. */
  readonly store: Store
  readonly defer: Defer
  readonly random: Random
  readonly limits: Limits
  readonly contentHash: ContentHash
  readonly signal: SignalSender
}

/** The posts in a page when the request names no limit. */
const POSTS_USUAL = 50
/** The most rooms in a page of List. */
const LISTED_MAX = 50

/** @param inputOf the input of a request; undefined if a value is outside its limits */
type ActTaker = <Q extends NumberedRequest & { readonly conversation: string }, I extends rules.RoomInput>(
  method: RequestMethod<Q>,
  transition: Transition<I, Answer>,
  inputOf: (common: rules.RoomInput, request: Q) => NoInfer<I> | undefined,
  cost?: number,
) => void

export class RoomService {
  readonly #parts: RoomParts

  constructor(parts: RoomParts) {
    this.#parts = parts
  }

  /** Names the handler of each method. */
  serve(on: Serve): void {
    on(METHODS.roomCreate, (caller, id, request) => this.#create(caller, id, request))
    const act: ActTaker = (method, transition, inputOf, cost = 1) =>
      on(method, (caller, id, request) => {
        const rid = ridOf(request.conversation)
        const input = rid === undefined ? undefined : inputOf(this.#common(caller, method, request, rid), request)
        if (input === undefined) refuse(caller, id, CODES.INVALID_ARGUMENT.code)
        else this.#submit(input, transition, cost, outcome => answerNumbered(caller, id, outcome))
      })
    act(METHODS.roomSet, rules.setRoom, (common, { title, rules: wanted = NO_ROOM_RULES, newCode }) => {
      return { ...common, title, rules: wanted, code: makeCode(this.#parts.random), newCode }
    })
    act(METHODS.roomSetRole, rules.setRoomRole, (common, { uid, role }) => {
      const isGiven = role === RoomRole.LISTENER || role === RoomRole.PUBLISHER || role === RoomRole.REMOVED
      return isGiven ? { ...common, other: uid, role } : undefined
    })
    act(METHODS.roomSubscribe, rules.subscribe, (common, { code }) => ({ ...common, code }))
    act(METHODS.roomUnsubscribe, rules.unsubscribe, common => common, 0)
    act(METHODS.roomRemove, rules.removePost, (common, { number }) => ({ ...common, post: number }))
    act(METHODS.roomClose, rules.closeRoom, common => common)
    act(METHODS.roomConfirm, rules.confirm, (common, { upTo }) => ({ ...common, upTo }), 0)
    on(METHODS.roomPost, (caller, id, request) => this.#post(caller, id, request))
    on(METHODS.roomGet, (caller, id, request) => answerWith(caller, id, this.#get(caller, request)))
    on(METHODS.roomPosts, (caller, id, request) => answerWith(caller, id, this.#posts(caller, request)))
    on(METHODS.roomList, (caller, id, request) => answerWith(caller, id, this.#list(caller, request)))
    on(METHODS.roomPublish, (caller, id, request) => answerWith(caller, id, this.#publish(caller, request)))
  }

  #create(caller: Caller, id: number, request: RoomServiceCreateRequest): void {
    const { title, kind, rules: wanted = NO_ROOM_RULES } = request
    const rid = newRid(caller.uid, caller.device, request.sendSeq)
    if (kind === RoomKind.UNSPECIFIED) {
      refuse(caller, id, CODES.INVALID_ARGUMENT.code)
      return
    }
    const common = this.#common(caller, METHODS.roomCreate, request, rid)
    const input = { ...common, title, kind, rules: wanted, code: makeCode(this.#parts.random) }
    this.#submit(input, rules.createRoom, 1, outcome => {
      if (isOk(outcome)) caller.respond(id, encodeRoomServiceCreateResponse({ conversation: roomConversation(rid) }))
      else answerNumbered(caller, id, outcome)
    })
  }

  #common<Q extends NumberedRequest>(caller: Caller, method: RequestMethod<Q>, request: Q, rid: Rid): rules.RoomInput {
    const { uid, device } = caller
    return { uid, device, sendSeq: request.sendSeq, hash: this.#parts.contentHash.of(method, request), rid }
  }

  #submit<I extends rules.RoomInput>(
    asked: I,
    transition: Transition<I, Answer>,
    cost: number,
    settle: (outcome: Outcome<Answer>) => void,
  ): void {
    const { engine, limits } = this.#parts
    const { uid } = asked
    const limited = cost > 0 && limits.take('group-acts', uid, cost) > 0
    engine.submit(userActor(uid), transition, { ...asked, limited }, outcome => {
      if (!limited && !ranNow(outcome)) limits.giveBack('group-acts', uid, cost)
      settle(outcome)
    })
  }

  #post(caller: Caller, id: number, request: RoomServicePostRequest): void {
    const { engine, limits } = this.#parts
    const { uid } = caller
    const rid = ridOf(request.conversation)
    if (rid === undefined) {
      refuse(caller, id, CODES.INVALID_ARGUMENT.code)
      return
    }
    const written = writtenOf({ ...request, reply: undefined, mentions: [] }, undefined)
    const kib = storedKib(writtenBytes(written))
    if (refuseLimited(caller, id, storedWait(limits, caller, kib))) return
    const key = groupKey(uid, request.conversation)
    const limited = isRecipientLimited(limits, key)
    const input = { ...this.#common(caller, METHODS.roomPost, request, rid), ...written, limited }
    engine.submit(userActor(uid), rules.postToRoom, input, outcome => {
      settleRecipient(limits, key, limited, outcome)
      if (!succeededNow(outcome)) giveBackStored(limits, caller, kib)
      answerNumbered(caller, id, outcome)
    })
  }

  async #get({ uid }: Caller, { conversation }: RoomServiceGetRequest): Promise<Uint8Array> {
    const view = await this.#read(conversation, getRoom, { uid })
    const publishers = view.publishers.map(publisher => ({ uid: publisher }))
    return encodeRoomServiceGetResponse({ ...view, publishers })
  }

  async #posts({ uid }: Caller, request: RoomServicePostsRequest): Promise<Uint8Array> {
    const { conversation, before, after, limit } = request
    if (limit > ROOM_POSTS_MAX || (before > 0 && after > 0)) throw new Refused(CODES.INVALID_ARGUMENT.code)
    this.#beginWalk(uid)
    const { head } = await this.#read(conversation, roomStanding, { uid })
    const range = { before, after, limit: limit === 0 ? POSTS_USUAL : limit }
    const page = await postsPage(this.#parts.store, roomActor(ridOf(conversation) ?? ''), head, range)
    return encodeRoomServicePostsResponse({ posts: [...page.posts], more: page.more, head })
  }

  async #list({ uid }: Caller, { after }: RoomServiceListRequest): Promise<Uint8Array> {
    const parts = this.#beginWalk(uid)
    const own = done(await this.#parts.engine.run(userActor(uid), ownRooms, undefined))
    const behind = own.filter(({ rid }) => roomConversation(rid) > after)
    const page = behind.slice(0, LISTED_MAX)
    const rooms: RoomSummary[] = []
    for (const [i, room] of page.entries()) {
      if (i > 0) await goOn(parts)
      rooms.push(...(await this.#summary(parts, uid, room)))
    }
    const last = behind.length > page.length ? page.at(-1) : undefined
    return encodeRoomServiceListResponse({ rooms, next: last === undefined ? '' : roomConversation(last.rid) })
  }

  /** The room as its listener's list shows it; empty if the room no longer knows the listener. */
  async #summary(parts: WalkParts, uid: number, { rid, confirmed }: OwnRoom): Promise<RoomSummary[]> {
    const { engine, store } = this.#parts
    const room = roomActor(rid)
    const standing = done(await engine.run(room, roomStanding, { uid }))
    if (standing === undefined) return []
    const { head } = standing
    const unconfirmed = await countUnconfirmed(parts, store, room, { uid, confirmed, head })
    return [{ ...standing, conversation: roomConversation(rid), confirmed, unconfirmed }]
  }

  async #publish({ uid }: Caller, { conversation, payload }: RoomServicePublishRequest): Promise<Uint8Array> {
    const { engine, limits, signal } = this.#parts
    notBefore(limits.take('publishes', uid))
    const rid = ridOf(conversation)
    if (rid === undefined) throw new Refused(CODES.NO_SUCH_ROOM.code)
    const room = roomActor(rid)
    // The bytes of a request live for a tick.
    const notice = encodeSignalNotice({ conversation, signal: { case: 'data', value: { uid, payload } } })
    const code = done(await engine.run(room, mayTell, { uid }))
    if (code !== CODES.OK.code) throw new Refused(code)
    signal({ to: room, interest: room, notice })
    return encodeRoomServicePublishResponse({})
  }

  /** Reads at a room what the user may read. @throws Refused for anybody else */
  async #read<I, R>(conversation: string, transition: Transition<I, R | undefined>, input: I): Promise<R> {
    const rid = ridOf(conversation)
    const found = rid === undefined ? undefined : done(await this.#parts.engine.run(roomActor(rid), transition, input))
    if (found === undefined) throw new Refused(CODES.NO_SUCH_ROOM.code)
    return found
  }

  #beginWalk(uid: number): WalkParts {
    const { store, defer, limits } = this.#parts
    return beginWalk({ store, defer, limits }, uid)
  }
}
