/** Several engines over one memory disk, each at a distance of its own, in virtual time: what happens where they all want the same actor. */
import type { Clock } from '../../src/lib/clock.js'
import { CountedTime } from '../../src/lib/counted-time.js'
import { type Random, seededRandom } from '../../src/lib/random.js'
import { MemoryDisk } from '../../src/store/memory/disk.js'
import type { MemoryFaults } from '../../src/store/memory/faults.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Actor, Store } from '../../src/store/types.js'
import { Engine, type EngineOptions } from '../../src/sync/engine.js'
import { type NodeEvent, nodeAt } from '../../src/sync/events.js'
import { randomStamps } from '../../src/sync/stamps.js'
import type { EffectKind, Outcome } from '../../src/sync/types.js'
import { Scheduler } from '../simulation/scheduler.js'
import { QUIET_MONITOR } from './engine-options.js'
import { RULE_SETTINGS } from './rule-settings.js'

export interface ContentionOptions {
  /** The round trip of each node to the store, in milliseconds; what the store does in between takes COMMIT_MS. */
  readonly roundTripsMs: readonly number[]
  /** The random numbers of each engine's waits; absent: seeded ones. */
  readonly random?: Pick<Random, 'fraction'>
  readonly effects?: readonly EffectKind<unknown>[]
  readonly scopes?: 'one' | 'partitions'
  readonly prefers?: (actor: Actor) => string | undefined
  /** Whether every unit falls. */
  readonly isHopeless?: boolean
  /** Whether events go from node to node. */
  readonly tells?: (event: NodeEvent) => boolean
}

/** The time of a commit at the store: a synced write. */
const COMMIT_MS = 1
const READ_MS = 0.1
/** The time of an event from node to node. */
const EVENT_MS = 1

export interface Load {
  readonly forMs: number
  /** The clients at each node. */
  readonly clients: number
  readonly thinkMs: number
}

export interface Contender {
  readonly name: string
  readonly engine: Engine
  /** Results of units. */
  committed: number
  conflicts: number
}

export class Contention {
  readonly scheduler = new Scheduler()
  readonly disk: MemoryDisk
  readonly nodes: readonly Contender[]
  readonly events: NodeEvent[] = []
  readonly #options: ContentionOptions

  constructor(options: ContentionOptions) {
    this.#options = options
    this.disk = new MemoryDisk(seededRandom('disk'))
    this.nodes = options.roundTripsMs.map((ms, index) => this.#node(`node${index + 1}`, ms))
  }

  /** Sums up all nodes. */
  get totals(): { readonly committed: number; readonly conflicts: number } {
    const sum = (of: (node: Contender) => number): number => this.nodes.reduce((all, node) => all + of(node), 0)
    return { committed: sum(node => node.committed), conflicts: sum(node => node.conflicts) }
  }

  run(ms: number): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + ms)
  }

  /**
   * Runs for so long, with so many clients at each node that ask again some time after each answer.
   * @returns the answers by node, and how many of all were given up
   */
  async load({ forMs, clients, thinkMs }: Load, ask: (node: Contender, client: number) => Promise<Outcome<unknown>>) {
    const done = this.nodes.map(() => 0)
    let givenUp = 0
    let isOver = false
    this.nodes.forEach((node, index) => {
      const again = async (client: number): Promise<void> => {
        while (!isOver) {
          const { kind } = await ask(node, client)
          if (isOver) return
          if (kind === 'done') done[index] = (done[index] ?? 0) + 1
          else givenUp += 1
          if (thinkMs > 0) await new Promise<void>(resolve => this.scheduler.after(thinkMs, 'thinks', resolve))
        }
      }
      for (let client = 0; client < clients; client += 1) void again(client)
    })
    await this.run(forMs)
    isOver = true
    return { done, givenUp }
  }

  #node(name: string, roundTripMs: number): Contender {
    const { scheduler } = this
    const { random, effects = [], scopes = 'one', prefers, tells = () => true } = this.#options
    const clock: Clock = {
      now: () => Math.floor(1_790_000_000_000 + scheduler.nowMs),
      monotonic: () => scheduler.nowMs,
      after: (ms, run) => {
        const event = scheduler.after(ms, 'timer', run)
        return { cancel: () => scheduler.cancel(event) }
      },
    }
    const wayMs = roundTripMs / 2
    const faults: MemoryFaults = {
      commit: call =>
        scheduler.after(wayMs + COMMIT_MS, 'commit', () => {
          call.apply()
          scheduler.after(wayMs, 'committed', () => call.answer())
        }),
      read: call =>
        scheduler.after(wayMs + READ_MS, 'look', () => {
          call.look()
          scheduler.after(wayMs, 'read', () => call.answer())
        }),
    }
    const seeds = seededRandom(name)
    const options: EngineOptions = {
      store: this.#counted(new MemoryStore({ disk: this.disk, scopes, faults }), () => contender),
      clock,
      time: new CountedTime(clock),
      settings: RULE_SETTINGS,
      stamps: randomStamps(seeds),
      random: { ...seeds, ...random },
      effects,
      defer: run => void scheduler.after(0, 'turn', run),
      rest: async () => {},
      delivery: { send: event => this.#tell(name, event, tells) },
      monitor: QUIET_MONITOR,
      onFatal: error => scheduler.fail(error),
      prefers: actor => {
        const node = prefers?.(actor)
        return node === name ? undefined : node
      },
    }
    const contender: Contender = { name, engine: new Engine(options), committed: 0, conflicts: 0 }
    return contender
  }

  #tell(from: string, event: NodeEvent, tells: (event: NodeEvent) => boolean): void {
    if (event.kind === 'appended') return
    this.events.push(event)
    if (!tells(event)) return
    const only = nodeAt(event.to)
    for (const { name, engine } of this.nodes) {
      if (name !== from && (only ?? name) === name) this.scheduler.after(EVENT_MS, 'event', () => engine.take(event))
    }
  }

  #counted(store: MemoryStore, contender: () => Contender): Store {
    const { commit } = store
    store.commit = async (...asked) => {
      const [scope, units] = asked
      const impossible = [{ actor: 'user/0', name: 'x', stamp: 1 }]
      const given = this.#options.isHopeless === true ? units.map(unit => ({ ...unit, expect: impossible })) : units
      const results = await commit.call(store, scope, given)
      const counts = contender()
      for (const { kind } of results) {
        if (kind === 'committed') counts.committed += 1
        else counts.conflicts += 1
      }
      return results
    }
    return store
  }
}
