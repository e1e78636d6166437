/**
 * Services that count what they answer, by method and code. The services themselves do not know of it: each request's caller
 * is wrapped in an object that lives as long as the request (6 ns of the 10 µs that the smallest request takes).
 */
import { CODES, type Code } from '../../protocol/codes.js'
import type { HelloRequest, Refusal, SendResult } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { Counters } from '../ops/counters.js'
import { ForwardedCaller, ForwardedServices } from './forwarded.js'
import type { Asker, Authorization, Caller, HelloAnswer, Services, TimelinePage } from './types.js'

export class CountedServices extends ForwardedServices {
  readonly #counters: Counters

  constructor(services: Services, counters: Counters) {
    super(services)
    this.#counters = counters
  }

  override hello(request: HelloRequest, address: string, settle: (answer: HelloAnswer) => void): void {
    super.hello(request, address, answer => {
      this.#counters.answered(METHODS.hello.number, answer.kind === 'refused' ? answer.code : CODES.OK.code)
      settle(answer)
    })
  }

  override authorize(token: Uint8Array, address: string, settle: (authorization: Authorization) => void): void {
    super.authorize(token, address, authorization => {
      if (authorization.kind === 'refused') this.#counters.unauthorized(authorization.code)
      settle(authorization)
    })
  }

  override request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    super.request(new CountedCaller(caller, this.#counters, method), id, method, body)
  }

  override page(uid: number, since: number, asker?: Asker): Promise<TimelinePage> {
    return super.page(uid, since, asker).then(this.#countPage)
  }

  readonly #countPage = (page: TimelinePage): TimelinePage => {
    if (page.kind === 'page') this.#counters.pulledItems += page.items.length
    return page
  }
}

/** The caller of one request. */
class CountedCaller extends ForwardedCaller {
  readonly #counters: Counters
  readonly #method: number

  constructor(caller: Caller, counters: Counters, method: number) {
    super(caller)
    this.#counters = counters
    this.#method = method
  }

  override respond(id: number, body: Uint8Array): void {
    this.#counters.answered(this.#method, CODES.OK.code)
    super.respond(id, body)
  }

  override refuse(id: number, code: Code, message: string, retryAfterMs?: number, refusal?: Refusal): void {
    this.#counters.answered(this.#method, code)
    super.refuse(id, code, message, retryAfterMs, refusal)
  }

  override accepted(id: number, from: number, version: number): void {
    this.#counters.answered(this.#method, CODES.OK.code)
    super.accepted(id, from, version)
  }

  override synced(id: number, since: number, page: TimelinePage, results: readonly SendResult[]): void {
    const { kind } = page
    this.#counters.answered(this.#method, kind === 'page' ? CODES.OK.code : CODES.RESYNC.code)
    if (kind === 'page') this.#counters.pulledItems += page.items.length
    super.synced(id, since, page, results)
  }
}
