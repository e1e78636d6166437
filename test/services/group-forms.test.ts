/** No group is made while a node is there that could not show what it writes. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { FIRST_FORMS, FORMS } from '../../src/cluster/node-status.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { startNode, TestDevice } from '../support/engine.js'

t.test(
  'a group is made when all nodes read what it writes; before that the request is refused for good, and holds up nothing',
  async t => {
    let forms = FIRST_FORMS
    const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
    const node = await startNode(store, systemClock, 'node', { forms: () => forms })
    const alice = await new TestDevice(node).enter('alice', 1)
    const make = () => alice.call(METHODS.groupCreate, { sendSeq: alice.next(), title: 'friends', invitees: [] })
    t.match(await make(), { code: CODES.NOT_ALLOWED.code })
    forms = FORMS
    t.match(await make(), { code: 0 })
    await node.engine.close()
  },
)
