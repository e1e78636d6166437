/**
 * Deletions, for the user alone: in the own timeline, on all own devices. Nobody else is told, and no group decides; so former members
 * delete, too.
 *
 *   Delete ─► in place of each entry a tombstone: the message's id, and that it is deleted ─► a follow-up in the own timeline
 */
import { CODES } from '../../../protocol/codes.js'
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import { createConversationMessage, type MessageId } from '../../../protocol/generated/messages.js'
import type { StoredEntry } from '../../store/types.js'
import { decodeReference, encodeReference, isReference } from '../references.js'
import type { Transition, Tx } from '../types.js'
import { forgetMention } from './conversation-records.js'
import { type Gid, gidOf, groupConversation } from './group-records.js'
import { findDirects, findNumbereds } from './message-search.js'
import * as state from './message-state.js'
import { type Answer, type Numbered, numbered } from './numbered.js'

export interface DeleteInput extends Numbered {
  readonly uid: number
  /** A direct conversation, or a group's. */
  readonly conversation: ConversationId
  readonly messages: readonly MessageId[]
}

/** Deletes all of the messages, or nothing. One that is deleted already stays as it is. */
export const deleteMessages: Transition<DeleteInput, Answer> = numbered(
  'message.delete',
  (tx, { conversation, messages }) => {
    const gid = gidOf(conversation)
    const found = entriesOf(tx, conversation, gid, messages)
    if (found === undefined) return CODES.NO_SUCH_MESSAGE.code
    for (const entry of found) remove(tx, entry, gid)
    return CODES.OK.code
  },
)

/** The user's entries of the messages, each once; undefined if one is missing. */
function entriesOf(
  tx: Tx,
  conversation: ConversationId,
  gid: Gid | undefined,
  messages: readonly MessageId[],
): Iterable<StoredEntry> | undefined {
  const peer = peerOf(conversation) ?? 0
  const found =
    gid === undefined
      ? findDirects(tx, peer, messages)
      : findNumbereds(
          tx,
          gid,
          messages.map(({ number }) => number),
        )
  const entries = new Map<number, StoredEntry>()
  for (const entry of found) {
    if (entry === undefined) return undefined
    entries.set(entry.version, entry)
  }
  return entries.values()
}

function remove(tx: Tx, entry: StoredEntry, gid: Gid | undefined): void {
  const message = messageOf(entry)
  if (message === undefined || state.isDeleted(message)) return
  const tombstone = state.deleted(message)
  tx.replace(entry, state.messageItem(tombstone))
  let key = state.directKey(tombstone.value)
  if (gid !== undefined && tombstone.case === 'conversationMessage') {
    const { number } = tombstone.value
    forgetMention(tx, gid, number)
    // What told of changes before would tell of a text. What tells of later ones must not take the place of this.
    tx.drop(state.groupMessageKey(gid, number))
    key = deletionKey(gid, number)
  }
  const reference = encodeReference({ gid: '', number: 0, atMs: tx.nowMs, update: true, version: entry.version })
  tx.append(reference, key, state.changedItem(tombstone))
}

/** The message that an entry is, or that its reference names. */
function messageOf({ bytes }: StoredEntry): state.AnyMessage | undefined {
  if (!isReference(bytes)) return state.messageIn(bytes)
  const { gid, number, atMs } = decodeReference(bytes)
  const value = createConversationMessage({ conversation: groupConversation(gid), number, atMs })
  return { case: 'conversationMessage', value }
}

/** The compaction key of what tells that the user has deleted a group's message. */
function deletionKey(gid: Gid, number: number): string {
  return `${state.groupMessageKey(gid, number)}/deleted`
}
