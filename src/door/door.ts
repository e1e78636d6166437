/**
 * The door: the one place where clients' sockets are accepted.
 *
 *   accept ──► gate: counted in? ──► PROXY header ──► first byte ──► 00               Longwire
 *                  │                                                 capital letter   HTTP, and WebSocket through it
 *                  │ no                                              other            what the port is called after
 *                  ▼
 *              refused: the same way, within a small set and a short time, to be told so in words that it understands
 *
 * Each port takes every protocol. The protocol that a port is named after (its `native` one) answers clients that speak neither, and
 * those that say nothing.
 */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { EMPTY } from '../../protocol/bytes.js'
import { CODES, type Code } from '../../protocol/codes.js'
import { type Protocol, REFUSAL_MS, refusalRetryMs } from '../connection/arrived.js'
import type { ConnectionContext } from '../connection/context.js'
import { present } from '../lib/assert.js'
import { type AddressList, plainAddress } from '../lib/network.js'
import { ThrottledLog } from '../ops/log.js'
import { Arrival, type ArrivalEnd } from './arrival.js'

/**
 * The length of the kernel's queue of connections not yet accepted: enough for the first second of a reconnection storm. The kernel may
 * cap it.
 */
const BACKLOG = 4_096

/** The silence after which the kernel probes a peer: this finds a dead peer whose heartbeat is half an hour. */
const KEEP_ALIVE_MS = 120_000

/** The high-water mark of sockets, in both directions: Node's own default, named because other versions have another. */
const HIGH_WATER_BYTES = 16_384

/** The ticks between two log lines about failed accepts: a door without a free descriptor fails thousands of times a second. */
const ACCEPT_ERROR_TICKS = 60

export interface Port {
  readonly native: Protocol
  /** Whether connections of trusted proxies begin with a PROXY header. */
  readonly proxied: boolean
}

export interface DoorOptions {
  readonly context: Pick<ConnectionContext, 'gate' | 'wheel' | 'random' | 'log' | 'faults'>
  readonly longwire: Protocol
  readonly http: Protocol
  /** Trusted proxies. */
  readonly proxies: AddressList
}

export class Door implements ArrivalEnd {
  readonly #options: DoorOptions
  readonly #acceptErrors: ThrottledLog
  readonly #servers = new Map<Server, Port>()
  /** Connections that have not yet shown what they speak. */
  readonly #arrivals = new Set<Arrival>()
  /** The refused connections, the oldest first. The oldest is reset for a new one, which may be an operator's. */
  readonly #refused = new Set<Socket>()
  #draining = false

  constructor(options: DoorOptions) {
    this.#options = options
    this.#acceptErrors = new ThrottledLog(options.context.log, 1, ACCEPT_ERROR_TICKS)
  }

  /** Connections that have not yet shown what they speak. */
  get arrivals(): number {
    return this.#arrivals.size
  }

  /**
   * Listens; clients can connect when it settles.
   * @param number 0 for any free one
   * @throws Error with `code` EADDRINUSE, EACCES, EADDRNOTAVAIL …
   */
  listen(host: string, number: number, port: Port): Promise<AddressInfo> {
    const server = createServer(
      {
        noDelay: true, // frames and answers are gathered before they are written, so a wait by the kernel gains nothing
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
        allowHalfOpen: true, // a peer that has finished gets the answers that are due
        highWaterMark: HIGH_WATER_BYTES,
      },
      socket => this.#accept(socket, port),
    )
    this.#servers.set(server, port)
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port: number, backlog: BACKLOG }, () => {
        server.off('error', reject)
        // Without a listener for its errors the process would end.
        server.on('error', error => this.#acceptFailed(error))
        resolve(present(server.address(), 'the address of a listening server') as AddressInfo)
      })
    })
  }

  /**
   * Serves no new Longwire connection. Ends silent ones where Longwire is native. A port named after HTTP, or the only port, stays open:
   * probes must see that the server drains.
   */
  drain(): void {
    this.#draining = true
    const { http } = this.#options
    const ports = [...this.#servers]
    const closes = ports.some(([, { native }]) => native === http)
    for (const [server, { native }] of ports) if (closes && native !== http) server.close()
    for (const arrival of [...this.#arrivals]) {
      if (arrival.port.native === http) continue // what it asks for may be on its way
      if (arrival.refusal === undefined) this.silent(arrival)
      else arrival.destroy()
    }
  }

  /** Accepts no more connections, and ends those that have not been handed on. */
  close(): void {
    for (const server of this.#servers.keys()) if (server.listening) server.close()
    for (const { socket } of this.#arrivals) socket.destroy()
    for (const socket of this.#refused) socket.destroy()
  }

  #accept(socket: Socket, port: Port): void {
    const { remoteAddress } = socket
    if (remoteAddress === undefined) {
      socket.destroy() // reset while it waited
      return
    }
    const { context, proxies } = this.#options
    const address = plainAddress(remoteAddress)
    const proxied = port.proxied && proxies.has(address)
    const arrival = new Arrival({ socket, address, port, proxied, wheel: context.wheel, end: this })
    this.#arrivals.add(arrival)
    arrival.wait(port.native.firstRequestMs)
    this.#admit(arrival)
  }

  #admit(arrival: Arrival): void {
    const { gate, wheel, faults } = this.#options.context
    const { address } = arrival
    const limit = gate.admit(address)
    if (limit === 'admitted') {
      gate.addUnauthenticated(address, arrival.socket)
      return
    }
    faults.info(wheel.tick, { address, limit }, 'connection refused: too many connections')
    const message = limit === 'total' ? 'the server is full' : 'too many connections from this address'
    this.#refuse(arrival, CODES.TOO_MANY_CONNECTIONS.code, message)
    arrival.wait(REFUSAL_MS)
  }

  /** Lets a refused connection stay until it has been told. */
  #refuse(arrival: Arrival, code: Code, message: string): void {
    const { gate, random } = this.#options.context
    const { socket } = arrival
    const [oldest] = this.#refused
    if (oldest !== undefined && this.#refused.size >= gate.refusalsMax) {
      this.#refused.delete(oldest)
      oldest.resetAndDestroy()
    }
    arrival.refusal = { code, message, retryAfterMs: refusalRetryMs(random) }
    this.#refused.add(socket)
    socket.on('close', () => this.#refused.delete(socket))
  }

  // What arrivals tell ---------------------------------------------------------------------------------------------------

  /** Counts it under its client's address from here on. Under the proxy's address it was counted in the total only. */
  named(arrival: Arrival, address: string): void {
    const proxy = arrival.address
    arrival.address = address
    if (arrival.refusal !== undefined) return
    this.#release(arrival, proxy)
    this.#admit(arrival)
  }

  spoke(arrival: Arrival, first: Uint8Array): void {
    const { longwire, http } = this.#options
    const byte = first[0] as number
    const protocol = byte === LONGWIRE ? longwire : isCapital(byte) ? http : arrival.port.native
    if (arrival.refusal === undefined && this.#draining && protocol === longwire) {
      this.#release(arrival, arrival.address)
      this.#refuse(arrival, CODES.DRAINING.code, CODES.DRAINING.text)
    }
    this.#handOn(arrival, protocol, first)
  }

  silent(arrival: Arrival): void {
    this.#handOn(arrival, arrival.port.native, EMPTY)
  }

  malformed(arrival: Arrival, reason: string): void {
    const { wheel, faults } = this.#options.context
    faults.info(wheel.tick, { address: arrival.address }, `connection closed: ${reason}`)
    arrival.destroy()
  }

  gone(arrival: Arrival): void {
    arrival.stopWaiting()
    this.#arrivals.delete(arrival)
    if (arrival.refusal === undefined) this.#release(arrival, arrival.address)
  }

  #release(arrival: Arrival, address: string): void {
    this.#options.context.gate.release(address, arrival.socket)
  }

  #handOn(arrival: Arrival, protocol: Protocol, first: Uint8Array): void {
    const { refusal } = arrival
    const arrived = arrival.arrived(first, protocol.firstRequestMs)
    arrival.stopWaiting()
    this.#arrivals.delete(arrival)
    if (refusal !== undefined) {
      protocol.refuse(arrived, refusal)
      return
    }
    if (first.length > 0) protocol.serve(arrived)
    else protocol.silent(arrived)
  }

  #acceptFailed({ message }: Error): void {
    const text = 'could not accept a connection; it goes on when there is space'
    this.#acceptErrors.warn(this.#options.context.wheel.tick, { error: message }, text)
  }
}

/** The first bytes by which protocols are told apart (PROTOCOL.md, 2.1). */
const LONGWIRE = 0x00
function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}
