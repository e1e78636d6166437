// Requests without a number: they ask and change nothing, so they are simply asked again on the next connection, until the
// caller's patience ends.
//
//   waiting ──connection──► asked ──answer──► over
//      ▲                      │
//      └─connection lost, retry┘        any ──time──► over
import { actionOf } from '../../../protocol/codes.js'
import type { Frame } from '../../../protocol/generated/messages.js'
import { METHODS, type RequestOf, type ResponseOf } from '../../../protocol/methods.js'
import type { Backoff } from '../base/backoff.js'
import { LongwireError } from '../base/errors.js'
import type { Clock, TimerHandle } from '../base/system.js'
import type { Link } from './link.js'

export type CallName =
  | 'getProfile'
  | 'listDevices'
  | 'contactList'
  | 'groupGet'
  | 'groupMembers'
  | 'groupEarlier'
  | 'roomGet'
  | 'roomPosts'
  | 'roomList'
  | 'roomPublish'
  | 'readBy'
  | 'unread'
  | 'conversations'
  | 'sync'
  | 'history'
  | 'reactions'
  | 'logout'

interface Call {
  readonly method: CallName
  readonly body: Uint8Array
  readonly decode: (body: Uint8Array) => unknown
  readonly resolve: (response: unknown) => void
  readonly reject: (error: Error) => void
  deadline: TimerHandle | undefined
  pause: TimerHandle | undefined
  /** The last answer, if it asked for another try. */
  lastRefusal: LongwireError | undefined
  state: 'waiting' | 'asked'
}

export interface CallsHost {
  readonly clock: Clock
  readonly backoff: Backoff
  connectionCode(frame: Frame): void
  wake(): void
}

export class Calls {
  readonly #host: CallsHost
  readonly #timeoutMs: number
  readonly #calls = new Set<Call>()
  #link: Link | undefined

  constructor(host: CallsHost, options: { readonly callTimeoutMs: number }) {
    this.#host = host
    this.#timeoutMs = options.callTimeoutMs
  }

  /** Rejects with the server's refusal, also one that asked for another try if that comes to nothing in time; or with TIMEOUT. */
  ask<N extends CallName>(method: N, request: RequestOf<N>, timeoutMs = this.#timeoutMs): Promise<ResponseOf<N>> {
    const entry = METHODS[method]
    return new Promise<ResponseOf<N>>((resolve, reject) => {
      const call: Call = {
        method,
        body: (entry.encodeRequest as (request: RequestOf<N>) => Uint8Array)(request),
        decode: entry.decodeResponse,
        resolve: resolve as (response: unknown) => void,
        reject,
        deadline: undefined,
        pause: undefined,
        lastRefusal: undefined,
        state: 'waiting',
      }
      call.deadline = this.#host.clock.after(timeoutMs, () => {
        this.#end(call, call.lastRefusal ?? LongwireError.local('TIMEOUT'))
      })
      this.#calls.add(call)
      this.#send(call)
    })
  }

  connected(link: Link): void {
    this.#link = link
    for (const call of this.#calls) this.#send(call)
  }

  /** Stops new requests. */
  drain(): void {
    this.#link = undefined
  }

  disconnected(): void {
    this.#link = undefined
    for (const call of this.#calls) call.state = 'waiting'
  }

  /** Ends all of them. */
  clear(error: LongwireError): void {
    for (const call of this.#calls) this.#end(call, error)
  }

  #send(call: Call): void {
    if (this.#link === undefined || call.state === 'asked' || call.pause !== undefined) return
    call.state = 'asked'
    this.#link.request(METHODS[call.method].number, call.body, frame => this.#answered(call, frame))
    this.#host.wake()
  }

  #answered(call: Call, frame: Frame): void {
    if (!this.#calls.has(call)) return
    switch (actionOf(frame.code)) {
      case 'ok': {
        const response = call.decode(frame.body)
        this.#host.backoff.reset()
        this.#end(call)
        call.resolve(response)
        break
      }
      case 'refused':
        this.#end(call, LongwireError.ofCode(frame.code, frame.retryAfterMs, frame.message))
        break
      case 'retry':
        call.state = 'waiting'
        call.lastRefusal = LongwireError.ofCode(frame.code, frame.retryAfterMs, frame.message)
        call.pause = this.#host.clock.after(this.#host.backoff.next(frame.retryAfterMs), () => {
          call.pause = undefined
          this.#send(call)
        })
        break
      default:
        this.#host.connectionCode(frame)
    }
  }

  #end(call: Call, error?: LongwireError): void {
    call.deadline?.cancel()
    call.pause?.cancel()
    this.#calls.delete(call)
    if (error !== undefined) call.reject(error)
  }
}
