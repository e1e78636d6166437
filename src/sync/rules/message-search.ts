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
/** Looks for one message in what the walk meets. */
type Look = (id: typeof NO_ID) => Sight
/** What a walk found, in the order in which it was asked for; undefined: the log has it not, or no longer. */
type Found = readonly (StoredEntry | undefined)[]

/** Finds messages of the direct conversation with this peer. */
export function findDirects(log: SearchedLog, peer: number, ids: readonly DirectId[]): Found {
  const looks = ids.map((sought): Look => {
    return ({ sender, device, sendSeq }) => {
      if (sender !== sought.sender || device !== sought.device || sendSeq > sought.sendSeq) return 'other'
      return sendSeq === sought.sendSeq ? 'found' : 'passed'
    }
  })
  return find(log, String(peer), looks)
}

export function findDirect(log: SearchedLog, peer: number, id: DirectId): StoredEntry | undefined {
  return findDirects(log, peer, [id])[0]
}

/** Finds a member's entries of a group's messages: references, or what stands in their place. */
export function findNumbereds(log: SearchedLog, gid: string, numbers: readonly number[]): Found {
  const looks = numbers.map((sought): Look => {
    return ({ number }) => {
      if (number > sought) return 'other'
      return number === sought ? 'found' : 'passed'
    }
  })
  return find(log, groupConversation(gid), looks)
}

export function findNumbered(log: SearchedLog, gid: string, number: number): StoredEntry | undefined {
  return findNumbereds(log, gid, [number])[0]
}

/** Does all looks in one walk. It ends when each has found what it sought, or has passed it. */
function find(log: SearchedLog, conversation: string, looks: readonly Look[]): Found {
  const found: (StoredEntry | undefined)[] = looks.map(() => undefined)
  const open = new Map(looks.entries())
  let from = log.newest(conversation)
  for (let slice = 0; slice < SEARCH_SLICES_MAX && from > 0; slice += 1) {
    const entries = log.chain(from, SEARCH_SLICE)
    for (const { version, bytes } of entries) {
      const id = isReference(bytes) ? { ...NO_ID, number: decodeReference(bytes).number } : idOf(bytes)
      for (const [place, look] of open) {
        const sight = look(id)
        if (sight === 'other') continue
        if (sight === 'found') found[place] = log.entry(version)
        open.delete(place)
      }
      if (open.size === 0) return found
    }
    from = entries.at(-1)?.previous ?? 0
  }
  return found
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
