/**
 * An HTTP connection: its data, its cost, and the requests that wait on it until there is space for their answers. It is kept on its
 * socket, so no closure is needed for it.
 */

import type { Socket } from 'node:net'
import { CONNECTION_BYTES_MAX } from '../connection/backlog.js'
import { Timed, type Wheel } from '../lib/wheel.js'
import type { Exchange } from './exchange.js'
import type { ShortConnection } from './types.js'

/** The most requests that wait on one connection: few clients send a second one before the first is answered. */
const PIPELINED_MAX = 16

export const PEER = Symbol('peer')

export interface HttpSocket extends Socket {
  [PEER]?: HttpPeer | undefined
}

/** The server, as a peer sees it. */
export interface PeerServer {
  readonly wheel: Wheel
  /** Called when its first request is not there in time. */
  late(peer: HttpPeer): void
  /** Called when its client has shown that it has a session. */
  authenticated(peer: HttpPeer): void
  /** Called when its socket is closed. */
  closed(peer: HttpPeer): void
}

export interface PeerOptions {
  readonly address: string
  readonly proxied: boolean
  readonly retryAfterMs: number
  /** The moment of the clock at which the time for its first request is over. */
  readonly firstDueMs: number
  readonly server: PeerServer
}

export class HttpPeer extends Timed implements ShortConnection {
  readonly socket: HttpSocket
  readonly address: string
  /** Whether a PROXY header named the address. */
  readonly proxied: boolean
  /** The time after which a refused one may come again; 0: the gate has admitted it. */
  readonly retryAfterMs: number
  readonly server: PeerServer
  /** The moment at which the time for its first request is over; undefined: it has made one. */
  #firstDueMs: number | undefined
  /** The exchanges of requests that are not over, in the order of their requests. */
  readonly #open: Exchange[] = []
  /** Bytes of answers that the peer has not taken. */
  #waitingBytes = 0
  /** A request whose answer may be large and is not made yet. */
  #large: Exchange | undefined = undefined
  /** Requests that are begun when there is space for their answers; undefined mostly. */
  #later: (() => void)[] | undefined = undefined

  constructor(socket: Socket, { address, proxied, retryAfterMs, firstDueMs, server }: PeerOptions) {
    super()
    this.socket = socket
    this.address = address
    this.proxied = proxied
    this.retryAfterMs = retryAfterMs
    this.#firstDueMs = firstDueMs
    this.server = server
    this.socket[PEER] = this
    socket.on('close', onClose)
  }

  get admitted(): boolean {
    return this.retryAfterMs === 0
  }

  /** Requests that are not answered yet. */
  get inWork(): number {
    return this.#open.length
  }

  /** Whether another request would be one too many. */
  get isFull(): boolean {
    return this.#open.length >= PIPELINED_MAX
  }

  /** Whether an answer may be written now that belongs to no request: it would be taken for one that is due. */
  get speaks(): boolean {
    return this.#open.length === 0 || (this.#open.length === 1 && this.#open[0]?.isUnanswered === true)
  }

  /** Sets the time in which its first request must come. */
  mustSpeakIn(ms: number): void {
    this.server.wheel.add(this, ms)
  }

  /** The time that is left for a Hello, if its first request makes a WebSocket; undefined: all of it, for a later request. */
  helloMs(nowMs: number): number | undefined {
    return this.#firstDueMs === undefined ? undefined : Math.max(1, this.#firstDueMs - nowMs)
  }

  override expired(): void {
    this.server.late(this)
  }

  authenticated(): void {
    this.server.authenticated(this)
  }

  /** Notes that a request has come. */
  asked(exchange: Exchange): void {
    this.server.wheel.remove(this)
    this.#firstDueMs = undefined
    this.#open.push(exchange)
  }

  /** Begins a request now, or when there is space for its answer; in their order. */
  beginWithSpace(begin: () => void): void {
    if (this.#later !== undefined) this.#later.push(begin)
    else if (this.#hasSpace) begin()
    else this.#later = [begin]
  }

  /** Notes that this answer may be large: no other is begun before it is there. */
  expectsLarge(exchange: Exchange): void {
    this.#large = exchange
  }

  /** Notes that the answer is there. */
  answered(exchange: Exchange, bytes: number): void {
    this.#waitingBytes += bytes
    this.#goOn(exchange)
  }

  /** Notes that the peer has taken the answer, or is gone. */
  ended(exchange: Exchange, bytes: number): void {
    this.#open.splice(this.#open.indexOf(exchange), 1)
    this.#waitingBytes -= bytes
    this.#goOn(exchange)
  }

  /**
   * Ends what is open when the socket is closed. node:http tells that only to the response whose turn it is: one that is pipelined behind
   * it never had the socket.
   */
  gone(): void {
    this.server.wheel.remove(this)
    for (const exchange of [...this.#open]) exchange.gone()
    this.server.closed(this)
  }

  /** Gives the socket away to another owner. */
  leave(): void {
    this.server.wheel.remove(this)
    this.socket.off('close', onClose)
    this.socket[PEER] = undefined
  }

  get #hasSpace(): boolean {
    return this.#large === undefined && this.#waitingBytes < CONNECTION_BYTES_MAX
  }

  /** Begins as many as there is space for. What still waits when the peer goes is dropped. */
  #goOn(exchange: Exchange): void {
    if (this.#large === exchange) this.#large = undefined
    while (this.#later !== undefined && (this.socket.destroyed || this.#hasSpace)) {
      const begin = this.#later.shift()
      if (this.#later.length === 0) this.#later = undefined
      if (!this.socket.destroyed) begin?.()
    }
  }
}

function onClose(this: HttpSocket): void {
  this[PEER]?.gone()
}
