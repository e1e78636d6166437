/**
 * Friendships. Each side keeps its own record of the other and learns of the other's acts by effects, in order. A request has a number,
 * counted by the side that asks. An act that names another number than that of the waiting request (or of the one that founded the
 * friendship) is ignored. So both sides reach the same state, however their acts cross:
 *
 *                     Request                        asked
 *           ┌────────────────────── NONE ──────────────────────────┐
 *           ▼      Cancel, declined  ▲ ▲   Decline, cancelled       ▼
 *       REQUESTED ───────────────────┘ └────────────────────── INVITED
 *           │  accepted, or asked (crossing: answered by accepted)  │
 *           └──────────────► FRIEND ◄───────────────────────────────┘  Accept (tells accepted)
 *                              │
 *                              └── Remove, removed ──► NONE;  cancelled (it crossed our Accept) ──► REQUESTED or NONE
 *
 * Blocking is independent of these states. It ends what waits between the two: the user's own request is taken back, the other's is
 * dropped, and so are invitations to groups. So a blocked user is a friend or nothing, and none of their acts is shown (PROTOCOL.md, 8.11). If they end the friendship,
 * this is noted, so that both sides agree, and is shown after Unblock. Then they tell their names and marks anew.
 *
 * Conversations without friendship stand beside these states (stranger.ts). A request that answers one who wrote is accepted at once.
 */
import { CODES, type Code } from '../../../protocol/codes.js'
import { ContactState } from '../../../protocol/generated/messages.js'
import type { NumberedName } from '../../../protocol/methods.js'
import type { Actor } from '../../store/types.js'
import { jsonEffect } from '../effect-kinds.js'
import type { EffectKind, Transition, Tx } from '../types.js'
import {
  become,
  hasTalk,
  isAsking,
  isBelowLimit,
  isListed,
  itemKey,
  type Names,
  namesOf,
  withNames,
} from './contact-records.js'
import { declineAllBy } from './group-told.js'
import { type Answer, type Numbered, numbered } from './numbered.js'
import {
  type ContactRecord,
  contact,
  contactIndex,
  contactsAsked,
  NOBODY,
  profile,
  UNANSWERED_MAX,
  uidOf,
  userActor,
} from './records.js'
import { endTalk, nextNumber } from './stranger.js'
import { tellMarks } from './watermark.js'

/** The fields of a request beside its number and the other user. Absent: its method has no such field. */
export interface ContactFields {
  /** The request that is named. */
  readonly request?: number
  readonly greeting?: string
}

export interface ContactInput extends Numbered, ContactFields {
  readonly uid: number
  readonly other: number
  /** The limit of requests is reached. The service found this; the rule refuses, so that the number is used up. */
  readonly limited?: boolean
  /** The user has asked about too many strangers: they are not told whether this one exists. */
  readonly blind?: boolean
}

/** A message from one side to the other. `own` is the number of the teller's request, `theirs` of the hearer's. */
interface Told extends Names {
  readonly act:
    | 'asked'
    | 'cancelled'
    | 'accepted'
    | 'declined'
    | 'removed'
    | 'blocked'
    | 'unblocked'
    | 'renamed'
    | 'gone'
  readonly own: number
  readonly theirs: number
  /** The number of the hearer's last request that the teller had heard of. */
  readonly heard: number
  /** The number of the hearer's names that the teller has seen; only in a request. */
  readonly known?: number
  /** The number of the hearer's writing that a request answers (stranger.ts): the two are friends at once. */
  readonly answers?: number
  readonly greeting: string
}

const NO_TALK = { wrote: 0, met: 0, sinceMs: 0 } as const

const NONE = { state: ContactState.UNSPECIFIED, own: 0, theirs: 0, greeting: '' } as const

function tell(tx: Tx, other: Actor, act: Told['act'], about: Partial<Told> = {}): void {
  const heard = tx.get(contact, uidOf(other))?.heard ?? 0
  const told = { act, own: 0, theirs: 0, heard, ...namesOf(tx.get(profile)), greeting: '' }
  tx.effect(contactTold, other, { ...told, ...about })
}

function mayAsk(tx: Tx): boolean {
  return (tx.get(contactsAsked)?.length ?? 0) < UNANSWERED_MAX
}

/** Applies an act of the other side. */
export const contactTold: EffectKind<Told> = jsonEffect({
  name: 'contact',
  run(tx, told, source) {
    const other = uidOf(source)
    if (tx.get(profile)?.deleted === true) {
      // A user who knew this one before the account was deleted, or asks now, is told; nothing is noted.
      if (told.act !== 'gone') tellGone(tx, other)
      return
    }
    const known = tx.get(contact, other) ?? NOBODY
    const before = told.own > known.heard ? { ...known, heard: told.own } : known
    const after = before.blocked ? hearUnseen(tx, source, before, told) : hear(tx, source, before, told)
    // This side knows that it is blocked only to refuse at once; it is shown to nobody. The names of a deleted user must not remain
    // anywhere.
    const isSecret = before.blocked || after.blockedBy !== before.blockedBy
    const isShown =
      told.act === 'gone' ? after.account !== before.account || !isSecret : !isSecret && isNews(before, after)
    if (after !== known) become(tx, other, before, after, after !== before && isShown)
  },
})

/** Whether anything visible changed. The names of a user who is no contact are kept, and not shown. */
function isNews(before: ContactRecord, after: ContactRecord): boolean {
  const isNamed = before.account !== after.account || before.nickname !== after.nickname
  if (before.state !== after.state || before.theirs !== after.theirs || before.own !== after.own) return true
  return isNamed && isListed(after)
}

/** Applies an act of a blocked user: only what both sides must agree on. */
function hearUnseen(tx: Tx, source: Actor, before: ContactRecord, told: Told): ContactRecord {
  const { account, nickname, names } = before
  switch (told.act) {
    case 'asked':
      // From a friend: the request crossed our Accept.
      if (before.state === ContactState.FRIEND) return { ...asked(tx, source, before, told), account, nickname, names }
      return before.state === ContactState.INVITED ? { ...before, ...NONE } : before
    case 'accepted':
      // It crossed our taking back of the request; an older server let the request wait.
      return before.state === ContactState.REQUESTED && before.own === told.theirs
        ? takenBack(tx, source, before)
        : before
    case 'renamed':
      return before
    default:
      return hear(tx, source, before, told)
  }
}

function hear(tx: Tx, source: Actor, before: ContactRecord, told: Told): ContactRecord {
  const named = withNames(before, told)
  switch (told.act) {
    case 'asked':
      return asked(tx, source, before, told)
    case 'accepted':
      if (before.state !== ContactState.REQUESTED || before.own !== told.theirs) return before
      return { ...named, state: ContactState.FRIEND, greeting: '' }
    case 'declined':
      if (before.state !== ContactState.REQUESTED || before.own !== told.theirs) return before
      return { ...before, ...NONE }
    case 'cancelled':
      if (before.theirs !== told.own) return before
      if (before.state === ContactState.INVITED) return { ...before, ...NONE }
      if (before.state !== ContactState.FRIEND) return before
      return before.own === 0 ? { ...before, ...NONE } : waitingAgain(tx, source, before)
    case 'removed':
      // All requests of the other are over. A request of ours that they had not heard of when they spoke still waits there.
      if (before.state === ContactState.UNSPECIFIED || before.state === ContactState.REQUESTED) return before
      return before.own <= told.heard ? { ...before, ...NONE } : waitingAgain(tx, source, before)
    case 'blocked':
      return { ...before, blockedBy: true }
    case 'unblocked':
      tellWhatWasUnseen(tx, source, before)
      return { ...before, blockedBy: false }
    case 'renamed':
      // Names are kept even of a user who is no contact: their request may be on its way, with the old nickname.
      return named
    case 'gone':
      return gone(before)
  }
}

/** Lets this user's request wait again, which the other's request had answered. Where no more may wait, it is taken back. */
function waitingAgain(tx: Tx, source: Actor, before: ContactRecord): ContactRecord {
  const mayWait = !before.blocked && mayAsk(tx)
  return mayWait ? { ...before, state: ContactState.REQUESTED, theirs: 0 } : takenBack(tx, source, before)
}

function takenBack(tx: Tx, other: Actor, before: ContactRecord): ContactRecord {
  tell(tx, other, 'cancelled', { own: before.own })
  return { ...before, ...NONE }
}

/** Tells the other, who no longer blocks this user, what was dropped meanwhile. */
function tellWhatWasUnseen(tx: Tx, other: Actor, { state }: ContactRecord): void {
  if (state !== ContactState.UNSPECIFIED) tell(tx, other, 'renamed')
  tellMarks(tx, uidOf(other))
}

/** Clears the record of a user whose account was deleted. A user who was unknown stays unknown. */
function gone(before: ContactRecord): ContactRecord {
  if (before === NOBODY) return before
  const none = { ...before, ...NONE, ...NO_TALK }
  // A nickname that is still on its way is older than the deletion.
  return { ...none, account: '', nickname: '', names: Number.MAX_SAFE_INTEGER, blockedBy: false }
}

function asked(tx: Tx, source: Actor, before: ContactRecord, told: Told): ContactRecord {
  const named = withNames(before, told)
  if (before.state === ContactState.REQUESTED || before.state === ContactState.FRIEND) {
    // Both asked: each side's request is the answer to the other's.
    tell(tx, source, 'accepted', { own: before.own, theirs: told.own })
    return { ...named, state: ContactState.FRIEND, theirs: told.own, greeting: '' }
  }
  if ((told.answers ?? 0) > 0 && before.wrote === told.answers && before.met === 0) {
    // This user wrote first, and the other accepts that.
    tell(tx, source, 'accepted', { own: before.own, theirs: told.own })
    return { ...named, state: ContactState.FRIEND, own: 0, theirs: told.own, greeting: '' }
  }
  const self = tx.get(profile)
  if (self === undefined || (before.state === ContactState.UNSPECIFIED && !isBelowLimit(tx))) {
    tell(tx, source, 'declined', { theirs: told.own })
    return before
  }
  // The asking user is a contact only now, and was not told of a nickname that is newer than their look.
  if ((told.known ?? 0) < self.names) tell(tx, source, 'renamed')
  return { ...named, state: ContactState.INVITED, theirs: told.own, greeting: told.greeting }
}

/** Makes the transition of one side. Its rule returns the new record, or the code that refuses. */
function act(name: string, rule: (tx: Tx, input: ContactInput, before: ContactRecord) => ContactRecord | Code) {
  return numbered<ContactInput>(
    `contact.${name}`,
    (tx, input) => {
      if (input.other === input.uid) return CODES.SELF.code
      const known = tx.get(contact, input.other)
      if (input.limited && known === undefined) return CODES.REQUEST_LIMIT.code
      // A user who may not learn who exists (`blind`) gets the same answer for a missing user as for a stranger. A rule that would make a
      // record looks for the user all the same.
      if (known === undefined && !input.blind && tx.glance(userActor(input.other), profile)?.deleted !== false) {
        return CODES.UNKNOWN_USER.code
      }
      if (!tx.outboxHasSpace(userActor(input.other))) return CODES.OUTBOX_FULL.code
      const before = known ?? NOBODY
      const after = rule(tx, input, before)
      if (typeof after === 'number') return after
      if (after !== before) become(tx, input.other, before, after, true)
      return CODES.OK.code
    },
    undefined,
    input => [[contact, input.other], [contactIndex], [profile]],
  )
}

export const requestContact = act('request', (tx, input, before) => {
  if (before.state === ContactState.FRIEND) return CODES.ALREADY_FRIENDS.code
  // The answer of a blocked user could not arrive.
  if (before.blocked) return CODES.BLOCKED.code
  return before.state === ContactState.INVITED ? accept(tx, input.other, before) : ask(tx, input, before)
})

/** Asks the other to become a friend. A stranger who wrote and waits agrees at once. */
function ask(tx: Tx, { other, greeting = '', limited }: ContactInput, before: ContactRecord): ContactRecord | Code {
  if (limited) return CODES.REQUEST_LIMIT.code
  const theirs = tx.glance(userActor(other), profile)
  if (theirs?.deleted !== false) return CODES.UNKNOWN_USER.code
  if (before.state === ContactState.UNSPECIFIED) {
    if (!isListed(before) && !isBelowLimit(tx)) return CODES.CONTACT_LIMIT.code
    if (!mayAsk(tx)) return CODES.REQUEST_LIMIT.code
  }
  const own = nextNumber(tx, before)
  const answers = isAsking(before) ? before.met : 0
  tell(tx, userActor(other), 'asked', { own, greeting, known: theirs.names, ...(answers > 0 && { answers }) })
  const named = withNames(before, theirs)
  return { ...named, state: ContactState.REQUESTED, asked: own, own, theirs: 0, greeting, shut: false }
}

function accept(tx: Tx, other: number, before: ContactRecord): ContactRecord {
  tell(tx, userActor(other), 'accepted', { own: before.own, theirs: before.theirs })
  return { ...before, state: ContactState.FRIEND, own: 0, greeting: '', shut: false }
}

export const acceptContact = act('accept', (tx, input, before) => {
  if (isInvitedBy(before, input)) return accept(tx, input.other, before)
  const isStranger = before.state === ContactState.UNSPECIFIED && isAskingBy(before, input)
  return isStranger ? ask(tx, input, before) : CODES.NO_SUCH_REQUEST.code
})

export const declineContact = act('decline', (tx, input, before) => {
  const { other } = input
  if (isAskingBy(before, input)) return endTalk(tx, other, before, true)
  if (!isInvitedBy(before, input)) return CODES.NO_SUCH_REQUEST.code
  tell(tx, userActor(other), 'declined', { theirs: before.theirs })
  // Who is not wanted as a friend need not be answered either.
  return { ...(isAsking(before) ? endTalk(tx, other, before, true) : before), ...NONE }
})

/** Whether the input names the other's request that waits. */
function isInvitedBy({ state, theirs }: ContactRecord, { request }: ContactInput): boolean {
  return state === ContactState.INVITED && theirs === request
}

/** Whether the input names the other's conversation that waits. */
function isAskingBy(before: ContactRecord, { request }: ContactInput): boolean {
  return isAsking(before) && before.met === request
}

export const cancelContact = act('cancel', (tx, { other, request }, before) => {
  if (before.state !== ContactState.REQUESTED || before.own !== request) return CODES.NO_SUCH_REQUEST.code
  tell(tx, userActor(other), 'cancelled', { own: before.own })
  return { ...before, ...NONE }
})

export const removeContact = act('remove', (tx, { other }, before) => {
  if (before.state !== ContactState.FRIEND) {
    return hasTalk(before) ? endTalk(tx, other, before) : CODES.NOT_FRIEND.code
  }
  tell(tx, userActor(other), 'removed', { own: before.own })
  return { ...endTalk(tx, other, before), ...NONE }
})

export const blockContact = act('block', (tx, { other }, before) => {
  if (before.blocked) return before
  if (before === NOBODY && tx.glance(userActor(other), profile)?.deleted !== false) return CODES.UNKNOWN_USER.code
  const target = userActor(other)
  const isWaiting = before.state === ContactState.REQUESTED
  const rest = before.state === ContactState.INVITED ? { ...before, ...NONE } : before
  const ended = endTalk(tx, other, isWaiting ? takenBack(tx, target, before) : rest)
  tell(tx, target, 'blocked')
  declineAllBy(tx, other)
  return { ...ended, blocked: true }
})

export const unblockContact = act('unblock', (tx, { other }, before) => {
  if (!before.blocked) return before
  tell(tx, userActor(other), 'unblocked')
  return { ...before, blocked: false }
})

/** The act of each numbered method of ContactService. */
export const CONTACT_ACTS = {
  contactRequest: requestContact,
  contactAccept: acceptContact,
  contactDecline: declineContact,
  contactCancel: cancelContact,
  contactRemove: removeContact,
  contactBlock: blockContact,
  contactUnblock: unblockContact,
} satisfies { readonly [N in ContactActName]: Transition<ContactInput, Answer> }

type ContactActName = Extract<NumberedName, `contact${string}`>

/** Tells these contacts the user's present names, together. */
export function tellNames(tx: Tx, others: readonly number[]): void {
  const told = { act: 'renamed', own: 0, theirs: 0, heard: 0, ...namesOf(tx.get(profile)), greeting: '' } as const
  tx.fanOut(contactTold, others.map(userActor), told)
}

/** Tells the other that this user's account is deleted, and removes all of the contact here. */
export function forgetContact(tx: Tx, other: number): void {
  tellGone(tx, other)
  tx.remove(contact, other)
  tx.drop(itemKey(other))
}

/** Tells somebody whom this user knew that the user is gone, without any names. */
function tellGone(tx: Tx, other: number): void {
  tx.effect(contactTold, userActor(other), {
    act: 'gone',
    own: 0,
    theirs: 0,
    heard: 0,
    account: '',
    nickname: '',
    greeting: '',
  })
}
