/** Finds which conversation, and which of its messages, a request means. */
import { isConversationId, peerOf } from '../../protocol/conversation-id.js'
import { createMessageId } from '../../protocol/generated/messages.js'
import type { Place } from '../sync/rules/forward.js'
import { gidOf } from '../sync/rules/group-records.js'

/** A gid that no group has. */
const NO_GID = ''

/** The id of no message. */
export const NO_MESSAGE = createMessageId()

/** The conversation that is meant. Of one that cannot be: a group that is not there. */
export function placeOf(conversation: string): Place {
  const peer = isConversationId(conversation) ? peerOf(conversation) : undefined
  return peer === undefined ? { gid: gidOf(conversation) ?? NO_GID } : { peer }
}
