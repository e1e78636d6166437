/** Rooms: a room and those who listen to it say the same, unless one has still to hear of the other's last act. */

import { decodeItem, RoomRole, RoomState } from '../../protocol/generated/messages.js'
import { ROOM_LISTENERS_MAX } from '../../protocol/limits.js'
import type { Actor } from '../store/types.js'
import type { StoreView, ViewedEntry } from '../store/view.js'
import { pairOut } from '../sync/record-kinds.js'
import { isRoomActor, roomActor } from '../sync/references.js'
import { deviceWindow } from '../sync/rules/device-window.js'
import { lastNumber } from '../sync/rules/group-records.js'
import { profile, userActor } from '../sync/rules/records.js'
import { ridOfRoom } from '../sync/rules/room.js'
import {
  aboutRoom,
  type Listening,
  listener,
  listenerCounts,
  listening,
  listeningIndex,
  type Rid,
  roomConversation,
  roomPublishers,
} from '../sync/rules/room-records.js'
import type { Findings, NamedRecord } from './findings.js'
import { recordOf } from './reader.js'

const { UNSPECIFIED, LISTENING } = RoomState

export class RoomCheck {
  readonly #view: StoreView
  readonly #findings: Findings
  /** The room whose records are being read, and how many listeners of either sort it has had so far. */
  #counted = { room: '', listening: 0, removed: 0 }

  constructor(view: StoreView, findings: Findings) {
    this.#view = view
    this.#findings = findings
  }

  record({ actor, uid, prefix, id, bytes }: NamedRecord): void {
    if (actor !== this.#counted.room) this.#count(actor)
    if (uid !== 0 && prefix === listening.prefix) this.#user(uid, id, listening.decode(bytes))
    if (!isRoomActor(actor)) return
    if (prefix === aboutRoom.prefix) this.#findings.counts.rooms += 1
    else if (prefix === listener.prefix) this.#listener(actor, Number(id), bytes)
    else if (prefix === roomPublishers.prefix) this.#publishers(actor, roomPublishers.decode(bytes))
  }

  /** All records have been read. */
  end(): void {
    this.#count('')
  }

  /** Compares the listeners of the room that was read with the numbers that bound them, and begins with the next one. */
  #count(next: Actor): void {
    const { room, listening, removed } = this.#counted
    this.#counted = { room: isRoomActor(next) ? next : '', listening: 0, removed: 0 }
    if (room === '') return
    const noted = recordOf(this.#view, room, listenerCounts) ?? { listening: 0, removed: 0 }
    if (noted.listening !== listening || noted.removed !== removed) {
      const [has, says] = [`${listening} and ${removed} removed`, `${noted.listening} and ${noted.removed}`]
      this.#findings.fault(`${room} has ${has} listeners, and counts ${says}`)
    }
    if (listening + removed > ROOM_LISTENERS_MAX) this.#findings.fault(`${room} has too many listeners`)
  }

  /** Checks what a user is to a room against the room's own records. */
  #user(uid: number, rid: Rid, own: Listening): void {
    // What a deleted account still has goes in slices.
    if (this.#isGone(uid)) return
    const isListed = recordOf(this.#view, userActor(uid), listeningIndex)?.includes(rid) === true
    if (isListed !== (own.state !== UNSPECIFIED))
      this.#findings.fault(`the list of rooms of user ${uid} is wrong about ${rid}`)
    if (this.#isUnderWay(uid, rid)) return
    const room = roomActor(rid)
    const known = recordOf(this.#view, room, listener, uid)
    const number = known === undefined || known.removed ? undefined : known.number
    if (own.state === LISTENING ? number !== own.number : own.state !== UNSPECIFIED || number !== undefined) {
      this.#findings.fault(`user ${uid} is ${own.state} of ${own.number} to room ${rid}, and the room knows otherwise`)
    } else if (own.state === LISTENING && (own.kind !== this.#kindOf(room) || own.role !== this.#roleOf(room, uid))) {
      this.#findings.fault(`user ${uid} has another kind or role of room ${rid} than the room`)
    }
  }

  #listener(room: Actor, uid: number, bytes: Uint8Array): void {
    const { removed } = listener.decode(bytes)
    this.#counted[removed ? 'removed' : 'listening'] += 1
    const rid = ridOfRoom(room)
    if (removed || this.#isGone(uid) || this.#isUnderWay(uid, rid)) return
    if (recordOf(this.#view, userActor(uid), listening, rid)?.state !== LISTENING)
      this.#findings.fault(`user ${uid} listens to room ${rid}, and does not know of it`)
  }

  #publishers(room: Actor, list: readonly number[]): void {
    for (const uid of list) {
      if (recordOf(this.#view, room, listener, uid)?.removed !== false)
        this.#findings.fault(`user ${uid} publishes in ${room}, and does not listen to it`)
    }
  }

  #kindOf(room: Actor) {
    return recordOf(this.#view, room, aboutRoom)?.kind
  }

  #roleOf(room: Actor, uid: number): RoomRole {
    const now = recordOf(this.#view, room, aboutRoom)
    if (now?.owner === uid && !now.closed) return RoomRole.OWNER
    const isPublisher = recordOf(this.#view, room, roomPublishers)?.includes(uid) === true
    return isPublisher ? RoomRole.PUBLISHER : RoomRole.LISTENER
  }

  #isGone(uid: number): boolean {
    return recordOf(this.#view, userActor(uid), profile)?.deleted !== false
  }

  /** Whether something between the user and the room has not arrived. */
  #isUnderWay(uid: number, rid: Rid): boolean {
    return this.#waits(userActor(uid), roomActor(rid)) || this.#waits(roomActor(rid), userActor(uid))
  }

  #waits(source: Actor, target: Actor): boolean {
    const out = recordOf(this.#view, source, pairOut, target)
    return out !== undefined && out.sent !== out.settled
  }
}

/** Checks the posts of a board, in the order of its log: each device's once and in order, none that it has not sent, none above the last number. */
export class Posts {
  readonly #view: StoreView
  readonly #room: Actor
  readonly #findings: Findings
  readonly #last = new Map<string, number>()

  constructor(view: StoreView, room: Actor, findings: Findings) {
    this.#view = view
    this.#room = room
    this.#findings = findings
  }

  take({ version, bytes }: ViewedEntry): void {
    const { content } = decodeItem(bytes)
    const name = `item ${version} of ${this.#room}`
    if (
      content?.case !== 'conversationMessage' ||
      content.value.conversation !== roomConversation(ridOfRoom(this.#room))
    ) {
      this.#findings.fault(`${name} is no post of this room`)
      return
    }
    const { sender, device, sendSeq } = content.value
    const of = `${sender}/${device}`
    if (sendSeq <= (this.#last.get(of) ?? 0)) this.#findings.fault(`${name} is ${of}/${sendSeq} again, or late`)
    this.#last.set(of, sendSeq)
    const window = recordOf(this.#view, userActor(sender), deviceWindow, device)
    if (window !== undefined && sendSeq > window.last)
      this.#findings.fault(`${name} is ${of}/${sendSeq}, and its device has sent ${window.last}`)
    if (version > (recordOf(this.#view, this.#room, lastNumber)?.n ?? 0))
      this.#findings.fault(`${name} is above the last number that the room has given out`)
  }
}
