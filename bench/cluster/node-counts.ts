/** The CPU of a message with 1, 2 and 4 nodes on one Redis, under one load. The numbers take turns; users move to the nodes of each. */

import { join } from 'node:path'
import { type FigureRow, figureRow } from '../figure-row.js'
import { TEXT } from '../messages.js'
import { median } from '../statistics.js'
import type { CostContext } from './cost.js'
import { Field, type FieldFigures } from './field.js'
import { startRedis } from './redis.js'

const COUNTS = [1, 2, 4] as const
/** Beside these a tenth more or less counts as the same. */
const FLAT = { atLeast: 0.9, atMost: 1.1 }

export async function measureNodeCounts({ folder, preset, settle, say }: CostContext): Promise<FigureRow[]> {
  say('(cluster) making users and friends on a Redis with 4 nodes')
  const redis = await startRedis({ folder: join(folder, 'counts') })
  const plan = { name: 'several nodes', redis, nodes: Math.max(...COUNTS), pairs: preset.pairs, text: TEXT }
  const field = await Field.open(plan)
  const rounds = new Map<number, FieldFigures[]>(COUNTS.map(count => [count, []]))
  const inFlight = Math.max(...preset.inFlight)
  settle(field.servers)
  await field.spread(plan.nodes)
  await field.run(preset.pairs, inFlight, preset) // compiles
  for (let round = 1; round <= preset.rounds; round++) {
    say(`(cluster) numbers of nodes, round ${round} of ${preset.rounds}`)
    for (const [count, figures] of rounds) {
      await field.spread(count)
      figures.push(await field.run(preset.pairs, inFlight, preset))
    }
  }
  await field.close()
  await redis.stop()
  const middle = (count: number, figure: keyof FieldFigures): number =>
    median((rounds.get(count) ?? []).map(each => each[figure]))
  const one = { what: '1 node', value: middle(1, 'all_us') }
  return COUNTS.filter(count => count > 1).map(count => {
    const parts = `nodes ${middle(count, 'nodes_us').toFixed(1)}, Redis ${middle(count, 'primaries_us').toFixed(1)}`
    const what = `CPU of a message with ${count} nodes on one Redis, ${inFlight} in flight of each pair (${parts})`
    return figureRow({ what, value: middle(count, 'all_us'), unit: 'µs', baseline: one, aim: FLAT })
  })
}
