/** Walks over the users, or groups, whose work is noted in the store: work that one request causes for thousands. */
import type { Actor } from '../store/types.js'
import type { Engine } from '../sync/engine.js'
import type { Pace } from './job.js'

/** The number of notes that are read at a time. */
const NOTES_AT_ONCE = 64

export interface Notes {
  /** The actor that notes whose work is not done in a partition. */
  readonly actor: Actor
  /** The beginning of the notes' names; they end with the uid or gid. */
  readonly prefix: string
}

/**
 * Does `work` for each that is noted, one after the other. One whose work fails does not keep the others waiting.
 * @throws what the first failure threw, when all had their turn
 */
export async function eachNoted(
  engine: Pick<Engine, 'scan'>,
  notes: Notes,
  pace: Pace,
  work: (id: string) => Promise<void>,
): Promise<void> {
  const prefix = `${notes.prefix}/`
  const failures: unknown[] = []
  for (let after: string | null = null; !pace.isStopped; ) {
    const found = await engine.scan(notes.actor, prefix, after, NOTES_AT_ONCE)
    for (const { name } of found) {
      if (pace.isStopped) return
      await work(name.slice(prefix.length)).catch(error => failures.push(error))
      await pace.rest()
    }
    const last = found.at(-1)
    if (last === undefined || found.length < NOTES_AT_ONCE) break
    after = last.name
  }
  if (failures.length > 0) throw failures[0]
}
