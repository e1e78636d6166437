/**
 * An accepted connection that has not yet shown which protocol it speaks:
 *
 *   accepted ──► PROXY header, if a trusted proxy brings it ──► first byte ──► handed on
 *       │                    │                                      │
 *       └────────────────────┴──── out of time, or gone ────────────┘
 *
 * The protocol that serves it then owns its socket, so a connection that is served holds nothing of the arrival.
 */

import type { Socket } from 'node:net'
import type { Arrived, Refusal } from '../connection/arrived.js'
import { own, type SocketOwner } from '../connection/socket-owner.js'
import { TICK_MS, Timed, type Wheel } from '../lib/wheel.js'
import type { Port } from './door.js'
import { ProxyHeader } from './proxy-header.js'

/** Receives the events of an arrival: the door. */
export interface ArrivalEnd {
  /** Called when a PROXY header was read; the client's first byte is still awaited. */
  named(arrival: Arrival, address: string): void
  /** Called when the first bytes have come. */
  spoke(arrival: Arrival, first: Uint8Array): void
  /** Called when nothing has come in time. */
  silent(arrival: Arrival): void
  /** Called when a required PROXY header is missing, wrong or late. */
  malformed(arrival: Arrival, reason: string): void
  /** Called when the socket is closed. */
  gone(arrival: Arrival): void
}

export interface ArrivalOptions {
  readonly socket: Socket
  readonly address: string
  readonly port: Port
  /** Whether it begins with a PROXY header. */
  readonly proxied: boolean
  readonly wheel: Wheel
  readonly end: ArrivalEnd
}

export class Arrival extends Timed implements SocketOwner {
  readonly socket: Socket
  readonly port: Port
  /** The peer's address, until a PROXY header names the client's. */
  address: string
  /** The refusal, if the gate has not admitted it. */
  refusal: Refusal | undefined = undefined
  readonly #wheel: Wheel
  readonly #end: ArrivalEnd
  readonly #proxied: boolean
  #header: ProxyHeader | undefined
  readonly #startTick: number

  constructor({ socket, address, port, proxied, wheel, end }: ArrivalOptions) {
    super()
    this.socket = socket
    this.address = address
    this.port = port
    this.#proxied = proxied
    this.#wheel = wheel
    this.#startTick = wheel.tick
    this.#end = end
    this.#header = proxied ? new ProxyHeader() : undefined
    own(socket, this)
  }

  /** Waits this long for bytes; then silent() is called. */
  wait(ms: number): void {
    this.#wheel.add(this, ms)
  }

  /** @param ofMs the time that a client has, counted from when it was accepted */
  arrived(first: Uint8Array, ofMs: number): Arrived {
    const { socket, address } = this
    const waitedMs = (this.#wheel.tick - this.#startTick) * TICK_MS
    return { socket, address, proxied: this.#proxied, first, leftMs: Math.max(0, ofMs - waitedMs) }
  }

  override expired(): void {
    if (this.#header === undefined) this.#end.silent(this)
    else this.#end.malformed(this, 'no PROXY header in time')
  }

  /** Closes it at once; gone() follows. */
  destroy(): void {
    this.socket.destroy()
  }

  /** Stops waiting: it is handed on, or ended. */
  stopWaiting(): void {
    this.#wheel.remove(this)
  }

  receive(chunk: Uint8Array): void {
    const first = this.#header === undefined ? chunk : this.#behindHeader(this.#header, chunk)
    if (first === undefined || first.length === 0) return
    this.#end.spoke(this, first)
  }

  /** Does nothing: no answer is due to it. */
  drained(): void {}

  /** Ends it: it has asked for nothing, and never will. */
  ended(): void {
    this.destroy()
  }

  gone(): void {
    this.#end.gone(this)
  }

  /** The bytes behind the PROXY header; undefined while that is not whole, and if it is none. */
  #behindHeader(header: ProxyHeader, chunk: Uint8Array): Uint8Array | undefined {
    const result = header.push(chunk)
    if (result.kind === 'more') return undefined
    if (result.kind === 'malformed') {
      this.#end.malformed(this, result.reason)
      return undefined
    }
    this.#header = undefined
    if (result.address !== undefined) this.#end.named(this, result.address)
    return result.rest
  }
}
