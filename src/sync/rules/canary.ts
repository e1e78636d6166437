/**
 * Two users of the store itself, by whom a node finds out whether a message gets through (jobs/canary.ts). Their uids are
 * 256·n + partition with n = 0, and n is counted from 1 when uids are given out (account.ts): nobody else ever has them.
 *
 * They have a friendship and the numbers of a device, and nothing else: no name, profile, password or session. So there is
 * no such user for anybody who asks, and no token that could be theirs.
 */
import { ContactState } from '../../../protocol/generated/messages.js'
import type { Transition } from '../types.js'
import { contact, deviceWindow, EMPTY_WINDOW, type MarkRecord, NOBODY } from './records.js'
import { ack } from './watermark.js'

/** Of two partitions: where these are scopes of their own, the way between scopes is tried too. */
export const CANARY_SENDER = 254
export const CANARY_RECEIVER = 255
export const CANARY_DEVICE = 1

/** Makes the friendship and the window if they are not there. @returns the device's last number */
export const canaryStart: Transition<{ readonly friend: number }, number> = {
  name: 'canary.start',
  run(tx, { friend }) {
    if (tx.get(contact, friend) === undefined) tx.put(contact, FRIENDS, friend)
    const window = tx.get(deviceWindow, CANARY_DEVICE)
    if (window === undefined) tx.put(deviceWindow, EMPTY_WINDOW, CANARY_DEVICE)
    return window?.last ?? 0
  },
}

/** As of a contact request that was accepted, of people without names. */
const FRIENDS = { ...NOBODY, state: ContactState.FRIEND }

export interface CanaryAckInput {
  /** Everything of the log up to here is acknowledged, and removed. */
  readonly upTo: number
  /** By peer. */
  readonly marks: ReadonlyMap<number, MarkRecord>
}

/** A device's ack, after which the log is empty again. */
export const canaryAck: Transition<CanaryAckInput, void> = {
  name: 'canary.ack',
  run(tx, { upTo, marks }) {
    ack.run(tx, { versions: new Map([[CANARY_DEVICE, upTo]]), marks })
    tx.trim(upTo)
  },
}
