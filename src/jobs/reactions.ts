/**
 * Tells reactions to groups' messages that came less than a second after the last telling (the rules: sync/rules/group-reactions.ts):
 *
 *   the partition's notes ─┬─► those that are due: told
 *        ▲                 ├─► the next is not due yet: wait for it ─┐
 *        └─────────────────┼─────────────────────────────────────────┘
 *                          └─► none is left: done
 */
import type { Clock } from '../lib/clock.js'
import type { ScannedRecord } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { groupActor } from '../sync/references.js'
import { debtsActor } from '../sync/rules/debts.js'
import { tellReactions } from '../sync/rules/group-reactions.js'
import { msUntil, namedByNote, untoldNote } from '../sync/rules/reaction-records.js'
import type { Job, Pace } from './job.js'

/** The notes that are read at a time; what is due of them is told in one write. */
const NOTES_AT_ONCE = 16
const PREFIX = `${untoldNote.prefix}/`

export function reactions(engine: Engine, clock: Clock): Job['run'] {
  return async (partition, pace) => {
    for (let waitMs = 0; !pace.isStopped; await pace.rest(waitMs)) {
      waitMs = await tellDue(engine, clock, partition, pace)
      if (waitMs === 0) return
    }
  }
}

/**
 * Looks at all notes of a partition once. One message that fails does not keep the others waiting.
 * @returns the milliseconds until more is due; 0: nothing is left
 */
async function tellDue(engine: Engine, clock: Clock, partition: number, pace: Pace): Promise<number> {
  const failures: unknown[] = []
  let waitMs = 0
  const tellOne = async ({ name, bytes }: ScannedRecord): Promise<void> => {
    const { gid, number } = namedByNote(name.slice(PREFIX.length))
    const dueInMs = msUntil(untoldNote.decode(bytes).dueMs, clock.now())
    const leftMs = dueInMs > 0 ? dueInMs : done(await engine.run(groupActor(gid), tellReactions, { number }))
    if (leftMs > 0) waitMs = waitMs === 0 ? leftMs : Math.min(waitMs, leftMs)
  }
  for (let after: string | null = null; !pace.isStopped; await pace.rest()) {
    const notes = await engine.scan(debtsActor(`partition/${partition}`), PREFIX, after, NOTES_AT_ONCE)
    await Promise.all(notes.map(note => tellOne(note).catch(error => failures.push(error))))
    after = notes.at(-1)?.name ?? null
    if (notes.length < NOTES_AT_ONCE) break
  }
  if (failures.length > 0) throw failures[0]
  return waitMs
}
