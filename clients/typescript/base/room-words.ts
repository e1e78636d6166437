// Rooms in the words of an application: kinds, roles and states.
import { RoomKind, RoomRole, RoomState } from '../../../protocol/generated/messages.js'

/** board: posts are kept. realtime: what is published goes to who looks now, and is kept nowhere. */
export type RoomKindName = 'board' | 'realtime'
/** none: the user does not listen. */
export type RoomRoleName = 'none' | 'listener' | 'publisher' | 'owner'
/** asked: the room has not answered yet. */
export type RoomStateName = 'none' | 'asked' | 'listening'

export const KIND_ITEMS = { board: RoomKind.BOARD, realtime: RoomKind.REALTIME } as const
export const SET_ROLE_ITEMS = {
  listener: RoomRole.LISTENER,
  publisher: RoomRole.PUBLISHER,
  removed: RoomRole.REMOVED,
} as const

export type SettableRoomRole = keyof typeof SET_ROLE_ITEMS

export function kindOf(kind: RoomKind): RoomKindName {
  return kind === RoomKind.REALTIME ? 'realtime' : 'board'
}

export function roleNameOf(role: RoomRole): RoomRoleName {
  if (role === RoomRole.OWNER) return 'owner'
  if (role === RoomRole.PUBLISHER) return 'publisher'
  return role === RoomRole.LISTENER ? 'listener' : 'none'
}

export function stateNameOf(state: RoomState): RoomStateName {
  if (state === RoomState.LISTENING) return 'listening'
  return state === RoomState.ASKED ? 'asked' : 'none'
}
