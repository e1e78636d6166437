/**
 * Finds a message in a user's own log, by a walk along its conversation from the newest entry down. In a conversation the numbers of one
 * device rise, and so do those of a group; a walk that has passed the number ends. It is bounded: of older messages nothing is found.
 */
import { readerOf, readTag, readUint64, skipField } from '../../../protocol/wire-reader.js'
import type { StoredEntry, Version } from '../../store/types.js'
import { decodeReference, isReference } from '../references.js'
import { groupConversation } from './group-records.js'

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

/** 'passed': what is sought would have come before. */
type Sight = 'found' | 'passed' | 'other'

/** Finds a message of the direct conversation with this peer; undefined: the log has it not, or no longer. */
export function findDirect(log: SearchedLog, peer: number, id: DirectId): StoredEntry | undefined {
  return find(log, String(peer), bytes => {
    const { sender, device, sendSeq } = idOf(bytes)
    if (sender !== id.sender || device !== id.device || sendSeq > id.sendSeq) return 'other'
    return sendSeq === id.sendSeq ? 'found' : 'passed'
  })
}

/** Finds a member's entry of a group's message: a reference, or what stands in its place. */
export function findNumbered(log: SearchedLog, gid: string, number: number): StoredEntry | undefined {
  return find(log, groupConversation(gid), bytes => {
    const here = isReference(bytes) ? decodeReference(bytes).number : idOf(bytes).number
    if (here > number) return 'other'
    return here === number ? 'found' : 'passed'
  })
}

function find(log: SearchedLog, conversation: string, look: (bytes: Uint8Array) => Sight): StoredEntry | undefined {
  let from = log.newest(conversation)
  for (let slice = 0; slice < SEARCH_SLICES_MAX && from > 0; slice += 1) {
    const entries = log.chain(from, SEARCH_SLICE)
    for (const { version, bytes } of entries) {
      const sight = look(bytes)
      if (sight === 'found') return log.entry(version)
      if (sight === 'passed') return undefined
    }
    from = entries.at(-1)?.previous ?? 0
  }
  return undefined
}

/** The field of Item that holds a Message. */
const MESSAGE_TAG = 18
const CONVERSATION_MESSAGE_TAG = 66
const CHANGE_TAG = 74
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
