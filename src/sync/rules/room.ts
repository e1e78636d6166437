/**
 * The side of the room: who listens to it, who publishes, and the order of its posts. A post is stored once, in the room's log, under its
 * number; nothing is written for a listener. The side of the users is listening.ts.
 *
 *   ask(n) ─► listener n ── leave(n), removed ─► none          A removed one keeps a record: it may not ask again.
 *
 * A user numbers each listening. Both sides name it in all that they tell each other, and what names another one comes late and changes
 * nothing. What one user tells the room comes in order, so the room follows the user's last word; where it refuses, it says so with the
 * number.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import {
  encodeSignalNotice,
  type RoomHead,
  RoomKind,
  RoomRole,
  type RoomRules,
} from '../../../protocol/generated/messages.js'
import { withNumber } from '../../../protocol/item-codec.js'
import { ROOM_LISTENERS_MAX, ROOM_PUBLISHERS_MAX } from '../../../protocol/limits.js'
import { assert } from '../../lib/assert.js'
import { itemEffect, jsonEffect } from '../effect-kinds.js'
import { HEAD } from '../events.js'
import type { EffectKind, Tx } from '../types.js'
import { lastGiven, nextNumber } from './group-changes.js'
import { isGone, messageIn, messageItem, recalled } from './message-state.js'
import { uidOf, userActor } from './records.js'
import {
  type AboutRoom,
  aboutRoom,
  listener,
  listenerCounts,
  NO_ROOM,
  type Rid,
  roomConversation,
  roomPublishers,
} from './room-records.js'
import { roomRefused, roomTold, type ToldByRoom } from './room-told.js'

/** The rid in a room's actor. */
export function ridOfRoom(actor: string): Rid {
  return actor.slice('room/'.length)
}

/** The request of a device that caused an effect; device 0: no request did. The device is told if the room refuses. */
interface Asked {
  readonly device: number
  readonly sendSeq: number
}

/** A new room, from its maker, who listens to it under this number. */
interface Made extends Asked, Pick<AboutRoom, 'title' | 'kind' | 'rules' | 'code'> {
  readonly number: number
}

export const roomMade: EffectKind<Made> = jsonEffect({
  name: 'room-made',
  run(tx, { title, kind, rules, code, number }, source) {
    const owner = uidOf(source)
    if (tx.get(aboutRoom) === undefined)
      tx.put(aboutRoom, { title, kind, rules, code, owner, createdAtMs: tx.nowMs, closed: false })
    // The store may have lost at the maker's side alone that it was made.
    listen(tx, owner, number)
  },
  refused(tx, made, source) {
    tell(tx, uidOf(source), { act: 'ended', number: made.number })
    refuse(tx, source, made, CODES.REFUSED.code)
  },
})

/** A user's word about the own listening of this number. */
export interface RoomWord extends Asked {
  readonly word: 'ask' | 'leave'
  readonly number: number
  /** The code to listen by, with 'ask'. */
  readonly code?: string
}

export const roomWord: EffectKind<RoomWord> = jsonEffect({
  name: 'room-word',
  run(tx, said, source) {
    const uid = uidOf(source)
    if (said.word === 'leave') {
      leave(tx, uid, said.number)
      return
    }
    const code = asked(tx, uid, said)
    if (code === CODES.OK.code) return
    tell(tx, uid, { act: 'ended', number: said.number })
    refuse(tx, source, said, code)
  },
  refused(tx, said, source) {
    tell(tx, uidOf(source), { act: 'ended', number: said.number })
    refuse(tx, source, said, CODES.REFUSED.code)
  },
})

function asked(tx: Tx, uid: number, { number, code = '' }: RoomWord): Code {
  const about = tx.get(aboutRoom)
  const known = tx.get(listener, uid)
  // Who does not know the code is not told whether the room is there.
  if (about === undefined || (known === undefined && !isOpenTo(about, uid, code))) return CODES.WRONG_CODE.code
  if (about.closed) return CODES.ROOM_CLOSED.code
  if (known?.removed === true) return CODES.NOT_ALLOWED.code
  if (known === undefined) {
    const { listening, removed } = tx.get(listenerCounts) ?? NO_COUNTS
    if (listening + removed >= ROOM_LISTENERS_MAX) return CODES.ROOM_FULL.code
  }
  listen(tx, uid, number)
  return CODES.OK.code
}

/** Whether a user who does not listen may begin. A room that has ended has no code any more. */
function isOpenTo({ rules, owner, closed, code }: AboutRoom, uid: number, given: string): boolean {
  return !rules.codeNeeded || uid === owner || (!closed && given === code)
}

const NO_COUNTS = { listening: 0, removed: 0 }

function count(tx: Tx, listening: number, removed: number): void {
  const before = tx.get(listenerCounts) ?? NO_COUNTS
  tx.put(listenerCounts, { listening: before.listening + listening, removed: before.removed + removed })
}

function listen(tx: Tx, uid: number, number: number): void {
  if (tx.get(listener, uid) === undefined) count(tx, 1, 0)
  tx.put(listener, { number, removed: false }, uid)
  const { kind } = aboutOf(tx)
  tell(tx, uid, { act: 'listening', number, kind, role: roleOf(tx, uid), head: lastGiven(tx) })
}

/** Ends a listening. That of the owner ends with the account alone, and the room with it. */
function leave(tx: Tx, uid: number, number: number): void {
  const known = tx.get(listener, uid)
  if (known === undefined || known.removed || known.number !== number) return
  tx.remove(listener, uid)
  count(tx, -1, 0)
  publishesNoMore(tx, uid)
  const about = aboutOf(tx)
  if (uid === about.owner && !about.closed) tx.put(aboutRoom, { ...about, closed: true, code: '' })
}

function publishesNoMore(tx: Tx, uid: number): boolean {
  const before = tx.get(roomPublishers) ?? []
  const after = before.filter(other => other !== uid)
  if (after.length < before.length) tx.put(roomPublishers, after)
  return after.length < before.length
}

export function aboutOf(tx: Tx): AboutRoom {
  return tx.get(aboutRoom) ?? { ...NO_ROOM, closed: true }
}

/** The role of a listener. When the room has ended, its owner is a listener like the others. */
export function roleOf(tx: Tx, uid: number): RoomRole {
  const { owner, closed } = aboutOf(tx)
  if (uid === owner && !closed) return RoomRole.OWNER
  return (tx.get(roomPublishers) ?? []).includes(uid) ? RoomRole.PUBLISHER : RoomRole.LISTENER
}

/** What the owner does to the room. */
export type OwnerAct =
  /** `code`: a new one, which is used if there is none yet, or if `newCode` replaces the present one. */
  | {
      readonly act: 'set'
      readonly title: string
      readonly rules: RoomRules
      readonly code: string
      readonly newCode: boolean
    }
  | { readonly act: 'role'; readonly uid: number; readonly role: RoomRole }
  | { readonly act: 'close' }

/** An act, by the listener of this number, with the request that it comes of. */
interface RoomDone extends Asked {
  readonly number: number
  readonly did: OwnerAct | { readonly act: 'remove'; readonly post: number }
}

export const roomDone: EffectKind<RoomDone> = jsonEffect({
  name: 'room-done',
  run(tx, done, source) {
    const uid = uidOf(source)
    const code = isListening(tx, uid, done.number) ? act(tx, uid, done.did) : CODES.NOT_LISTENER.code
    if (code !== CODES.OK.code) refuse(tx, source, done, code)
  },
  refused(tx, done, source) {
    refuse(tx, source, done, CODES.REFUSED.code)
  },
})

function act(tx: Tx, uid: number, did: RoomDone['did']): Code {
  const about = aboutOf(tx)
  if (about.closed) return CODES.ROOM_CLOSED.code
  if (did.act === 'remove') return removePost(tx, uid, did.post)
  if (uid !== about.owner) return CODES.NOT_PUBLISHER.code
  switch (did.act) {
    case 'set': {
      const { title, rules } = did
      const code = rules.codeNeeded && (did.newCode || about.code === '') ? did.code : about.code
      tx.put(aboutRoom, { ...about, title, rules, code })
      return CODES.OK.code
    }
    case 'role':
      return setRole(tx, did.uid, did.role)
    case 'close':
      tx.put(aboutRoom, { ...about, closed: true, code: '' })
      tellRole(tx, uid)
      return CODES.OK.code
  }
}

function setRole(tx: Tx, uid: number, role: RoomRole): Code {
  const known = tx.get(listener, uid)
  if (uid === aboutOf(tx).owner) return CODES.SELF.code
  if (known === undefined) return CODES.NOT_LISTENER.code
  if (role === RoomRole.REMOVED) {
    if (known.removed) return CODES.OK.code
    tx.put(listener, { number: 0, removed: true }, uid)
    count(tx, -1, 1)
    publishesNoMore(tx, uid)
    tell(tx, uid, { act: 'ended', number: known.number })
    return CODES.OK.code
  }
  if (known.removed) {
    if (role === RoomRole.PUBLISHER) return CODES.NOT_LISTENER.code
    tx.remove(listener, uid)
    count(tx, 0, -1)
    return CODES.OK.code
  }
  if (role === RoomRole.PUBLISHER) {
    const list = tx.get(roomPublishers) ?? []
    if (list.includes(uid)) return CODES.OK.code
    if (list.length >= ROOM_PUBLISHERS_MAX) return CODES.ROOM_FULL.code
    tx.put(
      roomPublishers,
      [...list, uid].sort((a, b) => a - b),
    )
  } else if (!publishesNoMore(tx, uid)) return CODES.OK.code
  tellRole(tx, uid)
  return CODES.OK.code
}

function removePost(tx: Tx, uid: number, number: number): Code {
  const entry = tx.entry(number)
  const post = entry === undefined ? undefined : messageIn(entry.bytes)
  if (entry === undefined || post === undefined) return CODES.NO_SUCH_MESSAGE.code
  if (post.value.sender !== uid && uid !== aboutOf(tx).owner) return CODES.NOT_AUTHOR.code
  if (!isGone(post.value)) tx.replace(entry, messageItem(recalled(post, uid)))
  return CODES.OK.code
}

/** A post on its way to the room. */
interface RoomSaid extends Asked {
  /** The number of its author's listening. */
  readonly listening: number
  readonly atMs: number
  /** The item without its number. */
  readonly item: Uint8Array
}

export const roomSaid: EffectKind<RoomSaid> = itemEffect(
  { listening: 'float64', device: 'uint32', sendSeq: 'float64', atMs: 'float64' },
  {
    name: 'room-said',
    run(tx, said, source) {
      const uid = uidOf(source)
      const code = isListening(tx, uid, said.listening) ? mayPublish(tx, uid, RoomKind.BOARD) : CODES.NOT_LISTENER.code
      if (code !== CODES.OK.code) {
        refuse(tx, source, said, code)
        return
      }
      const before = lastGiven(tx)
      const number = nextNumber(tx)
      assert(tx.appendAt(number, withNumber(said.item, number)), 'a number is above all that a room has given')
      tellHead(tx, { number, before, uid })
    },
    refused(tx, said, source) {
      refuse(tx, source, said, CODES.REFUSED.code)
    },
  },
)

/** Tells the connections of listeners, on all nodes, that there is a new post. It may be lost: clients ask with List from time to time. */
function tellHead(tx: Tx, head: RoomHead): void {
  const conversation = roomConversation(ridOfRoom(tx.actor))
  const bytes = encodeSignalNotice({ conversation, signal: { case: 'head', value: head } })
  tx.event({ kind: 'transient', from: '', to: tx.actor, topic: HEAD, bytes })
}

function isListening(tx: Tx, uid: number, number: number): boolean {
  const known = tx.get(listener, uid)
  return known !== undefined && !known.removed && known.number === number
}

/** Whether a listener may publish in the room, which is to be of this kind. */
export function mayPublish(tx: Tx, uid: number, kind: RoomKind): Code {
  const about = aboutOf(tx)
  if (about.closed) return CODES.ROOM_CLOSED.code
  if (about.kind !== kind) return CODES.NOT_ALLOWED.code
  const may = about.rules.allPublish || roleOf(tx, uid) >= RoomRole.PUBLISHER
  return may ? CODES.OK.code : CODES.NOT_PUBLISHER.code
}

function tell(tx: Tx, uid: number, told: ToldByRoom): void {
  tx.effect(roomTold, userActor(uid), told)
}

function tellRole(tx: Tx, uid: number): void {
  const number = tx.get(listener, uid)?.number ?? 0
  tell(tx, uid, { act: 'role', number, role: roleOf(tx, uid) })
}

function refuse(tx: Tx, source: string, { device, sendSeq }: Asked, code: Code): void {
  if (device !== 0) tx.effect(roomRefused, source, { rid: ridOfRoom(tx.actor), device, sendSeq, code })
}
