/**
 * The form in which batches of events travel between nodes: a byte that says which form it is, then a protobuf message. Fields may be
 * added later, and an older node skips them. An event of a kind that this node does not know came from a newer node: it is skipped.
 *
 *   1 · node = 1 · incarnation = 2 · number = 3 · event = 4, repeated
 *
 *   event        kind = 1 · to = 2, and by kind:
 *   1 appended   from = 3 · version = 4 · bytes = 5, absent if the item is not carried · same = 6: the bytes are those of the last event before
 *                that has bytes = 5, for a group's item goes to hundreds of users at a node. An older node takes it for an item not carried
 *   2 ended      device = 3 · what = 4 · attempt = 5 · except = 6
 *   3 transient  topic = 3 · bytes = 4 · from = 5
 *   4 deliver    source = 3 · target = 4
 *   5 contended  nothing more
 *
 * Nothing here is stored or told to clients, so it is no part of protocol/.
 */
import { EMPTY } from '../../protocol/bytes.js'
import {
  enter,
  leave,
  type Reader,
  readBytes,
  readerOf,
  readString,
  readTag,
  readUint64,
  skipField,
} from '../../protocol/wire-reader.js'
import { begin, finish, type Writer, writeBytes, writeString, writeUint64 } from '../../protocol/wire-writer.js'
import type { AppendedEvent, DeliverEvent, EndedEvent, NodeEvent, TransientEvent } from '../sync/events.js'
import type { EventBatch } from './node-exchange.js'

const FORM = 1

/** The end of what a device held; its place here is its number. Number 0 is none. */
const ENDS = [undefined, 'session', 'attempt', 'token'] as const satisfies readonly (EndedEvent['what'] | undefined)[]

export interface DecodedBatch {
  readonly batch: EventBatch
  /** The number of events of unknown kinds. Each left an event that nobody waits for, so that the batch is no beat. */
  readonly unknown: number
}

export function encodeBatch({ node, incarnation, number, events }: EventBatch): Uint8Array {
  const w = begin()
  w.uint32(FORM)
  writeString(w, tagOf(1, LENGTH), node)
  writeUint64(w, tagOf(2, VARINT), incarnation)
  writeUint64(w, tagOf(3, VARINT), number)
  let carried: Uint8Array | undefined
  for (const event of events) {
    w.uint32(tagOf(4, LENGTH)).fork()
    writeEvent(w, event, carried)
    w.ldelim()
    if (event.kind === 'appended') carried = event.bytes ?? carried
  }
  return finish(w)
}

/**
 * Decodes a batch. What it carries views the given bytes.
 * @returns undefined if it is of a form that this node does not know
 * @throws DecodeError if it is not what it should be
 */
export function decodeBatch(bytes: Uint8Array): DecodedBatch | undefined {
  if (bytes[0] !== FORM) return undefined
  const r = readerOf(bytes)
  r.pos = 1
  let node = ''
  let [incarnation, number, unknown] = [0, 0, 0]
  const events: NodeEvent[] = []
  let carried: Uint8Array | undefined
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === tagOf(1, LENGTH)) node = readString(r, 'node', 0)
    else if (tag === tagOf(2, VARINT)) incarnation = readUint64(r)
    else if (tag === tagOf(3, VARINT)) number = readUint64(r)
    else if (tag === tagOf(4, LENGTH)) {
      const outer = enter(r)
      const end = r.len
      const event = readEvent(r, carried)
      r.pos = end
      leave(r, outer)
      if (event?.kind === 'appended') carried = event.bytes ?? carried
      if (event === undefined) unknown += 1
      events.push(event ?? NOTHING)
    } else skipField(r, tag, 0b1_1110, 'a batch of events')
  }
  return { batch: { node, incarnation, number, events }, unknown }
}

/** Stands for an event of an unknown kind: nobody waits for it. */
const NOTHING: NodeEvent = Object.freeze({ kind: 'transient', from: '', to: '', topic: '', bytes: EMPTY })

const VARINT = 0
const LENGTH = 2

const APPENDED = 1
const ENDED = 2
const TRANSIENT = 3
const DELIVER = 4
const CONTENDED = 5

function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType
}

/** @param carried the bytes that the last event of the batch carried */
function writeEvent(w: Writer, event: NodeEvent, carried: Uint8Array | undefined): void {
  switch (event.kind) {
    case 'appended':
      writeHead(w, APPENDED, event.to)
      writeUint64(w, tagOf(3, VARINT), event.from)
      writeUint64(w, tagOf(4, VARINT), event.version)
      if (event.bytes === undefined) break
      if (event.bytes === carried) writeUint64(w, tagOf(6, VARINT), 1)
      else writeBytes(w, tagOf(5, LENGTH), event.bytes)
      break
    case 'ended':
      writeHead(w, ENDED, event.to)
      writeUint64(w, tagOf(3, VARINT), event.device)
      writeUint64(w, tagOf(4, VARINT), ENDS.indexOf(event.what))
      writeUint64(w, tagOf(5, VARINT), event.attempt)
      writeUint64(w, tagOf(6, VARINT), event.except)
      break
    case 'transient':
      writeHead(w, TRANSIENT, event.to)
      writeString(w, tagOf(3, LENGTH), event.topic)
      writeBytes(w, tagOf(4, LENGTH), event.bytes)
      writeString(w, tagOf(5, LENGTH), event.from)
      break
    case 'deliver':
      writeHead(w, DELIVER, event.to)
      writeString(w, tagOf(3, LENGTH), event.source)
      writeString(w, tagOf(4, LENGTH), event.target)
      break
    case 'contended':
      writeHead(w, CONTENDED, event.to)
      break
  }
}

function writeHead(w: Writer, kind: number, to: string): void {
  writeUint64(w, tagOf(1, VARINT), kind)
  writeString(w, tagOf(2, LENGTH), to)
}

/** Reads the event that the reader stands at. @returns undefined if its kind is unknown; the reader then stands inside it */
function readEvent(r: Reader, carried: Uint8Array | undefined): NodeEvent | undefined {
  if (readTag(r) !== tagOf(1, VARINT)) return undefined
  const kind = readUint64(r)
  if (kind < APPENDED || kind > CONTENDED || readTag(r) !== tagOf(2, LENGTH)) return undefined
  const to = readString(r, 'to', 0)
  switch (kind) {
    case APPENDED:
      return readAppended(r, to, carried)
    case ENDED:
      return readEnded(r, to)
    case TRANSIENT:
      return readTransient(r, to)
    case DELIVER:
      return readDeliver(r, to)
    default:
      return { kind: 'contended', to }
  }
}

function readAppended(r: Reader, to: string, carried: Uint8Array | undefined): AppendedEvent {
  let [from, version] = [0, 0]
  let bytes: Uint8Array | undefined
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === tagOf(3, VARINT)) from = readUint64(r)
    else if (tag === tagOf(4, VARINT)) version = readUint64(r)
    else if (tag === tagOf(5, LENGTH)) bytes = readBytes(r, 'bytes', 0, 0)
    else if (tag === tagOf(6, VARINT)) bytes = readUint64(r) === 1 ? carried : undefined
    else skipField(r, tag, 0b111_1110, 'an event')
  }
  return { kind: 'appended', to, from, version, bytes }
}

/** Reads an event of something that ended; undefined if what ended is unknown. */
function readEnded(r: Reader, to: string): EndedEvent | undefined {
  let [device, end, attempt, except] = [0, 0, 0, 0]
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === tagOf(3, VARINT)) device = readUint64(r)
    else if (tag === tagOf(4, VARINT)) end = readUint64(r)
    else if (tag === tagOf(5, VARINT)) attempt = readUint64(r)
    else if (tag === tagOf(6, VARINT)) except = readUint64(r)
    else skipField(r, tag, 0b111_1110, 'an event')
  }
  const what = ENDS[end]
  return what === undefined ? undefined : { kind: 'ended', to, device, what, attempt, except }
}

function readTransient(r: Reader, to: string): TransientEvent {
  let [topic, from] = ['', '']
  let bytes = EMPTY
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === tagOf(3, LENGTH)) topic = readString(r, 'topic', 0)
    else if (tag === tagOf(4, LENGTH)) bytes = readBytes(r, 'bytes', 0, 0)
    else if (tag === tagOf(5, LENGTH)) from = readString(r, 'from', 0)
    else skipField(r, tag, 0b11_1110, 'an event')
  }
  return { kind: 'transient', from, to, topic, bytes }
}

function readDeliver(r: Reader, to: string): DeliverEvent {
  let [source, target] = ['', '']
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === tagOf(3, LENGTH)) source = readString(r, 'source', 0)
    else if (tag === tagOf(4, LENGTH)) target = readString(r, 'target', 0)
    else skipField(r, tag, 0b1_1110, 'an event')
  }
  return { kind: 'deliver', to, source, target }
}
