/**
 * One connection of a client, on any transport: bytes come in through receive(), leave through a Pipe.
 *
 *              first Hello                 answered
 *   opening ───────────────► handshaking ───────────► open ─────────┐ drain()
 *      │                      │   ▲    └──────────► nameless ──┐    │ or the peer's end
 *      │                      │   └── Hello with a token ───────┤    ▼
 *      │                      │                               │  draining
 *      │                      │                               │    │ nothing in work
 *      ▼                      ▼                               ▼    ▼
 *   closed (from every state, once: the first reason stands) ── gone() ──► forgotten
 *
 * What each state takes, and what ends it, stands with its type in connection-state.ts. Only #enter writes the state.
 *
 * An idle connection holds this object, its state and a decoder without buffers: no closure, no timer (the wheel's links
 * are its own fields), no array.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import { encodeRefusal, encodeResponse } from '../../protocol/frame-codec.js'
import {
  DecodeError,
  decodeAckNotice,
  encodeHelloResponse,
  type Frame,
  type HelloRequest,
  type Refusal,
  type SendResult,
} from '../../protocol/generated/messages.js'
import { encodeAcceptedFrame, encodePushFrame, encodeSyncFrame } from '../../protocol/item-codec.js'
import { HELLO_TIMEOUT_MS, NAMELESS_MS_MAX, REQUESTS_IN_WORK_MAX } from '../../protocol/limits.js'
import { METHODS, methodByNumber } from '../../protocol/methods.js'
import { TICK_MS } from '../lib/wheel.js'
import type { Caller, HelloAnswer, TimelinePage } from '../services/types.js'
import type { AppendedEvent } from '../sync/events.js'
import { firstPage } from './bounded-services.js'
import { closeFrame, drainFrame } from './close-frame.js'
import { logClose } from './close-log.js'
import {
  DRAIN_MS_MAX,
  idleTicksOf,
  LINGER_BYTES_MAX,
  LINGER_MS,
  type Open,
  overdueCode,
  STALL_MS_MAX,
  STALL_TICKS_MAX,
  type State,
  VERIFY_MS_MAX,
} from './connection-state.js'
import type { ConnectionContext } from './context.js'
import { Feed } from './feed.js'
import { FrameLink, type LinkOptions } from './frame-link.js'
import { readHello } from './hello-check.js'
import { WRITE_BYTES_MAX } from './outgoing.js'
import type { Pipe } from './pipe.js'
import { REFUSED_BYTES } from './slowing.js'
import { checkStillBound } from './still-bound.js'

type Bound = Extract<HelloAnswer, { kind: 'bound' }>

export class Connection extends FrameLink implements Caller {
  readonly address: string
  #state: State
  #inWork = 0
  /** Of the Sync in work, 0 if there is none: a client has one, and a second would double what it may cost. */
  #syncId = 0
  /** The peer will send no more. */
  #peerEnded = false
  #discardedBytes = 0

  /** The gate has admitted the address; it is released when the pipe is gone. */
  constructor(context: ConnectionContext, pipe: Pipe, address: string, options: LinkOptions) {
    super(context, pipe, options)
    this.address = address
    context.connections.add(this)
    context.gate.addUnauthenticated(address, this)
    this.#state = { kind: 'opening', deadlineTick: this.tickIn(options.helloMs ?? HELLO_TIMEOUT_MS) }
    this.arm()
  }

  // Who it is ------------------------------------------------------------------------------------------------------------

  get state(): State['kind'] {
    return this.#state.kind
  }

  get uid(): number {
    return this.#device()?.uid ?? 0
  }

  get device(): number {
    return this.#device()?.device ?? 0
  }

  get attempt(): number {
    return this.#device()?.attempt ?? 0
  }

  get told(): number {
    return this.#device()?.feed.told ?? 0
  }

  #device(): Open | undefined {
    const state = this.#state
    if (state.kind === 'open') return state
    return state.kind === 'draining' || state.kind === 'closed' ? state.from : undefined
  }

  // The pipe's side ------------------------------------------------------------------------------------------------------

  /** Bytes from the peer, in any cut. They must not change afterwards: a connection that reads no more keeps them. */
  receive(chunk: Uint8Array): void {
    if (this.#state.kind === 'closed') {
      this.#discardedBytes += chunk.length
      if (this.#discardedBytes > LINGER_BYTES_MAX) this.pipe.destroy()
      return
    }
    this.read(chunk)
  }

  /** The pipe has taken everything that was written. */
  drained(): void {
    this.flush()
  }

  /** The peer will send no more; it may still read, and gets the answers that are due to it. */
  ended(): void {
    this.#peerEnded = true
    this.flush()
  }

  /** The pipe is closed and everything that was not written is lost. */
  gone(): void {
    this.#leave(CODES.OK.code, '')
    this.countWaiting(0)
    this.context.wheel.remove(this)
    if (this.context.connections.delete(this)) this.context.gate.release(this.address, this)
  }

  // The node's side ------------------------------------------------------------------------------------------------------
  /** The device's timeline has grown. */
  appended(event: AppendedEvent): void {
    const state = this.#state
    if (state.kind !== 'open') return
    const { feed } = state
    if (feed.full) this.#gather(state)
    const room = !state.paging && !this.outgoing.overfull(feed.gatheredBytes) && !this.context.backlog.isFull
    if (feed.offer(event, room)) this.mark()
  }

  /** The server stops: tells the client, finishes what is in work and closes. */
  drain(retryAfterMs: number): void {
    const { kind } = this.#state
    if (kind === 'draining' || kind === 'closed') return
    if (kind === 'opening' || kind === 'handshaking') {
      this.close(CODES.DRAINING.code, '', 0, retryAfterMs)
      return
    }
    this.write(drainFrame(retryAfterMs))
    this.#enter({ kind: 'draining', deadlineTick: this.tickIn(DRAIN_MS_MAX), retryAfterMs, from: this.#device() })
  }

  /** Closes at once, without a last frame. */
  destroy(): void {
    this.pipe.destroy()
  }

  // The services' side: answers ------------------------------------------------------------------------------------------

  respond(id: number, body: Uint8Array): void {
    if (this.#answers(id)) this.write(encodeResponse(id, body))
  }

  refuse(id: number, code: Code, message: string, retryAfterMs = 0, refusal?: Refusal): void {
    if (!this.#answers(id)) return
    this.write(encodeRefusal(id, code, message, retryAfterMs, refusal))
    if (code === CODES.RATE_LIMITED.code) this.countBytes(REFUSED_BYTES)
    const feed = this.#device()?.feed
    if (code === CODES.RESYNC.code) feed?.resync(feed.head)
  }

  accepted(id: number, from: number, version: number): void {
    if (!this.#answers(id)) return
    this.write(encodeAcceptedFrame(id, from, version))
    if (this.#state.kind === 'open' && version > 0) this.#state.feed.accepted(from, version)
  }

  synced(id: number, since: number, page: TimelinePage, results: readonly SendResult[]): void {
    if (!this.#answers(id)) return
    const feed = this.#device()?.feed
    if (page.kind === 'resync') {
      const { code, text } = CODES.RESYNC
      this.write(encodeRefusal(id, code, text, 0))
      feed?.resync(page.head)
      return
    }
    const { to, more, trimmed, items, head } = page
    this.write(encodeSyncFrame(id, since, to, more, trimmed, items, results))
    feed?.paged(to, head, more)
  }

  /** Counts an answer; false if there is nobody to give it to. */
  #answers(id: number): boolean {
    this.#inWork--
    if (id === this.#syncId) this.#syncId = 0
    return this.#state.kind !== 'closed'
  }

  // Reading --------------------------------------------------------------------------------------------------------------

  protected override waits(): boolean {
    const state = this.#state
    return (
      this.#inWork >= REQUESTS_IN_WORK_MAX ||
      this.outgoing.congested ||
      (state.kind === 'open' ? state.paging : state.kind === 'handshaking')
    )
  }

  protected override takePing(): boolean {
    if (this.#state.kind !== 'opening') return true
    this.close(CODES.HELLO_REQUIRED.code)
    return false
  }

  protected override take(frame: Frame): boolean {
    const state = this.#state
    const { id, method } = frame
    if (state.kind === 'open' && id !== 0 && method > METHODS.hello.number) return this.#request(frame)
    if (method === 0) {
      this.close(CODES.PROTOCOL_ERROR.code, 'a response, which only the server sends')
    } else if (method === METHODS.hello.number) {
      this.#helloFrame(frame)
    } else if (state.kind === 'opening') {
      this.close(CODES.HELLO_REQUIRED.code)
    } else if (id === 0) {
      if (this.countUnanswered() && state.kind === 'open' && method === METHODS.ack.number) this.#ack(frame)
    } else if (state.kind === 'nameless') {
      this.#namelessRequest(frame)
    } else if (state.kind === 'draining') {
      this.write(encodeRefusal(id, CODES.DRAINING.code, CODES.DRAINING.text, state.retryAfterMs))
    }
    return true
  }

  /** False if it has to wait for the one before. */
  #request({ id, method, body }: Frame): boolean {
    if (method === METHODS.sync.number) {
      if (this.#syncId !== 0) return false
      this.#syncId = id
    }
    this.#inWork++
    this.context.services.request(this, id, method, body)
    return true
  }

  #namelessRequest(frame: Frame): void {
    const method = methodByNumber(frame.method)
    this.#inWork++
    if (method?.kind === 'request' && !method.nameless) {
      this.refuse(frame.id, CODES.LOGIN_REQUIRED.code, CODES.LOGIN_REQUIRED.text)
    } else {
      this.context.services.request(this, frame.id, frame.method, frame.body)
    }
  }

  #ack(frame: Frame): void {
    try {
      const code = this.context.services.ack(this, decodeAckNotice(frame.body))
      if (code !== CODES.OK.code) this.close(code)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.close(error.code as Code, `in an Ack: ${error.message}`) // 4.8
    }
  }

  // Hello ----------------------------------------------------------------------------------------------------------------

  #helloFrame(frame: Frame): void {
    const { id, body } = frame
    const { kind } = this.#state
    if (id === 0) {
      this.close(CODES.PROTOCOL_ERROR.code, 'a Hello without an id')
      return
    }
    if (kind !== 'opening' && kind !== 'nameless') {
      this.close(CODES.HELLO_REPEATED.code)
      return
    }
    let request: HelloRequest
    try {
      request = readHello(body)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#refuseHello(id, error.code as Code, error.message)
      return
    }
    if (kind === 'nameless' && request.token.length === 0) {
      this.close(CODES.HELLO_REPEATED.code)
      return
    }
    const handshaking = this.#enter({ kind: 'handshaking', deadlineTick: this.tickIn(VERIFY_MS_MAX) })
    this.context.services.hello(request, this.address, answer => {
      // One that comes after the connection was closed is for nobody.
      if (this.#state === handshaking) this.#helloAnswered(id, request, answer)
    })
  }

  /** The refusal is the last frame: no Close follows it (2.4). */
  #refuseHello(id: number, code: Code, message: string, retryAfterMs = 0, boundAttempt = 0): void {
    const refusal = boundAttempt === 0 ? undefined : { expectedSendSeq: 0, boundAttempt }
    this.outgoing.push(encodeRefusal(id, code, message, retryAfterMs, refusal))
    this.#leave(code, message)
    this.#send()
  }

  #helloAnswered(id: number, request: HelloRequest, answer: HelloAnswer): void {
    if (answer.kind === 'refused') {
      this.#refuseHello(id, answer.code, answer.message, answer.retryAfterMs, answer.boundAttempt)
      return
    }
    if (answer.kind === 'nameless') {
      this.takeLargeFrames()
      this.write(encodeResponse(id, encodeHelloResponse(answer.response)))
      this.#enter({ kind: 'nameless', deadlineTick: this.tickIn(NAMELESS_MS_MAX) })
      this.mark()
    } else {
      this.#bind(id, request, answer)
    }
  }

  #bind(id: number, { heartbeatMs, token }: HelloRequest, { response, attempt, since }: Bound): void {
    const { uid, device, head } = response
    const feed = new Feed(since, head)
    const open: Open = { kind: 'open', uid, device, attempt, feed, idleTicks: idleTicksOf(heartbeatMs), paging: true }
    this.countWaiting(0) // what waits was the address's, and is the device's from here on
    this.#enter(open)
    const { hub, services } = this.context
    // Before the page is read: what is appended from here on is told or is in the page.
    const boundAttempt = hub.bind(this)
    if (boundAttempt !== 0) {
      this.#refuseHello(id, CODES.ATTEMPT_SUPERSEDED.code, CODES.ATTEMPT_SUPERSEDED.text, 0, boundAttempt)
      return
    }
    this.context.gate.removeUnauthenticated(this.address, this)
    this.context.log.debug({ address: this.address, uid, device, attempt }, 'connection bound')
    this.takeLargeFrames()
    this.write(encodeResponse(id, encodeHelloResponse(response)))
    checkStillBound(this, services, token)
    firstPage(this.context, this, since, head).then(
      page => this.#firstPage(open, since, page),
      (error: unknown) => {
        this.context.log.error({ error, uid, device }, 'the first page could not be read')
        this.close(CODES.SERVER_ERROR.code)
      },
    )
  }

  #firstPage(open: Open, since: number, page: TimelinePage): void {
    open.paging = false
    if (this.#state !== open) return
    if (page.kind === 'page') {
      const { to, trimmed, items, head } = page
      this.write(encodePushFrame(since, to, trimmed, items)) // also when it holds nothing (3.8)
      open.feed.paged(to, head, false)
    } else {
      // The timeline has left `since` behind between the two: the client finds out by pulling.
      open.feed.head = Math.max(open.feed.head, page.head)
    }
    this.mark()
  }

  // Writing --------------------------------------------------------------------------------------------------------------

  /** Queues a frame behind the pushes that were gathered before it. */
  protected override write(frame: Uint8Array): void {
    const state = this.#state
    if (state.kind === 'open' && state.feed.gathered) this.#gather(state)
    super.write(frame)
  }

  #gather(open: Open): void {
    const frame = open.feed.take(open.uid, this.context.hub)
    if (frame !== undefined) this.outgoing.push(frame)
  }

  override flush(): void {
    this.unmark()
    const state = this.#state
    if (state.kind === 'open') {
      this.#gather(state)
      const wasCongested = this.outgoing.congested
      if (!wasCongested) this.#notify(state)
      this.#send()
      if (wasCongested && !this.outgoing.congested) {
        this.#notify(state)
        this.#send()
      }
    } else {
      this.#send()
    }
    if (this.paused) this.readOn()
    this.#finish()
  }

  /** Tells a client that is behind and does not know it. */
  #notify(open: Open): void {
    if (!open.feed.behind || !this.#mayNotify(open)) return
    const version = open.feed.notify(this.context.wheel.tick)
    if (version !== 0) this.outgoing.push(this.context.hub.encodeNotify(version))
    else if (open.feed.notifyTick !== Number.POSITIVE_INFINITY) this.arm()
  }

  /** Before a page or a Sync answer it would name what that brings; to a congested peer it would be one more frame. */
  #mayNotify(open: Open): boolean {
    return !open.paging && this.#syncId === 0 && !this.outgoing.congested
  }

  #send(): void {
    const outgoing = this.outgoing
    const stalledTick = outgoing.stalledTick
    outgoing.send(this.context.wheel.tick)
    if (outgoing.stalledTick !== 0 && stalledTick === 0) this.arm()
    this.countWaiting(this.waitingBytes)
    if (this.#state.kind === 'closed' && outgoing.empty) this.pipe.end()
  }

  // The end --------------------------------------------------------------------------------------------------------------

  /** Closes when this side or the peer wants to stop and all that was read is answered and written. */
  #finish(): void {
    const state = this.#state
    if (state.kind === 'closed' || (state.kind !== 'draining' && !this.#peerEnded)) return
    if (this.#inWork > 0 || this.paused || this.waits() || !this.outgoing.empty) return
    if (this.#peerEnded) this.close(CODES.OK.code)
    else if (state.kind === 'draining') this.close(CODES.DRAINING.code, '', 0, state.retryAfterMs)
  }

  /** Sends the last frame and ends the pipe. Only the first reason counts. */
  override close(code: Code, message = '', boundAttempt = 0, retryAfterMs = 0): void {
    const state = this.#state
    if (state.kind === 'closed') return
    if (state.kind === 'open') this.#gather(state)
    if (code === CODES.SLOW_CONSUMER.code) this.outgoing.drop()
    if (code !== CODES.OK.code) this.outgoing.push(closeFrame(code, message || undefined, retryAfterMs, boundAttempt))
    this.#leave(code, message)
    this.#send()
  }

  #leave(code: Code, message: string): void {
    if (this.#state.kind === 'closed') return
    const from = this.#device()
    this.#enter({ kind: 'closed', deadlineTick: this.tickIn(LINGER_MS), code, from })
    if (from !== undefined) this.context.hub.unbind(this)
    this.stopReading()
    logClose(this.context, this, code, message)
  }

  // Time -----------------------------------------------------------------------------------------------------------------

  /** The wheel's call: something may be due. */
  override expired(): void {
    const state = this.#state
    const { tick } = this.context.wheel
    const { stalledTick } = this.outgoing
    if (state.kind !== 'closed' && stalledTick !== 0 && tick >= stalledTick + STALL_TICKS_MAX) {
      this.close(CODES.SLOW_CONSUMER.code, `nothing of ${WRITE_BYTES_MAX} bytes was taken in ${STALL_MS_MAX} ms`)
    } else if (state.kind === 'open') {
      if (state.feed.notifyTick <= tick && this.#mayNotify(state)) this.mark()
      // While it is paused, nobody listens: that silence is not the client's.
      if (this.paused) this.seenTick = tick
      if (tick >= this.seenTick + state.idleTicks) this.close(CODES.IDLE_TIMEOUT.code)
    } else if (tick >= state.deadlineTick) {
      if (state.kind === 'closed') this.pipe.destroy()
      else this.close(overdueCode(state), '', 0, state.kind === 'draining' ? state.retryAfterMs : 0)
    }
    this.readFaster()
    if (this.wheelDue === 0 && this.context.connections.has(this)) this.arm()
  }

  protected override arm(): void {
    const state = this.#state
    const { wheel } = this.context
    const { stalledTick } = this.outgoing
    let due = state.kind === 'open' ? this.seenTick + state.idleTicks : state.deadlineTick
    if (state.kind === 'open' && this.#mayNotify(state)) due = Math.min(due, state.feed.notifyTick)
    if (this.slowTick !== 0) due = Math.min(due, this.slowTick)
    if (stalledTick !== 0) due = Math.min(due, stalledTick + STALL_TICKS_MAX)
    wheel.add(this, Math.max(0, due - wheel.tick) * TICK_MS)
  }

  #enter<S extends State>(next: S): S {
    this.#state = next
    this.arm()
    return next
  }
}
