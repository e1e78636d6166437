/** Many users that are leaving: those whom an earlier process left behind. */
import t from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { leavingActor, leavingUser } from '../../src/sync/rules/leaving.js'
import type { Transition } from '../../src/sync/types.js'
import { startNode } from '../support/engine.js'
import { eventually } from '../support/eventually.js'

/** Of one partition, and more than one look at the store shows. */
const USERS = 150
const PARTITION = 7

const noteAll: Transition<readonly number[], void> = {
  name: 'test.note-all',
  run(tx, uids) {
    for (const uid of uids) {
      tx.get(leavingUser, uid)
      tx.put(leavingUser, { sinceMs: tx.nowMs }, uid)
    }
  },
}

t.test('all that were leaving are gone after the next start, a few at a time', async t => {
  const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
  const node = await startNode(store, systemClock, 'node')
  const actor = leavingActor(PARTITION)
  const uids = Array.from({ length: USERS }, (_, n) => 256 * (n + 1_000) + PARTITION)
  t.equal((await node.engine.run(actor, noteAll, uids)).kind, 'done')
  const noted = () => store.scan(0, `${actor}/user/`, null, USERS)
  t.equal((await noted()).length, USERS)

  // Those that are walked at one moment: what is asked of the store for them at once.
  let walking = 0
  let mostAtOnce = 0
  const { scan } = node.engine
  node.engine.scan = async (of, ...asked) => {
    if (of === actor) return scan.call(node.engine, of, ...asked)
    walking += 1
    mostAtOnce = Math.max(mostAtOnce, walking)
    const found = await scan.call(node.engine, of, ...asked)
    walking -= 1
    return found
  }
  node.services.resume()
  await eventually(async () => (await noted()).length === 0)
  t.ok(mostAtOnce > 0 && mostAtOnce <= 4, `${mostAtOnce} at once`)
  await node.engine.close()
})
