/** Checks the parts of a message before the engine is asked, and counts their bytes. PROTOCOL.md, 7.17. */
import { CODES, type Code } from '../../protocol/codes.js'
import {
  createMessageExtra,
  type Mention,
  type MessageContent,
  type MessageExtra,
  type MessageId,
  type PostRequest,
} from '../../protocol/generated/messages.js'
import { TEXT_BYTES_MAX } from '../../protocol/limits.js'
import { areMentions, isContent } from '../../protocol/message-form.js'
import type { Written } from '../sync/rules/message.js'

/** The two users of a direct conversation. */
export type Pair = readonly [uid: number, other: number]

/** The bytes of a mention, or of what a message answers, with what is around them. */
const NUMBERS_BYTES = 24

/** What a Post writes. Its bytes are copies: those of a request live for a tick. */
export function writtenOf({ text, content, reply, mentions, metadata }: PostRequest, pair: Pair | undefined): Written {
  const fault =
    textFault(text) || contentFault(content) || mentionsFault(text, mentions, pair) || replyFault(reply, pair)
  return { text, content: kept(content), extra: extraOf(reply, mentions, metadata), fault }
}

export function textFault(text: string): Code {
  const isTooLong = text.length > TEXT_BYTES_MAX || Buffer.byteLength(text) > TEXT_BYTES_MAX
  return isTooLong ? CODES.TEXT_TOO_LONG.code : CODES.OK.code
}

function contentFault(content: MessageContent | undefined): Code {
  return content === undefined || isContent(content) ? CODES.OK.code : CODES.BAD_CONTENT.code
}

/** @param pair of a direct conversation: nobody else can be mentioned, and not all */
export function mentionsFault(text: string, mentions: readonly Mention[], pair: Pair | undefined): Code {
  const fit = areMentions(text, mentions) && (pair === undefined || mentions.every(({ uid }) => pair.includes(uid)))
  return fit ? CODES.OK.code : CODES.BAD_MENTIONS.code
}

function replyFault(reply: MessageId | undefined, pair: Pair | undefined): Code {
  return reply === undefined || namesMessage(reply, pair) ? CODES.OK.code : CODES.NO_SUCH_MESSAGE.code
}

/** Whether it names a message as its conversation does: a group by number alone, a direct one by the rest. */
export function namesMessage({ sender, device, sendSeq, number }: MessageId, pair: Pair | undefined): boolean {
  if (pair === undefined) return number > 0 && sender === 0 && device === 0 && sendSeq === 0
  return number === 0 && device > 0 && sendSeq > 0 && pair.includes(sender)
}

function kept(content: MessageContent | undefined): MessageContent | undefined {
  return content === undefined ? undefined : { kind: content.kind, body: content.body.slice() }
}

function extraOf(reply: MessageId | undefined, mentions: Mention[], metadata: Uint8Array): MessageExtra | undefined {
  if (reply === undefined && mentions.length === 0 && metadata.length === 0) return undefined
  return createMessageExtra({ reply, mentions, metadata: metadata.slice() })
}

/** The parts of a message that are stored as they came. */
export type Parts = Pick<Written, 'text' | 'content' | 'extra'>

/** The bytes that a message stores, without those around it. */
export function writtenBytes({ text, content, extra }: Parts): number {
  let bytes = Buffer.byteLength(text)
  if (content !== undefined) bytes += content.body.length
  if (extra !== undefined) bytes += extra.metadata.length + NUMBERS_BYTES * (1 + extra.mentions.length)
  return bytes
}
