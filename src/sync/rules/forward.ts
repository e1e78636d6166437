/**
 * Forward: a copy of a message that its user may read, sent as any message is. The server makes the copy, so it is the message that it says to
 * be. What named somebody in the old place (mentions, what it answered) stays there.
 */
import { EMPTY } from '../../../protocol/bytes.js'
import { CODES, type Code } from '../../../protocol/codes.js'
import { directConversation } from '../../../protocol/conversation-id.js'
import { createMessageExtra, GroupState, type MessageId } from '../../../protocol/generated/messages.js'
import { branchActor, isReference } from '../references.js'
import type { Transition, Tx } from '../types.js'
import { conversationOf } from './conversation-records.js'
import { branch, type Gid, groupConversation, NO_GROUP, userGroup, wasMember } from './group-records.js'
import { maySendToGroup, sendToGroupNow } from './membership.js'
import { maySendFirst, sendNow } from './message.js'
import { findDirect, findNumbered } from './message-search.js'
import { type AnyMessage, isDeleted, isRecalled, messageIn } from './message-state.js'
import { type Answer, type Numbered, numbered } from './numbered.js'
import { contact, partitionOfUser } from './records.js'

/** A conversation as its messages are found: that with a user, or that of a group. */
export type Place = { readonly peer: number } | { readonly gid: Gid }

export interface ForwardInput extends Numbered {
  readonly uid: number
  readonly to: Place
  readonly source: Place
  readonly message: MessageId
  /** Why it cannot be asked so; OK if it can. */
  readonly fault: Code
  readonly limited: boolean
  readonly blind: boolean
}

/** `bytes`: those of what was copied, without those around it. */
export type Forwarded = Answer & { readonly bytes: number }

interface Note {
  bytes: number
}

const { OK, NO_SUCH_MESSAGE, RECALLED } = CODES

const forward = numbered<ForwardInput & { readonly note: Note }>(
  'message.forward',
  (tx, { uid, device, sendSeq, hash, to, source, message, fault, limited, blind, note }) => {
    const sending = { uid, device, sendSeq, hash, fault, limited, blind }
    // First what costs little: a search may read thousands of entries.
    const code =
      'peer' in to ? maySendFirst(tx, { ...sending, to: to.peer }) : maySendToGroup(tx, { ...sending, gid: to.gid })
    if (code !== OK.code) return code
    const found = 'peer' in source ? inDirect(tx, source.peer, message) : inGroup(tx, uid, source.gid, message.number)
    // A text that is withheld for now is on its way, and not here.
    if (found === undefined || isDeleted(found) || found.value.state?.withheld) return NO_SUCH_MESSAGE.code
    if (isRecalled(found)) return RECALLED.code
    const { text, content } = found.value
    const metadata = found.value.extra?.metadata ?? EMPTY
    const extra = createMessageExtra({ metadata, forwarded: true })
    note.bytes = Buffer.byteLength(text) + (content?.body.length ?? 0) + metadata.length
    if ('peer' in to) sendNow(tx, { ...sending, to: to.peer, text, content, extra })
    else sendToGroupNow(tx, { ...sending, gid: to.gid, text, content, extra })
    return OK.code
  },
  undefined,
  ({ to }) => ['peer' in to ? [contact, to.peer] : [userGroup, to.gid]],
)

export const forwardMessage: Transition<ForwardInput, Forwarded> = {
  ...forward,
  run: (tx, input) => noting(note => forward.run(tx, { ...input, note })),
  refused: (tx, input) => noting(note => forward.refused(tx, { ...input, note })),
}

function noting(run: (note: Note) => Answer): Forwarded {
  const note = { bytes: 0 }
  return { ...run(note), bytes: note.bytes }
}

function inDirect(tx: Tx, peer: number, id: MessageId): AnyMessage | undefined {
  const entry = findDirect(tx, peer, id)
  const { cleared } = conversationOf(tx, directConversation(peer))
  return entry === undefined || entry.version <= cleared ? undefined : messageIn(entry.bytes)
}

/** The message of a group as this user may read it: of the time of the own membership, or one that the own timeline has kept. */
function inGroup(tx: Tx, uid: number, gid: Gid, number: number): AnyMessage | undefined {
  const own = tx.get(userGroup, gid) ?? NO_GROUP
  const isCovered = own.state === GroupState.MEMBER && number >= own.number
  const entry = findNumbered(tx, gid, number)
  if (entry === undefined ? !isCovered : !isReference(entry.bytes)) return undefined
  const { cleared, clearedNumber } = conversationOf(tx, groupConversation(gid))
  if (number <= clearedNumber || (entry?.version ?? Number.POSITIVE_INFINITY) <= cleared) return undefined
  const here = tx.at(branchActor(gid, partitionOfUser(uid)))
  const item = here.entry(number)
  const message = item === undefined ? undefined : messageIn(item.bytes)
  const edit = message?.value.state?.editNumber ?? 0
  return isCovered || edit === 0 || wasMember(here.get(branch), uid, edit) ? message : undefined
}
