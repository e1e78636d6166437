/**
 * Every limit on how much somebody may do, in one table: the code, docs/limits.md and the tests read this one. What is a limit of the
 * protocol (sizes, windows, pings) stands in protocol/limits.ts, what counts connections in connection/gate.ts.
 */

import type { CodeName } from '../../protocol/codes.js'
import type { Rate } from '../lib/rate-limiter.js'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000

/** `address` is an IPv4 address or an IPv6 /64 network; `device` is one device of a user. */
export type LimitKey =
  | 'device'
  | 'user'
  | 'address'
  | 'user and recipient'
  | 'account and address, or own device'
  | 'account'
  | 'own device'

export interface LimitRow {
  readonly key: LimitKey
  /** Who counts on a store that several nodes share: each node for itself, or all together (claims.ts). */
  readonly counted: 'per node' | 'shared'
  /** The lasting rate per unit of time. In a growing row: the number of failures that are forgotten per unit. */
  readonly amount: number
  readonly unit: 's' | 'min' | 'h'
  /** The number that may come at once after a rest. In a growing row: the number of failures that cost no waiting. */
  readonly burst: number
  readonly code: CodeName
  readonly counts: string
  readonly why: string
  /** A failure beyond the burst costs waiting, each one twice as long as the one before, up to GROWING.longestMs. */
  readonly growing?: true
  /** Keys that a node remembers at once; then the one with the least to forget makes way. About 100 bytes each. */
  readonly keysMax: number
}

export const GROWING = { firstMs: SECOND_MS, longestMs: 10 * MINUTE_MS } as const

/** Devices and users that do something in the same second. */
const MANY = 262_144
/** Addresses and names: whoever has a large network could fill any table, and then fills this one. */
const SOME = 65_536

export const LIMITS_TABLE = {
  'requests-device': {
    key: 'device',
    counted: 'per node',
    amount: 50,
    unit: 's',
    burst: 500,
    code: 'RATE_LIMITED',
    counts: 'requests, and each send that a Sync carries',
    why: 'a send queue that waited a day goes out at once; no person types faster than that',
    keysMax: MANY,
  },
  'requests-user': {
    key: 'user',
    counted: 'per node',
    amount: 150,
    unit: 's',
    burst: 1_500,
    code: 'RATE_LIMITED',
    counts: 'the same, of all devices together',
    why: 'three busy devices',
    keysMax: MANY,
  },
  'requests-address': {
    key: 'address',
    counted: 'per node',
    amount: 1_000,
    unit: 's',
    burst: 10_000,
    code: 'RATE_LIMITED',
    counts: 'requests with a session',
    why: 'a carrier puts some hundred phones behind one address',
    keysMax: SOME,
  },
  'requests-nameless': {
    key: 'address',
    counted: 'per node',
    amount: 50,
    unit: 's',
    burst: 1_000,
    code: 'RATE_LIMITED',
    counts: 'requests without a session',
    why: 'there is little to ask without one; clients without a session do not use up what those with one need at the same address',
    keysMax: SOME,
  },
  'sends-recipient': {
    key: 'user and recipient',
    counted: 'per node',
    amount: 5,
    unit: 's',
    burst: 500,
    code: 'RECIPIENT_LIMIT',
    counts: 'Send, Post, Forward, Edit, Recall and React, without repeats; a group is a recipient, and so is a board',
    why: 'nobody reads faster; the refusal is final, so that it does not hold back messages to others',
    keysMax: MANY,
  },
  'hellos-device': {
    key: 'device',
    counted: 'per node',
    amount: 1,
    unit: 's',
    burst: 60,
    code: 'RATE_LIMITED',
    counts: 'Hello with a right token',
    why: 'each is a commit; a train in and out of tunnels stays below',
    keysMax: MANY,
  },
  'hellos-address': {
    key: 'address',
    counted: 'per node',
    amount: 200,
    unit: 's',
    burst: 5_000,
    code: 'RATE_LIMITED',
    counts: 'Hello and HTTP requests without a token or with a wrong one',
    why: 'nobody with a right token waits for those, however many come from their address',
    keysMax: SOME,
  },
  registrations: {
    key: 'address',
    counted: 'shared',
    amount: 60,
    unit: 'h',
    burst: 100,
    code: 'RATE_LIMITED',
    counts: 'Register, also refused ones',
    why: 'a name stays taken for ever; a school class signs up within one lesson',
    keysMax: SOME,
  },
  logins: {
    key: 'address',
    counted: 'per node',
    amount: 2,
    unit: 's',
    burst: 200,
    code: 'RATE_LIMITED',
    counts: 'Login and Register, but for own devices',
    why: 'each costs 50 ms of a core for its password',
    keysMax: SOME,
  },
  'logins-device': {
    key: 'own device',
    counted: 'per node',
    amount: 6,
    unit: 'min',
    burst: 30,
    code: 'RATE_LIMITED',
    counts: 'Login of a device that was logged in to the account before',
    why: 'such a device is let in before all others, whatever unauthenticated clients do; it seldom asks twice',
    keysMax: SOME,
  },
  'login-failures': {
    key: 'account and address, or own device',
    counted: 'shared',
    amount: 6,
    unit: 'h',
    burst: 5,
    code: 'RATE_LIMITED',
    counts:
      'Login with a wrong password; a right one clears it. The same for ChangePassword and DeleteAccount of a device (PASSWORD_LIMIT)',
    why: 'somebody who goes on guessing gets 6 tries an hour',
    growing: true,
    keysMax: SOME,
  },
  'login-failures-account': {
    key: 'account',
    counted: 'shared',
    amount: 6,
    unit: 'h',
    burst: 50,
    code: 'RATE_LIMITED',
    counts: 'the same from everywhere, but for own devices',
    why: 'many addresses guess no faster than one; it cannot lock out a device that was logged in before',
    growing: true,
    keysMax: SOME,
  },
  'login-failures-address': {
    key: 'address',
    counted: 'shared',
    amount: 6,
    unit: 'min',
    burst: 50,
    code: 'RATE_LIMITED',
    counts: 'the same for all accounts, but for own devices; a right one does not clear it',
    why: 'one common password tried on many names',
    growing: true,
    keysMax: SOME,
  },
  'password-checks': {
    key: 'device',
    counted: 'shared',
    amount: 2,
    unit: 'min',
    burst: 10,
    code: 'RATE_LIMITED',
    counts: 'ChangePassword, DeleteAccount',
    why: 'it slows guessing on a lost phone; each costs 50 ms of a core',
    keysMax: SOME,
  },
  'look-ups': {
    key: 'user',
    counted: 'per node',
    amount: 20,
    unit: 'min',
    burst: 60,
    code: 'RATE_LIMITED',
    counts: 'GetProfile of others, and requests about a user who is no contact (their answers say whether they exist)',
    why: 'a user who looks for friends finds them; one who copies the directory gets 29 000 profiles a day',
    keysMax: MANY,
  },
  'look-ups-address': {
    key: 'address',
    counted: 'per node',
    amount: 120,
    unit: 'min',
    burst: 600,
    code: 'RATE_LIMITED',
    counts: 'GetProfile of others',
    why: 'the same with many accounts',
    keysMax: SOME,
  },
  'contact-requests': {
    key: 'user',
    counted: 'shared',
    amount: 20,
    unit: 'h',
    burst: 50,
    code: 'REQUEST_LIMIT',
    counts: 'contact Request and Block, without repeats',
    why: 'a new user finds all their friends on the first evening; advertising needs more',
    keysMax: MANY,
  },
  'group-acts': {
    key: 'user',
    counted: 'per node',
    amount: 100,
    unit: 'h',
    burst: 500,
    code: 'REQUEST_LIMIT',
    counts:
      'acts about groups and rooms, without repeats: one, and one for each user who is invited; Rename, Announce and SetRules ten; Leave, Decline, Unsubscribe and Confirm none',
    why: 'the largest group is filled on one evening; what changes the record of each member costs as much as a message to many',
    keysMax: MANY,
  },
  'fan-outs': {
    key: 'user',
    counted: 'per node',
    amount: 500,
    unit: 's',
    burst: 100_000,
    code: 'RECIPIENT_LIMIT',
    counts:
      'Posts to groups, and acts in them (these with REQUEST_LIMIT): one for each member; charged behind what was accepted, so the next is refused',
    why: 'a message a second to the largest group, and two hundred at once, in however many groups',
    keysMax: MANY,
  },
  'timeline-walks': {
    key: 'user',
    counted: 'per node',
    amount: 50,
    unit: 's',
    burst: 2_000,
    code: 'RATE_LIMITED',
    counts:
      'each 128 entries of a timeline that Unread or Reactions looks at, at least one, and likewise of History; each 256 KiB of a group that Earlier does, or of a board that Posts or List does; 16 for a page of Conversations, and what it walks beyond; one for a page of keyed state; 32 for an Edit, Recall, React, Forward or Delete whose message is not found',
    why: 'a device that starts asks about 500 conversations, and some of them are long; each costs half a millisecond',
    keysMax: MANY,
  },
  watches: {
    key: 'device',
    counted: 'per node',
    amount: 1,
    unit: 's',
    burst: 30,
    code: 'RATE_LIMITED',
    counts: 'Watch',
    why: 'each asks for the records of up to 20 friends; a person opens no more conversations',
    keysMax: MANY,
  },
  typing: {
    key: 'device',
    counted: 'per node',
    amount: 1,
    unit: 's',
    burst: 20,
    code: 'RATE_LIMITED',
    counts: 'Typing that is passed on: one in 3 s for each conversation; the rest is ignored and not counted',
    why: 'nobody types in more conversations than three at a time',
    keysMax: MANY,
  },
  publishes: {
    key: 'user',
    counted: 'per node',
    amount: 20,
    unit: 's',
    burst: 200,
    code: 'RATE_LIMITED',
    counts: 'Publish',
    why: 'a connection gets 20 signals a second; what is beyond would be dropped',
    keysMax: MANY,
  },
  renames: {
    key: 'user',
    counted: 'per node',
    amount: 10_000,
    unit: 'h',
    burst: 20_000,
    code: 'RATE_LIMITED',
    counts: 'UpdateProfile: one, and one for each contact who is told; without repeats',
    why: 'a user with a hundred contacts may change the name 200 times at once; one with 5 000, four times',
    keysMax: MANY,
  },
  'stored-user': {
    key: 'user',
    counted: 'per node',
    amount: 131_072,
    unit: 'h',
    burst: 65_536,
    code: 'RATE_LIMITED',
    counts:
      'KiB that messages store (Send, Post, Edit, Forward): both copies with their overhead; in a group a copy for each partition of members; without repeats',
    why: 'an hour of 4 000 messages of the longest kind, or 1 200 short ones to the largest group; nobody fills a disk alone',
    keysMax: MANY,
  },
  'stored-address': {
    key: 'address',
    counted: 'per node',
    amount: 4_194_304,
    unit: 'h',
    burst: 1_048_576,
    code: 'RATE_LIMITED',
    counts: 'the same, of all users of the address',
    why: 'thirty users at their own limit; one address fills 100 GB in a day, not in 40 minutes',
    keysMax: SOME,
  },
  bytes: {
    key: 'device',
    counted: 'per node',
    amount: 262_144,
    unit: 's',
    burst: 4_194_304,
    code: 'RATE_LIMITED',
    counts: 'bytes towards the server; a connection is read more slowly in place of a refusal',
    why: 'sixteen of the longest texts each second',
    keysMax: MANY,
  },
  'bytes-out': {
    key: 'device',
    counted: 'per node',
    amount: 2_097_152,
    unit: 's',
    burst: 67_108_864,
    code: 'RATE_LIMITED',
    counts:
      'bytes of pages that a device asks for (Sync, List, Members, Earlier, Posts, the first page), before gzip; without pushes',
    why: 'a new phone takes its first 100 MB within 20 s',
    keysMax: MANY,
  },
} as const satisfies Readonly<Record<string, LimitRow>>

export type LimitName = keyof typeof LIMITS_TABLE

/** Rows that all nodes on one store count together. */
export type SharedName = {
  [N in LimitName]: (typeof LIMITS_TABLE)[N]['counted'] extends 'shared' ? N : never
}[LimitName]

export function isShared(name: LimitName): name is SharedName {
  return limitRow(name).counted === 'shared'
}

export const LIMIT_NAMES = Object.keys(LIMITS_TABLE) as readonly LimitName[]

export function limitRow(name: LimitName): LimitRow {
  return LIMITS_TABLE[name]
}

/** The rows that an operator changed: another rate and burst, or null for no limit. */
export type LimitSettings = Readonly<Partial<Record<LimitName, LimitRate | null>>>

export type LimitRate = Pick<LimitRow, 'amount' | 'unit' | 'burst'>

const UNIT_MS = { s: SECOND_MS, min: MINUTE_MS, h: 60 * MINUTE_MS } as const

export function rateOf({ amount, unit, burst }: LimitRate): Rate {
  return { perSecond: (amount * 1000) / UNIT_MS[unit], burst }
}

/** The text of a rate, as the option and docs/limits.md write it: `60/h+100`. */
export function rateText({ amount, unit, burst }: LimitRate): string {
  return `${amount}/${unit}+${burst}`
}

const SETTING = /^([a-z-]+)=(?:off|(\d{1,9})\/(s|min|h)\+(\d{1,9}))$/

/** `NAME=AMOUNT/UNIT+BURST` or `NAME=off`, separated by commas; undefined if it is not that. */
export function parseLimitSettings(text: string): LimitSettings | undefined {
  const settings: Partial<Record<LimitName, LimitRate | null>> = {}
  for (const part of text === '' ? [] : text.split(',')) {
    const [, name = '', amount, unit, burst] = SETTING.exec(part.trim()) ?? []
    if (!Object.hasOwn(LIMITS_TABLE, name)) return undefined
    const rate = { amount: Number(amount), unit: unit as LimitRow['unit'], burst: Number(burst) }
    if (amount !== undefined && (rate.amount < 1 || rate.burst < 1)) return undefined
    settings[name as LimitName] = amount === undefined ? null : rate
  }
  return settings
}

/** The first name in such a text that is no limit's. */
export function unknownLimit(text: string): string | undefined {
  const names = text.split(',').flatMap(part => /^\s*([^=]+)=/.exec(part)?.[1] ?? [])
  return names.find(name => !Object.hasOwn(LIMITS_TABLE, name))
}
