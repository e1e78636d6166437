/** MessageService: Send, Post, Sync, Void; and the ack notice. */
import { CODES, type Code } from '../../protocol/codes.js'
import type {
  AckNotice,
  ForwardRequest,
  PostRequest,
  SendRequest,
  SyncRequest,
  VoidRequest,
} from '../../protocol/generated/messages.js'
import { SYNC_BYTES_MAX, SYNC_ITEMS_MAX, VOID_COUNT_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Engine } from '../sync/engine.js'
import { type Forwarded, type ForwardInput, forwardMessage } from '../sync/rules/forward.js'
import { type GroupSendInput, sendToGroup } from '../sync/rules/membership.js'
import { type SendInput, sendTransition, type Written } from '../sync/rules/message.js'
import { type Answer, type SequenceRule, voidNumbers } from '../sync/rules/numbered.js'
import { userActor } from '../sync/rules/records.js'
import type { Outcome } from '../sync/types.js'
import type { Acks } from './acks.js'
import { answerNumbered, refuse, refuseLimited, refuseUnavailable } from './answers.js'
import { runSends } from './carried-sends.js'
import type { ContentHash } from './content-hash.js'
import type { FanOuts } from './fan-outs.js'
import type { LargePages } from './large-pages.js'
import { NO_MESSAGE, pairIn, placeOf } from './places.js'
import {
  chargeSearch,
  chargeStored,
  giveBackStored,
  groupKey,
  isOk,
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
import type { Asker, Caller, TimelineHead, TimelinePage } from './types.js'
import { namesMessage, type Parts, textFault, writtenBytes, writtenOf } from './written.js'

export interface MessageServiceOptions {
  readonly engine: Engine
  readonly acks: Acks
  readonly limits: Limits
  readonly fanOuts: FanOuts
  readonly contentHash: ContentHash
  readonly pages: LargePages
  /** The rule for numbers; absent: contiguous. */
  readonly sequence: SequenceRule | undefined
}

/** A Send on its way: what the rule judges, and who is answered. Thousands wait at once, so nothing else is kept of one. */
interface Way {
  readonly caller: Caller
  readonly id: number
  /** What it was charged for in the limit of stored bytes. */
  readonly kib: number
}

type ToUser = Pick<SendInput, 'sendSeq' | 'hash' | 'to'>
type ToGroup = Pick<GroupSendInput, 'sendSeq' | 'hash' | 'gid'>
type Sending = SendInput & Way
type GroupSending = GroupSendInput & Way
type Forwarding = ForwardInput & Way

/** The message that a Forward is charged for while it is not known what it copies. */
const NOTHING_YET = { text: '', content: undefined, extra: undefined }

export class MessageService {
  readonly #engine: Engine
  readonly #acks: Acks
  readonly #limits: Limits
  readonly #fanOuts: FanOuts
  readonly #contentHash: ContentHash
  readonly #pages: LargePages
  readonly #send

  constructor({ engine, acks, limits, fanOuts, contentHash, pages, sequence }: MessageServiceOptions) {
    this.#engine = engine
    this.#acks = acks
    this.#limits = limits
    this.#fanOuts = fanOuts
    this.#contentHash = contentHash
    this.#pages = pages
    this.#send = sendTransition(sequence)
  }

  readonly #sendOne = (caller: Caller, id: number, request: SendRequest): void => this.send(caller, id, request)

  send(caller: Caller, id: number, request: SendRequest): void {
    const { sendSeq, to, text } = request
    const hash = this.#contentHash.of(METHODS.send, request)
    this.#sendTo(caller, id, { sendSeq, hash, to, text, content: undefined, extra: undefined, fault: textFault(text) })
  }

  post(caller: Caller, id: number, request: PostRequest): void {
    const { sendSeq } = request
    const hash = this.#contentHash.of(METHODS.post, request)
    const to = placeOf(request.conversation)
    const written = writtenOf(request, pairIn(to, caller.uid))
    if ('gid' in to) this.#sendToGroup(caller, id, { sendSeq, hash, gid: to.gid, ...written })
    else this.#sendTo(caller, id, { sendSeq, hash, to: to.peer, ...written })
  }

  #sendTo(caller: Caller, id: number, what: Written & ToUser): void {
    const { uid, device } = caller
    const { sendSeq, hash, to, text, content, extra, fault } = what
    const limits = this.#limits
    const kib = this.#stored(caller, id, what)
    if (kib === undefined) return
    const limited = isRecipientLimited(limits, pairKey(uid, to))
    const blind = limits.wait('look-ups', uid) > 0
    const sending = { uid, device, sendSeq, hash, to, text, content, extra, fault, limited, blind, caller, id, kib }
    this.#engine.submit<Sending, Answer>(userActor(uid), this.#send, sending, this.#sent)
  }

  /** Takes what a message will store. @returns its KiB; undefined if it is refused, which is answered */
  #stored(caller: Caller, id: number, written: Parts): number | undefined {
    const kib = storedKib(writtenBytes(written))
    return refuseLimited(caller, id, storedWait(this.#limits, caller, kib)) ? undefined : kib
  }

  readonly #sent = (outcome: Outcome<Answer>, sending: Omit<Sending, 'text'>): void => {
    const { uid, to, limited, blind, caller, id, kib } = sending
    const limits = this.#limits
    settleRecipient(limits, pairKey(uid, to), limited, outcome)
    if (ranNow(outcome) && !blind && tellsOfNonContact(outcome)) limits.charge('look-ups', uid)
    if (!succeededNow(outcome)) giveBackStored(limits, caller, kib)
    if (!isOk(outcome)) answerNumbered(caller, id, outcome)
    else if (outcome.own === undefined) caller.accepted(id, 0, 0)
    else caller.accepted(id, outcome.own.from, outcome.own.version)
  }

  #sendToGroup(caller: Caller, id: number, what: Written & ToGroup): void {
    const { uid, device } = caller
    const { gid } = what
    const kib = this.#stored(caller, id, what)
    if (kib === undefined) return
    const limited = this.#fanOuts.isReached(uid) || isRecipientLimited(this.#limits, groupKey(uid, gid))
    const sending = { ...what, uid, device, limited, caller, id, kib }
    this.#engine.submit<GroupSending, Answer>(userActor(uid), sendToGroup, sending, this.#posted)
  }

  readonly #posted = (outcome: Outcome<Answer>, sending: GroupSending): void => {
    this.#sentToGroup(outcome, sending, writtenBytes(sending))
  }

  /** @param bytes those of the message that the group will store */
  #sentToGroup(outcome: Outcome<Answer>, sending: Omit<GroupSending, 'text'>, bytes: number): void {
    const { uid, gid, limited, caller, id, kib } = sending
    settleRecipient(this.#limits, groupKey(uid, gid), limited, outcome)
    if (succeededNow(outcome)) this.#fanOuts.charge(caller, gid, bytes)
    else giveBackStored(this.#limits, caller, kib)
    answerNumbered(caller, id, outcome)
  }

  forward(caller: Caller, id: number, request: ForwardRequest): void {
    const { uid, device } = caller
    const { sendSeq, conversation, message } = request
    const hash = this.#contentHash.of(METHODS.forward, request)
    const [to, source] = [placeOf(conversation), placeOf(request.source)]
    const named = message !== undefined && namesMessage(message, pairIn(source, uid))
    const fault = named ? CODES.OK.code : CODES.NO_SUCH_MESSAGE.code
    const what = { sendSeq, hash, to, source, message: message ?? NO_MESSAGE, fault }
    const limits = this.#limits
    if (refuseLimited(caller, id, searchWait(limits, uid))) return
    // The rest is charged when it is found.
    const kib = this.#stored(caller, id, NOTHING_YET)
    if (kib === undefined) return
    const key = 'peer' in to ? pairKey(uid, to.peer) : groupKey(uid, to.gid)
    const isReached = 'gid' in to && this.#fanOuts.isReached(uid)
    const limited = isReached || isRecipientLimited(limits, key)
    const blind = limits.wait('look-ups', uid) > 0
    const forwarding = { ...what, uid, device, limited, blind, caller, id, kib }
    this.#engine.submit(userActor(uid), forwardMessage, forwarding, this.#forwarded)
  }

  readonly #forwarded = (outcome: Outcome<Forwarded>, sending: Forwarding): void => {
    const { to, caller } = sending
    chargeSearch(this.#limits, caller.uid, outcome)
    const bytes = outcome.kind === 'done' && succeededNow(outcome) ? outcome.result.bytes : 0
    if (bytes > 0) chargeStored(this.#limits, caller, bytes)
    if ('peer' in to) this.#sent(outcome, { ...sending, to: to.peer })
    else this.#sentToGroup(outcome, { ...sending, gid: to.gid }, bytes)
  }

  sync(caller: Caller, id: number, { since, ack, sends, state }: SyncRequest): void {
    if (state && refuseLimited(caller, id, this.#limits.take('timeline-walks', caller.uid))) return
    if (ack !== undefined && ack.version > caller.told) {
      refuse(caller, id, CODES.RESYNC.code)
      return
    }
    runSends(caller, sends, this.#sendOne, results => {
      const read = state ? this.#state(caller.uid, since) : this.page(caller.uid, since, caller)
      read.then(
        page => {
          // The ack is taken after the page. A request without a connection was told up to its `since`, and only the page says whether
          // that is a version of this timeline.
          const taken = ack === undefined || page.kind === 'resync' ? CODES.OK.code : this.ack(caller, ack)
          if (page.kind === 'resync') refuse(caller, id, CODES.RESYNC.code)
          else if (taken !== CODES.OK.code) refuse(caller, id, taken)
          else caller.synced(id, since, page, results)
        },
        () => refuseUnavailable(caller, id),
      )
    })
  }

  async #state(uid: number, since: number): Promise<TimelinePage> {
    const page = await this.#engine.state(userActor(uid), since, SYNC_ITEMS_MAX, SYNC_BYTES_MAX)
    return page.kind === 'page' ? { ...page, state: true } : page
  }

  void(caller: Caller, id: number, { sendSeq, count }: VoidRequest): void {
    const { uid, device } = caller
    if (count > VOID_COUNT_MAX) {
      refuse(caller, id, CODES.INVALID_ARGUMENT.code)
      return
    }
    const input = { device, sendSeq, count: count === 0 ? 1 : count }
    this.#engine.submit(userActor(uid), voidNumbers, input, outcome => answerNumbered(caller, id, outcome))
  }

  ack({ uid, device, told }: Caller, notice: AckNotice, settled?: () => void): Code {
    const { version, delivered, read } = notice
    if (version > told) return CODES.RESYNC.code
    const code = this.#acks.add(uid, device, version, delivered, read)
    if (settled !== undefined && code === CODES.OK.code) this.#acks.whenSettled(uid, settled)
    return code
  }

  page(uid: number, since: number, asker?: Asker): Promise<TimelinePage> {
    return this.#pages.page(userActor(uid), since, asker)
  }

  head(uid: number, since: number): Promise<TimelineHead> {
    return this.#engine.head(userActor(uid), since)
  }
}
