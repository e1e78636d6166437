/** Services and callers that pass everything on to others: what stands between the two says only what it does besides. */
import type { Code } from '../../protocol/codes.js'
import type { AckNotice, HelloRequest, Refusal, SendResult } from '../../protocol/generated/messages.js'
import type { Asker, Authorization, Caller, HelloAnswer, Services, TimelineHead, TimelinePage, Via } from './types.js'

export class ForwardedServices implements Services {
  protected readonly inner: Services

  constructor(inner: Services) {
    this.inner = inner
  }

  hello(request: HelloRequest, address: string, settle: (answer: HelloAnswer) => void, via?: Via): void {
    this.inner.hello(request, address, settle, via)
  }

  authorize(token: Uint8Array, address: string, settle: (authorization: Authorization) => void): void {
    this.inner.authorize(token, address, settle)
  }

  boundAttempt(uid: number, device: number, token?: Uint8Array): Promise<number | undefined> {
    return this.inner.boundAttempt(uid, device, token)
  }

  request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    this.inner.request(caller, id, method, body)
  }

  ack(caller: Caller, notice: AckNotice, settled?: () => void): Code {
    return this.inner.ack(caller, notice, settled)
  }

  page(uid: number, since: number, asker?: Asker): Promise<TimelinePage> {
    return this.inner.page(uid, since, asker)
  }

  head(uid: number, since: number): Promise<TimelineHead> {
    return this.inner.head(uid, since)
  }
}

export class ForwardedCaller implements Caller {
  protected readonly inner: Caller

  constructor(inner: Caller) {
    this.inner = inner
  }

  get uid(): number {
    return this.inner.uid
  }

  get device(): number {
    return this.inner.device
  }

  get address(): string {
    return this.inner.address
  }

  get told(): number {
    return this.inner.told
  }

  get attempt(): number {
    return this.inner.attempt ?? 0
  }

  get signal(): AbortSignal | undefined {
    return this.inner.signal
  }

  pageWaits(waits: boolean): void {
    this.inner.pageWaits?.(waits)
  }

  respond(id: number, body: Uint8Array): void {
    this.inner.respond(id, body)
  }

  refuse(id: number, code: Code, message: string, retryAfterMs?: number, refusal?: Refusal): void {
    this.inner.refuse(id, code, message, retryAfterMs, refusal)
  }

  accepted(id: number, from: number, version: number): void {
    this.inner.accepted(id, from, version)
  }

  synced(id: number, since: number, page: TimelinePage, results: readonly SendResult[]): void {
    this.inner.synced(id, since, page, results)
  }
}
