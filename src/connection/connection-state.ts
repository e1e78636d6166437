/**
 * The states of a connection (connection.ts draws them), with the data that each owns, and the table of their rules: what a
 * state takes, how long it lasts, and which state may follow. Tests walk the table, pair by pair and frame by frame.
 */

import { CODES, type Code } from '../../protocol/codes.js'
import { HEARTBEAT_MS_DEFAULT, HELLO_TIMEOUT_MS, NAMELESS_MS_MAX } from '../../protocol/limits.js'
import { assert } from '../lib/assert.js'
import { TICK_MS } from '../lib/wheel.js'
import type { Feed } from './feed.js'

/** The time in which services must verify a Hello. They need a commit; later they will not answer any more. */
export const VERIFY_MS_MAX = 30_000

/** The time that draining waits for requests in work: a commit takes milliseconds, a password check tenths of a second. */
export const DRAIN_MS_MAX = 5_000

/** The time that a peer has to read the last frame and finish; then the pipe is destroyed. */
export const LINGER_MS = 5_000

/** The bytes that a closed connection may still send before it is destroyed at once. */
export const LINGER_BYTES_MAX = 1_048_576

/** The connection is open, and at most the leading 00 has come. */
export interface Opening {
  readonly kind: 'opening'
  readonly deadlineTick: number
}

/** A Hello is being verified; nothing is read. */
export interface Handshaking {
  readonly kind: 'handshaking'
  readonly deadlineTick: number
}

/** Belongs to nobody. */
export interface Nameless {
  readonly kind: 'nameless'
  readonly deadlineTick: number
}

/** Belongs to a device. */
export interface Open {
  readonly kind: 'open'
  readonly uid: number
  readonly device: number
  readonly attempt: number
  feed: Feed
  /** The time without a byte after which the peer counts as gone. */
  readonly idleTicks: number
  /** The first page is being read, and Hello is not answered yet: nothing is read, pushed or answered before it. */
  paging: boolean
  /** The id of the Sync in work, 0 for none. A client has one at a time: a second would double what it may cost. */
  syncId: number
}

/** The client was told that the server stops. Requests in work are finished. */
export interface Draining {
  readonly kind: 'draining'
  readonly deadlineTick: number
  readonly retryAfterMs: number
  readonly from: Open | undefined
}

/** The last frame is written and the pipe ends; what still comes is thrown away until the peer has finished. */
export interface Closed {
  readonly kind: 'closed'
  readonly deadlineTick: number
  readonly from: Open | undefined
  discardedBytes: number
}

export type State = Opening | Handshaking | Nameless | Open | Draining | Closed
export type StateKind = State['kind']

/** The rules of a state. A code in place of an act: the connection is closed with it. */
export interface StateRules {
  readonly ping: 'answer' | 'unread' | Code
  /** `verify`: any Hello; `verify-token`: one with a token. */
  readonly hello: 'verify' | 'verify-token' | 'unread' | Code
  /** `serve-nameless`: what nobody may ask; `refuse`: with DRAINING. */
  readonly request: 'serve' | 'serve-nameless' | 'refuse' | 'unread' | Code
  /** `heed`: an Ack counts, any other is ignored. */
  readonly notice: 'heed' | 'ignore' | 'unread' | Code
  readonly response: 'unread' | Code
  /** The longest time in the state. `idle`: as long as bytes come, see idleTicksOf(). */
  readonly lastsMs: number | 'idle'
  /** The code that closes a connection that was in the state for longer; `destroy`: its pipe is destroyed. */
  readonly overdue: Code | 'destroy'
  readonly next: readonly StateKind[]
}

/** A state in which no frame is taken. */
const UNREAD = { ping: 'unread', hello: 'unread', request: 'unread', notice: 'unread', response: 'unread' } as const

const { HELLO_REQUIRED, HELLO_REPEATED, PROTOCOL_ERROR } = CODES

export const STATES: Readonly<Record<StateKind, StateRules>> = {
  opening: {
    ping: HELLO_REQUIRED.code,
    hello: 'verify',
    request: HELLO_REQUIRED.code,
    notice: HELLO_REQUIRED.code,
    response: PROTOCOL_ERROR.code,
    lastsMs: HELLO_TIMEOUT_MS,
    overdue: CODES.HELLO_TIMEOUT.code,
    next: ['handshaking', 'closed'],
  },
  handshaking: {
    ...UNREAD,
    lastsMs: VERIFY_MS_MAX,
    overdue: CODES.UNAVAILABLE.code,
    next: ['nameless', 'open', 'closed'],
  },
  nameless: {
    ping: 'answer',
    hello: 'verify-token',
    request: 'serve-nameless',
    notice: 'ignore',
    response: PROTOCOL_ERROR.code,
    lastsMs: NAMELESS_MS_MAX,
    overdue: CODES.NAMELESS_TIMEOUT.code,
    next: ['handshaking', 'draining', 'closed'],
  },
  open: {
    ping: 'answer',
    hello: HELLO_REPEATED.code,
    request: 'serve',
    notice: 'heed',
    response: PROTOCOL_ERROR.code,
    lastsMs: 'idle',
    overdue: CODES.IDLE_TIMEOUT.code,
    next: ['draining', 'closed'],
  },
  draining: {
    ping: 'answer',
    hello: HELLO_REPEATED.code,
    request: 'refuse',
    notice: 'ignore',
    response: PROTOCOL_ERROR.code,
    lastsMs: DRAIN_MS_MAX,
    overdue: CODES.DRAINING.code,
    next: ['closed'],
  },
  closed: { ...UNREAD, lastsMs: LINGER_MS, overdue: 'destroy', next: [] },
}

const OPEN = STATES.open

/** The rules of a state, the commonest without a look-up by name (5 ns for each frame). */
export function rulesOf(kind: StateKind): StateRules {
  return kind === 'open' ? OPEN : STATES[kind]
}

/** Whether the table lets a state follow another. */
export function mayFollow(from: StateKind, to: StateKind): boolean {
  return STATES[from].next.includes(to)
}

/** Throws on a transition that the table does not have: it is a bug. */
export function assertMayFollow(from: StateKind, to: StateKind): void {
  assert(mayFollow(from, to), () => `a connection went from ${from} to ${to}`)
}

/** The code of a rule that is no act. A frame that was read in a state that takes none is a bug. */
export function codeOf(rule: 'unread' | Code): Code {
  assert(rule !== 'unread', 'a frame was read in a state that takes none')
  return rule
}

/** The tick at which a state of a fixed length is overdue that is entered now. */
export function deadlineOf(kind: Exclude<StateKind, 'open'>, tick: number): number {
  const { lastsMs } = STATES[kind]
  return lastsMs === 'idle' ? Number.POSITIVE_INFINITY : tick + ticksOf(lastsMs)
}

export function ticksOf(ms: number): number {
  return Math.ceil(ms / TICK_MS)
}

/** A client that pings every heartbeat_ms may miss one, and be late by a slow link. */
const IDLE_FACTOR = 1.5
const IDLE_EXTRA_MS = 10_000

/** @param heartbeatMs as Hello named it, 0 for the default */
export function idleTicksOf(heartbeatMs: number): number {
  const heartbeat = heartbeatMs === 0 ? HEARTBEAT_MS_DEFAULT : heartbeatMs
  return ticksOf(heartbeat * IDLE_FACTOR + IDLE_EXTRA_MS)
}
