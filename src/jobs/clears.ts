/** Puts tombstones in place of the entries of conversations that users have cleared (the rules: sync/rules/deletions.ts). */
import { isConversationId } from '../../protocol/conversation-id.js'
import type { Engine } from '../sync/engine.js'
import { done } from '../sync/outcome.js'
import { clearEntries, clearing, clearingOf, hasCleared } from '../sync/rules/deletions.js'
import { leavingActor } from '../sync/rules/leaving.js'
import { userActor } from '../sync/rules/records.js'
import type { Job, Pace } from './job.js'
import { eachNoted } from './noted.js'

export function clears(engine: Engine): Job['run'] {
  return (partition, pace) => {
    const notes = { actor: leavingActor(partition), prefix: clearing.prefix }
    return eachNoted(engine, notes, pace, id => clear(engine, id, pace))
  }
}

async function clear(engine: Engine, id: string, pace: Pace): Promise<void> {
  const [uid = '', conversation] = id.split('/')
  if (!isConversationId(conversation)) return
  const notes = leavingActor(Number(uid))
  const note = done(await engine.run(notes, clearingOf, { id }))
  if (note === undefined) return
  const actor = userActor(Number(uid))
  let from = done(await engine.run(actor, clearEntries, { conversation, ...note }))
  while (from > 0) {
    await pace.rest()
    if (pace.isStopped) return
    from = done(await engine.run(actor, clearEntries, { conversation, ...note, from }))
  }
  done(await engine.run(notes, hasCleared, { id, upTo: note.upTo }))
}
