/**
 * Looks at a Redis from outside, for operators: the leases of the nodes, and its primaries. It opens no store and changes nothing. A primary
 * that does not answer is reported, and holds up nothing for long.
 */

import { type Clock, pause } from '../../lib/clock.js'
import { endOfTurn } from '../../lib/turn.js'
import type { Lease } from '../node-ports.js'
import { ALL_PARTITIONS } from '../partition.js'
import type { RedisAddress } from './address.js'
import { RedisUnreachableError } from './connect.js'
import { metaKey } from './keys.js'
import { RedisLeases } from './leases.js'
import { type Command, type Reply, valueIn } from './link.js'
import { numberIn } from './memory-watch.js'
import { replicasIn, serverFacts } from './server-facts.js'
import { ClusterTopology, type Primary, SingleTopology, type Topology } from './topology.js'
import { within } from './within.js'

export interface PrimaryLook {
  readonly host: string
  /** Whether it answers. Otherwise nothing below is known. */
  readonly up: boolean
  /** The partitions that it holds. */
  readonly partitions: readonly number[]
  /** Whether a migration into it was not finished. */
  readonly migrating: boolean
  /** The highest epoch of their data; 0: there is no store. */
  readonly epoch: number
  readonly replicasLinked: number
  readonly memoryBytes: number
  /** 0: it has no limit. */
  readonly memoryBytesMax: number
}

export interface RedisLook {
  /** Undefined: the primary that holds the leases does not answer. */
  readonly leases: readonly Lease[] | undefined
  readonly primaries: readonly PrimaryLook[]
  /** The number of partitions that no primary holds. */
  readonly unheld: number
  /** The replicas that are to have each write, unless nodes say otherwise. */
  readonly replicasUsual: number
}

/** A program that asks is to have an answer within 3 s. */
const CONNECT_MS_MAX = 2_000
/** The time for the other primaries of a Cluster, when one has answered. */
const OTHERS_MS_MAX = 2_000
const ANSWER_MS_MAX = 2_000
const LOOK_MS = 20

export class RedisWatcher {
  readonly #topology: Topology
  readonly #clock: Clock
  readonly #leases: RedisLeases
  readonly #isCluster: boolean
  readonly #replicasUsual: number

  private constructor(topology: Topology, clock: Clock, kind: { isCluster: boolean; replicasUsual: number }) {
    this.#topology = topology
    this.#clock = clock
    this.#leases = new RedisLeases(topology, clock)
    this.#isCluster = kind.isCluster
    this.#replicasUsual = kind.replicasUsual
  }

  /** @throws RedisUnreachableError with one line for people if nothing of it answers */
  static async connect(address: RedisAddress, clock: Clock): Promise<RedisWatcher> {
    let trouble = 'it does not answer'
    const options = {
      address,
      clock,
      defer: endOfTurn,
      replicas: 0,
      onTrouble: (_: string, message: string): void => {
        trouble = message
      },
    }
    const single = new SingleTopology(options)
    let cluster: ClusterTopology | undefined
    try {
      if (!(await areUp(single, clock, CONNECT_MS_MAX)))
        throw new RedisUnreachableError(`--redis: Redis cannot be reached: ${trouble}`)
      const isCluster = (await serverFacts(single.primaryOf().control)).cluster
      const replicasUsual = isCluster || address.sentinel !== undefined ? 1 : 0
      if (!isCluster) return new RedisWatcher(single, clock, { isCluster, replicasUsual })
      cluster = new ClusterTopology(options)
      await areUp(cluster, clock, OTHERS_MS_MAX)
      await single.close()
      return new RedisWatcher(cluster, clock, { isCluster, replicasUsual })
    } catch (error) {
      await Promise.all([single.close(), cluster?.close()])
      throw error
    }
  }

  async look(): Promise<RedisLook> {
    // A server that stands still is seen below.
    await within(this.#clock, ANSWER_MS_MAX, this.#topology.refresh()).catch(() => {})
    const { primaries } = this.#topology
    const held = primaries.map(primary => this.#partitionsOf(primary))
    const [leases, looks] = await Promise.all([
      this.#leases.list().then(
        view => view.leases,
        () => undefined,
      ),
      Promise.all(primaries.map((primary, i) => this.#lookAt(primary, held[i] ?? []))),
    ])
    const unheld = ALL_PARTITIONS.length - held.flat().length
    return { leases, primaries: looks, unheld, replicasUsual: this.#replicasUsual }
  }

  close(): Promise<void> {
    return this.#topology.close()
  }

  #partitionsOf(primary: Primary): readonly number[] {
    return ALL_PARTITIONS.filter(partition => this.#topology.primaryOf(partition) === primary)
  }

  async #lookAt({ host, control }: Primary, partitions: readonly number[]): Promise<PrimaryLook> {
    const scopes = this.#isCluster ? partitions : [0]
    const metas = scopes.map((scope): Command => ['HMGET', metaKey(scope), 'epoch', 'migrating'])
    try {
      const asked: Command[] = [['INFO', 'replication'], ['INFO', 'memory'], ...metas]
      const [replication, memory, ...found] = await within(this.#clock, ANSWER_MS_MAX, control.ask(asked))
      return {
        host,
        up: true,
        partitions,
        migrating: found.some(reply => fieldIn(reply, 1) !== null),
        epoch: Math.max(0, ...found.map(reply => Number(fieldIn(reply, 0)))),
        replicasLinked: replicasIn(String(valueIn(replication))),
        memoryBytes: numberIn(String(valueIn(memory)), 'used_memory'),
        memoryBytesMax: numberIn(String(valueIn(memory)), 'maxmemory'),
      }
    } catch {
      return {
        host,
        up: false,
        partitions,
        migrating: false,
        epoch: 0,
        replicasLinked: 0,
        memoryBytes: 0,
        memoryBytesMax: 0,
      }
    }
  }
}

/** Waits until all primaries can be asked. @returns whether they can */
async function areUp(topology: Topology, clock: Clock, ms: number): Promise<boolean> {
  for (const untilMs = clock.monotonic() + ms; clock.monotonic() < untilMs; await pause(clock, LOOK_MS)) {
    await topology.refresh()
    const { primaries } = topology
    if (primaries.length > 0 && primaries.every(({ control }) => control.up)) return true
  }
  return false
}

/** A field of a partition's meta data; null if it holds no store, or moves to another primary just now. */
function fieldIn(reply: Reply, at: number): unknown {
  return 'refusal' in reply || !Array.isArray(reply.value) ? null : (reply.value[at] ?? null)
}
