/**
 * Handles a Hello, from its frame to the first page behind its answer (PROTOCOL.md, clause 3). It exists while it is in work:
 *
 *   frame ─► judged ─► handshaking: the services verify ─► nameless
 *              │                      │                ─► open: bound in the hub ─► first page is read ─► answer and Push
 *              ▼                      ▼                           │
 *            closed ◄─────────── refused: the last frame ◄────────┘ another attempt stands higher, or the page could not be read
 *
 * It is in the hub in the turn in which its binding became durable. So what this node commits later is told to it, or is in its page.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import { encodeRefusal, encodeResponse } from '../../protocol/frame-codec.js'
import {
  DecodeError,
  decodeHelloRequest,
  encodeHelloResponse,
  type HelloRequest,
  type HelloResponse,
} from '../../protocol/generated/messages.js'
import { encodePushFrame } from '../../protocol/item-codec.js'
import { HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN } from '../../protocol/limits.js'
import type { HelloAnswer, TimelinePage } from '../services/types.js'
import { chargeFirstPage, firstPage } from './bounded-services.js'
import { codeOf, deadlineOf, idleTicksOf, type Open, type State, type StateRules } from './connection-state.js'
import type { ConnectionContext, LiveConnection } from './context.js'
import { Feed } from './feed.js'
import type { Pipe } from './pipe.js'
import { checkStillBound } from './still-bound.js'

type Bound = Extract<HelloAnswer, { kind: 'bound' }>
type Page = Extract<TimelinePage, { kind: 'page' }>

/** The time after which to say Hello again when the first page could not be read. */
const UNREAD_RETRY_MS = 1_000

/** The connection, as its Hello sees it. */
export interface Greeted extends LiveConnection {
  readonly context: Pick<
    ConnectionContext,
    'services' | 'hub' | 'wheel' | 'gate' | 'limits' | 'backlog' | 'log' | 'routes'
  >
  readonly address: string
  /** Aborted when nobody waits for answers any more. */
  readonly signal: AbortSignal
  readonly pipe: Pick<Pipe, 'admitted'>
  readonly reader: { takeLargeFrames(): void }
  readonly writer: { uncount(): void }
  isIn(state: State): boolean
  enter<S extends State>(next: S): S
  /** Closes with a last frame other than Close. */
  endWith(frame: Uint8Array, code: Code, message: string): void
}

export class Greeting {
  readonly #connection: Greeted
  readonly #id: number
  /** Whether the client begins at the head that the answer names: what is above it is in the page behind the answer. */
  #beginsAtHead = false

  /** @param id of the frame */
  constructor(connection: Greeted, id: number) {
    this.#connection = connection
    this.#id = id
  }

  /** @param rule the state's, when the frame came */
  begin(rule: StateRules['hello'], body: Uint8Array): void {
    const connection = this.#connection
    if (this.#id === 0) {
      connection.close(CODES.PROTOCOL_ERROR.code, 'a Hello without an id')
    } else if (rule !== 'verify' && rule !== 'verify-token') {
      connection.close(codeOf(rule))
    } else {
      const request = this.#decode(body)
      if (request === undefined) return
      if (rule === 'verify' || request.token.length > 0) this.#verify(request)
      else connection.close(CODES.HELLO_REPEATED.code)
    }
  }

  /** Decodes the request, or refuses it: undefined then. */
  #decode(body: Uint8Array): HelloRequest | undefined {
    try {
      return checkedHello(decodeHelloRequest(body))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#refuse(error.code as Code, error.message)
      return undefined
    }
  }

  #verify(request: HelloRequest): void {
    const connection = this.#connection
    const { services, wheel } = connection.context
    const handshaking = connection.enter({ kind: 'handshaking', deadlineTick: deadlineOf('handshaking', wheel.tick) })
    services.hello(request, connection.address, answer => {
      // One that comes after the connection was closed is for nobody.
      if (connection.isIn(handshaking)) this.#answered(request, answer)
    })
  }

  #answered(request: HelloRequest, answer: HelloAnswer): void {
    if (answer.kind === 'bound') {
      this.#bind(request, answer)
    } else if (answer.kind === 'nameless') {
      const { tick } = this.#connection.context.wheel
      this.#connection.enter({ kind: 'nameless', deadlineTick: deadlineOf('nameless', tick) })
      this.#welcome(answer.response)
    } else {
      this.#refuse(answer.code, answer.message, answer.retryAfterMs, answer.boundAttempt)
    }
  }

  #bind({ heartbeatMs, token, fromHead }: HelloRequest, { response, attempt, since, routedMs }: Bound): void {
    const connection = this.#connection
    const { hub, services, gate, log, routes } = connection.context
    const { uid, device } = response
    const feed = new Feed(since, since)
    const idleTicks = idleTicksOf(heartbeatMs)
    const open: Open = { kind: 'open', uid, device, attempt, feed, idleTicks, paging: true, syncId: 0 }
    connection.writer.uncount() // what waits was the address's, and is the device's from here on
    connection.enter(open)
    const boundAttempt = hub.bind(connection)
    if (boundAttempt !== 0) {
      this.#refuse(CODES.ATTEMPT_SUPERSEDED.code, CODES.ATTEMPT_SUPERSEDED.text, 0, boundAttempt)
      return
    }
    gate.removeUnauthenticated(connection.address, connection.pipe.admitted)
    log.debug({ address: connection.address, uid, device, attempt }, 'connection bound')
    if (routedMs !== undefined) routes?.noteSet(uid, routedMs)
    // Other nodes may have bound it elsewhere, or ended it, before this one was told of such things.
    if (routes !== undefined) checkStillBound(connection, services, token)
    if (fromHead) this.#readHead(open, response)
    else this.#readFirst(open, response, since)
  }

  /** Begins at the head: what comes while it is read is in the first page behind it. */
  #readHead(open: Open, response: HelloResponse): void {
    const connection = this.#connection
    connection.context.services.head(open.uid, 0).then(
      ({ head }) => {
        if (!connection.isIn(open)) return
        open.feed = new Feed(head, head)
        this.#beginsAtHead = true
        this.#readFirst(open, response, head)
      },
      error => this.#unread(open, error),
    )
  }

  #readFirst(open: Open, response: HelloResponse, since: number): void {
    const connection = this.#connection
    const { context } = connection
    firstPage(context, connection, since).then(
      page => {
        if (!connection.isIn(open)) return
        if (page.kind === 'page') this.#answerWith(open, response, since, page)
        else {
          // `since` is no version of this timeline: all of it follows.
          response.resync = true
          open.feed = new Feed(0, page.head)
          this.#readFirst(open, response, 0)
        }
      },
      error => this.#unread(open, error),
    )
  }

  #unread(open: Open, error: unknown): void {
    const { context, signal } = this.#connection
    const { uid, device } = open
    if (!this.#connection.isIn(open)) return
    if (!signal.aborted) context.log.warn({ error, uid, device }, 'the first page could not be read')
    this.#refuse(CODES.UNAVAILABLE.code, CODES.UNAVAILABLE.text, UNREAD_RETRY_MS)
  }

  /** Writes the answer, and the first page behind it, also when that holds nothing (3.8). */
  #answerWith(open: Open, response: HelloResponse, since: number, page: Page): void {
    const { to, trimmed, items, head } = page
    chargeFirstPage(this.#connection.context, this.#connection, page)
    response.head = this.#beginsAtHead && !response.resync ? since : head
    open.paging = false
    this.#welcome(response)
    this.#connection.write(encodePushFrame(since, to, trimmed, items))
    open.feed.paged(to, head, false)
  }

  #welcome(response: HelloResponse): void {
    this.#connection.reader.takeLargeFrames()
    this.#connection.write(encodeResponse(this.#id, encodeHelloResponse(response)))
  }

  /** Refuses as the last frame: no Close follows it (2.4). */
  #refuse(code: Code, message: string, retryAfterMs = 0, boundAttempt = 0): void {
    const refusal = boundAttempt === 0 ? undefined : { expectedSendSeq: 0, boundAttempt }
    this.#connection.endWith(encodeRefusal(this.#id, code, message, retryAfterMs, refusal), code, message)
  }
}

/**
 * Checks the fields of a Hello (3.1).
 * @throws DecodeError
 */
export function checkedHello(request: HelloRequest): HelloRequest {
  const { token, attempt, heartbeatMs } = request
  if (token.length === 0) return request // then the other fields say nothing
  if (attempt === 0) throw new DecodeError(CODES.INVALID_ARGUMENT.code, 'HelloRequest.attempt is missing')
  if (heartbeatMs !== 0 && (heartbeatMs < HEARTBEAT_MS_MIN || heartbeatMs > HEARTBEAT_MS_MAX)) {
    const message = `HelloRequest.heartbeat_ms is not of ${HEARTBEAT_MS_MIN} to ${HEARTBEAT_MS_MAX}`
    throw new DecodeError(CODES.INVALID_ARGUMENT.code, message)
  }
  return request
}
