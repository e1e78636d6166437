/**
 * Users of the store itself, one in each partition but the first. With two of them a node finds out whether a message gets through
 * (jobs/canary.ts). Their uids are 256·n + partition with n = 0: the number of the partition itself. Uids that are given out count n
 * from 1 (account.ts), so nobody else ever has these.
 *
 * The two are in two partitions: where these are scopes of their own, the path between scopes is tried too. They have a friendship and the
 * numbers of a device, but no name, profile, password or session. So anybody who asks finds no such user, and no token can be theirs.
 */
import { ContactState } from '../../../protocol/generated/messages.js'
import type { Transition } from '../types.js'
import { deviceWindow, EMPTY_WINDOW } from './device-window.js'
import { contact, type MarkRecord, NOBODY } from './records.js'
import { ack } from './watermark.js'

/** The two users where one node has the store. */
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

/** The record of an accepted contact request between people without names. */
const FRIENDS = { ...NOBODY, state: ContactState.FRIEND }

export interface CanaryAckInput {
  /** The version up to which the log is acknowledged and removed. */
  readonly upTo: number
  /** The marks by peer. */
  readonly marks: ReadonlyMap<number, MarkRecord>
}

/** Applies a device's ack, and empties the log. */
export const canaryAck: Transition<CanaryAckInput, void> = {
  name: 'canary.ack',
  run(tx, { upTo, marks }) {
    ack.run(tx, { versions: new Map([[CANARY_DEVICE, upTo]]), marks })
    tx.trim(upTo)
  },
}
