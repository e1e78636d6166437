// The arguments with which an application writes, edits and names messages, checked before anything of them is queued.
import { CODES } from '../../../protocol/codes.js'
import { type ConversationId, isGroupConversation } from '../../../protocol/conversation-id.js'
import { INTEGER_MAX, MENTIONS_MAX, METADATA_BYTES_MAX, TEXT_BYTES_MAX } from '../../../protocol/limits.js'
import { checkBytes, checkCount, checkText, checkUid, writableNamed } from '../base/arguments.js'
import { NO_BYTES } from '../base/bytes.js'
import { LongwireError } from '../base/errors.js'
import { type Attachment, attachmentOf } from '../rules/content.js'
import { extraStored, type Mention, type Reply } from '../rules/extras.js'
import type { MessageName } from '../rules/post.js'
import type { Rich } from '../rules/sent-message.js'

/** What a message may have beside its text. */
export interface SendOptions {
  /** What it holds instead of text alone. The text then says the same in words, for those who do not know the kind. */
  readonly content?: Attachment
  /** The message that it answers, of the same conversation. */
  readonly reply?: Reply
  /** Parts of the text that name users, in order, at most 100; none overlaps another. */
  readonly mentions?: readonly Mention[]
  /** The application's own, up to 1 024 bytes. */
  readonly metadata?: Uint8Array
}

/** @throws LongwireError INVALID_ARGUMENT, BAD_MENTIONS */
export function richOf(conversation: ConversationId, text: string, options: SendOptions): Rich {
  const { content, reply, mentions = [], metadata = NO_BYTES } = options
  if (mentions.length > 0) checkMentions(text, mentions)
  checkBytes('metadata', metadata, METADATA_BYTES_MAX)
  if (reply !== undefined) checkName('reply', { ...reply, conversation })
  const extra = extraStored({ reply: reply && wireReply(conversation, reply), mentions, metadata, forwarded: false })
  return { ...(content && { content: attachmentOf(content) }), ...(extra && { extra }) }
}

/** @throws LongwireError INVALID_ARGUMENT, TEXT_TOO_LONG, BAD_MENTIONS */
export function checkWritten(text: string, mentions: readonly Mention[]): void {
  checkText('text', text, TEXT_BYTES_MAX, { bytesMin: 1, long: CODES.TEXT_TOO_LONG.code })
  checkMentions(text, mentions)
}

/**
 * A message that is named by what an application has of it.
 * @throws LongwireError INVALID_ARGUMENT
 */
export function checkName(name: string, message: MessageName): void {
  const { conversation, sender, device, sendSeq, number } = message
  writableNamed(`${name}.conversation`, conversation)
  if (isGroupConversation(conversation)) {
    if (number === 0) throw LongwireError.argument(`${name}.number`, 'is 0: the group has not given it a place yet')
    checkCount(`${name}.number`, number, 1, INTEGER_MAX)
    return
  }
  checkUid(`${name}.sender`, sender)
  checkCount(`${name}.device`, device, 1, INTEGER_MAX)
  checkCount(`${name}.sendSeq`, sendSeq, 1, INTEGER_MAX)
}

function checkMentions(text: string, mentions: readonly Mention[]): void {
  if (!Array.isArray(mentions)) throw LongwireError.argument('mentions', 'must be an array')
  const bad = CODES.BAD_MENTIONS.code
  if (mentions.length > MENTIONS_MAX)
    throw LongwireError.argument('mentions', `are ${mentions.length}; at most ${MENTIONS_MAX} are allowed`, bad)
  let end = 0
  for (const [i, { start, length, uid }] of (mentions as readonly Mention[]).entries()) {
    checkCount(`mentions[${i}].uid`, uid, 0, INTEGER_MAX)
    const fits = Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= end && length >= 1
    end = start + length
    if (!fits || end > text.length)
      throw LongwireError.argument(`mentions[${i}]`, 'is outside the text, or overlaps the one before it', bad)
  }
}

/** The names that the wire has for it: the number in a group, the other three in a direct conversation. */
function wireReply(conversation: ConversationId, { sender, device, sendSeq, number }: Reply): Reply {
  if (isGroupConversation(conversation)) return { sender: 0, device: 0, sendSeq: 0, number }
  return { sender, device, sendSeq, number: 0 }
}
