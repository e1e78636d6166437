/** Nodes on one store with their pairs of friends: loaded for a window, it says what a message cost the nodes and Redis, apart. */

import { setTimeout as sleep } from 'node:timers/promises'
import { present } from '../../src/lib/assert.js'
import { underLoad } from '../arena.js'
import { type ServerProcess, startLongwire } from '../children.js'
import { befriend, registerUsers, type UserPair } from '../fleet.js'
import { LongwirePair, Tally } from '../pairs.js'
import { acknowledging } from '../peers/longwire.js'
import type { Preset } from '../presets.js'
import { lookAt } from './look.js'
import type { RedisServers } from './redis.js'

/** The time that a window lasts at most for its first message. */
const FIRST_MS_MAX = 30_000

export interface FieldPlan {
  readonly name: string
  /** The data folder; undefined with `redis`. */
  readonly folder?: string
  readonly redis?: RedisServers
  readonly nodes: number
  readonly pairs: number
  readonly text: string
}

export interface FieldFigures {
  /** The CPU of a delivered message: of all nodes that have users, of the primaries, and of the replicas. */
  readonly nodes_us: number
  readonly primaries_us: number
  readonly replicas_us: number
  /** Nodes and primaries and replicas. */
  readonly all_us: number
  /** The rounds with the store of a delivered message: on a Cluster the WAITs, else the writes of the nodes. */
  readonly rounds: number
  readonly messages_per_second: number
  readonly accepted_p50_ms: number
  readonly delivered_p50_ms: number
}

export class Field {
  readonly nodes: readonly ServerProcess[]
  readonly #plan: FieldPlan
  readonly #users: readonly UserPair[]
  readonly #tally = new Tally()
  readonly #timer: NodeJS.Timeout
  #pairs: readonly LongwirePair[]
  /** The nodes that have users. */
  #used: readonly ServerProcess[]

  private constructor(plan: FieldPlan, nodes: readonly ServerProcess[], users: readonly UserPair[]) {
    this.nodes = nodes
    this.#plan = plan
    this.#users = users
    this.#used = nodes.slice(0, 1)
    this.#pairs = this.#paired()
    this.#timer = acknowledging(users)
  }

  /** All users are at the first node. */
  static async open(plan: FieldPlan): Promise<Field> {
    const { folder, redis } = plan
    const options = redis === undefined ? {} : { redis: redis.url }
    const nodes = await Promise.all(Array.from({ length: plan.nodes }, () => startLongwire(folder, options)))
    const { port } = present(nodes[0], 'the first node')
    return new Field(plan, nodes, await befriend(await registerUsers(port, 'user', 2 * plan.pairs)))
  }

  get name(): string {
    return this.#plan.name
  }

  /** Moves the users to the first `count` nodes, as evenly as chance would: of the pairs 1 in `count` has both users at one node. */
  async spread(count: number): Promise<void> {
    this.#used = this.nodes.slice(0, count)
    const portOf = (index: number): number => present(this.#used[index % count], 'the node').port
    await Promise.all(
      this.#users.flatMap(({ sender, receiver }, i) => {
        sender.client.destroy()
        receiver.client.destroy()
        return [sender.reconnect(portOf(i)), receiver.reconnect(portOf(i + Math.floor(i / count)))]
      }),
    )
    this.#pairs = this.#paired()
  }

  async run(pairs: number, inFlight: number, { warmMs, windowMs }: Preset): Promise<FieldFigures> {
    const tally = this.#tally
    const pids = this.servers.map(({ pid }) => pid)
    const load = { name: this.name, pairs: this.#pairs.slice(0, pairs), inFlight, tally, pids }
    const [before, after] = await underLoad(load, warmMs, async () => {
      const before = await this.#look()
      const beganMs = performance.now()
      await sleep(windowMs)
      // On a slow machine a short window may see no message: a cost by message would be endless.
      while (tally.delivered === before.delivered && performance.now() - beganMs < FIRST_MS_MAX) await sleep(1)
      return [before, await this.#look()] as const
    })
    const done = after.delivered - before.delivered
    const us = (kind: 'nodesMs' | 'primariesMs' | 'replicasMs'): number => ((after[kind] - before[kind]) * 1000) / done
    const [nodes_us, primaries_us, replicas_us] = [us('nodesMs'), us('primariesMs'), us('replicasMs')]
    return {
      nodes_us,
      primaries_us,
      replicas_us,
      all_us: nodes_us + primaries_us + replicas_us,
      rounds: (after.rounds - before.rounds) / done,
      messages_per_second: (done * 1000) / (after.atMs - before.atMs),
      accepted_p50_ms: tally.acceptedMs.percentile(0.5),
      delivered_p50_ms: tally.deliveredMs.percentile(0.5),
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const pair of this.#pairs) pair.close()
    await Promise.all(this.nodes.map(node => node.stop()))
  }

  /** The nodes and the servers of Redis. */
  get servers(): readonly ServerProcess[] {
    const { primaries = [], replicas = [] } = this.#plan.redis ?? {}
    return [...this.nodes, ...primaries, ...replicas]
  }

  #paired(): readonly LongwirePair[] {
    return this.#users.map(pair => new LongwirePair(this.#tally, pair, this.#plan.text))
  }

  async #look() {
    return { ...(await lookAt(this.#used, this.#plan.redis)), delivered: this.#tally.delivered }
  }
}
