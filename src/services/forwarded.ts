/** Services that pass everything on to others: what stands in front of services says only what it does besides. */
import type { Code } from '../../protocol/codes.js'
import type { AckNotice, HelloRequest } from '../../protocol/generated/messages.js'
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
