/** How a server judges the numbers of a device: protocol/vectors/numbers.json. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { befriend, type Reply, startNode, TestDevice } from '../support/engine.js'
import { type NumbersVector, numbersVectors } from '../support/vectors.js'

const NOBODY = 2 ** 40

type Ask = NumbersVector['steps'][number]['ask']

for (const vector of numbersVectors()) {
  t.test(vector.name, async t => {
    const store = new MemoryStore({ scopes: 'one', random: seededRandom('store') })
    const node = await startNode(store, systemClock, 'node')
    const friend = await new TestDevice(node).enter('friend', 1)
    await befriend(await new TestDevice(node).enter('alice', 1), friend)
    // A device that has asked for nothing yet.
    const device = new TestDevice(node)
    await device.login('alice', 2)
    await device.hello()
    const call = (ask: Ask, offset: number): Promise<Reply> => {
      if ('void' in ask) return device.call(METHODS.void, { sendSeq: ask.void + offset, count: ask.count ?? 0 })
      return device.send(ask.to_nobody ? NOBODY : friend.uid, ask.text, ask.send + offset)
    }
    for (const { ask, times = 1, expect } of vector.steps) {
      for (let offset = 0; offset < times; offset++) {
        const before = (await device.items()).length
        const { code, refusal } = await call(ask, offset)
        t.equal(code, CODES[expect.code].code, `${JSON.stringify(ask)} + ${offset}`)
        if (expect.expected !== undefined) t.equal(refusal?.expectedSendSeq, expect.expected)
        const copies = 'send' in ask && code === 0 && expect.again !== true ? 1 : 0
        t.equal((await device.items()).length, before + copies, 'only what is run leaves an own copy')
      }
    }
    await node.engine.close()
  })
}
