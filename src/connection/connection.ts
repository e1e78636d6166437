/**
 * One connection of a client, on any transport. It puts together a reader (bytes of the pipe become frames), a writer (frames go into the
 * pipe) and a table of states (what is accepted when):
 *
 *   Pipe ─ receive() ─► Reader ─ take() ─► STATES ─► services.request(), ack(), hello()
 *                                                       │ respond(), refuse(), accepted(), synced()
 *   Pipe ◄── send() ─── Writer ◄──── flush() at the end of the turn ◄──┤
 *                                                       hub ─ appended() ┘ gathered by the Feed
 *
 *              first Hello                 answered
 *   opening ───────────────► handshaking ───────────► open ─────────┐ drain()
 *      │                      │   ▲    └──────────► nameless ──┐    │
 *      │                      │   └── Hello with a token ───────┤    ▼
 *      │                      │                               │  draining
 *      │                      │                               │    │ nothing in work, or the peer's end
 *      ▼                      ▼                               ▼    ▼
 *   closed (from every state, once: the first reason stands) ── gone() ──► forgotten
 *
 * The table is in connection-state.ts. Only enter() writes the state, and checks it against the table. A peer that has ended gets its
 * answers, then the connection closes (#finish).
 *
 * An idle connection holds this object, its reader, writer, state and a decoder without buffers: no closure, no timer (the wheel's links
 * are its own fields), no array.
 */

import { setMaxListeners } from 'node:events'
import { CODES, type Code } from '../../protocol/codes.js'
import { encodeRefusal, encodeResponse, PING } from '../../protocol/frame-codec.js'
import {
  DecodeError,
  decodeAckNotice,
  type Frame,
  type Refusal,
  type SendResult,
} from '../../protocol/generated/messages.js'
import { encodeAcceptedFrame, encodeSyncFrame } from '../../protocol/item-codec.js'
import { REQUESTS_IN_WORK_MAX } from '../../protocol/limits.js'
import { METHODS, methodByNumber } from '../../protocol/methods.js'
import { TICK_MS, Timed } from '../lib/wheel.js'
import type { Caller, TimelinePage } from '../services/types.js'
import type { AppendedEvent } from '../sync/events.js'
import { closeFrame, drainFrame } from './close-frame.js'
import { logClose } from './close-log.js'
import {
  assertMayFollow,
  codeOf,
  deadlineOf,
  LINGER_BYTES_MAX,
  mayFollow,
  type Open,
  rulesOf,
  type State,
  type StateKind,
  type StateRules,
  ticksOf,
} from './connection-state.js'
import type { ConnectionContext, LiveConnection } from './context.js'
import { type Greeted, Greeting } from './hello.js'
import type { Pipe, Transport } from './pipe.js'
import { type FrameTaker, Reader } from './reader.js'
import { REFUSED_BYTES } from './slowing.js'
import { type FrameSource, STALL_MS_MAX, WRITE_BYTES_MAX, Writer } from './writer.js'

export interface ConnectionOptions {
  /** Whether the first byte must be the 00 that tells Longwire from TLS and HTTP (TCP) or not (WebSocket). */
  readonly leadingZero: boolean
  /** The time that is left for the Hello; absent: HELLO_TIMEOUT_MS. */
  readonly helloMs?: number
}

export class Connection extends Timed implements Caller, LiveConnection, FrameTaker, FrameSource, Greeted {
  readonly context: ConnectionContext
  readonly pipe: Pipe
  readonly address: string
  readonly reader: Reader
  readonly writer: Writer
  #state: State
  /** Requests that are not answered. */
  #inWork = 0
  /** Made when a request first asks for it. */
  #gone: AbortController | undefined

  /** The gate has admitted the pipe's socket, under this address, as one without a session. It is released when the pipe is gone. */
  constructor(context: ConnectionContext, pipe: Pipe, address: string, { leadingZero, helloMs }: ConnectionOptions) {
    super()
    this.context = context
    this.pipe = pipe
    this.address = address
    const { tick } = context.wheel
    const deadlineTick = helloMs === undefined ? deadlineOf('opening', tick) : tick + ticksOf(helloMs)
    this.#state = { kind: 'opening', deadlineTick }
    this.reader = new Reader(this, leadingZero)
    this.writer = new Writer(this)
    context.connections.add(this)
    this.rearm()
  }

  // Who it is ------------------------------------------------------------------------------------------------------------

  get state(): StateKind {
    return this.#state.kind
  }

  get transport(): Transport {
    return this.pipe.transport
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

  get stands(): number {
    return this.#state.kind === 'open' && !this.#state.paging ? this.#state.feed.pushedTo : 0
  }

  /** Aborted also when the peer will send no more: one that hangs up looks like that, until it is written to. */
  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController()
      setMaxListeners(0, this.#gone.signal) // as many as there may be requests in work
      if (this.#state.kind === 'closed' || this.reader.ended) this.#gone.abort()
    }
    return this.#gone.signal
  }

  get waitingBytes(): number {
    return this.writer.waitingBytes
  }

  isBetween(localPort: number, remoteAddress: string, remotePort: number): boolean {
    return this.pipe.isBetween?.(localPort, remoteAddress, remotePort) === true
  }

  #device(): Open | undefined {
    const state = this.#state
    if (state.kind === 'open') return state
    return state.kind === 'draining' || state.kind === 'closed' ? state.from : undefined
  }

  // The pipe's side ------------------------------------------------------------------------------------------------------

  /** Takes bytes from the peer, in any cut. They must not change afterwards: a connection that reads no more keeps them. */
  receive(chunk: Uint8Array): void {
    const state = this.#state
    if (state.kind !== 'closed') {
      this.reader.receive(chunk)
      return
    }
    state.discardedBytes += chunk.length
    if (state.discardedBytes > LINGER_BYTES_MAX) this.pipe.destroy()
  }

  /** Called when the pipe has taken everything that was written. */
  drained(): void {
    this.flush()
  }

  /** Called when the peer will send no more. It may still read, and gets the answers that are due to it. */
  ended(): void {
    this.reader.end()
    this.#gone?.abort()
    this.flush()
  }

  /** Called when the pipe is closed; everything that was not written is lost. */
  gone(): void {
    this.#leave(CODES.OK.code, '')
    this.writer.uncount()
    this.context.wheel.remove(this)
    if (this.context.connections.delete(this)) this.context.gate.release(this.address, this.pipe.admitted)
  }

  // The node's side ------------------------------------------------------------------------------------------------------

  /** Called when the device's timeline has grown. */
  appended(event: AppendedEvent): void {
    const state = this.#state
    if (state.kind !== 'open') return
    const { feed } = state
    if (!state.paging && feed.isTorn(event.from, event.version)) {
      this.close(CODES.RESYNC.code)
      return
    }
    if (feed.full) this.#gather(state)
    const takesPushes = !state.paging && !this.writer.overfull(feed.gatheredBytes) && !this.context.backlog.isFull
    if (feed.offer(event, takesPushes)) this.writer.mark()
  }

  /** Writes a frame that nobody misses, unless anything waits: the pipe, a page, an item that the client has to pull. */
  offer(frame: Uint8Array): boolean {
    const state = this.#state
    const keepsUp = state.kind === 'open' && !state.paging && !state.feed.behind && this.writer.keepsUp
    if (keepsUp) this.write(frame)
    return keepsUp
  }

  /** Tells the client that the server stops, finishes what is in work and closes. */
  drain(retryAfterMs: number): void {
    const state = this.#state
    if (state.kind === 'draining' || state.kind === 'closed') return
    if (!mayFollow(state.kind, 'draining') || (state.kind === 'open' && state.paging)) {
      this.close(CODES.DRAINING.code, '', 0, retryAfterMs)
      return
    }
    this.write(drainFrame(retryAfterMs))
    const deadlineTick = deadlineOf('draining', this.context.wheel.tick)
    this.enter({ kind: 'draining', deadlineTick, retryAfterMs, from: this.#device() })
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
    if (code === CODES.RATE_LIMITED.code) this.reader.countBytes(REFUSED_BYTES)
    const feed = this.#device()?.feed
    if (code === CODES.RESYNC.code) feed?.resync(feed.head)
  }

  accepted(id: number, from: number, version: number): void {
    if (!this.#answers(id)) return
    this.write(encodeAcceptedFrame(id, from, version))
    if (this.#state.kind !== 'open' || version === 0) return
    const { feed, paging } = this.#state
    if (!paging && feed.isTorn(from, version)) this.close(CODES.RESYNC.code)
    else feed.accepted(from, version)
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
    this.write(encodeSyncFrame(id, since, page, results))
    if (page.state !== true) feed?.paged(page.to, page.head, page.more)
  }

  /** Counts an answer. False if there is nobody to give it to. */
  #answers(id: number): boolean {
    this.#inWork--
    const state = this.#state
    if (state.kind === 'open' && state.syncId === id) state.syncId = 0
    return state.kind !== 'closed'
  }

  // The reader's side: frames --------------------------------------------------------------------------------------------

  waits(): boolean {
    const state = this.#state
    return (
      this.#inWork >= REQUESTS_IN_WORK_MAX ||
      this.writer.congested ||
      (state.kind === 'open' ? state.paging : state.kind === 'handshaking')
    )
  }

  takePing(): boolean {
    const rule = rulesOf(this.#state.kind).ping
    if (rule === 'answer') return true
    this.close(codeOf(rule))
    return false
  }

  answerPing(): void {
    this.write(PING)
  }

  take(frame: Frame): boolean {
    const { id, method } = frame
    const rules = rulesOf(this.#state.kind)
    if (id !== 0 && method > METHODS.hello.number) return this.#request(rules.request, frame)
    if (method === 0) this.close(codeOf(rules.response), 'a response, which only the server sends')
    else if (method === METHODS.hello.number) new Greeting(this, id).begin(rules.hello, frame.body)
    else this.#notice(rules.notice, frame)
    return true
  }

  /** @returns false if it has to wait for the one before */
  #request(rule: StateRules['request'], frame: Frame): boolean {
    if (rule === 'serve') return this.#serve(frame)
    if (rule === 'serve-nameless') this.#serveNameless(frame)
    else if (rule === 'refuse') this.#refuseDraining(frame.id)
    else this.close(codeOf(rule))
    return true
  }

  #serve({ id, method, body }: Frame): boolean {
    const state = this.#state
    if (method === METHODS.sync.number && state.kind === 'open') {
      if (state.syncId !== 0) return false
      state.syncId = id
    }
    this.#inWork++
    this.context.services.request(this, id, method, body)
    return true
  }

  #serveNameless(frame: Frame): void {
    const method = methodByNumber(frame.method)
    const isNameless = method?.kind !== 'request' || method.nameless
    this.#inWork++
    if (isNameless) this.context.services.request(this, frame.id, frame.method, frame.body)
    else this.refuse(frame.id, CODES.LOGIN_REQUIRED.code, CODES.LOGIN_REQUIRED.text)
  }

  #refuseDraining(id: number): void {
    const { code, text } = CODES.DRAINING
    this.write(encodeRefusal(id, code, text, this.#retryAfterMs()))
  }

  #notice(rule: StateRules['notice'], { method, body }: Frame): void {
    if (rule !== 'heed' && rule !== 'ignore') this.close(codeOf(rule))
    else if (this.reader.countUnanswered() && rule === 'heed' && method === METHODS.ack.number) this.#ack(body)
  }

  #ack(body: Uint8Array): void {
    try {
      const code = this.context.services.ack(this, decodeAckNotice(body))
      if (code !== CODES.OK.code) this.close(code)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.close(error.code as Code, `in an Ack: ${error.message}`) // 4.8
    }
  }

  // Writing --------------------------------------------------------------------------------------------------------------

  /** Queues a frame behind the pushes that were gathered before it. */
  write(frame: Uint8Array): void {
    const state = this.#state
    if (state.kind === 'open' && state.feed.gathered) this.#gather(state)
    this.writer.write(frame)
  }

  #gather(open: Open): void {
    const frame = open.feed.take(open.uid, this.context.hub)
    if (frame !== undefined) this.writer.push(frame)
  }

  flush(): void {
    this.writer.unmark()
    const state = this.#state
    if (state.kind === 'open') {
      this.#gather(state)
      const wasCongested = this.writer.congested
      if (!wasCongested) this.#notify(state)
      this.#send()
      if (wasCongested && !this.writer.congested) {
        this.#notify(state)
        this.#send()
      }
    } else {
      this.#send()
    }
    if (this.reader.waiting) this.reader.readOn()
    this.#finish()
  }

  /** Tells a client that is behind and does not know it. */
  #notify(open: Open): void {
    if (!open.feed.behind || !this.#mayNotify(open)) return
    const version = open.feed.notify(this.context.wheel.tick)
    if (version !== 0) this.writer.push(this.context.hub.encodeNotify(version))
    else if (open.feed.notifyTick !== Number.POSITIVE_INFINITY) this.rearm()
  }

  /**
   * Whether a Notify helps now. Before a page or a Sync answer it would name what that brings anyway; a congested peer has enough to
   * read.
   */
  #mayNotify(open: Open): boolean {
    return !open.paging && open.syncId === 0 && !this.writer.congested
  }

  #send(): void {
    const stalls = this.writer.send()
    if (stalls) this.rearm()
    if (this.#state.kind === 'closed' && this.writer.empty) this.pipe.end()
  }

  // The end --------------------------------------------------------------------------------------------------------------

  /** Closes when this side or the peer wants to stop and all that was read is answered and written. */
  #finish(): void {
    const { ended } = this.reader
    if (!ended && this.#state.kind !== 'draining') return
    if (this.#inWork > 0 || this.reader.waiting || this.waits() || !this.writer.empty) return
    if (ended) this.close(CODES.OK.code)
    else this.close(CODES.DRAINING.code, '', 0, this.#retryAfterMs())
  }

  /** Sends a last frame that is no Close, and ends the pipe. */
  endWith(frame: Uint8Array, code: Code, message: string): void {
    this.writer.push(frame)
    this.#leave(code, message)
    this.#send()
  }

  /** Sends the last frame and ends the pipe. Only the first reason counts. */
  close(code: Code, message = '', boundAttempt = 0, retryAfterMs = 0): void {
    const state = this.#state
    if (state.kind === 'closed') return
    if (state.kind === 'open') this.#gather(state)
    if (code === CODES.SLOW_CONSUMER.code) this.writer.drop()
    if (code !== CODES.OK.code) this.writer.push(closeFrame(code, message || undefined, retryAfterMs, boundAttempt))
    this.#leave(code, message)
    this.#send()
  }

  #leave(code: Code, message: string): void {
    if (this.#state.kind === 'closed') return
    const from = this.#device()
    this.enter({ kind: 'closed', deadlineTick: deadlineOf('closed', this.context.wheel.tick), from, discardedBytes: 0 })
    if (from !== undefined) this.context.hub.unbind(this)
    this.reader.stop()
    this.#gone?.abort()
    logClose(this.context, this, code, message)
  }

  // State and time -------------------------------------------------------------------------------------------------------

  isIn(state: State): boolean {
    return this.#state === state
  }

  /** Writes the state: nothing else does. */
  enter<S extends State>(next: S): S {
    assertMayFollow(this.#state.kind, next.kind)
    this.#state = next
    this.rearm()
    return next
  }

  /** The time after which a client is to come back that was told that the server stops. */
  #retryAfterMs(): number {
    return this.#state.kind === 'draining' ? this.#state.retryAfterMs : 0
  }

  /** Called by the wheel: something may be due. */
  override expired(): void {
    const state = this.#state
    const { tick } = this.context.wheel
    if (state.kind !== 'closed' && tick >= this.writer.overdueTick) {
      this.close(CODES.SLOW_CONSUMER.code, `nothing of ${WRITE_BYTES_MAX} bytes was taken in ${STALL_MS_MAX} ms`)
    } else if (state.kind === 'open') {
      if (state.feed.notifyTick <= tick && this.#mayNotify(state)) this.writer.mark()
      // While the pipe is paused, nobody listens: that silence is not the client's.
      if (this.reader.waiting) this.reader.seenTick = tick
      if (tick >= this.reader.seenTick + state.idleTicks) this.#overdue()
    } else if (tick >= state.deadlineTick) {
      this.#overdue()
    }
    this.reader.readFaster()
    if (this.wheelDue === 0 && this.context.connections.has(this)) this.rearm()
  }

  #overdue(): void {
    const { overdue } = rulesOf(this.#state.kind)
    if (overdue === 'destroy') this.pipe.destroy()
    else this.close(overdue, '', 0, this.#retryAfterMs())
  }

  /** Enters the wheel for whatever is due first. */
  rearm(): void {
    const state = this.#state
    const { wheel } = this.context
    const { seenTick, slowTick } = this.reader
    let due = state.kind === 'open' ? seenTick + state.idleTicks : state.deadlineTick
    if (state.kind === 'open' && this.#mayNotify(state)) due = Math.min(due, state.feed.notifyTick)
    if (slowTick !== 0) due = Math.min(due, slowTick)
    due = Math.min(due, this.writer.overdueTick)
    wheel.add(this, Math.max(0, due - wheel.tick) * TICK_MS)
  }
}
