/**
 * The methods as unary calls of the Connect protocol, without sockets: a request and its body in, an answer out (PROTOCOL.md, clause 13).
 * It keeps nothing between two requests but the polls that wait, in the hub.
 *
 *   headers ─► route ─► whose token? ─► services ─► answer
 *                                   └─► a Sync that may wait ─► poll ─► answer
 *
 * The token is checked when the whole body has come, and what it allows begins at the same moment. So between the two no session can end
 * unnoticed, and no attempt can be superseded.
 */

import { CODES, type Code, codeText } from '../../protocol/codes.js'
import {
  createRefusal,
  DecodeError,
  decodeHelloRequest,
  decodeSyncRequest,
  encodeHelloResponse,
} from '../../protocol/generated/messages.js'
import { jsonToBody } from '../../protocol/json-codec.js'
import { POLL_MS_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import type { CallerId } from '../connection/backlog.js'
import type { ConnectionContext } from '../connection/context.js'
import { checkedHello } from '../connection/hello.js'
import type { Hub } from '../connection/hub.js'
import { Poll } from '../connection/poll.js'
import { slowing } from '../connection/slowing.js'
import type { WaitingPoll } from '../connection/waiting-polls.js'
import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Limits } from '../ops/rate-limits.js'
import { giveRequestBack, requestWait } from '../services/request-limits.js'
import type { Authorization, Caller, HelloAnswer, Services } from '../services/types.js'
import { bearerToken } from './bearer.js'
import { errorAnswer, type Format, jsonAnswer, messageAnswer } from './connect-answer.js'
import { type Call, type Route, routeOf } from './connect-route.js'
import { HttpCaller } from './http-caller.js'
import type { Reply, ShortAnswer, ShortCall, ShortConnection, ShortRequest } from './types.js'

export interface ConnectOptions {
  readonly services: Services
  readonly hub: Hub
  readonly clock: Clock
  readonly random: Random
  readonly limits: Limits
  readonly routes?: ConnectionContext['routes']
}

type Known = Extract<Authorization, { kind: 'principal' }>

export type Vouched =
  | { readonly kind: 'refused'; readonly answer: ShortAnswer }
  | { readonly kind: 'vouched'; readonly callerId: CallerId }

/** The caller of a request that needs none. */
const NOBODY: Known = { kind: 'principal', uid: 0, device: 0, attempt: 0 }

/** The id of the one request: the services tell a connection's requests apart by their ids. */
const ID = 1

/** The time after which to say Hello again when the timeline's head could not be read. */
const UNREAD_RETRY_MS = 1_000

/** The time after which a poll that was sent to another node comes back here, if there is no way to the other. */
const ELSEWHERE_RETRY_MS = 1

/** The share of the client's own time limit that is kept for the answer's way: a tenth, at most a second. */
const ANSWER_SHARE = 0.1
const ANSWER_MS_MAX = 1_000

export class ConnectHandler {
  readonly #options: ConnectOptions
  /** The time within which clients are to come back; undefined while it serves. */
  #drainMs: number | undefined
  /** The time up to which clients are sent to other nodes; undefined while it serves. */
  #leaveUntilMs: number | undefined
  /** Whether there were polls since then: whoever asked them comes again. */
  #hasPollers = false

  constructor(options: ConnectOptions) {
    this.#options = options
  }

  /** Reads a request's headers. They say what body may follow, or that the request is refused whatever follows. */
  route(request: ShortRequest): Route {
    return this.#drainMs === undefined ? routeOf(request) : { kind: 'refused', answer: this.#draining() }
  }

  /**
   * Checks the sender of a body that costs more to hold or unpack than a client without a session may cost, before it is read. A packed
   * body takes one request of its sender's limits before it is unpacked, so that of many at once each is counted.
   */
  vouch(request: ShortRequest, isPacked: boolean, settle: (vouched: Vouched) => void): void {
    const { address } = request
    const { limits } = this.#options
    this.#authorize(request, authorization => {
      if (authorization.kind !== 'principal') {
        settle({ kind: 'refused', answer: unauthorized(authorization) })
        return
      }
      request.connection?.authenticated()
      const { uid, device } = authorization
      const callerId = { uid, device, address }
      const waitMs = slowing(limits, callerId, 0) || (isPacked ? requestWait(limits, callerId) : 0)
      if (waitMs > 0)
        settle({ kind: 'refused', answer: errorAnswer(CODES.RATE_LIMITED.code, { retryAfterMs: waitMs }) })
      else settle({ kind: 'vouched', callerId })
    })
  }

  /** Gives back what vouch() took for a packed body: the request itself takes it now. */
  unpacked(callerId: CallerId): void {
    giveRequestBack(this.#options.limits, callerId)
  }

  /**
   * Answers a request.
   * @param body unpacked; it is the call's, and must not change
   * @param call what route() said before the body came, if it was asked
   */
  handle(request: ShortRequest, body: Uint8Array, reply: Reply, call?: Call): ShortCall {
    const route = call === undefined || this.#drainMs !== undefined ? this.route(request) : call
    if (route.kind === 'refused' || body.length > route.bodyBytesMax) {
      reply(route.kind === 'refused' ? route.answer : tooLarge(route.bodyBytesMax))
      return NOTHING_TO_ABANDON
    }
    const asked = new Asked(request, route, reply)
    const { method } = route
    if (method.number === METHODS.hello.number) this.#hello(asked, body)
    else if (method.nameless) this.#call(asked, body, NOBODY)
    else {
      this.#authorize(request, authorization => {
        if (asked.isAbandoned) return
        if (authorization.kind === 'refused') {
          reply(unauthorized(authorization))
          return
        }
        request.connection?.authenticated()
        if (method.number === METHODS.sync.number) this.#sync(asked, body, authorization)
        else this.#call(asked, body, authorization)
      })
    }
    return asked
  }

  /**
   * Sends clients to other nodes: refuses each poll at a time of its own within this time. What else they ask for is done, for they may be
   * there only a moment later.
   */
  leave(withinMs: number): void {
    this.#leaveUntilMs = this.#options.clock.monotonic() + withinMs
    for (const poll of this.#options.hub.polls.all()) this.#sendAway(poll)
  }

  /** Whether a client may poll that was not sent to another node yet. */
  get awaitsPollers(): boolean {
    return this.#hasPollers && this.#leavingMs > 0
  }

  /** Stops: tells each waiting poll to come back at a time of its own, and each later request. */
  drain(withinMs: number): void {
    this.#drainMs = withinMs
    for (const poll of this.#options.hub.polls.all()) poll.end(CODES.DRAINING.code, 0, this.#comeBackMs(withinMs))
  }

  /** The time after which a client is to come back; 0 while it serves. Another one at each look. */
  get retryAfterMs(): number {
    return this.#drainMs === undefined ? 0 : this.#comeBackMs(this.#drainMs)
  }

  /** The time that is left for clients to leave; 0: it is over, or has not begun. */
  get #leavingMs(): number {
    return this.#leaveUntilMs === undefined ? 0 : Math.max(0, this.#leaveUntilMs - this.#options.clock.monotonic())
  }

  #sendAway(poll: WaitingPoll): void {
    this.#hasPollers = true
    const { clock } = this.#options
    clock.after(this.#comeBackMs(this.#leavingMs), () => poll.end(CODES.DRAINING.code, 0, ELSEWHERE_RETRY_MS))
  }

  #draining(): ShortAnswer {
    return errorAnswer(CODES.DRAINING.code, { retryAfterMs: this.retryAfterMs })
  }

  #comeBackMs(withinMs: number): number {
    return 1 + this.#options.random.integer(Math.max(1, Math.floor(withinMs)))
  }

  #authorize({ headers, address }: ShortRequest, settle: (authorization: Authorization) => void): void {
    const token = bearerToken(headers.authorization)
    if (token === undefined) settle({ kind: 'refused', code: CODES.LOGIN_REQUIRED.code, retryAfterMs: 0 })
    else this.#options.services.authorize(token, address, settle)
  }

  #call(asked: Asked, given: Uint8Array, { uid, device }: Known): void {
    const { address, connection, method, reply } = asked
    if (!this.#takesBytes({ uid, device, address }, given, reply)) return
    const body = decoded(() => asked.message(given), reply)
    if (body === undefined) return
    const withSession = (body: Uint8Array): ShortAnswer => {
      connection?.authenticated()
      return asked.form(body)
    }
    // Nobody can ask for anything but a session: the response to Login and Register holds one.
    const form = uid === 0 ? withSession : asked.form
    const caller = new HttpCaller({ uid, device, address, told: 0, form, reply })
    asked.caller = caller
    this.#options.services.request(caller, ID, method.number, body)
  }

  /** Counts the body's bytes, and refuses what is too much: here nothing can be read more slowly. */
  #takesBytes(caller: Pick<Caller, 'uid' | 'device' | 'address'>, body: Uint8Array, reply: Reply): boolean {
    const { limits } = this.#options
    const waitMs = slowing(limits, caller, 0)
    if (waitMs > 0) reply(errorAnswer(CODES.RATE_LIMITED.code, { retryAfterMs: waitMs }))
    else slowing(limits, caller, body.length)
    return waitMs === 0
  }

  #sync(asked: Asked, given: Uint8Array, { uid, device, attempt: bound }: Known): void {
    const { address, timeoutMs, form, reply } = asked
    const { services, routes } = this.#options
    if (!this.#takesBytes({ uid, device, address }, given, reply)) return
    const body = decoded(() => asked.message(given), reply)
    const sync = body && decoded(() => decodeSyncRequest(body), reply)
    if (body === undefined || sync === undefined) return
    const { since, attempt, sends, waitMs: askedMs, state } = sync
    if (askedMs > POLL_MS_MAX) {
      reply(errorAnswer(CODES.INVALID_ARGUMENT.code, { message: `SyncRequest.wait_ms is above ${POLL_MS_MAX}` }))
      return
    }
    if (attempt !== 0 && attempt < bound) {
      reply(errorAnswer(CODES.REPLACED.code, { refusal: createRefusal({ boundAttempt: bound }) }))
      return
    }
    const caller = new HttpCaller({ uid, device, address, told: since, form, reply })
    const waitMs = Math.min(askedMs, timeoutMs - Math.min(timeoutMs * ANSWER_SHARE, ANSWER_MS_MAX))
    if (waitMs > 0 && sends.length === 0 && !state) {
      const poll = new Poll(this.#options, { uid, device, attempt, since, waitMs }, caller)
      if (!poll.enter()) return
      if (this.#leaveUntilMs !== undefined) this.#sendAway(poll)
      caller.poll = poll
      asked.poll = poll
      const routed = routes?.keep(uid)
      if (routed !== undefined) {
        routed.then(() => services.request(caller, ID, METHODS.sync.number, body))
        return
      }
    }
    services.request(caller, ID, METHODS.sync.number, body)
  }

  #hello(asked: Asked, given: Uint8Array): void {
    const { address, form, reply } = asked
    if (this.#leaveUntilMs !== undefined) {
      reply(errorAnswer(CODES.DRAINING.code, { retryAfterMs: this.#comeBackMs(this.#leavingMs) }))
      return
    }
    const hello = decoded(() => {
      const inBody = decodeHelloRequest(asked.message(given))
      const token = inBody.token.length > 0 ? inBody.token : (asked.token ?? inBody.token)
      return checkedHello({ ...inBody, token })
    }, reply)
    if (hello === undefined) return
    const { services, routes } = this.#options
    services.hello(hello, address, answer => {
      if (answer.kind === 'bound') {
        asked.connection?.authenticated()
        const { response, since, routedMs } = answer
        if (routedMs !== undefined) routes?.noteSet(response.uid, routedMs)
        services.head(response.uid, since).then(
          head => reply(form(encodeHelloResponse({ ...response, ...head }))),
          () => reply(errorAnswer(CODES.UNAVAILABLE.code, { retryAfterMs: UNREAD_RETRY_MS })),
        )
      } else {
        reply(answer.kind === 'refused' ? refusedHello(answer) : form(encodeHelloResponse(answer.response)))
      }
    })
  }
}

/** A request that is being worked on. */
class Asked implements ShortCall {
  readonly address: string
  readonly connection: ShortConnection | undefined
  readonly method: RequestMethod
  readonly timeoutMs: number
  readonly reply: Reply
  /** The answer of an encoded response. */
  readonly form: (body: Uint8Array) => ShortAnswer
  poll: Poll | undefined = undefined
  /** The caller that the services answer. */
  caller: HttpCaller | undefined = undefined
  isAbandoned = false
  readonly #format: Format
  readonly #authorization: string | undefined

  constructor({ address, connection, headers }: ShortRequest, { method, format, timeoutMs }: Call, reply: Reply) {
    this.address = address
    this.connection = connection
    this.method = method
    this.timeoutMs = timeoutMs
    this.reply = reply
    this.form = format === 'proto' ? messageAnswer : body => jsonAnswer(method, body)
    this.#format = format
    this.#authorization = headers.authorization
  }

  get token(): Uint8Array | undefined {
    return bearerToken(this.#authorization)
  }

  /**
   * The request's message, encoded in protobuf.
   * @throws DecodeError
   */
  message(body: Uint8Array): Uint8Array {
    return this.#format === 'proto' ? body : jsonToBody(this.method, 'request', body)
  }

  abandoned(): void {
    this.isAbandoned = true
    this.poll?.leave()
    this.caller?.abandoned()
  }
}

const NOTHING_TO_ABANDON: ShortCall = { abandoned() {} }

/** The decoded message; undefined if it is none, which is answered then. */
function decoded<T>(decode: () => T, reply: Reply): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    const code = error.code as Code
    reply(errorAnswer(code, { message: `${codeText(code)}: ${error.message}` }))
    return undefined
  }
}

function unauthorized({ code, retryAfterMs }: Extract<Authorization, { kind: 'refused' }>): ShortAnswer {
  return errorAnswer(code, { retryAfterMs })
}

function refusedHello({ code, message, retryAfterMs, boundAttempt }: Extract<HelloAnswer, { kind: 'refused' }>) {
  const refusal = boundAttempt === undefined ? undefined : createRefusal({ boundAttempt })
  return errorAnswer(code, { message, refusal, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
}

export function tooLarge(bytesMax: number): ShortAnswer {
  return errorAnswer(CODES.FRAME_TOO_LARGE.code, { status: 413, message: `the body is above ${bytesMax} bytes` })
}
