/** Notes when each node last ran on this store, and the jumps of its clock. So a clock that is wrong at a start ends nothing. */
import { JUMP_MS_MIN, JUMPS_MAX, type Jump, mergedJumps } from '../../lib/counted-time.js'
import type { Actor } from '../../store/types.js'
import { jsonRecord } from '../record-kinds.js'
import type { Transition, Tx } from '../types.js'
import { small } from './numbered.js'

export const timeActor: Actor = 'time/0'

/** The most notes of other nodes that are kept; those that ran last stay. */
const OTHERS_MAX = 64

interface NotedTime {
  /** The wall clock when it was noted. */
  readonly atMs: number
  readonly jumps: readonly Jump[]
}
export const notedTime = jsonRecord<NotedTime>('noted', {
  fields: { atMs: 0, jumps: [] },
  lifetime: 'store',
  bytesMax: 64 + JUMPS_MAX * 64,
  entries: { max: JUMPS_MAX, count: ({ jumps }) => jumps.length },
  grows: "the machine's clock: of its jumps the newest 16 are kept",
  many: 'one per node that ran on the store: the newest 65, and one without a name, of a server before there were many',
})

export interface NoteTimeInput {
  readonly node: string
  /** Names of the nodes that have notes, as far as is known. */
  readonly others: readonly string[]
  /** A process begins: if the clock went far ahead since the last note, this counts as a jump. */
  readonly begins: boolean
  /** The jumps that this process saw. */
  readonly jumps: readonly Jump[]
}

export interface TimeNoted {
  /** The milliseconds that the clock is ahead of the last note; negative if behind it, 0 if there was none. */
  readonly aheadMs: number
  readonly jumps: readonly Jump[]
}

export const noteTime: Transition<NoteTimeInput, TimeNoted> = small({
  name: 'time.note',
  run(tx, { node, others, begins, jumps }) {
    const { nowMs } = tx
    const before = tx.get(notedTime, node) ?? newestOf(tx, others)
    const aheadMs = before === undefined ? 0 : nowMs - before.atMs
    const across = begins && aheadMs >= JUMP_MS_MIN ? [{ fromMs: nowMs - aheadMs, toMs: nowMs }] : []
    const all = mergedJumps(before?.jumps ?? [], [...across, ...jumps])
    tx.put(notedTime, { atMs: nowMs, jumps: all }, node)
    return { aheadMs, jumps: all }
  },
})

/**
 * The newest note of other nodes, for a node that is new; or the note from before there were many nodes. Removes the oldest notes
 * beyond the limit.
 */
function newestOf(tx: Tx, others: readonly string[]): NotedTime | undefined {
  tx.fetch([notedTime], others)
  const atMs = (name: string): number => tx.peek(notedTime, name)?.atMs ?? 0
  const byAge = [...others].sort((a, b) => atMs(b) - atMs(a))
  for (const name of byAge.slice(OTHERS_MAX)) tx.remove(notedTime, name)
  const [newest] = byAge
  return newest === undefined ? tx.peek(notedTime) : tx.peek(notedTime, newest)
}
