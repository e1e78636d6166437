/** A node in the simulation: the one that ships (src/node), in a process that is killed and started again. */

import type { EventBatch } from '../../src/cluster/peers.js'
import { backlogBounds } from '../../src/connection/backlog.js'
import { Connection } from '../../src/connection/connection.js'
import type { Pipe } from '../../src/connection/pipe.js'
import type { Random } from '../../src/lib/random.js'
import { Node } from '../../src/node/node.js'
import type { Doors, NodeSettings } from '../../src/node/options.js'
import { silentLog } from '../../src/ops/log.js'
import { CHEAP_COST, Passwords } from '../../src/services/passwords.js'
import type { ShortAnswer, ShortCall, ShortRequest } from '../../src/short/types.js'
import type { Store } from '../../src/store/types.js'
import type { SequenceRule } from '../../src/sync/rules/numbered.js'
import type { Stamps } from '../../src/sync/stamps.js'
import { InlineWorkers } from '../../src/workers/inline.js'
import type { HttpHost } from './http.js'
import type { Network, Served } from './network.js'
import { Process } from './process.js'
import type { Scheduler } from './scheduler.js'
import type { Way } from './ways.js'
import { MessageConnection } from './web-socket.js'

export interface SimulatedNodeOptions {
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
  readonly network: Network
  readonly settings: Pick<NodeSettings, 'limits' | 'retention' | 'sweepMs'>
  /** The other nodes' names. */
  readonly peers: readonly string[]
  /** A store for one process, over the disk that they all share. */
  store(process: Process): Store
  readonly stamps?: ((random: Random) => Stamps) | undefined
  readonly sequence?: SequenceRule | undefined
  readonly sliceTargets: number
  readonly short?: ((handle: Handle) => Handle) | undefined
  /** Whether the partition's work in the background is this node's. */
  owns(partition: number): boolean
  /** The node has started, or is gone: others own its partitions now. */
  membersChanged(): void
  send(from: string, to: string, batch: EventBatch): void
  note(text: string): void
  /** The log has an error. */
  bug(text: string): void
}

/** The short side without sockets. */
export type Handle = (request: ShortRequest, body: Uint8Array, reply: (answer: ShortAnswer) => void) => ShortCall

/** One run of the node. */
interface Running {
  readonly process: Process
  readonly node: Node
  readonly handle: Handle
}

const DRAIN_MS = 2_000
const MEMORY_BYTES = 2 ** 32
const CONNECTIONS = { totalMax: 1_000, perAddressMax: Number.POSITIVE_INFINITY }

export class SimulatedNode implements HttpHost {
  readonly name: string
  readonly #options: SimulatedNodeOptions
  #running: Running | undefined
  #starts = 0
  skewMs = 0

  constructor(options: SimulatedNodeOptions) {
    this.name = options.name
    this.#options = options
  }

  get process(): Process {
    if (this.#running === undefined) throw new Error(`${this.name} was never started`)
    return this.#running.process
  }

  get alive(): boolean {
    return this.#running?.process.alive === true
  }

  /** It was started once: clients know its address. */
  get started(): boolean {
    return this.#running !== undefined
  }

  /** What runs now; undefined while its process is dead. */
  get node(): Node | undefined {
    return this.alive ? this.#running?.node : undefined
  }

  get serving(): boolean {
    return this.node?.serving === true
  }

  start(): void {
    if (this.alive) return
    const { scheduler, random, note } = this.#options
    this.#starts += 1
    const process = new Process(scheduler, random, `${this.name}.${this.#starts}`)
    process.skewMs = this.skewMs
    const node = this.#build(process)
    const { connect } = node.access
    const handle: Handle = (request, body, reply) => connect.handle(request, body, reply)
    this.#running = { process, node, handle: this.#options.short?.(handle) ?? handle }
    node.start().then(
      () => {
        if (!process.alive) return
        node.serve()
        this.#options.membersChanged()
        note(`${process.name} serves`)
      },
      error => {
        note(`${process.name} could not start: ${error}`)
        this.#end(process)
      },
    )
  }

  kill(withMachine: boolean): void {
    const process = this.#running?.process
    if (process?.alive !== true) return
    process.kill()
    this.#options.network.ended(process, withMachine)
    this.#options.membersChanged()
  }

  /** Stops in good order. */
  async drain(): Promise<void> {
    const { node } = this
    if (node?.serving !== true) return
    const { process } = this
    const doors: Doors = { inWork: 0, drain: ms => node.access.connect.drain(ms) }
    await node.drain(doors, DRAIN_MS)
    this.#end(process)
  }

  jump(ms: number): void {
    this.skewMs = ms
    if (this.alive) this.process.skewMs = ms
  }

  receive(batch: EventBatch): void {
    this.node?.receive(batch)
  }

  accept(pipe: Pipe, address: string, way: Way): Served | undefined {
    const { node } = this
    if (node?.serving !== true) return undefined
    const { context } = node.access
    if (context.gate.admit(address) !== 'admitted') return undefined
    if (way.name === 'ws') return new MessageConnection(context, pipe, address, { leadingZero: false })
    return new Connection(context, pipe, address, { leadingZero: true })
  }

  handle(request: ShortRequest, body: Uint8Array, reply: (answer: ShortAnswer) => void): ShortCall | undefined {
    return this.serving ? this.#running?.handle(request, body, reply) : undefined
  }

  #end(process: Process): void {
    if (!process.alive) return
    process.kill()
    this.#options.network.ended(process, false)
    this.#options.membersChanged()
  }

  #build(process: Process): Node {
    const { name, random, peers, settings, store, sequence, stamps, sliceTargets, send, note, bug, owns } =
      this.#options
    const { clock, defer } = process
    const told = (fields: object, text: string): string => `${process.name} ${text} ${JSON.stringify(fields)}`
    return new Node({
      name,
      store: store(process),
      clock,
      random,
      defer,
      log: {
        ...silentLog,
        info: (fields, text) => note(told(fields, text)),
        error: (fields, text) => bug(told(fields, text)),
      },
      onFatal: error => {
        note(`${process.name} ends: ${error}`)
        this.#end(process)
      },
      owns,
      passwords: new PlainPasswords(random, process),
      network: { peers: () => peers, holders: () => peers, send: (to, batch) => send(name, to, batch) },
      settings: { ...settings, connections: CONNECTIONS, backlog: backlogBounds(MEMORY_BYTES), readyMs: 5_000 },
      sliceTargets,
      ...(stamps === undefined ? {} : { stamps: stamps(random) }),
      ...(sequence === undefined ? {} : { sequence }),
    })
  }
}

/** Instead of scrypt, which real threads compute in a time of their own. */
class PlainPasswords extends Passwords {
  readonly #process: Process

  constructor(random: Random, process: Process) {
    super({ random, cost: CHEAP_COST, workers: new InlineWorkers() })
    this.#process = process
  }

  override async hash(password: string): Promise<string> {
    await this.#work()
    return `plain$${password}`
  }

  override async verify(password: string, hash: string): Promise<boolean> {
    await this.#work()
    return hash === `plain$${password}`
  }

  #work(): Promise<void> {
    return new Promise(resolve => this.#process.clock.after(20, resolve))
  }
}
