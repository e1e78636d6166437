/**
 * The limits as the services use them: the key under which each caller is counted. Checks come before any work, the cheapest first. A
 * request that is refused by a check has used up no number and may be repeated. Only the transition makes final refusals; it is told
 * whether a limit forbids the request. So a repeat gets its first answer, and costs nothing.
 */

import { CODES } from '../../protocol/codes.js'
import type { Key } from '../lib/expiring-table.js'
import { networkOf } from '../lib/network.js'
import type { Limits } from '../ops/rate-limits.js'
import type { Answer } from '../sync/rules/numbered.js'
import type { Outcome } from '../sync/types.js'
import type { Caller } from './types.js'

export type Device = Pick<Caller, 'uid' | 'device'>
type Asker = Pick<Caller, 'uid' | 'device' | 'address'>

/** The key of a device: a number where that is exact, so that no text is made for each request. */
export function deviceKey({ uid, device }: Device): Key {
  return uid < UIDS_EXACT && device < DEVICES_EXACT ? uid * DEVICES_EXACT + device : `${uid}/${device}`
}

/** The key of a sender and a recipient, a number where it is exact. */
export function pairKey(from: number, to: number): Key {
  return from < FROM_EXACT && to < TO_EXACT ? from * TO_EXACT + to : `${from}>${to}`
}

/** The key of a sender and a group: no user's uid has dots. */
export function groupKey(from: number, gid: string): Key {
  return `${from}>${gid}`
}

const TO_EXACT = 2 ** 26
const FROM_EXACT = 2 ** 53 / TO_EXACT
const DEVICES_EXACT = 8_192
const UIDS_EXACT = 2 ** 53 / DEVICES_EXACT

/**
 * Takes one request. What a caller's own limits refuse does not count for the address.
 * @returns the milliseconds until there may be one; 0 if it was taken
 */
export function requestWait(limits: Limits, caller: Asker): number {
  const network = networkOf(caller.address)
  if (caller.uid === 0) return limits.take('requests-nameless', network)
  const ownMs = limits.take('requests-device', deviceKey(caller)) || limits.take('requests-user', caller.uid)
  return ownMs || limits.take('requests-address', network)
}

/**
 * Takes one message to a recipient, by the key of both.
 * @returns whether there are too many: the transition then refuses, so that a repeat gets its first answer
 */
export function isRecipientLimited(limits: Limits, key: Key): boolean {
  return limits.take('sends-recipient', key) > 0
}

/** Gives back what an isRecipientLimited() took, if the request was not run now. */
export function settleRecipient(
  limits: Limits,
  key: Key,
  limited: boolean | undefined,
  outcome: Outcome<Answer>,
): void {
  if (limited !== true && !ranNow(outcome)) limits.giveBack('sends-recipient', key)
}

/** The walks of a search for a message that is not there: 4 096 entries, 128 for each (unread-count.ts, message-search.ts). */
const SEARCH_WALKS = 32

/** Charges a search that has found nothing. */
export function chargeVainSearch(limits: Limits, uid: number): void {
  limits.charge('timeline-walks', uid, SEARCH_WALKS)
}

/**
 * Takes nothing: what a search costs is known when it is over.
 * @returns the milliseconds until the user may have a message looked for
 */
export function searchWait(limits: Limits, uid: number): number {
  return limits.check('timeline-walks', uid)
}

/** Charges a search whose message was not found. One that finds its message has mostly looked at few. */
export function chargeSearch(limits: Limits, uid: number, outcome: Outcome<Answer>): void {
  const isVain = ranNow(outcome) && answerOf(outcome)?.code === CODES.NO_SUCH_MESSAGE.code
  if (isVain) chargeVainSearch(limits, uid)
}

/** Undoes a requestWait() that let a device through: the request itself takes it once more. */
export function giveRequestBack(limits: Limits, caller: Asker): void {
  limits.giveBack('requests-device', deviceKey(caller))
  limits.giveBack('requests-user', caller.uid)
  limits.giveBack('requests-address', networkOf(caller.address))
}

/** Charges what a request turns out to carry beside itself: later requests wait longer for it. */
export function chargeRequests(limits: Limits, caller: Caller, count: number): void {
  if (count === 0) return
  limits.charge('requests-address', networkOf(caller.address), count)
  limits.charge('requests-user', caller.uid, count)
  limits.charge('requests-device', deviceKey(caller), count)
}

/** The bytes around a message in a timeline, with the records that change with it. */
const STORED_BESIDE_MESSAGE = 128

/** The KiB that a message of so many bytes makes the store keep. */
export function storedKib(bytes: number): number {
  return (2 * (bytes + STORED_BESIDE_MESSAGE)) / 1_024
}

/**
 * Takes what is to be stored.
 * @returns the milliseconds until so much may be stored for the caller; 0 if it was taken
 */
export function storedWait(limits: Limits, { uid, address }: Caller, kib: number): number {
  const ownMs = limits.take('stored-user', uid, kib)
  if (ownMs > 0) return ownMs
  const waitMs = limits.take('stored-address', networkOf(address), kib)
  if (waitMs > 0) limits.giveBack('stored-user', uid, kib)
  return waitMs
}

/** Charges what was stored beyond what a storedWait() took, in bytes of messages: who has stored too much waits longer. */
export function chargeStored(limits: Limits, { uid, address }: Caller, bytes: number): void {
  const kib = (2 * bytes) / 1_024
  limits.charge('stored-user', uid, kib)
  limits.charge('stored-address', networkOf(address), kib)
}

/** The bytes of what stands for a group's message in the timeline of a member. */
const STORED_REFERENCE = 64

/** Charges what a group stores of a message beyond a storedWait(): a copy for each further partition, and what stands for it in timelines. */
export function chargeCopies(
  limits: Limits,
  { uid, address }: Caller,
  bytes: number,
  { copies, references }: { readonly copies: number; readonly references: number },
): void {
  const kib = (Math.max(0, copies) * (bytes + STORED_BESIDE_MESSAGE) + references * STORED_REFERENCE) / 1_024
  limits.charge('stored-user', uid, kib)
  limits.charge('stored-address', networkOf(address), kib)
}

/** Undoes a storedWait(): nothing was stored. */
export function giveBackStored(limits: Limits, { uid, address }: Caller, kib: number): void {
  limits.giveBack('stored-user', uid, kib)
  limits.giveBack('stored-address', networkOf(address), kib)
}

/**
 * Takes one look-up.
 * @returns the milliseconds until the caller may ask about somebody else; 0 if it was taken
 */
export function lookUpWait(limits: Limits, caller: Caller): number {
  return limits.take('look-ups', caller.uid) || limits.take('look-ups-address', networkOf(caller.address))
}

/** Whether the answer tells if a user exists who is no contact. */
export function tellsOfNonContact(outcome: Outcome<Answer>): boolean {
  const code = answerOf(outcome)?.code
  return code === CODES.UNKNOWN_USER.code || code === CODES.NOT_FRIEND.code || code === CODES.NO_SUCH_REQUEST.code
}

/** Whether a numbered request was run now: not a repeat, a gap, or nothing at all. */
export function ranNow(outcome: Outcome<Answer>): boolean {
  return answerOf(outcome)?.repeated === false
}

/** Whether it was run now and succeeded. Steps after an act depend on this, never on the code, which a repeat has too. */
export function succeededNow(outcome: Outcome<Answer>): boolean {
  return ranNow(outcome) && answerOf(outcome)?.code === CODES.OK.code
}

/** Whether its answer is OK, and how it was the first time if this is a repeat. */
export function isOk(outcome: Outcome<Answer>): outcome is Extract<Outcome<Answer>, { kind: 'done' }> {
  return answerOf(outcome)?.code === CODES.OK.code
}

function answerOf(outcome: Outcome<Answer>): Extract<Answer, { kind: 'answer' }> | undefined {
  return outcome.kind === 'done' && outcome.result.kind === 'answer' ? outcome.result : undefined
}
