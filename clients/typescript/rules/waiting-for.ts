// What a request in the send queue waits for, and what it begins: a friendship, the membership of a group, the listening to a room.
import type { ConversationId } from '../../../protocol/conversation-id.js'
import type { ResponseOf } from '../../../protocol/methods.js'
import type { OperationName } from '../base/operation.js'
import type { Other } from './beginnings.js'
import type { Content } from './send-queue.js'

/**
 * The user whom the request asks to become a friend, the group that it wants to become a member of, or the room that it wants to listen to.
 * To accept a contact needs no waiting: it makes the friendship when it is taken.
 */
export function begunBy(content: Content): Other | undefined {
  if (content.kind !== 'operation') return undefined
  const { method, request } = content
  if (method === 'contactRequest') return Number(request.uid)
  return BEGINNINGS.has(method) ? (request.conversation as ConversationId) : undefined
}

const BEGINNINGS: ReadonlySet<string> = new Set<OperationName>(['groupAccept', 'groupJoin', 'roomSubscribe'])

/** What the request made, which nobody could name before the answer. */
export function madeBy(content: Content, response: unknown): ConversationId | undefined {
  if (content.kind !== 'operation' || !MAKERS.has(content.method)) return undefined
  return (response as ResponseOf<'groupCreate' | 'roomCreate'>).conversation as ConversationId
}

const MAKERS: ReadonlySet<string> = new Set<OperationName>(['groupCreate', 'roomCreate'])

/** The one to whom a message goes, or the room in which something is done: it would be refused before the beginning is over. */
export function neededBy(content: Content): Other | undefined {
  if (content.kind === 'message') {
    const { peer, conversation } = content.message
    return peer === 0 ? conversation : peer
  }
  if (content.kind !== 'operation' || !ROOM_ACTS.has(content.method)) return undefined
  return content.request.conversation as ConversationId
}

const ROOM_ACTS: ReadonlySet<string> = new Set<OperationName>([
  'roomSet',
  'roomSetRole',
  'roomPost',
  'roomRemove',
  'roomClose',
  'roomConfirm',
])
