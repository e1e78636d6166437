import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { encodeFrame, encodeNotice, PING } from '../../protocol/frame-codec.js'
import {
  createAckNotice,
  createHelloResponse,
  createSyncRequest,
  encodeAckNotice,
  encodeSyncRequest,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { sendAway } from '../../src/connection/send-away.js'
import { connectionRig, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { appended, ended } from '../support/events.js'
import { FakeServices } from '../support/fake-services.js'
import { EMPTY, messageItem, opened, openOne, request, TOKEN, whats } from '../support/open-connection.js'

t.test('many answers and pushes of one turn leave in one write', async t => {
  const { services, rig, pipe, connection } = await opened()
  services.onRequest = ({ caller, id }) => caller.respond(id, EMPTY)
  connection.receive(joined(...Array.from({ length: 50 }, (_, i) => request(i + 1)), PING, PING))
  rig.hub.take(appended(7, services.timeline(7).append()))
  t.equal(pipe.writes.length, 0)
  await rig.turn()
  t.equal(pipe.writes.length, 1)
  const seen = pipe.seen()
  t.equal(seen.filter(({ what }) => what === 'answer').length, 50)
  t.equal(seen.filter(({ what }) => what === '00').length, 1, 'a read that held pings is answered by one')
})

t.test('items of one turn become one push, in order', async t => {
  const { services, rig, pipe } = await opened()
  for (let i = 0; i < 10; i++) rig.hub.take(appended(7, services.timeline(7).append()))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'push', from: 0, to: 10, versions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }])
})

t.test('a push that was gathered leaves before an answer that came later', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(request(5, METHODS.send.number))
  const timeline = services.timeline(7)
  rig.hub.take(appended(7, timeline.append()))
  const own = timeline.append()
  services.requests[0]?.caller.accepted(5, own.from, own.version)
  rig.hub.take(appended(7, own))
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.match(pipe.seen(), [
    { what: 'push', from: 0, to: 1 },
    { what: 'answer', id: 5 },
    { what: 'push', from: 2, to: 3 },
  ])
})

t.test('a page of keyed state moves nothing: what is pushed, and what may be acknowledged, is as before', async t => {
  const { services, rig, pipe, connection } = await opened()
  const timeline = services.timeline(7)
  const ask = (id: number, since: number) =>
    connection.receive(request(id, METHODS.sync.number, encodeSyncRequest(createSyncRequest({ since, state: true }))))
  const before = connection.told
  for (let i = 0; i < 3; i++) timeline.append()
  ask(3, 0)
  const page = timeline.page(0)
  services.requests[0]?.caller.synced(3, 0, { ...page, state: true } as typeof page, [])
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer', id: 3 }])
  t.equal(connection.told, before)
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'notify', version: 4 }], 'the client has not applied what came before')
})

t.test('an item that does not follow makes one Notify, and no other until the client has pulled', async t => {
  const { services, rig, pipe, connection } = await opened()
  const timeline = services.timeline(7)
  timeline.append() // its event is lost
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'notify', version: 2 }])
  connection.receive(request(3, METHODS.sync.number, encodeSyncRequest(createSyncRequest({ since: 0 }))))
  const page = timeline.page(0)
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.same(pipe.seen(), [], 'the answer is to come')
  services.requests[0]?.caller.synced(3, 0, page, [])
  await rig.turn()
  t.match(
    pipe.seen(),
    [
      { what: 'answer', id: 3 },
      { what: 'notify', version: 4 },
    ],
    'it grew behind the page',
  )
  connection.receive(request(4, METHODS.sync.number))
  services.requests[1]?.caller.synced(4, 3, timeline.page(3), [])
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', from: 4, to: 5 }], 'caught up: pushed again')
})

t.test('a client that was told and does not pull is told again after some seconds, if there is more', async t => {
  const { services, rig, pipe } = await opened()
  const timeline = services.timeline(7)
  timeline.append()
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'notify', version: 2 }])
  await rig.pass(20_000)
  t.same(pipe.seen(), [], 'nothing new')
  for (let i = 0; i < 20; i++) {
    rig.hub.take(appended(7, timeline.append()))
    await rig.turn()
  }
  t.match(pipe.seen(), [{ what: 'notify', version: 3 }])
  await rig.pass(10_000)
  t.match(pipe.seen(), [{ what: 'notify', version: 22 }])
})

t.test('news without bytes is a Notify', async t => {
  const { rig, pipe } = await opened()
  rig.hub.take(appended(7, { from: 0, version: 1, bytes: undefined }))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'notify', version: 1 }])
})

t.test('connections of one user at the same version share the bytes of a push', async t => {
  const { services, rig, pipe } = await opened()
  const other = await openOne(rig, { token: Uint8Array.of(7, 2), attempt: 1 })
  const event = appended(7, services.timeline(7).append())
  rig.hub.take(event)
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'push', to: 1 }])
  t.match(other.pipe.seen(), [{ what: 'push', to: 1 }])
  t.equal(rig.hub.bound, 2)
  t.equal(rig.hub.users, 1)
})

t.test('stops reading at 64 requests in work, and reads on when they are answered', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(joined(...Array.from({ length: 100 }, (_, i) => request(i + 1))))
  t.equal(services.requests.length, 64)
  t.equal(pipe.paused, true)
  services.requests[10]?.caller.respond(11, EMPTY)
  await rig.turn()
  t.equal(services.requests.length, 65)
  for (const { caller, id } of services.requests.splice(0)) if (id !== 11) caller.respond(id, EMPTY)
  await rig.turn()
  t.equal(services.requests.length, 35)
  t.equal(pipe.paused, false)
  t.equal(pipe.seen().length, 65)
})

t.test('one Sync is in work at a time', async t => {
  const { services, rig, connection } = await opened()
  connection.receive(joined(request(1, METHODS.sync.number), request(2, METHODS.sync.number), request(3)))
  t.same(
    services.requests.map(({ id }) => id),
    [1],
  )
  services.requests[0]?.caller.refuse(1, CODES.UNAVAILABLE.code, 'later', 500)
  await rig.turn()
  t.same(
    services.requests.map(({ id }) => id),
    [1, 2, 3],
  )
})

t.test('more than 1 000 pings in a second are a flood, 1 000 are not', async t => {
  const { rig, pipe, connection } = await opened()
  connection.receive(new Uint8Array(1_000))
  await rig.pass(1_000)
  connection.receive(new Uint8Array(600))
  connection.receive(new Uint8Array(400))
  await rig.turn()
  t.same(whats(pipe), ['00', '00', '00'])
  connection.receive(PING)
  t.same(whats(pipe), ['close FLOOD'])
})

t.test('nothing follows the last frame, and the pipe is read on for the peer to be heard', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(joined(PING, request(1), encodeFrame({ id: 9 }), request(2), PING))
  t.equal(connection.state, 'closed')
  services.requests[0]?.caller.respond(1, EMPTY)
  await rig.turn()
  t.same(whats(pipe), ['close PROTOCOL_ERROR'])
  t.equal(services.requests.length, 1)
  t.equal(pipe.paused, false)
})

t.test('acks go to the services; one that they do not like, or that is none, closes', async t => {
  for (const [body, ackCode, expected] of [
    [encodeAckNotice(createAckNotice({ version: 3 })), CODES.OK.code, []],
    [encodeAckNotice(createAckNotice({ version: 3 })), CODES.RESYNC.code, ['close RESYNC']],
    [Uint8Array.of(0x08), CODES.OK.code, ['close BAD_BODY']],
  ] as const) {
    const { services, rig, pipe, connection } = await opened()
    services.ackCode = ackCode
    connection.receive(encodeNotice(METHODS.ack.number, body))
    await rig.turn()
    t.same(whats(pipe), expected)
  }
})

t.test('notices that are not for the server are ignored, a response is not', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(joined(encodeNotice(9999, EMPTY), encodeNotice(METHODS.push.number, EMPTY), request(1)))
  t.equal(services.requests.length, 1)
  connection.receive(encodeFrame({ id: 5 }))
  await rig.turn()
  t.same(whats(pipe), ['close PROTOCOL_ERROR'])
})

t.test('after RESYNC the client stands at 0: nothing is pushed until it has pulled', async t => {
  const { services, rig, pipe, connection } = await opened()
  const timeline = services.timeline(7)
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  connection.receive(request(1, METHODS.sync.number))
  services.requests[0]?.caller.synced(1, 99, timeline.page(99), [])
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.match(pipe.seen().slice(1), [{ what: 'refusal', code: 'RESYNC' }])
  connection.receive(request(2, METHODS.sync.number))
  services.requests[1]?.caller.synced(2, 0, timeline.page(0), [])
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', from: 2, to: 3 }])
})

t.test('idle: closed after one and a half heartbeats and ten seconds without a byte', async t => {
  const { rig, pipe, connection } = await opened({ heartbeatMs: 20_000 })
  for (let i = 0; i < 5; i++) {
    await rig.pass(38_000)
    connection.receive(PING)
    await rig.turn()
    t.same(whats(pipe), ['00'])
  }
  await rig.pass(42_000)
  t.same(whats(pipe), ['close IDLE_TIMEOUT'])
  t.equal(pipe.ended, true)
  t.equal(pipe.destroyed, false)
  await rig.pass(7_000)
  t.equal(pipe.destroyed, true, 'the peer did not finish')
  connection.gone()
  t.same([rig.context.connections.size, rig.context.gate.total, rig.context.wheel.size], [0, 0, 0])
})

t.test('the default heartbeat is five minutes', async t => {
  const { rig, connection } = await opened()
  await rig.pass(455_000)
  t.equal(connection.state, 'open')
  await rig.pass(10_000)
  t.equal(connection.state, 'closed')
})

t.test('a closed connection throws away what still comes, up to a bound', async t => {
  const { services, pipe, connection } = await opened()
  connection.close(CODES.SERVER_ERROR.code)
  connection.close(CODES.FLOOD.code)
  t.same(whats(pipe), ['close SERVER_ERROR'], 'the first reason stands')
  connection.receive(request(1))
  t.equal(services.requests.length, 0)
  connection.receive(new Uint8Array(600_000))
  t.equal(pipe.destroyed, false)
  connection.receive(new Uint8Array(600_000))
  t.equal(pipe.destroyed, true)
})

t.test('answers for a connection that is closed go nowhere', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(joined(request(1), request(2, METHODS.sync.number), request(3, METHODS.send.number)))
  connection.gone()
  t.equal(connection.state, 'closed')
  const [one, two, three] = services.requests
  one?.caller.respond(1, EMPTY)
  two?.caller.synced(2, 0, services.timeline(7).page(0), [])
  three?.caller.accepted(3, 0, 1)
  await rig.turn()
  t.same(pipe.seen(), [])
  t.equal(three?.caller.uid, 7, 'who asked is still known')
})

t.test('a peer that has finished gets the answers that are due, then the end', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(joined(request(1), request(2)))
  connection.ended()
  services.requests[0]?.caller.respond(1, EMPTY)
  await rig.turn()
  t.equal(pipe.ended, false)
  services.requests[1]?.caller.respond(2, EMPTY)
  await rig.turn()
  t.same(whats(pipe), ['answer', 'answer'], 'no Close: the peer has closed')
  t.equal(pipe.ended, true)
  t.equal(connection.state, 'closed')
})

t.test('draining: says so, finishes what is in work, refuses the rest, closes', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(request(1))
  connection.drain(1_234)
  connection.drain(99)
  connection.receive(request(2))
  await rig.turn()
  t.same(pipe.seen(), [
    { what: 'drain', retryAfterMs: 1_234 },
    { what: 'refusal', id: 2, code: 'DRAINING', retryAfterMs: 1_234 },
  ])
  services.requests[0]?.caller.respond(1, EMPTY)
  await rig.turn()
  t.match(pipe.seen(), [
    { what: 'answer', id: 1 },
    { what: 'close', code: 'DRAINING', retryAfterMs: 1_234 },
  ])
  t.equal(pipe.ended, true)
})

t.test('sent away: names the other nodes and goes on serving, until it is drained', async t => {
  const { services, rig, pipe, connection } = await opened()
  sendAway(connection, { endpoints: [{ host: 'b', port: 1, url: '', weight: 1 }], ttlS: 60 }, 1_234)
  connection.receive(request(1))
  await rig.pass(7_000)
  services.requests[0]?.caller.respond(1, EMPTY)
  await rig.turn()
  t.match(pipe.seen(), [
    { what: 'drain', retryAfterMs: 1_234, hosts: ['b'] },
    { what: 'answer', id: 1 },
  ])
  t.equal(connection.state, 'open')
  connection.drain(77)
  await rig.turn()
  t.same(whats(pipe), ['drain', 'close DRAINING'])
})

t.test('a connection without a session is not sent away but drained', async t => {
  const rig = connectionRig(new FakeServices())
  const { pipe, connection } = rig.connect()
  sendAway(connection, { endpoints: [], ttlS: 0 }, 77)
  t.match(pipe.seen(), [{ what: 'close', code: 'DRAINING', retryAfterMs: 77 }])
})

t.test('draining does not wait for ever for a request in work', async t => {
  const { rig, pipe, connection } = await opened()
  connection.receive(request(1))
  connection.drain(10)
  await rig.pass(7_000)
  t.same(whats(pipe), ['drain', 'close DRAINING'])
})

t.test('draining closes a connection that has not said Hello', async t => {
  const rig = connectionRig(new FakeServices())
  const { pipe, connection } = rig.connect()
  connection.drain(77)
  t.match(pipe.seen(), [{ what: 'close', code: 'DRAINING', retryAfterMs: 77 }])
})

t.test('the connection with the higher attempt replaces the other, which is told by which', async t => {
  const { rig, pipe, connection } = await opened({ attempt: 3 })
  const newer = await openOne(rig, { attempt: 5 })
  t.same(pipe.seen(), [{ what: 'close', code: 'REPLACED', boundAttempt: 5 }])
  t.equal(connection.state, 'closed')
  t.equal(newer.connection.state, 'open')
  t.same([rig.hub.users, rig.hub.bound], [1, 1])
  const { pipe: late, connection: older } = rig.connect()
  older.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 4 })))
  await rig.turn()
  t.same(late.seen(), [{ what: 'refusal', id: 1, code: 'ATTEMPT_SUPERSEDED', boundAttempt: 5 }])
  t.equal(newer.connection.state, 'open')
  t.equal(rig.hub.bound, 1)
})

t.test('a session that ends elsewhere closes its connection; a bound attempt closes the lower ones only', async t => {
  const { rig, pipe, connection } = await opened({ attempt: 3 })
  rig.hub.take(ended(7, 2, 'session', Number.MAX_SAFE_INTEGER))
  rig.hub.take(ended(8, 1, 'session', Number.MAX_SAFE_INTEGER))
  rig.hub.take(ended(7, 1, 'attempt', 3))
  t.equal(connection.state, 'open')
  rig.hub.take(ended(7, 1, 'attempt', 4))
  t.same(pipe.seen(), [{ what: 'close', code: 'REPLACED', boundAttempt: 4 }])
  const again = await openOne(rig, { attempt: 9 })
  rig.hub.take(ended(7, 1, 'session', Number.MAX_SAFE_INTEGER))
  t.same(whats(again.pipe), ['close SESSION_REVOKED'])
})

t.test('a peer that takes nothing gets no more pushes and is not read; one Notify follows when it reads', async t => {
  const { services, rig, pipe, connection } = await opened()
  const timeline = services.timeline(7)
  pipe.takes = false
  for (let i = 0; i < 100; i++) {
    rig.hub.take(appended(7, { ...timeline.append(), bytes: messageItem(5_000) }))
    await rig.turn()
  }
  connection.receive(request(1))
  t.equal(services.requests.length, 0)
  t.equal(pipe.paused, true)
  pipe.takes = true
  pipe.release()
  await rig.turn()
  const seen = pipe.seen()
  const last = seen.pop()
  t.match(last, { what: 'notify', version: 100 })
  t.ok(seen.length > 50 && seen.length < 70, `${seen.length} pushes of 5 000 bytes were kept`)
  t.equal(seen.at(-1)?.to, seen.length, 'and they are the first ones')
  t.equal(pipe.paused, false)
  t.equal(services.requests.length, 1)
})

t.test('what is written is cut in pieces of 64 KiB, so that a slow peer is seen to move', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(joined(request(1), request(2), request(3)))
  for (const { caller, id } of services.requests) caller.respond(id, new Uint8Array(id === 2 ? 200_000 : 40_000))
  await rig.turn()
  t.ok(pipe.writes.every(piece => piece.length <= 65_536))
  t.match(
    pipe.seen().map(({ body }) => (body as Uint8Array).length),
    [40_000, 200_000, 40_000],
  )
})

t.test('a peer that takes nothing for a minute is a slow consumer; one that takes a little is not', async t => {
  const { services, rig, pipe, connection } = await opened({ heartbeatMs: 1_800_000 })
  connection.receive(request(1, METHODS.getProfile.number))
  pipe.takes = false
  services.requests[0]?.caller.respond(1, new Uint8Array(250_000))
  await rig.turn()
  for (let i = 0; i < 3; i++) {
    await rig.pass(50_000)
    t.equal(connection.state, 'open')
    pipe.release()
  }
  await rig.pass(62_000)
  t.equal(connection.state, 'closed')
  t.equal(pipe.destroyed, false)
  await rig.pass(7_000)
  t.equal(pipe.destroyed, true)
})

t.test('the same closes a peer that takes nothing though little waits', async t => {
  const { services, rig, pipe, connection } = await opened({ heartbeatMs: 1_800_000 })
  connection.receive(request(1))
  pipe.takes = false
  services.requests[0]?.caller.respond(1, EMPTY)
  await rig.pass(62_000)
  t.equal(connection.state, 'closed')
})

t.test('a Hello whose page cannot be read is refused with UNAVAILABLE', async t => {
  const services = new FakeServices()
  services.page = () => Promise.reject(new Error('disk'))
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  t.same(whats(pipe), ['refusal UNAVAILABLE'])
  t.equal(rig.hub.bound, 0)
})

t.test('a Hello that binds after the connection has gone leaves nothing behind', async t => {
  const services = new FakeServices()
  services.helloMode = 'hold'
  const rig = connectionRig(services)
  const { connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  connection.gone()
  const response = createHelloResponse({ uid: 7, device: 1 })
  services.hellos[0]?.settle({ kind: 'bound', response, attempt: 1, since: 0 })
  await rig.turn()
  t.same([rig.hub.bound, rig.context.connections.size, rig.context.gate.total, rig.context.wheel.size], [0, 0, 0, 0])
})
