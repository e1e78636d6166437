/** Connects to the servers of a Redis: to one, or to all primaries of a Cluster. */

import { type Clock, pause } from '../../lib/clock.js'
import { endOfTurn } from '../../lib/turn.js'
import type { RedisAddress } from './address.js'
import { follow } from './follow.js'
import { type Command, type Link, valueIn } from './link.js'
import { replicasIn, type ServerFacts, serverFacts } from './server-facts.js'
import { ClusterTopology, SingleTopology, type Topology, type TopologyOptions } from './topology.js'

/** A Redis cannot be used. The message is one line for people. */
export class RedisOpenError extends Error {
  override readonly name: string = 'RedisOpenError'
}

/** It does not answer. */
export class RedisUnreachableError extends RedisOpenError {
  override readonly name = 'RedisUnreachableError'
}

export interface ConnectOptions {
  readonly address: RedisAddress
  readonly clock: Clock
  /** The replicas that must have a write before it counts. Absent: 1 with Sentinel or on a Cluster, 0 on a single Redis. */
  readonly replicas?: number | undefined
  /** The time for which to wait for Redis; absent: 5 s. */
  readonly connectMs?: number | undefined
  /** Called with an error of a connection that is not known yet. */
  readonly onTrouble: (host: string, message: string) => void
}

export interface Connected {
  readonly topology: Topology
  readonly isCluster: boolean
  readonly replicas: number
}

/** The time for which a start waits for Redis: it may just be starting, too. */
const CONNECT_MS_MAX = 5_000
const LOOK_MS = 20

/** Refusals that no waiting mends. */
const DENIED = /^(WRONGPASS|NOAUTH|NOPERM)\b/

/** @throws RedisUnreachableError */
export async function connectRedis(options: ConnectOptions): Promise<Connected> {
  const { address, clock } = options
  let trouble = ''
  const base = { address, clock, defer: endOfTurn }
  const probe = new SingleTopology({
    ...base,
    replicas: 0,
    onTrouble: (_, message) => {
      trouble = message
    },
  })
  let facts: ServerFacts
  try {
    await connected(probe, options, () => trouble)
    facts = await serverFacts(probe.primaryOf().control)
  } finally {
    await probe.close()
  }
  const isCluster = facts.cluster
  const replicas = options.replicas ?? (isCluster || address.sentinel !== undefined ? 1 : 0)
  const onTrouble = (host: string, message: string): void => {
    trouble = message
    options.onTrouble(host, message)
  }
  const topologyOptions: TopologyOptions = { ...base, replicas, onTrouble }
  const topology = isCluster ? new ClusterTopology(topologyOptions) : new SingleTopology(topologyOptions)
  try {
    await connected(topology, options, () => trouble)
  } catch (error) {
    await topology.close()
    throw error
  }
  return { topology, isCluster, replicas }
}

/** Waits until all primaries can be asked. */
async function connected(
  topology: Topology,
  { clock, connectMs = CONNECT_MS_MAX, address: { tls: isTls } }: ConnectOptions,
  trouble: () => string,
): Promise<void> {
  const untilMs = clock.monotonic() + connectMs
  for (;;) {
    await topology.refresh()
    const { primaries } = topology
    if (primaries.length > 0 && primaries.every(({ up }) => up)) return
    if (DENIED.test(trouble())) throw new RedisUnreachableError(`--redis: Redis does not let us in: ${trouble()}`)
    if (clock.monotonic() > untilMs) {
      const why = trouble() === '' ? 'it does not answer' : trouble()
      const hint = isTls ? ' (does it speak TLS at this port?)' : ''
      throw new RedisUnreachableError(`--redis: Redis cannot be reached: ${why}${hint}`)
    }
    await pause(clock, LOOK_MS)
  }
}

export type Values = readonly (Buffer | null)[]

/** Asks for each scope the primary that holds it, with one key. @param single whether one primary holds them all */
export async function onEach(
  topology: Topology,
  scopes: readonly number[],
  command: (scope: number) => Command,
  single = false,
): Promise<Values[]> {
  const missing = scopes.find(scope => topology.primaryOf(single ? 0 : scope) === undefined)
  if (missing !== undefined) throw new RedisOpenError(`this Cluster is not whole: nobody has partition ${missing}`)
  return Promise.all(
    scopes.map(async scope => {
      const { values } = await follow(topology, single ? 0 : scope, 'writes', [command(scope)])
      const [value] = values
      return Array.isArray(value) ? value : [Buffer.from(String(value))]
    }),
  )
}

/** Throws unless so many replicas are linked: without them a write would wait for ever. */
export async function assertReplicas(host: string, control: Link, replicas: number): Promise<void> {
  const fault = await missingReplicas(host, control, replicas)
  if (fault !== undefined) throw new RedisOpenError(fault)
}

/** Says that fewer replicas are linked than must have a write; undefined: there are enough. */
export async function missingReplicas(host: string, control: Link, replicas: number): Promise<string | undefined> {
  const [info] = await control.ask([['INFO', 'replication']])
  const linked = replicasIn(String(valueIn(info)))
  if (linked >= replicas) return undefined
  return `Redis at ${host} has ${linked} of the ${replicas} replicas that must have a write (--redis-replicas)`
}
