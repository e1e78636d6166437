/** Removes messages that are old and beyond the newest so many, or beyond the newest so many bytes. */
import { decodeItem } from '../../../protocol/generated/messages.js'
import { CONTENT_BYTES_MAX, MENTIONS_MAX, METADATA_BYTES_MAX, TEXT_BYTES_MAX } from '../../../protocol/limits.js'
import type { Actor } from '../../store/types.js'
import { decodeReference, isBranchActor, isGroupActor, isReference, isRoomActor } from '../references.js'
import type { Transition } from '../types.js'
import { firstOwed } from './debts.js'
import { uidOf } from './records.js'

/** The most entries that one unit removes: 0.5 ms for all that are committed with it. */
export const TRIM_ENTRIES_MAX = 256

/** The most bytes of a mention: three numbers, and what is around them. */
const MENTION_BYTES_MAX = 32

/** The most bytes of a message in a log: text, content, what goes with them, the conversation's id, and numbers around it. */
export const MESSAGE_BYTES_MAX =
  TEXT_BYTES_MAX + CONTENT_BYTES_MAX + METADATA_BYTES_MAX + MENTIONS_MAX * MENTION_BYTES_MAX + 512

/** Whether the actor's log holds messages: a timeline, a group's items, or a room's posts. */
export function holdsMessages(actor: Actor): boolean {
  return uidOf(actor) !== 0 || isGroupActor(actor) || isBranchActor(actor) || isRoomActor(actor)
}

export const trimLog: Transition<{ readonly upTo: number }, void> = {
  name: 'retention.trim',
  small: true,
  run(tx, { upTo }) {
    // What a group owes to a partition, it pays from its log.
    const end = isGroupActor(tx.actor) ? Math.min(upTo, firstOwed(tx) - 1) : upTo
    tx.trim(end, TRIM_ENTRIES_MAX)
  },
}

/** The time when the message was accepted, milliseconds since 1970; undefined for an item that is no message, nor a change of a group. */
export function sentAtMs(item: Uint8Array): number | undefined {
  if (isReference(item)) return decodeReference(item).atMs
  const { content } = decodeItem(item)
  switch (content?.case) {
    case 'message':
    case 'conversationMessage':
    case 'groupChange':
      return content.value.atMs
    default:
      return undefined
  }
}
