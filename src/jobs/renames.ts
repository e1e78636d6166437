/** Tells a user's contacts the new nickname, a few at a time (the rules: sync/rules/renaming.ts). */
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { userActor } from '../sync/rules/records.js'
import { renamingActor, renamingUser, roundDone, tellSome } from '../sync/rules/renaming.js'
import type { Job, Pace } from './job.js'
import { eachNoted } from './noted.js'

export function renames(engine: Engine): Job['run'] {
  return (partition, pace) => {
    const notes = { actor: renamingActor(partition), prefix: renamingUser.prefix }
    return eachNoted(engine, notes, pace, uid => tellAll(engine, Number(uid), pace))
  }
}

async function tellAll(engine: Engine, uid: number, pace: Pace): Promise<void> {
  while (!pace.isStopped) {
    const { round, isDone, isFull } = done(await engine.run(userActor(uid), tellSome, undefined))
    if (isDone) {
      done(await engine.run(renamingActor(uid), roundDone, { uid, round }))
      return
    }
    // Other users' renames must not wait for this one; it is tried again later.
    if (isFull) throw new Error('the outbox to a contact is full')
    await pace.rest()
  }
}
