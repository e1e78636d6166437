// The request that sends a message with more than a text, or to a group.
import { isGroupConversation } from '../../../protocol/conversation-id.js'
import { createMessageId, createPostRequest, type MessageId } from '../../../protocol/generated/messages.js'
import { METHODS } from '../../../protocol/methods.js'
import { contentItem } from './content.js'
import type { Message } from './messages.js'
import type { SentMessage } from './sent-message.js'

/** The part of a message by which it is named. */
export type MessageName = Pick<Message, 'conversation' | 'sender' | 'device' | 'sendSeq' | 'number'>

export function encodePost({ sendSeq, conversation, text, rich, extra }: SentMessage): Uint8Array {
  const { reply, mentions, metadata } = extra
  return METHODS.post.encodeRequest(
    createPostRequest({
      sendSeq,
      conversation,
      text,
      content: rich.content && contentItem(rich.content),
      reply: reply && createMessageId(reply),
      mentions: mentions.map(each => ({ ...each })),
      metadata,
    }),
  )
}

/** Whether two names are of the same message. In a group the number alone says it, where both have one. */
export function isSameMessage(a: MessageName, b: MessageName): boolean {
  if (a.conversation !== b.conversation) return false
  if (a.number > 0 && b.number > 0) return a.number === b.number
  return a.sender === b.sender && a.device === b.device && a.sendSeq === b.sendSeq
}

/** The name of a message on the wire: in a group its number alone. */
export function messageId({ conversation, sender, device, sendSeq, number }: MessageName): MessageId {
  return isGroupConversation(conversation) ? createMessageId({ number }) : createMessageId({ sender, device, sendSeq })
}
