// The parts of a message beside its text and content, and what has happened to it since it was sent: as the wire has them, as they are
// stored, and as an application sees them.
import { fromBase64, toBase64 } from '../../../protocol/base64.js'
import type { ConversationId } from '../../../protocol/conversation-id.js'
import type {
  ConversationMessage,
  MessageContent,
  MessageExtra,
  Message as MessageItem,
  MessageState,
  Reaction,
} from '../../../protocol/generated/messages.js'
import { NO_BYTES } from '../base/bytes.js'
import type { Present, StoredChanges, StoredExtra, StoredMessage, StoredReaction } from '../storage/storage.js'
import { storedContent } from './content.js'

/** The message that another one answers. In a group it has its number alone; in any other conversation the number is 0. */
export interface Reply {
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
  readonly number: number
}

/** A part of the text that names a user. */
export interface Mention {
  /** Position in the text, in UTF-16 code units, as JavaScript counts. */
  readonly start: number
  readonly length: number
  /** 0: all members of the group. */
  readonly uid: number
}

/** What goes with a message. */
export interface Extra {
  readonly reply: Reply | undefined
  /** Mentions in order of start. */
  readonly mentions: readonly Mention[]
  /** The application's own. */
  readonly metadata: Uint8Array
  /** It is a copy of another message. */
  readonly forwarded: boolean
}

/** What has happened to a message since it was sent. */
export interface MessageChanges {
  /** The time of the last edit, milliseconds since 1970; 0: none. */
  readonly editedAtMs: number
  /** Who recalled it: then it has no text, content and extra. 0: nobody. */
  readonly recalledBy: number
  /** This user deleted it, on all own devices. Said by `messageChanged` alone: it is in no history then. */
  readonly deleted: boolean
  /** It was edited when this user was no member of the group: its texts are not for this user. */
  readonly withheld: boolean
  /** Kinds in order of their first use. `mine`, of a direct message: this user is among those who have it. */
  readonly reactions: readonly { readonly kind: string; readonly count: number; readonly mine: boolean }[]
}

export const UNCHANGED: MessageChanges = {
  editedAtMs: 0,
  recalledBy: 0,
  deleted: false,
  withheld: false,
  reactions: [],
}

/** The stored form of a message that came. */
export function storedMessage(
  conversation: ConversationId,
  version: number,
  item: MessageItem | ConversationMessage,
): StoredMessage {
  const { sender, device, sendSeq, atMs } = item
  const number = 'number' in item && item.number > 0 ? { number: item.number } : {}
  return { conversation, sender, device, sendSeq, version, ...number, atMs, ...presentOf(item), code: 0 }
}

interface Changing {
  readonly text: string
  readonly content: MessageContent | undefined
  readonly extra: MessageExtra | undefined
  readonly state: MessageState | undefined
}

/** The part of a stored message that may change, of an item. */
export function presentOf({ text, content, extra, state }: Changing): Present {
  const storedExtra = extra && extraStored(extra)
  const changed = state && changesStored(state)
  return {
    text,
    ...storedContent(content),
    ...(storedExtra && { extra: storedExtra }),
    ...(changed && { changed }),
  }
}

export function extraOf({ reply, mentions = [], metadata, forwarded }: StoredExtra = {}): Extra {
  const [sender = 0, device = 0, sendSeq = 0, number = 0] = reply ?? []
  return {
    reply: reply && { sender, device, sendSeq, number },
    mentions: mentions.map(([start, length, uid]) => ({ start, length, uid })),
    metadata: metadata === undefined ? NO_BYTES : (fromBase64(metadata) ?? NO_BYTES),
    forwarded: forwarded ?? false,
  }
}

export function changesOf(stored: StoredChanges | undefined): MessageChanges {
  if (stored === undefined) return UNCHANGED
  const { editedAtMs = 0, recalledBy = 0, withheld, reactions = [] } = stored
  return {
    editedAtMs,
    recalledBy,
    deleted: false,
    withheld: withheld ?? false,
    reactions: reactions.map(([kind, count, mine = false]) => ({ kind, count, mine })),
  }
}

/** The uid in a mention that means everybody. */
const EVERYBODY = 0

/** Whether a message mentions the user, alone or with everybody. */
export function isMentioned({ extra }: StoredMessage, uid: number): boolean {
  return extra?.mentions?.some(([, , named]) => named === uid || named === EVERYBODY) ?? false
}

/** Undefined if there is nothing to store. */
export function extraStored({ reply, mentions, metadata, forwarded }: Extra): StoredExtra | undefined {
  const stored: StoredExtra = {
    ...(reply && { reply: [reply.sender, reply.device, reply.sendSeq, reply.number] }),
    ...(mentions.length > 0 && { mentions: mentions.map(({ start, length, uid }) => [start, length, uid] as const) }),
    ...(metadata.length > 0 && { metadata: toBase64(metadata) }),
    ...(forwarded && { forwarded }),
  }
  return Object.keys(stored).length > 0 ? stored : undefined
}

function reactionStored({ kind, count, mine }: Reaction): StoredReaction {
  return mine ? [kind, count, mine] : [kind, count]
}

function changesStored({ editedAtMs, recalledBy, withheld, reactions }: MessageState): StoredChanges | undefined {
  const stored: StoredChanges = {
    ...(editedAtMs > 0 && { editedAtMs }),
    ...(recalledBy > 0 && { recalledBy }),
    ...(withheld && { withheld }),
    ...(reactions.length > 0 && { reactions: reactions.map(reactionStored) }),
  }
  return Object.keys(stored).length > 0 ? stored : undefined
}
