/** Finds which conversation, and which of its messages, a request means. */
import { type ConversationId, isConversationId, peerOf } from '../../protocol/conversation-id.js'
import { createMessageId } from '../../protocol/generated/messages.js'
import type { Place } from '../sync/rules/forward.js'
import { gidOf } from '../sync/rules/group-records.js'
import type { Pair } from './written.js'

/** A gid that no group has. */
const NO_GID = ''

/** The id of no message. */
export const NO_MESSAGE = createMessageId()

/** Whether it has the form of the id of a direct conversation, or of a group's. */
export function isPlace(conversation: string): conversation is ConversationId {
  return isConversationId(conversation) && (peerOf(conversation) !== undefined || gidOf(conversation) !== undefined)
}

/** The conversation that is meant. For an id that none can have: a group that is not there. */
export function placeOf(conversation: string): Place {
  const peer = isConversationId(conversation) ? peerOf(conversation) : undefined
  return peer === undefined ? { gid: gidOf(conversation) ?? NO_GID } : { peer }
}

/** The two users of a direct conversation; undefined for a group's. */
export function pairIn(place: Place, uid: number): Pair | undefined {
  return 'peer' in place ? [uid, place.peer] : undefined
}
