/**
 * Reads a part of a conversation in the user's own timeline, whatever number is named as its place.
 *
 *        from                    place                     to
 *    ──────┤ … older, by the links ┤ newer, by the log … ──┤──────
 *
 * Older items are reached along the links, newer ones by reading the log on; if there are few up to the newest, along the links, too. An
 * answer covers what it has passed over, so whoever goes on from its ends gets forward, also where nothing of the conversation is.
 */
import { CODES } from '../../protocol/codes.js'
import { type ConversationId, peerOf } from '../../protocol/conversation-id.js'
import { decodeItem, encodeHistoryResponse, type HistoryRequest, type Item } from '../../protocol/generated/messages.js'
import {
  HISTORY_BYTES_MAX,
  HISTORY_ITEMS,
  HISTORY_ITEMS_MAX,
  SYNC_BYTES_MAX,
  SYNC_ITEMS_MAX,
} from '../../protocol/limits.js'
import type { Actor, StoredEntry, Version } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { decodeReference, isReference, type ShownItem } from '../sync/references.js'
import { gidOf } from '../sync/rules/group-records.js'
import { historyPlace } from '../sync/rules/history.js'
import { chainOf } from '../sync/rules/message-search.js'
import { uidOf } from '../sync/rules/records.js'
import type { LogItem } from '../sync/types.js'
import { pairIn, placeOf } from './places.js'
import { Refused } from './refused.js'
import { goOn, slicesFrom, WALKED_AT_ONCE, WALKED_MAX, type WalkParts } from './walks.js'
import { namesMessage } from './written.js'

/** The entries that are walked from the newest down, before newer items are looked for in the log. */
const NEWER_WALKED_MAX = 2 * WALKED_AT_ONCE

export interface HistoryParts extends WalkParts {
  readonly engine: Pick<Engine, 'run' | 'head' | 'log' | 'shown'>
  /** Charges a search that has found nothing. */
  readonly searchedInVain: () => void
}

/** The conversation, as its user has it. */
interface Own {
  readonly parts: HistoryParts
  readonly actor: Actor
  readonly conversation: ConversationId
  readonly chain: string
  /** The version up to which nothing is shown. */
  readonly cleared: Version
  readonly head: Version
}

/** A part of the conversation: all live items of (from, to]. */
interface Part {
  /** The oldest first. */
  readonly items: readonly LogItem[]
  readonly from: Version
  readonly to: Version
  /** Retention removed something of it, or before it. */
  readonly trimmed: boolean
}

interface Bounds {
  readonly items: number
  readonly bytes: number
}

/** Answers a request about a conversation. @throws Refused */
export async function history(
  parts: HistoryParts,
  actor: Actor,
  conversation: ConversationId,
  request: HistoryRequest,
): Promise<Uint8Array> {
  const { before, after, around, message, limit } = request
  const named = [before > 0, after > 0, around > 0, message !== undefined].filter(Boolean).length
  if (named > 1 || limit > HISTORY_ITEMS_MAX) throw new Refused(CODES.INVALID_ARGUMENT.code)
  const uid = uidOf(actor)
  const isNamed = message !== undefined && namesMessage(message, pairIn(placeOf(conversation), uid))
  const asked = { uid, conversation, message: isNamed ? message : undefined }
  const place = done(await parts.engine.run(actor, historyPlace, asked))
  if (place.code === CODES.NO_SUCH_MESSAGE.code) parts.searchedInVain()
  if (place.code !== CODES.OK.code) throw new Refused(place.code)
  if (message !== undefined && !isNamed) throw new Refused(CODES.NO_SUCH_MESSAGE.code)
  const cursor = Math.max(0, before - 1, after, around, place.found)
  const { head, resync } = await parts.engine.head(actor, cursor)
  if (resync) throw new Refused(CODES.INVALID_ARGUMENT.code, undefined, 'that is no version of this timeline')
  const own = { parts, actor, conversation, chain: chainOf(conversation), cleared: place.cleared, head }
  const bounds = { items: limit === 0 ? HISTORY_ITEMS : limit, bytes: HISTORY_BYTES_MAX }
  if (after > 0) return encoded(await newer(own, after, bounds))
  if (around > 0 || message !== undefined) return encoded(await both(own, cursor, bounds))
  return encoded(await older(own, before > 0 ? before - 1 : head, bounds))
}

async function both(own: Own, around: Version, bounds: Bounds): Promise<Part> {
  const upTo = await older(own, around, halfOf(bounds))
  const left = { items: bounds.items - upTo.items.length, bytes: bounds.bytes / 2 }
  if (left.items === 0) return upTo
  const { items, to, trimmed } = await newer(own, around, left)
  return { items: [...upTo.items, ...items], from: upTo.from, to, trimmed: upTo.trimmed || trimmed }
}

function halfOf({ items, bytes }: Bounds): Bounds {
  return { items: Math.ceil(items / 2), bytes: bytes / 2 }
}

/** The newest items up to a version. */
async function older(own: Own, upTo: Version, bounds: Bounds): Promise<Part> {
  const { parts, actor, cleared } = own
  const taken = new Taken(bounds)
  let from = await entryUpTo(own, upTo)
  const part = (end: Version, trimmed = false): Part => {
    return { items: taken.items.reverse(), from: end > cleared ? end : 0, to: upTo, trimmed: trimmed || taken.trimmed }
  }
  let looked = 0
  const range = { from, above: cleared, first: Math.min(WALKED_AT_ONCE, bounds.items) }
  for await (const slice of slicesFrom(parts, actor, range)) {
    looked += slice.length
    for await (const item of parts.engine.shown(actor, slice)) {
      if (!taken.takes(item)) return part(item.version)
      from = slice.find(({ version }) => version === item.version)?.previous ?? 0
      if (taken.isFull) return part(from)
    }
  }
  // Behind the last that was looked at nothing is there, or it was removed.
  return looked < WALKED_MAX ? part(0, from > cleared) : part(from)
}

/** The items that an answer has space for, in the order in which they are offered. */
class Taken {
  readonly items: LogItem[] = []
  /** Whether what one stood for has gone. */
  trimmed = false
  readonly #bounds: Bounds
  #bytes = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  get isFull(): boolean {
    return this.items.length === this.#bounds.items
  }

  /** Takes an item, unless its user has deleted it. @returns false if there is no space for it */
  takes({ version, bytes }: ShownItem): boolean {
    this.trimmed ||= bytes === undefined
    if (bytes === undefined || isDeleted(bytes)) return true
    this.#bytes += bytes.length
    if (this.isFull || (this.items.length > 0 && this.#bytes > this.#bounds.bytes)) return false
    this.items.push({ version, bytes })
    return true
  }
}

/**
 * The version of the newest entry of the conversation up to a version; 0: there is none. Where the link leads to what retention has removed
 * there is no entry of that version. @throws Refused: it is too far back
 */
async function entryUpTo({ parts, actor, chain }: Own, upTo: Version): Promise<Version> {
  const { store } = parts
  const newest = await store.newest(actor, chain)
  if (newest <= upTo) return newest
  if (upTo === 0) return 0
  const [here, next] = await store.entries(actor, [upTo, upTo + 1])
  if (here?.conversation === chain) return upTo
  if (next?.conversation === chain) return next.previous
  let from = newest
  let looked = 0
  for await (const slice of slicesFrom(parts, actor, { from, above: upTo })) {
    looked += slice.length
    from = slice.at(-1)?.previous ?? 0
  }
  if (from <= upTo || looked < WALKED_MAX) return from
  const text = `that is not near an item of the conversation, of which more than ${WALKED_MAX} are newer`
  throw new Refused(CODES.INVALID_ARGUMENT.code, undefined, text)
}

/** The oldest items above a version. */
async function newer(own: Own, after: Version, bounds: Bounds): Promise<Part> {
  const { parts, actor, cleared } = own
  const few = await fewNewer(own, after)
  const taken = new Taken(bounds)
  let first: StoredEntry | undefined
  let to = after
  const part = (): Part => {
    const isCut = first !== undefined && first.previous > Math.max(after, cleared)
    return { items: taken.items, from: after, to, trimmed: taken.trimmed || isCut }
  }
  for await (const { passed, found } of few === undefined ? entriesInLog(own, after) : inOrder(few, own.head)) {
    first ??= found[0]
    const live = found.filter(({ version }) => version > cleared)
    for await (const item of parts.engine.shown(actor, live)) {
      if (!taken.takes(item)) return part()
      to = item.version
      if (taken.isFull) return part()
    }
    to = passed
  }
  return part()
}

/** Entries of the conversation in order, with the version up to which there are no others. */
interface Read {
  readonly passed: Version
  readonly found: readonly StoredEntry[]
}

/** The entries above a version, if there are few up to the newest; undefined: there are many. */
async function fewNewer({ parts, actor, chain }: Own, after: Version): Promise<readonly StoredEntry[] | undefined> {
  const found: StoredEntry[] = []
  const from = await parts.store.newest(actor, chain)
  for await (const slice of slicesFrom(parts, actor, { from, above: after, most: NEWER_WALKED_MAX }))
    found.push(...slice)
  const last = found.at(-1)
  return (last?.previous ?? 0) <= after ? found.reverse() : undefined
}

async function* inOrder(found: readonly StoredEntry[], head: Version): AsyncGenerator<Read> {
  // What came since the head was looked at is beyond it.
  yield { passed: Math.max(head, found.at(-1)?.version ?? 0), found }
}

/** Reads the log on, and picks out what is of the conversation. */
async function* entriesInLog({ parts, actor, conversation, chain }: Own, after: Version): AsyncGenerator<Read> {
  const isOurs = oursIn(conversation)
  let at = after
  for (let looked = 0; looked < WALKED_MAX; ) {
    if (looked > 0) await goOn(parts)
    const page = await parts.engine.log(actor, at, SYNC_ITEMS_MAX, SYNC_BYTES_MAX)
    if (page.kind === 'resync') throw new Refused(CODES.INVALID_ARGUMENT.code)
    const versions = page.items.filter(({ bytes }) => isOurs(bytes)).map(({ version }) => version)
    const entries = versions.length === 0 ? [] : await parts.store.entries(actor, versions)
    yield { passed: page.to, found: entries.flatMap(entry => (entry?.conversation === chain ? [entry] : [])) }
    looked += Math.max(page.items.length, 1)
    at = page.to
    if (!page.more) return
  }
}

/** Says of a stored item whether it may be of the conversation: its log knows. */
function oursIn(conversation: ConversationId): (bytes: Uint8Array) => boolean {
  const [gid, peer] = [gidOf(conversation), peerOf(conversation)]
  return bytes => {
    if (isReference(bytes)) return decodeReference(bytes).gid === gid
    const { content } = decodeItem(bytes)
    switch (content?.case) {
      case 'message':
        return content.value.sender === peer || content.value.recipient === peer
      case 'failed':
        return content.value.recipient === peer
      case 'conversationMessage':
      case 'groupChange':
        return content.value.conversation === conversation
      default:
        return false
    }
  }
}

/** Whether the user has deleted the item. */
export function isDeleted(bytes: Uint8Array): boolean {
  const { content } = decodeItem(bytes)
  const isMessage = content?.case === 'message' || content?.case === 'conversationMessage'
  return isMessage && content.value.state?.deleted === true
}

function encoded({ items, from, to, trimmed }: Part): Uint8Array {
  let last = from
  const shown = items.map(({ version, bytes }): Item => {
    const skip = version - last - 1
    last = version
    return { ...decodeItem(bytes), skip }
  })
  return encodeHistoryResponse({ from, items: shown, to, trimmed })
}
