/**
 * Delivered and read watermarks. The acks of a user's devices and the marks that they name are committed together. Marks that rose
 * are told to the peer, whose transition limits them to what it has really sent.
 */
import { encodeItem, type Watermark } from '../../../protocol/generated/messages.js'
import type { Actor } from '../../store/types.js'
import { jsonEffect } from '../effect-kinds.js'
import type { EffectKind, RecordKind, Transition, Tx } from '../types.js'
import { cameBack, preferences } from './conversation-records.js'
import { deviceWindow } from './device-window.js'
import {
  contact,
  deviceAck,
  devices,
  given,
  MARKED_DEVICES_MAX,
  type MarkRecord,
  type Marks,
  NO_MARKS,
  newest,
  taken,
  uidOf,
  userActor,
} from './records.js'
import { seen } from './session.js'

export interface AckInput {
  /** The version up to which each device has durably stored the timeline. */
  readonly versions: ReadonlyMap<number, number>
  /** The highest send_seq stored or read, by peer and then by the peer's device. */
  readonly marks: ReadonlyMap<number, MarkRecord>
}

export const ack: Transition<AckInput, void> = {
  name: 'timeline.ack',
  run(tx, { versions, marks }) {
    tx.fetch([deviceAck, deviceWindow], [...versions.keys()])
    // An ack may come late. It is ignored if the device has been forgotten, or its user has left.
    const devicesHere = [...versions].filter(([device]) => tx.peek(deviceWindow, device) !== undefined)
    if (versions.size > 0 && devicesHere.length === 0) return
    tx.fetch([taken, contact], [...marks.keys()])
    for (const [device, version] of devicesHere) {
      seen(tx, device)
      const before = tx.get(deviceAck, device)
      if (before === undefined && tx.get(deviceWindow, device) === undefined) continue
      tx.put(deviceAck, { version: Math.max(before?.version ?? 0, version) }, device)
    }
    // Marks about somebody who never was a contact are ignored.
    const named = [...marks].filter(([peer]) => isContact(tx, peer))
    readNewDevices(tx, named)
    for (const [peer, { delivered, read }] of named) {
      if (!isContactStill(tx, taken, peer)) continue
      const known = tx.get(taken, peer) ?? NO_MARKS
      const isDevice = (device: number): boolean => isDeviceOf(tx, peer, device)
      const here = (marked: readonly number[]): ((device: number) => boolean) => {
        tx.fetchOf(marked.map(device => [userActor(peer), deviceWindow, device]))
        return device => tx.glance(userActor(peer), deviceWindow, device) !== undefined
      }
      const readOfDevices = real(read, known.delivered, isDevice)
      const readNow = risen(known.read, readOfDevices, here)
      // What was read was also stored.
      const stored = risen(real(delivered, known.delivered, isDevice), readOfDevices, here)
      const deliveredNow = risen(known.delivered, stored, here)
      if (deliveredNow === known.delivered && readNow === known.read) continue
      tx.put(taken, { delivered: deliveredNow, read: readNow }, peer)
      if (readNow !== known.read) {
        tx.append(readItem(peer, true, readNow), ownReadKey(peer))
        cameBack(tx, peer)
      }
      const told = { delivered: deliveredNow, read: receipts(tx, readNow) }
      const isNews = deliveredNow !== known.delivered || told.read === readNow
      if (isNews && !isQuiet(tx, peer)) tx.effect(marksGiven, userActor(peer), told)
    }
  },
}

/** Reads, together for all peers, the records that say whether they have the devices not known so far. */
function readNewDevices(tx: Tx, named: readonly (readonly [peer: number, marks: MarkRecord])[]): void {
  const wanted: (readonly [actor: Actor, kind: RecordKind<unknown>, id?: number])[] = []
  for (const [peer, { delivered, read }] of named) {
    const known = tx.get(taken, peer) ?? NO_MARKS
    for (const marks of [delivered, read]) {
      for (const device in marks) {
        if (device in known.delivered) continue
        wanted.push([userActor(peer), deviceWindow, Number(device)], [userActor(peer), devices])
      }
    }
  }
  if (wanted.length > 0) tx.fetchOf(wanted)
}

/**
 * Whether the peer has or once had this device. Devices that ended long ago are forgotten, but their numbers were given out. Of a peer whose
 * account is deleted nobody knows the numbers, and what it wrote can be read still: all are taken, as many as are kept (MARKED_DEVICES_MAX).
 */
function isDeviceOf(tx: Tx, peer: number, device: number): boolean {
  const actor = userActor(peer)
  if (tx.glance(actor, deviceWindow, device) !== undefined) return true
  const numbers = tx.glance(actor, devices)
  return numbers === undefined || device <= numbers.last
}

/** The marks without those of devices that the peer never had. */
function real(named: Marks, known: Marks, isDevice: (device: number) => boolean): Marks {
  let invented = false
  for (const device in named) invented ||= !(device in known) && !isDevice(Number(device))
  if (!invented) return named
  return Object.fromEntries(Object.entries(named).filter(([device]) => device in known || isDevice(Number(device))))
}

/** Takes over how far the peer has stored and read this user's messages. */
export const marksGiven: EffectKind<MarkRecord> = jsonEffect({
  name: 'marks',
  run(tx, named, source) {
    const peer = uidOf(source)
    if (!isContact(tx, peer) || isBlocked(tx, peer)) return
    if (!isContactStill(tx, given, peer)) return
    const known = tx.get(given, peer) ?? NO_MARKS
    const here = (marked: readonly number[]): ((device: number) => boolean) => {
      tx.fetch([deviceWindow], marked)
      return device => tx.peek(deviceWindow, device) !== undefined
    }
    const delivered = risen(known.delivered, cut(tx, newest(named.delivered)), here)
    const read = risen(known.read, cut(tx, newest(receipts(tx, named.read))), here)
    if (delivered === known.delivered && read === known.read) return
    tx.put(given, { delivered, read }, peer)
    if (delivered !== known.delivered) tx.append(deliveredItem(peer, delivered), deliveredKey(peer))
    if (read !== known.read) tx.append(readItem(peer, false, read), readKey(peer))
  },
})

/** Tells the peer again how far this user has stored and read the peer's messages, because the peer has dropped some of it. */
export function tellMarks(tx: Tx, peer: number): void {
  const known = tx.get(taken, peer)
  if (known !== undefined && !isQuiet(tx, peer))
    tx.effect(marksGiven, userActor(peer), { ...known, read: receipts(tx, known.read) })
}

/** The marks of what was read, as they go to the peer or come from there: none if this user does not want receipts. */
function receipts(tx: Tx, read: Marks): Marks {
  for (const _ in read) return tx.get(preferences)?.noReceipts === true ? NO_MARKS.read : read
  return read
}

const ownReadKey = (peer: number): string => `own-read/${peer}`
const deliveredKey = (peer: number): string => `delivered/${peer}`
const readKey = (peer: number): string => `read/${peer}`

/** Drops what the log of a deleted account shows of its records `taken` and `given`. */
export function dropTaken(tx: Tx, peer: number): void {
  tx.drop(ownReadKey(peer))
}
export function dropGiven(tx: Tx, peer: number): void {
  tx.drop(deliveredKey(peer))
  tx.drop(readKey(peer))
}

/**
 * Whether there may be a first record about this contact. A contact's record is removed only with its user. Another node may have
 * removed it, and nothing may be written after that. Where there is a record already, the unit expects it, which is enough.
 */
function isContactStill(tx: Tx, kind: RecordKind<MarkRecord>, peer: number): boolean {
  return tx.get(kind, peer) !== undefined || tx.get(contact, peer) !== undefined
}

/**
 * Whether the peer is a contact. For a record that exists, a look without a condition is enough. A missing one may exist by now.
 */
function isContact(tx: Tx, peer: number): boolean {
  return tx.peek(contact, peer) !== undefined || tx.get(contact, peer) !== undefined
}

/** Whether the peer is blocked: nothing of a blocked user arrives. If a look without a condition says so, it is verified. */
function isBlocked(tx: Tx, peer: number): boolean {
  return tx.peek(contact, peer)?.blocked === true && tx.get(contact, peer)?.blocked === true
}

/**
 * Whether the peer is a stranger whom this user has not answered: no marks go there (stranger.ts). Where strangers may write, what this node
 * remembers does not do: another may have taken the message that is marked here.
 */
function isQuiet(tx: Tx, peer: number): boolean {
  const known = tx.settings.openContacts ? tx.get(contact, peer) : tx.peek(contact, peer)
  return known?.quiet === true
}

/**
 * Limits marks of own devices to what each device has sent. How much a device that ended long ago had sent is forgotten. It will
 * never send again, so no mark about it is from the future.
 */
function cut(tx: Tx, marks: Marks): Marks {
  const kept: Record<string, number> = {}
  // Read together: a user has had many devices in the course of time.
  tx.fetch([deviceWindow], Object.keys(marks).map(Number))
  for (const [name, sendSeq] of Object.entries(marks)) {
    const device = Number(name)
    let window = tx.peek(deviceWindow, device)
    // A look without a condition may be out of date. If it would lower the mark, it is verified.
    if (window === undefined || window.last < sendSeq) window = tx.get(deviceWindow, device)
    if (window !== undefined) kept[device] = Math.min(sendSeq, window.last)
    else if (device <= (tx.get(devices)?.last ?? 0)) kept[device] = sendSeq
  }
  return kept
}

/**
 * The higher of both marks, device by device; `known` itself if nothing rose. If there are more devices than a user can have, marks
 * of devices that no longer exist go first, then the oldest.
 */
function risen(known: Marks, named: Marks, here: (marked: readonly number[]) => (device: number) => boolean): Marks {
  let merged: Record<string, number> | undefined
  for (const [device, sendSeq] of Object.entries(named)) {
    if (sendSeq <= (known[device] ?? 0)) continue
    merged ??= { ...known }
    merged[device] = sendSeq
  }
  if (merged === undefined) return known
  const marked = Object.keys(merged).map(Number)
  if (marked.length <= MARKED_DEVICES_MAX) return merged
  const isHere = here(marked)
  const kept = marked.sort((a, b) => Number(isHere(a)) - Number(isHere(b)) || a - b).slice(-MARKED_DEVICES_MAX)
  return kept.every(device => merged[device] === known[device])
    ? known
    : Object.fromEntries(kept.map(device => [device, merged[device] ?? 0]))
}

export function watermarks(marks: Marks): Watermark[] {
  return Object.entries(marks).map(([device, sendSeq]) => ({ device: Number(device), sendSeq }))
}

function deliveredItem(peer: number, marks: Marks): Uint8Array {
  return encodeItem({ skip: 0, content: { case: 'delivered', value: { peer, marks: watermarks(marks) } } })
}

function readItem(peer: number, own: boolean, marks: Marks): Uint8Array {
  return encodeItem({ skip: 0, content: { case: 'read', value: { peer, own, marks: watermarks(marks) } } })
}
