/** An accepted socket as the door hands it on: what the protocols behind the door (long/, short/) are given. */

import type { Socket } from 'node:net'
import type { Code } from '../../protocol/codes.js'
import type { Random } from '../lib/random.js'

export interface Arrived {
  /**
   * The socket, which can be half-open and is flowing. The protocol that takes it must own or disown it before the call returns
   * (socket-owner.ts).
   */
  readonly socket: Socket
  /** The client's address: the peer's own, or the one that a PROXY header names. */
  readonly address: string
  /** Whether a trusted proxy brought it, and said so by a PROXY header. */
  readonly proxied: boolean
  /** The bytes that it has sent, behind a PROXY header; empty if it has been silent. */
  readonly first: Uint8Array
  /** The time that is left for its first request; 0: it is over. */
  readonly leftMs: number
}

/** The time that a refused connection has to show what it speaks, and then again to read why it is refused. */
export const REFUSAL_MS = 2_000

/** The retry time of refused clients, spread so that they do not come back at the same moment. */
const REFUSAL_RETRY_MS = { base: 2_000, spread: 8_000 } as const

/** A time after which a client that was not admitted is to come back. */
export function refusalRetryMs(random: Random): number {
  return REFUSAL_RETRY_MS.base + random.integer(REFUSAL_RETRY_MS.spread)
}

/** The reason why a socket is not served. */
export interface Refusal {
  readonly code: Code
  readonly message: string
  readonly retryAfterMs: number
}

/** A protocol that sockets speak. Each call takes the socket over from the door. */
export interface Protocol {
  /** The time that a client has until its first request, counted from when it was accepted. */
  readonly firstRequestMs: number
  /** Serves a socket that the gate has admitted, and has it released when it is gone. */
  serve(arrived: Arrived): void
  /** Ends one that the gate has admitted and that has sent nothing in time, or nothing before the server stopped. */
  silent(arrived: Arrived): void
  /** Tells one that the gate did not admit. It may stay for as long as that takes; the door ends it if others come. */
  refuse(arrived: Arrived, refusal: Refusal): void
}
