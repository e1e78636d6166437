// Kinds of conversations.
import type { ConversationId } from '../../typescript/browser.js'

export function isRoom(conversation: ConversationId): boolean {
  return conversation.startsWith('room:')
}

export function isGroup(conversation: ConversationId): boolean {
  return conversation.startsWith('group:')
}
