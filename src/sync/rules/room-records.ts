/**
 * The records of rooms. A user has one for each room, which says what the user is to it (listening.ts). The actor `room/<rid>` has what the
 * room is, and one record for each listener (room.ts), so whatever concerns one of them reads no other.
 */
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { RoomKind, RoomRole, type RoomRules, RoomState } from '../../../protocol/generated/messages.js'
import {
  GROUP_CODE_BYTES_MAX,
  GROUP_TITLE_BYTES_MAX,
  ROOM_PUBLISHERS_MAX,
  ROOMS_MAX,
} from '../../../protocol/limits.js'
import { jsonRecord, jsonValue } from '../record-kinds.js'
import { newGid } from './group-records.js'
import { JSON_BYTES_PER_BYTE } from './records.js'

/** The name of a room within its id. It has the form of a gid. */
export type Rid = string

const PREFIX = 'room:'
const RID_BYTES_MAX = 64 - PREFIX.length
const RID_FORM = /^[0-9a-z]+\.[0-9a-z]+\.[0-9a-z]+$/

export function roomConversation(rid: Rid): ConversationId {
  return `${PREFIX}${rid}`
}

/** The rid in the id of a room; undefined if it has not the form of one. */
export function ridOf(conversation: string): Rid | undefined {
  const rid = conversation.slice(PREFIX.length)
  return conversation.startsWith(PREFIX) && rid.length <= RID_BYTES_MAX && RID_FORM.test(rid) ? rid : undefined
}

/** The name of the room that a user makes by this request. A repeat makes the same name; no other request does. */
export const newRid: (uid: number, device: number, sendSeq: number) => Rid = newGid

export const NO_ROOM_RULES: RoomRules = { allPublish: false, codeNeeded: false }

/** The record of a user about a room that the user never had to do with. */
export const NO_LISTENING = {
  state: RoomState.UNSPECIFIED as RoomState,
  /** The number of the user's last listening: each names itself by it, in all that user and room tell each other. */
  number: 0,
  kind: RoomKind.UNSPECIFIED as RoomKind,
  role: RoomRole.UNSPECIFIED as RoomRole,
  /** The number of a board's posts up to which the user has confirmed. */
  confirmed: 0,
}
export type Listening = Readonly<typeof NO_LISTENING>

export const listening = jsonRecord<Listening>('listening', {
  fields: NO_LISTENING,
  lifetime: 'user',
  bytesMax: 192,
  grows: 'nobody: five numbers',
  many: 'one per room that the user ever asked to listen to: 200 at a time, 100 an hour',
})

/** The rooms that the user listens to, or asks to. They are counted by it. */
export const listeningIndex = jsonValue<readonly Rid[]>('listenings', {
  lifetime: 'user',
  bytesMax: 2 + ROOMS_MAX * (RID_BYTES_MAX + 3),
  entries: { max: ROOMS_MAX, count: list => list.length },
  grows: 'the user, by Create and Subscribe: 200 rooms',
  many: 'one',
})

/** A record of `room/<rid>`, like all that follow. */
export const NO_ROOM = {
  title: '',
  kind: RoomKind.UNSPECIFIED as RoomKind,
  rules: NO_ROOM_RULES,
  /** '' until it is needed to listen. */
  code: '',
  owner: 0,
  createdAtMs: 0,
  closed: false,
}
export type AboutRoom = Readonly<typeof NO_ROOM>

export const aboutRoom = jsonRecord<AboutRoom>('room', {
  fields: NO_ROOM,
  lifetime: 'store',
  bytesMax: 256 + JSON_BYTES_PER_BYTE * (GROUP_TITLE_BYTES_MAX + GROUP_CODE_BYTES_MAX),
  grows: 'its owner: a title has at most 128 bytes',
  many: 'one',
})

/** A listener, by uid; or one who was removed, and may not listen again. */
export const listener = jsonRecord<{ readonly number: number; readonly removed: boolean }>('listener', {
  fields: { number: 0, removed: false },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: a number and a flag',
  many: 'one per listener, and per one who was removed: 100 000 together',
})

/** How many records of `listener` there are, of either sort. */
export const listenerCounts = jsonRecord<{ readonly listening: number; readonly removed: number }>('listeners', {
  fields: { listening: 0, removed: 0 },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: two numbers, which bound the listeners',
  many: 'one',
})

/** The listeners whom the owner has named as publishers, by uid. */
export const roomPublishers = jsonValue<readonly number[]>('publishers', {
  lifetime: 'store',
  bytesMax: 2 + ROOM_PUBLISHERS_MAX * 17,
  entries: { max: ROOM_PUBLISHERS_MAX, count: list => list.length },
  grows: 'its owner, by SetRole: 100 publishers',
  many: 'one',
})
