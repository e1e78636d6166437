/** The records of an idle user: what a Hello read is forgotten with it, and what a busy user needs stays. */
import t from 'tap'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import type { Actor, StoredRecord } from '../../src/store/types.js'
import { startNode, TestDevice } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'

class CountingStore extends MemoryStore {
  readonly gets: Actor[] = []

  override get(actor: Actor, names: readonly string[]): Promise<readonly StoredRecord[]> {
    this.gets.push(actor)
    return super.get(actor, names)
  }
}

t.test('a Hello remembers nothing of an idle user, and takes nothing from a busy one', async t => {
  const clock = new ManualClock()
  const store = new CountingStore({ scopes: 'one', random: seededRandom('store') })
  const first = await startNode(store, clock, 'first')
  const alice = await new TestDevice(first).enter('alice', 1)
  const bob = await new TestDevice(first).enter('bob', 1)
  await first.engine.close()
  const second = await startNode(store, clock, 'second')
  alice.node = second
  bob.node = second
  const readBy = async (device: TestDevice): Promise<number> => {
    const before = store.gets.length
    t.match(await device.hello(), { kind: 'bound' })
    return store.gets.length - before
  }
  t.ok((await readBy(alice)) > 0)
  t.ok((await readBy(alice)) > 0, 'it was forgotten')
  await bob.send(alice.uid, 'hello')
  await readBy(bob)
  t.equal(await readBy(bob), 0, 'it was known before')
  await second.engine.close()
})
