// Timeline items as bytes: a stored item reaches the wire without being decoded or encoded again; only its version, as a
// difference to the version before it, is put in front. PROTOCOL.md, 7.2.
import { EMPTY, itemSlab } from './bytes.js'
import { CODES } from './codes.js'
import { beginFrame, beginFrameIn } from './frame-codec.js'
import {
  createSyncResponse,
  decodeMessageExtra,
  decodeSendResult,
  encodeSyncResponse,
  type Item,
  type Message,
  type MessageExtra,
  type SendResult,
} from './generated/messages.js'
import { INTEGER_MAX, UINT32_MAX } from './limits.js'
import { METHODS } from './methods.js'
import { utf8 } from './utf8.js'
import {
  DecodeError,
  enter,
  leave,
  readBool,
  readBytes,
  readerOf,
  readTag,
  readUint64,
  skipField,
} from './wire-reader.js'
import { checkUint, putVarint, varintBytes } from './wire-writer.js'

/** An item as a timeline holds it; `bytes` is an encoded Item without skip. */
export interface RawItem {
  readonly version: number
  readonly bytes: Uint8Array
}

/**
 * Items as they stand in a Sync answer or a Push, made by encodeItems(), perhaps in another thread. The rest of the frame is written in
 * front of them, into the same bytes. So they can be used once.
 */
export interface EncodedItems {
  /** The number of items. */
  readonly length: number
  /** The length of their bytes, before versions and lengths. */
  readonly itemsBytes: number
  /** The version of the last one. */
  readonly last: number
  /** SPACE_IN_FRONT bytes, then the items. */
  readonly encoded: Uint8Array<ArrayBuffer>
}

export type Items = readonly RawItem[] | EncodedItems

/** What a Sync answer says of (since, to]. */
export interface SyncPage {
  readonly to: number
  /** Whether there is something beyond `to`. */
  readonly more: boolean
  readonly trimmed: boolean
  /** Every live item of the range, in order of version. */
  readonly items: Items
}

/** The most bytes in front of the items of a page: of the frame 6 + 6 + 3 + 1 + 6, of the body two versions and two flags. */
const SPACE_IN_FRONT = 48

/**
 * Encodes all items of a page that begins behind `from`. There must be at least one.
 * @param memory gives so many bytes, which nothing else is in
 */
export function encodeItems(
  from: number,
  items: readonly RawItem[],
  memory: (length: number) => Uint8Array<ArrayBuffer> = newBytes,
): EncodedItems {
  const encoded = memory(SPACE_IN_FRONT + wireBytes(from, items))
  putItems(encoded, SPACE_IN_FRONT, from, items)
  return { length: items.length, itemsBytes: itemsBytes(items), last: lastOf(items) ?? from, encoded }
}

/** The length of the items' bytes, before versions and lengths. */
export function itemsBytes(items: Items): number {
  if (isEncoded(items)) return items.itemsBytes
  let sum = 0
  for (const item of items) sum += item.bytes.length
  return sum
}

/**
 * A whole Push frame, its length in front, for every live item of (from, to].
 * @param items in order of version, all of (from, to]
 */
export function encodePushFrame(from: number, to: number, trimmed: boolean, items: Items): Uint8Array {
  const implied = lastOf(items) ?? from
  const toBytes = to === implied ? 0 : 1 + varintBytes(to)
  const fromBytes = from === 0 ? 0 : 1 + varintBytes(from)
  const frontBytes = fromBytes + toBytes + (trimmed ? 2 : 0)
  const bodyBytes = frontBytes + wireBytes(from, items)
  const out = isEncoded(items)
    ? beginFrameIn(items.encoded, SPACE_IN_FRONT - frontBytes, 0, METHODS.push.number)
    : beginFrame(0, METHODS.push.number, bodyBytes)
  let pos = out.length - bodyBytes
  if (fromBytes > 0) pos = putNumber(out, pos, 8, from)
  if (toBytes > 0) pos = putNumber(out, pos, 16, to)
  if (trimmed) pos = putNumber(out, pos, 24, 1)
  if (!isEncoded(items)) putItems(out, pos, from, items)
  return out
}

/**
 * The body of a Sync answer (SyncResponse).
 * @param results of the sends that the request carried
 */
export function encodeSyncBody(since: number, page: SyncPage, results: readonly SendResult[] = NO_RESULTS): Uint8Array {
  const { items } = page
  const tail = resultsBody(results)
  const bytes = syncBytes(since, page)
  const fits = isEncoded(items) && tail.length === 0
  const out = fits ? items.encoded.subarray(items.encoded.length - bytes) : itemSlab.take(bytes + tail.length)
  putSync(out, 0, since, page)
  out.set(tail, bytes)
  return out
}

/** A whole response frame with a Sync answer, written in one go. */
export function encodeSyncFrame(
  id: number,
  since: number,
  page: SyncPage,
  results: readonly SendResult[] = NO_RESULTS,
): Uint8Array {
  const { items } = page
  const tail = resultsBody(results)
  const frontBytes = syncFrontBytes(page)
  const bodyBytes = frontBytes + wireBytes(since, items) + tail.length
  const out =
    isEncoded(items) && tail.length === 0
      ? beginFrameIn(items.encoded, SPACE_IN_FRONT - frontBytes, id, 0)
      : beginFrame(id, 0, bodyBytes)
  putSync(out, out.length - bodyBytes, since, page)
  out.set(tail, out.length - tail.length)
  return out
}

/** The value of SendResponse.from for the range (from, version]: 0 where it is implied, or no version is known. */
export function acceptedFrom(from: number, version: number): number {
  return version === 0 || from === version - 1 ? 0 : from
}

/** The reverse of acceptedFrom: the version before the own copy's. It means nothing where no version is known. */
export function versionBefore(from: number, version: number): number {
  return from === 0 ? version - 1 : from
}

/**
 * A whole response frame with a Send answer (SendResponse).
 * @param from the version before the own copy's
 * @param version the own copy's, 0 for a repeat whose version is no longer known
 */
export function encodeAcceptedFrame(id: number, from: number, version: number): Uint8Array {
  const versionBytes = version === 0 ? 0 : 1 + varintBytes(version)
  const fromBytes = numberBytes(acceptedFrom(from, version))
  const bodyBytes = versionBytes + fromBytes
  const out = beginFrame(id, 0, bodyBytes)
  let pos = out.length - bodyBytes
  if (versionBytes > 0) pos = putNumber(out, pos, 8, version)
  if (fromBytes > 0) putNumber(out, pos, 16, from)
  return out
}

/** A whole request frame with a Send (SendRequest). */
export function encodeSendFrame(id: number, sendSeq: number, to: number, text: string): Uint8Array {
  checkUint(id, UINT32_MAX)
  checkUint(sendSeq, INTEGER_MAX)
  checkUint(to, INTEGER_MAX)
  const bytes = utf8(text)
  const bodyBytes = 3 + varintBytes(sendSeq) + varintBytes(to) + varintBytes(bytes.length) + bytes.length
  const out = beginFrame(id, METHODS.send.number, bodyBytes)
  let pos = putNumber(out, out.length - bodyBytes, 8, sendSeq)
  pos = putNumber(out, pos, 16, to)
  out.set(bytes, putNumber(out, pos, 26, bytes.length))
  return out
}

/** An encoded Item, without skip, that holds a text to one user; the caller owns the bytes. */
export function encodeMessageItem(message: Omit<Message, 'content' | 'extra' | 'state'>): Uint8Array {
  const { sender, device, sendSeq, atMs, recipient } = message
  checkUint(sender, INTEGER_MAX)
  checkUint(device, UINT32_MAX)
  checkUint(sendSeq, INTEGER_MAX)
  checkUint(atMs, INTEGER_MAX)
  checkUint(recipient, INTEGER_MAX)
  const text = utf8(message.text)
  const messageBytes =
    numberBytes(sender) +
    numberBytes(device) +
    numberBytes(sendSeq) +
    numberBytes(atMs) +
    numberBytes(recipient) +
    (text.length > 0 ? 1 + varintBytes(text.length) + text.length : 0)
  const out = itemSlab.take(1 + varintBytes(messageBytes) + messageBytes)
  let pos = putNumber(out, 0, 18, messageBytes)
  if (sender > 0) pos = putNumber(out, pos, 8, sender)
  if (device > 0) pos = putNumber(out, pos, 16, device)
  if (sendSeq > 0) pos = putNumber(out, pos, 24, sendSeq)
  if (atMs > 0) pos = putNumber(out, pos, 32, atMs)
  if (recipient > 0) pos = putNumber(out, pos, 40, recipient)
  if (text.length > 0) out.set(text, putNumber(out, pos, 50, text.length))
  return out
}

/**
 * The sender's own copy of a recipient's item: the same bytes with the recipient behind them. In protobuf the order of fields is
 * free, so a message is encoded once.
 * @param item of encodeMessageItem, with recipient 0
 */
export function withRecipient(item: Uint8Array, recipient: number): Uint8Array {
  return withNumberBehind(item, 40, recipient)
}

/**
 * The item of a group's message with its number: the same bytes with the number behind them.
 * @param item an encoded Item that holds a ConversationMessage without a number
 */
export function withNumber(item: Uint8Array, number: number): Uint8Array {
  return withNumberBehind(item, 64, number)
}

/** Field 11 of Item: Changed. */
const CHANGED_TAG = 90
/** The contents of an Item that a Changed can hold, and its field for each: Message and ConversationMessage. */
const TAGS_IN_CHANGED: Readonly<Record<number, number>> = { 18: 10, 66: 18 }

/**
 * The Item that tells of a message that it was changed, made of the message's own item: the message's bytes are the same.
 * @param item an encoded Item, without skip, with nothing but its content
 * @returns undefined if it holds no message
 */
export function asChanged(item: Uint8Array): Uint8Array | undefined {
  const tag = TAGS_IN_CHANGED[item[0] ?? 0]
  if (tag === undefined) return undefined
  const out = itemSlab.take(1 + varintBytes(item.length) + item.length)
  const pos = putNumber(out, 0, CHANGED_TAG, item.length)
  out.set(item, pos)
  out[pos] = tag
  return out
}

/**
 * What goes with a group's message beside its text; undefined if there is nothing.
 * @param item an encoded Item that holds a ConversationMessage
 */
export function extraOf(item: Uint8Array): MessageExtra | undefined {
  const r = readerOf(item)
  readTag(r)
  enter(r)
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === EXTRA_TAG) return decodeMessageExtra(readBytes(r, 'ConversationMessage.extra', 0, 0))
    skipField(r, tag, 0, 'ConversationMessage')
  }
  return undefined
}

const EXTRA_TAG = 74

/** An item whose content has one more field of a number, behind the others. */
function withNumberBehind(item: Uint8Array, tag: number, number: number): Uint8Array {
  checkUint(number, INTEGER_MAX)
  // The content's length stands behind its tag; a message of at most 64 KiB has a length of at most three bytes.
  let lengthBytes = 1
  while ((item[lengthBytes] ?? 0) > 127) lengthBytes += 1
  const start = 1 + lengthBytes
  const messageBytes = item.length - start + numberBytes(number)
  const out = itemSlab.take(1 + varintBytes(messageBytes) + messageBytes)
  const pos = putNumber(out, 0, item[0] ?? 0, messageBytes)
  out.set(item.subarray(start), pos)
  putNumber(out, pos + item.length - start, tag, number)
  return out
}

/**
 * The versions of items that came in a push or a Sync answer.
 * @param from of the push, since of the request
 * @throws DecodeError if one is above 2^53 - 1
 */
export function itemVersions(from: number, items: readonly Item[]): number[] {
  let version = from
  return items.map(item => {
    version += 1 + item.skip
    if (version > INTEGER_MAX) throw new DecodeError(CODES.BAD_BODY.code, 'a version is above 2^53 - 1')
    return version
  })
}

/**
 * Reads a Sync answer, for one who passes it on: the items stay encoded. What is read views the bytes.
 * @param since of the request
 * @throws DecodeError
 */
export function readSyncBody(since: number, body: Uint8Array): ReadSyncBody {
  const r = readerOf(body)
  let [to, more, trimmed, version] = [0, false, false, since]
  const items: RawItem[] = []
  const results: SendResult[] = []
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === 8) to = readUint64(r)
    else if (tag === 16) more = readBool(r)
    else if (tag === 24) trimmed = readBool(r)
    else if (tag === ITEMS_TAG) {
      const outer = enter(r)
      // What stands in an item's field 1 counts from the item before, so it is not the item's own.
      version += 1
      if (r.buf[r.pos] === 8) {
        readTag(r)
        version += readUint64(r)
      }
      const start = r.pos
      r.pos = r.len
      items.push({ version, bytes: new Uint8Array(r.buf.buffer, r.buf.byteOffset + start, r.len - start) })
      leave(r, outer)
    } else if (tag === RESULTS_TAG) results.push(decodeSendResult(readBytes(r, 'SyncResponse.results', 0, 0)))
    else skipField(r, tag, 0b11_1110, 'SyncResponse')
  }
  return { page: { to, more, trimmed, items }, results }
}

export interface ReadSyncBody {
  readonly page: SyncPage & { readonly items: readonly RawItem[] }
  readonly results: readonly SendResult[]
}

const NO_RESULTS: readonly SendResult[] = []
/** The results' part of a SyncResponse: of its parts put behind each other protobuf makes one message. */
function resultsBody(results: readonly SendResult[]): Uint8Array {
  return results.length === 0 ? EMPTY : encodeSyncResponse(createSyncResponse({ results: [...results] }))
}

function syncBytes(since: number, page: SyncPage): number {
  return syncFrontBytes(page) + wireBytes(since, page.items)
}

function syncFrontBytes({ to, more, trimmed }: SyncPage): number {
  return numberBytes(to) + (more ? 2 : 0) + (trimmed ? 2 : 0)
}

function putSync(out: Uint8Array, start: number, since: number, { to, more, trimmed, items }: SyncPage): void {
  let pos = start
  if (to > 0) pos = putNumber(out, pos, 8, to)
  if (more) pos = putNumber(out, pos, 16, 1)
  if (trimmed) pos = putNumber(out, pos, 24, 1)
  if (!isEncoded(items)) putItems(out, pos, since, items)
  else if (out.buffer !== items.encoded.buffer) out.set(items.encoded.subarray(SPACE_IN_FRONT), pos)
}

/** Both PushNotice and SyncResponse have their items in field 4. */
const ITEMS_TAG = 34
const RESULTS_TAG = 42

function newBytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length)
}

function isEncoded(items: Items): items is EncodedItems {
  return 'encoded' in items
}

function lastOf(items: Items): number | undefined {
  return isEncoded(items) ? items.last : items.at(-1)?.version
}

/** The bytes that the items take in a frame. */
function wireBytes(from: number, items: Items): number {
  if (isEncoded(items)) return items.encoded.length - SPACE_IN_FRONT
  let before = from
  let sum = 0
  for (const item of items) {
    const length = item.bytes.length + numberBytes(skipOf(before, item))
    sum += 1 + varintBytes(length) + length
    before = item.version
  }
  return sum
}

function putItems(out: Uint8Array, start: number, from: number, items: readonly RawItem[]): void {
  let before = from
  let pos = start
  for (const item of items) {
    const { bytes } = item
    const skip = skipOf(before, item)
    pos = putNumber(out, pos, ITEMS_TAG, bytes.length + numberBytes(skip))
    if (skip > 0) pos = putNumber(out, pos, 8, skip)
    out.set(bytes, pos)
    pos += bytes.length
    before = item.version
  }
}

function skipOf(before: number, item: RawItem): number {
  const skip = item.version - before - 1
  if (skip < 0) throw new RangeError(`version ${item.version} does not follow ${before}`)
  return skip
}

/** The bytes that a number takes as a field with a tag of one byte; 0 is not written. */
function numberBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value)
}

function putNumber(out: Uint8Array, pos: number, tag: number, value: number): number {
  out[pos] = tag
  return putVarint(out, pos + 1, value)
}
