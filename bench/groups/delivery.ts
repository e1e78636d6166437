/**
 * A message to a group whose members are all connected, for each member whose connection gets it, beside a direct message between the same
 * users on the same servers: on lmdb, and on nodes over a Cluster. They take turns.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { underLoad } from '../arena.js'
import { type ServerProcess, startLongwire } from '../children.js'
import type { CostContext } from '../cluster/cost.js'
import { type Look, lookAt } from '../cluster/look.js'
import { type RedisServers, startRedis } from '../cluster/redis.js'
import { type FigureRow, figureRow } from '../figure-row.js'
import { TEXT } from '../messages.js'
import type { Tally } from '../pairs.js'
import { medians } from '../statistics.js'
import { until } from '../until.js'
import { type Crowd, openCrowd } from './crowd.js'

const CLUSTER_NODES = 3
/** The messages to the group in a window, at least: on a slow Cluster each takes long. */
const MESSAGES_MIN = 10

/** What a delivery cost. */
interface Delivery {
  readonly nodes_us: number
  readonly redis_us: number
  readonly units: number
  readonly rounds: number
  readonly per_second: number
}

export async function measureOnline(context: CostContext): Promise<FigureRow[]> {
  const { preset, folder, say } = context
  say(`(groups) ${preset.crowd} members connect to a server on lmdb`)
  const node = await startLongwire(join(folder, 'online'))
  return measureDeliveries(context, { name: 'lmdb', nodes: [node], atMost: 0.5 })
}

/** @returns nothing where redis-server is not installed; `say` is told */
export async function measureOnCluster(context: CostContext): Promise<FigureRow[]> {
  const { preset, folder, say } = context
  say(`(groups) ${preset.crowd} members connect to ${CLUSTER_NODES} nodes on a Cluster of three`)
  const redis = await startRedis({ folder: join(folder, 'cluster'), replicas: 1 })
  const nodes = await Promise.all(
    Array.from({ length: CLUSTER_NODES }, () => startLongwire(undefined, { redis: redis.url })),
  )
  const rows = await measureDeliveries(context, { name: 'a Cluster', nodes, redis, atMost: 1 })
  await redis.stop()
  return rows
}

interface Site {
  readonly name: string
  readonly nodes: readonly ServerProcess[]
  readonly redis?: RedisServers
  /** What the ratio to a direct message is held to. */
  readonly atMost: number
}

async function measureDeliveries({ preset, settle, say }: CostContext, site: Site): Promise<FigureRow[]> {
  const { name, nodes, redis } = site
  const crowd = await openCrowd(
    nodes.map(({ port }) => port),
    preset.crowd,
    TEXT,
  )
  const servers = [...nodes, ...(redis?.primaries ?? []), ...(redis?.replicas ?? [])]
  settle(servers)
  const kinds = ['direct', 'group'] as const
  const loads = preset.inFlight.map(inFlight => ({ inFlight, direct: [] as Delivery[], group: [] as Delivery[] }))
  const run = async (kind: (typeof kinds)[number], inFlight: number): Promise<Delivery> => {
    const { load: pairs, tally } = crowd[kind]
    const load = { name: `${kind} messages on ${name}`, pairs, inFlight, tally, pids: servers.map(({ pid }) => pid) }
    return underLoad(load, preset.warmMs, () =>
      delivered(site, tally, { windowMs: preset.windowMs, deliveriesMin: MESSAGES_MIN * preset.crowd }),
    )
  }
  for (let round = 0; round <= preset.rounds; round++) {
    say(`(groups) deliveries on ${name}, round ${round} of ${preset.rounds}`)
    for (const rounds of loads) {
      for (const kind of kinds) {
        const figures = await run(kind, rounds.inFlight)
        if (round > 0) rounds[kind].push(figures) // the first compiles
      }
    }
  }
  crowd.close()
  await Promise.all(nodes.map(node => node.stop()))
  return loads.flatMap(({ inFlight, direct, group }) => {
    const middle = (rounds: readonly Delivery[]): Delivery => medians(rounds as never[])
    return rowsOf(site, { crowd, inFlight, direct: middle(direct), group: middle(group) })
  })
}

interface Least {
  readonly windowMs: number
  readonly deliveriesMin: number
}

/** What a delivery costs under load. A window with too few of them is longer. */
async function delivered({ nodes, redis }: Site, tally: Tally, { windowMs, deliveriesMin }: Least): Promise<Delivery> {
  const look = async (): Promise<Look & { readonly done: number }> => {
    return { ...(await lookAt(nodes, redis)), done: tally.delivered }
  }
  const before = await look()
  await sleep(windowMs)
  await until('what a window needs', () => tally.delivered - before.done >= deliveriesMin)
  const after = await look()
  const each = (figure: keyof typeof before): number => (after[figure] - before[figure]) / (after.done - before.done)
  return {
    nodes_us: each('nodesMs') * 1_000,
    redis_us: (each('primariesMs') + each('replicasMs')) * 1_000,
    units: each('units'),
    rounds: each('rounds'),
    per_second: 1_000 / each('atMs'),
  }
}

interface Found {
  readonly crowd: Crowd
  readonly inFlight: number
  readonly direct: Delivery
  readonly group: Delivery
}

function rowsOf({ name, redis, atMost }: Site, { crowd, inFlight, direct, group }: Found): FigureRow[] {
  const size = crowd.members.length
  const load = `${inFlight} in flight`
  const all = ({ nodes_us, redis_us }: Delivery): number => nodes_us + redis_us
  const parts = ({ nodes_us, redis_us, per_second }: Delivery): string => {
    const apart = redis === undefined ? [] : [`nodes ${nodes_us.toFixed(1)}`, `Redis ${redis_us.toFixed(1)}`]
    return [...apart, `${Math.round(per_second)} a second`].join(', ')
  }
  const cost = figureRow({
    what: `CPU of a delivery of a message to ${size} members on ${name}, ${load} (${parts(group)})`,
    value: all(group),
    unit: 'µs',
    baseline: {
      what: `a direct message, ${load} of each of ${crowd.pairs.length} pairs (${parts(direct)})`,
      value: all(direct),
    },
    aim: { atMost },
  })
  const count = (what: 'units' | 'rounds', how: string): FigureRow =>
    figureRow({
      what: `${how} of a message to ${size} members on ${name}, ${load}`,
      value: group[what] * size,
      unit: '',
      baseline: { what: 'a direct message', value: direct[what] },
    })
  return [cost, count('units', 'units'), count('rounds', redis === undefined ? 'writes' : 'rounds (calls of WAIT)')]
}
