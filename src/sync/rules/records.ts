/**
 * The records of the actors `user/<uid>` and `accounts/<partition>`. Records that change often are kept apart from those that
 * others depend on.
 */
import { EMPTY } from '../../../protocol/bytes.js'
import { ContactState } from '../../../protocol/generated/messages.js'
import {
  ACCOUNT_BYTES_MAX,
  DEVICE_NAME_BYTES_MAX,
  GREETING_BYTES_MAX,
  NICKNAME_BYTES_MAX,
  SEND_WINDOW,
} from '../../../protocol/limits.js'
import { assert } from '../../lib/assert.js'
import { type Actor, PARTITIONS } from '../../store/types.js'
import { jsonRecord, jsonValue, type RecordTraits, recordKind } from '../record-kinds.js'
import type { RecordKind } from '../types.js'

export function userActor(uid: number): Actor {
  return `user/${uid}`
}

/** The bytes that JSON may need for one byte of a text (\u0000). */
const JSON_BYTES_PER_BYTE = 6

/** The uid behind a user's actor; 0 for another kind of actor. */
export function uidOf(actor: Actor): number {
  return actor.startsWith('user/') ? Number(actor.slice(5)) : 0
}

/**
 * The actor of one partition's account names. Claiming a name and creating its user is one unit, because the uid is of the same
 * partition.
 */
export function accountsActor(partition: number): Actor {
  return `accounts/${partition % PARTITIONS}`
}

/** A record of `accounts/<partition>`. */
export const accountName = jsonRecord<{ readonly uid: number }>('name', {
  fields: { uid: 0 },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one per account that ever was: 60 Registers an hour and address',
})
export const uidCounter = jsonRecord<{ readonly n: number; readonly epoch: number }>('next', {
  fields: { n: 0, epoch: 1 },
  lifetime: 'store',
  bytesMax: 64,
  grows: 'nobody: two numbers',
  many: 'one',
})

/** A record of `user/<uid>`, like all that follow. */
export interface Profile {
  readonly account: string
  readonly nickname: string
  readonly createdAtMs: number
  readonly deleted: boolean
  /**
   * The number of the names: of two, the higher one is newer. It is the time when they were set, so that it grows even if the store
   * lost some. 0: the first names.
   */
  readonly names: number
}
export const profile = jsonRecord<Profile>('profile', {
  fields: { account: '', nickname: '', createdAtMs: 0, deleted: false, names: 0 },
  lifetime: 'store',
  bytesMax: 256 + JSON_BYTES_PER_BYTE * (ACCOUNT_BYTES_MAX + NICKNAME_BYTES_MAX),
  grows: 'the user, by UpdateProfile: a nickname has at most 64 bytes',
  many: 'one',
})

/** The password's hash in the form of services/passwords.ts; none after the account's deletion. */
export const password = jsonRecord<{ readonly hash: string }>('password', {
  fields: { hash: '' },
  lifetime: 'user',
  bytesMax: 256,
  grows: 'nobody: a hash',
  many: 'one',
})

export interface DeviceEntry {
  readonly device: number
  /** Hexadecimal. */
  readonly installationKey: string
  readonly name: string
  readonly createdAtMs: number
  readonly lastSeenMs: number
  /** The time when its session ended; 0 while it lives. */
  readonly endedAtMs: number
}
export interface Devices {
  readonly last: number
  readonly epoch: number
  readonly list: readonly DeviceEntry[]
}

/** The most live devices of one user. One more replaces the device that was longest away. */
export const DEVICES_MAX = 8
/** The most ended devices of one user that are kept: logging in with ever new keys makes the list no longer. */
export const ENDED_DEVICES_MAX = 64
/** The most devices in the list, including one that a login ends. */
const DEVICES_KEPT_MAX = DEVICES_MAX + ENDED_DEVICES_MAX + 1

export const devices = jsonRecord<Devices>('devices', {
  fields: { last: 0, epoch: 1, list: [] },
  list: {
    name: 'list',
    fields: {
      device: 0,
      installationKey: '',
      name: '',
      createdAtMs: 0,
      lastSeenMs: 0,
      endedAtMs: 0,
    } satisfies DeviceEntry,
  },
  lifetime: 'user',
  bytesMax: 128 + DEVICES_KEPT_MAX * (256 + JSON_BYTES_PER_BYTE * DEVICE_NAME_BYTES_MAX),
  entries: { max: DEVICES_KEPT_MAX, count: ({ list }) => list.length },
  grows: 'the user, by Login with ever new installations: 8 live devices, and of ended ones the newest 64',
  many: 'one',
})

/** The version up to which a device has durably stored the timeline. */
export const deviceAck = jsonRecord<{ readonly version: number }>('ack', {
  fields: { version: 0 },
  lifetime: 'device',
  bytesMax: 64,
  grows: 'nobody: a number',
  many: 'one per device in `devices`',
})

/** The record of a user who never was a contact. A field that is newer than a record has its value from here. */
export const NOBODY = {
  state: ContactState.UNSPECIFIED as ContactState,
  /** The number of this user's last request to the other. */
  asked: 0,
  /** The number of the other's last request that was received. */
  heard: 0,
  /** The number of this user's request that waits or founded the friendship; else 0. */
  own: 0,
  /** The number of the other's request that waits or founded the friendship; else 0. */
  theirs: 0,
  blocked: false,
  blockedBy: false,
  account: '',
  nickname: '',
  /** The number of these names (Profile). */
  names: 0,
  greeting: '',
}
export type ContactRecord = Readonly<typeof NOBODY>

export const contact = jsonRecord<ContactRecord>('contact', {
  fields: NOBODY,
  lifetime: 'user',
  bytesMax: 512 + JSON_BYTES_PER_BYTE * (ACCOUNT_BYTES_MAX + NICKNAME_BYTES_MAX + GREETING_BYTES_MAX),
  grows: 'both: a nickname has at most 64 bytes, a greeting 256',
  many: 'one per other user who was ever asked or blocked, or who asked: 20 an hour on either side',
})

/** The most contacts of one user in any state but none. It bounds the index (at most 17 bytes each) and a first sync. */
export const CONTACTS_MAX = 5_000
const UID_BYTES_MAX = 17

/** The uids of the user's contacts in any state but none, in order: for what concerns them all. */
export const contactIndex = jsonValue<readonly number[]>('contacts', {
  lifetime: 'user',
  bytesMax: 2 + CONTACTS_MAX * UID_BYTES_MAX,
  entries: { max: CONTACTS_MAX, count: list => list.length },
  grows: 'both: beyond 5 000 contacts neither asks nor is asked',
  many: 'one',
})

/** The most requests of one user that wait for an answer. A user whom nobody answers is asking strangers. */
export const UNANSWERED_MAX = 200

/** The contacts whose answer the user waits for (REQUESTED). Their number is limited. */
export const contactsAsked = jsonValue<readonly number[]>('asking', {
  lifetime: 'user',
  bytesMax: 2 + UNANSWERED_MAX * UID_BYTES_MAX,
  entries: { max: UNANSWERED_MAX, count: list => list.length },
  grows: 'the user, by Request: 200 wait for an answer',
  many: 'one',
})

/** Highest send_seq per device. */
export type Marks = Readonly<Record<string, number>>
export interface MarkRecord {
  readonly delivered: Marks
  readonly read: Marks
}
/**
 * The most devices of one user about which marks are kept: as many as a user can have at a time, and those that ended lately.
 * Beyond it the oldest are removed (rules/watermark.ts).
 */
export const MARKED_DEVICES_MAX = DEVICES_KEPT_MAX

export const NO_MARKS: MarkRecord = { delivered: {}, read: {} }

function markTraits(grows: string): RecordTraits<MarkRecord> & { readonly fields: MarkRecord } {
  return {
    fields: NO_MARKS,
    lifetime: 'user',
    // Each of the two maps: a device number of ten digits, a send_seq of sixteen.
    bytesMax: 64 + 2 * MARKED_DEVICES_MAX * 32,
    entries: { max: MARKED_DEVICES_MAX, count: ({ delivered, read }) => Math.max(sizeOf(delivered), sizeOf(read)) },
    grows,
    many: 'one per contact with whom there were messages',
    // Some marks may be about devices that never existed. The newest stay, until marks of real devices replace them.
    cut: (marks = NO_MARKS) => ({ ...marks, delivered: newest(marks.delivered), read: newest(marks.read) }),
  }
}

function sizeOf(marks: Marks): number {
  let count = 0
  for (const _ in marks) count += 1
  return count
}

/** The marks of the devices with the highest numbers. */
export function newest(marks: Marks): Marks {
  const all = Object.entries(marks)
  if (all.length <= MARKED_DEVICES_MAX) return marks
  return Object.fromEntries(all.sort(([a], [b]) => Number(a) - Number(b)).slice(-MARKED_DEVICES_MAX))
}

/** Marks of what this user's devices have stored and read of a peer's messages, by the peer's devices. */
export const taken = jsonRecord<MarkRecord>(
  'taken',
  markTraits("the user, by Ack: marks of the peer's devices alone, 73 of them"),
)
/** Marks of what a peer has stored and read of this user's messages, by this user's devices. */
export const given = jsonRecord<MarkRecord>(
  'given',
  markTraits("the peer, by Ack: marks of the user's devices alone, 73 of them"),
)

/**
 * The window of a device's numbered requests: its last number, and for the last 64 a hash of the content (services/content-hash.ts) and
 * the outcome. It is hot: it changes with every message. So the value is kept as it is stored, and each is made from the one before
 * by one copy:
 *
 *   last (float64) · 1 if the session has ended (1) · for each of the last 64 at (number - 1) mod 64: hash (8) · code (1)
 *
 * 585 bytes at most. A code is OK or of the class "refused", so it fits a byte.
 *
 * (An array of numbers, encoded with each message, took 2 KB more of garbage and 1.1 µs more.)
 */
export interface DeviceWindow {
  readonly last: number
  readonly ended: boolean
  /** The window as stored, except for `ended`; never written to. Empty before the first number. */
  readonly bytes: Uint8Array
}

const HEAD_BYTES = 9
const ENDED_AT = 8
export const HASH_BYTES = 8
const SLOT_BYTES = HASH_BYTES + 1
const CODE_MAX = 255

/** The hash of a number without content. */
export const NO_HASH = '\0'.repeat(HASH_BYTES)

export const deviceWindow: RecordKind<DeviceWindow> = recordKind({
  prefix: 'device',
  lifetime: 'device',
  bound: {
    bytesMax: HEAD_BYTES + SEND_WINDOW * SLOT_BYTES,
    grows: 'nobody: 64 numbers',
    many: 'one per device in `devices`',
  },
  encode({ last, ended, bytes }) {
    const asStored = bytes.length > 0 && (bytes[ENDED_AT] === 1) === ended
    return asStored ? bytes : copied(bytes, last, ended, Math.max(bytes.length, HEAD_BYTES))
  },
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    return { last: view.getFloat64(0), ended: bytes[ENDED_AT] === 1, bytes: bytes.slice() }
  },
  changed: (before, after) =>
    after.last - before.last === 1
      ? AFTER_ONE[(after.last - 1) % SEND_WINDOW]
      : after.last === before.last
        ? HEAD
        : undefined,
})

/** The ranges of a window that differ after one more number, by its place, and after none: the head, and the number's slot. */
const HEAD: readonly number[] = [0, HEAD_BYTES]
const AFTER_ONE: readonly (readonly number[])[] = Array.from({ length: SEND_WINDOW }, (_, place) => [
  ...HEAD,
  HEAD_BYTES + place * SLOT_BYTES,
  SLOT_BYTES,
])

export const EMPTY_WINDOW: DeviceWindow = { last: 0, ended: false, bytes: EMPTY }

export interface Slot {
  /** HASH_BYTES characters of one byte each. */
  readonly hash: string
  readonly code: number
}

/** The hash and code remembered for a number; only for the last 64. */
export function slotOf({ bytes }: DeviceWindow, sendSeq: number): Slot {
  const at = slotAt(sendSeq)
  const slot = Buffer.from(bytes.buffer, bytes.byteOffset + at, SLOT_BYTES)
  return { hash: slot.toString('latin1', 0, HASH_BYTES), code: slot.readUInt8(HASH_BYTES) }
}

/** The window after its next `count` numbers were used up with one outcome. */
export function withUsed(window: DeviceWindow, count: number, hash: string, code: number): DeviceWindow {
  assert(
    hash.length === HASH_BYTES && code <= CODE_MAX,
    'a slot of a window holds 8 bytes of hash and a code of one byte',
  )
  const last = window.last + count
  const bytes = copied(window.bytes, last, window.ended, HEAD_BYTES + Math.min(last, SEND_WINDOW) * SLOT_BYTES)
  for (let seq = Math.max(window.last, last - SEND_WINDOW) + 1; seq <= last; seq += 1) {
    const at = slotAt(seq)
    for (let i = 0; i < HASH_BYTES; i += 1) bytes[at + i] = hash.charCodeAt(i)
    bytes[at + HASH_BYTES] = code
  }
  return { last, ended: window.ended, bytes }
}

/** A copy with a new head, from Buffer's pool: an allocation of its own costs ten times as much. */
function copied(before: Uint8Array, last: number, ended: boolean, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  bytes.set(before)
  bytes.writeDoubleBE(last)
  bytes[ENDED_AT] = ended ? 1 : 0
  return bytes
}

function slotAt(sendSeq: number): number {
  return HEAD_BYTES + ((sendSeq - 1) % SEND_WINDOW) * SLOT_BYTES
}
