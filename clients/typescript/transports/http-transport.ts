// The short side as a transport: frames in, frames out, HTTP requests between (PROTOCOL.md, clause 13). So link, send queue and
// timeline are the same over HTTP as over a connection.
//
//              Hello without token, Register, Login        what comes behind waits
//                  ┌───────┐                                   ┌───────┐
//                  │       ▼      Hello with token             │       ▼     answered
//   connect() ──► nameless ──────────────────────────────────► greeting ──────────────► bound
//                  │                                           │                         │
//                  │                     refused, no answer    │     a poll is refused, no answer, nonsense
//                  └──────────────close()──────────────────────┴─────────────────────────┴──► closed
//
// While bound, these go on side by side:
//   poll    Sync{since, wait_ms, attempt}, one behind the other: its pages become Push frames
//   queue   what has a number, in order, one request at a time: a run of Sends as one Sync, any other alone (http-queue.ts)
//   acks    with the next Sync, or with one of their own; one at a time
//   asked   pulls and look-ups, each by itself
import { actionOf, CODES } from '../../../protocol/codes.js'
import { encodeFrame, encodeNotice, encodeRefusal, encodeResponse, PING } from '../../../protocol/frame-codec.js'
import { FrameDecoder } from '../../../protocol/frame-decoder.js'
import {
  type AckNotice,
  createSyncRequest,
  DecodeError,
  decodeAckNotice,
  decodeHelloRequest,
  decodeHelloResponse,
  decodeSyncRequest,
  decodeSyncResponse,
  encodePushNotice,
  encodeSendResponse,
  type Frame,
  type HelloRequest,
  type SyncRequest,
  type SyncResponse,
} from '../../../protocol/generated/messages.js'
import { FRAME_TO_SERVER_BYTES_MAX, POLL_MS_MAX } from '../../../protocol/limits.js'
import { METHODS, methodByNumber, type RequestMethod } from '../../../protocol/methods.js'
import { joined, NO_BYTES, sameBytes, toBase64Url } from '../base/bytes.js'
import { type Clock, systemClock, type TimerHandle } from '../base/system.js'
import type { HttpAnswer } from './http-answer.js'
import { HttpCalls, type PostOptions } from './http-calls.js'
import type { HttpExchange } from './http-exchange.js'
import { HttpQueue } from './http-queue.js'
import type { Transport, TransportConnection, TransportHandlers } from './transport.js'

export interface HttpOptions {
  /** fetchExchange() in browsers and in Node. */
  readonly exchange: HttpExchange
  /**
   * The time that a poll waits for news, at most 25 000. Proxies that give a silent request up sooner need less. Default 25 000.
   */
  readonly pollMs?: number
  readonly clock?: Clock
}

/** The time by which a poll's answer may be later than asked for. */
const POLL_GRACE_MS = 10_000

/**
 * The time from the start of a poll that brought something to that of the next. What comes in a stream is gathered, 25 times a
 * second.
 */
const POLL_PACE_MS = 40

/** The same time for a poll that brought nothing, though it was to wait: somebody between answers in the server's place. */
const POLL_IDLE_MS = 1_000

export function httpTransport({ exchange, pollMs = POLL_MS_MAX, clock = systemClock }: HttpOptions): Transport {
  if (!(Number.isSafeInteger(pollMs) && pollMs >= 1 && pollMs <= POLL_MS_MAX)) {
    throw new RangeError(`pollMs is ${pollMs}; it must be a whole number from 1 to ${POLL_MS_MAX}`)
  }
  return {
    name: 'http',
    preamble: false,
    ...(exchange.url === undefined ? {} : { address: exchange.url }),
    ...(exchange.at === undefined
      ? {}
      : {
          at({ url }) {
            const other = url === '' ? undefined : exchange.at?.(url)
            return other === undefined ? undefined : httpTransport({ exchange: other, pollMs, clock })
          },
        }),
    connect(handlers: TransportHandlers): TransportConnection {
      const connection = new HttpConnection(exchange, pollMs, clock, handlers)
      // There is nothing to open: the first request shows whether there is a way.
      handlers.opened()
      return connection
    },
  }
}

type State =
  | { readonly name: 'nameless' }
  /** `held`: what was written behind Hello. */
  | { readonly name: 'greeting'; readonly held: Frame[] }
  | { readonly name: 'bound'; readonly attempt: number }
  | { readonly name: 'closed' }

type Answered = (answer: HttpAnswer) => void

class HttpConnection implements TransportConnection {
  readonly #calls: HttpCalls
  readonly #pollMs: number
  readonly #clock: Clock
  readonly #handlers: TransportHandlers
  readonly #decoder = new FrameDecoder(FRAME_TO_SERVER_BYTES_MAX)
  readonly #queue = new HttpQueue()
  #state: State = { name: 'nameless' }
  /** The version up to which all was handed to the client, in ranges that join. */
  #since = 0
  #laneBusy = false
  /** One ack is under way at a time: the marks of one must not be lost when the version of a later one is taken. */
  #ackUnderWay = false
  /** A Sync was refused with an ack in it: the ack waits until another Sync succeeds. */
  #acksRest = false
  #pinged = false
  #pause: TimerHandle | undefined
  /** The session has ended; told when nothing is under way any more. */
  #ending: HttpAnswer | undefined
  /** The frames that go to the client when the present answer was handled. */
  #out: Uint8Array[] = []

  constructor(exchange: HttpExchange, pollMs: number, clock: Clock, handlers: TransportHandlers) {
    this.#calls = new HttpCalls(exchange, clock, error => this.#end(error))
    this.#pollMs = pollMs
    this.#clock = clock
    this.#handlers = handlers
  }

  write(bytes: Uint8Array): void {
    if (this.#state.name === 'closed') return
    this.#decoder.push(bytes)
    for (let decoded = this.#decoder.next(); decoded !== undefined; decoded = this.#decoder.next()) {
      if (decoded.kind === 'error') throw new TypeError(`the bytes written are no frames: ${decoded.message}`)
      if (decoded.kind === 'ping') this.#ping()
      else this.#written({ ...decoded.frame, body: decoded.frame.body.slice() })
    }
    this.#pump()
  }

  close(): void {
    if (this.#state.name === 'closed') return
    const lastWord = this.#state.name === 'bound' && !this.#ackUnderWay ? this.#queue.takeAck() : undefined
    if (lastWord !== undefined) this.#sync({}, lastWord, () => {})
    this.#state = { name: 'closed' }
    this.#pause?.cancel()
    this.#calls.giveUp()
  }

  // What the client wrote ----------------------------------------------------------------------------------------------

  #written(frame: Frame): void {
    const state = this.#state
    if (frame.method === METHODS.hello.number) this.#hello(frame)
    else if (state.name === 'greeting') state.held.push(frame)
    else this.#route(frame)
  }

  #route(frame: Frame): void {
    const method = methodByNumber(frame.method)
    if (frame.method === METHODS.ack.number) this.#queue.addAck(decodeAckNotice(frame.body))
    else if (frame.method === METHODS.sync.number) this.#pull(frame)
    else if (method?.kind !== 'request') this.#unknown(frame)
    else if (method.mutating) this.#queue.add(frame)
    else this.#ask(method, frame)
  }

  #hello(frame: Frame): void {
    const hello = decodeHelloRequest(frame.body)
    if (hello.token.length === 0) {
      this.#ask(METHODS.hello, frame)
      return
    }
    this.#calls.authorization = `Bearer ${toBase64Url(hello.token)}`
    this.#state = { name: 'greeting', held: [] }
    this.#post(METHODS.hello, frame.body, answer => {
      if (answer.kind === 'ok') {
        this.#greeted(frame.id, hello, answer.body)
        return
      }
      if (answer.kind === 'refused') this.#refuse(frame.id, answer)
      // As on a connection: a refused Hello is answered, and then it is over.
      this.#deliver()
      if (answer.kind === 'foreign') this.#end(foreignError(answer.status), answer.retryAfterMs)
      else this.#end(undefined)
    })
  }

  #greeted(id: number, hello: HelloRequest, body: Uint8Array): void {
    const { resync, storeId, head } = decodeHelloResponse(body)
    const known = hello.storeId.length === 0 || sameBytes(hello.storeId, storeId)
    const { held } = this.#state as { held: Frame[] }
    const since = known && !resync ? hello.since : 0
    this.#since = hello.fromHead ? head : since
    this.#state = { name: 'bound', attempt: hello.attempt }
    this.#out.push(encodeResponse(id, body))
    // The first page, which a connection gets behind Hello's answer: fetched if there is any, otherwise known.
    const upToDate = head <= this.#since
    if (upToDate) this.#push({ to: this.#since, trimmed: false, items: [] }, this.#since)
    for (const frame of held) this.#route(frame)
    this.#poll(upToDate ? this.#pollMs : 0)
  }

  #ask(method: RequestMethod, frame: Frame): void {
    this.#post(method, frame.body, answer => this.#respond(frame.id, answer))
  }

  #pull(frame: Frame): void {
    const { since, state } = decodeSyncRequest(frame.body)
    if (state) {
      this.#ask(METHODS.sync, frame)
      return
    }
    const ack = this.#ackUnderWay ? undefined : this.#queue.takeAck(since)
    this.#sync({ since }, ack, (answer, page) => {
      if (page !== undefined) this.#advance(since, page.to)
      this.#respond(frame.id, answer)
    })
  }

  #unknown(frame: Frame): void {
    if (frame.id === 0) return
    this.#out.push(encodeRefusal(frame.id, CODES.UNKNOWN_METHOD.code, '', 0))
    this.#deliver()
  }

  /** Asks for an answer: any answer of the server shows that it is there. */
  #ping(): void {
    this.#pinged = true
    if (this.#state.name !== 'bound') {
      // A nameless one: with the token it would bind an attempt.
      this.#post(METHODS.hello, NO_BYTES, answer => this.#heeded(answer), { nameless: true })
      return
    }
    const ack = this.#ackUnderWay ? undefined : this.#queue.takeAck()
    this.#sync({}, ack, (answer, page, since) => this.#asides(answer, page, since))
  }

  // What goes on while bound -------------------------------------------------------------------------------------------

  #poll(waitMs: number): void {
    if (this.#state.name !== 'bound') return
    const since = this.#since
    const startedMs = this.#clock.monotonic()
    const request = createSyncRequest({ since, waitMs, attempt: this.#state.attempt })
    const answered = (answer: HttpAnswer): void => {
      const tookMs = this.#clock.monotonic() - startedMs
      if (answer.kind === 'refused' && answer.code === CODES.RATE_LIMITED.code && answer.retryAfterMs <= POLL_MS_MAX) {
        this.#pollIn(Math.max(answer.retryAfterMs, POLL_IDLE_MS - tookMs), waitMs)
        return
      }
      const page = this.#pageOf(answer)
      this.#paged(answer, page, since)
      if (page === undefined) return
      this.#acksRest = false
      if (page.more && page.to <= since)
        this.#end(new Error(`a page with more behind it that ends where it began, ${since}`))
      else if (page.more) this.#poll(0)
      else if (waitMs === 0) this.#poll(this.#pollMs)
      else this.#pollIn((page.to > since ? POLL_PACE_MS : POLL_IDLE_MS) - tookMs, this.#pollMs)
    }
    this.#post(METHODS.sync, METHODS.sync.encodeRequest(request), answered, { limitMs: waitMs + POLL_GRACE_MS })
  }

  #pollIn(ms: number, waitMs: number): void {
    if (ms <= 0) this.#poll(waitMs)
    else this.#pause = this.#clock.after(ms, () => this.#poll(waitMs))
  }

  /** Starts what the queue may start. */
  #pump(): void {
    if (this.#state.name !== 'bound' || this.#laneBusy) return
    const { run, single } = this.#queue.take()
    if (single !== undefined) {
      this.#laneBusy = true
      const method = methodByNumber(single.method) as RequestMethod
      this.#post(method, single.body, answer => {
        this.#laneBusy = false
        if (method === METHODS.changePassword && answer.kind === 'ok') this.#renewed(answer.body)
        this.#respond(single.id, answer)
        if (isForNow(answer)) this.#refuseWaiting()
      })
      return
    }
    if (run.length === 0) {
      this.#acknowledge()
      return
    }
    this.#laneBusy = true
    const ack = this.#ackUnderWay ? undefined : this.#queue.takeAck()
    this.#sync({ sends: run.map(({ body }) => METHODS.send.decodeRequest(body)) }, ack, (answer, page, since) => {
      this.#laneBusy = false
      this.#sent(run, answer, page, since)
    })
  }

  /** The token that was shown so far has ended with all others. */
  #renewed(body: Uint8Array): void {
    const { token } = METHODS.changePassword.decodeResponse(body)
    if (token.length > 0) this.#calls.authorization = `Bearer ${toBase64Url(token)}`
  }

  /** Sends an ack by itself, when no Sync goes that could take it along. */
  #acknowledge(): void {
    const ack = this.#ackUnderWay || this.#acksRest ? undefined : this.#queue.takeAck()
    if (ack !== undefined) this.#sync({}, ack, (answer, page, since) => this.#asides(answer, page, since))
  }

  #sent(run: readonly Frame[], answer: HttpAnswer, page: SyncResponse | undefined, since: number): void {
    if (page === undefined) {
      // One of them may be what the whole was refused for: alone each gets an answer of its own.
      if (run.length > 1 && answer.kind === 'refused' && actionOf(answer.code) === 'refused') this.#queue.alone(run)
      else for (const frame of run) this.#respond(frame.id, answer)
      if (isForNow(answer)) this.#refuseWaiting()
      return
    }
    const { results } = page
    if (results.length !== run.length) {
      this.#end(new Error(`${results.length} results of ${run.length} sends`))
      return
    }
    // The page first: it holds the own copies, and what came before them.
    this.#paged(answer, page, since)
    for (const [i, frame] of run.entries()) {
      const result = results[i]
      if (result === undefined) continue
      const { version, from, code, message, retryAfterMs, refusal } = result
      if (code === 0) this.#out.push(encodeResponse(frame.id, encodeSendResponse({ version, from })))
      else this.#out.push(encodeRefusal(frame.id, code, message, retryAfterMs, refusal))
    }
    if (actionOf(results.at(-1)?.code ?? 0) === 'retry') this.#refuseWaiting()
  }

  /**
   * Refuses what waits behind a number that was refused for now, as the server would. Asked one by one, a whole window of that would take
   * a minute where an answer takes a second, and the client goes back anyway.
   */
  #refuseWaiting(): void {
    for (const { id } of this.#queue.takeAll()) {
      this.#out.push(encodeRefusal(id, CODES.GAP.code, 'not sent: behind a number that was refused', 0))
    }
  }

  // Requests and their answers -----------------------------------------------------------------------------------------

  /**
   * A Sync that does not wait; with an ack, from what that covers.
   * @param answered with the page, if there is one, and where it begins: that may lie behind what came meanwhile
   */
  #sync(
    request: Partial<SyncRequest>,
    ack: AckNotice | undefined,
    answered: (answer: HttpAnswer, page: SyncResponse | undefined, since: number) => void,
  ): void {
    const since = request.since ?? Math.max(this.#since, ack?.version ?? 0)
    if (ack !== undefined) this.#ackUnderWay = true
    const done = (answer: HttpAnswer): void => {
      const page = this.#pageOf(answer)
      if (ack !== undefined) {
        this.#ackUnderWay = false
        if (page === undefined) this.#queue.putBack(ack)
        this.#acksRest = page === undefined
      }
      // An ack names nothing above what the client has applied.
      if (page !== undefined && request.since === undefined) this.#since = Math.max(this.#since, since)
      answered(answer, page, since)
    }
    const body = METHODS.sync.encodeRequest(createSyncRequest({ ...request, since, ack }))
    this.#post(METHODS.sync, body, done, { lastWord: ack !== undefined })
  }

  #post(method: RequestMethod, body: Uint8Array, answered: Answered, options?: PostOptions): void {
    this.#calls.post(method, body, answer => this.#answered(answer, answered), options)
  }

  #answered(answer: HttpAnswer, answered: Answered): void {
    try {
      answered(answer)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#end(new Error(`not understood: ${error.message}`))
      return
    }
    if (this.#pinged && answer.kind !== 'foreign') {
      this.#pinged = false
      this.#out.push(PING)
    }
    this.#deliver()
    this.#pump()
    if (this.#ending !== undefined && this.#calls.underWay === 0) this.#heeded(this.#ending)
  }

  // What the client hears ----------------------------------------------------------------------------------------------

  #pageOf(answer: HttpAnswer): SyncResponse | undefined {
    return answer.kind === 'ok' ? decodeSyncResponse(answer.body) : undefined
  }

  /** A page that no request of the client waits for is a push; a refusal of it is about the connection. */
  #paged(answer: HttpAnswer, page: SyncResponse | undefined, since: number): void {
    if (page === undefined) this.#heeded(answer)
    else this.#push(page, since)
  }

  /** Takes the page of a Sync that was not sent for it. A server without time for it now is no reason to leave. */
  #asides(answer: HttpAnswer, page: SyncResponse | undefined, since: number): void {
    if (answer.kind !== 'refused' || actionOf(answer.code) !== 'retry') this.#paged(answer, page, since)
  }

  #push({ to, trimmed, items }: Pick<SyncResponse, 'to' | 'trimmed' | 'items'>, since: number): void {
    this.#out.push(encodeNotice(METHODS.push.number, encodePushNotice({ from: since, to, trimmed, items })))
    this.#advance(since, to)
  }

  #advance(since: number, to: number): void {
    if (since <= this.#since && to > this.#since) this.#since = to
  }

  #respond(id: number, answer: HttpAnswer): void {
    if (answer.kind === 'ok') this.#out.push(encodeResponse(id, answer.body))
    else this.#refuse(id, answer)
  }

  #refuse(id: number, answer: Exclude<HttpAnswer, { kind: 'ok' }>): void {
    if (answer.kind === 'refused') {
      const { code, message, retryAfterMs, refusal } = answer
      this.#out.push(encodeRefusal(id, code, message, retryAfterMs, refusal))
    } else {
      const { message } = foreignError(answer.status)
      this.#out.push(encodeRefusal(id, CODES.UNAVAILABLE.code, message, answer.retryAfterMs))
    }
  }

  /** Ends the connection on a refusal, as a server does that closes it: with a Close notice. Does nothing if all is well. */
  #heeded(answer: HttpAnswer): void {
    if (answer.kind === 'ok') return
    // The poll, too, tells of a session that Logout or DeleteAccount ends, and it may be here first. As on a connection, the
    // Close comes behind the answers that are due.
    if (answer.kind === 'refused' && actionOf(answer.code) === 'login' && this.#calls.underWay > 0) {
      this.#ending = answer
      return
    }
    const { code, message, boundAttempt } =
      answer.kind === 'refused'
        ? { ...answer, boundAttempt: answer.refusal?.boundAttempt ?? 0 }
        : { code: CODES.UNAVAILABLE.code, message: foreignError(answer.status).message, boundAttempt: 0 }
    const body = METHODS.close.encode({ boundAttempt })
    const { retryAfterMs } = answer
    this.#out.push(encodeFrame({ method: METHODS.close.number, body, code, message, retryAfterMs }))
    this.#deliver()
    this.#end(undefined)
  }

  #deliver(): void {
    if (this.#out.length === 0 || this.#state.name === 'closed') return
    const bytes = joined(this.#out)
    this.#out = []
    this.#handlers.received(bytes)
  }

  #end(error: Error | undefined, retryAfterMs = 0): void {
    if (this.#state.name === 'closed') return
    this.#state = { name: 'closed' }
    this.#pause?.cancel()
    this.#calls.giveUp()
    this.#handlers.closed(error, retryAfterMs)
  }
}

/** Whether the request may be repeated later: its number is not used up, as far as anybody knows. */
function isForNow(answer: HttpAnswer): boolean {
  return answer.kind === 'foreign' || (answer.kind === 'refused' && actionOf(answer.code) === 'retry')
}

function foreignError(status: number): Error {
  return new Error(`HTTP status ${status}, not from the server`)
}
