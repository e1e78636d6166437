/** A node without a store: what its clients get when the logic node behind it goes and comes. */
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { METHODS } from '../../protocol/methods.js'
import { backlogBounds } from '../../src/connection/backlog.js'
import { Connection } from '../../src/connection/connection.js'
import { seededRandom } from '../../src/lib/random.js'
import { batchIn, LinkNetwork } from '../../src/link/link-network.js'
import { LogicLinks } from '../../src/link/logic-links.js'
import { AccessNode } from '../../src/node/access-node.js'
import { silentLog } from '../../src/ops/log.js'
import { LinkRig, SECRET } from '../link/support.js'
import { FakePipe, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'

const UID = 7

/** A node with one logic node behind it, and a client that is bound. */
async function scene() {
  const rig = new LinkRig()
  const common = { name: 'access', clock: rig.clock, random: seededRandom('node'), log: silentLog }
  const links = new LogicLinks({
    ...common,
    secret: SECRET,
    dialer: rig.dialer,
    receive(message) {
      const batch = batchIn(message)
      if (batch !== undefined) node.receive(batch)
    },
    onOpen: () => node.compare(),
  })
  const node = new AccessNode({
    ...common,
    defer: rig.defer,
    settings: {
      limits: 'open',
      connections: { totalMax: 10, perAddressMax: 10 },
      backlog: backlogBounds(2 ** 30),
    },
    links,
    store: undefined,
    network: new LinkNetwork(links, undefined),
  })
  node.start()
  node.serve()
  const logic = rig.start('a:1')
  links.setAddresses(['a:1'])
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) {
      rig.pass(50)
      await turn()
    }
  }
  await pass(200)
  const pipe = new FakePipe()
  node.access.context.gate.admit('192.0.2.1')
  const connection = new Connection(node.access.context, pipe, '192.0.2.1', { leadingZero: true })
  pipe.connection = connection
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: Uint8Array.of(UID, 1), attempt: 1 })))
  await pass(200)
  return { rig, node, logic, pipe, connection, pass }
}

t.test('a client stays connected while its logic node is gone, and is told what came meanwhile', async t => {
  const { rig, node, logic, pipe, pass } = await scene()
  t.match(pipe.seen(), [{ what: 'answer', id: 1 }, { what: 'push' }])
  t.same(await node.ready(), { ready: true })
  logic.kill()
  await pass(1_000)
  t.match(await node.ready(), { ready: false })
  const next = rig.start('a:1')
  // It was said before this node had a link again: no event tells of it.
  next.services.timeline(UID).append()
  await pass(3_000)
  t.match(pipe.seen(), [{ what: 'notify', version: 1 }])
  t.same(await node.ready(), { ready: true })
})

t.test('a request that had no answer is asked again, once the logic node is back', async t => {
  const { rig, logic, pipe, connection, pass } = await scene()
  pipe.seen()
  connection.receive(encodeRequest(2, METHODS.getProfile.number, Uint8Array.of()))
  await pass(100)
  t.equal(logic.services.requests.length, 1)
  logic.kill()
  await pass(500)
  const next = rig.start('a:1')
  await pass(2_000)
  const [held] = next.services.requests
  t.match(held, { method: METHODS.getProfile.number, caller: { uid: UID, device: 1 } })
  held?.caller.respond(held.id, Uint8Array.of())
  await pass(100)
  t.match(pipe.seen(), [{ what: 'answer', id: 2 }])
})

t.test('when it drains its clients are sent away, and its links are closed', async t => {
  const { node, logic, pipe, pass } = await scene()
  pipe.seen()
  const draining = node.drain({ inWork: 0, leave() {}, drain() {} }, 1_000)
  await pass(3_000)
  await draining
  t.match(pipe.seen(), [{ what: 'drain' }, { what: 'close' }])
  t.equal(logic.server.size, 0)
})
