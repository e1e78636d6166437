// Generated from protocol/longwire/v1/*.proto by protocol/generate; `npm run generate` writes it again. Do not edit.
//
// Of every message X: the interface (absent fields are 0, '', an empty array, false or undefined), createX, encodeX, writeX,
// decodeX (throws DecodeError; `bytes` fields view the input) and readX, which reads the reader's range into a message.
import { EMPTY } from '../bytes.js'
import { enter, leave, missing, readBool, readBytes, readString, readTag, readUint32, readUint64, readerOf, skipField, tooMany, unknownValue, type Reader } from '../wire-reader.js'
import { begin, finish, writeBytes, writeString, writeTrue, writeUint32, writeUint64, type Writer } from '../wire-writer.js'

export { DecodeError } from '../wire-reader.js'

export const ContactState = {
  /** Neither friend nor asked: how a contact that was removed, declined or cancelled ends. */
  UNSPECIFIED: 0,
  /** This user asked and waits. */
  REQUESTED: 1,
  /** The other asked and waits. */
  INVITED: 2,
  FRIEND: 3,
} as const
export type ContactState = (typeof ContactState)[keyof typeof ContactState]

/** A value that this revision does not know reads as 0. */
function readContactState(r: Reader): ContactState {
  const value = readUint32(r)
  return value < 4 ? (value as ContactState) : 0
}

/** How far a conversation with somebody is who need not be a friend, on a server that is open for that (PROTOCOL.md, 8.14). */
export const Stranger = {
  /** There is none, or the two are friends. */
  UNSPECIFIED: 0,
  /** This user wrote, and the other has not answered. */
  WAITS: 1,
  /** The other wrote, and this user has not answered: a request, for a folder of its own. */
  ASKS: 2,
  /** Both wrote. */
  OPEN: 3,
} as const
export type Stranger = (typeof Stranger)[keyof typeof Stranger]

/** A value that this revision does not know reads as 0. */
function readStranger(r: Reader): Stranger {
  const value = readUint32(r)
  return value < 4 ? (value as Stranger) : 0
}

export const GroupRole = {
  UNSPECIFIED: 0,
  MEMBER: 1,
  ADMIN: 2,
  OWNER: 3,
} as const
export type GroupRole = (typeof GroupRole)[keyof typeof GroupRole]

/** A value that this revision does not know reads as 0. */
function readGroupRole(r: Reader): GroupRole {
  const value = readUint32(r)
  return value < 4 ? (value as GroupRole) : 0
}

function readKnownGroupRole(r: Reader, field: string): GroupRole {
  const value = readUint32(r)
  if (value >= 4) throw unknownValue(field)
  return value as GroupRole
}

/** What a user is to a group. */
export const GroupState = {
  /** Nothing: how it ends when the user leaves, is removed, or no longer invited. */
  UNSPECIFIED: 0,
  /** Somebody invites the user. */
  INVITED: 1,
  /** The user asks to join. */
  ASKED: 2,
  /** The user said yes, and the group does not know it yet. */
  JOINING: 3,
  MEMBER: 4,
  /** The user leaves, and the group does not know it yet. */
  LEAVING: 5,
} as const
export type GroupState = (typeof GroupState)[keyof typeof GroupState]

/** A value that this revision does not know reads as 0. */
function readGroupState(r: Reader): GroupState {
  const value = readUint32(r)
  return value < 6 ? (value as GroupState) : 0
}

export const GroupJoin = {
  /** Only who is invited joins. */
  UNSPECIFIED: 0,
  /** Who knows the code joins. */
  CODE: 1,
  /** Who knows the code asks, and an admin answers. */
  APPROVAL: 2,
} as const
export type GroupJoin = (typeof GroupJoin)[keyof typeof GroupJoin]

/** A value that this revision does not know reads as 0. */
function readGroupJoin(r: Reader): GroupJoin {
  const value = readUint32(r)
  return value < 3 ? (value as GroupJoin) : 0
}

function readKnownGroupJoin(r: Reader, field: string): GroupJoin {
  const value = readUint32(r)
  if (value >= 3) throw unknownValue(field)
  return value as GroupJoin
}

export const GroupAct = {
  UNSPECIFIED: 0,
  /** by made the group. */
  CREATED: 1,
  /** uid joined; by invited or let in, if it is not uid itself. */
  JOINED: 2,
  LEFT: 3,
  /** by removed uid. */
  REMOVED: 4,
  /** text is the title. */
  RENAMED: 5,
  /** text is the announcement. */
  ANNOUNCED: 6,
  RULES_SET: 7,
  /** uid has the role. */
  ROLE_SET: 8,
  MUTED: 9,
  UNMUTED: 10,
  DISSOLVED: 11,
} as const
export type GroupAct = (typeof GroupAct)[keyof typeof GroupAct]

/** A value that this revision does not know reads as 0. */
function readGroupAct(r: Reader): GroupAct {
  const value = readUint32(r)
  return value < 12 ? (value as GroupAct) : 0
}

export const RoomKind = {
  UNSPECIFIED: 0,
  /** Posts are kept, in order. */
  BOARD: 1,
  /** What is told is told to who looks now, and kept nowhere. */
  REALTIME: 2,
} as const
export type RoomKind = (typeof RoomKind)[keyof typeof RoomKind]

/** A value that this revision does not know reads as 0. */
function readRoomKind(r: Reader): RoomKind {
  const value = readUint32(r)
  return value < 3 ? (value as RoomKind) : 0
}

function readKnownRoomKind(r: Reader, field: string): RoomKind {
  const value = readUint32(r)
  if (value >= 3) throw unknownValue(field)
  return value as RoomKind
}

export const RoomRole = {
  UNSPECIFIED: 0,
  LISTENER: 1,
  PUBLISHER: 2,
  OWNER: 3,
  /** May not listen any more. */
  REMOVED: 4,
} as const
export type RoomRole = (typeof RoomRole)[keyof typeof RoomRole]

/** A value that this revision does not know reads as 0. */
function readRoomRole(r: Reader): RoomRole {
  const value = readUint32(r)
  return value < 5 ? (value as RoomRole) : 0
}

function readKnownRoomRole(r: Reader, field: string): RoomRole {
  const value = readUint32(r)
  if (value >= 5) throw unknownValue(field)
  return value as RoomRole
}

/** What a user is to a room. */
export const RoomState = {
  /** Nothing: how it ends. */
  UNSPECIFIED: 0,
  /** The user made the room, or asked to listen, and the room does not know it yet. */
  ASKED: 1,
  LISTENING: 2,
} as const
export type RoomState = (typeof RoomState)[keyof typeof RoomState]

/** A value that this revision does not know reads as 0. */
function readRoomState(r: Reader): RoomState {
  const value = readUint32(r)
  return value < 3 ? (value as RoomState) : 0
}

/**
 * The nodes of a server, as it names them to its clients. PROTOCOL.md, clause 14.
 * There is no max in this file: a client believes a part of a list that is too long, and skips an endpoint that it cannot use.
 */
export interface Endpoints {
  /** The best one first; at most 16 are believed. */
  endpoints: Endpoint[]
  /** The seconds that the list is good for, a day at most. Absent: it is not kept. */
  ttlS: number
}

export function createEndpoints(init?: Partial<Endpoints>): Endpoints {
  const m: Endpoints = { endpoints: [], ttlS: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeEndpoints(m: Endpoints): Uint8Array {
  const w = begin()
  writeEndpoints(w, m)
  return finish(w)
}

export function writeEndpoints(w: Writer, m: Endpoints): void {
  for (const each of m.endpoints) {
    w.uint32(10).fork()
    writeEndpoint(w, each)
    w.ldelim()
  }
  if (m.ttlS !== 0) writeUint32(w, 16, m.ttlS)
}

export function decodeEndpoints(bytes: Uint8Array): Endpoints {
  return readEndpoints(readerOf(bytes), createEndpoints())
}

export function readEndpoints(r: Reader, m: Endpoints): Endpoints {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.endpoints.push(readEndpoint(r, createEndpoint()))
        leave(r, outer)
        break
      }
      case 16: {
        m.ttlS = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 6, 'Endpoints')
    }
  }
  return m
}

export interface Endpoint {
  /** The node's address for TCP: a name or an IP address of at most 255 bytes, and 1 to 65 535. Absent: not for TCP. */
  host: string
  port: number
  /** Its address for HTTP, and for WebSocket with /ws behind it: http or https, at most 512 bytes. Absent: not for these. */
  url: string
  /** The part of the clients that it can take, compared with the others. Absent: 1. */
  weight: number
}

export function createEndpoint(init?: Partial<Endpoint>): Endpoint {
  const m: Endpoint = { host: '', port: 0, url: '', weight: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeEndpoint(m: Endpoint): Uint8Array {
  const w = begin()
  writeEndpoint(w, m)
  return finish(w)
}

export function writeEndpoint(w: Writer, m: Endpoint): void {
  if (m.host.length > 0) writeString(w, 10, m.host)
  if (m.port !== 0) writeUint32(w, 16, m.port)
  if (m.url.length > 0) writeString(w, 26, m.url)
  if (m.weight !== 0) writeUint32(w, 32, m.weight)
}

export function decodeEndpoint(bytes: Uint8Array): Endpoint {
  return readEndpoint(readerOf(bytes), createEndpoint())
}

export function readEndpoint(r: Reader, m: Endpoint): Endpoint {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.host = readString(r, 'Endpoint.host', 0)
        break
      }
      case 16: {
        m.port = readUint32(r)
        break
      }
      case 26: {
        m.url = readString(r, 'Endpoint.url', 0)
        break
      }
      case 32: {
        m.weight = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 30, 'Endpoint')
    }
  }
  return m
}

/**
 * What travels on a connection, each preceded by its length as a varint (protobuf's "delimited" form). An empty frame,
 * one byte 00, is a ping.
 * request    id != 0, method != 0     client to server
 * response   id != 0, method == 0     server to client
 * notice     id == 0, method != 0     either way, has no answer
 */
export interface Frame {
  /** Chosen by the client, unique among its unanswered requests; small numbers are cheap. */
  id: number
  /** A number of the method table (PROTOCOL.md, clause 4). */
  method: number
  /** The encoded message that the method names; of a refusal, a Refusal. */
  body: Uint8Array
  /** 0 for success, otherwise a code of PROTOCOL.md, clause 9. */
  code: number
  /** For people reading logs; never to be parsed or shown to a user. */
  message: string
  /** With a code: do not try again sooner. Milliseconds; absent: the client's own back-off. */
  retryAfterMs: number
}

export function createFrame(init?: Partial<Frame>): Frame {
  const m: Frame = { id: 0, method: 0, body: EMPTY, code: 0, message: '', retryAfterMs: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeFrame(m: Frame): Uint8Array {
  const w = begin()
  writeFrame(w, m)
  return finish(w)
}

export function writeFrame(w: Writer, m: Frame): void {
  if (m.id !== 0) writeUint32(w, 8, m.id)
  if (m.method !== 0) writeUint32(w, 16, m.method)
  if (m.body.length > 0) writeBytes(w, 26, m.body)
  if (m.code !== 0) writeUint32(w, 32, m.code)
  if (m.message.length > 0) writeString(w, 42, m.message)
  if (m.retryAfterMs !== 0) writeUint32(w, 48, m.retryAfterMs)
}

export function decodeFrame(bytes: Uint8Array): Frame {
  return readFrame(readerOf(bytes), createFrame())
}

export function readFrame(r: Reader, m: Frame): Frame {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.id = readUint32(r)
        break
      }
      case 16: {
        m.method = readUint32(r)
        break
      }
      case 26: {
        m.body = readBytes(r, 'Frame.body', 0, 0)
        break
      }
      case 32: {
        m.code = readUint32(r)
        break
      }
      case 42: {
        m.message = readString(r, 'Frame.message', 0)
        break
      }
      case 48: {
        m.retryAfterMs = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 126, 'Frame')
    }
  }
  return m
}

/** The body of a response whose code is not 0. Absent where the code needs none. */
export interface Refusal {
  /** With GAP: the send_seq that the server expects next. */
  expectedSendSeq: number
  /** With ATTEMPT_SUPERSEDED, and with INVALID_ARGUMENT where the attempt is too high: the attempt that is bound. */
  boundAttempt: number
}

export function createRefusal(init?: Partial<Refusal>): Refusal {
  const m: Refusal = { expectedSendSeq: 0, boundAttempt: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRefusal(m: Refusal): Uint8Array {
  const w = begin()
  writeRefusal(w, m)
  return finish(w)
}

export function writeRefusal(w: Writer, m: Refusal): void {
  if (m.expectedSendSeq !== 0) writeUint64(w, 8, m.expectedSendSeq)
  if (m.boundAttempt !== 0) writeUint64(w, 16, m.boundAttempt)
}

export function decodeRefusal(bytes: Uint8Array): Refusal {
  return readRefusal(readerOf(bytes), createRefusal())
}

export function readRefusal(r: Reader, m: Refusal): Refusal {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.expectedSendSeq = readUint64(r)
        break
      }
      case 16: {
        m.boundAttempt = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'Refusal')
    }
  }
  return m
}

/** On the short side: the detail of every error, beside the code that the Connect protocol gives it. */
export interface ErrorDetail {
  /** A code of PROTOCOL.md, clause 9. */
  code: number
  /** As in a frame. */
  retryAfterMs: number
  refusal: Refusal | undefined
}

export function createErrorDetail(init?: Partial<ErrorDetail>): ErrorDetail {
  const m: ErrorDetail = { code: 0, retryAfterMs: 0, refusal: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeErrorDetail(m: ErrorDetail): Uint8Array {
  const w = begin()
  writeErrorDetail(w, m)
  return finish(w)
}

export function writeErrorDetail(w: Writer, m: ErrorDetail): void {
  if (m.code !== 0) writeUint32(w, 8, m.code)
  if (m.retryAfterMs !== 0) writeUint32(w, 16, m.retryAfterMs)
  if (m.refusal !== undefined) {
    w.uint32(26).fork()
    writeRefusal(w, m.refusal)
    w.ldelim()
  }
}

export function decodeErrorDetail(bytes: Uint8Array): ErrorDetail {
  return readErrorDetail(readerOf(bytes), createErrorDetail())
}

export function readErrorDetail(r: Reader, m: ErrorDetail): ErrorDetail {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.code = readUint32(r)
        break
      }
      case 16: {
        m.retryAfterMs = readUint32(r)
        break
      }
      case 26: {
        const outer = enter(r)
        m.refusal = readRefusal(r, m.refusal ?? createRefusal())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 14, 'ErrorDetail')
    }
  }
  return m
}

/** The first frame of every connection. Method 1, client to server. */
export interface HelloRequest {
  /** The session's token. Absent: a nameless connection, good for Register, Login and one Hello with a token. */
  token: Uint8Array
  /** Grows by one with every connection decision of the device. Required with a token. */
  attempt: number
  /** The version up to which the device has applied its timeline. */
  since: number
  /** How often the client will ping at least, 10 000 to 1 800 000 milliseconds. Absent: 300 000. */
  heartbeatMs: number
  /** The store that since belongs to. If it is not the server's, since is taken as 0. */
  storeId: Uint8Array
  /** Revision of this protocol. Absent: 1. */
  revision: number
  /** Name and version of the client program, for logs. */
  client: string
  /**
   * The device has nothing yet and wants nothing of before: since is taken as the head, which the answer names. Nothing is
   * pushed but what comes above it.
   */
  fromHead: boolean
}

export function createHelloRequest(init?: Partial<HelloRequest>): HelloRequest {
  const m: HelloRequest = { token: EMPTY, attempt: 0, since: 0, heartbeatMs: 0, storeId: EMPTY, revision: 0, client: '', fromHead: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeHelloRequest(m: HelloRequest): Uint8Array {
  const w = begin()
  writeHelloRequest(w, m)
  return finish(w)
}

export function writeHelloRequest(w: Writer, m: HelloRequest): void {
  if (m.token.length > 0) writeBytes(w, 10, m.token)
  if (m.attempt !== 0) writeUint64(w, 16, m.attempt)
  if (m.since !== 0) writeUint64(w, 24, m.since)
  if (m.heartbeatMs !== 0) writeUint32(w, 40, m.heartbeatMs)
  if (m.storeId.length > 0) writeBytes(w, 50, m.storeId)
  if (m.revision !== 0) writeUint32(w, 56, m.revision)
  if (m.client.length > 0) writeString(w, 66, m.client)
  if (m.fromHead) writeTrue(w, 72)
}

export function decodeHelloRequest(bytes: Uint8Array): HelloRequest {
  return readHelloRequest(readerOf(bytes), createHelloRequest())
}

export function readHelloRequest(r: Reader, m: HelloRequest): HelloRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.token = readBytes(r, 'HelloRequest.token', 128, 0)
        break
      }
      case 16: {
        m.attempt = readUint64(r)
        break
      }
      case 24: {
        m.since = readUint64(r)
        break
      }
      case 40: {
        m.heartbeatMs = readUint32(r)
        break
      }
      case 50: {
        m.storeId = readBytes(r, 'HelloRequest.store_id', 32, 0)
        break
      }
      case 56: {
        m.revision = readUint32(r)
        break
      }
      case 66: {
        m.client = readString(r, 'HelloRequest.client', 128)
        break
      }
      case 72: {
        m.fromHead = readBool(r)
        break
      }
      default:
        skipField(r, tag, 1006, 'HelloRequest')
    }
  }
  return m
}

export interface HelloResponse {
  /** The user and device the token belongs to; 0 on a nameless connection. */
  uid: number
  device: number
  /** The highest send_seq of this device that the server has used up. */
  lastSendSeq: number
  /** The ack that the server has committed; the client names again the marks of items above it. */
  ack: number
  /** Another store_id than the client's means: drop the local copy. */
  storeId: Uint8Array
  /** The version of the newest item. */
  head: number
  /** since was not a version of this timeline: everything follows from 0, keyed state is to be replaced. */
  resync: boolean
  /** The server's clock, milliseconds since 1970. */
  serverTimeMs: number
  /** Anybody may write to anybody (PROTOCOL.md, 8.14); otherwise friends alone. */
  openContacts: boolean
}

export function createHelloResponse(init?: Partial<HelloResponse>): HelloResponse {
  const m: HelloResponse = { uid: 0, device: 0, lastSendSeq: 0, ack: 0, storeId: EMPTY, head: 0, resync: false, serverTimeMs: 0, openContacts: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeHelloResponse(m: HelloResponse): Uint8Array {
  const w = begin()
  writeHelloResponse(w, m)
  return finish(w)
}

export function writeHelloResponse(w: Writer, m: HelloResponse): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.device !== 0) writeUint32(w, 16, m.device)
  if (m.lastSendSeq !== 0) writeUint64(w, 24, m.lastSendSeq)
  if (m.ack !== 0) writeUint64(w, 32, m.ack)
  if (m.storeId.length > 0) writeBytes(w, 42, m.storeId)
  if (m.head !== 0) writeUint64(w, 48, m.head)
  if (m.resync) writeTrue(w, 56)
  if (m.serverTimeMs !== 0) writeUint64(w, 64, m.serverTimeMs)
  if (m.openContacts) writeTrue(w, 72)
}

export function decodeHelloResponse(bytes: Uint8Array): HelloResponse {
  return readHelloResponse(readerOf(bytes), createHelloResponse())
}

export function readHelloResponse(r: Reader, m: HelloResponse): HelloResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 16: {
        m.device = readUint32(r)
        break
      }
      case 24: {
        m.lastSendSeq = readUint64(r)
        break
      }
      case 32: {
        m.ack = readUint64(r)
        break
      }
      case 42: {
        m.storeId = readBytes(r, 'HelloResponse.store_id', 0, 0)
        break
      }
      case 48: {
        m.head = readUint64(r)
        break
      }
      case 56: {
        m.resync = readBool(r)
        break
      }
      case 64: {
        m.serverTimeMs = readUint64(r)
        break
      }
      case 72: {
        m.openContacts = readBool(r)
        break
      }
      default:
        skipField(r, tag, 1022, 'HelloResponse')
    }
  }
  return m
}

/** Items that the server sends unasked. Method 3, server to client. Holds every live item of (from, to]. */
export interface PushNotice {
  from: number
  /** Absent: the version of the last item, or from where there is none. */
  to: number
  /** Items between from and to were removed by retention. */
  trimmed: boolean
  items: Item[]
}

export function createPushNotice(init?: Partial<PushNotice>): PushNotice {
  const m: PushNotice = { from: 0, to: 0, trimmed: false, items: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodePushNotice(m: PushNotice): Uint8Array {
  const w = begin()
  writePushNotice(w, m)
  return finish(w)
}

export function writePushNotice(w: Writer, m: PushNotice): void {
  if (m.from !== 0) writeUint64(w, 8, m.from)
  if (m.to !== 0) writeUint64(w, 16, m.to)
  if (m.trimmed) writeTrue(w, 24)
  for (const each of m.items) {
    w.uint32(34).fork()
    writeItem(w, each)
    w.ldelim()
  }
}

export function decodePushNotice(bytes: Uint8Array): PushNotice {
  return readPushNotice(readerOf(bytes), createPushNotice())
}

export function readPushNotice(r: Reader, m: PushNotice): PushNotice {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.from = readUint64(r)
        break
      }
      case 16: {
        m.to = readUint64(r)
        break
      }
      case 24: {
        m.trimmed = readBool(r)
        break
      }
      case 34: {
        const outer = enter(r)
        m.items.push(readItem(r, createItem()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 30, 'PushNotice')
    }
  }
  return m
}

/** There are items up to this version: pull if it is above the applied version. Method 4, server to client. */
export interface NotifyNotice {
  version: number
}

export function createNotifyNotice(init?: Partial<NotifyNotice>): NotifyNotice {
  const m: NotifyNotice = { version: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeNotifyNotice(m: NotifyNotice): Uint8Array {
  const w = begin()
  writeNotifyNotice(w, m)
  return finish(w)
}

export function writeNotifyNotice(w: Writer, m: NotifyNotice): void {
  if (m.version !== 0) writeUint64(w, 8, m.version)
}

export function decodeNotifyNotice(bytes: Uint8Array): NotifyNotice {
  return readNotifyNotice(readerOf(bytes), createNotifyNotice())
}

export function readNotifyNotice(r: Reader, m: NotifyNotice): NotifyNotice {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.version = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 2, 'NotifyNotice')
    }
  }
  if (m.version === 0) throw missing('NotifyNotice.version')
  return m
}

/** What the device has durably stored, and read. Method 2, client to server. */
export interface AckNotice {
  /** Absent: unchanged. */
  version: number
  /** The highest stored send_seq per peer and device of the peer, of messages received since the committed ack. */
  delivered: Mark[]
  /** The highest read send_seq, likewise. */
  read: Mark[]
}

export function createAckNotice(init?: Partial<AckNotice>): AckNotice {
  const m: AckNotice = { version: 0, delivered: [], read: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeAckNotice(m: AckNotice): Uint8Array {
  const w = begin()
  writeAckNotice(w, m)
  return finish(w)
}

export function writeAckNotice(w: Writer, m: AckNotice): void {
  if (m.version !== 0) writeUint64(w, 8, m.version)
  for (const each of m.delivered) {
    w.uint32(18).fork()
    writeMark(w, each)
    w.ldelim()
  }
  for (const each of m.read) {
    w.uint32(26).fork()
    writeMark(w, each)
    w.ldelim()
  }
}

export function decodeAckNotice(bytes: Uint8Array): AckNotice {
  return readAckNotice(readerOf(bytes), createAckNotice())
}

export function readAckNotice(r: Reader, m: AckNotice): AckNotice {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.version = readUint64(r)
        break
      }
      case 18: {
        if (m.delivered.length >= 256) throw tooMany('AckNotice.delivered', 256)
        const outer = enter(r)
        m.delivered.push(readMark(r, createMark()))
        leave(r, outer)
        break
      }
      case 26: {
        if (m.read.length >= 256) throw tooMany('AckNotice.read', 256)
        const outer = enter(r)
        m.read.push(readMark(r, createMark()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 14, 'AckNotice')
    }
  }
  return m
}

export interface Mark {
  peer: number
  device: number
  sendSeq: number
}

export function createMark(init?: Partial<Mark>): Mark {
  const m: Mark = { peer: 0, device: 0, sendSeq: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeMark(m: Mark): Uint8Array {
  const w = begin()
  writeMark(w, m)
  return finish(w)
}

export function writeMark(w: Writer, m: Mark): void {
  if (m.peer !== 0) writeUint64(w, 8, m.peer)
  if (m.device !== 0) writeUint32(w, 16, m.device)
  if (m.sendSeq !== 0) writeUint64(w, 24, m.sendSeq)
}

export function decodeMark(bytes: Uint8Array): Mark {
  return readMark(readerOf(bytes), createMark())
}

export function readMark(r: Reader, m: Mark): Mark {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.peer = readUint64(r)
        break
      }
      case 16: {
        m.device = readUint32(r)
        break
      }
      case 24: {
        m.sendSeq = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'Mark')
    }
  }
  if (m.peer === 0) throw missing('Mark.peer')
  if (m.device === 0) throw missing('Mark.device')
  if (m.sendSeq === 0) throw missing('Mark.send_seq')
  return m
}

/** The server is about to stop: finish, then connect again after the frame's retry_after_ms. Method 5, server to client. */
export interface DrainNotice {
  /**
   * Other nodes of the server. Until retry_after_ms are over this one serves the connection as before.
   * Absent: it takes no new requests.
   */
  endpoints: Endpoints | undefined
}

export function createDrainNotice(init?: Partial<DrainNotice>): DrainNotice {
  const m: DrainNotice = { endpoints: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeDrainNotice(m: DrainNotice): Uint8Array {
  const w = begin()
  writeDrainNotice(w, m)
  return finish(w)
}

export function writeDrainNotice(w: Writer, m: DrainNotice): void {
  if (m.endpoints !== undefined) {
    w.uint32(10).fork()
    writeEndpoints(w, m.endpoints)
    w.ldelim()
  }
}

export function decodeDrainNotice(bytes: Uint8Array): DrainNotice {
  return readDrainNotice(readerOf(bytes), createDrainNotice())
}

export function readDrainNotice(r: Reader, m: DrainNotice): DrainNotice {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.endpoints = readEndpoints(r, m.endpoints ?? createEndpoints())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 2, 'DrainNotice')
    }
  }
  return m
}

/** Asks for the endpoints of the server. Method 7, client to server. */
export type EndpointsRequest = Record<never, never>

export function createEndpointsRequest(_init?: Partial<EndpointsRequest>): EndpointsRequest {
  return {}
}

export function encodeEndpointsRequest(m: EndpointsRequest): Uint8Array {
  const w = begin()
  writeEndpointsRequest(w, m)
  return finish(w)
}

export function writeEndpointsRequest(_w: Writer, _m: EndpointsRequest): void {}

export function decodeEndpointsRequest(bytes: Uint8Array): EndpointsRequest {
  return readEndpointsRequest(readerOf(bytes), createEndpointsRequest())
}

export function readEndpointsRequest(r: Reader, m: EndpointsRequest): EndpointsRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'EndpointsRequest')
  }
  return m
}

export interface EndpointsResponse {
  endpoints: Endpoints | undefined
}

export function createEndpointsResponse(init?: Partial<EndpointsResponse>): EndpointsResponse {
  const m: EndpointsResponse = { endpoints: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeEndpointsResponse(m: EndpointsResponse): Uint8Array {
  const w = begin()
  writeEndpointsResponse(w, m)
  return finish(w)
}

export function writeEndpointsResponse(w: Writer, m: EndpointsResponse): void {
  if (m.endpoints !== undefined) {
    w.uint32(10).fork()
    writeEndpoints(w, m.endpoints)
    w.ldelim()
  }
}

export function decodeEndpointsResponse(bytes: Uint8Array): EndpointsResponse {
  return readEndpointsResponse(readerOf(bytes), createEndpointsResponse())
}

export function readEndpointsResponse(r: Reader, m: EndpointsResponse): EndpointsResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.endpoints = readEndpoints(r, m.endpoints ?? createEndpoints())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 2, 'EndpointsResponse')
    }
  }
  return m
}

/** The server's last frame before it closes: the frame's code says what the client does. Method 6, server to client. */
export interface CloseNotice {
  /** With ATTEMPT_SUPERSEDED and REPLACED: the attempt that is bound. */
  boundAttempt: number
}

export function createCloseNotice(init?: Partial<CloseNotice>): CloseNotice {
  const m: CloseNotice = { boundAttempt: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeCloseNotice(m: CloseNotice): Uint8Array {
  const w = begin()
  writeCloseNotice(w, m)
  return finish(w)
}

export function writeCloseNotice(w: Writer, m: CloseNotice): void {
  if (m.boundAttempt !== 0) writeUint64(w, 8, m.boundAttempt)
}

export function decodeCloseNotice(bytes: Uint8Array): CloseNotice {
  return readCloseNotice(readerOf(bytes), createCloseNotice())
}

export function readCloseNotice(r: Reader, m: CloseNotice): CloseNotice {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.boundAttempt = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 2, 'CloseNotice')
    }
  }
  return m
}

/**
 * One item of a timeline. On the wire its version is one more than the version before it (the item's before it, or the
 * range's from) plus skip. Message, Failed, Delivered and Read are about direct conversations: they name the other user.
 */
export interface Item {
  skip: number
  content:
    | { case: 'message'; value: Message }
    | { case: 'contact'; value: Contact }
    | { case: 'failed'; value: Failed }
    | { case: 'delivered'; value: Delivered }
    | { case: 'read'; value: Read }
    | { case: 'ownProfile'; value: OwnProfile }
    | { case: 'conversationMessage'; value: ConversationMessage }
    | { case: 'groupChange'; value: GroupChange }
    | { case: 'group'; value: Group }
    | { case: 'changed'; value: Changed }
    | { case: 'conversationState'; value: ConversationState }
    | { case: 'preferences'; value: Preferences }
    | { case: 'room'; value: Room }
    | undefined
}

export function createItem(init?: Partial<Item>): Item {
  const m: Item = { skip: 0, content: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeItem(m: Item): Uint8Array {
  const w = begin()
  writeItem(w, m)
  return finish(w)
}

export function writeItem(w: Writer, m: Item): void {
  if (m.skip !== 0) writeUint64(w, 8, m.skip)
  switch (m.content?.case) {
    case 'message':
      w.uint32(18).fork()
      writeMessage(w, m.content.value)
      w.ldelim()
      break
    case 'contact':
      w.uint32(26).fork()
      writeContact(w, m.content.value)
      w.ldelim()
      break
    case 'failed':
      w.uint32(34).fork()
      writeFailed(w, m.content.value)
      w.ldelim()
      break
    case 'delivered':
      w.uint32(42).fork()
      writeDelivered(w, m.content.value)
      w.ldelim()
      break
    case 'read':
      w.uint32(50).fork()
      writeRead(w, m.content.value)
      w.ldelim()
      break
    case 'ownProfile':
      w.uint32(58).fork()
      writeOwnProfile(w, m.content.value)
      w.ldelim()
      break
    case 'conversationMessage':
      w.uint32(66).fork()
      writeConversationMessage(w, m.content.value)
      w.ldelim()
      break
    case 'groupChange':
      w.uint32(74).fork()
      writeGroupChange(w, m.content.value)
      w.ldelim()
      break
    case 'group':
      w.uint32(82).fork()
      writeGroup(w, m.content.value)
      w.ldelim()
      break
    case 'changed':
      w.uint32(90).fork()
      writeChanged(w, m.content.value)
      w.ldelim()
      break
    case 'conversationState':
      w.uint32(98).fork()
      writeConversationState(w, m.content.value)
      w.ldelim()
      break
    case 'preferences':
      w.uint32(106).fork()
      writePreferences(w, m.content.value)
      w.ldelim()
      break
    case 'room':
      w.uint32(114).fork()
      writeRoom(w, m.content.value)
      w.ldelim()
      break
  }
}

export function decodeItem(bytes: Uint8Array): Item {
  return readItem(readerOf(bytes), createItem())
}

export function readItem(r: Reader, m: Item): Item {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.skip = readUint64(r)
        break
      }
      case 18: {
        const outer = enter(r)
        const before = m.content?.case === 'message' ? m.content.value : createMessage()
        m.content = { case: 'message', value: readMessage(r, before) }
        leave(r, outer)
        break
      }
      case 26: {
        const outer = enter(r)
        const before = m.content?.case === 'contact' ? m.content.value : createContact()
        m.content = { case: 'contact', value: readContact(r, before) }
        leave(r, outer)
        break
      }
      case 34: {
        const outer = enter(r)
        const before = m.content?.case === 'failed' ? m.content.value : createFailed()
        m.content = { case: 'failed', value: readFailed(r, before) }
        leave(r, outer)
        break
      }
      case 42: {
        const outer = enter(r)
        const before = m.content?.case === 'delivered' ? m.content.value : createDelivered()
        m.content = { case: 'delivered', value: readDelivered(r, before) }
        leave(r, outer)
        break
      }
      case 50: {
        const outer = enter(r)
        const before = m.content?.case === 'read' ? m.content.value : createRead()
        m.content = { case: 'read', value: readRead(r, before) }
        leave(r, outer)
        break
      }
      case 58: {
        const outer = enter(r)
        const before = m.content?.case === 'ownProfile' ? m.content.value : createOwnProfile()
        m.content = { case: 'ownProfile', value: readOwnProfile(r, before) }
        leave(r, outer)
        break
      }
      case 66: {
        const outer = enter(r)
        const before = m.content?.case === 'conversationMessage' ? m.content.value : createConversationMessage()
        m.content = { case: 'conversationMessage', value: readConversationMessage(r, before) }
        leave(r, outer)
        break
      }
      case 74: {
        const outer = enter(r)
        const before = m.content?.case === 'groupChange' ? m.content.value : createGroupChange()
        m.content = { case: 'groupChange', value: readGroupChange(r, before) }
        leave(r, outer)
        break
      }
      case 82: {
        const outer = enter(r)
        const before = m.content?.case === 'group' ? m.content.value : createGroup()
        m.content = { case: 'group', value: readGroup(r, before) }
        leave(r, outer)
        break
      }
      case 90: {
        const outer = enter(r)
        const before = m.content?.case === 'changed' ? m.content.value : createChanged()
        m.content = { case: 'changed', value: readChanged(r, before) }
        leave(r, outer)
        break
      }
      case 98: {
        const outer = enter(r)
        const before = m.content?.case === 'conversationState' ? m.content.value : createConversationState()
        m.content = { case: 'conversationState', value: readConversationState(r, before) }
        leave(r, outer)
        break
      }
      case 106: {
        const outer = enter(r)
        const before = m.content?.case === 'preferences' ? m.content.value : createPreferences()
        m.content = { case: 'preferences', value: readPreferences(r, before) }
        leave(r, outer)
        break
      }
      case 114: {
        const outer = enter(r)
        const before = m.content?.case === 'room' ? m.content.value : createRoom()
        m.content = { case: 'room', value: readRoom(r, before) }
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 32766, 'Item')
    }
  }
  return m
}

/** A message of a direct conversation. (sender, device, send_seq) is its id: shown once, whatever version it comes under. */
export interface Message {
  sender: number
  device: number
  sendSeq: number
  /** When the server accepted it, milliseconds since 1970. */
  atMs: number
  /** In the sender's own timeline: whom it went to. Absent in the recipient's. */
  recipient: number
  /** The text; of a message with content: the same in words, for a client that does not know the kind. */
  text: string
  /** What it holds if not text. Absent: text. */
  content: MessageContent | undefined
  extra: MessageExtra | undefined
  /** Absent: it is as it was sent. */
  state: MessageState | undefined
}

export function createMessage(init?: Partial<Message>): Message {
  const m: Message = { sender: 0, device: 0, sendSeq: 0, atMs: 0, recipient: 0, text: '', content: undefined, extra: undefined, state: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeMessage(m: Message): Uint8Array {
  const w = begin()
  writeMessage(w, m)
  return finish(w)
}

export function writeMessage(w: Writer, m: Message): void {
  if (m.sender !== 0) writeUint64(w, 8, m.sender)
  if (m.device !== 0) writeUint32(w, 16, m.device)
  if (m.sendSeq !== 0) writeUint64(w, 24, m.sendSeq)
  if (m.atMs !== 0) writeUint64(w, 32, m.atMs)
  if (m.recipient !== 0) writeUint64(w, 40, m.recipient)
  if (m.text.length > 0) writeString(w, 50, m.text)
  if (m.content !== undefined) {
    w.uint32(58).fork()
    writeMessageContent(w, m.content)
    w.ldelim()
  }
  if (m.extra !== undefined) {
    w.uint32(66).fork()
    writeMessageExtra(w, m.extra)
    w.ldelim()
  }
  if (m.state !== undefined) {
    w.uint32(74).fork()
    writeMessageState(w, m.state)
    w.ldelim()
  }
}

export function decodeMessage(bytes: Uint8Array): Message {
  return readMessage(readerOf(bytes), createMessage())
}

export function readMessage(r: Reader, m: Message): Message {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sender = readUint64(r)
        break
      }
      case 16: {
        m.device = readUint32(r)
        break
      }
      case 24: {
        m.sendSeq = readUint64(r)
        break
      }
      case 32: {
        m.atMs = readUint64(r)
        break
      }
      case 40: {
        m.recipient = readUint64(r)
        break
      }
      case 50: {
        m.text = readString(r, 'Message.text', 0)
        break
      }
      case 58: {
        const outer = enter(r)
        m.content = readMessageContent(r, m.content ?? createMessageContent())
        leave(r, outer)
        break
      }
      case 66: {
        const outer = enter(r)
        m.extra = readMessageExtra(r, m.extra ?? createMessageExtra())
        leave(r, outer)
        break
      }
      case 74: {
        const outer = enter(r)
        m.state = readMessageState(r, m.state ?? createMessageState())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 1022, 'Message')
    }
  }
  return m
}

/**
 * A message of a conversation that is not direct. Its fields are those of Message, with the conversation in the
 * recipient's place.
 */
export interface ConversationMessage {
  sender: number
  device: number
  sendSeq: number
  atMs: number
  /** The conversation's id (7.16), the same in every member's timeline; in the sender's own copy, too. */
  conversation: string
  text: string
  content: MessageContent | undefined
  /**
   * In a group: its place among the group's messages and changes, the same for all members. On a board: its place among the posts. It
   * rises and has gaps.
   */
  number: number
  extra: MessageExtra | undefined
  /** Absent: it is as it was sent. */
  state: MessageState | undefined
}

export function createConversationMessage(init?: Partial<ConversationMessage>): ConversationMessage {
  const m: ConversationMessage = { sender: 0, device: 0, sendSeq: 0, atMs: 0, conversation: '', text: '', content: undefined, number: 0, extra: undefined, state: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeConversationMessage(m: ConversationMessage): Uint8Array {
  const w = begin()
  writeConversationMessage(w, m)
  return finish(w)
}

export function writeConversationMessage(w: Writer, m: ConversationMessage): void {
  if (m.sender !== 0) writeUint64(w, 8, m.sender)
  if (m.device !== 0) writeUint32(w, 16, m.device)
  if (m.sendSeq !== 0) writeUint64(w, 24, m.sendSeq)
  if (m.atMs !== 0) writeUint64(w, 32, m.atMs)
  if (m.conversation.length > 0) writeString(w, 42, m.conversation)
  if (m.text.length > 0) writeString(w, 50, m.text)
  if (m.content !== undefined) {
    w.uint32(58).fork()
    writeMessageContent(w, m.content)
    w.ldelim()
  }
  if (m.number !== 0) writeUint64(w, 64, m.number)
  if (m.extra !== undefined) {
    w.uint32(74).fork()
    writeMessageExtra(w, m.extra)
    w.ldelim()
  }
  if (m.state !== undefined) {
    w.uint32(82).fork()
    writeMessageState(w, m.state)
    w.ldelim()
  }
}

export function decodeConversationMessage(bytes: Uint8Array): ConversationMessage {
  return readConversationMessage(readerOf(bytes), createConversationMessage())
}

export function readConversationMessage(r: Reader, m: ConversationMessage): ConversationMessage {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sender = readUint64(r)
        break
      }
      case 16: {
        m.device = readUint32(r)
        break
      }
      case 24: {
        m.sendSeq = readUint64(r)
        break
      }
      case 32: {
        m.atMs = readUint64(r)
        break
      }
      case 42: {
        m.conversation = readString(r, 'ConversationMessage.conversation', 0)
        break
      }
      case 50: {
        m.text = readString(r, 'ConversationMessage.text', 0)
        break
      }
      case 58: {
        const outer = enter(r)
        m.content = readMessageContent(r, m.content ?? createMessageContent())
        leave(r, outer)
        break
      }
      case 64: {
        m.number = readUint64(r)
        break
      }
      case 74: {
        const outer = enter(r)
        m.extra = readMessageExtra(r, m.extra ?? createMessageExtra())
        leave(r, outer)
        break
      }
      case 82: {
        const outer = enter(r)
        m.state = readMessageState(r, m.state ?? createMessageState())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 2046, 'ConversationMessage')
    }
  }
  return m
}

/**
 * A message that was changed (edited, recalled, deleted, reacted to), as it is now. Compaction key about/<message>. Who does not
 * have the message skips it. PROTOCOL.md, 7.18.
 */
export interface Changed {
  message:
    | { case: 'direct'; value: Message }
    | { case: 'conversation'; value: ConversationMessage }
    | undefined
}

export function createChanged(init?: Partial<Changed>): Changed {
  const m: Changed = { message: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeChanged(m: Changed): Uint8Array {
  const w = begin()
  writeChanged(w, m)
  return finish(w)
}

export function writeChanged(w: Writer, m: Changed): void {
  switch (m.message?.case) {
    case 'direct':
      w.uint32(10).fork()
      writeMessage(w, m.message.value)
      w.ldelim()
      break
    case 'conversation':
      w.uint32(18).fork()
      writeConversationMessage(w, m.message.value)
      w.ldelim()
      break
  }
}

export function decodeChanged(bytes: Uint8Array): Changed {
  return readChanged(readerOf(bytes), createChanged())
}

export function readChanged(r: Reader, m: Changed): Changed {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        const before = m.message?.case === 'direct' ? m.message.value : createMessage()
        m.message = { case: 'direct', value: readMessage(r, before) }
        leave(r, outer)
        break
      }
      case 18: {
        const outer = enter(r)
        const before = m.message?.case === 'conversation' ? m.message.value : createConversationMessage()
        m.message = { case: 'conversation', value: readConversationMessage(r, before) }
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 6, 'Changed')
    }
  }
  return m
}

/** Names a message. In a direct conversation by sender, device and send_seq; in a group by number alone. */
export interface MessageId {
  sender: number
  device: number
  sendSeq: number
  number: number
}

export function createMessageId(init?: Partial<MessageId>): MessageId {
  const m: MessageId = { sender: 0, device: 0, sendSeq: 0, number: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeMessageId(m: MessageId): Uint8Array {
  const w = begin()
  writeMessageId(w, m)
  return finish(w)
}

export function writeMessageId(w: Writer, m: MessageId): void {
  if (m.sender !== 0) writeUint64(w, 8, m.sender)
  if (m.device !== 0) writeUint32(w, 16, m.device)
  if (m.sendSeq !== 0) writeUint64(w, 24, m.sendSeq)
  if (m.number !== 0) writeUint64(w, 32, m.number)
}

export function decodeMessageId(bytes: Uint8Array): MessageId {
  return readMessageId(readerOf(bytes), createMessageId())
}

export function readMessageId(r: Reader, m: MessageId): MessageId {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sender = readUint64(r)
        break
      }
      case 16: {
        m.device = readUint32(r)
        break
      }
      case 24: {
        m.sendSeq = readUint64(r)
        break
      }
      case 32: {
        m.number = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 30, 'MessageId')
    }
  }
  return m
}

/** What goes with a message beside its text or content. */
export interface MessageExtra {
  /** The message that it answers. No text of that stands here. */
  reply: MessageId | undefined
  /** In order of start; none overlaps another. */
  mentions: Mention[]
  /** For the app; at most 1 024 bytes. */
  metadata: Uint8Array
  /** It is a copy of another message. */
  forwarded: boolean
}

export function createMessageExtra(init?: Partial<MessageExtra>): MessageExtra {
  const m: MessageExtra = { reply: undefined, mentions: [], metadata: EMPTY, forwarded: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeMessageExtra(m: MessageExtra): Uint8Array {
  const w = begin()
  writeMessageExtra(w, m)
  return finish(w)
}

export function writeMessageExtra(w: Writer, m: MessageExtra): void {
  if (m.reply !== undefined) {
    w.uint32(10).fork()
    writeMessageId(w, m.reply)
    w.ldelim()
  }
  for (const each of m.mentions) {
    w.uint32(18).fork()
    writeMention(w, each)
    w.ldelim()
  }
  if (m.metadata.length > 0) writeBytes(w, 26, m.metadata)
  if (m.forwarded) writeTrue(w, 32)
}

export function decodeMessageExtra(bytes: Uint8Array): MessageExtra {
  return readMessageExtra(readerOf(bytes), createMessageExtra())
}

export function readMessageExtra(r: Reader, m: MessageExtra): MessageExtra {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.reply = readMessageId(r, m.reply ?? createMessageId())
        leave(r, outer)
        break
      }
      case 18: {
        const outer = enter(r)
        m.mentions.push(readMention(r, createMention()))
        leave(r, outer)
        break
      }
      case 26: {
        m.metadata = readBytes(r, 'MessageExtra.metadata', 0, 0)
        break
      }
      case 32: {
        m.forwarded = readBool(r)
        break
      }
      default:
        skipField(r, tag, 30, 'MessageExtra')
    }
  }
  return m
}

/** A part of the text that names a user. */
export interface Mention {
  /** Where the part begins in the text, and how long it is, in UTF-16 code units. */
  start: number
  length: number
  /** Whom; absent: all members of the group. */
  uid: number
}

export function createMention(init?: Partial<Mention>): Mention {
  const m: Mention = { start: 0, length: 0, uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeMention(m: Mention): Uint8Array {
  const w = begin()
  writeMention(w, m)
  return finish(w)
}

export function writeMention(w: Writer, m: Mention): void {
  if (m.start !== 0) writeUint32(w, 8, m.start)
  if (m.length !== 0) writeUint32(w, 16, m.length)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
}

export function decodeMention(bytes: Uint8Array): Mention {
  return readMention(readerOf(bytes), createMention())
}

export function readMention(r: Reader, m: Mention): Mention {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.start = readUint32(r)
        break
      }
      case 16: {
        m.length = readUint32(r)
        break
      }
      case 24: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'Mention')
    }
  }
  return m
}

/** How a message was changed since it was sent. PROTOCOL.md, 7.18. */
export interface MessageState {
  /** When it was edited last. */
  editedAtMs: number
  /** In a group: the number of the last edit, and of the last change of any kind. */
  editNumber: number
  changeNumber: number
  /** Who recalled it. Then it has no text, content and extra. */
  recalledBy: number
  /** This user deleted it on all own devices: nothing else of it is there. */
  deleted: boolean
  /** It was edited when this user was no member: its texts are not for the user. */
  withheld: boolean
  /** In order of their first use. */
  reactions: Reaction[]
}

export function createMessageState(init?: Partial<MessageState>): MessageState {
  const m: MessageState = { editedAtMs: 0, editNumber: 0, changeNumber: 0, recalledBy: 0, deleted: false, withheld: false, reactions: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeMessageState(m: MessageState): Uint8Array {
  const w = begin()
  writeMessageState(w, m)
  return finish(w)
}

export function writeMessageState(w: Writer, m: MessageState): void {
  if (m.editedAtMs !== 0) writeUint64(w, 8, m.editedAtMs)
  if (m.editNumber !== 0) writeUint64(w, 16, m.editNumber)
  if (m.changeNumber !== 0) writeUint64(w, 24, m.changeNumber)
  if (m.recalledBy !== 0) writeUint64(w, 32, m.recalledBy)
  if (m.deleted) writeTrue(w, 40)
  if (m.withheld) writeTrue(w, 48)
  for (const each of m.reactions) {
    w.uint32(58).fork()
    writeReaction(w, each)
    w.ldelim()
  }
}

export function decodeMessageState(bytes: Uint8Array): MessageState {
  return readMessageState(readerOf(bytes), createMessageState())
}

export function readMessageState(r: Reader, m: MessageState): MessageState {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.editedAtMs = readUint64(r)
        break
      }
      case 16: {
        m.editNumber = readUint64(r)
        break
      }
      case 24: {
        m.changeNumber = readUint64(r)
        break
      }
      case 32: {
        m.recalledBy = readUint64(r)
        break
      }
      case 40: {
        m.deleted = readBool(r)
        break
      }
      case 48: {
        m.withheld = readBool(r)
        break
      }
      case 58: {
        const outer = enter(r)
        m.reactions.push(readReaction(r, createReaction()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 254, 'MessageState')
    }
  }
  return m
}

export interface Reaction {
  /** An emoji, or a word of the app. */
  kind: string
  /** How many users have it. */
  count: number
  /** In a direct conversation: this user is one of them. */
  mine: boolean
}

export function createReaction(init?: Partial<Reaction>): Reaction {
  const m: Reaction = { kind: '', count: 0, mine: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeReaction(m: Reaction): Uint8Array {
  const w = begin()
  writeReaction(w, m)
  return finish(w)
}

export function writeReaction(w: Writer, m: Reaction): void {
  if (m.kind.length > 0) writeString(w, 10, m.kind)
  if (m.count !== 0) writeUint32(w, 16, m.count)
  if (m.mine) writeTrue(w, 24)
}

export function decodeReaction(bytes: Uint8Array): Reaction {
  return readReaction(readerOf(bytes), createReaction())
}

export function readReaction(r: Reader, m: Reaction): Reaction {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.kind = readString(r, 'Reaction.kind', 0)
        break
      }
      case 16: {
        m.count = readUint32(r)
        break
      }
      case 24: {
        m.mine = readBool(r)
        break
      }
      default:
        skipField(r, tag, 14, 'Reaction')
    }
  }
  return m
}

/** What a message holds that is not text. PROTOCOL.md, 7.17. */
export interface MessageContent {
  /** Which kind, never 0: that is text. 1 Custom, 2 Location, 3 Card. */
  kind: number
  /** The encoded message of the kind. */
  body: Uint8Array
}

export function createMessageContent(init?: Partial<MessageContent>): MessageContent {
  const m: MessageContent = { kind: 0, body: EMPTY }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeMessageContent(m: MessageContent): Uint8Array {
  const w = begin()
  writeMessageContent(w, m)
  return finish(w)
}

export function writeMessageContent(w: Writer, m: MessageContent): void {
  if (m.kind !== 0) writeUint32(w, 8, m.kind)
  if (m.body.length > 0) writeBytes(w, 18, m.body)
}

export function decodeMessageContent(bytes: Uint8Array): MessageContent {
  return readMessageContent(readerOf(bytes), createMessageContent())
}

export function readMessageContent(r: Reader, m: MessageContent): MessageContent {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.kind = readUint32(r)
        break
      }
      case 18: {
        m.body = readBytes(r, 'MessageContent.body', 0, 0)
        break
      }
      default:
        skipField(r, tag, 6, 'MessageContent')
    }
  }
  return m
}

/** Content of kind 1: what the app defines. */
export interface Custom {
  type: string
  data: Uint8Array
}

export function createCustom(init?: Partial<Custom>): Custom {
  const m: Custom = { type: '', data: EMPTY }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeCustom(m: Custom): Uint8Array {
  const w = begin()
  writeCustom(w, m)
  return finish(w)
}

export function writeCustom(w: Writer, m: Custom): void {
  if (m.type.length > 0) writeString(w, 10, m.type)
  if (m.data.length > 0) writeBytes(w, 18, m.data)
}

export function decodeCustom(bytes: Uint8Array): Custom {
  return readCustom(readerOf(bytes), createCustom())
}

export function readCustom(r: Reader, m: Custom): Custom {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.type = readString(r, 'Custom.type', 64)
        break
      }
      case 18: {
        m.data = readBytes(r, 'Custom.data', 16384, 0)
        break
      }
      default:
        skipField(r, tag, 6, 'Custom')
    }
  }
  if (m.type.length === 0) throw missing('Custom.type')
  return m
}

/** Content of kind 2: a place. */
export interface Location {
  /**
   * Millionths of a degree: northward from the south pole, at most 180 000 000; eastward from 180 degrees west, at most
   * 360 000 000.
   */
  latitude: number
  longitude: number
  name: string
}

export function createLocation(init?: Partial<Location>): Location {
  const m: Location = { latitude: 0, longitude: 0, name: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeLocation(m: Location): Uint8Array {
  const w = begin()
  writeLocation(w, m)
  return finish(w)
}

export function writeLocation(w: Writer, m: Location): void {
  if (m.latitude !== 0) writeUint32(w, 8, m.latitude)
  if (m.longitude !== 0) writeUint32(w, 16, m.longitude)
  if (m.name.length > 0) writeString(w, 26, m.name)
}

export function decodeLocation(bytes: Uint8Array): Location {
  return readLocation(readerOf(bytes), createLocation())
}

export function readLocation(r: Reader, m: Location): Location {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.latitude = readUint32(r)
        break
      }
      case 16: {
        m.longitude = readUint32(r)
        break
      }
      case 26: {
        m.name = readString(r, 'Location.name', 256)
        break
      }
      default:
        skipField(r, tag, 14, 'Location')
    }
  }
  return m
}

/** Content of kind 3: a user. Names are looked up, never believed. */
export interface Card {
  uid: number
}

export function createCard(init?: Partial<Card>): Card {
  const m: Card = { uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeCard(m: Card): Uint8Array {
  const w = begin()
  writeCard(w, m)
  return finish(w)
}

export function writeCard(w: Writer, m: Card): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
}

export function decodeCard(bytes: Uint8Array): Card {
  return readCard(readerOf(bytes), createCard())
}

export function readCard(r: Reader, m: Card): Card {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 2, 'Card')
    }
  }
  if (m.uid === 0) throw missing('Card.uid')
  return m
}

/** The state of one contact. Compaction key contact/<uid>. */
export interface Contact {
  uid: number
  state: ContactState
  /** While requested or invited, or if a stranger asks: the number that Accept, Decline and Cancel name. */
  request: number
  /** This user blocked the other. */
  blocked: boolean
  account: string
  nickname: string
  /** What the asker wrote with the request, while requested or invited. */
  greeting: string
  stranger: Stranger
  /** When the first of the two wrote, milliseconds since 1970; 0 without such a conversation. */
  sinceMs: number
}

export function createContact(init?: Partial<Contact>): Contact {
  const m: Contact = { uid: 0, state: 0, request: 0, blocked: false, account: '', nickname: '', greeting: '', stranger: 0, sinceMs: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContact(m: Contact): Uint8Array {
  const w = begin()
  writeContact(w, m)
  return finish(w)
}

export function writeContact(w: Writer, m: Contact): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.state !== 0) writeUint32(w, 16, m.state)
  if (m.request !== 0) writeUint64(w, 24, m.request)
  if (m.blocked) writeTrue(w, 32)
  if (m.account.length > 0) writeString(w, 42, m.account)
  if (m.nickname.length > 0) writeString(w, 50, m.nickname)
  if (m.greeting.length > 0) writeString(w, 58, m.greeting)
  if (m.stranger !== 0) writeUint32(w, 64, m.stranger)
  if (m.sinceMs !== 0) writeUint64(w, 72, m.sinceMs)
}

export function decodeContact(bytes: Uint8Array): Contact {
  return readContact(readerOf(bytes), createContact())
}

export function readContact(r: Reader, m: Contact): Contact {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 16: {
        m.state = readContactState(r)
        break
      }
      case 24: {
        m.request = readUint64(r)
        break
      }
      case 32: {
        m.blocked = readBool(r)
        break
      }
      case 42: {
        m.account = readString(r, 'Contact.account', 0)
        break
      }
      case 50: {
        m.nickname = readString(r, 'Contact.nickname', 0)
        break
      }
      case 58: {
        m.greeting = readString(r, 'Contact.greeting', 0)
        break
      }
      case 64: {
        m.stranger = readStranger(r)
        break
      }
      case 72: {
        m.sinceMs = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 1022, 'Contact')
    }
  }
  return m
}

/** A message of this user, or an act in a group, that was accepted and then refused on the other side. */
export interface Failed {
  device: number
  sendSeq: number
  recipient: number
  /** Why, a code of PROTOCOL.md, clause 9. */
  code: number
  /** The conversation, if it is not direct: then there is no recipient. The number is a message's or an act's in a group. */
  conversation: string
}

export function createFailed(init?: Partial<Failed>): Failed {
  const m: Failed = { device: 0, sendSeq: 0, recipient: 0, code: 0, conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeFailed(m: Failed): Uint8Array {
  const w = begin()
  writeFailed(w, m)
  return finish(w)
}

export function writeFailed(w: Writer, m: Failed): void {
  if (m.device !== 0) writeUint32(w, 8, m.device)
  if (m.sendSeq !== 0) writeUint64(w, 16, m.sendSeq)
  if (m.recipient !== 0) writeUint64(w, 24, m.recipient)
  if (m.code !== 0) writeUint32(w, 32, m.code)
  if (m.conversation.length > 0) writeString(w, 42, m.conversation)
}

export function decodeFailed(bytes: Uint8Array): Failed {
  return readFailed(readerOf(bytes), createFailed())
}

export function readFailed(r: Reader, m: Failed): Failed {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.device = readUint32(r)
        break
      }
      case 16: {
        m.sendSeq = readUint64(r)
        break
      }
      case 24: {
        m.recipient = readUint64(r)
        break
      }
      case 32: {
        m.code = readUint32(r)
        break
      }
      case 42: {
        m.conversation = readString(r, 'Failed.conversation', 0)
        break
      }
      default:
        skipField(r, tag, 62, 'Failed')
    }
  }
  return m
}

/** Up to where the peer has stored this user's messages. Compaction key delivered/<peer>. */
export interface Delivered {
  peer: number
  /** One per device of this user. */
  marks: Watermark[]
}

export function createDelivered(init?: Partial<Delivered>): Delivered {
  const m: Delivered = { peer: 0, marks: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeDelivered(m: Delivered): Uint8Array {
  const w = begin()
  writeDelivered(w, m)
  return finish(w)
}

export function writeDelivered(w: Writer, m: Delivered): void {
  if (m.peer !== 0) writeUint64(w, 8, m.peer)
  for (const each of m.marks) {
    w.uint32(18).fork()
    writeWatermark(w, each)
    w.ldelim()
  }
}

export function decodeDelivered(bytes: Uint8Array): Delivered {
  return readDelivered(readerOf(bytes), createDelivered())
}

export function readDelivered(r: Reader, m: Delivered): Delivered {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.peer = readUint64(r)
        break
      }
      case 18: {
        const outer = enter(r)
        m.marks.push(readWatermark(r, createWatermark()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 6, 'Delivered')
    }
  }
  return m
}

/** Up to where one side has read the other's messages. Compaction keys read/<peer> and own-read/<peer>. */
export interface Read {
  peer: number
  /** False: the peer read this user's messages; device is this user's. True: this user read the peer's; device is the peer's. */
  own: boolean
  marks: Watermark[]
}

export function createRead(init?: Partial<Read>): Read {
  const m: Read = { peer: 0, own: false, marks: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRead(m: Read): Uint8Array {
  const w = begin()
  writeRead(w, m)
  return finish(w)
}

export function writeRead(w: Writer, m: Read): void {
  if (m.peer !== 0) writeUint64(w, 8, m.peer)
  if (m.own) writeTrue(w, 16)
  for (const each of m.marks) {
    w.uint32(26).fork()
    writeWatermark(w, each)
    w.ldelim()
  }
}

export function decodeRead(bytes: Uint8Array): Read {
  return readRead(readerOf(bytes), createRead())
}

export function readRead(r: Reader, m: Read): Read {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.peer = readUint64(r)
        break
      }
      case 16: {
        m.own = readBool(r)
        break
      }
      case 26: {
        const outer = enter(r)
        m.marks.push(readWatermark(r, createWatermark()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 14, 'Read')
    }
  }
  return m
}

export interface Watermark {
  device: number
  sendSeq: number
}

export function createWatermark(init?: Partial<Watermark>): Watermark {
  const m: Watermark = { device: 0, sendSeq: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeWatermark(m: Watermark): Uint8Array {
  const w = begin()
  writeWatermark(w, m)
  return finish(w)
}

export function writeWatermark(w: Writer, m: Watermark): void {
  if (m.device !== 0) writeUint32(w, 8, m.device)
  if (m.sendSeq !== 0) writeUint64(w, 16, m.sendSeq)
}

export function decodeWatermark(bytes: Uint8Array): Watermark {
  return readWatermark(readerOf(bytes), createWatermark())
}

export function readWatermark(r: Reader, m: Watermark): Watermark {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.device = readUint32(r)
        break
      }
      case 16: {
        m.sendSeq = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'Watermark')
    }
  }
  return m
}

/** The user's own profile. Compaction key profile. */
export interface OwnProfile {
  account: string
  nickname: string
}

export function createOwnProfile(init?: Partial<OwnProfile>): OwnProfile {
  const m: OwnProfile = { account: '', nickname: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeOwnProfile(m: OwnProfile): Uint8Array {
  const w = begin()
  writeOwnProfile(w, m)
  return finish(w)
}

export function writeOwnProfile(w: Writer, m: OwnProfile): void {
  if (m.account.length > 0) writeString(w, 10, m.account)
  if (m.nickname.length > 0) writeString(w, 18, m.nickname)
}

export function decodeOwnProfile(bytes: Uint8Array): OwnProfile {
  return readOwnProfile(readerOf(bytes), createOwnProfile())
}

export function readOwnProfile(r: Reader, m: OwnProfile): OwnProfile {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.account = readString(r, 'OwnProfile.account', 0)
        break
      }
      case 18: {
        m.nickname = readString(r, 'OwnProfile.nickname', 0)
        break
      }
      default:
        skipField(r, tag, 6, 'OwnProfile')
    }
  }
  return m
}

export interface GroupRules {
  join: GroupJoin
  /** Only admins invite. */
  adminsInvite: boolean
  /** Only admins write. */
  adminsWrite: boolean
  /** How many of the last items before their joining new members may read, at most 100. */
  history: number
}

export function createGroupRules(init?: Partial<GroupRules>): GroupRules {
  const m: GroupRules = { join: 0, adminsInvite: false, adminsWrite: false, history: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupRules(m: GroupRules): Uint8Array {
  const w = begin()
  writeGroupRules(w, m)
  return finish(w)
}

export function writeGroupRules(w: Writer, m: GroupRules): void {
  if (m.join !== 0) writeUint32(w, 8, m.join)
  if (m.adminsInvite) writeTrue(w, 16)
  if (m.adminsWrite) writeTrue(w, 24)
  if (m.history !== 0) writeUint32(w, 32, m.history)
}

export function decodeGroupRules(bytes: Uint8Array): GroupRules {
  return readGroupRules(readerOf(bytes), createGroupRules())
}

export function readGroupRules(r: Reader, m: GroupRules): GroupRules {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.join = readGroupJoin(r)
        break
      }
      case 16: {
        m.adminsInvite = readBool(r)
        break
      }
      case 24: {
        m.adminsWrite = readBool(r)
        break
      }
      case 32: {
        m.history = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 30, 'GroupRules')
    }
  }
  return m
}

/** One group as this user is in it. Compaction key group/<conversation>. */
export interface Group {
  conversation: string
  state: GroupState
  /** The number of the invitation, of the request, or since which the user is a member. */
  number: number
  /** While invited: who invites. */
  inviter: number
  title: string
  announcement: string
  role: GroupRole
  /** The user may not write. */
  muted: boolean
  rules: GroupRules | undefined
  /** After the end of a membership: the number of its end. The user has the items up to it. */
  until: number
  /** For the owner and admins: how many ask to join. Members names them. */
  asking: number
}

export function createGroup(init?: Partial<Group>): Group {
  const m: Group = { conversation: '', state: 0, number: 0, inviter: 0, title: '', announcement: '', role: 0, muted: false, rules: undefined, until: 0, asking: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroup(m: Group): Uint8Array {
  const w = begin()
  writeGroup(w, m)
  return finish(w)
}

export function writeGroup(w: Writer, m: Group): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.state !== 0) writeUint32(w, 16, m.state)
  if (m.number !== 0) writeUint64(w, 24, m.number)
  if (m.inviter !== 0) writeUint64(w, 32, m.inviter)
  if (m.title.length > 0) writeString(w, 42, m.title)
  if (m.announcement.length > 0) writeString(w, 50, m.announcement)
  if (m.role !== 0) writeUint32(w, 56, m.role)
  if (m.muted) writeTrue(w, 64)
  if (m.rules !== undefined) {
    w.uint32(74).fork()
    writeGroupRules(w, m.rules)
    w.ldelim()
  }
  if (m.until !== 0) writeUint64(w, 80, m.until)
  if (m.asking !== 0) writeUint32(w, 88, m.asking)
}

export function decodeGroup(bytes: Uint8Array): Group {
  return readGroup(readerOf(bytes), createGroup())
}

export function readGroup(r: Reader, m: Group): Group {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'Group.conversation', 0)
        break
      }
      case 16: {
        m.state = readGroupState(r)
        break
      }
      case 24: {
        m.number = readUint64(r)
        break
      }
      case 32: {
        m.inviter = readUint64(r)
        break
      }
      case 42: {
        m.title = readString(r, 'Group.title', 0)
        break
      }
      case 50: {
        m.announcement = readString(r, 'Group.announcement', 0)
        break
      }
      case 56: {
        m.role = readGroupRole(r)
        break
      }
      case 64: {
        m.muted = readBool(r)
        break
      }
      case 74: {
        const outer = enter(r)
        m.rules = readGroupRules(r, m.rules ?? createGroupRules())
        leave(r, outer)
        break
      }
      case 80: {
        m.until = readUint64(r)
        break
      }
      case 88: {
        m.asking = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 4094, 'Group')
    }
  }
  return m
}

/** Something that happened in a group; has a number as its messages do. */
export interface GroupChange {
  conversation: string
  number: number
  atMs: number
  act: GroupAct
  /** Who did it. */
  by: number
  /** To whom. */
  uid: number
  text: string
  role: GroupRole
  rules: GroupRules | undefined
}

export function createGroupChange(init?: Partial<GroupChange>): GroupChange {
  const m: GroupChange = { conversation: '', number: 0, atMs: 0, act: 0, by: 0, uid: 0, text: '', role: 0, rules: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupChange(m: GroupChange): Uint8Array {
  const w = begin()
  writeGroupChange(w, m)
  return finish(w)
}

export function writeGroupChange(w: Writer, m: GroupChange): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.number !== 0) writeUint64(w, 16, m.number)
  if (m.atMs !== 0) writeUint64(w, 24, m.atMs)
  if (m.act !== 0) writeUint32(w, 32, m.act)
  if (m.by !== 0) writeUint64(w, 40, m.by)
  if (m.uid !== 0) writeUint64(w, 48, m.uid)
  if (m.text.length > 0) writeString(w, 58, m.text)
  if (m.role !== 0) writeUint32(w, 64, m.role)
  if (m.rules !== undefined) {
    w.uint32(74).fork()
    writeGroupRules(w, m.rules)
    w.ldelim()
  }
}

export function decodeGroupChange(bytes: Uint8Array): GroupChange {
  return readGroupChange(readerOf(bytes), createGroupChange())
}

export function readGroupChange(r: Reader, m: GroupChange): GroupChange {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'GroupChange.conversation', 0)
        break
      }
      case 16: {
        m.number = readUint64(r)
        break
      }
      case 24: {
        m.atMs = readUint64(r)
        break
      }
      case 32: {
        m.act = readGroupAct(r)
        break
      }
      case 40: {
        m.by = readUint64(r)
        break
      }
      case 48: {
        m.uid = readUint64(r)
        break
      }
      case 58: {
        m.text = readString(r, 'GroupChange.text', 0)
        break
      }
      case 64: {
        m.role = readGroupRole(r)
        break
      }
      case 74: {
        const outer = enter(r)
        m.rules = readGroupRules(r, m.rules ?? createGroupRules())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 1022, 'GroupChange')
    }
  }
  return m
}

export interface RoomRules {
  /** All who listen publish; else the owner and the publishers that the owner names. */
  allPublish: boolean
  /** Only who knows the code begins to listen; else anyone who knows the id. */
  codeNeeded: boolean
}

export function createRoomRules(init?: Partial<RoomRules>): RoomRules {
  const m: RoomRules = { allPublish: false, codeNeeded: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomRules(m: RoomRules): Uint8Array {
  const w = begin()
  writeRoomRules(w, m)
  return finish(w)
}

export function writeRoomRules(w: Writer, m: RoomRules): void {
  if (m.allPublish) writeTrue(w, 8)
  if (m.codeNeeded) writeTrue(w, 16)
}

export function decodeRoomRules(bytes: Uint8Array): RoomRules {
  return readRoomRules(readerOf(bytes), createRoomRules())
}

export function readRoomRules(r: Reader, m: RoomRules): RoomRules {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.allPublish = readBool(r)
        break
      }
      case 16: {
        m.codeNeeded = readBool(r)
        break
      }
      default:
        skipField(r, tag, 6, 'RoomRules')
    }
  }
  return m
}

/** One room as this user is in it. Compaction key room/<conversation>. PROTOCOL.md, clause 19. */
export interface Room {
  conversation: string
  state: RoomState
  /** The number of this listening; a later one has a higher number. */
  number: number
  /** While listening. */
  kind: RoomKind
  role: RoomRole
  /** The number up to which the user has confirmed a board's posts. */
  confirmed: number
}

export function createRoom(init?: Partial<Room>): Room {
  const m: Room = { conversation: '', state: 0, number: 0, kind: 0, role: 0, confirmed: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoom(m: Room): Uint8Array {
  const w = begin()
  writeRoom(w, m)
  return finish(w)
}

export function writeRoom(w: Writer, m: Room): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.state !== 0) writeUint32(w, 16, m.state)
  if (m.number !== 0) writeUint64(w, 24, m.number)
  if (m.kind !== 0) writeUint32(w, 32, m.kind)
  if (m.role !== 0) writeUint32(w, 40, m.role)
  if (m.confirmed !== 0) writeUint64(w, 48, m.confirmed)
}

export function decodeRoom(bytes: Uint8Array): Room {
  return readRoom(readerOf(bytes), createRoom())
}

export function readRoom(r: Reader, m: Room): Room {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'Room.conversation', 0)
        break
      }
      case 16: {
        m.state = readRoomState(r)
        break
      }
      case 24: {
        m.number = readUint64(r)
        break
      }
      case 32: {
        m.kind = readRoomKind(r)
        break
      }
      case 40: {
        m.role = readRoomRole(r)
        break
      }
      case 48: {
        m.confirmed = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 126, 'Room')
    }
  }
  return m
}

/** How the user has read and arranged one conversation. Compaction key conversation/<conversation>. PROTOCOL.md, clause 16. */
export interface ConversationState {
  conversation: string
  settings: ConversationSettings | undefined
  /** In a group: the own mark, up to which number the user has read. */
  read: number
  /** The version up to which the user has deleted all of the conversation. */
  cleared: number
}

export function createConversationState(init?: Partial<ConversationState>): ConversationState {
  const m: ConversationState = { conversation: '', settings: undefined, read: 0, cleared: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeConversationState(m: ConversationState): Uint8Array {
  const w = begin()
  writeConversationState(w, m)
  return finish(w)
}

export function writeConversationState(w: Writer, m: ConversationState): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.settings !== undefined) {
    w.uint32(18).fork()
    writeConversationSettings(w, m.settings)
    w.ldelim()
  }
  if (m.read !== 0) writeUint64(w, 24, m.read)
  if (m.cleared !== 0) writeUint64(w, 32, m.cleared)
}

export function decodeConversationState(bytes: Uint8Array): ConversationState {
  return readConversationState(readerOf(bytes), createConversationState())
}

export function readConversationState(r: Reader, m: ConversationState): ConversationState {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'ConversationState.conversation', 0)
        break
      }
      case 18: {
        const outer = enter(r)
        m.settings = readConversationSettings(r, m.settings ?? createConversationSettings())
        leave(r, outer)
        break
      }
      case 24: {
        m.read = readUint64(r)
        break
      }
      case 32: {
        m.cleared = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 30, 'ConversationState')
    }
  }
  return m
}

export interface ConversationSettings {
  muted: boolean
  pinned: boolean
  archived: boolean
  /** The user wants to come back to it. */
  unread: boolean
}

export function createConversationSettings(init?: Partial<ConversationSettings>): ConversationSettings {
  const m: ConversationSettings = { muted: false, pinned: false, archived: false, unread: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeConversationSettings(m: ConversationSettings): Uint8Array {
  const w = begin()
  writeConversationSettings(w, m)
  return finish(w)
}

export function writeConversationSettings(w: Writer, m: ConversationSettings): void {
  if (m.muted) writeTrue(w, 8)
  if (m.pinned) writeTrue(w, 16)
  if (m.archived) writeTrue(w, 24)
  if (m.unread) writeTrue(w, 32)
}

export function decodeConversationSettings(bytes: Uint8Array): ConversationSettings {
  return readConversationSettings(readerOf(bytes), createConversationSettings())
}

export function readConversationSettings(r: Reader, m: ConversationSettings): ConversationSettings {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.muted = readBool(r)
        break
      }
      case 16: {
        m.pinned = readBool(r)
        break
      }
      case 24: {
        m.archived = readBool(r)
        break
      }
      case 32: {
        m.unread = readBool(r)
        break
      }
      default:
        skipField(r, tag, 30, 'ConversationSettings')
    }
  }
  return m
}

/** What others learn of the user. Compaction key preferences. */
export interface Preferences {
  /** The user sends no Read marks in direct conversations, and gets none. */
  noReceipts: boolean
  /** An invitation of a friend to a group waits for Accept like others'. */
  askBeforeGroups: boolean
  /** The user shows no presence and no typing, and sees none. */
  noPresence: boolean
  /** Nobody but friends, and whom the user writes to, begins a conversation with the user. */
  friendsOnly: boolean
}

export function createPreferences(init?: Partial<Preferences>): Preferences {
  const m: Preferences = { noReceipts: false, askBeforeGroups: false, noPresence: false, friendsOnly: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodePreferences(m: Preferences): Uint8Array {
  const w = begin()
  writePreferences(w, m)
  return finish(w)
}

export function writePreferences(w: Writer, m: Preferences): void {
  if (m.noReceipts) writeTrue(w, 8)
  if (m.askBeforeGroups) writeTrue(w, 16)
  if (m.noPresence) writeTrue(w, 24)
  if (m.friendsOnly) writeTrue(w, 32)
}

export function decodePreferences(bytes: Uint8Array): Preferences {
  return readPreferences(readerOf(bytes), createPreferences())
}

export function readPreferences(r: Reader, m: Preferences): Preferences {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.noReceipts = readBool(r)
        break
      }
      case 16: {
        m.askBeforeGroups = readBool(r)
        break
      }
      case 24: {
        m.noPresence = readBool(r)
        break
      }
      case 32: {
        m.friendsOnly = readBool(r)
        break
      }
      default:
        skipField(r, tag, 30, 'Preferences')
    }
  }
  return m
}

export interface SendRequest {
  sendSeq: number
  /** The recipient's uid. */
  to: number
  /** At most 16 384 bytes of UTF-8; longer: TEXT_TOO_LONG. */
  text: string
}

export function createSendRequest(init?: Partial<SendRequest>): SendRequest {
  const m: SendRequest = { sendSeq: 0, to: 0, text: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSendRequest(m: SendRequest): Uint8Array {
  const w = begin()
  writeSendRequest(w, m)
  return finish(w)
}

export function writeSendRequest(w: Writer, m: SendRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.to !== 0) writeUint64(w, 16, m.to)
  if (m.text.length > 0) writeString(w, 26, m.text)
}

export function decodeSendRequest(bytes: Uint8Array): SendRequest {
  return readSendRequest(readerOf(bytes), createSendRequest())
}

export function readSendRequest(r: Reader, m: SendRequest): SendRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.to = readUint64(r)
        break
      }
      case 26: {
        m.text = readString(r, 'SendRequest.text', 0)
        break
      }
      default:
        skipField(r, tag, 14, 'SendRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('SendRequest.send_seq')
  if (m.to === 0) throw missing('SendRequest.to')
  if (m.text.length === 0) throw missing('SendRequest.text')
  return m
}

export interface SendResponse {
  /** The version of the sender's own copy. 0 in the answer to a repeat: the copy comes, or came, as an item. */
  version: number
  /** The version before it. Absent: version - 1. With it this answer counts as the push of the own copy. */
  from: number
}

export function createSendResponse(init?: Partial<SendResponse>): SendResponse {
  const m: SendResponse = { version: 0, from: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSendResponse(m: SendResponse): Uint8Array {
  const w = begin()
  writeSendResponse(w, m)
  return finish(w)
}

export function writeSendResponse(w: Writer, m: SendResponse): void {
  if (m.version !== 0) writeUint64(w, 8, m.version)
  if (m.from !== 0) writeUint64(w, 16, m.from)
}

export function decodeSendResponse(bytes: Uint8Array): SendResponse {
  return readSendResponse(readerOf(bytes), createSendResponse())
}

export function readSendResponse(r: Reader, m: SendResponse): SendResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.version = readUint64(r)
        break
      }
      case 16: {
        m.from = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'SendResponse')
    }
  }
  return m
}

export interface SyncRequest {
  /** The version up to which the device has applied its timeline. */
  since: number
  /** As AckNotice. */
  ack: AckNotice | undefined
  /**
   * On the short side: how long to wait for an item, if there is none, at most 25 000 milliseconds. On a connection it says
   * nothing: there the server pushes.
   */
  waitMs: number
  /**
   * Sent before the page is read, in this order, each as by Send. The answer comes when they are committed, without waiting
   * for more.
   */
  sends: SendRequest[]
  /** On the short side: the attempt that this poll belongs to (clause 13). Absent: of none. */
  attempt: number
  /**
   * Only keyed state: contacts, groups, marks, settings, the profile, preferences. No message, no change of a group, nothing
   * about a message. The answer is the same in all else; its range may be as long as it likes. It does not wait.
   */
  state: boolean
}

export function createSyncRequest(init?: Partial<SyncRequest>): SyncRequest {
  const m: SyncRequest = { since: 0, ack: undefined, waitMs: 0, sends: [], attempt: 0, state: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSyncRequest(m: SyncRequest): Uint8Array {
  const w = begin()
  writeSyncRequest(w, m)
  return finish(w)
}

export function writeSyncRequest(w: Writer, m: SyncRequest): void {
  if (m.since !== 0) writeUint64(w, 8, m.since)
  if (m.ack !== undefined) {
    w.uint32(18).fork()
    writeAckNotice(w, m.ack)
    w.ldelim()
  }
  if (m.waitMs !== 0) writeUint32(w, 24, m.waitMs)
  for (const each of m.sends) {
    w.uint32(34).fork()
    writeSendRequest(w, each)
    w.ldelim()
  }
  if (m.attempt !== 0) writeUint64(w, 40, m.attempt)
  if (m.state) writeTrue(w, 48)
}

export function decodeSyncRequest(bytes: Uint8Array): SyncRequest {
  return readSyncRequest(readerOf(bytes), createSyncRequest())
}

export function readSyncRequest(r: Reader, m: SyncRequest): SyncRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.since = readUint64(r)
        break
      }
      case 18: {
        const outer = enter(r)
        m.ack = readAckNotice(r, m.ack ?? createAckNotice())
        leave(r, outer)
        break
      }
      case 24: {
        m.waitMs = readUint32(r)
        break
      }
      case 34: {
        if (m.sends.length >= 64) throw tooMany('SyncRequest.sends', 64)
        const outer = enter(r)
        m.sends.push(readSendRequest(r, createSendRequest()))
        leave(r, outer)
        break
      }
      case 40: {
        m.attempt = readUint64(r)
        break
      }
      case 48: {
        m.state = readBool(r)
        break
      }
      default:
        skipField(r, tag, 126, 'SyncRequest')
    }
  }
  return m
}

export interface SyncResponse {
  /** Holds every live item of (since, to]. */
  to: number
  /** There is more behind to. */
  more: boolean
  /** Items between since and to were removed by retention. */
  trimmed: boolean
  items: Item[]
  /** What came of the sends, in their order. */
  results: SendResult[]
}

export function createSyncResponse(init?: Partial<SyncResponse>): SyncResponse {
  const m: SyncResponse = { to: 0, more: false, trimmed: false, items: [], results: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSyncResponse(m: SyncResponse): Uint8Array {
  const w = begin()
  writeSyncResponse(w, m)
  return finish(w)
}

export function writeSyncResponse(w: Writer, m: SyncResponse): void {
  if (m.to !== 0) writeUint64(w, 8, m.to)
  if (m.more) writeTrue(w, 16)
  if (m.trimmed) writeTrue(w, 24)
  for (const each of m.items) {
    w.uint32(34).fork()
    writeItem(w, each)
    w.ldelim()
  }
  for (const each of m.results) {
    w.uint32(42).fork()
    writeSendResult(w, each)
    w.ldelim()
  }
}

export function decodeSyncResponse(bytes: Uint8Array): SyncResponse {
  return readSyncResponse(readerOf(bytes), createSyncResponse())
}

export function readSyncResponse(r: Reader, m: SyncResponse): SyncResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.to = readUint64(r)
        break
      }
      case 16: {
        m.more = readBool(r)
        break
      }
      case 24: {
        m.trimmed = readBool(r)
        break
      }
      case 34: {
        const outer = enter(r)
        m.items.push(readItem(r, createItem()))
        leave(r, outer)
        break
      }
      case 42: {
        const outer = enter(r)
        m.results.push(readSendResult(r, createSendResult()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 62, 'SyncResponse')
    }
  }
  return m
}

/** What came of one send of a Sync: a SendResponse, or a refusal. */
export interface SendResult {
  /** As SendResponse. */
  version: number
  from: number
  /** 0 for success, otherwise a code of PROTOCOL.md, clause 9; then the fields below are as those of a refusing frame. */
  code: number
  message: string
  retryAfterMs: number
  refusal: Refusal | undefined
}

export function createSendResult(init?: Partial<SendResult>): SendResult {
  const m: SendResult = { version: 0, from: 0, code: 0, message: '', retryAfterMs: 0, refusal: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSendResult(m: SendResult): Uint8Array {
  const w = begin()
  writeSendResult(w, m)
  return finish(w)
}

export function writeSendResult(w: Writer, m: SendResult): void {
  if (m.version !== 0) writeUint64(w, 8, m.version)
  if (m.from !== 0) writeUint64(w, 16, m.from)
  if (m.code !== 0) writeUint32(w, 24, m.code)
  if (m.message.length > 0) writeString(w, 34, m.message)
  if (m.retryAfterMs !== 0) writeUint32(w, 40, m.retryAfterMs)
  if (m.refusal !== undefined) {
    w.uint32(50).fork()
    writeRefusal(w, m.refusal)
    w.ldelim()
  }
}

export function decodeSendResult(bytes: Uint8Array): SendResult {
  return readSendResult(readerOf(bytes), createSendResult())
}

export function readSendResult(r: Reader, m: SendResult): SendResult {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.version = readUint64(r)
        break
      }
      case 16: {
        m.from = readUint64(r)
        break
      }
      case 24: {
        m.code = readUint32(r)
        break
      }
      case 34: {
        m.message = readString(r, 'SendResult.message', 0)
        break
      }
      case 40: {
        m.retryAfterMs = readUint32(r)
        break
      }
      case 50: {
        const outer = enter(r)
        m.refusal = readRefusal(r, m.refusal ?? createRefusal())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 126, 'SendResult')
    }
  }
  return m
}

export interface VoidRequest {
  sendSeq: number
  /** How many numbers, from send_seq on. Absent: 1. At most 1 048 576. */
  count: number
}

export function createVoidRequest(init?: Partial<VoidRequest>): VoidRequest {
  const m: VoidRequest = { sendSeq: 0, count: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeVoidRequest(m: VoidRequest): Uint8Array {
  const w = begin()
  writeVoidRequest(w, m)
  return finish(w)
}

export function writeVoidRequest(w: Writer, m: VoidRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.count !== 0) writeUint32(w, 16, m.count)
}

export function decodeVoidRequest(bytes: Uint8Array): VoidRequest {
  return readVoidRequest(readerOf(bytes), createVoidRequest())
}

export function readVoidRequest(r: Reader, m: VoidRequest): VoidRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.count = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 6, 'VoidRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('VoidRequest.send_seq')
  return m
}

export type VoidResponse = Record<never, never>

export function createVoidResponse(_init?: Partial<VoidResponse>): VoidResponse {
  return {}
}

export function encodeVoidResponse(m: VoidResponse): Uint8Array {
  const w = begin()
  writeVoidResponse(w, m)
  return finish(w)
}

export function writeVoidResponse(_w: Writer, _m: VoidResponse): void {}

export function decodeVoidResponse(bytes: Uint8Array): VoidResponse {
  return readVoidResponse(readerOf(bytes), createVoidResponse())
}

export function readVoidResponse(r: Reader, m: VoidResponse): VoidResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'VoidResponse')
  }
  return m
}

export interface PostRequest {
  sendSeq: number
  /** The conversation's id (7.16). */
  conversation: string
  /** At most 16 384 bytes of UTF-8; longer: TEXT_TOO_LONG. Of a message with content: the same in words. */
  text: string
  content: MessageContent | undefined
  reply: MessageId | undefined
  mentions: Mention[]
  metadata: Uint8Array
}

export function createPostRequest(init?: Partial<PostRequest>): PostRequest {
  const m: PostRequest = { sendSeq: 0, conversation: '', text: '', content: undefined, reply: undefined, mentions: [], metadata: EMPTY }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodePostRequest(m: PostRequest): Uint8Array {
  const w = begin()
  writePostRequest(w, m)
  return finish(w)
}

export function writePostRequest(w: Writer, m: PostRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.text.length > 0) writeString(w, 26, m.text)
  if (m.content !== undefined) {
    w.uint32(34).fork()
    writeMessageContent(w, m.content)
    w.ldelim()
  }
  if (m.reply !== undefined) {
    w.uint32(42).fork()
    writeMessageId(w, m.reply)
    w.ldelim()
  }
  for (const each of m.mentions) {
    w.uint32(50).fork()
    writeMention(w, each)
    w.ldelim()
  }
  if (m.metadata.length > 0) writeBytes(w, 58, m.metadata)
}

export function decodePostRequest(bytes: Uint8Array): PostRequest {
  return readPostRequest(readerOf(bytes), createPostRequest())
}

export function readPostRequest(r: Reader, m: PostRequest): PostRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'PostRequest.conversation', 64)
        break
      }
      case 26: {
        m.text = readString(r, 'PostRequest.text', 0)
        break
      }
      case 34: {
        const outer = enter(r)
        m.content = readMessageContent(r, m.content ?? createMessageContent())
        leave(r, outer)
        break
      }
      case 42: {
        const outer = enter(r)
        m.reply = readMessageId(r, m.reply ?? createMessageId())
        leave(r, outer)
        break
      }
      case 50: {
        if (m.mentions.length >= 100) throw tooMany('PostRequest.mentions', 100)
        const outer = enter(r)
        m.mentions.push(readMention(r, createMention()))
        leave(r, outer)
        break
      }
      case 58: {
        m.metadata = readBytes(r, 'PostRequest.metadata', 1024, 0)
        break
      }
      default:
        skipField(r, tag, 254, 'PostRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('PostRequest.send_seq')
  if (m.conversation.length === 0) throw missing('PostRequest.conversation')
  if (m.text.length === 0) throw missing('PostRequest.text')
  return m
}

export interface PostResponse {
  /** As in SendResponse. In a group 0: the own copy comes as an item, like everybody's. */
  version: number
  from: number
}

export function createPostResponse(init?: Partial<PostResponse>): PostResponse {
  const m: PostResponse = { version: 0, from: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodePostResponse(m: PostResponse): Uint8Array {
  const w = begin()
  writePostResponse(w, m)
  return finish(w)
}

export function writePostResponse(w: Writer, m: PostResponse): void {
  if (m.version !== 0) writeUint64(w, 8, m.version)
  if (m.from !== 0) writeUint64(w, 16, m.from)
}

export function decodePostResponse(bytes: Uint8Array): PostResponse {
  return readPostResponse(readerOf(bytes), createPostResponse())
}

export function readPostResponse(r: Reader, m: PostResponse): PostResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.version = readUint64(r)
        break
      }
      case 16: {
        m.from = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'PostResponse')
    }
  }
  return m
}

export interface EditRequest {
  sendSeq: number
  conversation: string
  message: MessageId | undefined
  /** As in PostRequest. */
  text: string
  mentions: Mention[]
}

export function createEditRequest(init?: Partial<EditRequest>): EditRequest {
  const m: EditRequest = { sendSeq: 0, conversation: '', message: undefined, text: '', mentions: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeEditRequest(m: EditRequest): Uint8Array {
  const w = begin()
  writeEditRequest(w, m)
  return finish(w)
}

export function writeEditRequest(w: Writer, m: EditRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.message !== undefined) {
    w.uint32(26).fork()
    writeMessageId(w, m.message)
    w.ldelim()
  }
  if (m.text.length > 0) writeString(w, 34, m.text)
  for (const each of m.mentions) {
    w.uint32(42).fork()
    writeMention(w, each)
    w.ldelim()
  }
}

export function decodeEditRequest(bytes: Uint8Array): EditRequest {
  return readEditRequest(readerOf(bytes), createEditRequest())
}

export function readEditRequest(r: Reader, m: EditRequest): EditRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'EditRequest.conversation', 64)
        break
      }
      case 26: {
        const outer = enter(r)
        m.message = readMessageId(r, m.message ?? createMessageId())
        leave(r, outer)
        break
      }
      case 34: {
        m.text = readString(r, 'EditRequest.text', 0)
        break
      }
      case 42: {
        if (m.mentions.length >= 100) throw tooMany('EditRequest.mentions', 100)
        const outer = enter(r)
        m.mentions.push(readMention(r, createMention()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 62, 'EditRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('EditRequest.send_seq')
  if (m.conversation.length === 0) throw missing('EditRequest.conversation')
  if (m.message === undefined) throw missing('EditRequest.message')
  if (m.text.length === 0) throw missing('EditRequest.text')
  return m
}

export type EditResponse = Record<never, never>

export function createEditResponse(_init?: Partial<EditResponse>): EditResponse {
  return {}
}

export function encodeEditResponse(m: EditResponse): Uint8Array {
  const w = begin()
  writeEditResponse(w, m)
  return finish(w)
}

export function writeEditResponse(_w: Writer, _m: EditResponse): void {}

export function decodeEditResponse(bytes: Uint8Array): EditResponse {
  return readEditResponse(readerOf(bytes), createEditResponse())
}

export function readEditResponse(r: Reader, m: EditResponse): EditResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'EditResponse')
  }
  return m
}

export interface RecallRequest {
  sendSeq: number
  conversation: string
  message: MessageId | undefined
}

export function createRecallRequest(init?: Partial<RecallRequest>): RecallRequest {
  const m: RecallRequest = { sendSeq: 0, conversation: '', message: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRecallRequest(m: RecallRequest): Uint8Array {
  const w = begin()
  writeRecallRequest(w, m)
  return finish(w)
}

export function writeRecallRequest(w: Writer, m: RecallRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.message !== undefined) {
    w.uint32(26).fork()
    writeMessageId(w, m.message)
    w.ldelim()
  }
}

export function decodeRecallRequest(bytes: Uint8Array): RecallRequest {
  return readRecallRequest(readerOf(bytes), createRecallRequest())
}

export function readRecallRequest(r: Reader, m: RecallRequest): RecallRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RecallRequest.conversation', 64)
        break
      }
      case 26: {
        const outer = enter(r)
        m.message = readMessageId(r, m.message ?? createMessageId())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 14, 'RecallRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RecallRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RecallRequest.conversation')
  if (m.message === undefined) throw missing('RecallRequest.message')
  return m
}

export type RecallResponse = Record<never, never>

export function createRecallResponse(_init?: Partial<RecallResponse>): RecallResponse {
  return {}
}

export function encodeRecallResponse(m: RecallResponse): Uint8Array {
  const w = begin()
  writeRecallResponse(w, m)
  return finish(w)
}

export function writeRecallResponse(_w: Writer, _m: RecallResponse): void {}

export function decodeRecallResponse(bytes: Uint8Array): RecallResponse {
  return readRecallResponse(readerOf(bytes), createRecallResponse())
}

export function readRecallResponse(r: Reader, m: RecallResponse): RecallResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RecallResponse')
  }
  return m
}

export interface ForwardRequest {
  sendSeq: number
  /** Where it goes. */
  conversation: string
  /** Where the message is. */
  source: string
  message: MessageId | undefined
}

export function createForwardRequest(init?: Partial<ForwardRequest>): ForwardRequest {
  const m: ForwardRequest = { sendSeq: 0, conversation: '', source: '', message: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeForwardRequest(m: ForwardRequest): Uint8Array {
  const w = begin()
  writeForwardRequest(w, m)
  return finish(w)
}

export function writeForwardRequest(w: Writer, m: ForwardRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.source.length > 0) writeString(w, 26, m.source)
  if (m.message !== undefined) {
    w.uint32(34).fork()
    writeMessageId(w, m.message)
    w.ldelim()
  }
}

export function decodeForwardRequest(bytes: Uint8Array): ForwardRequest {
  return readForwardRequest(readerOf(bytes), createForwardRequest())
}

export function readForwardRequest(r: Reader, m: ForwardRequest): ForwardRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'ForwardRequest.conversation', 64)
        break
      }
      case 26: {
        m.source = readString(r, 'ForwardRequest.source', 64)
        break
      }
      case 34: {
        const outer = enter(r)
        m.message = readMessageId(r, m.message ?? createMessageId())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 30, 'ForwardRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ForwardRequest.send_seq')
  if (m.conversation.length === 0) throw missing('ForwardRequest.conversation')
  if (m.source.length === 0) throw missing('ForwardRequest.source')
  if (m.message === undefined) throw missing('ForwardRequest.message')
  return m
}

export interface ForwardResponse {
  /** As in PostResponse. */
  version: number
  from: number
}

export function createForwardResponse(init?: Partial<ForwardResponse>): ForwardResponse {
  const m: ForwardResponse = { version: 0, from: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeForwardResponse(m: ForwardResponse): Uint8Array {
  const w = begin()
  writeForwardResponse(w, m)
  return finish(w)
}

export function writeForwardResponse(w: Writer, m: ForwardResponse): void {
  if (m.version !== 0) writeUint64(w, 8, m.version)
  if (m.from !== 0) writeUint64(w, 16, m.from)
}

export function decodeForwardResponse(bytes: Uint8Array): ForwardResponse {
  return readForwardResponse(readerOf(bytes), createForwardResponse())
}

export function readForwardResponse(r: Reader, m: ForwardResponse): ForwardResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.version = readUint64(r)
        break
      }
      case 16: {
        m.from = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'ForwardResponse')
    }
  }
  return m
}

export interface DeleteRequest {
  sendSeq: number
  conversation: string
  messages: MessageId[]
}

export function createDeleteRequest(init?: Partial<DeleteRequest>): DeleteRequest {
  const m: DeleteRequest = { sendSeq: 0, conversation: '', messages: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeDeleteRequest(m: DeleteRequest): Uint8Array {
  const w = begin()
  writeDeleteRequest(w, m)
  return finish(w)
}

export function writeDeleteRequest(w: Writer, m: DeleteRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  for (const each of m.messages) {
    w.uint32(26).fork()
    writeMessageId(w, each)
    w.ldelim()
  }
}

export function decodeDeleteRequest(bytes: Uint8Array): DeleteRequest {
  return readDeleteRequest(readerOf(bytes), createDeleteRequest())
}

export function readDeleteRequest(r: Reader, m: DeleteRequest): DeleteRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'DeleteRequest.conversation', 64)
        break
      }
      case 26: {
        if (m.messages.length >= 64) throw tooMany('DeleteRequest.messages', 64)
        const outer = enter(r)
        m.messages.push(readMessageId(r, createMessageId()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 14, 'DeleteRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('DeleteRequest.send_seq')
  if (m.conversation.length === 0) throw missing('DeleteRequest.conversation')
  if (m.messages.length === 0) throw missing('DeleteRequest.messages')
  return m
}

export type DeleteResponse = Record<never, never>

export function createDeleteResponse(_init?: Partial<DeleteResponse>): DeleteResponse {
  return {}
}

export function encodeDeleteResponse(m: DeleteResponse): Uint8Array {
  const w = begin()
  writeDeleteResponse(w, m)
  return finish(w)
}

export function writeDeleteResponse(_w: Writer, _m: DeleteResponse): void {}

export function decodeDeleteResponse(bytes: Uint8Array): DeleteResponse {
  return readDeleteResponse(readerOf(bytes), createDeleteResponse())
}

export function readDeleteResponse(r: Reader, m: DeleteResponse): DeleteResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'DeleteResponse')
  }
  return m
}

export interface ClearRequest {
  sendSeq: number
  conversation: string
  /** The version up to which all of the conversation goes: one that was shown. */
  upTo: number
}

export function createClearRequest(init?: Partial<ClearRequest>): ClearRequest {
  const m: ClearRequest = { sendSeq: 0, conversation: '', upTo: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeClearRequest(m: ClearRequest): Uint8Array {
  const w = begin()
  writeClearRequest(w, m)
  return finish(w)
}

export function writeClearRequest(w: Writer, m: ClearRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.upTo !== 0) writeUint64(w, 24, m.upTo)
}

export function decodeClearRequest(bytes: Uint8Array): ClearRequest {
  return readClearRequest(readerOf(bytes), createClearRequest())
}

export function readClearRequest(r: Reader, m: ClearRequest): ClearRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'ClearRequest.conversation', 64)
        break
      }
      case 24: {
        m.upTo = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'ClearRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ClearRequest.send_seq')
  if (m.conversation.length === 0) throw missing('ClearRequest.conversation')
  if (m.upTo === 0) throw missing('ClearRequest.up_to')
  return m
}

export type ClearResponse = Record<never, never>

export function createClearResponse(_init?: Partial<ClearResponse>): ClearResponse {
  return {}
}

export function encodeClearResponse(m: ClearResponse): Uint8Array {
  const w = begin()
  writeClearResponse(w, m)
  return finish(w)
}

export function writeClearResponse(_w: Writer, _m: ClearResponse): void {}

export function decodeClearResponse(bytes: Uint8Array): ClearResponse {
  return readClearResponse(readerOf(bytes), createClearResponse())
}

export function readClearResponse(r: Reader, m: ClearResponse): ClearResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ClearResponse')
  }
  return m
}

export interface ReactRequest {
  sendSeq: number
  conversation: string
  message: MessageId | undefined
  /** An emoji, or a word of the app, of at most 32 bytes. */
  kind: string
  /** Takes it back. */
  off: boolean
}

export function createReactRequest(init?: Partial<ReactRequest>): ReactRequest {
  const m: ReactRequest = { sendSeq: 0, conversation: '', message: undefined, kind: '', off: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeReactRequest(m: ReactRequest): Uint8Array {
  const w = begin()
  writeReactRequest(w, m)
  return finish(w)
}

export function writeReactRequest(w: Writer, m: ReactRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.message !== undefined) {
    w.uint32(26).fork()
    writeMessageId(w, m.message)
    w.ldelim()
  }
  if (m.kind.length > 0) writeString(w, 34, m.kind)
  if (m.off) writeTrue(w, 40)
}

export function decodeReactRequest(bytes: Uint8Array): ReactRequest {
  return readReactRequest(readerOf(bytes), createReactRequest())
}

export function readReactRequest(r: Reader, m: ReactRequest): ReactRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'ReactRequest.conversation', 64)
        break
      }
      case 26: {
        const outer = enter(r)
        m.message = readMessageId(r, m.message ?? createMessageId())
        leave(r, outer)
        break
      }
      case 34: {
        m.kind = readString(r, 'ReactRequest.kind', 32)
        break
      }
      case 40: {
        m.off = readBool(r)
        break
      }
      default:
        skipField(r, tag, 62, 'ReactRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ReactRequest.send_seq')
  if (m.conversation.length === 0) throw missing('ReactRequest.conversation')
  if (m.message === undefined) throw missing('ReactRequest.message')
  if (m.kind.length === 0) throw missing('ReactRequest.kind')
  return m
}

export type ReactResponse = Record<never, never>

export function createReactResponse(_init?: Partial<ReactResponse>): ReactResponse {
  return {}
}

export function encodeReactResponse(m: ReactResponse): Uint8Array {
  const w = begin()
  writeReactResponse(w, m)
  return finish(w)
}

export function writeReactResponse(_w: Writer, _m: ReactResponse): void {}

export function decodeReactResponse(bytes: Uint8Array): ReactResponse {
  return readReactResponse(readerOf(bytes), createReactResponse())
}

export function readReactResponse(r: Reader, m: ReactResponse): ReactResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ReactResponse')
  }
  return m
}

export interface RegisterRequest {
  /** 3 to 32 of a-z 0-9 _ . -, beginning with a letter; capitals are taken as small letters. */
  account: string
  /** At least 8 bytes of UTF-8. */
  password: string
  /** 16 random bytes that the installation made once. */
  installationKey: Uint8Array
  /** Shown to friends. Absent: the account name. */
  nickname: string
  /** Shown in the device list. */
  deviceName: string
}

export function createRegisterRequest(init?: Partial<RegisterRequest>): RegisterRequest {
  const m: RegisterRequest = { account: '', password: '', installationKey: EMPTY, nickname: '', deviceName: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRegisterRequest(m: RegisterRequest): Uint8Array {
  const w = begin()
  writeRegisterRequest(w, m)
  return finish(w)
}

export function writeRegisterRequest(w: Writer, m: RegisterRequest): void {
  if (m.account.length > 0) writeString(w, 10, m.account)
  if (m.password.length > 0) writeString(w, 18, m.password)
  if (m.installationKey.length > 0) writeBytes(w, 26, m.installationKey)
  if (m.nickname.length > 0) writeString(w, 34, m.nickname)
  if (m.deviceName.length > 0) writeString(w, 42, m.deviceName)
}

export function decodeRegisterRequest(bytes: Uint8Array): RegisterRequest {
  return readRegisterRequest(readerOf(bytes), createRegisterRequest())
}

export function readRegisterRequest(r: Reader, m: RegisterRequest): RegisterRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.account = readString(r, 'RegisterRequest.account', 32)
        break
      }
      case 18: {
        m.password = readString(r, 'RegisterRequest.password', 256)
        break
      }
      case 26: {
        m.installationKey = readBytes(r, 'RegisterRequest.installation_key', 0, 16)
        break
      }
      case 34: {
        m.nickname = readString(r, 'RegisterRequest.nickname', 64)
        break
      }
      case 42: {
        m.deviceName = readString(r, 'RegisterRequest.device_name', 64)
        break
      }
      default:
        skipField(r, tag, 62, 'RegisterRequest')
    }
  }
  if (m.account.length === 0) throw missing('RegisterRequest.account')
  if (m.password.length === 0) throw missing('RegisterRequest.password')
  if (m.installationKey.length === 0) throw missing('RegisterRequest.installation_key')
  return m
}

export interface RegisterResponse {
  session: Session | undefined
  /** Absent: the server names none. */
  endpoints: Endpoints | undefined
}

export function createRegisterResponse(init?: Partial<RegisterResponse>): RegisterResponse {
  const m: RegisterResponse = { session: undefined, endpoints: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRegisterResponse(m: RegisterResponse): Uint8Array {
  const w = begin()
  writeRegisterResponse(w, m)
  return finish(w)
}

export function writeRegisterResponse(w: Writer, m: RegisterResponse): void {
  if (m.session !== undefined) {
    w.uint32(10).fork()
    writeSession(w, m.session)
    w.ldelim()
  }
  if (m.endpoints !== undefined) {
    w.uint32(18).fork()
    writeEndpoints(w, m.endpoints)
    w.ldelim()
  }
}

export function decodeRegisterResponse(bytes: Uint8Array): RegisterResponse {
  return readRegisterResponse(readerOf(bytes), createRegisterResponse())
}

export function readRegisterResponse(r: Reader, m: RegisterResponse): RegisterResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.session = readSession(r, m.session ?? createSession())
        leave(r, outer)
        break
      }
      case 18: {
        const outer = enter(r)
        m.endpoints = readEndpoints(r, m.endpoints ?? createEndpoints())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 6, 'RegisterResponse')
    }
  }
  return m
}

export interface LoginRequest {
  account: string
  password: string
  installationKey: Uint8Array
  deviceName: string
}

export function createLoginRequest(init?: Partial<LoginRequest>): LoginRequest {
  const m: LoginRequest = { account: '', password: '', installationKey: EMPTY, deviceName: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeLoginRequest(m: LoginRequest): Uint8Array {
  const w = begin()
  writeLoginRequest(w, m)
  return finish(w)
}

export function writeLoginRequest(w: Writer, m: LoginRequest): void {
  if (m.account.length > 0) writeString(w, 10, m.account)
  if (m.password.length > 0) writeString(w, 18, m.password)
  if (m.installationKey.length > 0) writeBytes(w, 26, m.installationKey)
  if (m.deviceName.length > 0) writeString(w, 34, m.deviceName)
}

export function decodeLoginRequest(bytes: Uint8Array): LoginRequest {
  return readLoginRequest(readerOf(bytes), createLoginRequest())
}

export function readLoginRequest(r: Reader, m: LoginRequest): LoginRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.account = readString(r, 'LoginRequest.account', 32)
        break
      }
      case 18: {
        m.password = readString(r, 'LoginRequest.password', 256)
        break
      }
      case 26: {
        m.installationKey = readBytes(r, 'LoginRequest.installation_key', 0, 16)
        break
      }
      case 34: {
        m.deviceName = readString(r, 'LoginRequest.device_name', 64)
        break
      }
      default:
        skipField(r, tag, 30, 'LoginRequest')
    }
  }
  if (m.account.length === 0) throw missing('LoginRequest.account')
  if (m.password.length === 0) throw missing('LoginRequest.password')
  if (m.installationKey.length === 0) throw missing('LoginRequest.installation_key')
  return m
}

export interface LoginResponse {
  session: Session | undefined
  /** Absent: the server names none. */
  endpoints: Endpoints | undefined
}

export function createLoginResponse(init?: Partial<LoginResponse>): LoginResponse {
  const m: LoginResponse = { session: undefined, endpoints: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeLoginResponse(m: LoginResponse): Uint8Array {
  const w = begin()
  writeLoginResponse(w, m)
  return finish(w)
}

export function writeLoginResponse(w: Writer, m: LoginResponse): void {
  if (m.session !== undefined) {
    w.uint32(10).fork()
    writeSession(w, m.session)
    w.ldelim()
  }
  if (m.endpoints !== undefined) {
    w.uint32(18).fork()
    writeEndpoints(w, m.endpoints)
    w.ldelim()
  }
}

export function decodeLoginResponse(bytes: Uint8Array): LoginResponse {
  return readLoginResponse(readerOf(bytes), createLoginResponse())
}

export function readLoginResponse(r: Reader, m: LoginResponse): LoginResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.session = readSession(r, m.session ?? createSession())
        leave(r, outer)
        break
      }
      case 18: {
        const outer = enter(r)
        m.endpoints = readEndpoints(r, m.endpoints ?? createEndpoints())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 6, 'LoginResponse')
    }
  }
  return m
}

/** What Register and Login give. */
export interface Session {
  uid: number
  /** The same installation key is always the same device. */
  device: number
  token: Uint8Array
  /** Milliseconds since 1970; slides with use. */
  expiresAtMs: number
  lastSendSeq: number
  storeId: Uint8Array
  /** The highest attempt bound so far: the client's next one is above it. */
  boundAttempt: number
}

export function createSession(init?: Partial<Session>): Session {
  const m: Session = { uid: 0, device: 0, token: EMPTY, expiresAtMs: 0, lastSendSeq: 0, storeId: EMPTY, boundAttempt: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSession(m: Session): Uint8Array {
  const w = begin()
  writeSession(w, m)
  return finish(w)
}

export function writeSession(w: Writer, m: Session): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.device !== 0) writeUint32(w, 16, m.device)
  if (m.token.length > 0) writeBytes(w, 26, m.token)
  if (m.expiresAtMs !== 0) writeUint64(w, 32, m.expiresAtMs)
  if (m.lastSendSeq !== 0) writeUint64(w, 40, m.lastSendSeq)
  if (m.storeId.length > 0) writeBytes(w, 50, m.storeId)
  if (m.boundAttempt !== 0) writeUint64(w, 56, m.boundAttempt)
}

export function decodeSession(bytes: Uint8Array): Session {
  return readSession(readerOf(bytes), createSession())
}

export function readSession(r: Reader, m: Session): Session {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 16: {
        m.device = readUint32(r)
        break
      }
      case 26: {
        m.token = readBytes(r, 'Session.token', 0, 0)
        break
      }
      case 32: {
        m.expiresAtMs = readUint64(r)
        break
      }
      case 40: {
        m.lastSendSeq = readUint64(r)
        break
      }
      case 50: {
        m.storeId = readBytes(r, 'Session.store_id', 0, 0)
        break
      }
      case 56: {
        m.boundAttempt = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 254, 'Session')
    }
  }
  return m
}

export type LogoutRequest = Record<never, never>

export function createLogoutRequest(_init?: Partial<LogoutRequest>): LogoutRequest {
  return {}
}

export function encodeLogoutRequest(m: LogoutRequest): Uint8Array {
  const w = begin()
  writeLogoutRequest(w, m)
  return finish(w)
}

export function writeLogoutRequest(_w: Writer, _m: LogoutRequest): void {}

export function decodeLogoutRequest(bytes: Uint8Array): LogoutRequest {
  return readLogoutRequest(readerOf(bytes), createLogoutRequest())
}

export function readLogoutRequest(r: Reader, m: LogoutRequest): LogoutRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'LogoutRequest')
  }
  return m
}

export type LogoutResponse = Record<never, never>

export function createLogoutResponse(_init?: Partial<LogoutResponse>): LogoutResponse {
  return {}
}

export function encodeLogoutResponse(m: LogoutResponse): Uint8Array {
  const w = begin()
  writeLogoutResponse(w, m)
  return finish(w)
}

export function writeLogoutResponse(_w: Writer, _m: LogoutResponse): void {}

export function decodeLogoutResponse(bytes: Uint8Array): LogoutResponse {
  return readLogoutResponse(readerOf(bytes), createLogoutResponse())
}

export function readLogoutResponse(r: Reader, m: LogoutResponse): LogoutResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'LogoutResponse')
  }
  return m
}

export interface GetProfileRequest {
  /** Exactly one of the two, or neither for the user's own. */
  uid: number
  account: string
}

export function createGetProfileRequest(init?: Partial<GetProfileRequest>): GetProfileRequest {
  const m: GetProfileRequest = { uid: 0, account: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGetProfileRequest(m: GetProfileRequest): Uint8Array {
  const w = begin()
  writeGetProfileRequest(w, m)
  return finish(w)
}

export function writeGetProfileRequest(w: Writer, m: GetProfileRequest): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.account.length > 0) writeString(w, 18, m.account)
}

export function decodeGetProfileRequest(bytes: Uint8Array): GetProfileRequest {
  return readGetProfileRequest(readerOf(bytes), createGetProfileRequest())
}

export function readGetProfileRequest(r: Reader, m: GetProfileRequest): GetProfileRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 18: {
        m.account = readString(r, 'GetProfileRequest.account', 32)
        break
      }
      default:
        skipField(r, tag, 6, 'GetProfileRequest')
    }
  }
  return m
}

export interface GetProfileResponse {
  uid: number
  account: string
  nickname: string
}

export function createGetProfileResponse(init?: Partial<GetProfileResponse>): GetProfileResponse {
  const m: GetProfileResponse = { uid: 0, account: '', nickname: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGetProfileResponse(m: GetProfileResponse): Uint8Array {
  const w = begin()
  writeGetProfileResponse(w, m)
  return finish(w)
}

export function writeGetProfileResponse(w: Writer, m: GetProfileResponse): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.account.length > 0) writeString(w, 18, m.account)
  if (m.nickname.length > 0) writeString(w, 26, m.nickname)
}

export function decodeGetProfileResponse(bytes: Uint8Array): GetProfileResponse {
  return readGetProfileResponse(readerOf(bytes), createGetProfileResponse())
}

export function readGetProfileResponse(r: Reader, m: GetProfileResponse): GetProfileResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 18: {
        m.account = readString(r, 'GetProfileResponse.account', 0)
        break
      }
      case 26: {
        m.nickname = readString(r, 'GetProfileResponse.nickname', 0)
        break
      }
      default:
        skipField(r, tag, 14, 'GetProfileResponse')
    }
  }
  return m
}

export interface UpdateProfileRequest {
  sendSeq: number
  /** Absent: the nickname is cleared, and the account name stands in its place. */
  nickname: string
}

export function createUpdateProfileRequest(init?: Partial<UpdateProfileRequest>): UpdateProfileRequest {
  const m: UpdateProfileRequest = { sendSeq: 0, nickname: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeUpdateProfileRequest(m: UpdateProfileRequest): Uint8Array {
  const w = begin()
  writeUpdateProfileRequest(w, m)
  return finish(w)
}

export function writeUpdateProfileRequest(w: Writer, m: UpdateProfileRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.nickname.length > 0) writeString(w, 18, m.nickname)
}

export function decodeUpdateProfileRequest(bytes: Uint8Array): UpdateProfileRequest {
  return readUpdateProfileRequest(readerOf(bytes), createUpdateProfileRequest())
}

export function readUpdateProfileRequest(r: Reader, m: UpdateProfileRequest): UpdateProfileRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.nickname = readString(r, 'UpdateProfileRequest.nickname', 64)
        break
      }
      default:
        skipField(r, tag, 6, 'UpdateProfileRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('UpdateProfileRequest.send_seq')
  return m
}

export type UpdateProfileResponse = Record<never, never>

export function createUpdateProfileResponse(_init?: Partial<UpdateProfileResponse>): UpdateProfileResponse {
  return {}
}

export function encodeUpdateProfileResponse(m: UpdateProfileResponse): Uint8Array {
  const w = begin()
  writeUpdateProfileResponse(w, m)
  return finish(w)
}

export function writeUpdateProfileResponse(_w: Writer, _m: UpdateProfileResponse): void {}

export function decodeUpdateProfileResponse(bytes: Uint8Array): UpdateProfileResponse {
  return readUpdateProfileResponse(readerOf(bytes), createUpdateProfileResponse())
}

export function readUpdateProfileResponse(r: Reader, m: UpdateProfileResponse): UpdateProfileResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'UpdateProfileResponse')
  }
  return m
}

export interface ChangePasswordRequest {
  sendSeq: number
  /** Passwords are no identity: a hash of them beside its key would let who has the store guess them (clause 6.2). */
  oldPassword: string
  newPassword: string
}

export function createChangePasswordRequest(init?: Partial<ChangePasswordRequest>): ChangePasswordRequest {
  const m: ChangePasswordRequest = { sendSeq: 0, oldPassword: '', newPassword: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeChangePasswordRequest(m: ChangePasswordRequest): Uint8Array {
  const w = begin()
  writeChangePasswordRequest(w, m)
  return finish(w)
}

export function writeChangePasswordRequest(w: Writer, m: ChangePasswordRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.oldPassword.length > 0) writeString(w, 18, m.oldPassword)
  if (m.newPassword.length > 0) writeString(w, 26, m.newPassword)
}

export function decodeChangePasswordRequest(bytes: Uint8Array): ChangePasswordRequest {
  return readChangePasswordRequest(readerOf(bytes), createChangePasswordRequest())
}

export function readChangePasswordRequest(r: Reader, m: ChangePasswordRequest): ChangePasswordRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.oldPassword = readString(r, 'ChangePasswordRequest.old_password', 256)
        break
      }
      case 26: {
        m.newPassword = readString(r, 'ChangePasswordRequest.new_password', 256)
        break
      }
      default:
        skipField(r, tag, 14, 'ChangePasswordRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ChangePasswordRequest.send_seq')
  if (m.oldPassword.length === 0) throw missing('ChangePasswordRequest.old_password')
  if (m.newPassword.length === 0) throw missing('ChangePasswordRequest.new_password')
  return m
}

/** Every token of the account has ended, this device's too. */
export interface ChangePasswordResponse {
  /** This device's new token. Absent in the answer to a repeat: who has lost the first answer logs in. */
  token: Uint8Array
}

export function createChangePasswordResponse(init?: Partial<ChangePasswordResponse>): ChangePasswordResponse {
  const m: ChangePasswordResponse = { token: EMPTY }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeChangePasswordResponse(m: ChangePasswordResponse): Uint8Array {
  const w = begin()
  writeChangePasswordResponse(w, m)
  return finish(w)
}

export function writeChangePasswordResponse(w: Writer, m: ChangePasswordResponse): void {
  if (m.token.length > 0) writeBytes(w, 10, m.token)
}

export function decodeChangePasswordResponse(bytes: Uint8Array): ChangePasswordResponse {
  return readChangePasswordResponse(readerOf(bytes), createChangePasswordResponse())
}

export function readChangePasswordResponse(r: Reader, m: ChangePasswordResponse): ChangePasswordResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.token = readBytes(r, 'ChangePasswordResponse.token', 128, 0)
        break
      }
      default:
        skipField(r, tag, 2, 'ChangePasswordResponse')
    }
  }
  return m
}

export type ListDevicesRequest = Record<never, never>

export function createListDevicesRequest(_init?: Partial<ListDevicesRequest>): ListDevicesRequest {
  return {}
}

export function encodeListDevicesRequest(m: ListDevicesRequest): Uint8Array {
  const w = begin()
  writeListDevicesRequest(w, m)
  return finish(w)
}

export function writeListDevicesRequest(_w: Writer, _m: ListDevicesRequest): void {}

export function decodeListDevicesRequest(bytes: Uint8Array): ListDevicesRequest {
  return readListDevicesRequest(readerOf(bytes), createListDevicesRequest())
}

export function readListDevicesRequest(r: Reader, m: ListDevicesRequest): ListDevicesRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ListDevicesRequest')
  }
  return m
}

export interface ListDevicesResponse {
  devices: Device[]
}

export function createListDevicesResponse(init?: Partial<ListDevicesResponse>): ListDevicesResponse {
  const m: ListDevicesResponse = { devices: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeListDevicesResponse(m: ListDevicesResponse): Uint8Array {
  const w = begin()
  writeListDevicesResponse(w, m)
  return finish(w)
}

export function writeListDevicesResponse(w: Writer, m: ListDevicesResponse): void {
  for (const each of m.devices) {
    w.uint32(10).fork()
    writeDevice(w, each)
    w.ldelim()
  }
}

export function decodeListDevicesResponse(bytes: Uint8Array): ListDevicesResponse {
  return readListDevicesResponse(readerOf(bytes), createListDevicesResponse())
}

export function readListDevicesResponse(r: Reader, m: ListDevicesResponse): ListDevicesResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.devices.push(readDevice(r, createDevice()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 2, 'ListDevicesResponse')
    }
  }
  return m
}

export interface Device {
  device: number
  name: string
  createdAtMs: number
  /** To the day, milliseconds since 1970. */
  lastSeenMs: number
  /** The one that asks. */
  current: boolean
}

export function createDevice(init?: Partial<Device>): Device {
  const m: Device = { device: 0, name: '', createdAtMs: 0, lastSeenMs: 0, current: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeDevice(m: Device): Uint8Array {
  const w = begin()
  writeDevice(w, m)
  return finish(w)
}

export function writeDevice(w: Writer, m: Device): void {
  if (m.device !== 0) writeUint32(w, 8, m.device)
  if (m.name.length > 0) writeString(w, 18, m.name)
  if (m.createdAtMs !== 0) writeUint64(w, 24, m.createdAtMs)
  if (m.lastSeenMs !== 0) writeUint64(w, 32, m.lastSeenMs)
  if (m.current) writeTrue(w, 40)
}

export function decodeDevice(bytes: Uint8Array): Device {
  return readDevice(readerOf(bytes), createDevice())
}

export function readDevice(r: Reader, m: Device): Device {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.device = readUint32(r)
        break
      }
      case 18: {
        m.name = readString(r, 'Device.name', 0)
        break
      }
      case 24: {
        m.createdAtMs = readUint64(r)
        break
      }
      case 32: {
        m.lastSeenMs = readUint64(r)
        break
      }
      case 40: {
        m.current = readBool(r)
        break
      }
      default:
        skipField(r, tag, 62, 'Device')
    }
  }
  return m
}

export interface RemoveDeviceRequest {
  sendSeq: number
  device: number
}

export function createRemoveDeviceRequest(init?: Partial<RemoveDeviceRequest>): RemoveDeviceRequest {
  const m: RemoveDeviceRequest = { sendSeq: 0, device: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRemoveDeviceRequest(m: RemoveDeviceRequest): Uint8Array {
  const w = begin()
  writeRemoveDeviceRequest(w, m)
  return finish(w)
}

export function writeRemoveDeviceRequest(w: Writer, m: RemoveDeviceRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.device !== 0) writeUint32(w, 16, m.device)
}

export function decodeRemoveDeviceRequest(bytes: Uint8Array): RemoveDeviceRequest {
  return readRemoveDeviceRequest(readerOf(bytes), createRemoveDeviceRequest())
}

export function readRemoveDeviceRequest(r: Reader, m: RemoveDeviceRequest): RemoveDeviceRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.device = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 6, 'RemoveDeviceRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RemoveDeviceRequest.send_seq')
  if (m.device === 0) throw missing('RemoveDeviceRequest.device')
  return m
}

export type RemoveDeviceResponse = Record<never, never>

export function createRemoveDeviceResponse(_init?: Partial<RemoveDeviceResponse>): RemoveDeviceResponse {
  return {}
}

export function encodeRemoveDeviceResponse(m: RemoveDeviceResponse): Uint8Array {
  const w = begin()
  writeRemoveDeviceResponse(w, m)
  return finish(w)
}

export function writeRemoveDeviceResponse(_w: Writer, _m: RemoveDeviceResponse): void {}

export function decodeRemoveDeviceResponse(bytes: Uint8Array): RemoveDeviceResponse {
  return readRemoveDeviceResponse(readerOf(bytes), createRemoveDeviceResponse())
}

export function readRemoveDeviceResponse(r: Reader, m: RemoveDeviceResponse): RemoveDeviceResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RemoveDeviceResponse')
  }
  return m
}

export interface DeleteAccountRequest {
  sendSeq: number
  /** No identity, as in ChangePasswordRequest. */
  password: string
}

export function createDeleteAccountRequest(init?: Partial<DeleteAccountRequest>): DeleteAccountRequest {
  const m: DeleteAccountRequest = { sendSeq: 0, password: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeDeleteAccountRequest(m: DeleteAccountRequest): Uint8Array {
  const w = begin()
  writeDeleteAccountRequest(w, m)
  return finish(w)
}

export function writeDeleteAccountRequest(w: Writer, m: DeleteAccountRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.password.length > 0) writeString(w, 18, m.password)
}

export function decodeDeleteAccountRequest(bytes: Uint8Array): DeleteAccountRequest {
  return readDeleteAccountRequest(readerOf(bytes), createDeleteAccountRequest())
}

export function readDeleteAccountRequest(r: Reader, m: DeleteAccountRequest): DeleteAccountRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.password = readString(r, 'DeleteAccountRequest.password', 256)
        break
      }
      default:
        skipField(r, tag, 6, 'DeleteAccountRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('DeleteAccountRequest.send_seq')
  if (m.password.length === 0) throw missing('DeleteAccountRequest.password')
  return m
}

export type DeleteAccountResponse = Record<never, never>

export function createDeleteAccountResponse(_init?: Partial<DeleteAccountResponse>): DeleteAccountResponse {
  return {}
}

export function encodeDeleteAccountResponse(m: DeleteAccountResponse): Uint8Array {
  const w = begin()
  writeDeleteAccountResponse(w, m)
  return finish(w)
}

export function writeDeleteAccountResponse(_w: Writer, _m: DeleteAccountResponse): void {}

export function decodeDeleteAccountResponse(bytes: Uint8Array): DeleteAccountResponse {
  return readDeleteAccountResponse(readerOf(bytes), createDeleteAccountResponse())
}

export function readDeleteAccountResponse(r: Reader, m: DeleteAccountResponse): DeleteAccountResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'DeleteAccountResponse')
  }
  return m
}

export interface ContactServiceRequestRequest {
  sendSeq: number
  uid: number
  greeting: string
}

export function createContactServiceRequestRequest(init?: Partial<ContactServiceRequestRequest>): ContactServiceRequestRequest {
  const m: ContactServiceRequestRequest = { sendSeq: 0, uid: 0, greeting: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceRequestRequest(m: ContactServiceRequestRequest): Uint8Array {
  const w = begin()
  writeContactServiceRequestRequest(w, m)
  return finish(w)
}

export function writeContactServiceRequestRequest(w: Writer, m: ContactServiceRequestRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.greeting.length > 0) writeString(w, 26, m.greeting)
}

export function decodeContactServiceRequestRequest(bytes: Uint8Array): ContactServiceRequestRequest {
  return readContactServiceRequestRequest(readerOf(bytes), createContactServiceRequestRequest())
}

export function readContactServiceRequestRequest(r: Reader, m: ContactServiceRequestRequest): ContactServiceRequestRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.uid = readUint64(r)
        break
      }
      case 26: {
        m.greeting = readString(r, 'ContactServiceRequestRequest.greeting', 256)
        break
      }
      default:
        skipField(r, tag, 14, 'ContactServiceRequestRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ContactServiceRequestRequest.send_seq')
  if (m.uid === 0) throw missing('ContactServiceRequestRequest.uid')
  return m
}

export type ContactServiceRequestResponse = Record<never, never>

export function createContactServiceRequestResponse(_init?: Partial<ContactServiceRequestResponse>): ContactServiceRequestResponse {
  return {}
}

export function encodeContactServiceRequestResponse(m: ContactServiceRequestResponse): Uint8Array {
  const w = begin()
  writeContactServiceRequestResponse(w, m)
  return finish(w)
}

export function writeContactServiceRequestResponse(_w: Writer, _m: ContactServiceRequestResponse): void {}

export function decodeContactServiceRequestResponse(bytes: Uint8Array): ContactServiceRequestResponse {
  return readContactServiceRequestResponse(readerOf(bytes), createContactServiceRequestResponse())
}

export function readContactServiceRequestResponse(r: Reader, m: ContactServiceRequestResponse): ContactServiceRequestResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ContactServiceRequestResponse')
  }
  return m
}

export interface ContactServiceAcceptRequest {
  sendSeq: number
  uid: number
  /** The number of the request, from the Contact item. */
  request: number
}

export function createContactServiceAcceptRequest(init?: Partial<ContactServiceAcceptRequest>): ContactServiceAcceptRequest {
  const m: ContactServiceAcceptRequest = { sendSeq: 0, uid: 0, request: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceAcceptRequest(m: ContactServiceAcceptRequest): Uint8Array {
  const w = begin()
  writeContactServiceAcceptRequest(w, m)
  return finish(w)
}

export function writeContactServiceAcceptRequest(w: Writer, m: ContactServiceAcceptRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function decodeContactServiceAcceptRequest(bytes: Uint8Array): ContactServiceAcceptRequest {
  return readContactServiceAcceptRequest(readerOf(bytes), createContactServiceAcceptRequest())
}

export function readContactServiceAcceptRequest(r: Reader, m: ContactServiceAcceptRequest): ContactServiceAcceptRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.uid = readUint64(r)
        break
      }
      case 24: {
        m.request = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'ContactServiceAcceptRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ContactServiceAcceptRequest.send_seq')
  if (m.uid === 0) throw missing('ContactServiceAcceptRequest.uid')
  if (m.request === 0) throw missing('ContactServiceAcceptRequest.request')
  return m
}

export type ContactServiceAcceptResponse = Record<never, never>

export function createContactServiceAcceptResponse(_init?: Partial<ContactServiceAcceptResponse>): ContactServiceAcceptResponse {
  return {}
}

export function encodeContactServiceAcceptResponse(m: ContactServiceAcceptResponse): Uint8Array {
  const w = begin()
  writeContactServiceAcceptResponse(w, m)
  return finish(w)
}

export function writeContactServiceAcceptResponse(_w: Writer, _m: ContactServiceAcceptResponse): void {}

export function decodeContactServiceAcceptResponse(bytes: Uint8Array): ContactServiceAcceptResponse {
  return readContactServiceAcceptResponse(readerOf(bytes), createContactServiceAcceptResponse())
}

export function readContactServiceAcceptResponse(r: Reader, m: ContactServiceAcceptResponse): ContactServiceAcceptResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ContactServiceAcceptResponse')
  }
  return m
}

export interface ContactServiceDeclineRequest {
  sendSeq: number
  uid: number
  request: number
}

export function createContactServiceDeclineRequest(init?: Partial<ContactServiceDeclineRequest>): ContactServiceDeclineRequest {
  const m: ContactServiceDeclineRequest = { sendSeq: 0, uid: 0, request: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceDeclineRequest(m: ContactServiceDeclineRequest): Uint8Array {
  const w = begin()
  writeContactServiceDeclineRequest(w, m)
  return finish(w)
}

export function writeContactServiceDeclineRequest(w: Writer, m: ContactServiceDeclineRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function decodeContactServiceDeclineRequest(bytes: Uint8Array): ContactServiceDeclineRequest {
  return readContactServiceDeclineRequest(readerOf(bytes), createContactServiceDeclineRequest())
}

export function readContactServiceDeclineRequest(r: Reader, m: ContactServiceDeclineRequest): ContactServiceDeclineRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.uid = readUint64(r)
        break
      }
      case 24: {
        m.request = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'ContactServiceDeclineRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ContactServiceDeclineRequest.send_seq')
  if (m.uid === 0) throw missing('ContactServiceDeclineRequest.uid')
  if (m.request === 0) throw missing('ContactServiceDeclineRequest.request')
  return m
}

export type ContactServiceDeclineResponse = Record<never, never>

export function createContactServiceDeclineResponse(_init?: Partial<ContactServiceDeclineResponse>): ContactServiceDeclineResponse {
  return {}
}

export function encodeContactServiceDeclineResponse(m: ContactServiceDeclineResponse): Uint8Array {
  const w = begin()
  writeContactServiceDeclineResponse(w, m)
  return finish(w)
}

export function writeContactServiceDeclineResponse(_w: Writer, _m: ContactServiceDeclineResponse): void {}

export function decodeContactServiceDeclineResponse(bytes: Uint8Array): ContactServiceDeclineResponse {
  return readContactServiceDeclineResponse(readerOf(bytes), createContactServiceDeclineResponse())
}

export function readContactServiceDeclineResponse(r: Reader, m: ContactServiceDeclineResponse): ContactServiceDeclineResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ContactServiceDeclineResponse')
  }
  return m
}

export interface ContactServiceCancelRequest {
  sendSeq: number
  uid: number
  request: number
}

export function createContactServiceCancelRequest(init?: Partial<ContactServiceCancelRequest>): ContactServiceCancelRequest {
  const m: ContactServiceCancelRequest = { sendSeq: 0, uid: 0, request: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceCancelRequest(m: ContactServiceCancelRequest): Uint8Array {
  const w = begin()
  writeContactServiceCancelRequest(w, m)
  return finish(w)
}

export function writeContactServiceCancelRequest(w: Writer, m: ContactServiceCancelRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
  if (m.request !== 0) writeUint64(w, 24, m.request)
}

export function decodeContactServiceCancelRequest(bytes: Uint8Array): ContactServiceCancelRequest {
  return readContactServiceCancelRequest(readerOf(bytes), createContactServiceCancelRequest())
}

export function readContactServiceCancelRequest(r: Reader, m: ContactServiceCancelRequest): ContactServiceCancelRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.uid = readUint64(r)
        break
      }
      case 24: {
        m.request = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'ContactServiceCancelRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ContactServiceCancelRequest.send_seq')
  if (m.uid === 0) throw missing('ContactServiceCancelRequest.uid')
  if (m.request === 0) throw missing('ContactServiceCancelRequest.request')
  return m
}

export type ContactServiceCancelResponse = Record<never, never>

export function createContactServiceCancelResponse(_init?: Partial<ContactServiceCancelResponse>): ContactServiceCancelResponse {
  return {}
}

export function encodeContactServiceCancelResponse(m: ContactServiceCancelResponse): Uint8Array {
  const w = begin()
  writeContactServiceCancelResponse(w, m)
  return finish(w)
}

export function writeContactServiceCancelResponse(_w: Writer, _m: ContactServiceCancelResponse): void {}

export function decodeContactServiceCancelResponse(bytes: Uint8Array): ContactServiceCancelResponse {
  return readContactServiceCancelResponse(readerOf(bytes), createContactServiceCancelResponse())
}

export function readContactServiceCancelResponse(r: Reader, m: ContactServiceCancelResponse): ContactServiceCancelResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ContactServiceCancelResponse')
  }
  return m
}

export interface ContactServiceRemoveRequest {
  sendSeq: number
  uid: number
}

export function createContactServiceRemoveRequest(init?: Partial<ContactServiceRemoveRequest>): ContactServiceRemoveRequest {
  const m: ContactServiceRemoveRequest = { sendSeq: 0, uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceRemoveRequest(m: ContactServiceRemoveRequest): Uint8Array {
  const w = begin()
  writeContactServiceRemoveRequest(w, m)
  return finish(w)
}

export function writeContactServiceRemoveRequest(w: Writer, m: ContactServiceRemoveRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

export function decodeContactServiceRemoveRequest(bytes: Uint8Array): ContactServiceRemoveRequest {
  return readContactServiceRemoveRequest(readerOf(bytes), createContactServiceRemoveRequest())
}

export function readContactServiceRemoveRequest(r: Reader, m: ContactServiceRemoveRequest): ContactServiceRemoveRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'ContactServiceRemoveRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ContactServiceRemoveRequest.send_seq')
  if (m.uid === 0) throw missing('ContactServiceRemoveRequest.uid')
  return m
}

export type ContactServiceRemoveResponse = Record<never, never>

export function createContactServiceRemoveResponse(_init?: Partial<ContactServiceRemoveResponse>): ContactServiceRemoveResponse {
  return {}
}

export function encodeContactServiceRemoveResponse(m: ContactServiceRemoveResponse): Uint8Array {
  const w = begin()
  writeContactServiceRemoveResponse(w, m)
  return finish(w)
}

export function writeContactServiceRemoveResponse(_w: Writer, _m: ContactServiceRemoveResponse): void {}

export function decodeContactServiceRemoveResponse(bytes: Uint8Array): ContactServiceRemoveResponse {
  return readContactServiceRemoveResponse(readerOf(bytes), createContactServiceRemoveResponse())
}

export function readContactServiceRemoveResponse(r: Reader, m: ContactServiceRemoveResponse): ContactServiceRemoveResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ContactServiceRemoveResponse')
  }
  return m
}

export interface ContactServiceBlockRequest {
  sendSeq: number
  uid: number
}

export function createContactServiceBlockRequest(init?: Partial<ContactServiceBlockRequest>): ContactServiceBlockRequest {
  const m: ContactServiceBlockRequest = { sendSeq: 0, uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceBlockRequest(m: ContactServiceBlockRequest): Uint8Array {
  const w = begin()
  writeContactServiceBlockRequest(w, m)
  return finish(w)
}

export function writeContactServiceBlockRequest(w: Writer, m: ContactServiceBlockRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

export function decodeContactServiceBlockRequest(bytes: Uint8Array): ContactServiceBlockRequest {
  return readContactServiceBlockRequest(readerOf(bytes), createContactServiceBlockRequest())
}

export function readContactServiceBlockRequest(r: Reader, m: ContactServiceBlockRequest): ContactServiceBlockRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'ContactServiceBlockRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ContactServiceBlockRequest.send_seq')
  if (m.uid === 0) throw missing('ContactServiceBlockRequest.uid')
  return m
}

export type ContactServiceBlockResponse = Record<never, never>

export function createContactServiceBlockResponse(_init?: Partial<ContactServiceBlockResponse>): ContactServiceBlockResponse {
  return {}
}

export function encodeContactServiceBlockResponse(m: ContactServiceBlockResponse): Uint8Array {
  const w = begin()
  writeContactServiceBlockResponse(w, m)
  return finish(w)
}

export function writeContactServiceBlockResponse(_w: Writer, _m: ContactServiceBlockResponse): void {}

export function decodeContactServiceBlockResponse(bytes: Uint8Array): ContactServiceBlockResponse {
  return readContactServiceBlockResponse(readerOf(bytes), createContactServiceBlockResponse())
}

export function readContactServiceBlockResponse(r: Reader, m: ContactServiceBlockResponse): ContactServiceBlockResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ContactServiceBlockResponse')
  }
  return m
}

export interface ContactServiceUnblockRequest {
  sendSeq: number
  uid: number
}

export function createContactServiceUnblockRequest(init?: Partial<ContactServiceUnblockRequest>): ContactServiceUnblockRequest {
  const m: ContactServiceUnblockRequest = { sendSeq: 0, uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceUnblockRequest(m: ContactServiceUnblockRequest): Uint8Array {
  const w = begin()
  writeContactServiceUnblockRequest(w, m)
  return finish(w)
}

export function writeContactServiceUnblockRequest(w: Writer, m: ContactServiceUnblockRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.uid !== 0) writeUint64(w, 16, m.uid)
}

export function decodeContactServiceUnblockRequest(bytes: Uint8Array): ContactServiceUnblockRequest {
  return readContactServiceUnblockRequest(readerOf(bytes), createContactServiceUnblockRequest())
}

export function readContactServiceUnblockRequest(r: Reader, m: ContactServiceUnblockRequest): ContactServiceUnblockRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 16: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'ContactServiceUnblockRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('ContactServiceUnblockRequest.send_seq')
  if (m.uid === 0) throw missing('ContactServiceUnblockRequest.uid')
  return m
}

export type ContactServiceUnblockResponse = Record<never, never>

export function createContactServiceUnblockResponse(_init?: Partial<ContactServiceUnblockResponse>): ContactServiceUnblockResponse {
  return {}
}

export function encodeContactServiceUnblockResponse(m: ContactServiceUnblockResponse): Uint8Array {
  const w = begin()
  writeContactServiceUnblockResponse(w, m)
  return finish(w)
}

export function writeContactServiceUnblockResponse(_w: Writer, _m: ContactServiceUnblockResponse): void {}

export function decodeContactServiceUnblockResponse(bytes: Uint8Array): ContactServiceUnblockResponse {
  return readContactServiceUnblockResponse(readerOf(bytes), createContactServiceUnblockResponse())
}

export function readContactServiceUnblockResponse(r: Reader, m: ContactServiceUnblockResponse): ContactServiceUnblockResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'ContactServiceUnblockResponse')
  }
  return m
}

export interface ContactServiceListRequest {
  /** The next of the page before. Absent: from the first. */
  after: number
}

export function createContactServiceListRequest(init?: Partial<ContactServiceListRequest>): ContactServiceListRequest {
  const m: ContactServiceListRequest = { after: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceListRequest(m: ContactServiceListRequest): Uint8Array {
  const w = begin()
  writeContactServiceListRequest(w, m)
  return finish(w)
}

export function writeContactServiceListRequest(w: Writer, m: ContactServiceListRequest): void {
  if (m.after !== 0) writeUint64(w, 8, m.after)
}

export function decodeContactServiceListRequest(bytes: Uint8Array): ContactServiceListRequest {
  return readContactServiceListRequest(readerOf(bytes), createContactServiceListRequest())
}

export function readContactServiceListRequest(r: Reader, m: ContactServiceListRequest): ContactServiceListRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.after = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 2, 'ContactServiceListRequest')
    }
  }
  return m
}

export interface ContactServiceListResponse {
  /** At most 256; possibly none although more follow. */
  contacts: Contact[]
  /** Where the next page begins. Absent: this was the last. */
  next: number
}

export function createContactServiceListResponse(init?: Partial<ContactServiceListResponse>): ContactServiceListResponse {
  const m: ContactServiceListResponse = { contacts: [], next: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeContactServiceListResponse(m: ContactServiceListResponse): Uint8Array {
  const w = begin()
  writeContactServiceListResponse(w, m)
  return finish(w)
}

export function writeContactServiceListResponse(w: Writer, m: ContactServiceListResponse): void {
  for (const each of m.contacts) {
    w.uint32(10).fork()
    writeContact(w, each)
    w.ldelim()
  }
  if (m.next !== 0) writeUint64(w, 16, m.next)
}

export function decodeContactServiceListResponse(bytes: Uint8Array): ContactServiceListResponse {
  return readContactServiceListResponse(readerOf(bytes), createContactServiceListResponse())
}

export function readContactServiceListResponse(r: Reader, m: ContactServiceListResponse): ContactServiceListResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.contacts.push(readContact(r, createContact()))
        leave(r, outer)
        break
      }
      case 16: {
        m.next = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'ContactServiceListResponse')
    }
  }
  return m
}

export interface GroupServiceCreateRequest {
  sendSeq: number
  title: string
  /** Who is invited at once. */
  invitees: Invitee[]
}

export function createGroupServiceCreateRequest(init?: Partial<GroupServiceCreateRequest>): GroupServiceCreateRequest {
  const m: GroupServiceCreateRequest = { sendSeq: 0, title: '', invitees: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceCreateRequest(m: GroupServiceCreateRequest): Uint8Array {
  const w = begin()
  writeGroupServiceCreateRequest(w, m)
  return finish(w)
}

export function writeGroupServiceCreateRequest(w: Writer, m: GroupServiceCreateRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.title.length > 0) writeString(w, 18, m.title)
  for (const each of m.invitees) {
    w.uint32(26).fork()
    writeInvitee(w, each)
    w.ldelim()
  }
}

export function decodeGroupServiceCreateRequest(bytes: Uint8Array): GroupServiceCreateRequest {
  return readGroupServiceCreateRequest(readerOf(bytes), createGroupServiceCreateRequest())
}

export function readGroupServiceCreateRequest(r: Reader, m: GroupServiceCreateRequest): GroupServiceCreateRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.title = readString(r, 'GroupServiceCreateRequest.title', 128)
        break
      }
      case 26: {
        if (m.invitees.length >= 50) throw tooMany('GroupServiceCreateRequest.invitees', 50)
        const outer = enter(r)
        m.invitees.push(readInvitee(r, createInvitee()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceCreateRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceCreateRequest.send_seq')
  if (m.title.length === 0) throw missing('GroupServiceCreateRequest.title')
  return m
}

export interface Invitee {
  uid: number
}

export function createInvitee(init?: Partial<Invitee>): Invitee {
  const m: Invitee = { uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeInvitee(m: Invitee): Uint8Array {
  const w = begin()
  writeInvitee(w, m)
  return finish(w)
}

export function writeInvitee(w: Writer, m: Invitee): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
}

export function decodeInvitee(bytes: Uint8Array): Invitee {
  return readInvitee(readerOf(bytes), createInvitee())
}

export function readInvitee(r: Reader, m: Invitee): Invitee {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 2, 'Invitee')
    }
  }
  if (m.uid === 0) throw missing('Invitee.uid')
  return m
}

export interface GroupServiceCreateResponse {
  /** The id of the group's conversation; the same for a repeat. */
  conversation: string
}

export function createGroupServiceCreateResponse(init?: Partial<GroupServiceCreateResponse>): GroupServiceCreateResponse {
  const m: GroupServiceCreateResponse = { conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceCreateResponse(m: GroupServiceCreateResponse): Uint8Array {
  const w = begin()
  writeGroupServiceCreateResponse(w, m)
  return finish(w)
}

export function writeGroupServiceCreateResponse(w: Writer, m: GroupServiceCreateResponse): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
}

export function decodeGroupServiceCreateResponse(bytes: Uint8Array): GroupServiceCreateResponse {
  return readGroupServiceCreateResponse(readerOf(bytes), createGroupServiceCreateResponse())
}

export function readGroupServiceCreateResponse(r: Reader, m: GroupServiceCreateResponse): GroupServiceCreateResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'GroupServiceCreateResponse.conversation', 0)
        break
      }
      default:
        skipField(r, tag, 2, 'GroupServiceCreateResponse')
    }
  }
  return m
}

export interface GroupServiceInviteRequest {
  sendSeq: number
  conversation: string
  /** At least one. */
  invitees: Invitee[]
}

export function createGroupServiceInviteRequest(init?: Partial<GroupServiceInviteRequest>): GroupServiceInviteRequest {
  const m: GroupServiceInviteRequest = { sendSeq: 0, conversation: '', invitees: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceInviteRequest(m: GroupServiceInviteRequest): Uint8Array {
  const w = begin()
  writeGroupServiceInviteRequest(w, m)
  return finish(w)
}

export function writeGroupServiceInviteRequest(w: Writer, m: GroupServiceInviteRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  for (const each of m.invitees) {
    w.uint32(26).fork()
    writeInvitee(w, each)
    w.ldelim()
  }
}

export function decodeGroupServiceInviteRequest(bytes: Uint8Array): GroupServiceInviteRequest {
  return readGroupServiceInviteRequest(readerOf(bytes), createGroupServiceInviteRequest())
}

export function readGroupServiceInviteRequest(r: Reader, m: GroupServiceInviteRequest): GroupServiceInviteRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceInviteRequest.conversation', 64)
        break
      }
      case 26: {
        if (m.invitees.length >= 50) throw tooMany('GroupServiceInviteRequest.invitees', 50)
        const outer = enter(r)
        m.invitees.push(readInvitee(r, createInvitee()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceInviteRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceInviteRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceInviteRequest.conversation')
  return m
}

export type GroupServiceInviteResponse = Record<never, never>

export function createGroupServiceInviteResponse(_init?: Partial<GroupServiceInviteResponse>): GroupServiceInviteResponse {
  return {}
}

export function encodeGroupServiceInviteResponse(m: GroupServiceInviteResponse): Uint8Array {
  const w = begin()
  writeGroupServiceInviteResponse(w, m)
  return finish(w)
}

export function writeGroupServiceInviteResponse(_w: Writer, _m: GroupServiceInviteResponse): void {}

export function decodeGroupServiceInviteResponse(bytes: Uint8Array): GroupServiceInviteResponse {
  return readGroupServiceInviteResponse(readerOf(bytes), createGroupServiceInviteResponse())
}

export function readGroupServiceInviteResponse(r: Reader, m: GroupServiceInviteResponse): GroupServiceInviteResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceInviteResponse')
  }
  return m
}

export interface GroupServiceAcceptRequest {
  sendSeq: number
  conversation: string
  /** The number of the invitation, from the Group item. */
  invitation: number
}

export function createGroupServiceAcceptRequest(init?: Partial<GroupServiceAcceptRequest>): GroupServiceAcceptRequest {
  const m: GroupServiceAcceptRequest = { sendSeq: 0, conversation: '', invitation: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceAcceptRequest(m: GroupServiceAcceptRequest): Uint8Array {
  const w = begin()
  writeGroupServiceAcceptRequest(w, m)
  return finish(w)
}

export function writeGroupServiceAcceptRequest(w: Writer, m: GroupServiceAcceptRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.invitation !== 0) writeUint64(w, 24, m.invitation)
}

export function decodeGroupServiceAcceptRequest(bytes: Uint8Array): GroupServiceAcceptRequest {
  return readGroupServiceAcceptRequest(readerOf(bytes), createGroupServiceAcceptRequest())
}

export function readGroupServiceAcceptRequest(r: Reader, m: GroupServiceAcceptRequest): GroupServiceAcceptRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceAcceptRequest.conversation', 64)
        break
      }
      case 24: {
        m.invitation = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceAcceptRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceAcceptRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceAcceptRequest.conversation')
  if (m.invitation === 0) throw missing('GroupServiceAcceptRequest.invitation')
  return m
}

export type GroupServiceAcceptResponse = Record<never, never>

export function createGroupServiceAcceptResponse(_init?: Partial<GroupServiceAcceptResponse>): GroupServiceAcceptResponse {
  return {}
}

export function encodeGroupServiceAcceptResponse(m: GroupServiceAcceptResponse): Uint8Array {
  const w = begin()
  writeGroupServiceAcceptResponse(w, m)
  return finish(w)
}

export function writeGroupServiceAcceptResponse(_w: Writer, _m: GroupServiceAcceptResponse): void {}

export function decodeGroupServiceAcceptResponse(bytes: Uint8Array): GroupServiceAcceptResponse {
  return readGroupServiceAcceptResponse(readerOf(bytes), createGroupServiceAcceptResponse())
}

export function readGroupServiceAcceptResponse(r: Reader, m: GroupServiceAcceptResponse): GroupServiceAcceptResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceAcceptResponse')
  }
  return m
}

export interface GroupServiceDeclineRequest {
  sendSeq: number
  conversation: string
  invitation: number
}

export function createGroupServiceDeclineRequest(init?: Partial<GroupServiceDeclineRequest>): GroupServiceDeclineRequest {
  const m: GroupServiceDeclineRequest = { sendSeq: 0, conversation: '', invitation: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceDeclineRequest(m: GroupServiceDeclineRequest): Uint8Array {
  const w = begin()
  writeGroupServiceDeclineRequest(w, m)
  return finish(w)
}

export function writeGroupServiceDeclineRequest(w: Writer, m: GroupServiceDeclineRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.invitation !== 0) writeUint64(w, 24, m.invitation)
}

export function decodeGroupServiceDeclineRequest(bytes: Uint8Array): GroupServiceDeclineRequest {
  return readGroupServiceDeclineRequest(readerOf(bytes), createGroupServiceDeclineRequest())
}

export function readGroupServiceDeclineRequest(r: Reader, m: GroupServiceDeclineRequest): GroupServiceDeclineRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceDeclineRequest.conversation', 64)
        break
      }
      case 24: {
        m.invitation = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceDeclineRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceDeclineRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceDeclineRequest.conversation')
  if (m.invitation === 0) throw missing('GroupServiceDeclineRequest.invitation')
  return m
}

export type GroupServiceDeclineResponse = Record<never, never>

export function createGroupServiceDeclineResponse(_init?: Partial<GroupServiceDeclineResponse>): GroupServiceDeclineResponse {
  return {}
}

export function encodeGroupServiceDeclineResponse(m: GroupServiceDeclineResponse): Uint8Array {
  const w = begin()
  writeGroupServiceDeclineResponse(w, m)
  return finish(w)
}

export function writeGroupServiceDeclineResponse(_w: Writer, _m: GroupServiceDeclineResponse): void {}

export function decodeGroupServiceDeclineResponse(bytes: Uint8Array): GroupServiceDeclineResponse {
  return readGroupServiceDeclineResponse(readerOf(bytes), createGroupServiceDeclineResponse())
}

export function readGroupServiceDeclineResponse(r: Reader, m: GroupServiceDeclineResponse): GroupServiceDeclineResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceDeclineResponse')
  }
  return m
}

export interface GroupServiceJoinRequest {
  sendSeq: number
  conversation: string
  /** The group's code, from a member. */
  code: string
}

export function createGroupServiceJoinRequest(init?: Partial<GroupServiceJoinRequest>): GroupServiceJoinRequest {
  const m: GroupServiceJoinRequest = { sendSeq: 0, conversation: '', code: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceJoinRequest(m: GroupServiceJoinRequest): Uint8Array {
  const w = begin()
  writeGroupServiceJoinRequest(w, m)
  return finish(w)
}

export function writeGroupServiceJoinRequest(w: Writer, m: GroupServiceJoinRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.code.length > 0) writeString(w, 26, m.code)
}

export function decodeGroupServiceJoinRequest(bytes: Uint8Array): GroupServiceJoinRequest {
  return readGroupServiceJoinRequest(readerOf(bytes), createGroupServiceJoinRequest())
}

export function readGroupServiceJoinRequest(r: Reader, m: GroupServiceJoinRequest): GroupServiceJoinRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceJoinRequest.conversation', 64)
        break
      }
      case 26: {
        m.code = readString(r, 'GroupServiceJoinRequest.code', 32)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceJoinRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceJoinRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceJoinRequest.conversation')
  if (m.code.length === 0) throw missing('GroupServiceJoinRequest.code')
  return m
}

export type GroupServiceJoinResponse = Record<never, never>

export function createGroupServiceJoinResponse(_init?: Partial<GroupServiceJoinResponse>): GroupServiceJoinResponse {
  return {}
}

export function encodeGroupServiceJoinResponse(m: GroupServiceJoinResponse): Uint8Array {
  const w = begin()
  writeGroupServiceJoinResponse(w, m)
  return finish(w)
}

export function writeGroupServiceJoinResponse(_w: Writer, _m: GroupServiceJoinResponse): void {}

export function decodeGroupServiceJoinResponse(bytes: Uint8Array): GroupServiceJoinResponse {
  return readGroupServiceJoinResponse(readerOf(bytes), createGroupServiceJoinResponse())
}

export function readGroupServiceJoinResponse(r: Reader, m: GroupServiceJoinResponse): GroupServiceJoinResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceJoinResponse')
  }
  return m
}

export interface GroupServiceApproveRequest {
  sendSeq: number
  conversation: string
  uid: number
  /** The number of the request, from the list of members. */
  request: number
  /** False: the user does not join. */
  yes: boolean
}

export function createGroupServiceApproveRequest(init?: Partial<GroupServiceApproveRequest>): GroupServiceApproveRequest {
  const m: GroupServiceApproveRequest = { sendSeq: 0, conversation: '', uid: 0, request: 0, yes: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceApproveRequest(m: GroupServiceApproveRequest): Uint8Array {
  const w = begin()
  writeGroupServiceApproveRequest(w, m)
  return finish(w)
}

export function writeGroupServiceApproveRequest(w: Writer, m: GroupServiceApproveRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.request !== 0) writeUint64(w, 32, m.request)
  if (m.yes) writeTrue(w, 40)
}

export function decodeGroupServiceApproveRequest(bytes: Uint8Array): GroupServiceApproveRequest {
  return readGroupServiceApproveRequest(readerOf(bytes), createGroupServiceApproveRequest())
}

export function readGroupServiceApproveRequest(r: Reader, m: GroupServiceApproveRequest): GroupServiceApproveRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceApproveRequest.conversation', 64)
        break
      }
      case 24: {
        m.uid = readUint64(r)
        break
      }
      case 32: {
        m.request = readUint64(r)
        break
      }
      case 40: {
        m.yes = readBool(r)
        break
      }
      default:
        skipField(r, tag, 62, 'GroupServiceApproveRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceApproveRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceApproveRequest.conversation')
  if (m.uid === 0) throw missing('GroupServiceApproveRequest.uid')
  if (m.request === 0) throw missing('GroupServiceApproveRequest.request')
  return m
}

export type GroupServiceApproveResponse = Record<never, never>

export function createGroupServiceApproveResponse(_init?: Partial<GroupServiceApproveResponse>): GroupServiceApproveResponse {
  return {}
}

export function encodeGroupServiceApproveResponse(m: GroupServiceApproveResponse): Uint8Array {
  const w = begin()
  writeGroupServiceApproveResponse(w, m)
  return finish(w)
}

export function writeGroupServiceApproveResponse(_w: Writer, _m: GroupServiceApproveResponse): void {}

export function decodeGroupServiceApproveResponse(bytes: Uint8Array): GroupServiceApproveResponse {
  return readGroupServiceApproveResponse(readerOf(bytes), createGroupServiceApproveResponse())
}

export function readGroupServiceApproveResponse(r: Reader, m: GroupServiceApproveResponse): GroupServiceApproveResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceApproveResponse')
  }
  return m
}

export interface GroupServiceLeaveRequest {
  sendSeq: number
  conversation: string
}

export function createGroupServiceLeaveRequest(init?: Partial<GroupServiceLeaveRequest>): GroupServiceLeaveRequest {
  const m: GroupServiceLeaveRequest = { sendSeq: 0, conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceLeaveRequest(m: GroupServiceLeaveRequest): Uint8Array {
  const w = begin()
  writeGroupServiceLeaveRequest(w, m)
  return finish(w)
}

export function writeGroupServiceLeaveRequest(w: Writer, m: GroupServiceLeaveRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
}

export function decodeGroupServiceLeaveRequest(bytes: Uint8Array): GroupServiceLeaveRequest {
  return readGroupServiceLeaveRequest(readerOf(bytes), createGroupServiceLeaveRequest())
}

export function readGroupServiceLeaveRequest(r: Reader, m: GroupServiceLeaveRequest): GroupServiceLeaveRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceLeaveRequest.conversation', 64)
        break
      }
      default:
        skipField(r, tag, 6, 'GroupServiceLeaveRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceLeaveRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceLeaveRequest.conversation')
  return m
}

export type GroupServiceLeaveResponse = Record<never, never>

export function createGroupServiceLeaveResponse(_init?: Partial<GroupServiceLeaveResponse>): GroupServiceLeaveResponse {
  return {}
}

export function encodeGroupServiceLeaveResponse(m: GroupServiceLeaveResponse): Uint8Array {
  const w = begin()
  writeGroupServiceLeaveResponse(w, m)
  return finish(w)
}

export function writeGroupServiceLeaveResponse(_w: Writer, _m: GroupServiceLeaveResponse): void {}

export function decodeGroupServiceLeaveResponse(bytes: Uint8Array): GroupServiceLeaveResponse {
  return readGroupServiceLeaveResponse(readerOf(bytes), createGroupServiceLeaveResponse())
}

export function readGroupServiceLeaveResponse(r: Reader, m: GroupServiceLeaveResponse): GroupServiceLeaveResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceLeaveResponse')
  }
  return m
}

export interface GroupServiceRemoveRequest {
  sendSeq: number
  conversation: string
  uid: number
  /** The membership or invitation that is meant, from the list of members. Absent: the present one. */
  number: number
}

export function createGroupServiceRemoveRequest(init?: Partial<GroupServiceRemoveRequest>): GroupServiceRemoveRequest {
  const m: GroupServiceRemoveRequest = { sendSeq: 0, conversation: '', uid: 0, number: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceRemoveRequest(m: GroupServiceRemoveRequest): Uint8Array {
  const w = begin()
  writeGroupServiceRemoveRequest(w, m)
  return finish(w)
}

export function writeGroupServiceRemoveRequest(w: Writer, m: GroupServiceRemoveRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.number !== 0) writeUint64(w, 32, m.number)
}

export function decodeGroupServiceRemoveRequest(bytes: Uint8Array): GroupServiceRemoveRequest {
  return readGroupServiceRemoveRequest(readerOf(bytes), createGroupServiceRemoveRequest())
}

export function readGroupServiceRemoveRequest(r: Reader, m: GroupServiceRemoveRequest): GroupServiceRemoveRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceRemoveRequest.conversation', 64)
        break
      }
      case 24: {
        m.uid = readUint64(r)
        break
      }
      case 32: {
        m.number = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 30, 'GroupServiceRemoveRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceRemoveRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceRemoveRequest.conversation')
  if (m.uid === 0) throw missing('GroupServiceRemoveRequest.uid')
  return m
}

export type GroupServiceRemoveResponse = Record<never, never>

export function createGroupServiceRemoveResponse(_init?: Partial<GroupServiceRemoveResponse>): GroupServiceRemoveResponse {
  return {}
}

export function encodeGroupServiceRemoveResponse(m: GroupServiceRemoveResponse): Uint8Array {
  const w = begin()
  writeGroupServiceRemoveResponse(w, m)
  return finish(w)
}

export function writeGroupServiceRemoveResponse(_w: Writer, _m: GroupServiceRemoveResponse): void {}

export function decodeGroupServiceRemoveResponse(bytes: Uint8Array): GroupServiceRemoveResponse {
  return readGroupServiceRemoveResponse(readerOf(bytes), createGroupServiceRemoveResponse())
}

export function readGroupServiceRemoveResponse(r: Reader, m: GroupServiceRemoveResponse): GroupServiceRemoveResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceRemoveResponse')
  }
  return m
}

export interface GroupServiceRenameRequest {
  sendSeq: number
  conversation: string
  title: string
}

export function createGroupServiceRenameRequest(init?: Partial<GroupServiceRenameRequest>): GroupServiceRenameRequest {
  const m: GroupServiceRenameRequest = { sendSeq: 0, conversation: '', title: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceRenameRequest(m: GroupServiceRenameRequest): Uint8Array {
  const w = begin()
  writeGroupServiceRenameRequest(w, m)
  return finish(w)
}

export function writeGroupServiceRenameRequest(w: Writer, m: GroupServiceRenameRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.title.length > 0) writeString(w, 26, m.title)
}

export function decodeGroupServiceRenameRequest(bytes: Uint8Array): GroupServiceRenameRequest {
  return readGroupServiceRenameRequest(readerOf(bytes), createGroupServiceRenameRequest())
}

export function readGroupServiceRenameRequest(r: Reader, m: GroupServiceRenameRequest): GroupServiceRenameRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceRenameRequest.conversation', 64)
        break
      }
      case 26: {
        m.title = readString(r, 'GroupServiceRenameRequest.title', 128)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceRenameRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceRenameRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceRenameRequest.conversation')
  if (m.title.length === 0) throw missing('GroupServiceRenameRequest.title')
  return m
}

export type GroupServiceRenameResponse = Record<never, never>

export function createGroupServiceRenameResponse(_init?: Partial<GroupServiceRenameResponse>): GroupServiceRenameResponse {
  return {}
}

export function encodeGroupServiceRenameResponse(m: GroupServiceRenameResponse): Uint8Array {
  const w = begin()
  writeGroupServiceRenameResponse(w, m)
  return finish(w)
}

export function writeGroupServiceRenameResponse(_w: Writer, _m: GroupServiceRenameResponse): void {}

export function decodeGroupServiceRenameResponse(bytes: Uint8Array): GroupServiceRenameResponse {
  return readGroupServiceRenameResponse(readerOf(bytes), createGroupServiceRenameResponse())
}

export function readGroupServiceRenameResponse(r: Reader, m: GroupServiceRenameResponse): GroupServiceRenameResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceRenameResponse')
  }
  return m
}

export interface GroupServiceAnnounceRequest {
  sendSeq: number
  conversation: string
  /** Absent: there is none any more. */
  announcement: string
}

export function createGroupServiceAnnounceRequest(init?: Partial<GroupServiceAnnounceRequest>): GroupServiceAnnounceRequest {
  const m: GroupServiceAnnounceRequest = { sendSeq: 0, conversation: '', announcement: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceAnnounceRequest(m: GroupServiceAnnounceRequest): Uint8Array {
  const w = begin()
  writeGroupServiceAnnounceRequest(w, m)
  return finish(w)
}

export function writeGroupServiceAnnounceRequest(w: Writer, m: GroupServiceAnnounceRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.announcement.length > 0) writeString(w, 26, m.announcement)
}

export function decodeGroupServiceAnnounceRequest(bytes: Uint8Array): GroupServiceAnnounceRequest {
  return readGroupServiceAnnounceRequest(readerOf(bytes), createGroupServiceAnnounceRequest())
}

export function readGroupServiceAnnounceRequest(r: Reader, m: GroupServiceAnnounceRequest): GroupServiceAnnounceRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceAnnounceRequest.conversation', 64)
        break
      }
      case 26: {
        m.announcement = readString(r, 'GroupServiceAnnounceRequest.announcement', 2048)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceAnnounceRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceAnnounceRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceAnnounceRequest.conversation')
  return m
}

export type GroupServiceAnnounceResponse = Record<never, never>

export function createGroupServiceAnnounceResponse(_init?: Partial<GroupServiceAnnounceResponse>): GroupServiceAnnounceResponse {
  return {}
}

export function encodeGroupServiceAnnounceResponse(m: GroupServiceAnnounceResponse): Uint8Array {
  const w = begin()
  writeGroupServiceAnnounceResponse(w, m)
  return finish(w)
}

export function writeGroupServiceAnnounceResponse(_w: Writer, _m: GroupServiceAnnounceResponse): void {}

export function decodeGroupServiceAnnounceResponse(bytes: Uint8Array): GroupServiceAnnounceResponse {
  return readGroupServiceAnnounceResponse(readerOf(bytes), createGroupServiceAnnounceResponse())
}

export function readGroupServiceAnnounceResponse(r: Reader, m: GroupServiceAnnounceResponse): GroupServiceAnnounceResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceAnnounceResponse')
  }
  return m
}

export interface GroupServiceSetRulesRequest {
  sendSeq: number
  conversation: string
  /** All rules; one that is absent has its default. */
  rules: WantedGroupRules | undefined
  /** Another code takes the place of the one that is known. */
  newCode: boolean
}

export function createGroupServiceSetRulesRequest(init?: Partial<GroupServiceSetRulesRequest>): GroupServiceSetRulesRequest {
  const m: GroupServiceSetRulesRequest = { sendSeq: 0, conversation: '', rules: undefined, newCode: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceSetRulesRequest(m: GroupServiceSetRulesRequest): Uint8Array {
  const w = begin()
  writeGroupServiceSetRulesRequest(w, m)
  return finish(w)
}

export function writeGroupServiceSetRulesRequest(w: Writer, m: GroupServiceSetRulesRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.rules !== undefined) {
    w.uint32(26).fork()
    writeWantedGroupRules(w, m.rules)
    w.ldelim()
  }
  if (m.newCode) writeTrue(w, 32)
}

export function decodeGroupServiceSetRulesRequest(bytes: Uint8Array): GroupServiceSetRulesRequest {
  return readGroupServiceSetRulesRequest(readerOf(bytes), createGroupServiceSetRulesRequest())
}

export function readGroupServiceSetRulesRequest(r: Reader, m: GroupServiceSetRulesRequest): GroupServiceSetRulesRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceSetRulesRequest.conversation', 64)
        break
      }
      case 26: {
        const outer = enter(r)
        m.rules = readWantedGroupRules(r, m.rules ?? createWantedGroupRules())
        leave(r, outer)
        break
      }
      case 32: {
        m.newCode = readBool(r)
        break
      }
      default:
        skipField(r, tag, 30, 'GroupServiceSetRulesRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceSetRulesRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceSetRulesRequest.conversation')
  return m
}

/** What GroupRules are to be, field by field. */
export interface WantedGroupRules {
  join: GroupJoin
  adminsInvite: boolean
  adminsWrite: boolean
  history: number
}

export function createWantedGroupRules(init?: Partial<WantedGroupRules>): WantedGroupRules {
  const m: WantedGroupRules = { join: 0, adminsInvite: false, adminsWrite: false, history: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeWantedGroupRules(m: WantedGroupRules): Uint8Array {
  const w = begin()
  writeWantedGroupRules(w, m)
  return finish(w)
}

export function writeWantedGroupRules(w: Writer, m: WantedGroupRules): void {
  if (m.join !== 0) writeUint32(w, 8, m.join)
  if (m.adminsInvite) writeTrue(w, 16)
  if (m.adminsWrite) writeTrue(w, 24)
  if (m.history !== 0) writeUint32(w, 32, m.history)
}

export function decodeWantedGroupRules(bytes: Uint8Array): WantedGroupRules {
  return readWantedGroupRules(readerOf(bytes), createWantedGroupRules())
}

export function readWantedGroupRules(r: Reader, m: WantedGroupRules): WantedGroupRules {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.join = readKnownGroupJoin(r, 'WantedGroupRules.join')
        break
      }
      case 16: {
        m.adminsInvite = readBool(r)
        break
      }
      case 24: {
        m.adminsWrite = readBool(r)
        break
      }
      case 32: {
        m.history = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 30, 'WantedGroupRules')
    }
  }
  return m
}

export type GroupServiceSetRulesResponse = Record<never, never>

export function createGroupServiceSetRulesResponse(_init?: Partial<GroupServiceSetRulesResponse>): GroupServiceSetRulesResponse {
  return {}
}

export function encodeGroupServiceSetRulesResponse(m: GroupServiceSetRulesResponse): Uint8Array {
  const w = begin()
  writeGroupServiceSetRulesResponse(w, m)
  return finish(w)
}

export function writeGroupServiceSetRulesResponse(_w: Writer, _m: GroupServiceSetRulesResponse): void {}

export function decodeGroupServiceSetRulesResponse(bytes: Uint8Array): GroupServiceSetRulesResponse {
  return readGroupServiceSetRulesResponse(readerOf(bytes), createGroupServiceSetRulesResponse())
}

export function readGroupServiceSetRulesResponse(r: Reader, m: GroupServiceSetRulesResponse): GroupServiceSetRulesResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceSetRulesResponse')
  }
  return m
}

export interface GroupServiceSetRoleRequest {
  sendSeq: number
  conversation: string
  uid: number
  /** OWNER: the user becomes an admin, and the member the owner. */
  role: GroupRole
}

export function createGroupServiceSetRoleRequest(init?: Partial<GroupServiceSetRoleRequest>): GroupServiceSetRoleRequest {
  const m: GroupServiceSetRoleRequest = { sendSeq: 0, conversation: '', uid: 0, role: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceSetRoleRequest(m: GroupServiceSetRoleRequest): Uint8Array {
  const w = begin()
  writeGroupServiceSetRoleRequest(w, m)
  return finish(w)
}

export function writeGroupServiceSetRoleRequest(w: Writer, m: GroupServiceSetRoleRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.role !== 0) writeUint32(w, 32, m.role)
}

export function decodeGroupServiceSetRoleRequest(bytes: Uint8Array): GroupServiceSetRoleRequest {
  return readGroupServiceSetRoleRequest(readerOf(bytes), createGroupServiceSetRoleRequest())
}

export function readGroupServiceSetRoleRequest(r: Reader, m: GroupServiceSetRoleRequest): GroupServiceSetRoleRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceSetRoleRequest.conversation', 64)
        break
      }
      case 24: {
        m.uid = readUint64(r)
        break
      }
      case 32: {
        m.role = readKnownGroupRole(r, 'GroupServiceSetRoleRequest.role')
        break
      }
      default:
        skipField(r, tag, 30, 'GroupServiceSetRoleRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceSetRoleRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceSetRoleRequest.conversation')
  if (m.uid === 0) throw missing('GroupServiceSetRoleRequest.uid')
  if (m.role === 0) throw missing('GroupServiceSetRoleRequest.role')
  return m
}

export type GroupServiceSetRoleResponse = Record<never, never>

export function createGroupServiceSetRoleResponse(_init?: Partial<GroupServiceSetRoleResponse>): GroupServiceSetRoleResponse {
  return {}
}

export function encodeGroupServiceSetRoleResponse(m: GroupServiceSetRoleResponse): Uint8Array {
  const w = begin()
  writeGroupServiceSetRoleResponse(w, m)
  return finish(w)
}

export function writeGroupServiceSetRoleResponse(_w: Writer, _m: GroupServiceSetRoleResponse): void {}

export function decodeGroupServiceSetRoleResponse(bytes: Uint8Array): GroupServiceSetRoleResponse {
  return readGroupServiceSetRoleResponse(readerOf(bytes), createGroupServiceSetRoleResponse())
}

export function readGroupServiceSetRoleResponse(r: Reader, m: GroupServiceSetRoleResponse): GroupServiceSetRoleResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceSetRoleResponse')
  }
  return m
}

export interface GroupServiceMuteRequest {
  sendSeq: number
  conversation: string
  uid: number
  muted: boolean
}

export function createGroupServiceMuteRequest(init?: Partial<GroupServiceMuteRequest>): GroupServiceMuteRequest {
  const m: GroupServiceMuteRequest = { sendSeq: 0, conversation: '', uid: 0, muted: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceMuteRequest(m: GroupServiceMuteRequest): Uint8Array {
  const w = begin()
  writeGroupServiceMuteRequest(w, m)
  return finish(w)
}

export function writeGroupServiceMuteRequest(w: Writer, m: GroupServiceMuteRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.muted) writeTrue(w, 32)
}

export function decodeGroupServiceMuteRequest(bytes: Uint8Array): GroupServiceMuteRequest {
  return readGroupServiceMuteRequest(readerOf(bytes), createGroupServiceMuteRequest())
}

export function readGroupServiceMuteRequest(r: Reader, m: GroupServiceMuteRequest): GroupServiceMuteRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceMuteRequest.conversation', 64)
        break
      }
      case 24: {
        m.uid = readUint64(r)
        break
      }
      case 32: {
        m.muted = readBool(r)
        break
      }
      default:
        skipField(r, tag, 30, 'GroupServiceMuteRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceMuteRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceMuteRequest.conversation')
  if (m.uid === 0) throw missing('GroupServiceMuteRequest.uid')
  return m
}

export type GroupServiceMuteResponse = Record<never, never>

export function createGroupServiceMuteResponse(_init?: Partial<GroupServiceMuteResponse>): GroupServiceMuteResponse {
  return {}
}

export function encodeGroupServiceMuteResponse(m: GroupServiceMuteResponse): Uint8Array {
  const w = begin()
  writeGroupServiceMuteResponse(w, m)
  return finish(w)
}

export function writeGroupServiceMuteResponse(_w: Writer, _m: GroupServiceMuteResponse): void {}

export function decodeGroupServiceMuteResponse(bytes: Uint8Array): GroupServiceMuteResponse {
  return readGroupServiceMuteResponse(readerOf(bytes), createGroupServiceMuteResponse())
}

export function readGroupServiceMuteResponse(r: Reader, m: GroupServiceMuteResponse): GroupServiceMuteResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceMuteResponse')
  }
  return m
}

export interface GroupServiceDissolveRequest {
  sendSeq: number
  conversation: string
}

export function createGroupServiceDissolveRequest(init?: Partial<GroupServiceDissolveRequest>): GroupServiceDissolveRequest {
  const m: GroupServiceDissolveRequest = { sendSeq: 0, conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceDissolveRequest(m: GroupServiceDissolveRequest): Uint8Array {
  const w = begin()
  writeGroupServiceDissolveRequest(w, m)
  return finish(w)
}

export function writeGroupServiceDissolveRequest(w: Writer, m: GroupServiceDissolveRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
}

export function decodeGroupServiceDissolveRequest(bytes: Uint8Array): GroupServiceDissolveRequest {
  return readGroupServiceDissolveRequest(readerOf(bytes), createGroupServiceDissolveRequest())
}

export function readGroupServiceDissolveRequest(r: Reader, m: GroupServiceDissolveRequest): GroupServiceDissolveRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'GroupServiceDissolveRequest.conversation', 64)
        break
      }
      default:
        skipField(r, tag, 6, 'GroupServiceDissolveRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('GroupServiceDissolveRequest.send_seq')
  if (m.conversation.length === 0) throw missing('GroupServiceDissolveRequest.conversation')
  return m
}

export type GroupServiceDissolveResponse = Record<never, never>

export function createGroupServiceDissolveResponse(_init?: Partial<GroupServiceDissolveResponse>): GroupServiceDissolveResponse {
  return {}
}

export function encodeGroupServiceDissolveResponse(m: GroupServiceDissolveResponse): Uint8Array {
  const w = begin()
  writeGroupServiceDissolveResponse(w, m)
  return finish(w)
}

export function writeGroupServiceDissolveResponse(_w: Writer, _m: GroupServiceDissolveResponse): void {}

export function decodeGroupServiceDissolveResponse(bytes: Uint8Array): GroupServiceDissolveResponse {
  return readGroupServiceDissolveResponse(readerOf(bytes), createGroupServiceDissolveResponse())
}

export function readGroupServiceDissolveResponse(r: Reader, m: GroupServiceDissolveResponse): GroupServiceDissolveResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'GroupServiceDissolveResponse')
  }
  return m
}

export interface GroupServiceGetRequest {
  conversation: string
}

export function createGroupServiceGetRequest(init?: Partial<GroupServiceGetRequest>): GroupServiceGetRequest {
  const m: GroupServiceGetRequest = { conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceGetRequest(m: GroupServiceGetRequest): Uint8Array {
  const w = begin()
  writeGroupServiceGetRequest(w, m)
  return finish(w)
}

export function writeGroupServiceGetRequest(w: Writer, m: GroupServiceGetRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
}

export function decodeGroupServiceGetRequest(bytes: Uint8Array): GroupServiceGetRequest {
  return readGroupServiceGetRequest(readerOf(bytes), createGroupServiceGetRequest())
}

export function readGroupServiceGetRequest(r: Reader, m: GroupServiceGetRequest): GroupServiceGetRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'GroupServiceGetRequest.conversation', 64)
        break
      }
      default:
        skipField(r, tag, 2, 'GroupServiceGetRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('GroupServiceGetRequest.conversation')
  return m
}

export interface GroupServiceGetResponse {
  title: string
  announcement: string
  rules: GroupRules | undefined
  owner: number
  members: number
  /** The code to join by, if the rules allow it. */
  code: string
  createdAtMs: number
}

export function createGroupServiceGetResponse(init?: Partial<GroupServiceGetResponse>): GroupServiceGetResponse {
  const m: GroupServiceGetResponse = { title: '', announcement: '', rules: undefined, owner: 0, members: 0, code: '', createdAtMs: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceGetResponse(m: GroupServiceGetResponse): Uint8Array {
  const w = begin()
  writeGroupServiceGetResponse(w, m)
  return finish(w)
}

export function writeGroupServiceGetResponse(w: Writer, m: GroupServiceGetResponse): void {
  if (m.title.length > 0) writeString(w, 10, m.title)
  if (m.announcement.length > 0) writeString(w, 18, m.announcement)
  if (m.rules !== undefined) {
    w.uint32(26).fork()
    writeGroupRules(w, m.rules)
    w.ldelim()
  }
  if (m.owner !== 0) writeUint64(w, 32, m.owner)
  if (m.members !== 0) writeUint32(w, 40, m.members)
  if (m.code.length > 0) writeString(w, 50, m.code)
  if (m.createdAtMs !== 0) writeUint64(w, 56, m.createdAtMs)
}

export function decodeGroupServiceGetResponse(bytes: Uint8Array): GroupServiceGetResponse {
  return readGroupServiceGetResponse(readerOf(bytes), createGroupServiceGetResponse())
}

export function readGroupServiceGetResponse(r: Reader, m: GroupServiceGetResponse): GroupServiceGetResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.title = readString(r, 'GroupServiceGetResponse.title', 0)
        break
      }
      case 18: {
        m.announcement = readString(r, 'GroupServiceGetResponse.announcement', 0)
        break
      }
      case 26: {
        const outer = enter(r)
        m.rules = readGroupRules(r, m.rules ?? createGroupRules())
        leave(r, outer)
        break
      }
      case 32: {
        m.owner = readUint64(r)
        break
      }
      case 40: {
        m.members = readUint32(r)
        break
      }
      case 50: {
        m.code = readString(r, 'GroupServiceGetResponse.code', 0)
        break
      }
      case 56: {
        m.createdAtMs = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 254, 'GroupServiceGetResponse')
    }
  }
  return m
}

export interface GroupServiceMembersRequest {
  conversation: string
  /** The next of the page before. Absent: from the first. */
  after: number
  /** At most 100. Absent: 100. */
  limit: number
}

export function createGroupServiceMembersRequest(init?: Partial<GroupServiceMembersRequest>): GroupServiceMembersRequest {
  const m: GroupServiceMembersRequest = { conversation: '', after: 0, limit: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceMembersRequest(m: GroupServiceMembersRequest): Uint8Array {
  const w = begin()
  writeGroupServiceMembersRequest(w, m)
  return finish(w)
}

export function writeGroupServiceMembersRequest(w: Writer, m: GroupServiceMembersRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.after !== 0) writeUint64(w, 16, m.after)
  if (m.limit !== 0) writeUint32(w, 24, m.limit)
}

export function decodeGroupServiceMembersRequest(bytes: Uint8Array): GroupServiceMembersRequest {
  return readGroupServiceMembersRequest(readerOf(bytes), createGroupServiceMembersRequest())
}

export function readGroupServiceMembersRequest(r: Reader, m: GroupServiceMembersRequest): GroupServiceMembersRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'GroupServiceMembersRequest.conversation', 64)
        break
      }
      case 16: {
        m.after = readUint64(r)
        break
      }
      case 24: {
        m.limit = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceMembersRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('GroupServiceMembersRequest.conversation')
  return m
}

export interface GroupServiceMembersResponse {
  members: GroupMember[]
  /** Where the next page begins. Absent: this was the last. */
  next: number
}

export function createGroupServiceMembersResponse(init?: Partial<GroupServiceMembersResponse>): GroupServiceMembersResponse {
  const m: GroupServiceMembersResponse = { members: [], next: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceMembersResponse(m: GroupServiceMembersResponse): Uint8Array {
  const w = begin()
  writeGroupServiceMembersResponse(w, m)
  return finish(w)
}

export function writeGroupServiceMembersResponse(w: Writer, m: GroupServiceMembersResponse): void {
  for (const each of m.members) {
    w.uint32(10).fork()
    writeGroupMember(w, each)
    w.ldelim()
  }
  if (m.next !== 0) writeUint64(w, 16, m.next)
}

export function decodeGroupServiceMembersResponse(bytes: Uint8Array): GroupServiceMembersResponse {
  return readGroupServiceMembersResponse(readerOf(bytes), createGroupServiceMembersResponse())
}

export function readGroupServiceMembersResponse(r: Reader, m: GroupServiceMembersResponse): GroupServiceMembersResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.members.push(readGroupMember(r, createGroupMember()))
        leave(r, outer)
        break
      }
      case 16: {
        m.next = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'GroupServiceMembersResponse')
    }
  }
  return m
}

export interface GroupMember {
  uid: number
  /** UNSPECIFIED: not yet a member; only admins see these. */
  role: GroupRole
  muted: boolean
  /** The number since which it is a member; of who is not: that of the invitation or the request. */
  number: number
  /** Whether it asks to join. Neither asks nor has a role: it is invited. */
  asks: boolean
  account: string
  nickname: string
}

export function createGroupMember(init?: Partial<GroupMember>): GroupMember {
  const m: GroupMember = { uid: 0, role: 0, muted: false, number: 0, asks: false, account: '', nickname: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupMember(m: GroupMember): Uint8Array {
  const w = begin()
  writeGroupMember(w, m)
  return finish(w)
}

export function writeGroupMember(w: Writer, m: GroupMember): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.role !== 0) writeUint32(w, 16, m.role)
  if (m.muted) writeTrue(w, 24)
  if (m.number !== 0) writeUint64(w, 32, m.number)
  if (m.asks) writeTrue(w, 40)
  if (m.account.length > 0) writeString(w, 50, m.account)
  if (m.nickname.length > 0) writeString(w, 58, m.nickname)
}

export function decodeGroupMember(bytes: Uint8Array): GroupMember {
  return readGroupMember(readerOf(bytes), createGroupMember())
}

export function readGroupMember(r: Reader, m: GroupMember): GroupMember {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 16: {
        m.role = readGroupRole(r)
        break
      }
      case 24: {
        m.muted = readBool(r)
        break
      }
      case 32: {
        m.number = readUint64(r)
        break
      }
      case 40: {
        m.asks = readBool(r)
        break
      }
      case 50: {
        m.account = readString(r, 'GroupMember.account', 0)
        break
      }
      case 58: {
        m.nickname = readString(r, 'GroupMember.nickname', 0)
        break
      }
      default:
        skipField(r, tag, 254, 'GroupMember')
    }
  }
  return m
}

export interface GroupServiceEarlierRequest {
  conversation: string
  /** The next of the page before. Absent: from the joining on. */
  before: number
  /** At most 100. Absent: 100. */
  limit: number
}

export function createGroupServiceEarlierRequest(init?: Partial<GroupServiceEarlierRequest>): GroupServiceEarlierRequest {
  const m: GroupServiceEarlierRequest = { conversation: '', before: 0, limit: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceEarlierRequest(m: GroupServiceEarlierRequest): Uint8Array {
  const w = begin()
  writeGroupServiceEarlierRequest(w, m)
  return finish(w)
}

export function writeGroupServiceEarlierRequest(w: Writer, m: GroupServiceEarlierRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.before !== 0) writeUint64(w, 16, m.before)
  if (m.limit !== 0) writeUint32(w, 24, m.limit)
}

export function decodeGroupServiceEarlierRequest(bytes: Uint8Array): GroupServiceEarlierRequest {
  return readGroupServiceEarlierRequest(readerOf(bytes), createGroupServiceEarlierRequest())
}

export function readGroupServiceEarlierRequest(r: Reader, m: GroupServiceEarlierRequest): GroupServiceEarlierRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'GroupServiceEarlierRequest.conversation', 64)
        break
      }
      case 16: {
        m.before = readUint64(r)
        break
      }
      case 24: {
        m.limit = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 14, 'GroupServiceEarlierRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('GroupServiceEarlierRequest.conversation')
  return m
}

export interface GroupServiceEarlierResponse {
  /** Messages and changes as they are now, the oldest first. */
  items: Item[]
  /** The before of the next page, which goes further back. Absent: there is nothing more. */
  next: number
}

export function createGroupServiceEarlierResponse(init?: Partial<GroupServiceEarlierResponse>): GroupServiceEarlierResponse {
  const m: GroupServiceEarlierResponse = { items: [], next: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupServiceEarlierResponse(m: GroupServiceEarlierResponse): Uint8Array {
  const w = begin()
  writeGroupServiceEarlierResponse(w, m)
  return finish(w)
}

export function writeGroupServiceEarlierResponse(w: Writer, m: GroupServiceEarlierResponse): void {
  for (const each of m.items) {
    w.uint32(10).fork()
    writeItem(w, each)
    w.ldelim()
  }
  if (m.next !== 0) writeUint64(w, 16, m.next)
}

export function decodeGroupServiceEarlierResponse(bytes: Uint8Array): GroupServiceEarlierResponse {
  return readGroupServiceEarlierResponse(readerOf(bytes), createGroupServiceEarlierResponse())
}

export function readGroupServiceEarlierResponse(r: Reader, m: GroupServiceEarlierResponse): GroupServiceEarlierResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.items.push(readItem(r, createItem()))
        leave(r, outer)
        break
      }
      case 16: {
        m.next = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'GroupServiceEarlierResponse')
    }
  }
  return m
}

export interface MarkReadRequest {
  sendSeq: number
  conversation: string
  /** The number of a message or change that was shown. A mark only rises. */
  number: number
}

export function createMarkReadRequest(init?: Partial<MarkReadRequest>): MarkReadRequest {
  const m: MarkReadRequest = { sendSeq: 0, conversation: '', number: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeMarkReadRequest(m: MarkReadRequest): Uint8Array {
  const w = begin()
  writeMarkReadRequest(w, m)
  return finish(w)
}

export function writeMarkReadRequest(w: Writer, m: MarkReadRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.number !== 0) writeUint64(w, 24, m.number)
}

export function decodeMarkReadRequest(bytes: Uint8Array): MarkReadRequest {
  return readMarkReadRequest(readerOf(bytes), createMarkReadRequest())
}

export function readMarkReadRequest(r: Reader, m: MarkReadRequest): MarkReadRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'MarkReadRequest.conversation', 64)
        break
      }
      case 24: {
        m.number = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'MarkReadRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('MarkReadRequest.send_seq')
  if (m.conversation.length === 0) throw missing('MarkReadRequest.conversation')
  if (m.number === 0) throw missing('MarkReadRequest.number')
  return m
}

export type MarkReadResponse = Record<never, never>

export function createMarkReadResponse(_init?: Partial<MarkReadResponse>): MarkReadResponse {
  return {}
}

export function encodeMarkReadResponse(m: MarkReadResponse): Uint8Array {
  const w = begin()
  writeMarkReadResponse(w, m)
  return finish(w)
}

export function writeMarkReadResponse(_w: Writer, _m: MarkReadResponse): void {}

export function decodeMarkReadResponse(bytes: Uint8Array): MarkReadResponse {
  return readMarkReadResponse(readerOf(bytes), createMarkReadResponse())
}

export function readMarkReadResponse(r: Reader, m: MarkReadResponse): MarkReadResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'MarkReadResponse')
  }
  return m
}

export interface ReadByRequest {
  conversation: string
  /** The message's number. */
  number: number
}

export function createReadByRequest(init?: Partial<ReadByRequest>): ReadByRequest {
  const m: ReadByRequest = { conversation: '', number: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeReadByRequest(m: ReadByRequest): Uint8Array {
  const w = begin()
  writeReadByRequest(w, m)
  return finish(w)
}

export function writeReadByRequest(w: Writer, m: ReadByRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.number !== 0) writeUint64(w, 16, m.number)
}

export function decodeReadByRequest(bytes: Uint8Array): ReadByRequest {
  return readReadByRequest(readerOf(bytes), createReadByRequest())
}

export function readReadByRequest(r: Reader, m: ReadByRequest): ReadByRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'ReadByRequest.conversation', 64)
        break
      }
      case 16: {
        m.number = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'ReadByRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('ReadByRequest.conversation')
  if (m.number === 0) throw missing('ReadByRequest.number')
  return m
}

export interface ReadByResponse {
  /** By uid: the members who have read it, without its author. */
  readers: GroupReader[]
}

export function createReadByResponse(init?: Partial<ReadByResponse>): ReadByResponse {
  const m: ReadByResponse = { readers: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeReadByResponse(m: ReadByResponse): Uint8Array {
  const w = begin()
  writeReadByResponse(w, m)
  return finish(w)
}

export function writeReadByResponse(w: Writer, m: ReadByResponse): void {
  for (const each of m.readers) {
    w.uint32(10).fork()
    writeGroupReader(w, each)
    w.ldelim()
  }
}

export function decodeReadByResponse(bytes: Uint8Array): ReadByResponse {
  return readReadByResponse(readerOf(bytes), createReadByResponse())
}

export function readReadByResponse(r: Reader, m: ReadByResponse): ReadByResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.readers.push(readGroupReader(r, createGroupReader()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 2, 'ReadByResponse')
    }
  }
  return m
}

export interface GroupReader {
  uid: number
}

export function createGroupReader(init?: Partial<GroupReader>): GroupReader {
  const m: GroupReader = { uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeGroupReader(m: GroupReader): Uint8Array {
  const w = begin()
  writeGroupReader(w, m)
  return finish(w)
}

export function writeGroupReader(w: Writer, m: GroupReader): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
}

export function decodeGroupReader(bytes: Uint8Array): GroupReader {
  return readGroupReader(readerOf(bytes), createGroupReader())
}

export function readGroupReader(r: Reader, m: GroupReader): GroupReader {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 2, 'GroupReader')
    }
  }
  return m
}

export interface UnreadRequest {
  conversation: string
}

export function createUnreadRequest(init?: Partial<UnreadRequest>): UnreadRequest {
  const m: UnreadRequest = { conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeUnreadRequest(m: UnreadRequest): Uint8Array {
  const w = begin()
  writeUnreadRequest(w, m)
  return finish(w)
}

export function writeUnreadRequest(w: Writer, m: UnreadRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
}

export function decodeUnreadRequest(bytes: Uint8Array): UnreadRequest {
  return readUnreadRequest(readerOf(bytes), createUnreadRequest())
}

export function readUnreadRequest(r: Reader, m: UnreadRequest): UnreadRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'UnreadRequest.conversation', 64)
        break
      }
      default:
        skipField(r, tag, 2, 'UnreadRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('UnreadRequest.conversation')
  return m
}

export interface UnreadResponse {
  /** Others' messages above the own mark, neither recalled nor deleted; 100: that many, or more. */
  unread: number
  /** Those that mention the user, counted alike. */
  mentions: number
  /** The number of the oldest of them, to go there. */
  firstMention: number
  /** The own mark in a group. */
  read: number
}

export function createUnreadResponse(init?: Partial<UnreadResponse>): UnreadResponse {
  const m: UnreadResponse = { unread: 0, mentions: 0, firstMention: 0, read: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeUnreadResponse(m: UnreadResponse): Uint8Array {
  const w = begin()
  writeUnreadResponse(w, m)
  return finish(w)
}

export function writeUnreadResponse(w: Writer, m: UnreadResponse): void {
  if (m.unread !== 0) writeUint32(w, 8, m.unread)
  if (m.mentions !== 0) writeUint32(w, 16, m.mentions)
  if (m.firstMention !== 0) writeUint64(w, 24, m.firstMention)
  if (m.read !== 0) writeUint64(w, 32, m.read)
}

export function decodeUnreadResponse(bytes: Uint8Array): UnreadResponse {
  return readUnreadResponse(readerOf(bytes), createUnreadResponse())
}

export function readUnreadResponse(r: Reader, m: UnreadResponse): UnreadResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.unread = readUint32(r)
        break
      }
      case 16: {
        m.mentions = readUint32(r)
        break
      }
      case 24: {
        m.firstMention = readUint64(r)
        break
      }
      case 32: {
        m.read = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 30, 'UnreadResponse')
    }
  }
  return m
}

export interface SetConversationRequest {
  sendSeq: number
  conversation: string
  settings: ConversationSettings | undefined
}

export function createSetConversationRequest(init?: Partial<SetConversationRequest>): SetConversationRequest {
  const m: SetConversationRequest = { sendSeq: 0, conversation: '', settings: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSetConversationRequest(m: SetConversationRequest): Uint8Array {
  const w = begin()
  writeSetConversationRequest(w, m)
  return finish(w)
}

export function writeSetConversationRequest(w: Writer, m: SetConversationRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.settings !== undefined) {
    w.uint32(26).fork()
    writeConversationSettings(w, m.settings)
    w.ldelim()
  }
}

export function decodeSetConversationRequest(bytes: Uint8Array): SetConversationRequest {
  return readSetConversationRequest(readerOf(bytes), createSetConversationRequest())
}

export function readSetConversationRequest(r: Reader, m: SetConversationRequest): SetConversationRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'SetConversationRequest.conversation', 64)
        break
      }
      case 26: {
        const outer = enter(r)
        m.settings = readConversationSettings(r, m.settings ?? createConversationSettings())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 14, 'SetConversationRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('SetConversationRequest.send_seq')
  if (m.conversation.length === 0) throw missing('SetConversationRequest.conversation')
  if (m.settings === undefined) throw missing('SetConversationRequest.settings')
  return m
}

export type SetConversationResponse = Record<never, never>

export function createSetConversationResponse(_init?: Partial<SetConversationResponse>): SetConversationResponse {
  return {}
}

export function encodeSetConversationResponse(m: SetConversationResponse): Uint8Array {
  const w = begin()
  writeSetConversationResponse(w, m)
  return finish(w)
}

export function writeSetConversationResponse(_w: Writer, _m: SetConversationResponse): void {}

export function decodeSetConversationResponse(bytes: Uint8Array): SetConversationResponse {
  return readSetConversationResponse(readerOf(bytes), createSetConversationResponse())
}

export function readSetConversationResponse(r: Reader, m: SetConversationResponse): SetConversationResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'SetConversationResponse')
  }
  return m
}

export interface SetPreferencesRequest {
  sendSeq: number
  preferences: Preferences | undefined
}

export function createSetPreferencesRequest(init?: Partial<SetPreferencesRequest>): SetPreferencesRequest {
  const m: SetPreferencesRequest = { sendSeq: 0, preferences: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSetPreferencesRequest(m: SetPreferencesRequest): Uint8Array {
  const w = begin()
  writeSetPreferencesRequest(w, m)
  return finish(w)
}

export function writeSetPreferencesRequest(w: Writer, m: SetPreferencesRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.preferences !== undefined) {
    w.uint32(18).fork()
    writePreferences(w, m.preferences)
    w.ldelim()
  }
}

export function decodeSetPreferencesRequest(bytes: Uint8Array): SetPreferencesRequest {
  return readSetPreferencesRequest(readerOf(bytes), createSetPreferencesRequest())
}

export function readSetPreferencesRequest(r: Reader, m: SetPreferencesRequest): SetPreferencesRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        const outer = enter(r)
        m.preferences = readPreferences(r, m.preferences ?? createPreferences())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 6, 'SetPreferencesRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('SetPreferencesRequest.send_seq')
  if (m.preferences === undefined) throw missing('SetPreferencesRequest.preferences')
  return m
}

export type SetPreferencesResponse = Record<never, never>

export function createSetPreferencesResponse(_init?: Partial<SetPreferencesResponse>): SetPreferencesResponse {
  return {}
}

export function encodeSetPreferencesResponse(m: SetPreferencesResponse): Uint8Array {
  const w = begin()
  writeSetPreferencesResponse(w, m)
  return finish(w)
}

export function writeSetPreferencesResponse(_w: Writer, _m: SetPreferencesResponse): void {}

export function decodeSetPreferencesResponse(bytes: Uint8Array): SetPreferencesResponse {
  return readSetPreferencesResponse(readerOf(bytes), createSetPreferencesResponse())
}

export function readSetPreferencesResponse(r: Reader, m: SetPreferencesResponse): SetPreferencesResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'SetPreferencesResponse')
  }
  return m
}

export interface ReactionsRequest {
  conversation: string
  message: MessageId | undefined
  /** One kind; absent: all. */
  kind: string
  /** The uid behind which the page begins. */
  after: number
}

export function createReactionsRequest(init?: Partial<ReactionsRequest>): ReactionsRequest {
  const m: ReactionsRequest = { conversation: '', message: undefined, kind: '', after: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeReactionsRequest(m: ReactionsRequest): Uint8Array {
  const w = begin()
  writeReactionsRequest(w, m)
  return finish(w)
}

export function writeReactionsRequest(w: Writer, m: ReactionsRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.message !== undefined) {
    w.uint32(18).fork()
    writeMessageId(w, m.message)
    w.ldelim()
  }
  if (m.kind.length > 0) writeString(w, 26, m.kind)
  if (m.after !== 0) writeUint64(w, 32, m.after)
}

export function decodeReactionsRequest(bytes: Uint8Array): ReactionsRequest {
  return readReactionsRequest(readerOf(bytes), createReactionsRequest())
}

export function readReactionsRequest(r: Reader, m: ReactionsRequest): ReactionsRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'ReactionsRequest.conversation', 64)
        break
      }
      case 18: {
        const outer = enter(r)
        m.message = readMessageId(r, m.message ?? createMessageId())
        leave(r, outer)
        break
      }
      case 26: {
        m.kind = readString(r, 'ReactionsRequest.kind', 32)
        break
      }
      case 32: {
        m.after = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 30, 'ReactionsRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('ReactionsRequest.conversation')
  if (m.message === undefined) throw missing('ReactionsRequest.message')
  return m
}

export interface ReactionsResponse {
  /** In order of uid, at most 100 users. */
  reactors: Reactor[]
  /** The after of the next page; absent: this is the last. */
  next: number
}

export function createReactionsResponse(init?: Partial<ReactionsResponse>): ReactionsResponse {
  const m: ReactionsResponse = { reactors: [], next: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeReactionsResponse(m: ReactionsResponse): Uint8Array {
  const w = begin()
  writeReactionsResponse(w, m)
  return finish(w)
}

export function writeReactionsResponse(w: Writer, m: ReactionsResponse): void {
  for (const each of m.reactors) {
    w.uint32(10).fork()
    writeReactor(w, each)
    w.ldelim()
  }
  if (m.next !== 0) writeUint64(w, 16, m.next)
}

export function decodeReactionsResponse(bytes: Uint8Array): ReactionsResponse {
  return readReactionsResponse(readerOf(bytes), createReactionsResponse())
}

export function readReactionsResponse(r: Reader, m: ReactionsResponse): ReactionsResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.reactors.push(readReactor(r, createReactor()))
        leave(r, outer)
        break
      }
      case 16: {
        m.next = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 6, 'ReactionsResponse')
    }
  }
  return m
}

export interface Reactor {
  uid: number
  reactions: Reaction[]
}

export function createReactor(init?: Partial<Reactor>): Reactor {
  const m: Reactor = { uid: 0, reactions: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeReactor(m: Reactor): Uint8Array {
  const w = begin()
  writeReactor(w, m)
  return finish(w)
}

export function writeReactor(w: Writer, m: Reactor): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  for (const each of m.reactions) {
    w.uint32(18).fork()
    writeReaction(w, each)
    w.ldelim()
  }
}

export function decodeReactor(bytes: Uint8Array): Reactor {
  return readReactor(readerOf(bytes), createReactor())
}

export function readReactor(r: Reader, m: Reactor): Reactor {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 18: {
        const outer = enter(r)
        m.reactions.push(readReaction(r, createReaction()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 6, 'Reactor')
    }
  }
  return m
}

export interface ConversationsRequest {
  /** The next of the page before; absent: from the newest. */
  after: number
  /** How many, at most 50. Absent: 50. */
  limit: number
}

export function createConversationsRequest(init?: Partial<ConversationsRequest>): ConversationsRequest {
  const m: ConversationsRequest = { after: 0, limit: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeConversationsRequest(m: ConversationsRequest): Uint8Array {
  const w = begin()
  writeConversationsRequest(w, m)
  return finish(w)
}

export function writeConversationsRequest(w: Writer, m: ConversationsRequest): void {
  if (m.after !== 0) writeUint64(w, 8, m.after)
  if (m.limit !== 0) writeUint32(w, 16, m.limit)
}

export function decodeConversationsRequest(bytes: Uint8Array): ConversationsRequest {
  return readConversationsRequest(readerOf(bytes), createConversationsRequest())
}

export function readConversationsRequest(r: Reader, m: ConversationsRequest): ConversationsRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.after = readUint64(r)
        break
      }
      case 16: {
        m.limit = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 6, 'ConversationsRequest')
    }
  }
  return m
}

export interface ConversationsResponse {
  /**
   * In order of version, the newest first; at most 50 and 64 KiB. The first page begins with the pinned ones, however old; on a
   * later page they come again, in their place.
   */
  conversations: ConversationSummary[]
  /** The after of the next page; absent: this is the last. */
  next: number
  /** The head of the timeline: all this is as of it, or newer. */
  head: number
}

export function createConversationsResponse(init?: Partial<ConversationsResponse>): ConversationsResponse {
  const m: ConversationsResponse = { conversations: [], next: 0, head: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeConversationsResponse(m: ConversationsResponse): Uint8Array {
  const w = begin()
  writeConversationsResponse(w, m)
  return finish(w)
}

export function writeConversationsResponse(w: Writer, m: ConversationsResponse): void {
  for (const each of m.conversations) {
    w.uint32(10).fork()
    writeConversationSummary(w, each)
    w.ldelim()
  }
  if (m.next !== 0) writeUint64(w, 16, m.next)
  if (m.head !== 0) writeUint64(w, 24, m.head)
}

export function decodeConversationsResponse(bytes: Uint8Array): ConversationsResponse {
  return readConversationsResponse(readerOf(bytes), createConversationsResponse())
}

export function readConversationsResponse(r: Reader, m: ConversationsResponse): ConversationsResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.conversations.push(readConversationSummary(r, createConversationSummary()))
        leave(r, outer)
        break
      }
      case 16: {
        m.next = readUint64(r)
        break
      }
      case 24: {
        m.head = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'ConversationsResponse')
    }
  }
  return m
}

export interface ConversationSummary {
  conversation: string
  /** The place of its newest item in the timeline. */
  version: number
  /** The newest message or change that is not deleted, as it is now, cut to what a list shows (18.4). Absent: there is none. */
  last: Item | undefined
  /** Something of it was left out. */
  cut: boolean
  /** In a group: the nickname of who wrote it. */
  senderName: string
  /** The contact, as the Contact item; absent in a group. */
  contact: Contact | undefined
  /** The group, as the Group item but without the announcement; absent in a direct conversation. */
  group: Group | undefined
  settings: ConversationSettings | undefined
  /** As in ConversationState. */
  read: number
  cleared: number
  /** The marks of the Delivered item and of both Read items, in a direct conversation. */
  delivered: Watermark[]
  readMarks: Watermark[]
  ownRead: Watermark[]
  /** As in UnreadResponse. */
  unread: number
  mentions: number
  firstMention: number
  /** The last message is the user's own and failed: the code of its Failed item. */
  failed: number
}

export function createConversationSummary(init?: Partial<ConversationSummary>): ConversationSummary {
  const m: ConversationSummary = { conversation: '', version: 0, last: undefined, cut: false, senderName: '', contact: undefined, group: undefined, settings: undefined, read: 0, cleared: 0, delivered: [], readMarks: [], ownRead: [], unread: 0, mentions: 0, firstMention: 0, failed: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeConversationSummary(m: ConversationSummary): Uint8Array {
  const w = begin()
  writeConversationSummary(w, m)
  return finish(w)
}

export function writeConversationSummary(w: Writer, m: ConversationSummary): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.version !== 0) writeUint64(w, 16, m.version)
  if (m.last !== undefined) {
    w.uint32(26).fork()
    writeItem(w, m.last)
    w.ldelim()
  }
  if (m.cut) writeTrue(w, 32)
  if (m.senderName.length > 0) writeString(w, 42, m.senderName)
  if (m.contact !== undefined) {
    w.uint32(50).fork()
    writeContact(w, m.contact)
    w.ldelim()
  }
  if (m.group !== undefined) {
    w.uint32(58).fork()
    writeGroup(w, m.group)
    w.ldelim()
  }
  if (m.settings !== undefined) {
    w.uint32(66).fork()
    writeConversationSettings(w, m.settings)
    w.ldelim()
  }
  if (m.read !== 0) writeUint64(w, 72, m.read)
  if (m.cleared !== 0) writeUint64(w, 80, m.cleared)
  for (const each of m.delivered) {
    w.uint32(90).fork()
    writeWatermark(w, each)
    w.ldelim()
  }
  for (const each of m.readMarks) {
    w.uint32(98).fork()
    writeWatermark(w, each)
    w.ldelim()
  }
  for (const each of m.ownRead) {
    w.uint32(106).fork()
    writeWatermark(w, each)
    w.ldelim()
  }
  if (m.unread !== 0) writeUint32(w, 112, m.unread)
  if (m.mentions !== 0) writeUint32(w, 120, m.mentions)
  if (m.firstMention !== 0) writeUint64(w, 128, m.firstMention)
  if (m.failed !== 0) writeUint32(w, 136, m.failed)
}

export function decodeConversationSummary(bytes: Uint8Array): ConversationSummary {
  return readConversationSummary(readerOf(bytes), createConversationSummary())
}

export function readConversationSummary(r: Reader, m: ConversationSummary): ConversationSummary {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'ConversationSummary.conversation', 0)
        break
      }
      case 16: {
        m.version = readUint64(r)
        break
      }
      case 26: {
        const outer = enter(r)
        m.last = readItem(r, m.last ?? createItem())
        leave(r, outer)
        break
      }
      case 32: {
        m.cut = readBool(r)
        break
      }
      case 42: {
        m.senderName = readString(r, 'ConversationSummary.sender_name', 0)
        break
      }
      case 50: {
        const outer = enter(r)
        m.contact = readContact(r, m.contact ?? createContact())
        leave(r, outer)
        break
      }
      case 58: {
        const outer = enter(r)
        m.group = readGroup(r, m.group ?? createGroup())
        leave(r, outer)
        break
      }
      case 66: {
        const outer = enter(r)
        m.settings = readConversationSettings(r, m.settings ?? createConversationSettings())
        leave(r, outer)
        break
      }
      case 72: {
        m.read = readUint64(r)
        break
      }
      case 80: {
        m.cleared = readUint64(r)
        break
      }
      case 90: {
        const outer = enter(r)
        m.delivered.push(readWatermark(r, createWatermark()))
        leave(r, outer)
        break
      }
      case 98: {
        const outer = enter(r)
        m.readMarks.push(readWatermark(r, createWatermark()))
        leave(r, outer)
        break
      }
      case 106: {
        const outer = enter(r)
        m.ownRead.push(readWatermark(r, createWatermark()))
        leave(r, outer)
        break
      }
      case 112: {
        m.unread = readUint32(r)
        break
      }
      case 120: {
        m.mentions = readUint32(r)
        break
      }
      case 128: {
        m.firstMention = readUint64(r)
        break
      }
      case 136: {
        m.failed = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 262142, 'ConversationSummary')
    }
  }
  return m
}

export interface HistoryRequest {
  conversation: string
  /** At most one of these four; none: the newest items. Versions of the user's timeline, or of nothing in it. */
  before: number
  after: number
  around: number
  message: MessageId | undefined
  /** How many items, at most 100. Absent: 50. */
  limit: number
}

export function createHistoryRequest(init?: Partial<HistoryRequest>): HistoryRequest {
  const m: HistoryRequest = { conversation: '', before: 0, after: 0, around: 0, message: undefined, limit: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeHistoryRequest(m: HistoryRequest): Uint8Array {
  const w = begin()
  writeHistoryRequest(w, m)
  return finish(w)
}

export function writeHistoryRequest(w: Writer, m: HistoryRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.before !== 0) writeUint64(w, 16, m.before)
  if (m.after !== 0) writeUint64(w, 24, m.after)
  if (m.around !== 0) writeUint64(w, 32, m.around)
  if (m.message !== undefined) {
    w.uint32(42).fork()
    writeMessageId(w, m.message)
    w.ldelim()
  }
  if (m.limit !== 0) writeUint32(w, 48, m.limit)
}

export function decodeHistoryRequest(bytes: Uint8Array): HistoryRequest {
  return readHistoryRequest(readerOf(bytes), createHistoryRequest())
}

export function readHistoryRequest(r: Reader, m: HistoryRequest): HistoryRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'HistoryRequest.conversation', 64)
        break
      }
      case 16: {
        m.before = readUint64(r)
        break
      }
      case 24: {
        m.after = readUint64(r)
        break
      }
      case 32: {
        m.around = readUint64(r)
        break
      }
      case 42: {
        const outer = enter(r)
        m.message = readMessageId(r, m.message ?? createMessageId())
        leave(r, outer)
        break
      }
      case 48: {
        m.limit = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 126, 'HistoryRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('HistoryRequest.conversation')
  return m
}

export interface HistoryResponse {
  /**
   * Holds every live item of the conversation in (from, to], oldest first; at most 100 and 256 KiB: messages, changes of the group,
   * and Failed items of a direct conversation. An item's skip counts from from. 0: nothing older is there.
   */
  from: number
  items: Item[]
  /** The timeline's head, if nothing newer is there. */
  to: number
  /** Retention removed something of the range, or what was older than all of it. */
  trimmed: boolean
}

export function createHistoryResponse(init?: Partial<HistoryResponse>): HistoryResponse {
  const m: HistoryResponse = { from: 0, items: [], to: 0, trimmed: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeHistoryResponse(m: HistoryResponse): Uint8Array {
  const w = begin()
  writeHistoryResponse(w, m)
  return finish(w)
}

export function writeHistoryResponse(w: Writer, m: HistoryResponse): void {
  if (m.from !== 0) writeUint64(w, 8, m.from)
  for (const each of m.items) {
    w.uint32(18).fork()
    writeItem(w, each)
    w.ldelim()
  }
  if (m.to !== 0) writeUint64(w, 24, m.to)
  if (m.trimmed) writeTrue(w, 32)
}

export function decodeHistoryResponse(bytes: Uint8Array): HistoryResponse {
  return readHistoryResponse(readerOf(bytes), createHistoryResponse())
}

export function readHistoryResponse(r: Reader, m: HistoryResponse): HistoryResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.from = readUint64(r)
        break
      }
      case 18: {
        const outer = enter(r)
        m.items.push(readItem(r, createItem()))
        leave(r, outer)
        break
      }
      case 24: {
        m.to = readUint64(r)
        break
      }
      case 32: {
        m.trimmed = readBool(r)
        break
      }
      default:
        skipField(r, tag, 30, 'HistoryResponse')
    }
  }
  return m
}

export interface WatchRequest {
  /** In place of all that the connection named before. Absent: it looks at nothing. */
  conversations: Watched[]
}

export function createWatchRequest(init?: Partial<WatchRequest>): WatchRequest {
  const m: WatchRequest = { conversations: [] }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeWatchRequest(m: WatchRequest): Uint8Array {
  const w = begin()
  writeWatchRequest(w, m)
  return finish(w)
}

export function writeWatchRequest(w: Writer, m: WatchRequest): void {
  for (const each of m.conversations) {
    w.uint32(10).fork()
    writeWatched(w, each)
    w.ldelim()
  }
}

export function decodeWatchRequest(bytes: Uint8Array): WatchRequest {
  return readWatchRequest(readerOf(bytes), createWatchRequest())
}

export function readWatchRequest(r: Reader, m: WatchRequest): WatchRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        if (m.conversations.length >= 20) throw tooMany('WatchRequest.conversations', 20)
        const outer = enter(r)
        m.conversations.push(readWatched(r, createWatched()))
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 2, 'WatchRequest')
    }
  }
  return m
}

export interface Watched {
  conversation: string
}

export function createWatched(init?: Partial<Watched>): Watched {
  const m: Watched = { conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeWatched(m: Watched): Uint8Array {
  const w = begin()
  writeWatched(w, m)
  return finish(w)
}

export function writeWatched(w: Writer, m: Watched): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
}

export function decodeWatched(bytes: Uint8Array): Watched {
  return readWatched(readerOf(bytes), createWatched())
}

export function readWatched(r: Reader, m: Watched): Watched {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'Watched.conversation', 64)
        break
      }
      default:
        skipField(r, tag, 2, 'Watched')
    }
  }
  if (m.conversation.length === 0) throw missing('Watched.conversation')
  return m
}

export interface WatchResponse {
  /** The presence of each friend among the users that are named, where the user may see it. */
  presence: Presence[]
  /** The user's preference no_presence is set: the connection is told nothing. */
  off: boolean
}

export function createWatchResponse(init?: Partial<WatchResponse>): WatchResponse {
  const m: WatchResponse = { presence: [], off: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeWatchResponse(m: WatchResponse): Uint8Array {
  const w = begin()
  writeWatchResponse(w, m)
  return finish(w)
}

export function writeWatchResponse(w: Writer, m: WatchResponse): void {
  for (const each of m.presence) {
    w.uint32(10).fork()
    writePresence(w, each)
    w.ldelim()
  }
  if (m.off) writeTrue(w, 16)
}

export function decodeWatchResponse(bytes: Uint8Array): WatchResponse {
  return readWatchResponse(readerOf(bytes), createWatchResponse())
}

export function readWatchResponse(r: Reader, m: WatchResponse): WatchResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.presence.push(readPresence(r, createPresence()))
        leave(r, outer)
        break
      }
      case 16: {
        m.off = readBool(r)
        break
      }
      default:
        skipField(r, tag, 6, 'WatchResponse')
    }
  }
  return m
}

export interface Presence {
  uid: number
  online: boolean
}

export function createPresence(init?: Partial<Presence>): Presence {
  const m: Presence = { uid: 0, online: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodePresence(m: Presence): Uint8Array {
  const w = begin()
  writePresence(w, m)
  return finish(w)
}

export function writePresence(w: Writer, m: Presence): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.online) writeTrue(w, 16)
}

export function decodePresence(bytes: Uint8Array): Presence {
  return readPresence(readerOf(bytes), createPresence())
}

export function readPresence(r: Reader, m: Presence): Presence {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 16: {
        m.online = readBool(r)
        break
      }
      default:
        skipField(r, tag, 6, 'Presence')
    }
  }
  return m
}

export interface TypingRequest {
  conversation: string
  /** The user does not type any more. Absent: the user types now. */
  stopped: boolean
}

export function createTypingRequest(init?: Partial<TypingRequest>): TypingRequest {
  const m: TypingRequest = { conversation: '', stopped: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeTypingRequest(m: TypingRequest): Uint8Array {
  const w = begin()
  writeTypingRequest(w, m)
  return finish(w)
}

export function writeTypingRequest(w: Writer, m: TypingRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.stopped) writeTrue(w, 16)
}

export function decodeTypingRequest(bytes: Uint8Array): TypingRequest {
  return readTypingRequest(readerOf(bytes), createTypingRequest())
}

export function readTypingRequest(r: Reader, m: TypingRequest): TypingRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'TypingRequest.conversation', 64)
        break
      }
      case 16: {
        m.stopped = readBool(r)
        break
      }
      default:
        skipField(r, tag, 6, 'TypingRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('TypingRequest.conversation')
  return m
}

export type TypingResponse = Record<never, never>

export function createTypingResponse(_init?: Partial<TypingResponse>): TypingResponse {
  return {}
}

export function encodeTypingResponse(m: TypingResponse): Uint8Array {
  const w = begin()
  writeTypingResponse(w, m)
  return finish(w)
}

export function writeTypingResponse(_w: Writer, _m: TypingResponse): void {}

export function decodeTypingResponse(bytes: Uint8Array): TypingResponse {
  return readTypingResponse(readerOf(bytes), createTypingResponse())
}

export function readTypingResponse(r: Reader, m: TypingResponse): TypingResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'TypingResponse')
  }
  return m
}

/** What happens in a conversation that the connection looks at. Method 8, server to client. */
export interface SignalNotice {
  conversation: string
  signal:
    | { case: 'typing'; value: Typing }
    | { case: 'presence'; value: Presence }
    | { case: 'data'; value: RoomData }
    | { case: 'head'; value: RoomHead }
    | undefined
}

export function createSignalNotice(init?: Partial<SignalNotice>): SignalNotice {
  const m: SignalNotice = { conversation: '', signal: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeSignalNotice(m: SignalNotice): Uint8Array {
  const w = begin()
  writeSignalNotice(w, m)
  return finish(w)
}

export function writeSignalNotice(w: Writer, m: SignalNotice): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  switch (m.signal?.case) {
    case 'typing':
      w.uint32(18).fork()
      writeTyping(w, m.signal.value)
      w.ldelim()
      break
    case 'presence':
      w.uint32(26).fork()
      writePresence(w, m.signal.value)
      w.ldelim()
      break
    case 'data':
      w.uint32(34).fork()
      writeRoomData(w, m.signal.value)
      w.ldelim()
      break
    case 'head':
      w.uint32(42).fork()
      writeRoomHead(w, m.signal.value)
      w.ldelim()
      break
  }
}

export function decodeSignalNotice(bytes: Uint8Array): SignalNotice {
  return readSignalNotice(readerOf(bytes), createSignalNotice())
}

export function readSignalNotice(r: Reader, m: SignalNotice): SignalNotice {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'SignalNotice.conversation', 0)
        break
      }
      case 18: {
        const outer = enter(r)
        const before = m.signal?.case === 'typing' ? m.signal.value : createTyping()
        m.signal = { case: 'typing', value: readTyping(r, before) }
        leave(r, outer)
        break
      }
      case 26: {
        const outer = enter(r)
        const before = m.signal?.case === 'presence' ? m.signal.value : createPresence()
        m.signal = { case: 'presence', value: readPresence(r, before) }
        leave(r, outer)
        break
      }
      case 34: {
        const outer = enter(r)
        const before = m.signal?.case === 'data' ? m.signal.value : createRoomData()
        m.signal = { case: 'data', value: readRoomData(r, before) }
        leave(r, outer)
        break
      }
      case 42: {
        const outer = enter(r)
        const before = m.signal?.case === 'head' ? m.signal.value : createRoomHead()
        m.signal = { case: 'head', value: readRoomHead(r, before) }
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 62, 'SignalNotice')
    }
  }
  return m
}

export interface Typing {
  uid: number
  stopped: boolean
}

export function createTyping(init?: Partial<Typing>): Typing {
  const m: Typing = { uid: 0, stopped: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeTyping(m: Typing): Uint8Array {
  const w = begin()
  writeTyping(w, m)
  return finish(w)
}

export function writeTyping(w: Writer, m: Typing): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.stopped) writeTrue(w, 16)
}

export function decodeTyping(bytes: Uint8Array): Typing {
  return readTyping(readerOf(bytes), createTyping())
}

export function readTyping(r: Reader, m: Typing): Typing {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 16: {
        m.stopped = readBool(r)
        break
      }
      default:
        skipField(r, tag, 6, 'Typing')
    }
  }
  return m
}

/** The newest post of a board. */
export interface RoomHead {
  number: number
  /** The number of the post before it; 0: it is the first. A client that knows another head has missed some. */
  before: number
  /** Its author. */
  uid: number
}

export function createRoomHead(init?: Partial<RoomHead>): RoomHead {
  const m: RoomHead = { number: 0, before: 0, uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomHead(m: RoomHead): Uint8Array {
  const w = begin()
  writeRoomHead(w, m)
  return finish(w)
}

export function writeRoomHead(w: Writer, m: RoomHead): void {
  if (m.number !== 0) writeUint64(w, 8, m.number)
  if (m.before !== 0) writeUint64(w, 16, m.before)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
}

export function decodeRoomHead(bytes: Uint8Array): RoomHead {
  return readRoomHead(readerOf(bytes), createRoomHead())
}

export function readRoomHead(r: Reader, m: RoomHead): RoomHead {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.number = readUint64(r)
        break
      }
      case 16: {
        m.before = readUint64(r)
        break
      }
      case 24: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'RoomHead')
    }
  }
  return m
}

/** What somebody publishes in a realtime room. */
export interface RoomData {
  uid: number
  payload: Uint8Array
}

export function createRoomData(init?: Partial<RoomData>): RoomData {
  const m: RoomData = { uid: 0, payload: EMPTY }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomData(m: RoomData): Uint8Array {
  const w = begin()
  writeRoomData(w, m)
  return finish(w)
}

export function writeRoomData(w: Writer, m: RoomData): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
  if (m.payload.length > 0) writeBytes(w, 18, m.payload)
}

export function decodeRoomData(bytes: Uint8Array): RoomData {
  return readRoomData(readerOf(bytes), createRoomData())
}

export function readRoomData(r: Reader, m: RoomData): RoomData {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      case 18: {
        m.payload = readBytes(r, 'RoomData.payload', 0, 0)
        break
      }
      default:
        skipField(r, tag, 6, 'RoomData')
    }
  }
  return m
}

export interface RoomServiceCreateRequest {
  sendSeq: number
  title: string
  kind: RoomKind
  /** Absent: each rule has its default. */
  rules: WantedRoomRules | undefined
}

export function createRoomServiceCreateRequest(init?: Partial<RoomServiceCreateRequest>): RoomServiceCreateRequest {
  const m: RoomServiceCreateRequest = { sendSeq: 0, title: '', kind: 0, rules: undefined }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceCreateRequest(m: RoomServiceCreateRequest): Uint8Array {
  const w = begin()
  writeRoomServiceCreateRequest(w, m)
  return finish(w)
}

export function writeRoomServiceCreateRequest(w: Writer, m: RoomServiceCreateRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.title.length > 0) writeString(w, 18, m.title)
  if (m.kind !== 0) writeUint32(w, 24, m.kind)
  if (m.rules !== undefined) {
    w.uint32(34).fork()
    writeWantedRoomRules(w, m.rules)
    w.ldelim()
  }
}

export function decodeRoomServiceCreateRequest(bytes: Uint8Array): RoomServiceCreateRequest {
  return readRoomServiceCreateRequest(readerOf(bytes), createRoomServiceCreateRequest())
}

export function readRoomServiceCreateRequest(r: Reader, m: RoomServiceCreateRequest): RoomServiceCreateRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.title = readString(r, 'RoomServiceCreateRequest.title', 128)
        break
      }
      case 24: {
        m.kind = readKnownRoomKind(r, 'RoomServiceCreateRequest.kind')
        break
      }
      case 34: {
        const outer = enter(r)
        m.rules = readWantedRoomRules(r, m.rules ?? createWantedRoomRules())
        leave(r, outer)
        break
      }
      default:
        skipField(r, tag, 30, 'RoomServiceCreateRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServiceCreateRequest.send_seq')
  if (m.title.length === 0) throw missing('RoomServiceCreateRequest.title')
  if (m.kind === 0) throw missing('RoomServiceCreateRequest.kind')
  return m
}

/** What RoomRules are to be, field by field. */
export interface WantedRoomRules {
  allPublish: boolean
  codeNeeded: boolean
}

export function createWantedRoomRules(init?: Partial<WantedRoomRules>): WantedRoomRules {
  const m: WantedRoomRules = { allPublish: false, codeNeeded: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeWantedRoomRules(m: WantedRoomRules): Uint8Array {
  const w = begin()
  writeWantedRoomRules(w, m)
  return finish(w)
}

export function writeWantedRoomRules(w: Writer, m: WantedRoomRules): void {
  if (m.allPublish) writeTrue(w, 8)
  if (m.codeNeeded) writeTrue(w, 16)
}

export function decodeWantedRoomRules(bytes: Uint8Array): WantedRoomRules {
  return readWantedRoomRules(readerOf(bytes), createWantedRoomRules())
}

export function readWantedRoomRules(r: Reader, m: WantedRoomRules): WantedRoomRules {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.allPublish = readBool(r)
        break
      }
      case 16: {
        m.codeNeeded = readBool(r)
        break
      }
      default:
        skipField(r, tag, 6, 'WantedRoomRules')
    }
  }
  return m
}

export interface RoomServiceCreateResponse {
  /** The id of the room; the same for a repeat. */
  conversation: string
}

export function createRoomServiceCreateResponse(init?: Partial<RoomServiceCreateResponse>): RoomServiceCreateResponse {
  const m: RoomServiceCreateResponse = { conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceCreateResponse(m: RoomServiceCreateResponse): Uint8Array {
  const w = begin()
  writeRoomServiceCreateResponse(w, m)
  return finish(w)
}

export function writeRoomServiceCreateResponse(w: Writer, m: RoomServiceCreateResponse): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
}

export function decodeRoomServiceCreateResponse(bytes: Uint8Array): RoomServiceCreateResponse {
  return readRoomServiceCreateResponse(readerOf(bytes), createRoomServiceCreateResponse())
}

export function readRoomServiceCreateResponse(r: Reader, m: RoomServiceCreateResponse): RoomServiceCreateResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'RoomServiceCreateResponse.conversation', 0)
        break
      }
      default:
        skipField(r, tag, 2, 'RoomServiceCreateResponse')
    }
  }
  return m
}

export interface RoomServiceSetRequest {
  sendSeq: number
  conversation: string
  title: string
  /** All rules; one that is absent has its default. */
  rules: WantedRoomRules | undefined
  /** Another code takes the place of the one that is known. */
  newCode: boolean
}

export function createRoomServiceSetRequest(init?: Partial<RoomServiceSetRequest>): RoomServiceSetRequest {
  const m: RoomServiceSetRequest = { sendSeq: 0, conversation: '', title: '', rules: undefined, newCode: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceSetRequest(m: RoomServiceSetRequest): Uint8Array {
  const w = begin()
  writeRoomServiceSetRequest(w, m)
  return finish(w)
}

export function writeRoomServiceSetRequest(w: Writer, m: RoomServiceSetRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.title.length > 0) writeString(w, 26, m.title)
  if (m.rules !== undefined) {
    w.uint32(34).fork()
    writeWantedRoomRules(w, m.rules)
    w.ldelim()
  }
  if (m.newCode) writeTrue(w, 40)
}

export function decodeRoomServiceSetRequest(bytes: Uint8Array): RoomServiceSetRequest {
  return readRoomServiceSetRequest(readerOf(bytes), createRoomServiceSetRequest())
}

export function readRoomServiceSetRequest(r: Reader, m: RoomServiceSetRequest): RoomServiceSetRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RoomServiceSetRequest.conversation', 64)
        break
      }
      case 26: {
        m.title = readString(r, 'RoomServiceSetRequest.title', 128)
        break
      }
      case 34: {
        const outer = enter(r)
        m.rules = readWantedRoomRules(r, m.rules ?? createWantedRoomRules())
        leave(r, outer)
        break
      }
      case 40: {
        m.newCode = readBool(r)
        break
      }
      default:
        skipField(r, tag, 62, 'RoomServiceSetRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServiceSetRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RoomServiceSetRequest.conversation')
  if (m.title.length === 0) throw missing('RoomServiceSetRequest.title')
  return m
}

export type RoomServiceSetResponse = Record<never, never>

export function createRoomServiceSetResponse(_init?: Partial<RoomServiceSetResponse>): RoomServiceSetResponse {
  return {}
}

export function encodeRoomServiceSetResponse(m: RoomServiceSetResponse): Uint8Array {
  const w = begin()
  writeRoomServiceSetResponse(w, m)
  return finish(w)
}

export function writeRoomServiceSetResponse(_w: Writer, _m: RoomServiceSetResponse): void {}

export function decodeRoomServiceSetResponse(bytes: Uint8Array): RoomServiceSetResponse {
  return readRoomServiceSetResponse(readerOf(bytes), createRoomServiceSetResponse())
}

export function readRoomServiceSetResponse(r: Reader, m: RoomServiceSetResponse): RoomServiceSetResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServiceSetResponse')
  }
  return m
}

export interface RoomServiceSetRoleRequest {
  sendSeq: number
  conversation: string
  uid: number
  /** LISTENER, PUBLISHER or REMOVED. */
  role: RoomRole
}

export function createRoomServiceSetRoleRequest(init?: Partial<RoomServiceSetRoleRequest>): RoomServiceSetRoleRequest {
  const m: RoomServiceSetRoleRequest = { sendSeq: 0, conversation: '', uid: 0, role: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceSetRoleRequest(m: RoomServiceSetRoleRequest): Uint8Array {
  const w = begin()
  writeRoomServiceSetRoleRequest(w, m)
  return finish(w)
}

export function writeRoomServiceSetRoleRequest(w: Writer, m: RoomServiceSetRoleRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.uid !== 0) writeUint64(w, 24, m.uid)
  if (m.role !== 0) writeUint32(w, 32, m.role)
}

export function decodeRoomServiceSetRoleRequest(bytes: Uint8Array): RoomServiceSetRoleRequest {
  return readRoomServiceSetRoleRequest(readerOf(bytes), createRoomServiceSetRoleRequest())
}

export function readRoomServiceSetRoleRequest(r: Reader, m: RoomServiceSetRoleRequest): RoomServiceSetRoleRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RoomServiceSetRoleRequest.conversation', 64)
        break
      }
      case 24: {
        m.uid = readUint64(r)
        break
      }
      case 32: {
        m.role = readKnownRoomRole(r, 'RoomServiceSetRoleRequest.role')
        break
      }
      default:
        skipField(r, tag, 30, 'RoomServiceSetRoleRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServiceSetRoleRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RoomServiceSetRoleRequest.conversation')
  if (m.uid === 0) throw missing('RoomServiceSetRoleRequest.uid')
  if (m.role === 0) throw missing('RoomServiceSetRoleRequest.role')
  return m
}

export type RoomServiceSetRoleResponse = Record<never, never>

export function createRoomServiceSetRoleResponse(_init?: Partial<RoomServiceSetRoleResponse>): RoomServiceSetRoleResponse {
  return {}
}

export function encodeRoomServiceSetRoleResponse(m: RoomServiceSetRoleResponse): Uint8Array {
  const w = begin()
  writeRoomServiceSetRoleResponse(w, m)
  return finish(w)
}

export function writeRoomServiceSetRoleResponse(_w: Writer, _m: RoomServiceSetRoleResponse): void {}

export function decodeRoomServiceSetRoleResponse(bytes: Uint8Array): RoomServiceSetRoleResponse {
  return readRoomServiceSetRoleResponse(readerOf(bytes), createRoomServiceSetRoleResponse())
}

export function readRoomServiceSetRoleResponse(r: Reader, m: RoomServiceSetRoleResponse): RoomServiceSetRoleResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServiceSetRoleResponse')
  }
  return m
}

export interface RoomServiceSubscribeRequest {
  sendSeq: number
  conversation: string
  /** The room's code, where one is needed. */
  code: string
}

export function createRoomServiceSubscribeRequest(init?: Partial<RoomServiceSubscribeRequest>): RoomServiceSubscribeRequest {
  const m: RoomServiceSubscribeRequest = { sendSeq: 0, conversation: '', code: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceSubscribeRequest(m: RoomServiceSubscribeRequest): Uint8Array {
  const w = begin()
  writeRoomServiceSubscribeRequest(w, m)
  return finish(w)
}

export function writeRoomServiceSubscribeRequest(w: Writer, m: RoomServiceSubscribeRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.code.length > 0) writeString(w, 26, m.code)
}

export function decodeRoomServiceSubscribeRequest(bytes: Uint8Array): RoomServiceSubscribeRequest {
  return readRoomServiceSubscribeRequest(readerOf(bytes), createRoomServiceSubscribeRequest())
}

export function readRoomServiceSubscribeRequest(r: Reader, m: RoomServiceSubscribeRequest): RoomServiceSubscribeRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RoomServiceSubscribeRequest.conversation', 64)
        break
      }
      case 26: {
        m.code = readString(r, 'RoomServiceSubscribeRequest.code', 32)
        break
      }
      default:
        skipField(r, tag, 14, 'RoomServiceSubscribeRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServiceSubscribeRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RoomServiceSubscribeRequest.conversation')
  return m
}

export type RoomServiceSubscribeResponse = Record<never, never>

export function createRoomServiceSubscribeResponse(_init?: Partial<RoomServiceSubscribeResponse>): RoomServiceSubscribeResponse {
  return {}
}

export function encodeRoomServiceSubscribeResponse(m: RoomServiceSubscribeResponse): Uint8Array {
  const w = begin()
  writeRoomServiceSubscribeResponse(w, m)
  return finish(w)
}

export function writeRoomServiceSubscribeResponse(_w: Writer, _m: RoomServiceSubscribeResponse): void {}

export function decodeRoomServiceSubscribeResponse(bytes: Uint8Array): RoomServiceSubscribeResponse {
  return readRoomServiceSubscribeResponse(readerOf(bytes), createRoomServiceSubscribeResponse())
}

export function readRoomServiceSubscribeResponse(r: Reader, m: RoomServiceSubscribeResponse): RoomServiceSubscribeResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServiceSubscribeResponse')
  }
  return m
}

export interface RoomServiceUnsubscribeRequest {
  sendSeq: number
  conversation: string
}

export function createRoomServiceUnsubscribeRequest(init?: Partial<RoomServiceUnsubscribeRequest>): RoomServiceUnsubscribeRequest {
  const m: RoomServiceUnsubscribeRequest = { sendSeq: 0, conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceUnsubscribeRequest(m: RoomServiceUnsubscribeRequest): Uint8Array {
  const w = begin()
  writeRoomServiceUnsubscribeRequest(w, m)
  return finish(w)
}

export function writeRoomServiceUnsubscribeRequest(w: Writer, m: RoomServiceUnsubscribeRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
}

export function decodeRoomServiceUnsubscribeRequest(bytes: Uint8Array): RoomServiceUnsubscribeRequest {
  return readRoomServiceUnsubscribeRequest(readerOf(bytes), createRoomServiceUnsubscribeRequest())
}

export function readRoomServiceUnsubscribeRequest(r: Reader, m: RoomServiceUnsubscribeRequest): RoomServiceUnsubscribeRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RoomServiceUnsubscribeRequest.conversation', 64)
        break
      }
      default:
        skipField(r, tag, 6, 'RoomServiceUnsubscribeRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServiceUnsubscribeRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RoomServiceUnsubscribeRequest.conversation')
  return m
}

export type RoomServiceUnsubscribeResponse = Record<never, never>

export function createRoomServiceUnsubscribeResponse(_init?: Partial<RoomServiceUnsubscribeResponse>): RoomServiceUnsubscribeResponse {
  return {}
}

export function encodeRoomServiceUnsubscribeResponse(m: RoomServiceUnsubscribeResponse): Uint8Array {
  const w = begin()
  writeRoomServiceUnsubscribeResponse(w, m)
  return finish(w)
}

export function writeRoomServiceUnsubscribeResponse(_w: Writer, _m: RoomServiceUnsubscribeResponse): void {}

export function decodeRoomServiceUnsubscribeResponse(bytes: Uint8Array): RoomServiceUnsubscribeResponse {
  return readRoomServiceUnsubscribeResponse(readerOf(bytes), createRoomServiceUnsubscribeResponse())
}

export function readRoomServiceUnsubscribeResponse(r: Reader, m: RoomServiceUnsubscribeResponse): RoomServiceUnsubscribeResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServiceUnsubscribeResponse')
  }
  return m
}

export interface RoomServicePostRequest {
  sendSeq: number
  conversation: string
  /** At most 16 384 bytes of UTF-8; longer: TEXT_TOO_LONG. Of a post with content: the same in words. */
  text: string
  content: MessageContent | undefined
  metadata: Uint8Array
}

export function createRoomServicePostRequest(init?: Partial<RoomServicePostRequest>): RoomServicePostRequest {
  const m: RoomServicePostRequest = { sendSeq: 0, conversation: '', text: '', content: undefined, metadata: EMPTY }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServicePostRequest(m: RoomServicePostRequest): Uint8Array {
  const w = begin()
  writeRoomServicePostRequest(w, m)
  return finish(w)
}

export function writeRoomServicePostRequest(w: Writer, m: RoomServicePostRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.text.length > 0) writeString(w, 26, m.text)
  if (m.content !== undefined) {
    w.uint32(34).fork()
    writeMessageContent(w, m.content)
    w.ldelim()
  }
  if (m.metadata.length > 0) writeBytes(w, 42, m.metadata)
}

export function decodeRoomServicePostRequest(bytes: Uint8Array): RoomServicePostRequest {
  return readRoomServicePostRequest(readerOf(bytes), createRoomServicePostRequest())
}

export function readRoomServicePostRequest(r: Reader, m: RoomServicePostRequest): RoomServicePostRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RoomServicePostRequest.conversation', 64)
        break
      }
      case 26: {
        m.text = readString(r, 'RoomServicePostRequest.text', 0)
        break
      }
      case 34: {
        const outer = enter(r)
        m.content = readMessageContent(r, m.content ?? createMessageContent())
        leave(r, outer)
        break
      }
      case 42: {
        m.metadata = readBytes(r, 'RoomServicePostRequest.metadata', 1024, 0)
        break
      }
      default:
        skipField(r, tag, 62, 'RoomServicePostRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServicePostRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RoomServicePostRequest.conversation')
  if (m.text.length === 0) throw missing('RoomServicePostRequest.text')
  return m
}

export type RoomServicePostResponse = Record<never, never>

export function createRoomServicePostResponse(_init?: Partial<RoomServicePostResponse>): RoomServicePostResponse {
  return {}
}

export function encodeRoomServicePostResponse(m: RoomServicePostResponse): Uint8Array {
  const w = begin()
  writeRoomServicePostResponse(w, m)
  return finish(w)
}

export function writeRoomServicePostResponse(_w: Writer, _m: RoomServicePostResponse): void {}

export function decodeRoomServicePostResponse(bytes: Uint8Array): RoomServicePostResponse {
  return readRoomServicePostResponse(readerOf(bytes), createRoomServicePostResponse())
}

export function readRoomServicePostResponse(r: Reader, m: RoomServicePostResponse): RoomServicePostResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServicePostResponse')
  }
  return m
}

export interface RoomServiceRemoveRequest {
  sendSeq: number
  conversation: string
  /** The post's number. */
  number: number
}

export function createRoomServiceRemoveRequest(init?: Partial<RoomServiceRemoveRequest>): RoomServiceRemoveRequest {
  const m: RoomServiceRemoveRequest = { sendSeq: 0, conversation: '', number: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceRemoveRequest(m: RoomServiceRemoveRequest): Uint8Array {
  const w = begin()
  writeRoomServiceRemoveRequest(w, m)
  return finish(w)
}

export function writeRoomServiceRemoveRequest(w: Writer, m: RoomServiceRemoveRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.number !== 0) writeUint64(w, 24, m.number)
}

export function decodeRoomServiceRemoveRequest(bytes: Uint8Array): RoomServiceRemoveRequest {
  return readRoomServiceRemoveRequest(readerOf(bytes), createRoomServiceRemoveRequest())
}

export function readRoomServiceRemoveRequest(r: Reader, m: RoomServiceRemoveRequest): RoomServiceRemoveRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RoomServiceRemoveRequest.conversation', 64)
        break
      }
      case 24: {
        m.number = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'RoomServiceRemoveRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServiceRemoveRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RoomServiceRemoveRequest.conversation')
  if (m.number === 0) throw missing('RoomServiceRemoveRequest.number')
  return m
}

export type RoomServiceRemoveResponse = Record<never, never>

export function createRoomServiceRemoveResponse(_init?: Partial<RoomServiceRemoveResponse>): RoomServiceRemoveResponse {
  return {}
}

export function encodeRoomServiceRemoveResponse(m: RoomServiceRemoveResponse): Uint8Array {
  const w = begin()
  writeRoomServiceRemoveResponse(w, m)
  return finish(w)
}

export function writeRoomServiceRemoveResponse(_w: Writer, _m: RoomServiceRemoveResponse): void {}

export function decodeRoomServiceRemoveResponse(bytes: Uint8Array): RoomServiceRemoveResponse {
  return readRoomServiceRemoveResponse(readerOf(bytes), createRoomServiceRemoveResponse())
}

export function readRoomServiceRemoveResponse(r: Reader, m: RoomServiceRemoveResponse): RoomServiceRemoveResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServiceRemoveResponse')
  }
  return m
}

export interface RoomServiceCloseRequest {
  sendSeq: number
  conversation: string
}

export function createRoomServiceCloseRequest(init?: Partial<RoomServiceCloseRequest>): RoomServiceCloseRequest {
  const m: RoomServiceCloseRequest = { sendSeq: 0, conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceCloseRequest(m: RoomServiceCloseRequest): Uint8Array {
  const w = begin()
  writeRoomServiceCloseRequest(w, m)
  return finish(w)
}

export function writeRoomServiceCloseRequest(w: Writer, m: RoomServiceCloseRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
}

export function decodeRoomServiceCloseRequest(bytes: Uint8Array): RoomServiceCloseRequest {
  return readRoomServiceCloseRequest(readerOf(bytes), createRoomServiceCloseRequest())
}

export function readRoomServiceCloseRequest(r: Reader, m: RoomServiceCloseRequest): RoomServiceCloseRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RoomServiceCloseRequest.conversation', 64)
        break
      }
      default:
        skipField(r, tag, 6, 'RoomServiceCloseRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServiceCloseRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RoomServiceCloseRequest.conversation')
  return m
}

export type RoomServiceCloseResponse = Record<never, never>

export function createRoomServiceCloseResponse(_init?: Partial<RoomServiceCloseResponse>): RoomServiceCloseResponse {
  return {}
}

export function encodeRoomServiceCloseResponse(m: RoomServiceCloseResponse): Uint8Array {
  const w = begin()
  writeRoomServiceCloseResponse(w, m)
  return finish(w)
}

export function writeRoomServiceCloseResponse(_w: Writer, _m: RoomServiceCloseResponse): void {}

export function decodeRoomServiceCloseResponse(bytes: Uint8Array): RoomServiceCloseResponse {
  return readRoomServiceCloseResponse(readerOf(bytes), createRoomServiceCloseResponse())
}

export function readRoomServiceCloseResponse(r: Reader, m: RoomServiceCloseResponse): RoomServiceCloseResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServiceCloseResponse')
  }
  return m
}

export interface RoomServiceConfirmRequest {
  sendSeq: number
  conversation: string
  /** The number of a post that was shown. What is confirmed only rises. */
  upTo: number
}

export function createRoomServiceConfirmRequest(init?: Partial<RoomServiceConfirmRequest>): RoomServiceConfirmRequest {
  const m: RoomServiceConfirmRequest = { sendSeq: 0, conversation: '', upTo: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceConfirmRequest(m: RoomServiceConfirmRequest): Uint8Array {
  const w = begin()
  writeRoomServiceConfirmRequest(w, m)
  return finish(w)
}

export function writeRoomServiceConfirmRequest(w: Writer, m: RoomServiceConfirmRequest): void {
  if (m.sendSeq !== 0) writeUint64(w, 8, m.sendSeq)
  if (m.conversation.length > 0) writeString(w, 18, m.conversation)
  if (m.upTo !== 0) writeUint64(w, 24, m.upTo)
}

export function decodeRoomServiceConfirmRequest(bytes: Uint8Array): RoomServiceConfirmRequest {
  return readRoomServiceConfirmRequest(readerOf(bytes), createRoomServiceConfirmRequest())
}

export function readRoomServiceConfirmRequest(r: Reader, m: RoomServiceConfirmRequest): RoomServiceConfirmRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.sendSeq = readUint64(r)
        break
      }
      case 18: {
        m.conversation = readString(r, 'RoomServiceConfirmRequest.conversation', 64)
        break
      }
      case 24: {
        m.upTo = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'RoomServiceConfirmRequest')
    }
  }
  if (m.sendSeq === 0) throw missing('RoomServiceConfirmRequest.send_seq')
  if (m.conversation.length === 0) throw missing('RoomServiceConfirmRequest.conversation')
  if (m.upTo === 0) throw missing('RoomServiceConfirmRequest.up_to')
  return m
}

export type RoomServiceConfirmResponse = Record<never, never>

export function createRoomServiceConfirmResponse(_init?: Partial<RoomServiceConfirmResponse>): RoomServiceConfirmResponse {
  return {}
}

export function encodeRoomServiceConfirmResponse(m: RoomServiceConfirmResponse): Uint8Array {
  const w = begin()
  writeRoomServiceConfirmResponse(w, m)
  return finish(w)
}

export function writeRoomServiceConfirmResponse(_w: Writer, _m: RoomServiceConfirmResponse): void {}

export function decodeRoomServiceConfirmResponse(bytes: Uint8Array): RoomServiceConfirmResponse {
  return readRoomServiceConfirmResponse(readerOf(bytes), createRoomServiceConfirmResponse())
}

export function readRoomServiceConfirmResponse(r: Reader, m: RoomServiceConfirmResponse): RoomServiceConfirmResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServiceConfirmResponse')
  }
  return m
}

export interface RoomServiceGetRequest {
  conversation: string
}

export function createRoomServiceGetRequest(init?: Partial<RoomServiceGetRequest>): RoomServiceGetRequest {
  const m: RoomServiceGetRequest = { conversation: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceGetRequest(m: RoomServiceGetRequest): Uint8Array {
  const w = begin()
  writeRoomServiceGetRequest(w, m)
  return finish(w)
}

export function writeRoomServiceGetRequest(w: Writer, m: RoomServiceGetRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
}

export function decodeRoomServiceGetRequest(bytes: Uint8Array): RoomServiceGetRequest {
  return readRoomServiceGetRequest(readerOf(bytes), createRoomServiceGetRequest())
}

export function readRoomServiceGetRequest(r: Reader, m: RoomServiceGetRequest): RoomServiceGetRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'RoomServiceGetRequest.conversation', 64)
        break
      }
      default:
        skipField(r, tag, 2, 'RoomServiceGetRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('RoomServiceGetRequest.conversation')
  return m
}

export interface RoomServiceGetResponse {
  title: string
  kind: RoomKind
  rules: RoomRules | undefined
  owner: number
  /** How many listen. */
  listeners: number
  /** By uid, at most 100, without the owner; for listeners. */
  publishers: RoomPublisher[]
  /** The code to listen by; for the owner. */
  code: string
  createdAtMs: number
  /** The room has ended. A board can still be read. */
  closed: boolean
  /** The number of a board's newest post; for listeners. */
  head: number
}

export function createRoomServiceGetResponse(init?: Partial<RoomServiceGetResponse>): RoomServiceGetResponse {
  const m: RoomServiceGetResponse = { title: '', kind: 0, rules: undefined, owner: 0, listeners: 0, publishers: [], code: '', createdAtMs: 0, closed: false, head: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceGetResponse(m: RoomServiceGetResponse): Uint8Array {
  const w = begin()
  writeRoomServiceGetResponse(w, m)
  return finish(w)
}

export function writeRoomServiceGetResponse(w: Writer, m: RoomServiceGetResponse): void {
  if (m.title.length > 0) writeString(w, 10, m.title)
  if (m.kind !== 0) writeUint32(w, 16, m.kind)
  if (m.rules !== undefined) {
    w.uint32(26).fork()
    writeRoomRules(w, m.rules)
    w.ldelim()
  }
  if (m.owner !== 0) writeUint64(w, 32, m.owner)
  if (m.listeners !== 0) writeUint32(w, 40, m.listeners)
  for (const each of m.publishers) {
    w.uint32(50).fork()
    writeRoomPublisher(w, each)
    w.ldelim()
  }
  if (m.code.length > 0) writeString(w, 58, m.code)
  if (m.createdAtMs !== 0) writeUint64(w, 64, m.createdAtMs)
  if (m.closed) writeTrue(w, 72)
  if (m.head !== 0) writeUint64(w, 80, m.head)
}

export function decodeRoomServiceGetResponse(bytes: Uint8Array): RoomServiceGetResponse {
  return readRoomServiceGetResponse(readerOf(bytes), createRoomServiceGetResponse())
}

export function readRoomServiceGetResponse(r: Reader, m: RoomServiceGetResponse): RoomServiceGetResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.title = readString(r, 'RoomServiceGetResponse.title', 0)
        break
      }
      case 16: {
        m.kind = readRoomKind(r)
        break
      }
      case 26: {
        const outer = enter(r)
        m.rules = readRoomRules(r, m.rules ?? createRoomRules())
        leave(r, outer)
        break
      }
      case 32: {
        m.owner = readUint64(r)
        break
      }
      case 40: {
        m.listeners = readUint32(r)
        break
      }
      case 50: {
        const outer = enter(r)
        m.publishers.push(readRoomPublisher(r, createRoomPublisher()))
        leave(r, outer)
        break
      }
      case 58: {
        m.code = readString(r, 'RoomServiceGetResponse.code', 0)
        break
      }
      case 64: {
        m.createdAtMs = readUint64(r)
        break
      }
      case 72: {
        m.closed = readBool(r)
        break
      }
      case 80: {
        m.head = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 2046, 'RoomServiceGetResponse')
    }
  }
  return m
}

export interface RoomPublisher {
  uid: number
}

export function createRoomPublisher(init?: Partial<RoomPublisher>): RoomPublisher {
  const m: RoomPublisher = { uid: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomPublisher(m: RoomPublisher): Uint8Array {
  const w = begin()
  writeRoomPublisher(w, m)
  return finish(w)
}

export function writeRoomPublisher(w: Writer, m: RoomPublisher): void {
  if (m.uid !== 0) writeUint64(w, 8, m.uid)
}

export function decodeRoomPublisher(bytes: Uint8Array): RoomPublisher {
  return readRoomPublisher(readerOf(bytes), createRoomPublisher())
}

export function readRoomPublisher(r: Reader, m: RoomPublisher): RoomPublisher {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 8: {
        m.uid = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 2, 'RoomPublisher')
    }
  }
  return m
}

export interface RoomServicePostsRequest {
  conversation: string
  /** At most one of the two; none: the newest posts. Numbers of posts, or of none. */
  before: number
  after: number
  /** At most 100. Absent: 50. */
  limit: number
}

export function createRoomServicePostsRequest(init?: Partial<RoomServicePostsRequest>): RoomServicePostsRequest {
  const m: RoomServicePostsRequest = { conversation: '', before: 0, after: 0, limit: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServicePostsRequest(m: RoomServicePostsRequest): Uint8Array {
  const w = begin()
  writeRoomServicePostsRequest(w, m)
  return finish(w)
}

export function writeRoomServicePostsRequest(w: Writer, m: RoomServicePostsRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.before !== 0) writeUint64(w, 16, m.before)
  if (m.after !== 0) writeUint64(w, 24, m.after)
  if (m.limit !== 0) writeUint32(w, 32, m.limit)
}

export function decodeRoomServicePostsRequest(bytes: Uint8Array): RoomServicePostsRequest {
  return readRoomServicePostsRequest(readerOf(bytes), createRoomServicePostsRequest())
}

export function readRoomServicePostsRequest(r: Reader, m: RoomServicePostsRequest): RoomServicePostsRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'RoomServicePostsRequest.conversation', 64)
        break
      }
      case 16: {
        m.before = readUint64(r)
        break
      }
      case 24: {
        m.after = readUint64(r)
        break
      }
      case 32: {
        m.limit = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 30, 'RoomServicePostsRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('RoomServicePostsRequest.conversation')
  return m
}

export interface RoomServicePostsResponse {
  /** Messages as they are now, the oldest first; at most 100 and 256 KiB. A removed post has no text. */
  posts: ConversationMessage[]
  /** There are more: below the first with before or neither, above the last with after. */
  more: boolean
  /** The number of the newest post. */
  head: number
}

export function createRoomServicePostsResponse(init?: Partial<RoomServicePostsResponse>): RoomServicePostsResponse {
  const m: RoomServicePostsResponse = { posts: [], more: false, head: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServicePostsResponse(m: RoomServicePostsResponse): Uint8Array {
  const w = begin()
  writeRoomServicePostsResponse(w, m)
  return finish(w)
}

export function writeRoomServicePostsResponse(w: Writer, m: RoomServicePostsResponse): void {
  for (const each of m.posts) {
    w.uint32(10).fork()
    writeConversationMessage(w, each)
    w.ldelim()
  }
  if (m.more) writeTrue(w, 16)
  if (m.head !== 0) writeUint64(w, 24, m.head)
}

export function decodeRoomServicePostsResponse(bytes: Uint8Array): RoomServicePostsResponse {
  return readRoomServicePostsResponse(readerOf(bytes), createRoomServicePostsResponse())
}

export function readRoomServicePostsResponse(r: Reader, m: RoomServicePostsResponse): RoomServicePostsResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.posts.push(readConversationMessage(r, createConversationMessage()))
        leave(r, outer)
        break
      }
      case 16: {
        m.more = readBool(r)
        break
      }
      case 24: {
        m.head = readUint64(r)
        break
      }
      default:
        skipField(r, tag, 14, 'RoomServicePostsResponse')
    }
  }
  return m
}

export interface RoomServiceListRequest {
  /** The next of the page before. Absent: from the first. */
  after: string
  /** The connection is told of new posts on the boards of this page from now on (19.8). Absent: of none of them. */
  heads: boolean
}

export function createRoomServiceListRequest(init?: Partial<RoomServiceListRequest>): RoomServiceListRequest {
  const m: RoomServiceListRequest = { after: '', heads: false }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceListRequest(m: RoomServiceListRequest): Uint8Array {
  const w = begin()
  writeRoomServiceListRequest(w, m)
  return finish(w)
}

export function writeRoomServiceListRequest(w: Writer, m: RoomServiceListRequest): void {
  if (m.after.length > 0) writeString(w, 10, m.after)
  if (m.heads) writeTrue(w, 16)
}

export function decodeRoomServiceListRequest(bytes: Uint8Array): RoomServiceListRequest {
  return readRoomServiceListRequest(readerOf(bytes), createRoomServiceListRequest())
}

export function readRoomServiceListRequest(r: Reader, m: RoomServiceListRequest): RoomServiceListRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.after = readString(r, 'RoomServiceListRequest.after', 64)
        break
      }
      case 16: {
        m.heads = readBool(r)
        break
      }
      default:
        skipField(r, tag, 6, 'RoomServiceListRequest')
    }
  }
  return m
}

export interface RoomServiceListResponse {
  /** In order of their ids. */
  rooms: RoomSummary[]
  /** The after of the next page. Absent: this is the last. */
  next: string
}

export function createRoomServiceListResponse(init?: Partial<RoomServiceListResponse>): RoomServiceListResponse {
  const m: RoomServiceListResponse = { rooms: [], next: '' }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServiceListResponse(m: RoomServiceListResponse): Uint8Array {
  const w = begin()
  writeRoomServiceListResponse(w, m)
  return finish(w)
}

export function writeRoomServiceListResponse(w: Writer, m: RoomServiceListResponse): void {
  for (const each of m.rooms) {
    w.uint32(10).fork()
    writeRoomSummary(w, each)
    w.ldelim()
  }
  if (m.next.length > 0) writeString(w, 18, m.next)
}

export function decodeRoomServiceListResponse(bytes: Uint8Array): RoomServiceListResponse {
  return readRoomServiceListResponse(readerOf(bytes), createRoomServiceListResponse())
}

export function readRoomServiceListResponse(r: Reader, m: RoomServiceListResponse): RoomServiceListResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        const outer = enter(r)
        m.rooms.push(readRoomSummary(r, createRoomSummary()))
        leave(r, outer)
        break
      }
      case 18: {
        m.next = readString(r, 'RoomServiceListResponse.next', 0)
        break
      }
      default:
        skipField(r, tag, 6, 'RoomServiceListResponse')
    }
  }
  return m
}

export interface RoomSummary {
  conversation: string
  title: string
  kind: RoomKind
  role: RoomRole
  closed: boolean
  /** The number of a board's newest post. */
  head: number
  /** The number up to which the user has confirmed. */
  confirmed: number
  /** The count of posts of others above that; 100: that many, or more. */
  unconfirmed: number
}

export function createRoomSummary(init?: Partial<RoomSummary>): RoomSummary {
  const m: RoomSummary = { conversation: '', title: '', kind: 0, role: 0, closed: false, head: 0, confirmed: 0, unconfirmed: 0 }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomSummary(m: RoomSummary): Uint8Array {
  const w = begin()
  writeRoomSummary(w, m)
  return finish(w)
}

export function writeRoomSummary(w: Writer, m: RoomSummary): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.title.length > 0) writeString(w, 18, m.title)
  if (m.kind !== 0) writeUint32(w, 24, m.kind)
  if (m.role !== 0) writeUint32(w, 32, m.role)
  if (m.closed) writeTrue(w, 40)
  if (m.head !== 0) writeUint64(w, 48, m.head)
  if (m.confirmed !== 0) writeUint64(w, 56, m.confirmed)
  if (m.unconfirmed !== 0) writeUint32(w, 64, m.unconfirmed)
}

export function decodeRoomSummary(bytes: Uint8Array): RoomSummary {
  return readRoomSummary(readerOf(bytes), createRoomSummary())
}

export function readRoomSummary(r: Reader, m: RoomSummary): RoomSummary {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'RoomSummary.conversation', 0)
        break
      }
      case 18: {
        m.title = readString(r, 'RoomSummary.title', 0)
        break
      }
      case 24: {
        m.kind = readRoomKind(r)
        break
      }
      case 32: {
        m.role = readRoomRole(r)
        break
      }
      case 40: {
        m.closed = readBool(r)
        break
      }
      case 48: {
        m.head = readUint64(r)
        break
      }
      case 56: {
        m.confirmed = readUint64(r)
        break
      }
      case 64: {
        m.unconfirmed = readUint32(r)
        break
      }
      default:
        skipField(r, tag, 510, 'RoomSummary')
    }
  }
  return m
}

export interface RoomServicePublishRequest {
  conversation: string
  payload: Uint8Array
}

export function createRoomServicePublishRequest(init?: Partial<RoomServicePublishRequest>): RoomServicePublishRequest {
  const m: RoomServicePublishRequest = { conversation: '', payload: EMPTY }
  return init === undefined ? m : Object.assign(m, init)
}

export function encodeRoomServicePublishRequest(m: RoomServicePublishRequest): Uint8Array {
  const w = begin()
  writeRoomServicePublishRequest(w, m)
  return finish(w)
}

export function writeRoomServicePublishRequest(w: Writer, m: RoomServicePublishRequest): void {
  if (m.conversation.length > 0) writeString(w, 10, m.conversation)
  if (m.payload.length > 0) writeBytes(w, 18, m.payload)
}

export function decodeRoomServicePublishRequest(bytes: Uint8Array): RoomServicePublishRequest {
  return readRoomServicePublishRequest(readerOf(bytes), createRoomServicePublishRequest())
}

export function readRoomServicePublishRequest(r: Reader, m: RoomServicePublishRequest): RoomServicePublishRequest {
  while (r.pos < r.len) {
    const tag = readTag(r)
    switch (tag) {
      case 10: {
        m.conversation = readString(r, 'RoomServicePublishRequest.conversation', 64)
        break
      }
      case 18: {
        m.payload = readBytes(r, 'RoomServicePublishRequest.payload', 4096, 0)
        break
      }
      default:
        skipField(r, tag, 6, 'RoomServicePublishRequest')
    }
  }
  if (m.conversation.length === 0) throw missing('RoomServicePublishRequest.conversation')
  if (m.payload.length === 0) throw missing('RoomServicePublishRequest.payload')
  return m
}

export type RoomServicePublishResponse = Record<never, never>

export function createRoomServicePublishResponse(_init?: Partial<RoomServicePublishResponse>): RoomServicePublishResponse {
  return {}
}

export function encodeRoomServicePublishResponse(m: RoomServicePublishResponse): Uint8Array {
  const w = begin()
  writeRoomServicePublishResponse(w, m)
  return finish(w)
}

export function writeRoomServicePublishResponse(_w: Writer, _m: RoomServicePublishResponse): void {}

export function decodeRoomServicePublishResponse(bytes: Uint8Array): RoomServicePublishResponse {
  return readRoomServicePublishResponse(readerOf(bytes), createRoomServicePublishResponse())
}

export function readRoomServicePublishResponse(r: Reader, m: RoomServicePublishResponse): RoomServicePublishResponse {
  while (r.pos < r.len) {
    const tag = readTag(r)
    skipField(r, tag, 0, 'RoomServicePublishResponse')
  }
  return m
}
