/**
 * Edits and recalls of messages (sync/rules/message-changes.ts, group-edits.ts), and reactions to them (reactions.ts, group-reactions.ts). They
 * count in the limits of messages.
 */
import { CODES } from '../../protocol/codes.js'
import {
  createMessageExtra,
  type EditRequest,
  type MessageId,
  type ReactRequest,
  type RecallRequest,
} from '../../protocol/generated/messages.js'
import { isReaction } from '../../protocol/message-form.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { CHANGE_FORMS } from '../cluster/node-status.js'
import type { Key } from '../lib/expiring-table.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Engine } from '../sync/engine.js'
import { editInGroup, type GroupMessageChange, recallInGroup } from '../sync/rules/group-edits.js'
import { reactInGroup } from '../sync/rules/group-reactions.js'
import {
  type ChangeInput,
  type DirectChange,
  editMessage,
  type NewText,
  recallMessage,
} from '../sync/rules/message-changes.js'
import type { Answer } from '../sync/rules/numbered.js'
import { reactToMessage } from '../sync/rules/reactions.js'
import { userActor } from '../sync/rules/records.js'
import type { Transition } from '../sync/types.js'
import { answerNumbered, refuse, refuseLimited } from './answers.js'
import type { ContentHash } from './content-hash.js'
import type { FanOuts } from './fan-outs.js'
import type { NumberedRequest, Serve } from './group-service.js'
import { NO_MESSAGE, pairIn, placeOf } from './places.js'
import {
  chargeSearch,
  giveBackStored,
  groupKey,
  isRecipientLimited,
  pairKey,
  ranNow,
  searchWait,
  settleRecipient,
  storedKib,
  storedWait,
  succeededNow,
  tellsOfNonContact,
} from './request-limits.js'
import type { Caller } from './types.js'
import { mentionsFault, namesMessage, type Pair, textFault, writtenBytes } from './written.js'

export interface ChangeParts {
  readonly engine: Engine
  readonly limits: Limits
  readonly fanOuts: FanOuts
  readonly contentHash: ContentHash
  /** The newest forms of stored data that all nodes on the store read. */
  readonly forms: () => number
}

/** The message that a request is about: that of a group, or of a direct conversation. */
type Named =
  | { readonly gid: string; readonly number: number; readonly to?: undefined; readonly pair?: undefined }
  | { readonly to: number; readonly message: MessageId; readonly pair: Pair; readonly gid?: undefined }

/** A change on its way. */
interface Way {
  readonly caller: Caller
  readonly id: number
  /** The bytes that a group will store of it in each partition. */
  readonly bytes: number
  /** What it was charged for in the limit of stored bytes. */
  readonly kib: number
}

export class ChangeService {
  readonly #parts: ChangeParts

  constructor(parts: ChangeParts) {
    this.#parts = parts
  }

  /** Names the handler of each method. */
  serve(on: Serve): void {
    const { limits } = this.#parts
    const change = <Q>(method: RequestMethod<Q>, act: (caller: Caller, id: number, request: Q) => void): void =>
      on(method, (caller, id, request) => {
        if (!refuseLimited(caller, id, searchWait(limits, caller.uid))) act(caller, id, request)
      })
    change(METHODS.edit, (caller, id, request) => this.#edit(caller, id, request))
    change(METHODS.recall, (caller, id, request) => this.#recall(caller, id, request))
    change(METHODS.react, (caller, id, request) => this.#react(caller, id, request))
  }

  #edit(caller: Caller, id: number, request: EditRequest): void {
    const { text, mentions, message = NO_MESSAGE } = request
    const named = nameOf(caller, request.conversation, message)
    const { pair } = named
    const isNamed = namesMessage(message, pair)
    const fault =
      textFault(text) || mentionsFault(text, mentions, pair) || (isNamed ? CODES.OK.code : CODES.NO_SUCH_MESSAGE.code)
    const extra = createMessageExtra({ mentions })
    const bytes = writtenBytes({ text, content: undefined, extra })
    const kib = storedKib(bytes)
    if (refuseLimited(caller, id, storedWait(this.#parts.limits, caller, kib))) return
    const written: NewText = { text, mentions, fault }
    const common = { ...this.#common(caller, METHODS.edit, request), ...written }
    this.#change(named, editMessage, editInGroup, common, { caller, id, bytes, kib })
  }

  #recall(caller: Caller, id: number, request: RecallRequest): void {
    const named = nameOf(caller, request.conversation, request.message)
    const common = this.#common(caller, METHODS.recall, request)
    this.#change(named, recallMessage, recallInGroup, common, { caller, id, bytes: 0, kib: 0 })
  }

  #react(caller: Caller, id: number, request: ReactRequest): void {
    const { kind, off } = request
    if (!isReaction(kind)) {
      refuse(caller, id, CODES.INVALID_ARGUMENT.code)
      return
    }
    const named = nameOf(caller, request.conversation, request.message)
    const common = { ...this.#common(caller, METHODS.react, request), kind, on: !off }
    this.#change(named, reactToMessage, reactInGroup, common, { caller, id, bytes: 0, kib: 0 })
  }

  #common<Q extends NumberedRequest>({ uid, device }: Caller, method: RequestMethod<Q>, request: Q): ChangeInput {
    const hash = this.#parts.contentHash.of(method, request)
    // While a cluster is being renewed there are nodes that cannot read what changes leave.
    return { uid, device, sendSeq: request.sendSeq, hash, early: this.#parts.forms() < CHANGE_FORMS }
  }

  /** Changes the message where it is: in a direct conversation, or in a group. */
  #change<I extends ChangeInput>(
    named: Named,
    direct: Transition<I & DirectChange, Answer>,
    inGroup: Transition<I & GroupMessageChange, Answer>,
    common: I,
    way: Way,
  ): void {
    if (named.gid === undefined) {
      const { to, message } = named
      const blind = this.#parts.limits.wait('look-ups', common.uid) > 0
      this.#submit(named, direct, { ...common, to, message, blind }, way)
    } else this.#submit(named, inGroup, { ...common, gid: named.gid, number: named.number }, way)
  }

  /** Runs the transition, which refuses if the limit of messages to this conversation is reached. */
  #submit<I extends ChangeInput & { readonly blind?: boolean }>(
    { to, gid }: Named,
    transition: Transition<I, Answer>,
    asked: I,
    { caller, id, bytes, kib }: Way,
  ): void {
    const { engine, limits, fanOuts } = this.#parts
    const { uid, blind } = asked
    const key: Key = gid === undefined ? pairKey(uid, to) : groupKey(uid, gid)
    const isReached = gid !== undefined && fanOuts.isReached(uid)
    const limited = isReached || isRecipientLimited(limits, key)
    engine.submit(userActor(uid), transition, { ...asked, limited }, outcome => {
      settleRecipient(limits, key, limited, outcome)
      chargeSearch(limits, uid, outcome)
      const tells = gid === undefined && blind === false && ranNow(outcome) && tellsOfNonContact(outcome)
      if (tells) limits.charge('look-ups', uid)
      if (gid !== undefined && succeededNow(outcome)) fanOuts.charge(caller, gid, bytes)
      if (!succeededNow(outcome)) giveBackStored(limits, caller, kib)
      answerNumbered(caller, id, outcome)
    })
  }
}

/** The message that is meant: none, if it is not named as its conversation does. */
function nameOf({ uid }: Caller, conversation: string, asked: MessageId = NO_MESSAGE): Named {
  const place = placeOf(conversation)
  const pair = pairIn(place, uid)
  const message = namesMessage(asked, pair) ? asked : NO_MESSAGE
  return 'peer' in place ? { to: place.peer, message, pair: [uid, place.peer] } : { ...place, number: message.number }
}
