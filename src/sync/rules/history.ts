/** Finds the place in a user's timeline from which a conversation is read. */
import { CODES, type Code } from '../../../protocol/codes.js'
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import type { MessageId } from '../../../protocol/generated/messages.js'
import type { Version } from '../../store/types.js'
import type { Transition } from '../types.js'
import { conversationOf } from './conversation-records.js'
import { gidOf } from './group-records.js'
import { findDirect, findNumbered } from './message-search.js'
import { isDeleted, messageIn } from './message-state.js'
import { standing } from './read-state.js'

export interface HistoryAsked {
  readonly uid: number
  readonly conversation: ConversationId
  /** The message that is looked for; undefined: none. */
  readonly message: MessageId | undefined
}

export interface HistoryPlace {
  readonly code: Code
  /** The version up to which the user has deleted all of the conversation. */
  readonly cleared: Version
  /** The version of the message; 0: none was looked for. */
  readonly found: Version
}

export const historyPlace: Transition<HistoryAsked, HistoryPlace> = {
  name: 'conversation.history',
  soft: true,
  run(tx, { uid, conversation, message }) {
    const code = standing(tx, uid, conversation)
    if (code !== CODES.OK.code) return { code, cleared: 0, found: 0 }
    const { cleared } = conversationOf(tx, conversation)
    if (message === undefined) return { code, cleared, found: 0 }
    const peer = peerOf(conversation)
    const entry =
      peer === undefined ? findNumbered(tx, gidOf(conversation) ?? '', message.number) : findDirect(tx, peer, message)
    const own = entry && messageIn(entry.bytes)
    const isThere = entry !== undefined && entry.version > cleared && !(own !== undefined && isDeleted(own))
    return { code: isThere ? code : CODES.NO_SUCH_MESSAGE.code, cleared, found: entry?.version ?? 0 }
  },
}
