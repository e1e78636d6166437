// The rooms that the user listens to: what the timeline's items say, and beside it what the server says of each when it is asked (boards.ts).
// rooms.ts has what a user can do about them.
import { type ConversationId, isConversationId, isRoomConversation } from '../../../protocol/conversation-id.js'
import type { Room as RoomItem, RoomSummary } from '../../../protocol/generated/messages.js'
import {
  kindOf,
  type RoomKindName,
  type RoomRoleName,
  type RoomStateName,
  roleNameOf,
  stateNameOf,
} from '../base/room-words.js'
import type { Commits } from '../storage/commits.js'
import type { Standing } from './beginnings.js'
import { KeyedList } from './keyed-list.js'

/** A room as this user is in it. */
export interface Room {
  readonly conversation: ConversationId
  readonly state: RoomStateName
  readonly role: RoomRoleName
  readonly kind: RoomKindName
  /** Empty until the server has said it, a moment after the listening began. */
  readonly title: string
  /** The room has ended. A board can still be read. */
  readonly closed: boolean
  /** The number of a board's newest post, as far as is known here. */
  readonly head: number
  /** The number up to which the user has confirmed. */
  readonly confirmed: number
  /** Posts of others above that which are still there; 100: that many, or more. */
  readonly unconfirmed: number
}

export class RoomList extends KeyedList<ConversationId, Room> {
  /** @param emit a room is as this from now on; called when that is stored */
  constructor(commits: Commits, emit: (room: Room) => void) {
    super(commits, { kind: 'room', defaults: roomOf('room:0'), emit, ended: room => noMore(room, 'none') })
  }

  /** The rooms that the user listens to, or asks to, from local state. */
  list(): Room[] {
    return this.all().filter(({ state }) => state !== 'none')
  }

  /** The boards that the user listens to. */
  boards(): Room[] {
    return this.all().filter(({ state, kind }) => state === 'listening' && kind === 'board')
  }

  /** Whether the server knows where some room stands. */
  get hasSome(): boolean {
    return this.all().some(({ state }) => state === 'listening')
  }

  /** How far the listening is. */
  standing(conversation: ConversationId): Standing {
    const state = this.get(conversation)?.state
    if (state === 'listening') return 'stands'
    return state === 'none' ? 'ended' : 'between'
  }

  /** An item came. @returns the room as it is now; undefined if the item names none */
  onItem({ conversation, state, role, kind, confirmed }: RoomItem): Room | undefined {
    if (!isConversationId(conversation) || !isRoomConversation(conversation)) return undefined
    const known = this.get(conversation) ?? roomOf(conversation)
    const words = { state: stateNameOf(state), role: roleNameOf(role), kind: kindOf(kind), confirmed }
    const head = Math.max(known.head, confirmed)
    const unconfirmed = head === confirmed ? 0 : known.unconfirmed
    const room = { ...known, ...words, head, unconfirmed }
    const after = room.state === 'listening' ? room : noMore(room, room.state)
    this.set(conversation, after)
    return after
  }

  /** The server has said where a room stands that the user listens to. */
  onSummary(summary: RoomSummary): void {
    const room = roomOfSummary(summary)
    const known = this.get(room.conversation)
    if (known?.state === 'listening' && isOther(known, room)) this.set(room.conversation, room)
  }
}

export function roomOfSummary({ conversation, kind, role, ...rest }: RoomSummary): Room {
  const words = { state: 'listening', kind: kindOf(kind), role: roleNameOf(role) } as const
  return { conversation: conversation as ConversationId, ...words, ...rest }
}

function roomOf(conversation: ConversationId): Room {
  const words = { state: 'none', role: 'none', kind: 'board' } as const
  return { conversation, ...words, title: '', closed: false, head: 0, confirmed: 0, unconfirmed: 0 }
}

/** The room to somebody who does not listen, any more or yet: what stays is what it is called. */
function noMore({ conversation, kind, title }: Room, state: RoomStateName): Room {
  return { ...roomOf(conversation), kind, title, state }
}

function isOther(a: Room, b: Room): boolean {
  return (Object.keys(a) as (keyof Room)[]).some(name => a[name] !== b[name])
}
