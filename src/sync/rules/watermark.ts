/**
 * Delivered and read watermarks. The acks of a user's devices and the marks that they name are committed together; what rose is told to
 * the peer, whose transition cuts it at what it has really sent.
 */
import { encodeItem } from '../../../protocol/generated/messages.js'
import type { EffectKind, Transition, Tx } from '../types.js'
import {
  contact,
  deviceAck,
  devices,
  deviceWindow,
  given,
  type MarkRecord,
  type Marks,
  taken,
  uidOf,
  userActor,
} from './records.js'
import { seen } from './session.js'

export interface AckInput {
  /** By device, up to where it has durably stored the timeline. */
  readonly versions: ReadonlyMap<number, number>
  /** By peer and then by the peer's device, the highest send_seq stored or read. */
  readonly marks: ReadonlyMap<number, MarkRecord>
}

const NO_MARKS: MarkRecord = { delivered: {}, read: {} }

export const ack: Transition<AckInput, void> = {
  name: 'timeline.ack',
  run(tx, { versions, marks }) {
    tx.fetch([deviceAck, deviceWindow], [...versions.keys()])
    // An ack comes late: a device that has been forgotten meanwhile, or whose user has left, has nothing to say.
    const devicesHere = [...versions].filter(([device]) => tx.peek(deviceWindow, device) !== undefined)
    if (versions.size > 0 && devicesHere.length === 0) return
    tx.fetch([taken, contact], [...marks.keys()])
    for (const [device, version] of devicesHere) {
      seen(tx, device)
      const before = tx.get(deviceAck, device)?.version ?? 0
      tx.put(deviceAck, { version: Math.max(before, version) }, device)
    }
    for (const [peer, named] of marks) {
      // A mark about somebody who never was a contact is about nothing.
      if (!isContact(tx, peer)) continue
      const known = tx.get(taken, peer) ?? NO_MARKS
      // What was read has been stored.
      const delivered = risen(known.delivered, risen(named.delivered, named.read))
      const read = risen(known.read, named.read)
      if (delivered === known.delivered && read === known.read) continue
      tx.put(taken, { delivered, read }, peer)
      if (read !== known.read) tx.append(readItem(peer, true, read), ownReadKey(peer))
      tx.effect(marksGiven, userActor(peer), { delivered, read })
    }
  },
}

/** The peer has stored and read this user's messages up to there. */
export const marksGiven: EffectKind<MarkRecord> = {
  name: 'marks',
  encode: input => new TextEncoder().encode(JSON.stringify(input)),
  decode: bytes => JSON.parse(new TextDecoder().decode(bytes)) as MarkRecord,
  run(tx, named, source) {
    const peer = uidOf(source)
    if (!isContact(tx, peer)) return
    const known = tx.get(given, peer) ?? NO_MARKS
    const delivered = risen(known.delivered, cut(tx, named.delivered))
    const read = risen(known.read, cut(tx, named.read))
    if (delivered === known.delivered && read === known.read) return
    tx.put(given, { delivered, read }, peer)
    if (delivered !== known.delivered) tx.append(deliveredItem(peer, delivered), deliveredKey(peer))
    if (read !== known.read) tx.append(readItem(peer, false, read), readKey(peer))
  },
}

const ownReadKey = (peer: number): string => `own-read/${peer}`
const deliveredKey = (peer: number): string => `delivered/${peer}`
const readKey = (peer: number): string => `read/${peer}`

/** Of a deleted account: what its log shows of its record `taken`, and of `given`. */
export function dropTaken(tx: Tx, peer: number): void {
  tx.drop(ownReadKey(peer))
}
export function dropGiven(tx: Tx, peer: number): void {
  tx.drop(deliveredKey(peer))
  tx.drop(readKey(peer))
}

/** A look without a condition is enough for what is there: it never goes. What is missing may have come by now. */
function isContact(tx: Tx, peer: number): boolean {
  return tx.peek(contact, peer) !== undefined || tx.get(contact, peer) !== undefined
}

/**
 * Marks of own devices, none above what the device has sent. What a device had sent that ended long ago is forgotten; it will
 * never send again, so no mark about it is from the future.
 */
function cut(tx: Tx, marks: Marks): Marks {
  const kept: Record<string, number> = {}
  // In one reading: a user has had many devices in the course of time.
  tx.fetch([deviceWindow], Object.keys(marks).map(Number))
  for (const [name, sendSeq] of Object.entries(marks)) {
    const device = Number(name)
    let window = tx.peek(deviceWindow, device)
    // A look without a condition may be out of date; only where it would cut, it has to be right.
    if (window === undefined || window.last < sendSeq) window = tx.get(deviceWindow, device)
    if (window !== undefined) kept[device] = Math.min(sendSeq, window.last)
    else if (device <= (tx.get(devices)?.last ?? 0)) kept[device] = sendSeq
  }
  return kept
}

/** The higher of both, device by device; `known` itself if nothing rose. */
function risen(known: Marks, named: Marks): Marks {
  let merged: Record<string, number> | undefined
  for (const [device, sendSeq] of Object.entries(named)) {
    if (sendSeq <= (known[device] ?? 0)) continue
    merged ??= { ...known }
    merged[device] = sendSeq
  }
  return merged ?? known
}

function watermarks(marks: Marks) {
  return Object.entries(marks).map(([device, sendSeq]) => ({ device: Number(device), sendSeq }))
}

function deliveredItem(peer: number, marks: Marks): Uint8Array {
  return encodeItem({ skip: 0, content: { case: 'delivered', value: { peer, marks: watermarks(marks) } } })
}

function readItem(peer: number, own: boolean, marks: Marks): Uint8Array {
  return encodeItem({ skip: 0, content: { case: 'read', value: { peer, own, marks: watermarks(marks) } } })
}
