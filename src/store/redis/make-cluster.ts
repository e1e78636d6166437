/**
 * Makes a Cluster of servers that are empty, or waits until one that was made before is whole again.
 *
 *   all meet all ──► all know each other ──► slots to the primaries ──► replicas follow ──► whole, all links up
 *
 * Each step does only what is not done yet. So a Cluster whose making was interrupted is made to its end by the next call.
 */

import { Redis } from 'ioredis'
import { type Clock, pause } from '../../lib/clock.js'

export interface ClusterHost {
  readonly host: string
  readonly port: number
}

export interface ClusterPlan {
  /** The primaries, then the replicas: the first one of the first primary, and so on. */
  readonly hosts: readonly ClusterHost[]
  readonly primaries: number
  readonly clock: Clock
  /** The time after which it is given up. */
  readonly withinMs: number
  /** Whether nobody wants it any more. */
  readonly isGivenUp: () => boolean
}

const SLOTS = 16_384
const LOOK_MS = 20

type Client = Redis<'legacy'>

/** @throws Error with one line if the Cluster is not whole in time */
export async function makeCluster(plan: ClusterPlan): Promise<void> {
  const clients = plan.hosts.map(connected)
  try {
    await make(plan, clients)
  } finally {
    for (const client of clients) client.disconnect()
  }
}

async function make(plan: ClusterPlan, clients: readonly Client[]): Promise<void> {
  const { hosts, primaries, clock, withinMs, isGivenUp } = plan
  const untilMs = clock.monotonic() + withinMs
  const all = async (some: readonly Client[], what: string, holds: (client: Client) => Promise<boolean>) => {
    while (!(await Promise.all(some.map(client => holds(client).catch(() => false)))).every(Boolean)) {
      if (isGivenUp()) throw new Error('the Cluster is not wanted any more')
      if (clock.monotonic() > untilMs) throw new Error(`the Cluster is not whole in time: not ${what}`)
      await pause(clock, LOOK_MS)
    }
  }
  await all(clients, 'every server answers', async client => (await client.ping()) === 'PONG')
  for (const [i, client] of clients.entries()) {
    // Only a new server accepts it. Without it the servers settle on different ones by themselves, later.
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1).catch(() => {})
    // Servers that know each other from before may have other ports now.
    for (const other of hosts) {
      if (other !== hosts[i]) await client.call('CLUSTER', 'MEET', other.host, other.port)
    }
  }
  await all(clients, 'all know each other', async client => (await nodesOf(client)).length === hosts.length)
  const found = await Promise.all(clients.map(ownLine))
  const served = new Set(found.flatMap(({ slots }) => slots))
  for (const [i, client] of clients.slice(0, primaries).entries()) {
    const [from, upTo] = [i, i + 1].map(part => Math.floor((part * SLOTS) / primaries))
    if (!served.has(from ?? 0)) await client.call('CLUSTER', 'ADDSLOTSRANGE', from ?? 0, (upTo ?? SLOTS) - 1)
  }
  const replicas = clients.slice(primaries)
  for (const [i, client] of replicas.entries()) {
    const { isPrimary, slots } = found[primaries + i] ?? NOTHING
    if (isPrimary && slots.length === 0) await client.call('CLUSTER', 'REPLICATE', found[i % primaries]?.id ?? '')
  }
  await all(clients, 'all slots are served', async client => {
    return /cluster_state:ok/.test(String(await client.call('CLUSTER', 'INFO')))
  })
  if (replicas.length === 0) return
  // After a failover another server may be the primary: each either has a replica, or is one.
  await all(clients, 'every primary has a replica', async client => {
    const info = await client.info('replication')
    return /role:slave/.test(info) ? /master_link_status:up/.test(info) : /connected_slaves:[1-9]/.test(info)
  })
}

async function nodesOf(client: Client | undefined): Promise<string[]> {
  return String(await client?.call('CLUSTER', 'NODES'))
    .split('\n')
    .filter(line => line !== '' && !line.includes('handshake'))
}

interface Own {
  readonly id: string
  readonly isPrimary: boolean
  /** The first slot of each range that it has. */
  readonly slots: readonly number[]
}

const NOTHING: Own = { id: '', isPrimary: false, slots: [] }

/** What a server says of itself. */
async function ownLine(client: Client): Promise<Own> {
  const line = (await nodesOf(client)).find(each => each.includes('myself')) ?? ''
  const [id = '', , flags = '', , , , , , ...ranges] = line.split(' ')
  const slots = ranges.filter(range => !range.startsWith('[')).map(range => Number.parseInt(range, 10))
  return { id, isPrimary: flags.includes('master'), slots }
}

function connected({ host, port }: ClusterHost): Client {
  const client = new Redis({ host, port, protocol: 2, replyMapping: 'legacy', retryStrategy: () => LOOK_MS })
  client.on('error', () => {})
  return client
}
