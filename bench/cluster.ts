/**
 * (cluster) Nodes on Redis: each figure stands beside a baseline of the same run, and beside what it is held to. Nodes and servers of
 * Redis are processes of their own, started as `longwire cluster` starts them. Where there are two cores, all have one, and this program
 * has the other.
 */

import { spawnSync } from 'node:child_process'
import { dataFolder, removeFolder } from './children.js'
import { costContext, measureCost } from './cluster/cost.js'
import { measureFailover } from './cluster/failover.js'
import { measureHot } from './cluster/hot.js'
import { measureMemory } from './cluster/memory.js'
import { measureNodeCounts } from './cluster/node-counts.js'
import { measureReplay } from './cluster/replay.js'
import type { FigureRow } from './figure-row.js'
import type { Preset } from './presets.js'
import { pinSelf } from './process-probe.js'

/** What is measured, by name. */
const FIGURES = {
  costs: measureCost,
  nodes: measureNodeCounts,
  hot: measureHot,
  failover: measureFailover,
  memory: measureMemory,
  replay: measureReplay,
} as const

export type ClusterFigure = keyof typeof FIGURES
export const CLUSTER_FIGURES = Object.keys(FIGURES) as readonly ClusterFigure[]

export interface ClusterReport {
  readonly pairs: number
  readonly rounds: number
  /** Whether all servers had one core, and the generator another. */
  readonly pinned: boolean
  /** The version of redis-server. */
  readonly redis: string
  readonly rows: readonly FigureRow[]
}

/** @returns undefined where redis-server is not installed; `say` is told how to get it */
export async function measureCluster(
  preset: Preset,
  figures: ReadonlySet<string>,
  say: (line: string) => void,
): Promise<ClusterReport | undefined> {
  const redis = redisVersion()
  if (redis === undefined) {
    say(`(cluster) left out: ${NO_REDIS}`)
    return undefined
  }
  const folder = dataFolder()
  const context = costContext(folder, preset, say)
  const rows: FigureRow[] = []
  for (const name of CLUSTER_FIGURES) {
    if (!figures.has(name)) continue
    rows.push(...(await FIGURES[name](context)))
    pinSelf(undefined)
  }
  removeFolder(folder)
  return { pairs: preset.pairs, rounds: preset.rounds, pinned: context.pinned, redis, rows }
}

/** What is said where a measurement needs Redis, and there is none. */
export const NO_REDIS = 'redis-server is not installed (Debian: apt-get install redis-server)'

/** The version of the installed redis-server; undefined where there is none. */
export function redisVersion(): string | undefined {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' })
  return /v=(\S+)/.exec(stdout ?? '')?.[1]
}
