/** The reads of rooms: what each user may see of one, and the rooms of a user. */
import { CODES, type Code } from '../../../protocol/codes.js'
import { RoomKind, RoomRole, type RoomRules, RoomState } from '../../../protocol/generated/messages.js'
import type { Transition, Tx } from '../types.js'
import { lastGiven } from './group-changes.js'
import { aboutOf, mayPublish, roleOf } from './room.js'
import {
  aboutRoom,
  type Listening,
  listener,
  listenerCounts,
  listening,
  listeningIndex,
  NO_LISTENING,
  type Rid,
  roomPublishers,
} from './room-records.js'

export interface RoomView {
  readonly title: string
  readonly kind: RoomKind
  readonly rules: RoomRules
  readonly owner: number
  readonly listeners: number
  /** Empty for those who do not listen. */
  readonly publishers: readonly number[]
  /** '' for all but the owner. */
  readonly code: string
  readonly createdAtMs: number
  readonly closed: boolean
  /** The number of the newest post; 0 for those who do not listen. */
  readonly head: number
}

interface Asking {
  readonly uid: number
}

function isListener(tx: Tx, uid: number): boolean {
  return tx.get(listener, uid)?.removed === false
}

/** The room as a user sees it; undefined for those who may not know of it: where a code is needed, only listeners may. */
export const getRoom: Transition<Asking, RoomView | undefined> = {
  name: 'room.get',
  soft: true,
  reads: ({ uid }) => [[aboutRoom], [listener, uid], [listenerCounts], [roomPublishers]],
  run(tx, { uid }) {
    const about = tx.get(aboutRoom)
    const listens = isListener(tx, uid)
    if (about === undefined || (about.rules.codeNeeded && !listens)) return undefined
    return {
      ...about,
      listeners: tx.get(listenerCounts)?.listening ?? 0,
      publishers: listens ? (tx.get(roomPublishers) ?? []) : [],
      code: roleOf(tx, uid) === RoomRole.OWNER ? about.code : '',
      head: listens ? lastGiven(tx) : 0,
    }
  },
}

/** A board as a listener's list of rooms shows it. */
export interface RoomStanding {
  readonly title: string
  readonly kind: RoomKind
  readonly role: RoomRole
  readonly closed: boolean
  /** The number of the newest post. */
  readonly head: number
}

/** The standing of a room now, for its listeners; undefined for anybody else. */
export const roomStanding: Transition<Asking, RoomStanding | undefined> = {
  name: 'room.standing',
  reads: ({ uid }) => [[aboutRoom], [listener, uid], [roomPublishers]],
  run(tx, { uid }) {
    if (!isListener(tx, uid)) return undefined
    const { title, kind, closed } = aboutOf(tx)
    return { title, kind, role: roleOf(tx, uid), closed, head: lastGiven(tx) }
  },
}

/** Whether a user may publish in a realtime room. */
export const mayTell: Transition<Asking, Code> = {
  name: 'room.may-tell',
  soft: true,
  reads: ({ uid }) => [[aboutRoom], [listener, uid], [roomPublishers]],
  run(tx, { uid }) {
    return isListener(tx, uid) ? mayPublish(tx, uid, RoomKind.REALTIME) : CODES.NO_SUCH_ROOM.code
  },
}

/** A room that a user listens to. */
export interface OwnRoom extends Listening {
  readonly rid: Rid
}

/** The rooms that a user listens to, by the user's own records, in the order of their names. */
export const ownRooms: Transition<void, readonly OwnRoom[]> = {
  name: 'room.own',
  soft: true,
  run(tx) {
    const rids = [...(tx.get(listeningIndex) ?? [])].sort()
    tx.fetch([listening], rids)
    const rooms = rids.map(rid => ({ rid, ...(tx.get(listening, rid) ?? NO_LISTENING) }))
    return rooms.filter(({ state }) => state === RoomState.LISTENING)
  },
}
