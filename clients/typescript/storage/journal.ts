// The file of FileStorage as bytes, without I/O: records, each a length, a checksum and JSON.
//
//   u32 length | u32 crc32 of the payload | payload       both little-endian
//
// The first record names the format. Every other one is a set of changes; a compacted file begins with those that make the
// whole state from nothing.
import { crc32 } from 'node:zlib'
import type { Change } from '../base/group-words.js'
import {
  type Changes,
  type Clearing,
  type Json,
  type Outcome,
  type Present,
  presentIn,
  type Rewrite,
  type StoredId,
  type StoredMessage,
} from './storage.js'
import type { StoredModel } from './stored-model.js'
import { conversationOf, type StoredName, storedName } from './stored-name.js'

export const JOURNAL_FORMAT = 1

const HEAD_BYTES = 8

/** Messages per record of a compacted file: a record of 16 KiB texts stays below 20 MB. */
const MESSAGES_PER_RECORD = 1000

/**
 * Conversation, sender, device, sendSeq, version, atMs, code, text. If it is not text, or of a group: kind (0: text) and body. Of a group:
 * number. If it is a change: that.
 */
type MessageRow = readonly [
  ...[StoredName, number, number, number, number, number, number, string],
  ...[number?, string?, number?, Change?],
]

/** Conversation, sender, device, sendSeq, number; what the message is from now on, or nothing: it goes. */
type RewriteRow = readonly [StoredName, number, number, number, number, Present?]

/** Conversation, sender, device, sendSeq, code; the version of the copy, if that came. */
type OutcomeRow = readonly [StoredName, number, number, number, number, number?]

interface Row {
  readonly longwire?: number
  /** 1: forget everything before. */
  readonly f?: 1
  /** Values; without a second element it is removed. */
  readonly v?: readonly (readonly [string, Json?])[]
  readonly m?: readonly MessageRow[]
  /** Messages that are older than what was there, the oldest first. */
  readonly p?: readonly MessageRow[]
  /** Outcomes. */
  readonly x?: readonly OutcomeRow[]
  /** Rewrites. A message with `extra` or `changed` has one beside it: its own row has no place for these. */
  readonly e?: readonly RewriteRow[]
  /** Clearings: conversation and version. */
  readonly c?: readonly (readonly [StoredName, number])[]
}

export function encodeChanges(changes: Changes): Uint8Array {
  const { values, messages, earlier, outcomes, clearings } = changes
  const rewrites = [...[...messages, ...earlier].flatMap(furtherRow), ...changes.rewrites.map(rewriteRow)]
  const row: Row = {
    ...(changes.forget && { f: 1 }),
    ...(values.size > 0 && {
      v: Array.from(values, ([name, value]) => (value === undefined ? [name] : [name, value])),
    }),
    ...(messages.length > 0 && { m: messages.map(messageRow) }),
    ...(earlier.length > 0 && { p: earlier.map(messageRow) }),
    ...(outcomes.length > 0 && { x: outcomes.map(outcomeRow) }),
    ...(rewrites.length > 0 && { e: rewrites }),
    ...(clearings.length > 0 && { c: clearings.map(each => [storedName(each.conversation), each.upTo] as const) }),
  }
  return record(row)
}

/** The records of a new file with everything that the model holds. */
export function* encodeSnapshot(model: StoredModel): IterableIterator<Uint8Array> {
  yield record({ longwire: JOURNAL_FORMAT })
  yield record({ v: [...model.values] })
  let messages: StoredMessage[] = []
  for (const message of model.messages()) {
    messages.push(message)
    if (messages.length === MESSAGES_PER_RECORD) {
      yield messagesRecord(messages)
      messages = []
    }
  }
  if (messages.length > 0) yield messagesRecord(messages)
}

export type Replay =
  /** `end`: where the last whole record ends; what follows is the torn tail of a write that a crash cut short. */
  | { readonly kind: 'ok'; readonly end: number }
  | { readonly kind: 'damaged'; readonly at: number }
  | { readonly kind: 'other-format'; readonly format: unknown }

/** Applies a file's records to a model. */
export function replay(bytes: Uint8Array, model: StoredModel): Replay {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (bytes.length - at >= HEAD_BYTES) {
    const length = view.getUint32(at, true)
    const end = at + HEAD_BYTES + length
    if (end > bytes.length) break
    const payload = bytes.subarray(at + HEAD_BYTES, end)
    if (length === 0 || crc32(payload) !== view.getUint32(at + 4, true)) {
      // Nothing is written behind a record before it is synced: a bad one with more behind it is damage, not a torn tail.
      const torn = end === bytes.length || bytes.subarray(at).every(byte => byte === 0)
      if (torn) break
      return { kind: 'damaged', at }
    }
    const row = JSON.parse(new TextDecoder().decode(payload)) as Row
    if (at === 0 && row.longwire !== JOURNAL_FORMAT) return { kind: 'other-format', format: row.longwire }
    model.apply(changesOf(row))
    at = end
  }
  return { kind: 'ok', end: at }
}

function messagesRecord(messages: readonly StoredMessage[]): Uint8Array {
  const further = messages.flatMap(furtherRow)
  return record({ m: messages.map(messageRow), ...(further.length > 0 && { e: further }) })
}

function record(row: Row): Uint8Array {
  const payload = new TextEncoder().encode(JSON.stringify(row))
  const bytes = new Uint8Array(HEAD_BYTES + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, payload.length, true)
  view.setUint32(4, crc32(payload), true)
  bytes.set(payload, HEAD_BYTES)
  return bytes
}

function messageRow(m: StoredMessage): MessageRow {
  const { sender, device, sendSeq, version, atMs, code, text, content, number, change } = m
  const row = [storedName(m.conversation), sender, device, sendSeq, version, atMs, code, text] as const
  if (content === undefined && number === undefined) return row
  const further = [...row, content?.kind ?? 0, content?.body ?? ''] as const
  if (number === undefined) return further
  return change === undefined ? [...further, number] : [...further, number, change]
}

function furtherRow(message: StoredMessage): readonly RewriteRow[] {
  if (message.extra === undefined && message.changed === undefined) return []
  return [rewriteRow({ ...message, present: presentIn(message) })]
}

function outcomeRow({ conversation, sender, device, sendSeq, code, version }: Outcome): OutcomeRow {
  const row = [storedName(conversation), sender, device, sendSeq, code] as const
  return version === undefined ? row : [...row, version]
}

function rewriteRow({ conversation, sender, device, sendSeq, number = 0, present }: Rewrite): RewriteRow {
  const id = [storedName(conversation), sender, device, sendSeq, number] as const
  return present === undefined ? id : [...id, present]
}

function changesOf(row: Row): Changes {
  const messages = (row.m ?? []).map(messageIn)
  const earlier = (row.p ?? []).map(messageIn)
  const outcomes = (row.x ?? []).map(([name, sender, device, sendSeq, code, version]): Outcome => {
    const id = { conversation: conversationOf(name), sender, device, sendSeq, code }
    return version === undefined ? id : { ...id, version }
  })
  const rewrites = (row.e ?? []).map(([name, sender, device, sendSeq, number, present]): Rewrite => {
    const id: StoredId = { conversation: conversationOf(name), sender, device, sendSeq, ...(number > 0 && { number }) }
    return present === undefined ? id : { ...id, present }
  })
  const clearings = (row.c ?? []).map(([name, upTo]): Clearing => ({ conversation: conversationOf(name), upTo }))
  const values = new Map(row.v as readonly [string, Json | undefined][])
  return { forget: row.f === 1, values, messages, earlier, outcomes, rewrites, clearings }
}

function messageIn(row: MessageRow): StoredMessage {
  const [name, sender, device, sendSeq, version, atMs, code, text, kind = 0, body = '', number, change] = row
  return {
    conversation: conversationOf(name),
    sender,
    device,
    sendSeq,
    version,
    atMs,
    text,
    ...(kind !== 0 && { content: { kind, body } }),
    ...(number !== undefined && { number }),
    ...(change !== undefined && { change }),
    code,
  }
}
