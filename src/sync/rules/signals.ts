/**
 * Who may be told what of a user now: presence and typing (PROTOCOL.md, 17). Nothing is written. Each side is asked at its own records: a
 * watch at the watcher's and at each friend's, typing at the typist's and at the group's. The answers are soft, so they follow a change at
 * another node within 3 s.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { type ConversationId, isRoomConversation, peerOf } from '../../../protocol/conversation-id.js'
import { ContactState, GroupState, RoomState } from '../../../protocol/generated/messages.js'
import type { RecordKind, Transition, Tx } from '../types.js'
import { preferences } from './conversation-records.js'
import { isSilent } from './group.js'
import { about, gidOf, members, userGroup } from './group-records.js'
import { type ContactRecord, contact, NOBODY, profile } from './records.js'
import { listening, ridOf } from './room-records.js'
import { mayTalk } from './stranger.js'

export interface WatchInput {
  readonly uid: number
  readonly conversations: readonly ConversationId[]
}

export interface Watchable {
  /** OK, or why one of the conversations is not the user's. */
  readonly code: Code
  /** Whether the user shows and sees no presence. */
  readonly off: boolean
  /** The friends among the other users whom no block keeps apart from the user. */
  readonly peers: readonly number[]
}

/** What a user may look at, by the user's own records. */
export const mayWatch: Transition<WatchInput, Watchable> = {
  name: 'signal.watch',
  soft: true,
  reads: ({ conversations }) => [[preferences], ...conversations.map(standingRecord)],
  run(tx, { uid, conversations }) {
    const peers: number[] = []
    for (const conversation of conversations) {
      const code = standing(tx, uid, conversation)
      if (code !== CODES.OK.code) return { code, off: false, peers: [] }
      const peer = peerOf(conversation)
      if (peer !== undefined && !isBlock(tx.get(contact, peer) ?? NOBODY)) peers.push(peer)
    }
    return { code: CODES.OK.code, off: isOff(tx), peers }
  },
}

/** Whether the user shows the own presence to a friend, by the user's own records. */
export const showsPresence: Transition<{ readonly to: number }, boolean> = {
  name: 'signal.shows-presence',
  soft: true,
  reads: ({ to }) => [[contact, to], [preferences], [profile]],
  run(tx, { to }) {
    const known = tx.get(contact, to) ?? NOBODY
    const isShown = known.state === ContactState.FRIEND && !isBlock(known) && !isOff(tx)
    return isShown && tx.get(profile)?.deleted === false
  },
}

export interface TypingInput {
  readonly uid: number
  readonly conversation: ConversationId
}

/** Whether a user may say that she types in a conversation, by the user's own records: the code, and whether anybody is told. */
export const mayType: Transition<TypingInput, { readonly code: Code; readonly off: boolean }> = {
  name: 'signal.type',
  soft: true,
  reads: ({ conversation }) => [[preferences], standingRecord(conversation)],
  run(tx, { uid, conversation }) {
    const peer = peerOf(conversation)
    const own = standing(tx, uid, conversation)
    const isBlocked = own === CODES.OK.code && peer !== undefined && isBlock(tx.get(contact, peer) ?? NOBODY)
    return { code: isBlocked ? CODES.BLOCKED.code : own, off: isOff(tx) }
  },
}

/** Whether a group lets a member write, by its own records. */
export const mayTypeInGroup: Transition<{ readonly uid: number }, Code> = {
  name: 'signal.type-in-group',
  soft: true,
  reads: () => [[about], [members]],
  run(tx, { uid }) {
    const member = tx.get(members)?.get(uid)
    if (member === undefined) return CODES.NO_SUCH_GROUP.code
    return isSilent(tx, member) ? CODES.MUTED.code : CODES.OK.code
  },
}

/**
 * Whether a conversation is the user's now: with a friend, or between two who have both written (stranger.ts), of a group that the user is in,
 * or a room that the user listens to. A stranger is answered like a non-user.
 */
function standing(tx: Tx, uid: number, conversation: ConversationId): Code {
  const peer = peerOf(conversation)
  if (peer === uid) return CODES.SELF.code
  if (peer !== undefined) {
    return mayTalk(tx, tx.get(contact, peer)) ? CODES.OK.code : CODES.NOT_FRIEND.code
  }
  if (isRoomConversation(conversation)) {
    const rid = ridOf(conversation)
    const own = rid === undefined ? undefined : tx.get(listening, rid)
    return own?.state === RoomState.LISTENING ? CODES.OK.code : CODES.NO_SUCH_ROOM.code
  }
  const gid = gidOf(conversation)
  const own = gid === undefined ? undefined : tx.get(userGroup, gid)
  return own?.state === GroupState.MEMBER ? CODES.OK.code : CODES.NO_SUCH_GROUP.code
}

function standingRecord(conversation: ConversationId): readonly [RecordKind<unknown>, string | number] {
  const peer = peerOf(conversation)
  if (peer !== undefined) return [contact as RecordKind<unknown>, peer]
  const rid = ridOf(conversation)
  if (rid !== undefined) return [listening as RecordKind<unknown>, rid]
  return [userGroup as RecordKind<unknown>, gidOf(conversation) ?? '']
}

function isBlock({ blocked, blockedBy }: ContactRecord): boolean {
  return blocked || blockedBy
}

function isOff(tx: Tx): boolean {
  return tx.get(preferences)?.noPresence === true
}
