/** Cuts an item to what a list of conversations shows of it. */

import { EMPTY } from '../../protocol/bytes.js'
import type {
  ConversationMessage,
  Item,
  Mention,
  Message,
  MessageContent,
  MessageExtra,
} from '../../protocol/generated/messages.js'
import { SUMMARY_TEXT_BYTES_MAX } from '../../protocol/limits.js'
import { textUpTo } from '../../protocol/utf8.js'

/** An item, and whether something of it was left out. */
export interface Summarized {
  readonly last: Item
  readonly cut: boolean
}

/** The item with the begin of its text, the mentions in that, content that is short, and no metadata. */
export function summarized(item: Item): Summarized {
  const { content } = item
  if (content?.case === 'message') {
    const value = cutMessage(content.value)
    return { last: { ...item, content: { case: 'message', value } }, cut: isCut(content.value, value) }
  }
  if (content?.case === 'conversationMessage') {
    const value = cutMessage(content.value)
    return { last: { ...item, content: { case: 'conversationMessage', value } }, cut: isCut(content.value, value) }
  }
  if (content?.case !== 'groupChange') return { last: item, cut: false }
  const text = textUpTo(content.value.text, SUMMARY_TEXT_BYTES_MAX)
  const value = { ...content.value, text }
  return { last: { ...item, content: { case: 'groupChange', value } }, cut: text !== content.value.text }
}

function cutMessage<M extends Message | ConversationMessage>(message: M): M {
  const text = textUpTo(message.text, SUMMARY_TEXT_BYTES_MAX)
  return { ...message, text, content: cutContent(message.content), extra: cutExtra(message.extra, text.length) }
}

function cutContent(content: MessageContent | undefined): MessageContent | undefined {
  const isLong = content !== undefined && content.body.length > SUMMARY_TEXT_BYTES_MAX
  return isLong ? { kind: content.kind, body: EMPTY } : content
}

function cutExtra(extra: MessageExtra | undefined, units: number): MessageExtra | undefined {
  if (extra === undefined) return undefined
  const isIn = ({ start, length }: Mention): boolean => start + length <= units
  return { ...extra, mentions: extra.mentions.filter(isIn), metadata: EMPTY }
}

function isCut(before: Message | ConversationMessage, after: Message | ConversationMessage): boolean {
  if (before.text !== after.text || before.content?.body.length !== after.content?.body.length) return true
  const [all, kept] = [before.extra, after.extra]
  return all?.mentions.length !== kept?.mentions.length || all?.metadata.length !== kept?.metadata.length
}
