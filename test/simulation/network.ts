/**
 * The network between clients and nodes, as bad as a seed wants it: late, in any cut, stalled, reset with bytes under way,
 * dead without anybody being told, opened in another order than asked for, refused.
 *
 *   client: Transport ──SYN──► host.accept(pipe) ──► served: Connection
 *     connection.write ───── way up ──────► served.receive
 *     handlers.received ◄─── way down ◄──── pipe.write
 */

import type {
  Transport,
  TransportConnection,
  TransportHandlers,
} from '../../clients/typescript/transports/transport.js'
import type { Pipe } from '../../src/connection/pipe.js'
import type { Random } from '../../src/lib/random.js'
import { OneWay } from './one-way.js'
import type { Process } from './process.js'
import type { Owner, Scheduler } from './scheduler.js'
import { delayOn, type Way, type WayName, Ways } from './ways.js'

export interface Weather {
  readonly latencyMs: number
  readonly jitterMs: number
  readonly bytesPerMs: number
  /** Bytes on their way at most; what is beyond waits at the writer. */
  readonly windowBytes: number
  /** How likely a write arrives in pieces. */
  readonly fragmented: number
  /** How likely it is that something befalls a connection, and how long it lives then, on average. */
  readonly doomed: number
  readonly doomMs: number
  /** How likely nothing ever comes of an attempt to connect. */
  readonly lostSyn: number
}

/** What a node makes of a connection. */
export interface Served {
  receive(bytes: Uint8Array): void
  drained(): void
  ended(): void
  gone(): void
}

export interface Host {
  readonly process: Process
  /** Undefined: it listens no more. */
  accept(pipe: Pipe, address: string, way: Way): Served | undefined
}

const DOOMS = ['reset', 'reset', 'silent', 'stall', 'stall', 'deaf', 'mute', 'client-alone', 'server-alone'] as const
export type Doom = (typeof DOOMS)[number]

/** Stalls last up to so long: beyond every timeout of the client. */
const STALL_MS_MAX = 40_000

/** The client's kernel forgets a closed connection that the other side does not finish. */
const LINGER_MS = 2_000

export class Network {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly wires = new Set<Wire>()
  weather: Weather
  onBytes: (bytes: Uint8Array) => void = () => {}
  #connections = 0

  constructor(scheduler: Scheduler, random: Random, weather: Weather) {
    this.scheduler = scheduler
    this.random = random
    this.weather = weather
  }

  /** How a client reaches one of the hosts that there are when it tries; none: the network does not carry it. */
  transport(client: Process, hosts: () => readonly Host[], way = new Ways().of('tcp')): Transport {
    const connect = (handlers: TransportHandlers): TransportConnection => {
      const candidates = hosts()
      const host = candidates.length === 0 ? undefined : candidates[this.random.integer(candidates.length)]
      const wire = new Wire(this, client, handlers, host, this.address(), way)
      this.wires.add(wire)
      return wire.client
    }
    return { name: way.name, preamble: way.name === 'tcp', connect }
  }

  /** Of one more client. */
  address(): string {
    this.#connections += 1
    return `10.0.${(this.#connections >> 8) & 255}.${this.#connections & 255}`
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random.fraction() < probability
  }

  /** Mostly near the latency, sometimes far above. */
  delayMs(): number {
    const { latencyMs, jitterMs } = this.weather
    const { random } = this
    return latencyMs + jitterMs * 8 * random.fraction() * random.fraction() * random.fraction()
  }

  /** The process was killed: its kernel finishes or resets what it had open; or the machine went with it. */
  ended(process: Process, withMachine: boolean): void {
    for (const wire of [...this.wires]) wire.ended(process, withMachine)
  }

  /** Something befalls everything that this process has open; with a name, on that way alone. */
  doomAll(process: Process, doom: Doom, name?: WayName): void {
    for (const wire of [...this.wires]) {
      if (wire.belongsTo(process) && (name === undefined || wire.way.name === name)) wire.doom(doom)
    }
  }
}

/** One connection, both ends of it. */
export class Wire {
  readonly client: TransportConnection
  readonly way: Way
  readonly #network: Network
  readonly #process: Process
  readonly #handlers: TransportHandlers
  readonly #host: Host | undefined
  readonly #up: OneWay
  readonly #down: OneWay
  #served: Served | undefined
  /** Whether the client was told that it is over; likewise the node. */
  #clientOver = false
  #serverOver = false

  constructor(
    network: Network,
    process: Process,
    handlers: TransportHandlers,
    host: Host | undefined,
    address: string,
    way: Way,
  ) {
    this.way = way
    this.#network = network
    this.#process = process
    this.#handlers = handlers
    this.#host = host
    const up = {
      bytes: (bytes: Uint8Array) => this.#served?.receive(bytes),
      finished: () => this.#upFinished(),
      drained: () => {},
      alive: () => this.#serverLives,
      whenAwake: (run: () => void) => host?.process.whenAwake('up', run),
    }
    const down = {
      bytes: (bytes: Uint8Array) => this.#handlers.received(bytes),
      finished: () => this.#downFinished(),
      drained: () => this.#tellServer(served => served.drained()),
      alive: () => process.alive && !this.#clientOver,
      whenAwake: (run: () => void) => run(),
    }
    this.#up = new OneWay(network, 'up', up, way)
    this.#down = new OneWay(network, 'down', down, way)
    this.client = {
      write: bytes => this.#up.write(bytes),
      close: () => this.#clientCloses(),
    }
    if (host === undefined || way.state === 'hole' || network.chance(network.weather.lostSyn)) return
    this.#after(this.#delayMs(), 'syn', () => this.#arrived(host, address))
  }

  #delayMs(): number {
    return delayOn(this.way, this.#network.delayMs())
  }

  get #serverLives(): boolean {
    return this.#served !== undefined && !this.#serverOver && this.#host?.process.alive === true
  }

  belongsTo(process: Process): boolean {
    return process === this.#process || process === this.#host?.process
  }

  ended(process: Process, withMachine: boolean): void {
    if (!this.belongsTo(process)) return
    if (withMachine) this.#lose()
    else if (this.#network.chance(0.5)) this.#reset()
    else if (process === this.#process) this.#up.end()
    else this.#down.end()
    this.#forget()
  }

  doom(doom: Doom): void {
    const { random } = this.#network
    switch (doom) {
      case 'reset':
        this.#reset()
        break
      case 'silent':
        this.#lose()
        break
      case 'stall': {
        const ms = STALL_MS_MAX * random.fraction() * random.fraction()
        this.#up.stall(ms)
        this.#down.stall(ms)
        break
      }
      case 'deaf':
        this.#down.stall(Number.POSITIVE_INFINITY)
        break
      case 'mute':
        this.#up.stall(Number.POSITIVE_INFINITY)
        break
      case 'client-alone':
        this.#lose()
        this.#after(this.#network.delayMs(), 'reset', () => this.#serverIsOver())
        break
      case 'server-alone':
        this.#lose()
        this.#after(this.#network.delayMs(), 'reset', () => this.#clientIsOver(new Error('connection reset')))
        break
    }
  }

  #arrived(host: Host, address: string): void {
    if (this.way.state === 'reset') {
      this.#after(this.#delayMs(), 'reset', () => this.#clientIsOver(new Error('connection reset')))
      return
    }
    const { process } = host
    if (!process.still) {
      if (this.#accepted(host, address)) this.#opens()
      return
    }
    // Its kernel takes the connection, and what is written to it.
    this.#opens()
    process.whenAwake('accept', () => {
      if (!this.#serverOver) this.#accepted(host, address)
    })
  }

  /** @returns whether the node has taken it */
  #accepted(host: Host, address: string): boolean {
    const network = this.#network
    const served = host.process.alive ? host.accept(this.#pipe(), address, this.way) : undefined
    if (served === undefined) {
      this.#after(this.#delayMs(), 'refused', () => this.#clientIsOver(new Error('connection refused')))
      return false
    }
    this.#served = served
    if (network.chance(network.weather.doomed)) {
      const doom = DOOMS[network.random.integer(DOOMS.length)] as Doom
      const ms = -Math.log(1 - network.random.fraction()) * network.weather.doomMs
      this.#after(ms, `doom ${doom}`, () => {
        if (network.weather.doomed > 0) this.doom(doom)
      })
    }
    this.#up.release() // the client may have closed it before it was there
    return true
  }

  #opens(): void {
    this.#after(
      this.#delayMs(),
      'opened',
      () => {
        if (this.way.state === 'deaf') this.#lose()
        if (!this.#clientOver && !this.#up.ended) this.#handlers.opened()
      },
      this.#process,
    )
  }

  #tellServer(tell: (served: Served) => void): void {
    this.#host?.process.whenAwake('told', () => {
      if (this.#serverLives && this.#served !== undefined) tell(this.#served)
    })
  }

  #pipe(): Pipe {
    const up = this.#up
    const down = this.#down
    return {
      admitted: { destroy: () => this.#reset() },
      transport: this.way.name === 'ws' ? 'ws' : 'tcp',
      get queuedBytes() {
        return down.queuedBytes
      },
      write: bytes => down.write(bytes),
      pause: () => up.hold(),
      resume: () => up.release(),
      end: () => {
        down.end()
        if (up.finished) this.#after(0, 'gone', () => this.#serverIsOver())
      },
      destroy: () => this.#reset(),
    }
  }

  #clientCloses(): void {
    if (this.#up.ended) return
    this.#up.end()
    this.#after(LINGER_MS, 'linger', () => this.#clientIsOver(undefined), this.#process)
  }

  #upFinished(): void {
    this.#served?.ended()
    if (this.#down.ended) this.#after(0, 'gone', () => this.#serverIsOver())
  }

  /** As the reference transport does it: the server's end ends the client's. */
  #downFinished(): void {
    this.#up.end()
    this.#clientIsOver(undefined)
  }

  /** Both ends learn of it, at moments of their own. */
  #reset(): void {
    const network = this.#network
    this.#lose()
    this.#after(network.delayMs(), 'reset', () => this.#serverIsOver())
    this.#after(network.delayMs(), 'reset', () => this.#clientIsOver(new Error('connection reset')))
  }

  /** Nothing gets through from now on, and nobody is told. */
  #lose(): void {
    this.#up.lose()
    this.#down.lose()
  }

  #clientIsOver(error: Error | undefined): void {
    if (this.#clientOver) return
    this.#clientOver = true
    this.#forget()
    if (this.#process.alive) this.#handlers.closed(error)
  }

  #serverIsOver(): void {
    if (this.#serverOver) return
    const served = this.#serverLives ? this.#served : undefined
    this.#serverOver = true
    this.#forget()
    if (served !== undefined) this.#host?.process.whenAwake('gone', () => served.gone())
  }

  #forget(): void {
    const clientGone = this.#clientOver || !this.#process.alive
    if (clientGone && (this.#serverOver || this.#host?.process.alive !== true)) this.#network.wires.delete(this)
  }

  #after(ms: number, what: string, run: () => void, owner?: Owner): void {
    this.#network.scheduler.after(ms, what, run, owner)
  }
}
