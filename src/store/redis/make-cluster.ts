/**
 * Makes a Cluster of servers that are empty, or waits until one that was made before is whole again.
 *
 *   slots to the primaries ──► all meet the first ──► all know each other ──► replicas follow ──► whole, all links up
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

async function make({ hosts, primaries, clock, withinMs }: ClusterPlan, clients: readonly Client[]): Promise<void> {
  const untilMs = clock.monotonic() + withinMs
  const all = async (some: readonly Client[], what: string, holds: (client: Client) => Promise<boolean>) => {
    while (!(await Promise.all(some.map(client => holds(client).catch(() => false)))).every(Boolean)) {
      if (clock.monotonic() > untilMs) throw new Error(`the Cluster is not whole in time: not ${what}`)
      await pause(clock, LOOK_MS)
    }
  }
  await all(clients, 'every server answers', async client => (await client.ping()) === 'PONG')
  const replicas = clients.slice(primaries)
  const [first] = hosts
  const isNew = (await nodesOf(clients[0])).length === 1
  if (isNew && first !== undefined) {
    const parts = Array.from({ length: primaries + 1 }, (_, i) => Math.floor((i * SLOTS) / primaries))
    for (const [i, client] of clients.entries()) {
      if (i < primaries) {
        await client.call('CLUSTER', 'ADDSLOTSRANGE', parts[i] ?? 0, (parts[i + 1] ?? SLOTS) - 1)
        await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
      }
      if (i > 0) await client.call('CLUSTER', 'MEET', first.host, first.port)
    }
    await all(clients, 'all know each other', async client => (await nodesOf(client)).length === hosts.length)
    const ids = await Promise.all(clients.map(async client => String(await client.call('CLUSTER', 'MYID'))))
    for (const [i, client] of replicas.entries()) {
      await client.call('CLUSTER', 'REPLICATE', ids[i % primaries] ?? '')
    }
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

function connected({ host, port }: ClusterHost): Client {
  const client = new Redis({ host, port, protocol: 2, replyMapping: 'legacy', retryStrategy: () => LOOK_MS })
  client.on('error', () => {})
  return client
}
