// How a conversation is named in what is stored: a direct one by the other user's uid, any other by its id. So what older
// versions of this library stored, when all conversations were direct, needs no change, and is written the same today.
import { type ConversationId, directConversation, peerOf } from '../../../protocol/conversation-id.js'

export type StoredName = number | ConversationId

export function storedName(conversation: ConversationId): StoredName {
  return peerOf(conversation) ?? conversation
}

export function conversationOf(name: StoredName): ConversationId {
  return typeof name === 'number' ? directConversation(name) : name
}
