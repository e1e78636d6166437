/** The answers that name a server's nodes: each names those for the user who asks, and without any nothing is said. */
import t from 'tap'
import {
  decodeEndpointsResponse,
  decodeLoginResponse,
  decodeRegisterResponse,
  type Endpoints,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { seededRandom } from '../../src/lib/random.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { startNode, TestDevice } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'

function listFor(uid: number): Endpoints {
  return { endpoints: [{ host: `for-${uid}.example`, port: 8081, url: '', weight: 1 }], ttlS: 60 }
}

function started(endpoints?: (uid: number) => Endpoints | undefined) {
  const store = new MemoryStore({ random: seededRandom('endpoints') })
  return startNode(store, new ManualClock(), 'endpoints', endpoints === undefined ? {} : { endpoints })
}

t.test('Register, Login and Endpoints name the nodes for their user', async t => {
  const node = await started(listFor)
  const device = new TestDevice(node)
  const registered = decodeRegisterResponse((await device.register('alice', 1)).body)
  const uid = registered.session?.uid ?? 0
  t.same(registered.endpoints, listFor(uid))
  t.same(decodeLoginResponse((await device.login('alice', 2)).body).endpoints, listFor(uid))
  await device.hello()
  t.same(decodeEndpointsResponse((await device.call(METHODS.endpoints, {})).body).endpoints, listFor(uid))
})

t.test('without nodes to name a sign-in says nothing of them; Endpoints is empty, and good for hours', async t => {
  for (const endpoints of [undefined, () => undefined]) {
    const device = new TestDevice(await started(endpoints))
    t.equal(decodeRegisterResponse((await device.register('alice', 1)).body).endpoints, undefined)
    t.equal(decodeLoginResponse((await device.login('alice', 2)).body).endpoints, undefined)
    await device.hello()
    const { endpoints: answer } = decodeEndpointsResponse((await device.call(METHODS.endpoints, {})).body)
    t.same(answer?.endpoints, [])
    t.ok((answer?.ttlS ?? 0) >= 3_600)
  }
})
