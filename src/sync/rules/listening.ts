/**
 * The side of the user: what the user is to each room, and the requests that change it. The room's side is room.ts; what the room tells comes
 * to room-told.ts.
 *
 *   NONE ── Create, Subscribe (tells ask) ─► ASKED ── listening ─► LISTENING ── Unsubscribe (tells leave), ended ─► NONE
 *                                              └── Unsubscribe (tells leave), ended ─► NONE
 *
 * Each listening has a number, above that of the one before. What a user has confirmed of a board is in this record alone.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import {
  createConversationMessage,
  encodeItem,
  RoomKind,
  RoomRole,
  type RoomRules,
  RoomState,
} from '../../../protocol/generated/messages.js'
import { ROOMS_MAX, ROOMS_OWNED_MAX } from '../../../protocol/limits.js'
import { isShowable } from '../../../protocol/names.js'
import { roomActor } from '../references.js'
import type { Transition, Tx } from '../types.js'
import type { Written } from './message.js'
import { type Answer, type Numbered, numbered } from './numbered.js'
import { type OwnerAct, roomDone, roomMade, roomSaid, roomWord } from './room.js'
import { type Listening, listening, listeningIndex, NO_LISTENING, type Rid, roomConversation } from './room-records.js'
import { become, noMore } from './room-told.js'

const { UNSPECIFIED, ASKED, LISTENING } = RoomState

export interface RoomInput extends Numbered {
  readonly uid: number
  readonly rid: Rid
  /** A limit of what the user may cause is reached. The service found this; the rule refuses, so that the number is used up. */
  readonly limited?: boolean
}

/** Makes the transition of a request about a room. Its rule returns the new record, or the code that refuses. */
function act<I extends RoomInput>(
  name: string,
  rule: (tx: Tx, input: I, before: Listening) => Listening | Code,
): Transition<I, Answer> {
  return numbered<I>(
    `room.${name}`,
    (tx, input) => {
      const { rid, limited } = input
      if (limited) return CODES.REQUEST_LIMIT.code
      const before = tx.get(listening, rid) ?? NO_LISTENING
      if (!tx.outboxHasSpace(roomActor(rid))) return CODES.OUTBOX_FULL.code
      const after = rule(tx, input, before)
      if (typeof after === 'number') return after
      become(tx, rid, before, after)
      return CODES.OK.code
    },
    undefined,
    ({ rid }) => [[listening, rid], [listeningIndex]],
  )
}

/** The number of the user's next listening: its time, but above the last one's. */
function nextListening(tx: Tx, { number }: Listening): number {
  return Math.max(number + 1, tx.nowMs)
}

/** Whether the user may listen to one more room. */
function mayListenMore(tx: Tx): boolean {
  return (tx.get(listeningIndex) ?? []).length < ROOMS_MAX
}

export interface CreateRoomInput extends RoomInput {
  readonly title: string
  readonly kind: RoomKind
  readonly rules: RoomRules
  /** The code, if the rules need one. */
  readonly code: string
}

/** Makes a room. The rid is made of this very request, so nothing can be there yet. */
export const createRoom = act<CreateRoomInput>('create', (tx, input, before) => {
  const { rid, title, kind, rules, device, sendSeq } = input
  if (!isShowable(title)) return CODES.NAME_INVALID.code
  const list = tx.get(listeningIndex) ?? []
  tx.fetch([listening], list)
  const owned = list.filter(other => tx.get(listening, other)?.role === RoomRole.OWNER)
  if (!mayListenMore(tx) || owned.length >= ROOMS_OWNED_MAX) return CODES.ROOM_LIMIT.code
  const number = nextListening(tx, before)
  const code = rules.codeNeeded ? input.code : ''
  tx.effect(roomMade, roomActor(rid), { title, kind, rules, code, number, device, sendSeq })
  return { ...before, state: ASKED, number, kind, role: RoomRole.OWNER }
})

export const subscribe = act<RoomInput & { readonly code: string }>('subscribe', (tx, input, before) => {
  // The user listens already, or has asked to.
  if (before.state !== UNSPECIFIED) return before
  if (!mayListenMore(tx)) return CODES.ROOM_LIMIT.code
  const { rid, code, device, sendSeq } = input
  const number = nextListening(tx, before)
  tx.effect(roomWord, roomActor(rid), { word: 'ask', number, code, device, sendSeq })
  return { ...NO_LISTENING, state: ASKED, number }
})

export const unsubscribe = act<RoomInput>('unsubscribe', (tx, { rid }, before) => {
  if (before.state === UNSPECIFIED) return CODES.NOT_LISTENER.code
  if (before.role === RoomRole.OWNER) return CODES.NOT_ALLOWED.code
  sayLeave(tx, rid, before)
  return noMore(before)
})

function sayLeave(tx: Tx, rid: Rid, { number }: Listening): void {
  tx.effect(roomWord, roomActor(rid), { word: 'leave', number, device: 0, sendSeq: 0 })
}

/** Tells a room, from a deleted account's record of it, that the user has gone. The record is removed in the same unit. */
export function stopListeningAtEnd(tx: Tx, rid: Rid): void {
  const own = tx.get(listening, rid) ?? NO_LISTENING
  if (own.state !== UNSPECIFIED) sayLeave(tx, rid, own)
}

/** Makes the transition of an act that the room decides: this side refuses what it can, the room the rest. */
function roomAct<I extends RoomInput>(
  name: string,
  did: (input: I) => OwnerAct | { readonly act: 'remove'; readonly post: number } | Code,
): Transition<I, Answer> {
  return act<I>(name, (tx, input, before) => {
    if (before.state !== LISTENING) return CODES.NOT_LISTENER.code
    const what = did(input)
    if (typeof what === 'number') return what
    if (what.act !== 'remove' && before.role !== RoomRole.OWNER) return CODES.NOT_PUBLISHER.code
    const { device, sendSeq } = input
    tx.effect(roomDone, roomActor(input.rid), { did: what, number: before.number, device, sendSeq })
    return before
  })
}

export const setRoom = roomAct<RoomInput & Omit<OwnerAct & { readonly act: 'set' }, 'act'>>(
  'set',
  ({ title, rules, code, newCode }) =>
    isShowable(title) ? { act: 'set', title, rules, code, newCode } : CODES.NAME_INVALID.code,
)
export const setRoomRole = roomAct<RoomInput & { readonly other: number; readonly role: RoomRole }>(
  'set-role',
  ({ other, role }) => ({ act: 'role', uid: other, role }),
)
export const closeRoom = roomAct<RoomInput>('close', () => ({ act: 'close' }))
export const removePost = roomAct<RoomInput & { readonly post: number }>('remove', ({ post }) => ({
  act: 'remove',
  post,
}))

export interface RoomPostInput extends RoomInput, Written {}

/** Puts a post on a board. Its author gets no copy, and reads it on the board like everybody. */
export const postToRoom = numbered<RoomPostInput>(
  'room.post',
  (tx, { uid, rid, device, sendSeq, text, content, extra, fault, limited }) => {
    if (fault !== CODES.OK.code) return fault
    const own = tx.get(listening, rid) ?? NO_LISTENING
    if (own.state !== LISTENING) return CODES.NOT_LISTENER.code
    if (own.kind !== RoomKind.BOARD) return CODES.NOT_ALLOWED.code
    if (limited) return CODES.RECIPIENT_LIMIT.code
    if (!tx.outboxHasSpace(roomActor(rid))) return CODES.OUTBOX_FULL.code
    const atMs = tx.nowMs
    const conversation = roomConversation(rid)
    const value = createConversationMessage({
      ...{ sender: uid, device, sendSeq, atMs, conversation, text },
      ...{ content, extra },
    })
    const item = encodeItem({ skip: 0, content: { case: 'conversationMessage', value } })
    tx.effect(roomSaid, roomActor(rid), { listening: own.number, device, sendSeq, atMs, item })
    return CODES.OK.code
  },
  undefined,
  ({ rid }) => [[listening, rid]],
)

/** Notes up to which number of a board the user has confirmed. It only rises. The room is told nothing. */
export const confirm = numbered<RoomInput & { readonly upTo: number }>(
  'room.confirm',
  (tx, { rid, upTo }) => {
    const before = tx.get(listening, rid) ?? NO_LISTENING
    if (before.state !== LISTENING) return CODES.NOT_LISTENER.code
    if (before.kind !== RoomKind.BOARD) return CODES.NOT_ALLOWED.code
    if (upTo > before.confirmed) become(tx, rid, before, { ...before, confirmed: upTo })
    return CODES.OK.code
  },
  undefined,
  ({ rid }) => [[listening, rid]],
)
