/** The redis-servers that a measurement works on: those of `longwire cluster`, with its settings, but not started again when they end. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freeRedisPorts } from '../../clients/simulate/free-ports.js'
import { present } from '../../src/lib/assert.js'
import { systemClock } from '../../src/lib/clock.js'
import { systemRandom } from '../../src/lib/random.js'
import { makeCluster } from '../../src/store/redis/make-cluster.js'
import { CLUSTER_SETTINGS, SERVER_SETTINGS } from '../../src/store/redis/settings.js'
import { type ServerProcess, startProgram } from '../children.js'

const HOST = '127.0.0.1'
const PRIMARIES = 3
const WHOLE_MS_MAX = 30_000

export type RedisClient = Redis<'legacy'>

export interface RedisPlan {
  readonly folder: string
  /** The replicas of each primary of a Cluster; undefined: a single Redis. */
  readonly replicas?: number
}

export interface RedisServers {
  readonly url: string
  /** The server, or the primaries of the Cluster when it was made. */
  readonly primaries: readonly ServerProcess[]
  readonly replicas: readonly ServerProcess[]
  /** A connection to each of the primaries. */
  readonly clients: readonly RedisClient[]
  stop(): Promise<void>
}

export async function startRedis(plan: RedisPlan): Promise<RedisServers> {
  const isCluster = plan.replicas !== undefined
  const count = plan.replicas === undefined ? 1 : PRIMARIES * (1 + plan.replicas)
  const first = await freeRedisPorts(systemRandom, count)
  const ports = Array.from({ length: count }, (_, i) => first + i)
  const all = await Promise.all(ports.map(port => startServer(plan, port, isCluster)))
  const primaries = all.slice(0, isCluster ? PRIMARIES : 1)
  if (isCluster) {
    const hosts = ports.map(port => ({ host: HOST, port }))
    const shared = { clock: systemClock, withinMs: WHOLE_MS_MAX, isGivenUp: () => false }
    await makeCluster({ hosts, primaries: PRIMARIES, ...shared })
  }
  const clients = primaries.map(({ port }) => connected(port))
  return {
    url: `redis://${ports.map(port => `${HOST}:${port}`).join(',')}`,
    primaries,
    replicas: all.slice(primaries.length),
    clients,
    async stop() {
      for (const client of clients) client.disconnect()
      await Promise.all(all.map(server => server.stop()))
    },
  }
}

function startServer({ folder }: RedisPlan, port: number, isCluster: boolean): Promise<ServerProcess> {
  const dir = join(folder, `redis-${port}`)
  mkdirSync(dir, { recursive: true })
  const settings = { ...(isCluster ? CLUSTER_SETTINGS : SERVER_SETTINGS), bind: HOST, dir, port: String(port) }
  const argv = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  return startProgram('redis-server', {}, () => argv, port)
}

/** A connection of this program. That a server is gone is told by whoever asks it. */
function connected(port: number): RedisClient {
  const client: RedisClient = new Redis({ host: HOST, port, protocol: 2, replyMapping: 'legacy' })
  client.on('error', () => {})
  return client
}

/** The number behind a name in the answers of INFO, all servers together. */
export async function infoSum(clients: readonly RedisClient[], section: string, name: string): Promise<number> {
  const answers = await Promise.all(clients.map(client => client.info(section)))
  const pattern = new RegExp(`^${name}:(?:calls=)?(\\d+)`, 'm')
  return answers.reduce((sum, answer) => sum + Number(pattern.exec(answer)?.[1] ?? 0), 0)
}

export function firstClient({ clients }: RedisServers): RedisClient {
  return present(clients[0], 'the connection to a primary')
}
