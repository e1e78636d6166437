// Applies the items of rooms: what the user is to one, and what one refuses. Nothing of them is stored here: the server says, on each
// connection, where the rooms of the user stand.
import { type ConversationId, isConversationId, isRoomConversation } from '../../../protocol/conversation-id.js'
import type { Failed, Room as RoomItem } from '../../../protocol/generated/messages.js'
import type { Emitter } from '../base/emitter.js'
import { reasonOfCode } from '../base/errors.js'
import { kindOf, roleNameOf, stateNameOf } from '../base/room-words.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import type { ClientEvents } from './events.js'

export interface RoomInboxHost {
  readonly commits: Commits
  readonly identity: Identity
  readonly events: Emitter<ClientEvents>
}

export class RoomInbox {
  readonly #host: RoomInboxHost

  constructor(host: RoomInboxHost) {
    this.#host = host
  }

  onItem({ conversation, state, role, kind, confirmed }: RoomItem): void {
    if (!isRoom(conversation)) return
    const { commits, events } = this.#host
    const room = { conversation, state: stateNameOf(state), role: roleNameOf(role), kind: kindOf(kind), confirmed }
    commits.tell(() => events.emit('room', room))
  }

  /** A room has refused what this device asked. @returns whether it was a room */
  failed({ conversation, device, sendSeq, code }: Failed): boolean {
    if (!isRoom(conversation)) return false
    const { commits, events, identity } = this.#host
    const event = { conversation, sendSeq, code, reason: reasonOfCode(code) }
    if (device === identity.device) commits.tell(() => events.emit('roomFailed', event))
    return true
  }
}

function isRoom(conversation: string): conversation is ConversationId {
  return isConversationId(conversation) && isRoomConversation(conversation)
}
