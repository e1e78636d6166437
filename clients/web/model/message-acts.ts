// What the user may do with a message now. The server decides; this says what is worth offering.
import { EDIT_MS_MAX, GROUP_READERS_MAX, RECALL_MS_MAX } from '../../../protocol/limits.js'
import { type Group, type Message, peerOf } from '../../typescript/browser.js'

/** The times that the protocol gives, less what the way there takes. */
const EDIT_MS = EDIT_MS_MAX - 5_000
const RECALL_MS = RECALL_MS_MAX - 2_000

export interface MessageActs {
  readonly reply: boolean
  readonly react: boolean
  readonly edit: boolean
  readonly recall: boolean
  readonly forward: boolean
  readonly copy: boolean
  readonly delete: boolean
  readonly readBy: boolean
}

export interface Circumstances {
  readonly uid: number
  readonly nowMs: number
  readonly group: Group | undefined
  /** The members of the group, if known. */
  readonly members: number
  /** Whether nothing can be written in the chat. */
  readonly closed: boolean
  /** Whether it is with a stranger, and one of the two has not answered: nothing can be changed before. */
  readonly unanswered: boolean
}

export function actsOn(
  message: Message,
  { uid, nowMs, group, members, closed, unanswered }: Circumstances,
): MessageActs {
  const { state, changed, text, content, sender, atMs, conversation, number } = message
  const isDirect = peerOf(conversation) !== undefined
  // A message of a group has no name before it has a place.
  const stands = state !== 'failed' && state !== 'queued' && state !== 'sending' && (isDirect || number > 0)
  const isThere = stands && changed.recalledBy === 0 && !changed.withheld
  const own = sender === uid
  const age = nowMs - atMs
  const leads = group?.role === 'owner' || group?.role === 'admin'
  return {
    reply: isThere && !closed,
    react: isThere && !closed && !unanswered,
    edit: isThere && own && content.kind === 'text' && age < EDIT_MS && !closed && !unanswered,
    recall: isThere && ((own && age < RECALL_MS) || (leads && !isDirect)),
    forward: isThere,
    copy: isThere && text !== '',
    delete: stands,
    readBy: isThere && own && !isDirect && members > 0 && members <= GROUP_READERS_MAX,
  }
}
