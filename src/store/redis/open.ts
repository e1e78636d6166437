/** Opens the store on Redis, and makes it if there is none: connections, the server's settings, the meta data. */

import { type Clock, pause, systemClock } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { type Random, systemRandom } from '../../lib/random.js'
import { endOfTurn } from '../../lib/turn.js'
import { ALL_PARTITIONS } from '../partition.js'
import type { ScopeId } from '../types.js'
import type { RedisAddress } from './address.js'
import { INIT_SCRIPT } from './init-script.js'
import { logsKey, metaKey } from './keys.js'
import { type Command, type Link, valueIn } from './link.js'
import { MemoryWatch } from './memory-watch.js'
import { assertServer, type Durability, durabilityOf, type ServerFacts, serverFacts } from './server-facts.js'
import { RedisStore } from './store.js'
import { ClusterTopology, SingleTopology, type Topology, type TopologyOptions } from './topology.js'

export interface RedisStoreOptions {
  readonly address: RedisAddress
  readonly clock?: Clock
  readonly random?: Random
  /** The replicas that must have a write before it counts. Absent: 1 with Sentinel or on a Cluster, 0 on a single Redis. */
  readonly replicas?: number | undefined
  /** Whether servers are refused whose settings do not promise that what was acknowledged is on a disk. */
  readonly requireDurable?: boolean
  /** Called when the data are lost or a bug was met: the process has to end. */
  readonly onFatal?: (error: Error) => void
  readonly onWarning?: (text: string) => void
  readonly onInfo?: (text: string) => void
  /** The time for which to wait for Redis; absent: 5 s. */
  readonly connectMs?: number
}

/** The format of the data; a server refuses another one. */
const FORMAT = '1'

/** The time for which a start waits for Redis: it may just be starting, too. */
const CONNECT_MS_MAX = 5_000
const LOOK_MS = 20

export class RedisOpenError extends Error {
  override readonly name = 'RedisOpenError'
}

/** @throws RedisOpenError with one line for people */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const { address, clock = systemClock, random = systemRandom, onFatal = throwIt } = options
  const { onWarning = () => {}, onInfo = () => {}, connectMs = CONNECT_MS_MAX } = options
  const refusals = new Set<string>()
  let trouble = ''
  const base = { address, clock, defer: endOfTurn }
  const onTrouble = (host: string, message: string): void => {
    trouble = message
    onWarning(`Redis at ${host}: ${message}`)
  }
  const probe = new SingleTopology({
    ...base,
    replicas: 0,
    onTrouble: (_, message) => {
      trouble = message
    },
  })
  let facts: ServerFacts
  try {
    await connected(probe, clock, connectMs, () => trouble)
    facts = await serverFacts(probe.primaryOf().control)
  } finally {
    await probe.close()
  }
  const replicas = options.replicas ?? (facts.cluster || address.sentinel !== undefined ? 1 : 0)
  const topologyOptions: TopologyOptions = { ...base, replicas, onTrouble }
  const topology = facts.cluster ? new ClusterTopology(topologyOptions) : new SingleTopology(topologyOptions)
  try {
    await connected(topology, clock, connectMs, () => trouble)
    const kept: Durability[] = []
    for (const { host, control } of topology.primaries) {
      const found = await serverFacts(control)
      assertServer(host, found, options.requireDurable ?? false)
      kept.push(durabilityOf(host, found, replicas))
    }
    for (const { text, isWeak } of kept) (isWeak ? onWarning : onInfo)(text)
    const meta = await makeOrFind(topology, facts.cluster, random)
    const watch = new MemoryWatch(topology, clock)
    await watch.look()
    return new RedisStore({
      ...meta,
      topology,
      partitioned: facts.cluster,
      clock,
      space: () => watch.space,
      onFatal,
      onRefusal(message) {
        const kind = message.split(' ', 1)[0] ?? ''
        if (refusals.has(kind)) return
        refusals.add(kind)
        onWarning(`Redis refuses for now: ${message}`)
      },
      onClose: () => watch.close(),
    })
  } catch (error) {
    await topology.close()
    throw error instanceof RedisOpenError ? error : new RedisOpenError(messageOf(error), { cause: error })
  }
}

function throwIt(error: Error): never {
  throw error
}

/** Waits until all primaries can be asked. */
async function connected(topology: Topology, clock: Clock, connectMs: number, trouble: () => string): Promise<void> {
  const untilMs = clock.monotonic() + connectMs
  for (;;) {
    await topology.refresh()
    const { primaries } = topology
    if (primaries.length > 0 && primaries.every(({ up }) => up)) return
    if (clock.monotonic() > untilMs) {
      const why = trouble() === '' ? 'it does not answer' : trouble()
      throw new RedisOpenError(`--redis: Redis cannot be reached: ${why}`)
    }
    await pause(clock, LOOK_MS)
  }
}

interface Meta {
  readonly id: Uint8Array
  readonly secret: Uint8Array
  readonly epochs: readonly number[]
}

/** Makes the meta data of all scopes, or finds them. */
async function makeOrFind(topology: Topology, cluster: boolean, random: Random): Promise<Meta> {
  const scopes = cluster ? ALL_PARTITIONS : [0]
  const before = await onEach(topology, scopes, scope => ['HMGET', metaKey(scope), 'ready', 'id'])
  const [ready, absent] = [before.filter(([is]) => is !== null), before.filter(([, id]) => id === null)]
  if (ready.length > 0 && absent.length > 0) {
    throw new RedisOpenError(`this Redis has lost its data: ${absent.length} of ${scopes.length} parts are not there`)
  }
  if (absent.length > 0) await assertEmpty(topology, cluster)
  const kind = cluster ? 'partitions' : 'one'
  const made = [FORMAT, kind, Buffer.from(random.bytes(16)), Buffer.from(random.bytes(16))] as const
  const init = (scope: ScopeId, with_: readonly (string | Buffer)[]): Command => [
    'EVAL',
    INIT_SCRIPT,
    1,
    metaKey(scope),
    ...with_,
  ]
  const [first] = await onEach(topology, [0], scope => init(scope, made))
  const [format, found, id, secret] = first ?? []
  if (String(format) !== FORMAT || id === null || id === undefined || secret === null || secret === undefined)
    throw new RedisOpenError(`this Redis holds a store of format ${format}; this server reads ${FORMAT}`)
  if (String(found) !== kind) {
    throw new RedisOpenError(
      cluster
        ? 'this store was made on a single Redis, and cannot be used on a Cluster'
        : 'this store was made on a Cluster, and cannot be used on a single Redis',
    )
  }
  const metas = await onEach(topology, scopes, scope => init(scope, [FORMAT, kind, id, secret]))
  if (metas.some(meta => !id.equals(meta[2] ?? Buffer.alloc(0)))) {
    throw new RedisOpenError('this Redis holds parts of different stores: nothing of it is used')
  }
  await onEach(topology, scopes, scope => ['HSET', metaKey(scope), 'ready', '1'])
  const epochs = metas.map(meta => Number(meta[4]))
  return { id: Uint8Array.from(id), secret: Uint8Array.from(secret), epochs }
}

/** A Redis without meta data that has logs has lost them: no store is made over it. */
async function assertEmpty(topology: Topology, cluster: boolean): Promise<void> {
  const asked = await onEach(topology, ALL_PARTITIONS, partition => ['EXISTS', logsKey(partition)], !cluster)
  if (asked.some(([count]) => Number(count) > 0)) {
    throw new RedisOpenError('this Redis has lost its data: there are logs, and nothing that says whose they are')
  }
}

type Values = readonly (Buffer | null)[]

/** Asks for each scope the primary that holds it. @param single whether one primary holds them all */
async function onEach(
  topology: Topology,
  scopes: readonly number[],
  command: (scope: number) => Command,
  single = false,
): Promise<Values[]> {
  const byLink = new Map<Link, number[]>()
  for (const scope of scopes) {
    const link = topology.primaryOf(single ? 0 : scope)?.writes
    if (link === undefined) throw new RedisOpenError(`this Cluster is not whole: nobody has partition ${scope}`)
    const list = byLink.get(link)
    if (list === undefined) byLink.set(link, [scope])
    else list.push(scope)
  }
  const found = new Map<number, Values>()
  await Promise.all(
    Array.from(byLink, async ([link, held]) => {
      const replies = await link.ask(held.map(command))
      held.forEach((scope, i) => {
        const value = valueIn(replies[i])
        found.set(scope, Array.isArray(value) ? value : [Buffer.from(String(value))])
      })
    }),
  )
  return scopes.map(scope => found.get(scope) ?? [])
}
