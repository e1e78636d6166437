/** When a server last ran on this store, and the jumps of its clock: so that a wrong clock at a start ends nothing. */
import { JUMP_MS_MIN, JUMPS_MAX, type Jump, mergedJumps } from '../../lib/counted-time.js'
import type { Actor } from '../../store/types.js'
import { jsonRecord } from '../record-kinds.js'
import type { Transition } from '../types.js'
import { small } from './numbered.js'

export const timeActor: Actor = 'time/0'

interface NotedTime {
  /** The wall clock when it was noted. */
  readonly atMs: number
  readonly jumps: readonly Jump[]
}
const notedTime = jsonRecord<NotedTime>('noted', {
  fields: { atMs: 0, jumps: [] },
  lifetime: 'store',
  bytesMax: 64 + JUMPS_MAX * 64,
  entries: { max: JUMPS_MAX, count: ({ jumps }) => jumps.length },
  grows: "the machine's clock: of its jumps the newest 16 are kept",
  many: 'one',
})

export interface NoteTimeInput {
  /** A process begins: what the clock went ahead since the last note is a jump, if it is long. */
  readonly begins: boolean
  /** Seen by this process. */
  readonly jumps: readonly Jump[]
}

export interface TimeNoted {
  /** How far the clock stands ahead of the last note; negative behind it, 0 where there was none. */
  readonly aheadMs: number
  readonly jumps: readonly Jump[]
}

export const noteTime: Transition<NoteTimeInput, TimeNoted> = small({
  name: 'time.note',
  run(tx, { begins, jumps }) {
    const { nowMs } = tx
    const before = tx.get(notedTime)
    const aheadMs = before === undefined ? 0 : nowMs - before.atMs
    const across = begins && aheadMs >= JUMP_MS_MIN ? [{ fromMs: nowMs - aheadMs, toMs: nowMs }] : []
    const all = mergedJumps(before?.jumps ?? [], [...across, ...jumps])
    tx.put(notedTime, { atMs: nowMs, jumps: all })
    return { aheadMs, jumps: all }
  },
})
