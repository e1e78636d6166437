/** Tells the contacts of a user his new nickname, a few at a time (the rules: sync/rules/renaming.ts). */
import type { Engine } from '../sync/engine.js'
import { userActor } from '../sync/rules/records.js'
import { renamingActor, renamingUser, roundDone, tellSome } from '../sync/rules/renaming.js'
import { done, type Work } from './background.js'

export function renames(engine: Engine): Work {
  return {
    atOnce: 1,
    prefix: renamingUser.prefix,
    noted: renamingActor,
    async run(uid, pace) {
      while (!pace.isStopped) {
        const { round, isDone, isFull } = done(await engine.run(userActor(uid), tellSome, undefined))
        if (isDone) {
          done(await engine.run(renamingActor(uid), roundDone, { uid, round }))
          return
        }
        // Other users' renames must not wait for it; it is tried again later.
        if (isFull) throw new Error('a way is full')
        await pace.rest()
      }
    },
  }
}
