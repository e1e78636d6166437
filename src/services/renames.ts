/** Tells the contacts of who has renamed himself, a few at a time (the rules: sync/rules/renaming.ts). */
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
        // Others are not to wait for that.
        if (isFull) throw new Error('a way is full')
        await pace.rest()
      }
    },
  }
}
