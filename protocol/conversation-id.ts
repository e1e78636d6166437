// Names of conversations. A direct one is called by the other user's uid; its name never travels. PROTOCOL.md, 7.16.
import { CONVERSATION_ID_BYTES_MAX, INTEGER_MAX } from './limits.js'

/** The id of a conversation: `direct:17` is the direct one with user 17. The type alone checks less than isConversationId(). */
export type ConversationId = `${string}:${string}`

const DIRECT = 'direct:'
const GROUP = 'group:'
const ROOM = 'room:'
const FORM = /^[a-z]+:[A-Za-z0-9._-]+$/
const DIRECT_FORM = /^direct:[1-9][0-9]{0,15}$/

/** The id of the direct conversation with a user. */
export function directConversation(uid: number): ConversationId {
  return `${DIRECT}${uid}`
}

/** The other user of a direct conversation; undefined for a conversation that is not direct. */
export function peerOf(conversation: ConversationId): number | undefined {
  return conversation.startsWith(DIRECT) ? Number(conversation.slice(DIRECT.length)) : undefined
}

/** Whether it is the conversation of a group, which gives numbers to its messages. PROTOCOL.md, 15. */
export function isGroupConversation(conversation: ConversationId): boolean {
  return conversation.startsWith(GROUP)
}

/** Whether it is a room, whose posts are in no timeline. PROTOCOL.md, 19. */
export function isRoomConversation(conversation: ConversationId): boolean {
  return conversation.startsWith(ROOM)
}

/** Whether it has the form of an id. Of a direct one there is exactly one for each uid. */
export function isConversationId(value: unknown): value is ConversationId {
  if (typeof value !== 'string' || value.length > CONVERSATION_ID_BYTES_MAX || !FORM.test(value)) return false
  return !value.startsWith(DIRECT) || (DIRECT_FORM.test(value) && Number(value.slice(DIRECT.length)) <= INTEGER_MAX)
}

/** Whether a message that comes with this id is one of such a conversation: direct ones come without. */
export function isNamedConversation(value: string): value is ConversationId {
  return isConversationId(value) && !value.startsWith(DIRECT)
}
