/** The user's side of what a room tells about the own listening. The states are drawn in listening.ts. */
import type { Code } from '../../../protocol/codes.js'
import { encodeItem, type RoomKind, type RoomRole, RoomState } from '../../../protocol/generated/messages.js'
import { jsonEffect } from '../effect-kinds.js'
import type { EffectKind, Tx } from '../types.js'
import { profile } from './records.js'
import { ridOfRoom, roomWord } from './room.js'
import { type Listening, listening, listeningIndex, NO_LISTENING, type Rid, roomConversation } from './room-records.js'

export type ToldByRoom =
  /** `head`: the number of a board's newest post. What is older needs no confirmation. */
  | {
      readonly act: 'listening'
      readonly number: number
      readonly kind: RoomKind
      readonly role: RoomRole
      readonly head: number
    }
  | { readonly act: 'role'; readonly number: number; readonly role: RoomRole }
  | { readonly act: 'ended'; readonly number: number }

const { UNSPECIFIED, ASKED, LISTENING } = RoomState

/** The key of the item that shows a room. */
export function roomKey(rid: Rid): string {
  return `room/${rid}`
}

/** Puts the user's record of a room, keeps the index, and tells the devices. */
export function become(tx: Tx, rid: Rid, before: Listening, after: Listening): void {
  if (after === before) return
  tx.put(listening, after, rid)
  const [was, is] = [before.state !== UNSPECIFIED, after.state !== UNSPECIFIED]
  if (was !== is) {
    const others = (tx.get(listeningIndex) ?? []).filter(other => other !== rid)
    tx.put(listeningIndex, is ? [...others, rid] : others)
  }
  const value = { conversation: roomConversation(rid), ...after }
  tx.append(encodeItem({ skip: 0, content: { case: 'room', value } }), roomKey(rid))
}

/** The record after a listening has ended: its number stays, so that the next one has a higher one. */
export function noMore({ number }: Listening): Listening {
  return { ...NO_LISTENING, number }
}

export const roomTold: EffectKind<ToldByRoom> = jsonEffect({
  name: 'room-told',
  run(tx, told, source) {
    const rid = ridOfRoom(source)
    const before = tx.get(listening, rid) ?? NO_LISTENING
    const isDeleted = tx.get(profile)?.deleted !== false
    const isMeant = !isDeleted && before.state !== UNSPECIFIED && before.number === told.number
    if (isMeant) become(tx, rid, before, hear(before, told))
    // The user does not know of this listening: the store has lost it, or the account is deleted. (One that the user has ended meanwhile has a
    // number that the user knows.)
    else if (told.act === 'listening' && (isDeleted || told.number > before.number))
      tx.effect(roomWord, source, { word: 'leave', number: told.number, device: 0, sendSeq: 0 })
  },
})

function hear(before: Listening, told: ToldByRoom): Listening {
  switch (told.act) {
    case 'listening': {
      const { kind, role, head } = told
      const confirmed = before.state === ASKED ? Math.max(before.confirmed, head) : before.confirmed
      return { ...before, state: LISTENING, kind, role, confirmed }
    }
    case 'role':
      return before.state === LISTENING && before.role !== told.role ? { ...before, role: told.role } : before
    case 'ended':
      return noMore(before)
  }
}

/** A post or an act that the room refused. */
interface RoomRefusal {
  readonly rid: Rid
  readonly device: number
  readonly sendSeq: number
  readonly code: Code
}

export const roomRefused: EffectKind<RoomRefusal> = jsonEffect({
  name: 'room-refused',
  run(tx, { rid, device, sendSeq, code }) {
    if (tx.get(profile)?.deleted !== false) return
    const value = { device, sendSeq, recipient: 0, code, conversation: roomConversation(rid) }
    tx.append(encodeItem({ skip: 0, content: { case: 'failed', value } }))
  },
})
