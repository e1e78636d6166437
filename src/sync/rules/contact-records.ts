/** How the record of a contact changes, with what follows from it: the lists that it stands in, and what the user's devices are shown. */
import { type Contact, ContactState, encodeItem, Stranger } from '../../../protocol/generated/messages.js'
import type { Tx } from '../types.js'
import {
  CONTACTS_MAX,
  type ContactRecord,
  contact,
  contactIndex,
  contactsAsked,
  type Profile,
  strangersAsking,
} from './records.js'
import { tellMarks } from './watermark.js'

export interface Names {
  readonly account: string
  readonly nickname: string
  /** The number of these names (Profile in records.ts). Absent in messages of older servers. */
  readonly names?: number
}

/**
 * Puts the record and updates the lists. If the change is to be `shown`, also tells the user's devices what they may see of it. An answer to
 * a stranger tells them how far they are read.
 */
export function become(tx: Tx, other: number, before: ContactRecord, changed: ContactRecord, shown: boolean): void {
  const isAnswered = changed.wrote > 0 || changed.state === ContactState.FRIEND
  const after = { ...changed, quiet: !isAnswered && (changed.quiet || isAsking(changed)) }
  tx.put(contact, after, other)
  const isIn = isListed(after)
  if (isListed(before) !== isIn) {
    const index = (tx.get(contactIndex) ?? []).filter(uid => uid !== other)
    tx.put(contactIndex, isIn ? [...index, other].sort((a, b) => a - b) : index)
  }
  const waits = after.state === ContactState.REQUESTED
  if (waits !== (before.state === ContactState.REQUESTED)) {
    const asked = (tx.get(contactsAsked) ?? []).filter(uid => uid !== other)
    tx.put(contactsAsked, waits ? [...asked, other] : asked)
  }
  if (isAsking(after) !== isAsking(before)) {
    const asking = (tx.get(strangersAsking) ?? []).filter(uid => uid !== other)
    tx.put(strangersAsking, isAsking(after) ? [...asking, other] : asking)
  }
  if (shown) tx.append(contactItem(other, after), itemKey(other))
  if (before.quiet && !after.quiet) tellMarks(tx, other)
}

/** Whether the user has to do with the other now: in any state but none, or in a conversation without friendship. */
export function isListed(record: ContactRecord): boolean {
  return record.state !== ContactState.UNSPECIFIED || hasTalk(record)
}

/** Whether there is a conversation that needs no friendship. */
export function hasTalk({ wrote, met }: ContactRecord): boolean {
  return wrote > 0 || met > 0
}

/** Whether the other wrote without being a friend, and this user has not answered. */
export function isAsking({ state, wrote, met }: ContactRecord): boolean {
  return state !== ContactState.FRIEND && wrote === 0 && met > 0
}

/** Whether more contacts can be listed. */
export function isBelowLimit(tx: Tx): boolean {
  return (tx.get(contactIndex)?.length ?? 0) < CONTACTS_MAX
}

function contactItem(uid: number, record: ContactRecord): Uint8Array {
  return encodeItem({ skip: 0, content: { case: 'contact', value: contactValue(uid, record) } })
}

/** The part of the record that the user may see. */
export function contactValue(uid: number, record: ContactRecord): Contact {
  const { state, blocked, account, nickname, greeting } = record
  const stranger = strangerOf(record)
  const sinceMs = stranger === Stranger.UNSPECIFIED ? 0 : record.sinceMs
  return { uid, state, request: requestOf(record), blocked, account, nickname, greeting, stranger, sinceMs }
}

/** The number that Accept, Decline and Cancel name. */
function requestOf(record: ContactRecord): number {
  if (record.state === ContactState.REQUESTED) return record.own
  if (record.state === ContactState.INVITED) return record.theirs
  return isAsking(record) ? record.met : 0
}

function strangerOf(record: ContactRecord): Stranger {
  if (record.state === ContactState.FRIEND || !hasTalk(record)) return Stranger.UNSPECIFIED
  if (record.met === 0) return Stranger.WAITS
  return record.wrote === 0 ? Stranger.ASKS : Stranger.OPEN
}

export function itemKey(other: number): string {
  return `contact/${other}`
}

export function namesOf(self: Profile | undefined): Required<Names> {
  return { account: self?.account ?? '', nickname: self?.nickname ?? '', names: self?.names ?? 0 }
}

/**
 * Takes over these names unless newer ones are known. A new nickname comes by another path than all other acts (renaming.ts), so it may
 * overtake what was told before it, or be overtaken.
 */
export function withNames(before: ContactRecord, { account, nickname, names = 0 }: Names): ContactRecord {
  const known = before.names
  const isKnown = names === known && account === before.account && nickname === before.nickname
  return names < known || isKnown ? before : { ...before, account, nickname, names }
}
