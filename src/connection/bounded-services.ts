/**
 * Services that take only so many requests of a device, a user and an address in a time, and begin a large answer only when there is space
 * for it (backlog.ts). They give one device only so many bytes of such answers each second. While a page is being read, it counts with its
 * largest possible size. Otherwise ten thousand pages requested at once would all be in memory before the first is seen to wait.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import type { Refusal, SendResult } from '../../protocol/generated/messages.js'
import { itemsBytes } from '../../protocol/item-codec.js'
import { CONVERSATIONS_BYTES_MAX, FRAME_TO_CLIENT_BYTES_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { readerOf, readTag, skipField } from '../../protocol/wire-reader.js'
import type { Random } from '../lib/random.js'
import type { Limits } from '../ops/rate-limits.js'
import { ForwardedServices } from '../services/forwarded.js'
import { chargeRequests, deviceKey, requestWait } from '../services/request-limits.js'
import type { Asker, Caller, Services, TimelineHead, TimelinePage } from '../services/types.js'
import type { Backlog, CallerId } from './backlog.js'
import type { ConnectionContext } from './context.js'

/**
 * Methods with large answers, and what one may take: a page of the timeline; 256 contacts with names and greetings; 100 members with names; a page
 * of what lies before a joining; one of conversations, of which the first may be larger than a page; a part of a conversation.
 */
export const LARGE_ANSWERS: ReadonlyMap<number, number> = new Map([
  [METHODS.sync.number, FRAME_TO_CLIENT_BYTES_MAX],
  [METHODS.contactList.number, 131_072],
  [METHODS.groupMembers.number, 16_384],
  [METHODS.groupEarlier.number, FRAME_TO_CLIENT_BYTES_MAX],
  [METHODS.conversations.number, 2 * CONVERSATIONS_BYTES_MAX],
  [METHODS.history.number, FRAME_TO_CLIENT_BYTES_MAX],
  [METHODS.roomPosts.number, FRAME_TO_CLIENT_BYTES_MAX],
  [METHODS.roomList.number, 32_768],
])

/** Answers up to here are not counted: requests have limits of their own. */
const FREE_BYTES = 1_024

/** The debt in time from which a device is told to wait: one long pause now and then is better than one for each page. */
const OWED_MS_MIN = 1_000

const RETRY_MS = { base: 1_000, spread: 2_000 } as const

export interface Bounds {
  readonly backlog: Backlog
  readonly limits: Limits
  readonly random: Random
}

function bytesOf(page: TimelinePage): number {
  return page.kind === 'page' ? itemsBytes(page.items) : 0
}

/** The number of sends that an encoded SyncRequest carries. */
function sendsIn(body: Uint8Array): number {
  const r = readerOf(body)
  let count = 0
  try {
    while (r.pos < r.len) {
      const tag = readTag(r)
      if (tag === SYNC_SENDS_TAG) count += 1
      skipField(r, tag, 0, 'SyncRequest')
    }
  } catch {
    return 0 // it is refused for what it is
  }
  return count
}

/** Field 4 of SyncRequest. */
const SYNC_SENDS_TAG = 34

/** The milliseconds that a device should wait before its next page; 0 for none. */
function owedMs(limits: Limits, caller: CallerId): number {
  const waitMs = limits.wait('bytes-out', deviceKey(caller), 0)
  return waitMs < OWED_MS_MIN ? 0 : waitMs
}

/** Counts what a device is sent because it asked. */
function chargeAnswer(limits: Limits, caller: CallerId, bytes: number): void {
  if (bytes > FREE_BYTES) limits.charge('bytes-out', deviceKey(caller), bytes)
}

/**
 * Reads the page behind Hello's answer. The route of the user is set before, so that other nodes tell this one what they append. A device
 * with too much on its way gets an empty page, is told that it is behind, and pulls (3.8). It is given up with its caller.
 */
export function firstPage(context: PageContext, caller: CallerId & Asker, since: number): Promise<TimelinePage> {
  const routed = context.routes?.keep(caller.uid)
  return routed === undefined
    ? boundedPage(context, caller, since)
    : routed.then(() => boundedPage(context, caller, since))
}

type PageContext = Pick<ConnectionContext, 'backlog' | 'limits' | 'services' | 'routes'>

function boundedPage({ backlog, limits, services }: PageContext, caller: CallerId & Asker, since: number) {
  const waits = owedMs(limits, caller) > 0 || backlog.reached(caller) !== undefined
  return waits
    ? services.head(caller.uid, since).then(head => emptyPage(head, since))
    : services.page(caller.uid, since, caller)
}

function emptyPage({ head, resync }: TimelineHead, since: number): TimelinePage {
  if (resync) return { kind: 'resync', head }
  return { kind: 'page', items: [], to: since, more: head > since, trimmed: false, head }
}

/** Counts what a device is sent as its first page. */
export function chargeFirstPage({ limits }: Pick<ConnectionContext, 'limits'>, caller: CallerId, page: TimelinePage) {
  chargeAnswer(limits, caller, bytesOf(page))
}

export class BoundedServices extends ForwardedServices {
  readonly #bounds: Bounds

  constructor(services: Services, bounds: Bounds) {
    super(services)
    this.#bounds = bounds
  }

  override request(caller: Caller, id: number, method: number, body: Uint8Array): void {
    const { limits } = this.#bounds
    const waitMs = requestWait(limits, caller)
    if (waitMs > 0) {
      caller.refuse(id, CODES.RATE_LIMITED.code, CODES.RATE_LIMITED.text, waitMs)
      return
    }
    // The sends of a Sync count as requests, of those that come later.
    if (method === METHODS.sync.number) chargeRequests(limits, caller, sendsIn(body))
    const bytes = LARGE_ANSWERS.get(method)
    if (bytes === undefined || caller.uid === 0) super.request(caller, id, method, body)
    else if (this.#hasSpace(caller, id)) {
      super.request(new LargeCaller(caller, this.#bounds, bytes), id, method, body)
    }
  }

  #hasSpace(caller: Caller, id: number): boolean {
    const { backlog, limits, random } = this.#bounds
    const { RATE_LIMITED, OVERLOADED } = CODES
    const waitMs = owedMs(limits, caller)
    if (waitMs > 0) {
      limits.check('bytes-out', deviceKey(caller), 0) // counts it
      caller.refuse(id, RATE_LIMITED.code, RATE_LIMITED.text, waitMs)
      return false
    }
    const reached = backlog.reached(caller)
    if (reached === undefined) return true
    backlog.refusals++
    const retryMs = RETRY_MS.base + random.integer(RETRY_MS.spread)
    if (reached === 'device') caller.refuse(id, RATE_LIMITED.code, 'the answers before are not read yet', retryMs)
    else caller.refuse(id, OVERLOADED.code, OVERLOADED.text, retryMs)
    return false
  }
}

/**
 * The caller of one request with a large answer. Its bytes are reserved until there is an answer; while its page waits, of the caller's own
 * bounds alone: pages that wait hold nothing, and must not keep others from being sent anything. It keeps the caller's id, which a connection
 * that closes meanwhile may forget.
 */
class LargeCaller implements Caller {
  readonly uid: number
  readonly device: number
  readonly address: string
  readonly #caller: Caller
  readonly #bounds: Bounds
  readonly #reserved: number
  #pageWaits = false

  constructor(caller: Caller, bounds: Bounds, bytes: number) {
    this.uid = caller.uid
    this.device = caller.device
    this.address = caller.address
    this.#caller = caller
    this.#bounds = bounds
    this.#reserved = bytes
    bounds.backlog.change(this, bytes)
  }

  get told(): number {
    return this.#caller.told
  }

  get attempt(): number {
    return this.#caller.attempt ?? 0
  }

  get signal(): AbortSignal | undefined {
    return this.#caller.signal
  }

  pageWaits(waits: boolean): void {
    if (waits === this.#pageWaits) return
    this.#pageWaits = waits
    this.#bounds.backlog.changeTotal(waits ? -this.#reserved : this.#reserved)
  }

  respond(id: number, body: Uint8Array): void {
    this.#answered(body.length)
    this.#caller.respond(id, body)
  }

  refuse(id: number, code: Code, message: string, retryAfterMs?: number, refusal?: Refusal): void {
    this.#answered(0)
    this.#caller.refuse(id, code, message, retryAfterMs, refusal)
  }

  accepted(id: number, from: number, version: number): void {
    this.#answered(0)
    this.#caller.accepted(id, from, version)
  }

  synced(id: number, since: number, page: TimelinePage, results: readonly SendResult[]): void {
    this.#answered(bytesOf(page))
    this.#caller.synced(id, since, page, results)
  }

  /** Gives the reserved bytes back: the answer is counted where it waits from now on. */
  #answered(bytes: number): void {
    const { backlog, limits } = this.#bounds
    this.pageWaits(false)
    backlog.change(this, -this.#reserved)
    chargeAnswer(limits, this, bytes)
  }
}
