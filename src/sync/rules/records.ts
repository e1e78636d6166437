/**
 * The records of the actors `user/<uid>` and `accounts/<partition>`. Records that change often are kept apart from those that
 * others depend on.
 */
import { ContactState } from '../../../protocol/generated/messages.js'
import {
  ACCOUNT_BYTES_MAX,
  DEVICE_NAME_BYTES_MAX,
  GREETING_BYTES_MAX,
  NICKNAME_BYTES_MAX,
} from '../../../protocol/limits.js'
import { type Actor, PARTITIONS } from '../../store/types.js'
import { jsonRecord, jsonValue, type RecordTraits } from '../record-kinds.js'

/** The partition that a user lives in. */
export function partitionOfUser(uid: number): number {
  return uid % PARTITIONS
}

export function userActor(uid: number): Actor {
  return `user/${uid}`
}

/** The bytes that JSON may need for one byte of a text (\u0000). */
export const JSON_BYTES_PER_BYTE = 6

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
  /** The number of this user's writing that began, or answered, a conversation without friendship (stranger.ts); 0: there is none. */
  wrote: 0,
  /** The same of the other user's. */
  met: 0,
  /** This user declined such a conversation: the other begins none, until this user writes or asks. */
  shut: false,
  /** The other wrote, and this user has not answered: the other gets no marks. */
  quiet: false,
  /** The time when the first of the two wrote; 0: there is no such conversation. */
  sinceMs: 0,
}
export type ContactRecord = Readonly<typeof NOBODY>

export const contact = jsonRecord<ContactRecord>('contact', {
  fields: NOBODY,
  lifetime: 'user',
  bytesMax: 512 + JSON_BYTES_PER_BYTE * (ACCOUNT_BYTES_MAX + NICKNAME_BYTES_MAX + GREETING_BYTES_MAX),
  grows: 'both: a nickname has at most 64 bytes, a greeting 256',
  many: 'one per other user who was ever asked, written to or blocked, or who asked or wrote: 20 an hour on either side',
})

/** The most contacts of one user in any state but none, or with a conversation. It bounds the index (at most 17 bytes each) and a first sync. */
export const CONTACTS_MAX = 5_000
const UID_BYTES_MAX = 17

/** The uids of the user's contacts in any state but none, or with a conversation, in order: for what concerns them all. */
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

/** The most strangers whose conversations wait for the user's answer. The oldest ones stay. */
export const STRANGERS_ASKING_MAX = 200

/** The strangers who wrote and whom the user has not answered. Their number is limited. */
export const strangersAsking = jsonValue<readonly number[]>('strangers-asking', {
  lifetime: 'user',
  bytesMax: 2 + STRANGERS_ASKING_MAX * UID_BYTES_MAX,
  entries: { max: STRANGERS_ASKING_MAX, count: list => list.length },
  grows: 'strangers, by Send: 200 wait for an answer',
  many: 'one',
})

/** The most strangers whom a user begins to write to within STRANGERS_MS. One who answers is none any more. */
export const STRANGERS_MAX = 20
export const STRANGERS_MS = 86_400_000

export interface NewStranger {
  readonly uid: number
  readonly atMs: number
}
/** The strangers whom the user has lately begun to write to, and who have not answered, in the order of time. */
export const newStrangers = jsonRecord<{ readonly list: readonly NewStranger[] }>('strangers', {
  fields: { list: [] },
  list: { name: 'list', fields: { uid: 0, atMs: 0 } satisfies NewStranger },
  lifetime: 'user',
  bytesMax: 32 + STRANGERS_MAX * 64,
  entries: { max: STRANGERS_MAX, count: ({ list }) => list.length },
  grows: 'the user, by Send to strangers: 20 within a day',
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
