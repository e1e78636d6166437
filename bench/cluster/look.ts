/** What nodes and their Redis have done so far: processor time, units, rounds. The difference of two looks is what a window cost. */

import type { ServerProcess } from '../children.js'
import { metricsOf } from '../metrics.js'
import { cpuMsOf } from '../process-probe.js'
import { infoSum, type RedisServers } from './redis.js'

export interface Look {
  readonly atMs: number
  readonly nodesMs: number
  readonly primariesMs: number
  readonly replicasMs: number
  /** Rounds with the store: on a Cluster the calls of WAIT, else the writes of the nodes. */
  readonly rounds: number
  /** Units that were written. */
  readonly units: number
}

/** @param nodes those that have users */
export async function lookAt(nodes: readonly ServerProcess[], redis?: RedisServers): Promise<Look> {
  const metrics = await Promise.all(nodes.map(({ httpPort }) => metricsOf(httpPort)))
  const sum = (name: string): number => metrics.reduce((all, each) => all + (each.get(name) ?? Number.NaN), 0)
  const rounds =
    redis === undefined || redis.replicas.length === 0
      ? sum('longwire_commits_total')
      : await infoSum(redis.clients, 'commandstats', 'cmdstat_wait')
  const cpuMs = (servers: readonly ServerProcess[] = []): number =>
    servers.reduce((all, { pid }) => all + cpuMsOf(pid), 0)
  return {
    rounds,
    units: sum('longwire_commit_units_sum'),
    atMs: performance.now(),
    nodesMs: cpuMs(nodes),
    primariesMs: cpuMs(redis?.primaries),
    replicasMs: cpuMs(redis?.replicas),
  }
}
