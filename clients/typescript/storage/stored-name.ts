// The name of a conversation in what is stored: the other user's uid for a direct one, the id for any other. Older versions of
// this library knew direct conversations only. What they stored needs no change, and is written the same today.
import { type ConversationId, directConversation, peerOf } from '../../../protocol/conversation-id.js'

export type StoredName = number | ConversationId

export function storedName(conversation: ConversationId): StoredName {
  return peerOf(conversation) ?? conversation
}

export function conversationOf(name: StoredName): ConversationId {
  return typeof name === 'number' ? directConversation(name) : name
}
