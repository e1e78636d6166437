/** The states of a connection (the picture is in connection.ts) and what each may take. Data lives in the state that owns it. */

import { CODES, type Code } from '../../protocol/codes.js'
import { HEARTBEAT_MS_DEFAULT } from '../../protocol/limits.js'
import { TICK_MS } from '../lib/wheel.js'
import type { Feed } from './feed.js'

/** Services answer a Hello within a commit; one that takes longer than this will not. */
export const VERIFY_MS_MAX = 30_000

/** Draining waits so long for requests in work: a commit takes milliseconds, a password check tenths of a second. */
export const DRAIN_MS_MAX = 5_000

/** For the peer to read the last frame and finish; then the pipe is destroyed. */
export const LINGER_MS = 5_000

/** What a closed connection may still send before it is destroyed at once. */
export const LINGER_BYTES_MAX = 1_048_576

/** A peer that takes none of 64 KiB for so long is gone or means harm: the slowest link worth serving (2.5 KB/s) needs 26 s. */
export const STALL_MS_MAX = 60_000
export const STALL_TICKS_MAX = STALL_MS_MAX / TICK_MS

/** Nothing has come but the leading 00. */
export interface Opening {
  readonly kind: 'opening'
  /** HELLO_TIMEOUT. */
  readonly deadlineTick: number
}

/** A Hello is being verified; nothing is read. */
export interface Handshaking {
  readonly kind: 'handshaking'
  readonly deadlineTick: number
}

/** Takes Register, Login and one Hello with a token. */
export interface Nameless {
  readonly kind: 'nameless'
  /** NAMELESS_TIMEOUT. */
  readonly deadlineTick: number
}

/** Belongs to a device. */
export interface Open {
  readonly kind: 'open'
  readonly uid: number
  readonly device: number
  readonly attempt: number
  readonly feed: Feed
  /** So long without a byte is IDLE_TIMEOUT. */
  readonly idleTicks: number
  /** The first page is being read: nothing is pushed or answered before it. */
  paging: boolean
}

/** Requests in work are finished, new ones refused. */
export interface Draining {
  readonly kind: 'draining'
  readonly deadlineTick: number
  readonly retryAfterMs: number
  readonly from: Open | undefined
}

/** The last frame is written and the pipe ends; what still comes is thrown away until the peer has finished. */
export interface Closed {
  readonly kind: 'closed'
  /** The pipe is destroyed. */
  readonly deadlineTick: number
  /** OK: the peer closed. */
  readonly code: Code
  readonly from: Open | undefined
}

export type State = Opening | Handshaking | Nameless | Open | Draining | Closed

/** A client that pings every heartbeat_ms may miss one, and be late by a slow link. */
const IDLE_FACTOR = 1.5
const IDLE_EXTRA_MS = 10_000

/** @param heartbeatMs as Hello named it, 0 for the default */
export function idleTicksOf(heartbeatMs: number): number {
  const heartbeat = heartbeatMs === 0 ? HEARTBEAT_MS_DEFAULT : heartbeatMs
  return Math.ceil((heartbeat * IDLE_FACTOR + IDLE_EXTRA_MS) / TICK_MS)
}

/** What a connection is closed with that has been too long in its state. */
export function overdueCode(state: Opening | Handshaking | Nameless | Draining): Code {
  switch (state.kind) {
    case 'opening':
      return CODES.HELLO_TIMEOUT.code
    case 'handshaking':
      return CODES.UNAVAILABLE.code
    case 'nameless':
      return CODES.NAMELESS_TIMEOUT.code
    case 'draining':
      return CODES.DRAINING.code
  }
}
