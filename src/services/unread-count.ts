/**
 * Counts what is unread in a conversation. The user's own timeline is walked along the conversation, the newest first, down to the mark: message
 * by message, as numbers and send_seq have gaps, and what was recalled or deleted does not count. The mentions of a group are known by number,
 * however far back they are.
 */
import { type ConversationMessage, decodeItem, type Message } from '../../protocol/generated/messages.js'
import { COUNTED_MAX } from '../../protocol/limits.js'
import { partitionOf } from '../store/partition.js'
import { type Actor, ASKED_MAX, type StoredEntry } from '../store/types.js'
import { branchActor, decodeReference, isReference } from '../sync/references.js'
import { EVERYBODY } from '../sync/rules/mentions.js'
import { isGone } from '../sync/rules/message-state.js'
import type { UnreadMarks } from '../sync/rules/read-state.js'
import { uidOf } from '../sync/rules/records.js'
import type { Slices, WalkParts } from './walks.js'

type DirectMarks = Extract<UnreadMarks, { kind: 'direct' }>
type GroupMarks = Extract<UnreadMarks, { kind: 'group' }>

/** The number of messages of a peer that the user has not read. @param walked the conversation above what is cleared */
export async function countDirect(walked: Slices, { peer, read, delivered }: DirectMarks): Promise<number> {
  /** Devices of the peer of which something unread may be further down. */
  const open = new Set(Object.keys(delivered).filter(device => (delivered[device] ?? 0) > (read[device] ?? 0)))
  const passed = new Set<string>()
  let unread = 0
  for await (const slice of walked) {
    for (const { bytes } of slice) {
      const message = directIn(bytes)
      if (message?.sender !== peer) continue
      const device = String(message.device)
      if (message.sendSeq <= (read[device] ?? 0)) {
        passed.add(device)
        open.delete(device)
        continue
      }
      if (!passed.has(device)) open.add(device)
      if (!isGone(message)) unread += 1
      if (unread === COUNTED_MAX) return unread
    }
    if (open.size === 0 && passed.size > 0) return unread
  }
  return unread
}

/** The direct message that an entry is; undefined if it is none. */
export function directIn(bytes: Uint8Array): Message | undefined {
  const { content } = decodeItem(bytes)
  return content?.case === 'message' ? content.value : undefined
}

/** The message that a group's log has there; undefined if it is none. */
export function groupMessageIn(bytes: Uint8Array | undefined): ConversationMessage | undefined {
  if (bytes === undefined || isReference(bytes)) return undefined
  const { content } = decodeItem(bytes)
  return content?.case === 'conversationMessage' ? content.value : undefined
}

export interface GroupCount {
  readonly unread: number
  readonly mentions: number
  /** The number of the oldest of the mentions; 0: there is none. */
  readonly firstMention: number
}

/**
 * The number of others' messages in a group that the user has not read, and of those that mention the user.
 * @param walked the conversation above what is cleared
 */
export async function countGroup(
  parts: WalkParts,
  actor: Actor,
  walked: Slices,
  marks: GroupMarks,
): Promise<GroupCount> {
  const { gid } = marks
  const here: Place = { store: parts.store, branch: branchActor(gid, partitionOf(actor)), uid: uidOf(actor) }
  const unread = await countAbove(walked, marks, here)
  const found = await mentionsAmong(parts, here, marks)
  return { unread, mentions: found.length, firstMention: found.at(-1) ?? 0 }
}

/** The place of a group's items, and the user who counts them. */
interface Place {
  readonly store: WalkParts['store']
  readonly branch: Actor
  readonly uid: number
}

async function countAbove(walked: Slices, { read }: GroupMarks, here: Place): Promise<number> {
  let unread = 0
  for await (const slice of walked) {
    const { numbers, reachesMark } = numbersAbove(slice, read)
    for (const message of await messagesOf(here, numbers)) {
      if (isOfOthers(here, message)) unread += 1
      if (unread === COUNTED_MAX) return unread
    }
    if (reachesMark) break
  }
  return unread
}

/** The numbers above the mark that these entries refer to. What was deleted stands there itself, without a reference. */
function numbersAbove(slice: readonly StoredEntry[], read: number) {
  const numbers: number[] = []
  for (const { bytes } of slice) {
    const isLive = isReference(bytes)
    const number = isLive ? decodeReference(bytes).number : (groupMessageIn(bytes)?.number ?? 0)
    if (number > 0 && number <= read) return { numbers, reachesMark: true }
    if (isLive) numbers.push(number)
  }
  return { numbers, reachesMark: false }
}

/** Items of the group, in this order. */
async function messagesOf({ store, branch }: Place, numbers: readonly number[]) {
  if (numbers.length === 0) return []
  const entries = await store.entries(branch, numbers)
  return entries.map(entry => groupMessageIn(entry?.bytes))
}

function isOfOthers({ uid }: Place, message: ConversationMessage | undefined): message is ConversationMessage {
  return message !== undefined && message.sender !== uid && !isGone(message)
}

/** The newest of these numbers whose messages mention the user still, the newest first. */
async function mentionsAmong({ charge }: WalkParts, here: Place, marks: GroupMarks): Promise<number[]> {
  const newest = marks.mentions.toReversed().slice(0, ASKED_MAX)
  if (newest.length > 0) charge()
  const messages = await messagesOf(here, newest)
  const isMeant = ({ number, state, extra }: ConversationMessage): boolean =>
    extra?.mentions.some(({ uid }) => uid === here.uid || uid === EVERYBODY) === true &&
    marks.wasMember(state?.editNumber || number)
  const found = newest.filter((_, i) => {
    const message = messages[i]
    return isOfOthers(here, message) && isMeant(message)
  })
  return found.slice(0, COUNTED_MAX)
}
