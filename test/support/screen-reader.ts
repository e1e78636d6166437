/** Reads conversations as a device does, and says what a replay of the whole timeline would show of them. */
import { codeName } from '../../protocol/codes.js'
import {
  type ConversationSummary,
  type ConversationsRequest,
  createHistoryRequest,
  decodeConversationsResponse,
  decodeHistoryResponse,
  type HistoryRequest,
  type HistoryResponse,
  type Item,
} from '../../protocol/generated/messages.js'
import { itemVersions } from '../../protocol/item-codec.js'
import { METHODS } from '../../protocol/methods.js'
import type { TestDevice } from './engine.js'

/** An item as a timeline has it. */
export interface Placed {
  readonly version: number
  readonly item: Item
}

export type Part = Omit<HistoryResponse, 'items'> & { readonly items: readonly Placed[] }

/** @throws Error with the name of the code */
export async function historyOf(
  device: TestDevice,
  conversation: string,
  place: Partial<HistoryRequest> = {},
): Promise<Part> {
  const { code, body } = await device.call(METHODS.history, createHistoryRequest({ conversation, ...place }))
  if (code !== 0) throw new Error(codeName(code))
  const { items, ...part } = decodeHistoryResponse(body)
  const versions = itemVersions(part.from, items)
  return { ...part, items: items.map((item, i) => ({ version: versions[i] ?? 0, item: { ...item, skip: 0 } })) }
}

/** @throws Error with the name of the code */
export async function conversationsOf(device: TestDevice, asked: Partial<ConversationsRequest> = {}) {
  const { code, body } = await device.call(METHODS.conversations, { after: 0, limit: 0, ...asked })
  if (code !== 0) throw new Error(codeName(code))
  return decodeConversationsResponse(body)
}

/** All pages together: the conversations in order, without what the first page has pinned before them. */
export async function allConversations(device: TestDevice, limit: number): Promise<ConversationSummary[]> {
  const found = new Map<string, ConversationSummary>()
  for (let after = 0; ; ) {
    const page = await conversationsOf(device, { after, limit })
    for (const summary of page.conversations) {
      found.delete(summary.conversation)
      found.set(summary.conversation, summary)
    }
    if (page.next === 0) return [...found.values()]
    if (after > 0 && page.next >= after) throw new Error('a page is behind the one before it')
    after = page.next
  }
}

/** What a replay knows at its end. */
export class Replay {
  readonly items: readonly Placed[]
  readonly #uid: number

  private constructor(uid: number, items: readonly Placed[]) {
    this.#uid = uid
    this.items = items
  }

  static async of(device: TestDevice): Promise<Replay> {
    const items = await device.items()
    return new Replay(
      device.uid,
      items.map(({ version, item }) => ({ version, item: { ...item, skip: 0 } })),
    )
  }

  /** The conversations of which something is in the timeline. */
  get conversations(): ReadonlySet<string> {
    return new Set(this.items.flatMap(({ item }) => conversationIn(item, this.#uid) ?? []))
  }

  /** The version of the newest item of a conversation, deleted or not. */
  newest(conversation: string): number {
    return this.items.findLast(({ item }) => conversationIn(item, this.#uid) === conversation)?.version ?? 0
  }

  /** What is shown of a conversation: what its user has neither deleted nor cleared. */
  shown(conversation: string): readonly Placed[] {
    const { cleared } = this.stateOf(conversation)
    return this.items.filter(
      ({ version, item }) =>
        conversationIn(item, this.#uid) === conversation && version > cleared && !isDeletedItem(item),
    )
  }

  /** The number of others' messages in a conversation that are unread. */
  unread(conversation: string): number {
    const { read } = this.stateOf(conversation)
    const marks = this.#ownMarks(conversation)
    const since = this.#memberSince(conversation)
    const isUnread = ({ item: { content } }: Placed): boolean => {
      if (content?.case !== 'message' && content?.case !== 'conversationMessage') return false
      const { sender, device, sendSeq, state } = content.value
      if (sender === this.#uid || (state?.recalledBy ?? 0) !== 0) return false
      if (content.case === 'message') return sendSeq > (marks.get(device) ?? 0)
      return content.value.number > Math.max(read, since)
    }
    return Math.min(100, this.shown(conversation).filter(isUnread).length)
  }

  stateOf(conversation: string) {
    const none = { read: 0, cleared: 0, settings: { muted: false, pinned: false, archived: false, unread: false } }
    for (const { item } of this.items.toReversed()) {
      const { content } = item
      if (content?.case === 'conversationState' && content.value.conversation === conversation) {
        return { ...none, ...content.value }
      }
    }
    return none
  }

  #ownMarks(conversation: string): ReadonlyMap<number, number> {
    const read = this.items.flatMap(({ item: { content } }) =>
      content?.case === 'read' && content.value.own && `direct:${content.value.peer}` === conversation
        ? content.value.marks
        : [],
    )
    return new Map(read.map(({ device, sendSeq }) => [device, sendSeq]))
  }

  /** The number since which the user is a member; 0: the user is none. */
  #memberSince(conversation: string): number {
    const own = this.items.flatMap(({ item: { content } }) =>
      content?.case === 'group' && content.value.conversation === conversation ? [content.value] : [],
    )
    const last = own.at(-1)
    return last?.state === 4 || last?.state === 5 ? last.number : 0
  }
}

/** The conversation that an item of a user belongs to; undefined: none. */
function conversationIn({ content }: Item, uid: number): string | undefined {
  switch (content?.case) {
    case 'message':
      return `direct:${content.value.sender === uid ? content.value.recipient : content.value.sender}`
    case 'failed':
      return content.value.recipient === 0 ? undefined : `direct:${content.value.recipient}`
    case 'conversationMessage':
    case 'groupChange':
      return content.value.conversation
    default:
      return undefined
  }
}

function isDeletedItem({ content }: Item): boolean {
  const isMessage = content?.case === 'message' || content?.case === 'conversationMessage'
  return isMessage && content.value.state?.deleted === true
}
