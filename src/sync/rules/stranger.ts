/**
 * Conversations between people who are no friends, where the store's policy lets anybody write (policy.ts). They are independent of the states
 * of friendship (contact.ts), and last through them. Each side opens its own direction by writing, under a number that it counts with its
 * requests. Either side may end both directions:
 *
 *          this user writes (wrote = n)              the other writes, "wrote" (met = n)
 *     ┌───────────────────────────────── nothing ─────────────────────────────────┐
 *     ▼                                                                            ▼
 *   WAITS ── "wrote" ──────────────► OPEN: both may write ◄────── this user writes ── ASKS: a request, no marks go out
 *
 *   Decline, Remove, Block (tells "ended") and "ended" end it. "ended" names the newest number that its teller had heard of: a later one is
 *   still on its way there, and begins anew.
 *
 * The other's side judges what begins: it may refuse, and says "ended" to that number. The message behind it fails then, with the same code
 * whether the other takes friends only, has too many such requests, declined, or has blocked this user.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { ContactState } from '../../../protocol/generated/messages.js'
import { jsonEffect } from '../effect-kinds.js'
import type { EffectKind, Tx } from '../types.js'
import { become, hasTalk, isBelowLimit, isListed, type Names, namesOf, withNames } from './contact-records.js'
import { preferences } from './conversation-records.js'
import {
  type ContactRecord,
  contact,
  type NewStranger,
  NOBODY,
  newStrangers,
  profile,
  STRANGERS_ASKING_MAX,
  STRANGERS_MAX,
  STRANGERS_MS,
  strangersAsking,
  uidOf,
  userActor,
} from './records.js'

/**
 * The jump of request numbers per epoch. Each epoch's requests have numbers of their own, because some of the epoch before may have been
 * given out and lost. An answer to one must not be taken for an answer to another. Nobody asks one user so often.
 */
const REQUEST_JUMP = 2 ** 16

/** The number of this user's next request to the other, or of the next conversation that this user begins or answers. */
export function nextNumber(tx: Tx, { asked }: ContactRecord): number {
  return Math.max(asked, REQUEST_JUMP * (tx.epoch - 1)) + 1
}

interface StrangerTold extends Names {
  /** named: the names are newer than those that the hearer wrote with. */
  readonly act: 'wrote' | 'ended' | 'named'
  /** The teller's number, if it wrote. */
  readonly number: number
  /** The newest number of the hearer's that the teller had heard of, if it ends the conversation. */
  readonly heard: number
  /** The number of the hearer's names that the teller has seen, if it wrote. */
  readonly known: number
}

const NOTHING_TOLD = { number: 0, heard: 0, known: 0, account: '', nickname: '' } as const

function tell(tx: Tx, other: number, told: Pick<StrangerTold, 'act'> & Partial<StrangerTold>): void {
  tx.effect(strangerTold, userActor(other), { ...NOTHING_TOLD, ...told })
}

/** Whether a user may write in a conversation that stands, as far as this side knows. */
export function mayWrite(tx: Tx, record: ContactRecord | undefined): record is ContactRecord {
  if (record === undefined) return false
  return record.state === ContactState.FRIEND || (tx.settings.openContacts && record.wrote > 0)
}

/** Whether the other may write to this user. */
export function mayBeWrittenTo(tx: Tx, record: ContactRecord | undefined): boolean {
  if (record === undefined) return false
  return record.state === ContactState.FRIEND || (tx.settings.openContacts && record.met > 0)
}

/** Whether both have written, or are friends. */
export function mayTalk(tx: Tx, record: ContactRecord | undefined): boolean {
  return mayWrite(tx, record) && mayBeWrittenTo(tx, record)
}

/** Whether the user may begin or answer a conversation with an existing user who is no friend. It does not tell a block by the other. */
export function mayBegin(tx: Tx, to: number): Code {
  const known = tx.get(contact, to) ?? NOBODY
  if (known.blocked) return CODES.BLOCKED.code
  if (!isListed(known) && !isBelowLimit(tx)) return CODES.CONTACT_LIMIT.code
  if (known.met > 0 || lately(tx).some(({ uid }) => uid === to)) return CODES.OK.code
  return lately(tx).length < STRANGERS_MAX ? CODES.OK.code : CODES.STRANGER_LIMIT.code
}

/** Begins or answers a conversation. */
export function begin(tx: Tx, to: number): void {
  const before = tx.get(contact, to) ?? NOBODY
  const theirs = tx.glance(userActor(to), profile)
  const wrote = nextNumber(tx, before)
  tell(tx, to, { act: 'wrote', number: wrote, known: theirs?.names ?? 0, ...namesOf(tx.get(profile)) })
  if (before.met === 0) noteStranger(tx, to)
  const sinceMs = hasTalk(before) ? before.sinceMs : tx.nowMs
  const named = withNames(before, namesOf(theirs))
  become(tx, to, before, { ...named, asked: wrote, wrote, shut: false, sinceMs }, true)
}

/** Ends a conversation, and tells the other. @param shut the other can begin none from now on @returns the record without it */
export function endTalk(tx: Tx, other: number, before: ContactRecord, shut = false): ContactRecord {
  if (!hasTalk(before)) return before
  tell(tx, other, { act: 'ended', heard: before.heard })
  return { ...before, wrote: 0, met: 0, sinceMs: 0, shut }
}

/** The strangers whom the user has begun to write to within the last day. */
function lately(tx: Tx): readonly NewStranger[] {
  const fromMs = tx.ago(STRANGERS_MS)
  return (tx.get(newStrangers)?.list ?? []).filter(({ atMs }) => atMs > fromMs)
}

function noteStranger(tx: Tx, uid: number): void {
  const list = lately(tx)
  if (!list.some(each => each.uid === uid)) tx.put(newStrangers, { list: [...list, { uid, atMs: tx.nowMs }] })
}

/** Forgets a stranger who has answered. */
function forgetStranger(tx: Tx, uid: number): void {
  const list = tx.get(newStrangers)?.list ?? []
  if (list.some(each => each.uid === uid)) tx.put(newStrangers, { list: list.filter(each => each.uid !== uid) })
}

/** Applies what the other side did. */
export const strangerTold: EffectKind<StrangerTold> = jsonEffect({
  name: 'stranger',
  run(tx, told, source) {
    if (tx.get(profile)?.deleted === true) return
    const other = uidOf(source)
    const known = tx.get(contact, other) ?? NOBODY
    const after =
      told.act === 'wrote'
        ? wrote(tx, other, known, told)
        : told.act === 'ended'
          ? ended(known, told)
          : named(known, told)
    if (after !== known) become(tx, other, known, after, !known.blocked)
  },
})

/** Takes or refuses a conversation that the other has begun. Nothing is stored about somebody who is refused. */
function wrote(tx: Tx, other: number, known: ContactRecord, told: StrangerTold): ContactRecord {
  if (!takes(tx, known)) {
    tell(tx, other, { act: 'ended', heard: told.number })
    return known
  }
  const self = tx.get(profile)
  // The other looked before this user's newest nickname, and was no contact who is told of it.
  if (self !== undefined && told.known < self.names) tell(tx, other, { act: 'named', ...namesOf(self) })
  if (known.wrote > 0) forgetStranger(tx, other)
  const sinceMs = hasTalk(known) ? known.sinceMs : tx.nowMs
  const heard = Math.max(known.heard, told.number)
  return { ...withNames(known, told), heard, met: told.number, sinceMs }
}

/** Whether this user takes a conversation that the other begins, or answers. */
function takes(tx: Tx, known: ContactRecord): boolean {
  if (known.blocked || tx.get(profile) === undefined) return false
  // What stands is agreed on, whatever the policy is by now: the messages themselves are refused then.
  if (known.state === ContactState.FRIEND || hasTalk(known)) return true
  if (!tx.settings.openContacts || known.shut || tx.get(preferences)?.friendsOnly === true) return false
  if (!isListed(known) && !isBelowLimit(tx)) return false
  return (tx.get(strangersAsking)?.length ?? 0) < STRANGERS_ASKING_MAX
}

function ended(known: ContactRecord, { heard }: StrangerTold): ContactRecord {
  if (!hasTalk(known)) return known
  const wrote = known.wrote > heard ? known.wrote : 0
  return { ...known, wrote, met: 0, sinceMs: wrote > 0 ? known.sinceMs : 0 }
}

function named(known: ContactRecord, told: StrangerTold): ContactRecord {
  return known === NOBODY ? known : withNames(known, told)
}
