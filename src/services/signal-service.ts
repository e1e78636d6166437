/**
 * SignalService: what a user may be told of others now (sync/rules/signals.ts). Watch is answered with those whose presence the user may
 * see, all as offline: who is there is known where the connections are (connection/watching-services.ts). Typing is sent on to the nodes that
 * have somebody who looks.
 */
import { CODES } from '../../protocol/codes.js'
import { type ConversationId, directConversation, isConversationId, peerOf } from '../../protocol/conversation-id.js'
import {
  encodeSignalNotice,
  encodeTypingResponse,
  encodeWatchResponse,
  type TypingRequest,
  type WatchRequest,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { Engine } from '../sync/engine.js'
import type { Address } from '../sync/events.js'
import { done } from '../sync/outcome.js'
import { groupActor } from '../sync/references.js'
import { gidOf } from '../sync/rules/group-records.js'
import { userActor } from '../sync/rules/records.js'
import { mayType, mayTypeInGroup, mayWatch, showsPresence } from '../sync/rules/signals.js'
import { answerWith } from './answers.js'
import type { Serve } from './group-service.js'
import { Refused } from './refused.js'
import type { Caller } from './types.js'

/** Something that happens now, for those who look. */
export interface Signal {
  /** A user, or all who look at a group. */
  readonly to: Address
  /** What the nodes are interested in that are told. */
  readonly interest: Address
  /** An encoded SignalNotice. */
  readonly notice: Uint8Array
}

/** Sends a signal to who looks now. It may be lost. */
export type SignalSender = (signal: Signal) => void

export interface SignalParts {
  readonly engine: Engine
  readonly signal: SignalSender
}

const NOTHING: Uint8Array = encodeTypingResponse({})

export class SignalService {
  readonly #engine: Engine
  readonly #signal: SignalSender

  constructor({ engine, signal }: SignalParts) {
    this.#engine = engine
    this.#signal = signal
  }

  /** Names the handler of each method. */
  serve(on: Serve): void {
    on(METHODS.watch, (caller, id, request) => answerWith(caller, id, this.#watch(caller, request)))
    on(METHODS.typing, (caller, id, request) => answerWith(caller, id, this.#typing(caller, request)))
  }

  async #watch({ uid }: Caller, request: WatchRequest): Promise<Uint8Array> {
    const conversations = [...new Set(request.conversations.map(({ conversation }) => checked(conversation)))]
    const { code, off, peers } = done(await this.#engine.run(userActor(uid), mayWatch, { uid, conversations }))
    if (code !== CODES.OK.code) throw new Refused(code)
    if (off) return encodeWatchResponse({ presence: [], off })
    const shown = await Promise.all(
      peers.map(async peer => done(await this.#engine.run(userActor(peer), showsPresence, { to: uid }))),
    )
    const presence = peers.filter((_, i) => shown[i]).map(peer => ({ uid: peer, online: false }))
    return encodeWatchResponse({ presence, off })
  }

  async #typing({ uid }: Caller, request: TypingRequest): Promise<Uint8Array> {
    const conversation = checked(request.conversation)
    const { code, off } = done(await this.#engine.run(userActor(uid), mayType, { uid, conversation }))
    if (code !== CODES.OK.code) throw new Refused(code)
    const typing = { uid, stopped: request.stopped }
    const peer = peerOf(conversation)
    const gid = gidOf(conversation)
    if (gid !== undefined) {
      const group = groupActor(gid)
      const allowed = done(await this.#engine.run(group, mayTypeInGroup, { uid }))
      if (allowed !== CODES.OK.code) throw new Refused(allowed)
      if (!off) this.#tell({ to: group, interest: group }, conversation, typing)
    } else if (peer !== undefined && !off) {
      // Who looks at the conversation looks at this user.
      this.#tell({ to: userActor(peer), interest: userActor(uid) }, directConversation(uid), typing)
    }
    return NOTHING
  }

  #tell(
    about: Pick<Signal, 'to' | 'interest'>,
    conversation: ConversationId,
    value: { readonly uid: number; readonly stopped: boolean },
  ): void {
    this.#signal({ ...about, notice: encodeSignalNotice({ conversation, signal: { case: 'typing', value } }) })
  }
}

/** @throws Refused */
function checked(conversation: string): ConversationId {
  if (!isConversationId(conversation)) throw new Refused(CODES.INVALID_ARGUMENT.code)
  return conversation
}
