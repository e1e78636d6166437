/** A node in the simulation: the one that ships (src/node), in a process that is killed and started again. */

import type { EventBatch } from '../../src/cluster/node-exchange.js'
import { FORMS } from '../../src/cluster/node-status.js'
import { backlogBounds } from '../../src/connection/backlog.js'
import { Connection } from '../../src/connection/connection.js'
import type { Pipe } from '../../src/connection/pipe.js'
import type { Clock } from '../../src/lib/clock.js'
import type { Random } from '../../src/lib/random.js'
import { Membership } from '../../src/node/membership.js'
import { Node } from '../../src/node/node.js'
import type { Doors } from '../../src/node/options.js'
import { silentLog } from '../../src/ops/log.js'
import { CHEAP_COST, Passwords } from '../../src/services/passwords.js'
import type { ShortAnswer, ShortCall, ShortRequest } from '../../src/short/types.js'
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory/store.js'
import type { NodeBus } from '../../src/store/node-ports.js'
import type { NodeId, Store } from '../../src/store/types.js'
import { InlineWorkers } from '../../src/workers/inline.js'
import { MemoryBuckets } from '../support/memory-buckets.js'
import { FailingStore } from './failing-store.js'
import type { HttpHost } from './http.js'
import { simulatedLeases } from './leases.js'
import type { Served } from './network.js'
import { NEXT_FORMS, ofTheNextRevision, ofThisRevision } from './next-forms.js'
import { changed, isPairCounter } from './plants.js'
import { Process } from './process.js'
import type { Stage } from './stage.js'
import { storeFaults } from './store-faults.js'
import type { Way } from './ways.js'
import { MessageConnection } from './web-socket.js'

/** The short side without sockets. */
export type Handle = (request: ShortRequest, body: Uint8Array, reply: (answer: ShortAnswer) => void) => ShortCall

/** One run of the node. */
interface Running {
  readonly process: Process
  readonly node: Node
  readonly handle: Handle
  /** Undefined: there can be no other nodes. */
  readonly membership: Membership | undefined
  /** Takes what another node has sent. */
  receive(message: Uint8Array): void
}

const NOTHING = new Uint8Array(0)
const DRAIN_MS = 2_000
/** How long a process lives on after it drained and closed its store. Work that was forgotten shows itself meanwhile. */
const EXIT_MS = 50
const MEMORY_BYTES = 2 ** 32
const CONNECTIONS = { totalMax: 1_000, perAddressMax: Number.POSITIVE_INFINITY }

export class SimulatedNode implements HttpHost {
  readonly name: string
  readonly #stage: Stage
  #running: Running | undefined
  #starts = 0
  skewMs = 0
  /** The newest forms that its program reads: some starts are of the next revision. */
  forms = FORMS
  /** The way of the process that was started last to a store that fails over; undefined: the store does not. */
  store: FailingStore | undefined

  constructor(stage: Stage, name: string) {
    this.#stage = stage
    this.name = name
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

  /** The name of its process among the nodes; undefined: there are no others. */
  get member(): NodeId | undefined {
    return this.alive ? this.#running?.membership?.name : undefined
  }

  /** Whether the work on a partition is its own, as far as it knows. */
  owns(partition: number): boolean {
    return this.alive && this.#running?.membership?.owns(partition) === true
  }

  get serving(): boolean {
    return this.node?.serving === true
  }

  start(): void {
    if (this.alive) return
    const { scheduler, random, plant, setup, chaos, happened, note } = this.#stage
    this.#starts += 1
    const process = new Process(scheduler, random, `${this.name}.${this.#starts}`)
    process.skewMs = this.skewMs
    const isNext = setup.mixed && (!chaos || random.integer(2) === 0)
    this.forms = isNext ? NEXT_FORMS : FORMS
    if (setup.mixed) happened.count(`starts of ${isNext ? 'the next' : 'this'} revision`)
    let receive = (_message: Uint8Array): void => {}
    const bus: NodeBus = { send: (to, message) => this.#send(to, message), close() {} }
    const membership = this.#join(process, listen => {
      receive = listen
      return bus
    })
    const node = this.#build(process, membership)
    const { connect } = node.access
    const handle: Handle = (request, body, reply) => connect.handle(request, body, reply)
    this.#running = {
      process,
      node,
      handle: plant.short?.(handle) ?? handle,
      membership,
      receive: message => receive(message),
    }
    const begin = async (): Promise<void> => {
      await membership?.join(node)
      await node.start()
    }
    begin().then(
      () => {
        if (!process.alive) return
        node.serve()
        membership?.serves('', '')
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
    if (process !== undefined) this.#end(process, withMachine)
  }

  /** Stops in good order. */
  async drain(): Promise<void> {
    const { node } = this
    if (node?.serving !== true || this.process.still) return
    const { process } = this
    const membership = this.#running?.membership
    const { connect } = node.access
    const doors: Doors = { inWork: 0, leave: ms => connect.leave(ms), drain: ms => connect.drain(ms) }
    await membership?.drain()
    await node.drain(doors, DRAIN_MS)
    membership?.stop()
    process.clock.after(EXIT_MS, () => this.#end(process))
  }

  jump(ms: number): void {
    this.skewMs = ms
    if (this.alive) this.process.skewMs = ms
  }

  /** @param to the process that it is for */
  receive(to: NodeId, message: Uint8Array): void {
    if (this.member === to) this.process.whenAwake('events', () => this.#running?.receive(message))
  }

  accept(pipe: Pipe, address: string, way: Way): Served | undefined {
    const { node } = this
    if (node?.serving !== true) return undefined
    const { context } = node.access
    if (context.gate.admit(address) !== 'admitted') return undefined
    context.gate.addUnauthenticated(address, pipe.admitted)
    if (way.name === 'ws') return new MessageConnection(context, pipe, address, { leadingZero: false })
    const connection = new Connection(context, pipe, address, { leadingZero: true })
    this.#stage.plant.connection?.(connection)
    return connection
  }

  handle(request: ShortRequest, body: Uint8Array, reply: (answer: ShortAnswer) => void): ShortCall | undefined {
    return this.serving ? this.#running?.handle(request, body, reply) : undefined
  }

  #end(process: Process, withMachine = false): void {
    if (!process.alive) return
    process.kill()
    this.#stage.network.ended(process, withMachine)
  }

  #send(to: NodeId, message: Uint8Array): boolean {
    this.#stage.faults.carry(this.name, to, message)
    return true
  }

  /** The place of a process among the nodes, if there can be others. */
  #join(process: Process, openBus: (listen: (message: Uint8Array) => void) => NodeBus): Membership | undefined {
    const { setup, faults, random } = this.#stage
    if (setup.store === 'embedded') return undefined
    const clock = this.#clockOf(process)
    return new Membership({
      clock,
      random,
      log: silentLog,
      ports: {
        primaries: [],
        leases: simulatedLeases(this.#stage, process, () => faults.cutOff(this.name)),
        buckets: new MemoryBuckets(clock),
        openBus: ({ receive }) => openBus(receive),
      },
      revision: '',
      forms: this.forms,
      replicas: 0,
      role: 'all',
      entry: undefined,
    })
  }

  #clockOf(process: Process): Clock {
    return this.#stage.plant.clock?.(process) ?? process.clock
  }

  /** The process's own store, over the disk that all share. */
  #openStore(process: Process, membership: Membership | undefined): Store {
    const { setup, disk, faults, trims, plant } = this.#stage
    const { store: kind } = setup
    const failsOver = kind === 'failover' || kind === 'failover-n0'
    const options: MemoryStoreOptions = {
      disk,
      faults: storeFaults(this.#stage, process, scope => faults.cutOff(this.name, scope)),
      scopes: kind === 'partitions' || failsOver ? 'partitions' : 'one',
      shared: kind !== 'embedded',
    }
    this.store = failsOver ? new FailingStore(options, process) : undefined
    const store = this.store ?? new MemoryStore(options)
    const watched = this.#watch(trims.watch(this.#ofItsRevision(store, membership)))
    return plant.store?.(watched) ?? watched
  }

  #ofItsRevision(store: Store, membership: Membership | undefined): Store {
    const { plant, setup } = this.#stage
    if (!setup.mixed || membership === undefined) return store
    if (this.forms < NEXT_FORMS) return ofThisRevision(store, this.#stage)
    return ofTheNextRevision(store, this.#stage, () => plant.forms?.() ?? membership.forms)
  }

  /** The store, with each delivery noticed when it has been handed over. */
  #watch(store: Store): Store {
    return changed(store, {
      commit: (scope, units) => {
        const committing = store.commit(scope, units)
        if (units.some(({ puts }) => puts.some(isPairCounter))) this.#stage.faults.delivers(this)
        return committing
      },
    })
  }

  /** In the place of what a plant does not tell stands what nobody waits for: no number is missing. */
  #told({ events, ...batch }: EventBatch): EventBatch {
    const tells = this.#stage.plant.tells ?? (() => true)
    const nothing = { kind: 'transient', from: '', topic: '', bytes: NOTHING } as const
    return { ...batch, events: events.map(each => (tells(each) ? each : { ...nothing, to: each.to })) }
  }

  #build(process: Process, membership: Membership | undefined): Node {
    const { random, setup, plant, partitions, note, fail } = this.#stage
    const { limits, retention, sweepMs, sliceTargets, store, outboxBytesMax } = setup
    const { defer } = process
    const clock = this.#clockOf(process)
    const told = (fields: object, text: string): string => `${process.name} ${text} ${JSON.stringify(fields)}`
    return new Node({
      name: membership?.name ?? this.name,
      store: this.#openStore(process, membership),
      clock,
      random,
      defer,
      log: {
        ...silentLog,
        info: (fields, text) => note(told(fields, text)),
        error: (fields, text) => fail(told(fields, text)),
      },
      // No store here fails for good: somebody has written to one that its own process closed.
      onFatal: error => {
        fail(`${process.name} ends: ${error}`)
        this.#end(process)
      },
      // Where nobody lives there is nothing to do.
      owns: partition => partitions.has(partition) && membership?.owns(partition) !== false,
      passwords: new PlainPasswords(random, process),
      workers: new InlineWorkers(),
      ...(membership && {
        prefers: actor => membership.prefers(actor),
        network: {
          others: () => membership.network.others(),
          send: (to, batch) => membership.network.send(to, this.#told(batch)),
        },
      }),
      settings: {
        limits,
        retention: plant.retention?.(retention) ?? retention,
        connections: CONNECTIONS,
        backlog: backlogBounds(MEMORY_BYTES),
        readyMs: 5_000,
        sweepMs: store === 'embedded' ? 0 : sweepMs,
      },
      sliceTargets,
      outboxBytesMax,
      ...(plant.stamps && { stamps: plant.stamps(random) }),
      ...(plant.sequence && { sequence: plant.sequence }),
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
