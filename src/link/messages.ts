/**
 * The messages of a link between an access node and a logic node. They travel in the frames of clause 1 of PROTOCOL.md, with methods of
 * their own. The body of each is a list of fields (fields.ts):
 *
 *   access ─► logic, answered
 *   open          form · name of the node · nonce                          ─► name of the node · nonce
 *   prove         proof                                                    ─► proof
 *   hello         HelloRequest · address · 1 if it is a repeat             ─► HelloResponse · attempt · since · 1 if the route was set
 *   authorize     token · address                                          ─► uid · device · attempt
 *   boundAttempt  uid · device · token                                     ─► attempt + 1; 0: the session has ended
 *   request       uid · device · address · told · attempt · method · body  ─► the body that a client gets; of Sync a page
 *   ack           uid · device · address · told · AckNotice                ─► nothing, when it is durable
 *   page          uid · since                                              ─► a page
 *   head          uid · since                                              ─► head · 1 for resync
 *
 *   a page        head · 1 for resync, 2 for keyed state alone · SyncResponse · since
 *
 *   notices
 *   cancel        access ─► logic: the id of a request that nobody waits for
 *   pageWaits     logic ─► access: the id of a request · 1 while its page waits for those of others
 *   leaving       logic ─► access: it takes no more, and answers what it has
 *   events        both ways: a batch of events (cluster/event-codec.ts)
 *
 * A refusal is the frame that a client gets. An empty frame is a beat: each side sends one a second.
 */
import { EMPTY } from '../../protocol/bytes.js'
import type { SendResult } from '../../protocol/generated/messages.js'
import { encodeSyncBody, readSyncBody } from '../../protocol/item-codec.js'
import { pageMemory } from '../lib/page-memory.js'
import type { TimelinePage } from '../services/types.js'
import { encodeFields, type Fields } from './fields.js'

export const LINK = {
  open: 1,
  prove: 2,
  hello: 3,
  authorize: 4,
  boundAttempt: 5,
  request: 6,
  ack: 7,
  page: 8,
  head: 9,
  cancel: 32,
  pageWaits: 33,
  leaving: 34,
  events: 35,
} as const

/** The form of `open` and of all that follows. A node of a later revision may add methods and fields without another one. */
export const LINK_FORM = 2

/** The longest name of a node, in characters. */
export const NAME_LENGTH_MAX = 64

/** The time for a connection and both proofs. */
export const OPEN_MS = 5_000

/** The largest frame before both ends have proved that they know the secret. */
export const UNPROVEN_BYTES_MAX = 1_024

/** The largest frame on a link: a whole page of a timeline, or a batch of events. */
export const LINK_FRAME_BYTES_MAX = 16 * 2 ** 20

const NO_RESULTS: readonly SendResult[] = []

/** Encodes a page. Its items are not used any more: an encoded page can be used once. */
export function encodePage(since: number, page: TimelinePage, results = NO_RESULTS): Uint8Array {
  if (page.kind === 'resync') return encodeFields(page.head, 1, EMPTY, since)
  const body = encodeSyncBody(since, page, results)
  const bytes = encodeFields(page.head, page.state === true ? 2 : 0, body, since)
  pageMemory.giveBack(body)
  return bytes
}

export interface DecodedPage {
  readonly since: number
  readonly page: TimelinePage
  readonly results: readonly SendResult[]
}

/** @throws DecodeError */
export function decodePage(fields: Fields): DecodedPage {
  const [head, kind, since] = [fields.number(1), fields.number(2), fields.number(4)]
  if (kind === 1) return { since, page: { kind: 'resync', head }, results: NO_RESULTS }
  const { page, results } = readSyncBody(since, fields.bytes(3))
  const state = kind === 2 ? ({ state: true } as const) : {}
  return { since, page: { kind: 'page', ...page, ...state, head }, results }
}
