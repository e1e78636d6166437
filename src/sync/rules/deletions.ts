/**
 * Deletions, for the user alone: in the own timeline, on all own devices. Nobody else is told, and no group decides; so former members
 * delete, too.
 *
 *   Delete ─► in place of each entry a tombstone: the message's id, and that it is deleted ─► a follow-up in the own timeline
 *   Clear ─► the conversation's record says up to where ─► noted under leaving/<partition> ─► slices: tombstones ─► note removed
 *
 * A Clear tells devices by the record alone: its tombstones are told to nobody.
 */
import { CODES } from '../../../protocol/codes.js'
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import {
  type ConversationMessage,
  createConversationMessage,
  type MessageId,
} from '../../../protocol/generated/messages.js'
import { EDIT_MS_MAX } from '../../../protocol/limits.js'
import { partitionOf } from '../../store/partition.js'
import type { StoredEntry, Version } from '../../store/types.js'
import { workOf } from '../events.js'
import { jsonRecord } from '../record-kinds.js'
import { branchActor, decodeReference, isReference } from '../references.js'
import type { Transition, Tx } from '../types.js'
import { clearedUpTo, conversationOf, forgetMention, putConversation } from './conversation-records.js'
import { branch, type Gid, gidOf, groupConversation } from './group-records.js'
import { leavingActor } from './leaving.js'
import { replaceAndTell } from './message-changes.js'
import { chainOf, findDirects, findNumbereds, SEARCH_SLICE } from './message-search.js'
import * as state from './message-state.js'
import { type Answer, type Numbered, numbered, small } from './numbered.js'

/** The time that an Edit may need from its author to a member. */
const ON_ITS_WAY_MS = 24 * 60 * 60_000

export interface DeleteInput extends Numbered {
  readonly uid: number
  /** A direct conversation, or a group's. */
  readonly conversation: ConversationId
  readonly messages: readonly MessageId[]
  /** A node on the store is too old to read what is left. */
  readonly early: boolean
}

/** Deletes all of the messages, or nothing. One that is deleted already stays as it is. */
export const deleteMessages: Transition<DeleteInput, Answer> = numbered(
  'message.delete',
  (tx, { conversation, messages, early }) => {
    if (early) return CODES.NOT_ALLOWED.code
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
  let key = state.directKey(tombstone.value)
  if (gid !== undefined && tombstone.case === 'conversationMessage') {
    const { number } = tombstone.value
    if (mayMention(tx, gid, tombstone.value)) forgetMention(tx, gid, number)
    // What told of changes before would tell of a text. What tells of later ones must not take the place of this.
    tx.drop(state.groupMessageKey(gid, number))
    key = deletionKey(gid, number)
  }
  replaceAndTell(tx, entry, tombstone, key)
}

/** Whether a group's message mentions the user, or can be made to by an Edit. Only then it has to be remembered that it was deleted. */
function mayMention(tx: Tx, gid: Gid, { number, atMs }: ConversationMessage): boolean {
  if (tx.nowMs <= atMs + EDIT_MS_MAX + ON_ITS_WAY_MS) return true
  if (conversationOf(tx, groupConversation(gid)).mentions.includes(number)) return true
  return (
    tx
      .at(branchActor(gid, partitionOf(tx.actor)))
      .get(branch)
      ?.all.includes(number) === true
  )
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

/** A record of `leaving/<partition>`, by uid and conversation: entries above one version, and up to another, are to become tombstones. */
export const clearing = jsonRecord<{ readonly above: number; readonly upTo: number }>('clearing', {
  fields: { above: 0, upTo: 0 },
  lifetime: 'work',
  bytesMax: 64,
  grows: 'nobody: two numbers',
  many: 'one per conversation that a user has cleared, until its entries are replaced',
})

export interface ClearInput extends Numbered {
  readonly uid: number
  readonly conversation: ConversationId
  readonly upTo: Version
  readonly early: boolean
}

/** Deletes all of a conversation up to a version; no newer message is ever meant. */
export const clearConversation: Transition<ClearInput, Answer> = numbered(
  'conversation.clear',
  (tx, { uid, conversation, upTo, early }) => {
    if (early) return CODES.NOT_ALLOWED.code
    const before = conversationOf(tx, conversation)
    const cleared = Math.min(upTo, tx.newest(chainOf(conversation)))
    if (cleared <= before.cleared) return CODES.OK.code
    // The entry at `cleared` is nearly always among the newest. If it is further back, its number is noted with its tombstone.
    const number = numberAt(tx.chain(tx.newest(chainOf(conversation)), SEARCH_SLICE), cleared)
    putConversation(tx, conversation, before, clearedUpTo(before, cleared, number))
    const notes = tx.at(leavingActor(uid))
    const id = `${uid}/${conversation}`
    notes.put(clearing, { above: notes.get(clearing, id)?.above ?? before.cleared, upTo: cleared }, id)
    tx.event(workOf(notes.actor, 'clears'))
    return CODES.OK.code
  },
)

/** The number in a group of the newest of these entries up to a version; 0: there is none. */
function numberAt(entries: readonly StoredEntry[], upTo: Version): number {
  const newest = entries.find(({ version }) => version <= upTo)
  const message = newest && messageOf(newest)
  return message?.case === 'conversationMessage' ? message.value.number : 0
}

export interface ClearSlice {
  readonly conversation: ConversationId
  readonly above: Version
  readonly upTo: Version
  /** The version to go on from, down; absent: the newest. */
  readonly from?: Version
}

/** Puts tombstones in place of a slice's entries. @returns the version to go on from; 0: that was the last */
export const clearEntries: Transition<ClearSlice, Version> = small({
  name: 'conversation.clear-entries',
  waits: true,
  run(tx, { conversation, above, upTo, from = tx.newest(chainOf(conversation)) }) {
    const gid = gidOf(conversation)
    const entries = tx.chain(from, SEARCH_SLICE)
    const before = conversationOf(tx, conversation)
    const number = numberAt(entries, upTo)
    if (number > before.clearedNumber)
      putConversation(tx, conversation, before, clearedUpTo(before, before.cleared, number))
    for (const { version } of entries) {
      const entry = version > above && version <= upTo ? tx.entry(version) : undefined
      const message = entry && messageOf(entry)
      if (entry === undefined || message === undefined || state.isDeleted(message)) continue
      tx.replace(entry, state.messageItem(state.deleted(message)))
      if (gid !== undefined && message.case === 'conversationMessage')
        tx.drop(state.groupMessageKey(gid, message.value.number))
    }
    const next = entries.at(-1)?.previous ?? 0
    return next > above ? next : 0
  },
})

/** The time when the last conversation was cleared. It makes a unit that otherwise only removes something recognisable. */
const lastCleared = jsonRecord<{ readonly atMs: number }>('cleared', {
  fields: { atMs: 0 },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one',
})

/** What is noted of a conversation to be cleared. */
export const clearingOf: Transition<
  { readonly id: string },
  { readonly above: number; readonly upTo: number } | undefined
> = {
  name: 'conversation.clearing',
  waits: true,
  run: (tx, { id }) => tx.get(clearing, id),
}

/** Removes the note, unless more was cleared meanwhile. */
export const hasCleared: Transition<{ readonly id: string; readonly upTo: number }, void> = small({
  name: 'conversation.has-cleared',
  waits: true,
  run(tx, { id, upTo }) {
    if (tx.get(clearing, id)?.upTo !== upTo) return
    tx.remove(clearing, id)
    tx.put(lastCleared, { atMs: tx.nowMs })
  },
})
