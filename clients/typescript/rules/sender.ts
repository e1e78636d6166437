// Sends the numbered requests: gives them numbers, stores them, transmits what the send queue says, and turns answers into
// states and events. PROTOCOL.md, clause 6.
import { CODES } from '../../../protocol/codes.js'
import { type ConversationId, directConversation, peerOf } from '../../../protocol/conversation-id.js'
import { decodeRefusal, type Frame } from '../../../protocol/generated/messages.js'
import { encodeSendFrame } from '../../../protocol/item-codec.js'
import { FRAME_TO_SERVER_BYTES_MAX, TEXT_BYTES_MAX } from '../../../protocol/limits.js'
import { METHODS, type MethodName, type ResponseOf } from '../../../protocol/methods.js'
import { checkText } from '../base/arguments.js'
import type { Backoff } from '../base/backoff.js'
import { LongwireError } from '../base/errors.js'
import type { Operation, OperationName } from '../base/operation.js'
import type { Clock, TimerHandle } from '../base/system.js'
import type { Link } from '../connection/link.js'
import type { Commits } from '../storage/commits.js'
import type { Json } from '../storage/storage.js'
import { Beginnings, type Other, type Standing } from './beginnings.js'
import type { MessageStateEvent } from './messages.js'
import { encodePost } from './post.js'
import type { Receipts } from './receipts.js'
import { type Content, type Entry, type OperationRequest, SendQueue } from './send-queue.js'
import { type Rich, SentMessage } from './sent-message.js'
import { jsonOf, requestOf } from './stored-request.js'
import { begunBy, madeBy, neededBy } from './waiting-for.js'

/** Requests that hold a password: their number is stored, their content is not. A crash voids the number. */
const SECRET: ReadonlySet<OperationName> = new Set(['changePassword', 'deleteAccount'])

/**
 * The most messages with an unsure outcome. They are rare; the oldest is forgotten, and its copy is then shown as a message of
 * its own.
 */
const UNSURE_MAX = 1024

/** Space for the frame around a body. */
const FRAME_HEAD_BYTES_MAX = 32

/** The device that a message is from. */
export interface DeviceId {
  readonly sender: number
  readonly device: number
}

export interface SenderOptions {
  readonly queueMax: number
}

export interface SenderHost {
  readonly commits: Commits
  readonly receipts: Receipts
  readonly clock: Clock
  /** The server's time: what is written now stands among what others wrote. */
  now(): number
  /** Waits between refusals that say "retry". */
  readonly backoff: Backoff
  /** How far a friendship, the membership of a group, or the listening to a room is. */
  standing(other: Other): Standing
  emitState(event: MessageStateEvent): void
  /** This device's own copy of a message counts as pushed: (from, version]; version 0 if it is not known. */
  accepted(message: SentMessage, from: number, version: number): void
  /** An own item up to this version is there, and no answer brings it. */
  expected(version: number): void
  /** The server has done what was asked under a number of this device. */
  did(method: OperationName, sendSeq: number, request: OperationRequest): void
  /** A message of this device failed for good before it was accepted. */
  failed(message: SentMessage, code: number): void
  /** ChangePassword gave another token in place of all others. */
  renewed(token: Uint8Array): void
  /** A response's code is about the connection or the session. */
  connectionCode(frame: Frame): void
  /** Something is to be flushed soon. */
  wake(): void
}

export class Sender {
  readonly #host: SenderHost
  readonly #queueMax: number
  readonly #beginnings: Beginnings
  #sendQueue = new SendQueue(1)
  #link: Link | undefined
  /** Messages that failed with an unknown outcome, by device and number; their copies may still come. */
  readonly #unsure = new Map<string, SentMessage | undefined>()
  /** Set while a refusal that says "retry" is waited out. */
  #pause: TimerHandle | undefined

  constructor(host: SenderHost, options: SenderOptions) {
    this.#host = host
    this.#queueMax = options.queueMax
    this.#beginnings = new Beginnings(
      host.clock,
      other => host.standing(other),
      () => this.pump(),
    )
  }

  get sendQueue(): SendQueue {
    return this.#sendQueue
  }

  /** The messages of a conversation that wait for their answer, oldest first. */
  queuedIn(conversation: ConversationId): SentMessage[] {
    return [...this.queued()].filter(each => each.conversation === conversation)
  }

  /** All messages that wait for their answer, oldest first. */
  *queued(): IterableIterator<SentMessage> {
    for (const { content } of this.#sendQueue.unsettled()) if (content.kind === 'message') yield content.message
  }

  send(id: DeviceId, conversation: ConversationId, text: string, rich: Rich = {}): SentMessage {
    checkText('text', text, TEXT_BYTES_MAX, { bytesMin: 1, long: CODES.TEXT_TOO_LONG.code })
    this.#checkSpace()
    const { sender, device } = id
    const atMs = this.#host.now()
    const sendSeq = this.#sendQueue.nextSendSeq
    const message = new SentMessage({ sender, device, sendSeq, conversation, text, atMs, ...rich }, this.#host.receipts)
    const further = Object.keys(rich).length > 0 ? [rich as unknown as Json] : []
    const json = goesBySend(message) ? ['m', message.peer, text, atMs] : ['p', conversation, text, atMs, ...further]
    this.#store(this.#sendQueue.add({ kind: 'message', message }), json)
    return message
  }

  /** Resolves when the server did it; rejects with its final refusal. Goes on over reconnects; not over a restart of the program. */
  operate<N extends OperationName>(
    method: N,
    request: Operation<N>,
    answered?: (response: ResponseOf<N>) => void,
  ): Promise<void> {
    this.#checkSpace()
    const values = jsonOf(request) as OperationRequest
    // A body that is too long for a frame would never get through, and block all behind it.
    const bodyBytes = encodeOperation(method, values, this.#sendQueue.nextSendSeq).length
    if (bodyBytes > FRAME_TO_SERVER_BYTES_MAX - FRAME_HEAD_BYTES_MAX) {
      throw LongwireError.argument(method, `has ${bodyBytes} bytes; it does not fit a frame`)
    }
    return new Promise<void>((resolve, reject) => {
      const entry = this.#sendQueue.add({ kind: 'operation', method, request: values }, (error, response) => {
        if (response !== undefined) answered?.(response as ResponseOf<N>)
        if (error === undefined) resolve()
        else reject(error)
      })
      this.#asked(entry)
      this.#store(entry, SECRET.has(method) ? ['v'] : ['o', method, values])
    })
  }

  /** The newest request of a method that waits for its answer, also one of an earlier run; undefined if there is none. */
  underWay<N extends OperationName>(method: N, isOne: (request: Operation<N>) => boolean): Operation<N> | undefined {
    const isAsked = (request: OperationRequest): boolean => isOne(request as unknown as Operation<N>)
    return this.#sendQueue.newest(method, isAsked) as unknown as Operation<N> | undefined
  }

  /** @param entries in order of number */
  load(nextSendSeq: number, entries: readonly (readonly [sendSeq: number, json: Json])[], id: DeviceId): void {
    this.#sendQueue = new SendQueue(nextSendSeq)
    for (const [sendSeq, json] of entries) {
      this.#sendQueue.load(sendSeq, contentOf(json, { ...id, sendSeq }, this.#host.receipts))
    }
    for (const entry of this.#sendQueue.unsettled()) this.#asked(entry)
  }

  /** Whether it waits for a friendship, a membership or a listening that is being made. */
  holds({ content, sendSeq }: Entry): boolean {
    const other = neededBy(content)
    return other !== undefined && this.#beginnings.holds(other, sendSeq)
  }

  /** A contact, a group or a room is another than before. */
  changed(other: Other): void {
    if (this.#beginnings.changed(other)) this.pump()
  }

  /** The link may carry requests from now on; what is in the send queue goes behind what was written to it. */
  connected(link: Link): void {
    this.#link = link
    this.#unpause()
    this.#sendQueue.connected()
    this.pump()
  }

  disconnected(): void {
    this.#link = undefined
    this.#unpause()
    this.#sendQueue.connected()
  }

  /** Stops new requests; answers still come. */
  drain(): void {
    this.#link = undefined
  }

  greeted(lastSendSeq: number): void {
    if (this.#sendQueue.greeted(lastSendSeq)) this.#host.commits.put('seq', this.#sendQueue.nextSendSeq)
    this.pump()
  }

  /** Transmits what may be transmitted. */
  pump(): void {
    const link = this.#link
    if (link === undefined || this.#pause !== undefined) return
    for (;;) {
      const entry = this.#sendQueue.next(this.#holds)
      if (entry === undefined) return
      this.#transmit(link, entry)
    }
  }

  readonly #holds = (entry: Entry): boolean => this.holds(entry)

  /**
   * An item shows that the server has taken this number of this device: the own copy of a message, or what became of it.
   * @returns the message, if it was still in the send queue
   */
  ownCopy(sendSeq: number): SentMessage | undefined {
    const entry = this.#sendQueue.ownCopy(sendSeq)
    if (entry === undefined) return undefined
    this.#forget(entry)
    const { content } = entry
    // Of an act only the failure is an item: what was to be made will not be.
    this.#taken(entry, false)
    this.pump()
    if (content.kind === 'message') return content.message
    if (content.kind === 'operation') this.#host.did(content.method as OperationName, sendSeq, content.request)
    entry.done?.(undefined)
    return undefined
  }

  /** Whether a message that failed with an unknown outcome is this one, whose copy has come now. */
  foundUnsure(device: number, sendSeq: number): boolean {
    const key = `${device}/${sendSeq}`
    const message = this.#unsure.get(key)
    if (!this.#unsure.delete(key)) return false
    this.#host.commits.put(`unsure/${key}`, undefined)
    if (message !== undefined) message.progress = 'accepted'
    return true
  }

  /** Its copy, if it still comes, is a message of its own. */
  forgetUnsure(device: number, sendSeq: number): void {
    const key = `${device}/${sendSeq}`
    if (this.#unsure.delete(key)) this.#host.commits.put(`unsure/${key}`, undefined)
  }

  loadUnsure(device: number, sendSeq: number): void {
    this.#unsure.set(`${device}/${sendSeq}`, undefined)
  }

  /** The device's numbers begin anew: everything under way ends with an outcome that nobody knows. */
  reset(nextSendSeq: number, error: LongwireError): void {
    this.#beginnings.clear()
    for (const entry of this.#sendQueue.reset(nextSendSeq)) {
      this.#forget(entry)
      this.#refuse(entry, error)
    }
    this.#host.commits.put('seq', nextSendSeq)
  }

  /** Forgets everything, for another account; nothing under way is kept. Stored values go by Commits.forget(), before. */
  clear(error: LongwireError): void {
    this.#beginnings.clear()
    for (const entry of this.#sendQueue.reset(1)) this.#fail(entry, error)
    this.#unsure.clear()
  }

  /**
   * The client has ended, nothing is stored any more. What is in the send queue goes out with the next client: it is queued. If the
   * storage failed nobody knows that.
   */
  end(why: LongwireError, storageFailed: boolean): void {
    this.#beginnings.clear()
    for (const { content, done } of this.#sendQueue.unsettled()) {
      done?.(why)
      if (content.kind !== 'message') continue
      const { message } = content
      if (!storageFailed) {
        message.progress = 'queued'
        continue
      }
      failMessage(message, why)
      this.#host.emitState(stateEvent(message, 'failed'))
    }
  }

  #checkSpace(): void {
    if (this.#sendQueue.size < this.#queueMax) return
    throw LongwireError.local('QUEUE_FULL', `${this.#queueMax}, as the option queueMax says`)
  }

  #asked(entry: Entry): void {
    const other = begunBy(entry.content)
    if (other !== undefined) this.#beginnings.asked(other, entry.sendSeq)
  }

  #taken(entry: Entry, taken: boolean): void {
    const other = begunBy(entry.content)
    if (other !== undefined) this.#beginnings.answered(other, entry.sendSeq, taken)
  }

  #store(entry: Entry, json: Json): void {
    const { commits } = this.#host
    // `out/`: older releases, which called the send queue an outbox, stored it so.
    commits.put(`out/${entry.sendSeq}`, json)
    commits.put('seq', this.#sendQueue.nextSendSeq)
    commits.after(() => {
      // Settled: the numbers began anew meanwhile, and this one says nothing about them.
      if (entry.state === 'settled') return
      this.#sendQueue.durable(entry.sendSeq)
      this.pump()
    })
  }

  #transmit(link: Link, entry: Entry): void {
    const { content, sendSeq, transmission } = entry
    const answered = (frame: Frame): void => this.#answered(entry, transmission, frame)
    if (content.kind === 'message') {
      const { message } = content
      const { peer, text } = message
      if (goesBySend(message)) link.write(encodeSendFrame(link.begin(answered), sendSeq, peer, text))
      else link.request(METHODS.post.number, encodePost(message), answered)
      if (!entry.sent) {
        message.progress = 'sending'
        this.#tell(message, 'sending')
      }
    } else if (content.kind === 'operation') {
      link.request(METHODS[content.method].number, encodeOperation(content.method, content.request, sendSeq), answered)
    } else {
      link.request(METHODS.void.number, METHODS.void.encodeRequest({ sendSeq, count: content.count }), answered)
    }
    entry.sent = true
    this.#host.wake()
  }

  #answered(entry: Entry, transmission: number, frame: Frame): void {
    const refusal = frame.code !== 0 && frame.body.length > 0 ? decodeRefusal(frame.body) : undefined
    const response = frame.code === 0 ? decodeAnswer(entry.content, frame.body) : undefined
    const verdict = this.#sendQueue.answer(entry, transmission, frame.code, refusal?.expectedSendSeq ?? 0)
    if (verdict.kind === 'accepted' || verdict.kind === 'refused') this.#taken(entry, verdict.kind === 'accepted')
    switch (verdict.kind) {
      case 'accepted':
        this.#host.backoff.reset()
        this.#forget(entry)
        this.#did(entry, response)
        break
      case 'refused':
        this.#host.backoff.reset()
        this.#forget(entry)
        this.#refuse(entry, LongwireError.ofCode(verdict.code, frame.retryAfterMs, frame.message))
        break
      case 'again':
        if (verdict.wait) this.#wait(frame.retryAfterMs)
        break
      case 'connection':
        this.#host.connectionCode(frame)
        return
    }
    this.pump()
  }

  /** The server has done it, and answered so. */
  #did({ content, sendSeq, done }: Entry, response: unknown): void {
    if (content.kind === 'message') {
      const { from, version } = response as ResponseOf<'send' | 'post'>
      this.accepted(content.message)
      this.#host.accepted(content.message, from, version)
    } else if (content.kind === 'operation') {
      if (content.method === 'changePassword') {
        const { token } = response as ResponseOf<'changePassword'>
        if (token.length > 0) this.#host.renewed(token)
      }
      const made = madeBy(content, response)
      if (made !== undefined) {
        this.#beginnings.asked(made, sendSeq)
        this.#beginnings.answered(made, sendSeq, true)
      }
      if (content.method === 'forward') this.#forwarded(content.request, sendSeq, response as ResponseOf<'forward'>)
      this.#host.did(content.method as OperationName, sendSeq, content.request)
    }
    done?.(undefined, response)
  }

  /** The copy of a message was sent. What it holds is known when it comes. */
  #forwarded(request: OperationRequest, sendSeq: number, { version }: ResponseOf<'forward'>): void {
    const peer = peerOf(request.conversation as ConversationId)
    if (peer !== undefined) this.#host.receipts.accepted(peer, sendSeq)
    this.#host.expected(version)
  }

  /** The server has the message. */
  accepted(message: SentMessage): void {
    message.progress = 'accepted'
    this.#tell(message, 'accepted')
    if (message.peer !== 0) this.#host.receipts.accepted(message.peer, message.sendSeq)
  }

  #refuse(entry: Entry, error: LongwireError): void {
    const message = this.#fail(entry, error)
    if (message === undefined) return
    if (message.code === CODES.SETTLED.code) this.#rememberUnsure(message)
    this.#host.failed(message, message.code)
  }

  #fail(entry: Entry, error: LongwireError): SentMessage | undefined {
    entry.done?.(error)
    if (entry.content.kind !== 'message') return undefined
    const { message } = entry.content
    message.progress = 'failed'
    failMessage(message, error)
    this.#tell(message, 'failed')
    return message
  }

  #rememberUnsure(message: SentMessage): void {
    const key = `${message.device}/${message.sendSeq}`
    this.#unsure.set(key, message)
    this.#host.commits.put(`unsure/${key}`, 1)
    if (this.#unsure.size <= UNSURE_MAX) return
    const oldest = this.#unsure.keys().next().value ?? ''
    this.#unsure.delete(oldest)
    this.#host.commits.put(`unsure/${oldest}`, undefined)
  }

  #tell(message: SentMessage, state: MessageStateEvent['state']): void {
    const event = stateEvent(message, state)
    this.#host.commits.tell(() => this.#host.emitState(event))
  }

  #forget({ sendSeq }: Entry): void {
    const { commits } = this.#host
    commits.put(`out/${sendSeq}`, undefined)
    commits.after(() => {
      this.#sendQueue.stored(sendSeq)
      this.pump()
    })
  }

  #wait(retryAfterMs: number): void {
    this.#pause = this.#host.clock.after(this.#host.backoff.next(retryAfterMs), () => {
      this.#pause = undefined
      this.pump()
    })
  }

  #unpause(): void {
    this.#pause?.cancel()
    this.#pause = undefined
  }
}

/** Marks a message as failed. Without a code of the server's nobody knows what became of it. */
function failMessage(message: SentMessage, { code, reason }: LongwireError): void {
  message.progress = 'failed'
  message.failure = { code: code === 0 ? CODES.SETTLED.code : code, reason }
}

function stateEvent(message: SentMessage, state: MessageStateEvent['state']): MessageStateEvent {
  const { conversation, peer, device, sendSeq, code, reason } = message
  return { conversation, peer, device, sendSeq, state, code, reason }
}

/** Whether Send does: a text alone, to a user. */
function goesBySend({ peer, rich }: SentMessage): boolean {
  return peer !== 0 && rich.content === undefined && rich.extra === undefined
}

function decodeAnswer(content: Content, body: Uint8Array): unknown {
  if (content.kind === 'void') return undefined
  const method = content.kind === 'operation' ? content.method : goesBySend(content.message) ? 'send' : 'post'
  const entry = METHODS[method]
  return entry.kind === 'request' ? entry.decodeResponse(body) : undefined
}

function encodeOperation(method: MethodName, request: OperationRequest, sendSeq: number): Uint8Array {
  const entry = METHODS[method]
  if (entry.kind !== 'request') throw new TypeError(`${method} has no answer`)
  return (entry.encodeRequest as (request: unknown) => Uint8Array)({ ...(requestOf(request) as object), sendSeq })
}

function contentOf(json: Json, id: DeviceId & { readonly sendSeq: number }, receipts: Receipts): Content {
  const [kind, ...rest] = json as readonly Json[]
  if (kind === 'm' || kind === 'p') {
    const [to, text, atMs, rich] = rest as unknown as readonly [number | ConversationId, string, number, Rich?]
    const conversation = typeof to === 'number' ? directConversation(to) : to
    return { kind: 'message', message: new SentMessage({ ...id, conversation, text, atMs, ...rich }, receipts) }
  }
  if (kind === 'o') {
    const [method, request] = rest as unknown as readonly [OperationName, OperationRequest]
    return { kind: 'operation', method, request }
  }
  return { kind: 'void', count: 1 }
}
