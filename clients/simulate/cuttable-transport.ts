/**
 * A transport whose connection can be cut as a network cuts one: without a FIN, an RST or a word to the server. It can also be
 * blocked, as a network blocks what it does not know.
 *
 *   live ──cut('told')────► dark, and the client hears of an error at once (the phone's own network changed)
 *     └────cut('silent')──► dark, and nobody hears of anything (a router on the way forgot the connection)
 *
 * A dark connection still lets out a part of the next write, so that frames are cut in their middle; after that it lets out
 * nothing. What comes in is thrown away. The socket itself stays open, half-open in effect, until the server ends it or its time
 * is over. So the server goes on believing in it, and its system goes on confirming bytes that nobody reads. This cannot show a
 * server whose unconfirmed bytes pile up: for that the bytes would have to be stopped below TCP. Over WebSocket and HTTP the part
 * that leaves ends with a whole frame, because the library cuts its messages and requests by itself. Over HTTP that part is what
 * the server does and nobody hears of.
 */

import type { Clock, TimerHandle } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'
import type { Transport, TransportConnection, TransportHandlers } from '../typescript/index.js'

/** The time that a dark socket is kept if the server keeps it, too. It is then closed, in good order. */
const DARK_MS_MAX = 30_000

interface Wire {
  readonly handlers: TransportHandlers
  connection: TransportConnection | undefined
  state: 'live' | 'cutting' | 'dark'
  opened: boolean
}

export class CuttableTransport implements Transport {
  readonly name: string
  readonly preamble: boolean
  readonly heartbeatMs?: number
  readonly #inner: Transport
  readonly #clock: Clock
  readonly #random: Random
  #wire: Wire | undefined
  /** The fate of new connections: they are let through, refused at once, or never answered. */
  #way: 'open' | 'refused' | 'silent' = 'open'
  /** The dark connections, each with the timer that ends it. */
  readonly #dark = new Map<Wire, TimerHandle>()

  constructor(inner: Transport, clock: Clock, random: Random) {
    this.name = inner.name
    this.preamble = inner.preamble
    if (inner.heartbeatMs !== undefined) this.heartbeatMs = inner.heartbeatMs
    this.#inner = inner
    this.#clock = clock
    this.#random = random
  }

  /** Whether a client could connect. */
  get isOpen(): boolean {
    return this.#way === 'open'
  }

  /** Blocks new connections; the present one stays. */
  block(how: 'refused' | 'silent'): void {
    this.#way = how
  }

  unblock(): void {
    this.#way = 'open'
  }

  connect(handlers: TransportHandlers): TransportConnection {
    if (this.#way !== 'open') return this.#connectNowhere(handlers)
    const wire: Wire = { handlers, connection: undefined, state: 'live', opened: false }
    this.#wire = wire
    wire.connection = this.#inner.connect({
      opened: () => {
        wire.opened = true
        handlers.opened()
      },
      received: bytes => {
        if (wire.state === 'live') handlers.received(bytes)
      },
      closed: error => {
        this.#forget(wire)
        if (wire.state === 'live') handlers.closed(error)
      },
    })
    return { write: bytes => this.#write(wire, bytes), close: () => this.#close(wire) }
  }

  /** @returns whether there was an open connection to cut */
  cut(how: 'told' | 'silent'): boolean {
    const wire = this.#wire
    if (wire === undefined || wire.state !== 'live' || !wire.opened) return false
    wire.state = 'cutting'
    this.#wire = undefined
    this.#dark.set(
      wire,
      this.#clock.after(DARK_MS_MAX, () => this.#end(wire)),
    )
    if (how === 'told') wire.handlers.closed(new Error('the connection was cut'))
    return true
  }

  /** Closes what is dark; the live connection is its client's to close. */
  close(): void {
    for (const wire of this.#dark.keys()) this.#end(wire)
  }

  #connectNowhere(handlers: TransportHandlers): TransportConnection {
    const refusal =
      this.#way === 'refused'
        ? this.#clock.after(0, () => handlers.closed(new Error('the network refuses it')))
        : undefined
    return { write: () => {}, close: () => refusal?.cancel() }
  }

  #write(wire: Wire, bytes: Uint8Array): void {
    if (wire.state === 'live') wire.connection?.write(bytes)
    if (wire.state !== 'cutting') return
    wire.state = 'dark'
    const length = this.#random.integer(bytes.length + 1)
    wire.connection?.write(bytes.subarray(0, this.preamble ? length : wholeFrames(bytes, length)))
  }

  /** A client that gives a dark connection up closes it; the server is not to hear of that. */
  #close(wire: Wire): void {
    if (this.#wire === wire) this.#wire = undefined
    if (wire.state === 'live') wire.connection?.close()
  }

  #end(wire: Wire): void {
    this.#forget(wire)
    wire.connection?.close()
  }

  #forget(wire: Wire): void {
    this.#dark.get(wire)?.cancel()
    this.#dark.delete(wire)
  }
}

/** The length of the whole frames within the first `length` bytes. */
function wholeFrames(bytes: Uint8Array, length: number): number {
  let end = 0
  for (;;) {
    let next = end
    let size = 0
    for (let scale = 1; next < length; scale *= 128) {
      const byte = bytes[next++] as number
      size += (byte & 127) * scale
      if (byte < 128) break
    }
    next += size
    if (next === end || next > length) return end
    end = next
  }
}
