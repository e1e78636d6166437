/**
 * (groups) What groups cost, each figure beside a baseline of the same run and with what it is held to. Where there are two cores, all
 * servers have one, and this program the other; only the appends are of this process alone.
 */

import { dataFolder, removeFolder } from './children.js'
import { type CostContext, costContext } from './cluster/cost.js'
import { NO_REDIS, redisVersion } from './cluster.js'
import { type FigureRow, figureRow } from './figure-row.js'
import { figureTable } from './figure-table.js'
import { type AppendsRow, appendsFigures, IN_FLIGHT, measureAppends } from './groups/appends.js'
import { measureOnCluster, measureOnline } from './groups/delivery.js'
import { measureIdleGroups } from './groups/idle.js'
import { measureReactions } from './groups/reactions.js'
import { measureMessages } from './messages.js'
import type { Preset } from './presets.js'
import { pinSelf } from './process-probe.js'
import { table } from './table.js'

/**
 * What is measured, by name: appends to timelines; deliveries to connected members, on lmdb and on a Cluster; groups that nobody uses;
 * reactions; direct messages beside an older checkout.
 */
export const GROUP_FIGURES = ['appends', 'online', 'partitions', 'idle-groups', 'reactions', 'direct'] as const
export type GroupFigure = (typeof GROUP_FIGURES)[number]

/** What a direct message may cost beside the older checkout. */
const DIRECT_RATIO_MAX = 1.1

export interface GroupsReport {
  readonly in_flight: number
  readonly pinned: boolean
  readonly rows: readonly AppendsRow[]
  readonly figures: readonly FigureRow[]
}

export interface GroupsOptions {
  readonly figures: ReadonlySet<string>
  /** The root of a built checkout, from before groups; absent: direct messages are not compared. */
  readonly against: string | undefined
}

export async function measureGroups(
  preset: Preset,
  { figures, against }: GroupsOptions,
  say: (text: string) => void,
): Promise<GroupsReport> {
  const folder = dataFolder()
  const context = costContext(folder, preset, say)
  const rows = figures.has('appends') ? await measureAppends(context) : []
  const found = rows.length > 0 ? appendsFigures(rows) : []
  if (figures.has('online')) found.push(...(await measureOnline(context)))
  if (figures.has('partitions')) {
    if (redisVersion() === undefined) say(`(groups) nothing on a Cluster: ${NO_REDIS}`)
    else found.push(...(await measureOnCluster(context)))
  }
  if (figures.has('idle-groups')) found.push(...(await measureIdleGroups(context)))
  if (figures.has('reactions')) found.push(...(await measureReactions(context)))
  pinSelf(undefined)
  if (figures.has('direct')) {
    if (against === undefined) say('(groups) direct messages are not compared: --against names no other checkout')
    else found.push(...(await measureDirect(context, against)))
  }
  removeFolder(folder)
  return { in_flight: IN_FLIGHT, pinned: context.pinned, rows, figures: found }
}

/** The load of (b), in turns with the other checkout. */
async function measureDirect({ preset, say }: CostContext, against: string): Promise<FigureRow[]> {
  const { load } = await measureMessages(preset, { peers: new Set(['lmdb', 'against']), against }, say)
  return preset.inFlight.flatMap(inFlight => {
    const [ours, theirs] = (['lmdb', 'against'] as const).map(name => {
      return load.find(row => row.in_flight === inFlight && row.target === name)
    })
    if (ours === undefined || theirs === undefined) return []
    return [
      figureRow({
        what: `CPU of a direct message on lmdb, ${inFlight} in flight of each of ${preset.pairs} pairs`,
        value: ours.cpu_us_per_message,
        unit: 'µs',
        baseline: { what: 'the other checkout', value: theirs.cpu_us_per_message },
        aim: { atMost: DIRECT_RATIO_MAX },
      }),
    ]
  })
}

export function groupsTables({ in_flight: inFlight, pinned, rows, figures }: GroupsReport): string {
  const where = pinned ? 'servers and Redis on one core, the generator on another' : 'NOT pinned to cores'
  const appends = [
    `(groups) a message on lmdb without sockets, for each timeline that gets it, ${inFlight} in flight; 2 members: a direct message`,
    table(
      ['members', 'branches', 'timelines a second', 'CPU µs', 'of a direct message'],
      rows.map(row => [row.members, row.branches, row.appends_per_second, row.cpu_us_per_append, row.cpu_ratio]),
    ),
    '',
  ]
  return [...(rows.length > 0 ? appends : []), `(groups) ${where}`, '', figureTable(figures)].join('\n')
}
