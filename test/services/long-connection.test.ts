/** A device that stays connected for months: nobody asks it for its password when the connection ends at last. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { startNode, TestDevice } from '../support/engine.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'

const DAY_MS = 86_400_000
/** A session lasts 90 days without use. */
const DAYS = 200

t.test('an ack is a use of the session: its expiry slides', async t => {
  for (const acks of [true, false]) {
    const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
    const clock = new ManualClock()
    const node = await startNode(store, clock, 'node')
    const alice = await new TestDevice(node).enter('alice', 1)
    const ackOf = async () => (await store.get(`user/${alice.uid}`, ['ack/1']))[0]?.stamp ?? 0
    for (let day = 0; day < DAYS; day += 10) {
      clock.advance(10 * DAY_MS)
      if (!acks) continue
      const before = await ackOf()
      t.equal(alice.ack({ version: 1 }), CODES.OK.code)
      node.services.flush()
      await eventually(async () => (await ackOf()) !== before)
    }
    const answer = await alice.hello()
    t.match(answer, acks ? { kind: 'bound' } : { kind: 'refused', code: CODES.TOKEN_EXPIRED.code })
    await node.engine.close()
  }
})
