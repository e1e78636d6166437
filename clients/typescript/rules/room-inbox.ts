// Applies the items of rooms: what the user is to one, and what one refuses.
import { type ConversationId, isConversationId, isRoomConversation } from '../../../protocol/conversation-id.js'
import type { Failed, Room as RoomItem } from '../../../protocol/generated/messages.js'
import type { Emitter } from '../base/emitter.js'
import { reasonOfCode } from '../base/errors.js'
import type { Identity } from '../connection/identity.js'
import type { Commits } from '../storage/commits.js'
import type { Boards } from './boards.js'
import type { ClientEvents } from './events.js'
import type { RoomList } from './room-list.js'

export interface RoomInboxHost {
  readonly commits: Commits
  readonly identity: Identity
  readonly events: Emitter<ClientEvents>
  readonly rooms: RoomList
  readonly boards: Boards
  /** What waits for the room's yes may go, or not. */
  changed(conversation: ConversationId): void
}

export class RoomInbox {
  readonly #host: RoomInboxHost

  constructor(host: RoomInboxHost) {
    this.#host = host
  }

  onItem(item: RoomItem): void {
    const { rooms, boards, changed } = this.#host
    const room = rooms.onItem(item)
    if (room === undefined) return
    boards.changed(room)
    changed(room.conversation)
  }

  /** A room has refused what this device asked. @returns whether it was a room */
  failed({ conversation, device, sendSeq, code }: Failed): boolean {
    if (!isConversationId(conversation) || !isRoomConversation(conversation)) return false
    const { commits, events, identity } = this.#host
    const event = { conversation, sendSeq, code, reason: reasonOfCode(code) }
    if (device === identity.device) commits.tell(() => events.emit('roomFailed', event))
    return true
  }
}
