/**
 * The calls of an access node to a logic node: what each sends, and what it does with the answer. All may be repeated: if a link is lost,
 * nobody knows whether its requests were done, and they are sent again, to another node or to the same one when it is back.
 */

import { CODES, type Code, codeText } from '../../protocol/codes.js'
import {
  type AckNotice,
  decodeHelloResponse,
  decodeRefusal,
  decodeSendResponse,
  encodeAckNotice,
  encodeHelloRequest,
  type Frame,
  type HelloRequest,
  type Mark,
} from '../../protocol/generated/messages.js'
import { versionBefore } from '../../protocol/item-codec.js'
import { MARKS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import type { Asker, Authorization, Caller, HelloAnswer, TimelineHead, TimelinePage } from '../services/types.js'
import type { Actor } from '../store/types.js'
import { encodeFields, Fields } from './fields.js'
import { decodePage, LINK } from './messages.js'

/** A call that waits for its answer. */
export interface Call {
  /** The user in whose order it is sent; 0: none. */
  readonly uid: number
  /** The actor whose node it is for; absent: the user's. */
  readonly home?: Actor | undefined
  /** The device that an ack is of. */
  readonly device?: number
  /** The address of a caller who has no session, or has not proved it; absent: the user is known. */
  readonly stranger?: string | undefined
  /** The bytes that it holds on to. */
  readonly bytes: number
  readonly method: number
  /** Aborted when nobody waits for the answer; absent: somebody does. */
  readonly signal?: AbortSignal | undefined
  /** @param again whether it was sent before */
  body(again: boolean): Uint8Array
  /** Takes the answer. @throws DecodeError */
  answered(frame: Frame): void
  /** Takes that there will be no answer; it may be asked again after so many milliseconds. */
  refused(code: Code, message: string, retryAfterMs: number): void
  pageWaits?(waits: boolean): void
  /** Takes over what a later call of the device says. @returns false if it cannot */
  merge?(later: Call): boolean
}

/** The bytes that a call costs beside its body. */
export const CALL_BYTES = 256

/** The bytes of a mark in memory. */
const MARK_BYTES = 64

/** The methods whose work is given up when nobody waits for it: a page, and what needs the hash of a password. */
const GIVEN_UP: ReadonlySet<number> = new Set(
  [METHODS.sync, METHODS.register, METHODS.login, METHODS.changePassword, METHODS.deleteAccount].map(
    ({ number }) => number,
  ),
)

/** The methods that are answered with the range of an own copy. */
const ACCEPTING: ReadonlySet<number> = new Set(
  [METHODS.send, METHODS.post, METHODS.forward].map(({ number }) => number),
)

export interface AskedFor {
  readonly method: number
  readonly body: Uint8Array
  /** The actor whose node it is for; absent: the caller's. */
  readonly home?: Actor
}

export class RequestCall implements Call {
  readonly uid: number
  readonly home: Actor | undefined
  readonly bytes: number
  readonly method = LINK.request
  readonly #caller: Caller
  readonly #id: number
  readonly #method: number
  /** A copy: a frame's body is the frame's. */
  readonly #body: Uint8Array

  constructor(caller: Caller, id: number, { method, body, home }: AskedFor) {
    this.uid = caller.uid
    this.home = home
    this.bytes = CALL_BYTES + body.length
    this.#caller = caller
    this.#id = id
    this.#method = method
    this.#body = body.slice()
  }

  get stranger(): string | undefined {
    return this.uid === 0 ? this.#caller.address : undefined
  }

  get signal(): AbortSignal | undefined {
    return GIVEN_UP.has(this.#method) ? this.#caller.signal : undefined
  }

  body(): Uint8Array {
    const { uid, device, address, told, attempt = 0 } = this.#caller
    return encodeFields(uid, device, address, told, attempt, this.#method, this.#body)
  }

  answered({ code, message, retryAfterMs, body }: Frame): void {
    const caller = this.#caller
    const id = this.#id
    if (code !== CODES.OK.code) {
      const refusal = body.length === 0 ? undefined : decodeRefusal(body)
      caller.refuse(id, code as Code, message, retryAfterMs, refusal)
    } else if (ACCEPTING.has(this.#method)) {
      const { version, from } = decodeSendResponse(body)
      caller.accepted(id, version === 0 ? 0 : versionBefore(from, version), version)
    } else if (this.#method === METHODS.sync.number) {
      const { since, page, results } = decodePage(new Fields(body))
      caller.synced(id, since, page, results)
    } else caller.respond(id, body)
  }

  refused(code: Code, message: string, retryAfterMs: number): void {
    this.#caller.refuse(this.#id, code, message, retryAfterMs)
  }

  pageWaits(waits: boolean): void {
    this.#caller.pageWaits?.(waits)
  }
}

export class AckCall implements Call {
  readonly uid: number
  readonly device: number
  readonly method = LINK.ack
  readonly #caller: Caller
  #told: number
  #notice: AckNotice

  /** @param notice which is the call's from then on */
  constructor(caller: Caller, notice: AckNotice) {
    this.uid = caller.uid
    this.device = caller.device
    this.#caller = caller
    this.#told = caller.told
    this.#notice = notice
  }

  get bytes(): number {
    return CALL_BYTES + MARK_BYTES * (this.#notice.delivered.length + this.#notice.read.length)
  }

  body(): Uint8Array {
    const { uid, device } = this
    return encodeFields(uid, device, this.#caller.address, this.#told, encodeAckNotice(this.#notice))
  }

  answered({ code }: Frame): void {
    if (AT_FAULT.has(code)) this.#caller.close?.(code as Code)
  }

  /** Does nothing: marks may be lost (PROTOCOL.md, 7.13). */
  refused(): void {}

  merge(later: Call): boolean {
    if (!(later instanceof AckCall)) return false
    const known = this.#notice
    const { version, delivered, read } = later.#notice
    const [bothDelivered, bothRead] = [merged(known.delivered, delivered), merged(known.read, read)]
    if (bothDelivered.length > MARKS_MAX || bothRead.length > MARKS_MAX) return false
    this.#notice = { version: Math.max(known.version, version), delivered: bothDelivered, read: bothRead }
    this.#told = Math.max(this.#told, later.#told)
    return true
  }
}

/** The refusals of an ack by which the client is at fault. By any other one it is as if the ack were lost. */
const AT_FAULT: ReadonlySet<number> = new Set([CODES.FLOOD.code, CODES.RESYNC.code])

/** The highest mark of each device, of both lists. */
function merged(known: Mark[], later: readonly Mark[]): Mark[] {
  if (later.length === 0) return known
  const marks = new Map<string, Mark>()
  for (const mark of [...known, ...later]) {
    const key = `${mark.peer}:${mark.device}`
    if (mark.sendSeq >= (marks.get(key)?.sendSeq ?? 0)) marks.set(key, mark)
  }
  return [...marks.values()]
}

export class HelloCall implements Call {
  readonly uid: number
  readonly bytes: number
  readonly method = LINK.hello
  readonly #request: Uint8Array
  readonly #address: string
  readonly #sentMs: number
  readonly #settle: (answer: HelloAnswer) => void

  get stranger(): string {
    return this.#address
  }

  /** @param nowMs by the monotonic clock: no route is set before */
  constructor(
    { uid, nowMs }: { readonly uid: number; readonly nowMs: number },
    request: HelloRequest,
    address: string,
    settle: (answer: HelloAnswer) => void,
  ) {
    this.uid = uid
    this.#request = encodeHelloRequest(request)
    this.bytes = CALL_BYTES + this.#request.length
    this.#address = address
    this.#sentMs = nowMs
    this.#settle = settle
  }

  body(again: boolean): Uint8Array {
    return encodeFields(this.#request, this.#address, again ? 1 : 0)
  }

  answered({ code, message, retryAfterMs, body }: Frame): void {
    if (code !== CODES.OK.code) {
      const { boundAttempt } = decodeRefusal(body)
      const bound = boundAttempt === 0 ? {} : { boundAttempt }
      this.#settle({ kind: 'refused', code: code as Code, message, retryAfterMs, ...bound })
      return
    }
    const fields = new Fields(body)
    const response = decodeHelloResponse(fields.bytes(1))
    const attempt = fields.number(2)
    if (attempt === 0) this.#settle({ kind: 'nameless', response })
    else {
      const routed = fields.number(4) === 1 ? { routedMs: this.#sentMs } : {}
      this.#settle({ kind: 'bound', response, attempt, since: fields.number(3), ...routed })
    }
  }

  refused(code: Code, message: string, retryAfterMs: number): void {
    this.#settle({ kind: 'refused', code, message, retryAfterMs })
  }
}

export class AuthorizeCall implements Call {
  readonly uid: number
  readonly bytes = CALL_BYTES
  readonly method = LINK.authorize
  readonly stranger: string
  readonly #body: Uint8Array
  readonly #settle: (authorization: Authorization) => void

  constructor(uid: number, token: Uint8Array, address: string, settle: (authorization: Authorization) => void) {
    this.uid = uid
    this.stranger = address
    this.#body = encodeFields(token, address)
    this.#settle = settle
  }

  body(): Uint8Array {
    return this.#body
  }

  answered({ code, retryAfterMs, body }: Frame): void {
    if (code !== CODES.OK.code) {
      this.refused(code as Code, '', retryAfterMs)
      return
    }
    const fields = new Fields(body)
    const [uid, device, attempt] = [fields.number(1), fields.number(2), fields.number(3)]
    this.#settle({ kind: 'principal', uid, device, attempt })
  }

  refused(code: Code, _message: string, retryAfterMs: number): void {
    this.#settle({ kind: 'refused', code, retryAfterMs })
  }
}

/** A call whose caller gets a promise. */
export class ReadCall<T> implements Call {
  readonly uid: number
  readonly bytes = CALL_BYTES
  readonly method: number
  readonly #body: Uint8Array
  readonly #asker: Asker | undefined
  readonly #read: (fields: Fields) => T
  #resolve: (value: T) => void = () => {}
  #reject: (error: Error) => void = () => {}
  readonly answer: Promise<T> = new Promise((resolve, reject) => {
    this.#resolve = resolve
    this.#reject = reject
  })

  private constructor(uid: number, method: number, body: Uint8Array, read: (fields: Fields) => T, asker?: Asker) {
    this.uid = uid
    this.method = method
    this.#body = body
    this.#read = read
    this.#asker = asker
  }

  static boundAttempt(uid: number, device: number, token: Uint8Array): ReadCall<number | undefined> {
    return new ReadCall(uid, LINK.boundAttempt, encodeFields(uid, device, token), fields => {
      const attempt = fields.number(1)
      return attempt === 0 ? undefined : attempt - 1
    })
  }

  static page(uid: number, since: number, asker: Asker | undefined): ReadCall<TimelinePage> {
    return new ReadCall<TimelinePage>(
      uid,
      LINK.page,
      encodeFields(uid, since),
      fields => decodePage(fields).page,
      asker,
    )
  }

  static head(uid: number, since: number): ReadCall<TimelineHead> {
    return new ReadCall(uid, LINK.head, encodeFields(uid, since), fields => {
      return { head: fields.number(1), resync: fields.number(2) === 1 }
    })
  }

  get signal(): AbortSignal | undefined {
    return this.#asker?.signal
  }

  body(): Uint8Array {
    return this.#body
  }

  answered({ code, message, body }: Frame): void {
    if (code === CODES.OK.code) this.#resolve(this.#read(new Fields(body)))
    else this.refused(code as Code, message)
  }

  refused(code: Code, message = codeText(code)): void {
    this.#reject(new Error(`a logic node refused with ${code}: ${message}`))
  }

  pageWaits(waits: boolean): void {
    this.#asker?.pageWaits?.(waits)
  }
}
