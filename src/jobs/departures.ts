/**
 * Removes the data of deleted accounts in the background (the rules: sync/rules/leaving.ts).
 *
 * Walks are repeated until one removes nothing, whatever it finds. What cannot be removed is left, with its note, to the next round. For
 * a user who is not deleted, only the note is removed. If a newer server has written records of an unknown kind, all else is removed, and
 * the note stays for newer servers.
 */
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { prefixOf } from '../sync/record-kinds.js'
import {
  hasLeft,
  isDeleted,
  isUnknown,
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
    return eachNoted(engine, notes, pace, uid => remove(engine, Number(uid), pace))
  }
}

async function remove(engine: Engine, uid: number, pace: Pace): Promise<void> {
  if (done(await engine.run(userActor(uid), isDeleted, undefined))) {
    // An ack that was under way may have written behind the first walk. So walks are repeated until one removes nothing.
    const unknown = new Set<string>()
    while (!pace.isStopped && (await removeRecordsOf(engine, uid, pace, unknown)) > 0) {}
    if (!(await removeLogOf(engine, uid, pace))) return
    for (const prefix of unknown) engine.leave('record', prefix)
    if (unknown.size > 0) return
  }
  if (!pace.isStopped) done(await engine.run(leavingActor(uid), hasLeft, { uid }))
}

/** Removes the timeline, slice by slice. @returns false if an item stays though it should have gone */
async function removeLogOf(engine: Engine, uid: number, pace: Pace): Promise<boolean> {
  const actor = userActor(uid)
  for (let before = 0; !pace.isStopped; ) {
    done(await engine.run(actor, removeItems, undefined))
    const page = await engine.log(actor, 0, 1, 0)
    const [first] = page.kind === 'page' ? page.items : []
    if (first === undefined) return true
    if (first.version === before) return false
    before = first.version
    await pace.rest()
  }
  return true
}

/** Walks once over all records. Adds unknown prefixes to `unknown`. @returns how many records it removed */
async function removeRecordsOf(engine: Engine, uid: number, pace: Pace, unknown: Set<string>): Promise<number> {
  const actor = userActor(uid)
  let removed = 0
  for (let after: string | null = null; !pace.isStopped; ) {
    const found = await engine.scan(actor, '', after, RECORDS_PER_SLICE)
    const last = found.at(-1)
    if (last === undefined) break
    for (const { name } of found) if (isUnknown(name)) unknown.add(prefixOf(name))
    const names = found.map(({ name }) => name).filter(leaves)
    if (names.length > 0) removed += done(await engine.run(actor, removeRecords, { names }))
    after = last.name
    if (found.length === RECORDS_PER_SLICE) await pace.rest()
  }
  return removed
}
