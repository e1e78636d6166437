/** What a list of a user's conversations shows of each beside its messages: all of it from the user's own records. */
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import type { Contact, ConversationSettings, Group, Watermark } from '../../../protocol/generated/messages.js'
import { branchActor } from '../references.js'
import type { Transition, Tx } from '../types.js'
import { contactValue } from './contact-records.js'
import { conversationOf, conversationRecord, knows, pinnedBy, pinnedConversations } from './conversation-records.js'
import { branch, gidOf, groupValue, userGroup } from './group-records.js'
import { type UnreadMarks, unreadMarks } from './read-state.js'
import { contact, given, NO_MARKS, partitionOfUser, taken } from './records.js'
import { watermarks } from './watermark.js'

/** What is shown of one conversation. */
export interface Shown {
  readonly contact: Contact | undefined
  readonly group: Group | undefined
  readonly settings: ConversationSettings
  readonly read: number
  readonly cleared: number
  readonly delivered: Watermark[]
  readonly readMarks: Watermark[]
  readonly ownRead: Watermark[]
  /** The marks down to which what is unread is counted. */
  readonly marks: UnreadMarks
}

interface Asked {
  readonly uid: number
  readonly conversations: readonly ConversationId[]
}

export const shownOf: Transition<Asked, readonly Shown[]> = {
  name: 'conversation.shown',
  soft: true,
  run(tx, { uid, conversations }) {
    fetchAll(tx, uid, conversations)
    return conversations.map(conversation => {
      const { muted, pinned, archived, unread, read, cleared } = conversationOf(tx, conversation)
      const marks = unreadMarks.run(tx, { uid, conversation })
      return { settings: { muted, pinned, archived, unread }, read, cleared, marks, ...othersIn(tx, conversation) }
    })
  },
}

/** Has all records read together. */
function fetchAll(tx: Tx, uid: number, conversations: readonly ConversationId[]): void {
  const peers = conversations.flatMap(conversation => peerOf(conversation) ?? [])
  const gids = conversations.flatMap(conversation => gidOf(conversation) ?? [])
  tx.fetch([contact, given, taken, conversationRecord], peers)
  tx.fetch([userGroup], gids)
  tx.fetch(
    [conversationRecord],
    conversations.filter(conversation => peerOf(conversation) === undefined),
  )
  tx.fetchOf(gids.map(gid => [branchActor(gid, partitionOfUser(uid)), branch]))
}

const NOBODY = { contact: undefined, group: undefined, delivered: [], readMarks: [], ownRead: [] }

/** What is shown of the other user, or of the group. */
function othersIn(tx: Tx, conversation: ConversationId) {
  const peer = peerOf(conversation)
  if (peer === undefined) {
    const gid = gidOf(conversation) ?? ''
    const own = tx.get(userGroup, gid)
    return { ...NOBODY, group: own && { ...groupValue(gid, own), announcement: '' } }
  }
  const [own, theirs] = [tx.get(taken, peer) ?? NO_MARKS, tx.get(given, peer) ?? NO_MARKS]
  const record = knows(tx, peer) ? tx.get(contact, peer) : undefined
  return {
    contact: record && contactValue(peer, record),
    group: undefined,
    delivered: watermarks(theirs.delivered),
    readMarks: watermarks(theirs.read),
    ownRead: watermarks(own.read),
  }
}

/** The conversations that the user has pinned. */
export const pinnedOf: Transition<undefined, readonly ConversationId[]> = {
  name: 'conversation.pinned',
  soft: true,
  reads: () => [[pinnedConversations]],
  run: pinnedBy,
}
