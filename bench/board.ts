/**
 * (screen) What a post costs on lmdb, over TCP: to a board with as many listeners as it may have, beside one with 100. Both are on one server,
 * where nothing differs but the listeners, and take turns.
 */

import { join } from 'node:path'
import { ROOM_LISTENERS_MAX } from '../protocol/limits.js'
import { startLongwire } from './children.js'
import type { CostContext } from './cluster/cost.js'
import { type FigureRow, figureRow } from './figure-row.js'
import { ListenedBoard, type PostCosts } from './listened-board.js'
import { median } from './statistics.js'
import { writeTables } from './tables.js'

const SIZES = { few: 100, many: ROOM_LISTENERS_MAX, connected: 50 } as const
const SIZES_TINY = { few: 20, many: 80, connected: 5 } as const
/** The posts of a round that go alone, one after the other, to each of the two boards in turn. */
const ALONE = 100
const ALONE_TINY = 5

/** What a post may cost beside one to few listeners. */
const GROWTH_MAX = 1.2

interface Side {
  readonly board: ListenedBoard
  /** What each post alone took, and each window. */
  readonly ms: number[]
  readonly costs: PostCosts[]
}

export async function measureBoard({ folder: parent, preset, settle, say }: CostContext): Promise<FigureRow[]> {
  const isTiny = preset.name === 'tiny'
  const { few, many, connected } = isTiny ? SIZES_TINY : SIZES
  const folder = join(parent, 'boards')
  say(`(screen) making boards with ${few} and ${many} listeners, ${connected} of them connected`)
  const maker = await startLongwire(folder)
  const made = async (name: string, listeners: number): Promise<Side> => {
    return { board: await ListenedBoard.make(maker.port, name, { connected, listeners }), ms: [], costs: [] }
  }
  const sides = [await made('few', few), await made('many', many)] as const
  await maker.stop()
  await writeTables(folder, async commit => {
    for (const { board } of sides) await board.fill(commit)
  })
  const server = await startLongwire(folder)
  for (const { board } of sides) await board.open(server.port)
  settle([server])
  for (let round = 0; round <= preset.rounds; round++) {
    say(`(screen) posts to boards, round ${round} of ${preset.rounds}`)
    for (let n = isTiny ? ALONE_TINY : ALONE; n > 0; n -= 1) {
      for (const { board, ms } of sides) {
        const took = await board.post()
        if (round > 0) ms.push(took) // the first compiles
      }
    }
    for (const { board, costs } of sides) {
      const took = await board.load(server, preset)
      if (round > 0) costs.push(took)
    }
  }
  for (const { board } of sides) board.close()
  await server.stop()
  return rowsOf(...sides)
}

function rowsOf(few: Side, many: Side): FigureRow[] {
  const [of, what] = [many.board.listeners, `${few.board.listeners} listeners`]
  const cost = ({ costs }: Side, figure: keyof PostCosts): number => median(costs.map(each => each[figure]))
  return [
    figureRow({
      what: `a post to a board with ${of} listeners is accepted and on the board in`,
      value: median(many.ms),
      unit: 'ms',
      baseline: { what, value: median(few.ms) },
      aim: { atMost: GROWTH_MAX },
    }),
    figureRow({
      what: 'CPU of all threads for one of many such posts',
      value: cost(many, 'cpuUs'),
      unit: 'µs',
      baseline: { what, value: cost(few, 'cpuUs') },
      aim: { atMost: GROWTH_MAX },
    }),
    figureRow({
      what: `heads that each of ${many.board.connected} connected listeners is told in a second meanwhile`,
      value: cost(many, 'headsPerSecond'),
      unit: '',
      baseline: { what, value: cost(few, 'headsPerSecond') },
    }),
  ]
}
