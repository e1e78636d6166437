/** Removes messages that are old and beyond the newest so many, or beyond the newest so many bytes. */
import { decodeItem } from '../../../protocol/generated/messages.js'
import { TEXT_BYTES_MAX } from '../../../protocol/limits.js'
import type { Transition } from '../types.js'

/** The most entries that one unit removes: 0.5 ms for all that are committed with it. */
export const TRIM_ENTRIES_MAX = 256

/** The most bytes of a message in a timeline: its text, and numbers around it. */
export const MESSAGE_BYTES_MAX = TEXT_BYTES_MAX + 128

export const trimLog: Transition<{ readonly upTo: number }, void> = {
  name: 'retention.trim',
  small: true,
  run(tx, { upTo }) {
    tx.trim(upTo, TRIM_ENTRIES_MAX)
  },
}

/** The time when the message was accepted, milliseconds since 1970; undefined for an item that is no message. */
export function sentAtMs(item: Uint8Array): number | undefined {
  const { content } = decodeItem(item)
  return content?.case === 'message' ? content.value.atMs : undefined
}
