/** The long side's door: accepts TCP connections, or refuses them before they cost anything. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { CODES } from '../../protocol/codes.js'
import { logAcceptErrors } from '../connection/accept-errors.js'
import { closeFrame } from '../connection/close-frame.js'
import type { ConnectionContext } from '../connection/context.js'
import { present } from '../lib/assert.js'
import { type AddressList, plainAddress } from '../lib/network.js'
import { Timed, type Wheel } from '../lib/wheel.js'
import { Proxied } from './proxied.js'
import { SOCKET_HIGH_WATER_BYTES, serveSocket } from './socket.js'

/** The kernel's queue of connections that nobody accepted yet: a reconnection storm's first second. The kernel may cap it. */
const BACKLOG = 4096

/** The kernel asks a silent peer after so long: finds the dead one whose heartbeat is half an hour. */
const KEEP_ALIVE_MS = 120_000

/** A refused connection gets its frame and this long to read it. */
const REFUSAL_MS = 2_000

/** So that what was turned away does not come back in step. */
const REFUSAL_RETRY_MS = { base: 2_000, spread: 8_000 } as const

export interface LongOptions {
  /** Connections from these begin with a PROXY header; empty: none does. */
  readonly proxies?: AddressList
}

export class LongListener {
  readonly #context: ConnectionContext
  readonly #proxies: AddressList | undefined
  readonly #server: Server
  #refusals = 0
  /** Connections whose PROXY header has not come yet. */
  #proxied = 0

  constructor(context: ConnectionContext, { proxies }: LongOptions = {}) {
    this.#context = context
    this.#proxies = proxies
    this.#server = createServer(
      {
        noDelay: true, // frames are gathered before they are written: nothing is gained by the kernel's waiting
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
        allowHalfOpen: true, // a peer that has finished gets the answers that are due
        highWaterMark: SOCKET_HIGH_WATER_BYTES,
      },
      socket => this.#accept(socket),
    )
  }

  /**
   * Listens from the moment it settles.
   * @param port 0 for any free one
   * @throws Error with `code` EADDRINUSE, EACCES, EADDRNOTAVAIL …
   */
  listen(host: string, port: number): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port, backlog: BACKLOG }, () => {
        this.#server.off('error', reject)
        logAcceptErrors(this.#server, this.#context)
        resolve(present(this.#server.address(), 'the address of a listening server') as AddressInfo)
      })
    })
  }

  /** Accepts no more; connections stay. */
  stop(): void {
    if (this.#server.listening) this.#server.close()
  }

  #accept(socket: Socket): void {
    const { remoteAddress } = socket
    if (remoteAddress === undefined) {
      socket.destroy() // reset while it waited
      return
    }
    const address = plainAddress(remoteAddress)
    if (this.#proxies?.has(address) === true) this.#acceptProxied(socket, address)
    else this.#admit(socket, address)
  }

  /** Counted under its client's address, once that is known; until then in the total only. */
  #acceptProxied(socket: Socket, proxy: string): void {
    const { gate, wheel, faults } = this.#context
    if (gate.total + this.#proxied >= gate.limits.totalMax) {
      this.#refuse(socket, proxy, 'total')
      return
    }
    this.#proxied++
    new Proxied(socket, wheel, {
      named: (address = proxy, rest, leftMs) => this.#admit(socket, address, rest, leftMs),
      failed: reason => {
        faults.info(wheel.tick, { address: proxy }, `connection closed: ${reason}`)
        socket.destroy()
      },
      over: () => this.#proxied--,
    })
  }

  #admit(socket: Socket, address: string, first?: Uint8Array, helloMs?: number): void {
    const admission = this.#context.gate.admit(address)
    if (admission !== 'admitted') {
      this.#refuse(socket, address, admission)
      return
    }
    const connection = serveSocket(this.#context, socket, address, helloMs)
    if (first !== undefined && first.length > 0) connection.receive(first)
  }

  #refuse(socket: Socket, address: string, limit: 'total' | 'address'): void {
    const { wheel, random, faults } = this.#context
    faults.info(wheel.tick, { address, limit }, 'connection refused: too many connections')
    socket.on('error', ignore)
    if (this.#refusals >= this.#context.gate.refusalsMax) {
      socket.destroy()
      return
    }
    this.#refusals++
    const refused = new Refused(socket, wheel)
    socket.on('close', () => {
      refused.left()
      this.#refusals--
    })
    const retryAfterMs = REFUSAL_RETRY_MS.base + random.integer(REFUSAL_RETRY_MS.spread)
    const message = limit === 'total' ? 'the server is full' : 'too many connections from this address'
    socket.end(closeFrame(CODES.TOO_MANY_CONNECTIONS.code, message, retryAfterMs))
    socket.resume() // what it sends is thrown away: unread bytes would turn the end into a reset
  }
}

class Refused extends Timed {
  readonly #socket: Socket
  readonly #wheel: Wheel

  constructor(socket: Socket, wheel: Wheel) {
    super()
    this.#socket = socket
    this.#wheel = wheel
    wheel.add(this, REFUSAL_MS)
  }

  override expired(): void {
    this.#socket.destroy()
  }

  left(): void {
    this.#wheel.remove(this)
  }
}

function ignore(): void {}
