/** Services that the test plays itself: what came in is kept, and answered when the test says so (or at once). */

import { CODES, type Code } from '../../protocol/codes.js'
import { type AckNotice, createHelloResponse, type HelloRequest } from '../../protocol/generated/messages.js'
import type { RawItem } from '../../protocol/item-codec.js'
import { SYNC_ITEMS_MAX } from '../../protocol/limits.js'
import type {
  Asker,
  Authorization,
  Caller,
  HelloAnswer,
  Services,
  TimelineHead,
  TimelinePage,
  Via,
} from '../../src/services/types.js'

export interface HeldRequest {
  readonly caller: Caller
  readonly id: number
  readonly method: number
  readonly body: Uint8Array
}

export interface HeldHello {
  readonly request: HelloRequest
  readonly settle: (answer: HelloAnswer) => void
  /** Who passed it on; undefined: nobody. */
  readonly via?: Via | undefined
}

/** A timeline with no gaps: the item of version v is one byte of text. */
export class FakeTimeline {
  readonly items: RawItem[] = []

  get head(): number {
    return this.items.length
  }

  append(): { from: number; version: number; bytes: Uint8Array } {
    const from = this.head
    const item = { version: from + 1, bytes: Uint8Array.of(0x12, 0x03, 0x32, 0x01, 0x61 + (from % 26)) }
    this.items.push(item)
    return { from, ...item }
  }

  page(since: number, itemsMax = SYNC_ITEMS_MAX): TimelinePage {
    if (since > this.head) return { kind: 'resync', head: this.head }
    const to = Math.min(this.head, since + itemsMax)
    const items = this.items.slice(since, to)
    return { kind: 'page', items, to, more: to < this.head, trimmed: false, head: this.head }
  }
}

export class FakeServices implements Services {
  readonly hellos: HeldHello[] = []
  readonly requests: HeldRequest[] = []
  /** Who asked for each page. */
  readonly askers: (Asker | undefined)[] = []
  readonly acks: AckNotice[] = []
  readonly timelines = new Map<number, FakeTimeline>()
  /** Answers a Hello at once: a token of one byte is uid and device of that number; 'hold' keeps it. */
  helloMode: 'answer' | 'hold' = 'answer'
  /** What request() does; the default holds it. */
  onRequest: (held: HeldRequest) => void = held => this.requests.push(held)
  /** By `uid/device`, where it is not what asks: the highest attempt, undefined if the session has ended. */
  readonly bound = new Map<string, number | undefined>()
  ackCode: Code = CODES.OK.code
  itemsMax = SYNC_ITEMS_MAX
  /** That every device has bound, as authorize() says. */
  attempt = 0
  /** Settles the authorizations that were asked for; undefined: at once. */
  heldAuthorizations: (() => void)[] | undefined
  /** Makes the acks durable that were taken; undefined: at once. */
  heldAcks: (() => void)[] | undefined
  /** Resolves the pages that were asked for; undefined: at once. */
  heldPages: (() => void)[] | undefined

  timeline(uid: number): FakeTimeline {
    let timeline = this.timelines.get(uid)
    if (timeline === undefined) {
      timeline = new FakeTimeline()
      this.timelines.set(uid, timeline)
    }
    return timeline
  }

  hello(request: HelloRequest, _address: string, settle: (answer: HelloAnswer) => void, via?: Via): void {
    if (this.helloMode === 'hold') this.hellos.push({ request, settle, via })
    else settle(this.answerOf(request))
  }

  answerOf({ token, attempt, since }: HelloRequest): HelloAnswer {
    const [uid, device = 1] = token
    if (uid === undefined) return { kind: 'nameless', response: createHelloResponse({ serverTimeMs: 1 }) }
    if (uid === 0xff) return { kind: 'refused', code: CODES.UNAUTHENTICATED.code, message: 'no such token' }
    return { kind: 'bound', response: createHelloResponse({ uid, device, serverTimeMs: 1 }), attempt, since }
  }

  request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    this.onRequest({ caller, id, method, body: body.slice() })
  }

  authorize(token: Uint8Array, _address: string, settle: (authorization: Authorization) => void): void {
    if (this.heldAuthorizations === undefined) this.#authorize(token, settle)
    else this.heldAuthorizations.push(() => this.#authorize(token, settle))
  }

  #authorize([uid, device = 1]: Uint8Array, settle: (authorization: Authorization) => void): void {
    if (uid === undefined || uid === 0xff) {
      settle({ kind: 'refused', code: CODES.UNAUTHENTICATED.code, retryAfterMs: 0 })
    } else {
      settle({ kind: 'principal', uid, device, attempt: this.attempt })
    }
  }

  /** What is bound in truth: by default what asks. */
  boundAttempt(uid: number, device: number): Promise<number | undefined> {
    return Promise.resolve(this.bound.has(`${uid}/${device}`) ? this.bound.get(`${uid}/${device}`) : 0)
  }

  ack(_caller: Caller, notice: AckNotice, settled?: () => void): Code {
    this.acks.push(notice)
    if (this.ackCode !== CODES.OK.code) return this.ackCode
    if (this.heldAcks === undefined) settled?.()
    else this.heldAcks.push(() => settled?.())
    return this.ackCode
  }

  page(uid: number, since: number, asker?: Asker): Promise<TimelinePage> {
    this.askers.push(asker)
    const page = (): TimelinePage => this.timeline(uid).page(since, this.itemsMax)
    if (this.heldPages === undefined) return Promise.resolve(page())
    return new Promise(resolve => this.heldPages?.push(() => resolve(page())))
  }

  async head(uid: number, since: number): Promise<TimelineHead> {
    const { head } = this.timeline(uid)
    return { head, resync: since > head }
  }
}
