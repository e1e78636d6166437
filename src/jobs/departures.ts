/**
 * Removes what deleted accounts have stored (the rules: sync/rules/leaving.ts), in the background.
 *
 * A walk ends by what it removed, never by what it found: what cannot be removed is left, with its note, to the next round. One
 * about a user who is not deleted removes the note and nothing else.
 */
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import {
  hasLeft,
  isDeleted,
  leaves,
  leavingActor,
  leavingUser,
  removeItems,
  removeRecords,
} from '../sync/rules/leaving.js'
import { userActor } from '../sync/rules/records.js'
import type { Job, Pace } from './job.js'
import { eachNoted } from './noted.js'

const RECORDS_PER_SLICE = 64

export function departures(engine: Engine): Job['run'] {
  return (partition, pace) => {
    const notes = { actor: leavingActor(partition), prefix: leavingUser.prefix }
    return eachNoted(engine, notes, pace, uid => remove(engine, uid, pace))
  }
}

async function remove(engine: Engine, uid: number, pace: Pace): Promise<void> {
  if (done(await engine.run(userActor(uid), isDeleted, undefined))) {
    // An ack that was under way may have put something behind the first walk: until one removes nothing.
    while (!pace.isStopped && (await removeRecordsOf(engine, uid, pace)) > 0) {}
    if (!(await removeLogOf(engine, uid, pace))) return
  }
  if (!pace.isStopped) done(await engine.run(leavingActor(uid), hasLeft, { uid }))
}

/** Removes the timeline, slice by slice. @returns false if an item stays though it should have gone */
async function removeLogOf(engine: Engine, uid: number, pace: Pace): Promise<boolean> {
  const actor = userActor(uid)
  for (let before = 0; !pace.isStopped; ) {
    done(await engine.run(actor, removeItems, undefined))
    const page = await engine.page(actor, 0, 1, 0)
    const [first] = page.kind === 'page' ? page.items : []
    if (first === undefined) return true
    if (first.version === before) return false
    before = first.version
    await pace.rest()
  }
  return true
}

/** One walk over all records. @returns how many it removed */
async function removeRecordsOf(engine: Engine, uid: number, pace: Pace): Promise<number> {
  const actor = userActor(uid)
  let removed = 0
  for (let after: string | null = null; !pace.isStopped; ) {
    const found = await engine.scan(actor, '', after, RECORDS_PER_SLICE)
    const last = found.at(-1)
    if (last === undefined) break
    const names = found.map(({ name }) => name).filter(leaves)
    if (names.length > 0) removed += done(await engine.run(actor, removeRecords, { names }))
    after = last.name
    if (found.length === RECORDS_PER_SLICE) await pace.rest()
  }
  return removed
}
