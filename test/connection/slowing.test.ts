/** A peer that sends too much is read more slowly, and one that sends what nobody answers is closed. */
import t from 'tap'
import { encodeNotice, encodeRequest, PING } from '../../protocol/frame-codec.js'
import { encodeAckNotice } from '../../protocol/generated/messages.js'
import { PINGS_PER_SECOND_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { Limits } from '../../src/ops/rate-limits.js'
import { connectionRig, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { FakeServices } from '../support/fake-services.js'

const TOKEN = Uint8Array.of(7)

async function opened(burst: number) {
  const services = new FakeServices()
  const rig = connectionRig(services)
  const limits = new Limits(rig.clock, { bytes: { amount: 1_000, unit: 's', burst } })
  Object.assign(rig.context, { limits })
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  pipe.seen()
  return { services, rig, limits, pipe, connection }
}

const request = (id: number, bytes: number): Uint8Array =>
  encodeRequest(id, METHODS.send.number, new Uint8Array(bytes).fill(1))

t.test('a device that sends too much is not read until its rate allows it, and loses nothing', async t => {
  const { services, rig, pipe, connection } = await opened(10_000)
  for (let id = 2; id <= 4; id++) connection.receive(request(id, 3_000))
  t.equal(services.requests.length, 3, 'a burst goes through')
  t.notOk(pipe.paused)
  connection.receive(request(5, 6_000))
  t.ok(pipe.paused, 'then the peer is held back')
  t.equal(services.requests.length, 3, 'what came with it waits')
  await rig.pass(4_000)
  t.equal(services.requests.length, 3)
  await rig.pass(3_000)
  t.equal(services.requests.length, 4, 'and is taken when it has been made up for')
  t.notOk(pipe.paused)
  t.equal(connection.state, 'open', 'that silence was not its own')
})

t.test('an idle connection is forgotten by the limit', async t => {
  const { rig, limits, connection } = await opened(10_000)
  t.ok(limits.keys > 0)
  await rig.pass(15_000)
  t.equal(limits.keys, 0)
  t.equal(connection.state, 'open')
})

t.test('refusals for the rate count as bytes: who does not listen to them is slowed', async t => {
  const { services, rig, pipe, connection } = await opened(10_000)
  services.onRequest = ({ caller, id }) => caller.refuse(id, 203, '', 1_000)
  for (let id = 2; id < 12; id++) connection.receive(request(id, 10))
  await rig.turn()
  t.ok(pipe.paused)
})

t.test('while it is slowed a connection can be closed, and ends', async t => {
  const { pipe, connection, rig } = await opened(1_000)
  connection.receive(request(2, 60_000))
  t.ok(pipe.paused)
  connection.drain(10)
  await rig.turn()
  connection.close(502)
  await rig.turn()
  t.notOk(pipe.paused, "so that the peer's end is seen")
  connection.gone()
  await rig.pass(120_000)
  t.equal(rig.context.connections.size, 0)
})

t.test('pings and notices share one bound', async t => {
  const { pipe, rig, connection } = await opened(1_000_000)
  const ack = encodeNotice(METHODS.ack.number, encodeAckNotice({ version: 0, delivered: [], read: [] }))
  const unknown = encodeNotice(77, new Uint8Array(0))
  const third = Math.floor(PINGS_PER_SECOND_MAX / 3)
  connection.receive(joined(...new Array<Uint8Array>(third).fill(PING)))
  connection.receive(joined(...new Array<Uint8Array>(third).fill(ack)))
  connection.receive(joined(...new Array<Uint8Array>(third).fill(unknown)))
  await rig.turn()
  t.equal(connection.state, 'open')
  connection.receive(joined(...new Array<Uint8Array>(10).fill(ack)))
  await rig.turn()
  t.match(pipe.seen().at(-1), { what: 'close', code: 'FLOOD' })
})
