/**
 * Finds a message in a user's own log, by a walk along its conversation from the newest entry down. In a conversation the numbers of one
 * device rise, and so do those of a group; a walk that has passed the number ends. It is bounded: of older messages nothing is found.
 */
import { type ConversationId, peerOf } from '../../../protocol/conversation-id.js'
import { readerOf, readTag, readUint64, skipField } from '../../../protocol/wire-reader.js'
import type { StoredEntry, Version } from '../../store/types.js'
import { decodeReference, isReference } from '../references.js'
import { groupConversation } from './group-records.js'
import { CHANGE_TAG, CONVERSATION_MESSAGE_TAG, MESSAGE_TAG } from './item-tags.js'

/** The log of an actor, as its transitions see it (Tx). */
export interface SearchedLog {
  newest(conversation: string): Version
  chain(from: Version, entriesMax: number): readonly StoredEntry[]
  entry(version: Version): StoredEntry | undefined
}

/** Names a direct message. */
export interface DirectId {
  readonly sender: number
  readonly device: number
  readonly sendSeq: number
}

/** The entries of one slice of the walk, and the most slices. */
export const SEARCH_SLICE = 256
export const SEARCH_SLICES_MAX = 16

/** The name, in a timeline, of the chain of its entries of the direct conversation with this peer. */
export function directChain(peer: number): string {
  return String(peer)
}

/** The name of a conversation's chain of entries in a timeline. */
export function chainOf(conversation: ConversationId): string {
  const peer = peerOf(conversation)
  return peer === undefined ? conversation : directChain(peer)
}

/** What a walk found, in the order in which it was asked for; undefined: the log has it not, or no longer. */
type Found = readonly (StoredEntry | undefined)[]

/** The place of a message in its conversation: a number that rises in this line. A direct conversation has one for each device. */
interface Place {
  readonly line: string
  readonly number: number
}

/** Finds messages of the direct conversation with this peer. */
export function findDirects(log: SearchedLog, peer: number, ids: readonly DirectId[]): Found {
  const sought = ids.map(({ sender, device, sendSeq }) => ({ line: lineOf(sender, device), number: sendSeq }))
  return find(log, directChain(peer), sought)
}

export function findDirect(log: SearchedLog, peer: number, id: DirectId): StoredEntry | undefined {
  return findDirects(log, peer, [id])[0]
}

/** Finds a member's entries of a group's messages: references, or what stands in their place. */
export function findNumbereds(log: SearchedLog, gid: string, numbers: readonly number[]): Found {
  const sought = numbers.map(number => ({ line: GROUP_LINE, number }))
  return find(log, groupConversation(gid), sought)
}

export function findNumbered(log: SearchedLog, gid: string, number: number): StoredEntry | undefined {
  return findNumbereds(log, gid, [number])[0]
}

/** Seeks all in one walk. It ends when each is found, or what would come behind it. */
function find(log: SearchedLog, conversation: string, sought: readonly Place[]): Found {
  const found: (StoredEntry | undefined)[] = sought.map(() => undefined)
  const open = new Map(sought.entries())
  let from = log.newest(conversation)
  for (let slice = 0; slice < SEARCH_SLICES_MAX && from > 0 && open.size > 0; slice += 1) {
    const entries = log.chain(from, SEARCH_SLICE)
    const lines = linesOf(entries)
    for (const [i, { line, number }] of open) {
      const here = lines.get(line)
      if (here === undefined || here.lowest > number) continue
      const version = here.versions.get(number)
      if (version !== undefined) found[i] = log.entry(version)
      open.delete(i)
    }
    from = entries.at(-1)?.previous ?? 0
  }
  return found
}

/** What a slice of a walk has of a line. */
interface Line {
  readonly versions: Map<number, Version>
  lowest: number
}

/**
 * The lines of slices that were read. A transition is planned again for each slice of its walk, and meets the same slices each time: each is
 * read once.
 */
const linesBySlice = new WeakMap<readonly StoredEntry[], ReadonlyMap<string, Line>>()

function linesOf(entries: readonly StoredEntry[]): ReadonlyMap<string, Line> {
  const known = linesBySlice.get(entries)
  if (known !== undefined) return known
  const lines = new Map<string, Line>()
  for (const { version, bytes } of entries) {
    const { line, number } = placeOf(bytes)
    const here = lines.get(line)
    if (here === undefined) lines.set(line, { versions: new Map([[number, version]]), lowest: number })
    else {
      here.versions.set(number, version)
      here.lowest = Math.min(here.lowest, number)
    }
  }
  linesBySlice.set(entries, lines)
  return lines
}

function placeOf(bytes: Uint8Array): Place {
  if (isReference(bytes)) return { line: GROUP_LINE, number: decodeReference(bytes).number }
  const { sender, device, sendSeq, number } = idOf(bytes)
  return number > 0 ? { line: GROUP_LINE, number } : { line: lineOf(sender, device), number: sendSeq }
}

/** The line of all that a group's members have of it. */
const GROUP_LINE = ''

function lineOf(sender: number, device: number): string {
  return `${sender}/${device}`
}

const NO_ID = { sender: 0, device: 0, sendSeq: 0, number: 0 }

/** The id in a stored message, or the number in what a group's log has. Its text is not read. */
function idOf(bytes: Uint8Array): typeof NO_ID {
  const tag = bytes[0]
  if (tag !== MESSAGE_TAG && tag !== CONVERSATION_MESSAGE_TAG && tag !== CHANGE_TAG) return NO_ID
  const r = readerOf(bytes)
  r.pos = 1
  r.uint32()
  const id = { ...NO_ID }
  const numberTag = tag === CHANGE_TAG ? 16 : 64
  while (r.pos < r.len) {
    const field = readTag(r)
    if (field === numberTag && tag !== MESSAGE_TAG) id.number = readUint64(r)
    else if (field === 8 && tag !== CHANGE_TAG) id.sender = readUint64(r)
    else if (field === 16) id.device = readUint64(r)
    else if (field === 24) id.sendSeq = readUint64(r)
    else skipField(r, field, 0, 'a stored message')
  }
  return id
}
