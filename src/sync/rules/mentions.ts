/** Whom a message of a group mentions, from its item. Most mention nobody: that is found without decoding them. */
import { decodeItem } from '../../../protocol/generated/messages.js'
import { enter, readerOf, readTag } from '../../../protocol/wire-reader.js'
import { CONVERSATION_MESSAGE_TAG } from './item-tags.js'

/** The uid of a mention of all members. */
export const EVERYBODY = 0

/** The field of a ConversationMessage with what goes with the text. */
const EXTRA_TAG = 9 * 8 + 2

const NOBODY: readonly number[] = []

/** The uids that the message mentions, each once, without its author; EVERYBODY among them. None of an item that is no message. */
export function mentionsOf(item: Uint8Array): readonly number[] {
  if (item[0] !== CONVERSATION_MESSAGE_TAG || !hasExtra(item)) return NOBODY
  const { content } = decodeItem(item)
  if (content?.case !== 'conversationMessage') return NOBODY
  const { sender, extra } = content.value
  return [...new Set(extra?.mentions.map(({ uid }) => uid))].filter(uid => uid !== sender)
}

function hasExtra(item: Uint8Array): boolean {
  const r = readerOf(item)
  readTag(r)
  enter(r)
  while (r.pos < r.len) {
    const tag = readTag(r)
    if (tag === EXTRA_TAG) return true
    r.skipType(tag & 7)
  }
  return false
}
