/** A node: the real engine, services, connections and hub in one process of the simulation, killed and started again. */

import { Comparison, compareAll } from '../../src/cluster/compare.js'
import { type EventBatch, Peers } from '../../src/cluster/peers.js'
import { Backlog } from '../../src/connection/backlog.js'
import { Connection } from '../../src/connection/connection.js'
import type { ConnectionContext } from '../../src/connection/context.js'
import { Flusher } from '../../src/connection/flusher.js'
import { ConnectionGate } from '../../src/connection/gate.js'
import { Hub } from '../../src/connection/hub.js'
import type { Pipe } from '../../src/connection/pipe.js'
import { Jobs } from '../../src/jobs/index.js'
import { CountedTime } from '../../src/lib/counted-time.js'
import type { Random } from '../../src/lib/random.js'
import { Wheel } from '../../src/lib/wheel.js'
import { Counters } from '../../src/ops/counters.js'
import { Limits } from '../../src/ops/limits.js'
import { type Log, silentLog, ThrottledLog } from '../../src/ops/log.js'
import { createServices, type ServiceOptions } from '../../src/services/index.js'
import { CHEAP_COST, Passwords } from '../../src/services/passwords.js'
import { ConnectHandler } from '../../src/short/connect.js'
import type { ShortAnswer, ShortCall, ShortRequest } from '../../src/short/types.js'
import type { Store } from '../../src/store/types.js'
import { createEngine, type Engine, randomStamps } from '../../src/sync/index.js'
import { userActor } from '../../src/sync/rules/records.js'
import { boundAttempt } from '../../src/sync/rules/session.js'
import type { Stamps } from '../../src/sync/stamps.js'
import type { HttpHost } from './http.js'
import { MessagePipe } from './message-lane.js'
import type { Network, Served } from './network.js'
import { Process } from './process.js'
import type { Scheduler } from './scheduler.js'
import type { Way } from './ways.js'

export interface NodeOptions {
  readonly name: string
  readonly scheduler: Scheduler
  readonly random: Random
  readonly network: Network
  /** A store for one process, over the disk that they all share. */
  store(process: Process): Store
  /** The other nodes' names. */
  readonly peers: readonly string[]
  /** 0: nobody else delivers what this node leaves. */
  readonly sweepMs: number
  readonly stamps?: (random: Random) => Stamps
  readonly sequence?: ServiceOptions['sequence']
  readonly short?: ((handle: Handle) => Handle) | undefined
  send(from: string, to: string, batch: EventBatch): void
  note(text: string): void
  /** An effect threw. */
  bug(text: string, error: unknown): void
}

/** The short side without sockets. */
export type Handle = (request: ShortRequest, body: Uint8Array, reply: (answer: ShortAnswer) => void) => ShortCall

/** Everything of one run of a node. */
interface Running {
  readonly process: Process
  readonly engine: Engine
  readonly services: ReturnType<typeof createServices>
  readonly context: ConnectionContext
  readonly jobs: Jobs
  readonly peers: Peers
  readonly store: Store
  readonly handle: Handle
  readonly connect: ConnectHandler
  serving: boolean
}

const DRAIN_MS = 2_000

export class SimulatedNode implements HttpHost {
  readonly name: string
  readonly #options: NodeOptions
  #running: Running | undefined
  #starts = 0
  skewMs = 0

  constructor(options: NodeOptions) {
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

  get serving(): boolean {
    return this.alive && this.#running?.serving === true
  }

  get engine(): Engine | undefined {
    return this.alive ? this.#running?.engine : undefined
  }

  /** What there is of connections and polls now; undefined while it does not run. */
  get session(): ConnectionContext | undefined {
    return this.alive ? this.#running?.context : undefined
  }

  start(): void {
    if (this.alive) return
    const { scheduler, random, note } = this.#options
    this.#starts += 1
    const process = new Process(scheduler, random, `${this.name}.${this.#starts}`)
    process.skewMs = this.skewMs
    const running = this.#build(process)
    this.#running = running
    const started = running.engine.start().then(() => running.jobs.start())
    started.then(
      () => {
        running.serving = process.alive
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
  }

  /** Stops in good order. */
  async drain(): Promise<void> {
    const running = this.#running
    if (running === undefined || !running.process.alive || !running.serving) return
    const { context, services, jobs, engine, store, process, peers, connect } = running
    running.serving = false
    for (const connection of context.connections) connection.drain(1 + context.random.integer(DRAIN_MS))
    connect.drain(DRAIN_MS)
    await new Promise<void>(resolve => process.clock.after(DRAIN_MS + 1_000, resolve))
    for (const connection of context.connections) connection.destroy()
    services.flush()
    await jobs.stop()
    await engine.close()
    peers.stop()
    await store.close()
    this.#end(process)
  }

  jump(ms: number): void {
    this.skewMs = ms
    if (this.alive) this.process.skewMs = ms
  }

  receive(batch: EventBatch): void {
    if (this.alive) this.#running?.peers.receive(batch)
  }

  accept(pipe: Pipe, address: string, way: Way): Served | undefined {
    const running = this.#running
    if (running === undefined || !this.serving) return undefined
    if (running.context.gate.admit(address) !== 'admitted') return undefined
    if (way.name === 'ws') return new MessagePipe(running.context, pipe, address)
    return new Connection(running.context, pipe, address, { leadingZero: true })
  }

  handle(request: ShortRequest, body: Uint8Array, reply: (answer: ShortAnswer) => void): ShortCall | undefined {
    const running = this.#running
    return running === undefined || !this.serving ? undefined : running.handle(request, body, reply)
  }

  #end(process: Process): void {
    if (!process.alive) return
    process.kill()
    this.#options.network.ended(process, false)
  }

  #build(process: Process): Running {
    const { random, peers, sweepMs, sequence, stamps, note, bug, name } = this.#options
    const { clock, defer } = process
    const hub = new Hub<Connection>()
    const store = this.#options.store(process)
    const context = { hub, counters: new Counters(), connections: new Set<Connection>() }
    const comparison = new Comparison(
      () => compareAll([...context.connections, ...hub.polls.all()], truth, event => hub.take(event)),
      run => clock.after(1_000, run),
    )
    const links = new Peers({
      node: name,
      incarnation: 1 + random.integer(2 ** 32),
      clock,
      defer,
      network: { peers: () => peers, holders: () => peers, send: (to, batch) => this.#options.send(name, to, batch) },
      take(event) {
        engine.take(event)
        hub.take(event)
      },
      compare: () => comparison.ask(),
    })
    links.start()
    const time = new CountedTime(clock)
    const engine = createEngine({
      store,
      clock,
      time,
      defer,
      sweepMs,
      stamps: (stamps ?? randomStamps)(random),
      delivery: {
        send(event) {
          hub.take(event)
          links.tell(event)
        },
      },
      monitor: {
        setAside: (source, target, kind, error) => bug(`${kind} of ${source} to ${target} was set aside`, error),
      },
      onFatal: error => {
        note(`${process.name} ends: ${error}`)
        this.#end(process)
      },
    })
    const truth = {
      head: async (uid: number) => (await engine.page(userActor(uid), Number.MAX_SAFE_INTEGER, 1, 0)).head,
      boundAttempt: async (uid: number, device: number) => {
        const outcome = await engine.run(userActor(uid), boundAttempt, { device, tokenHash: undefined })
        if (outcome.kind !== 'done') throw new Error('unavailable')
        return outcome.result
      },
    }
    const passwords = new PlainPasswords(random, process)
    const jobs = new Jobs({
      engine,
      clock,
      time,
      random,
      onJump: aheadMs => note(`${process.name} sees its clock ${aheadMs} ms off`),
    })
    const services = createServices({
      engine,
      clock,
      random,
      passwords,
      connected: uid => hub.devices(uid),
      beginWork: (job, uid) => jobs.wake(job, uid),
      ...(sequence === undefined ? {} : { sequence }),
    })
    const log: Log = {
      ...silentLog,
      error: (fields, text) => note(`${process.name} ${text} ${JSON.stringify(fields)}`),
    }
    const limits = Limits.open(clock)
    const session: ConnectionContext = {
      ...context,
      services,
      wheel: new Wheel(clock),
      flusher: new Flusher(defer),
      gate: new ConnectionGate({ totalMax: 1_000, perAddressMax: Number.POSITIVE_INFINITY }),
      limits,
      backlog: Backlog.open(),
      random,
      log,
      faults: new ThrottledLog(
        { ...silentLog, info: (fields, text) => note(`${process.name} ${text} ${JSON.stringify(fields)}`) },
        10,
      ),
    }
    const connect = new ConnectHandler({ services, hub, clock, random, limits })
    const handle: Handle = (request, body, reply) => connect.handle(request, body, reply)
    const served = this.#options.short?.(handle) ?? handle
    return {
      process,
      engine,
      services,
      jobs,
      context: session,
      peers: links,
      store,
      connect,
      handle: served,
      serving: false,
    }
  }
}

/** Instead of scrypt, which real threads compute in a time of their own. */
class PlainPasswords extends Passwords {
  readonly #process: Process

  constructor(random: Random, process: Process) {
    super(random, CHEAP_COST, 1)
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
