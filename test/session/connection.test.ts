import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { encodeFrame, encodeNotice, encodeRequest } from '../../protocol/frame-codec.js'
import {
  createAckNotice,
  createHelloResponse,
  createSyncRequest,
  encodeAckNotice,
  encodeSyncRequest,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { FakeServices } from '../support/fake-services.js'
import { type FakePipe, helloFrame, joined, LEADING_ZERO, type Rig, sessionRig } from '../support/session-rig.js'

const PING = Uint8Array.of(0)
const EMPTY = new Uint8Array(0)
const TOKEN = Uint8Array.of(7, 1)

function request(id: number, method: number = METHODS.getProfile.number, body: Uint8Array = EMPTY): Uint8Array {
  return encodeRequest(id, method, body)
}

/** An encoded Item with a message of some letters, `bytes` long in all. */
function messageItem(bytes: number): Uint8Array {
  const text = bytes - 6
  const inner = text + 3
  const head = Uint8Array.of(0x12, (inner & 127) | 128, inner >> 7, 0x32, (text & 127) | 128, text >> 7)
  return joined(head, new Uint8Array(text).fill(0x61))
}

async function opened(init: Parameters<typeof helloFrame>[1] = {}) {
  const services = new FakeServices()
  const rig = sessionRig(services)
  return { services, rig, ...(await openOne(rig, init)) }
}

/** A connection that belongs to a device, its answer and first page read. */
async function openOne(rig: Rig, init: Parameters<typeof helloFrame>[1] = {}) {
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1, ...init })))
  await rig.turn()
  pipe.seen()
  return { pipe, connection }
}

function whats(pipe: FakePipe): string[] {
  return pipe.seen().map(({ what, code }) => (code === undefined ? what : `${what} ${code}`))
}

t.test('answers Hello, pushes the first page right behind it, and is open', async t => {
  const services = new FakeServices()
  for (let i = 0; i < 3; i++) services.timeline(7).append()
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  t.equal(connection.state, 'opening')
  connection.receive(joined(LEADING_ZERO, helloFrame(9, { token: TOKEN, attempt: 4, since: 1 })))
  await rig.turn()
  t.equal(connection.state, 'open')
  t.match(pipe.seen(), [
    { what: 'answer', id: 9 },
    { what: 'push', from: 1, to: 3, versions: [2, 3] },
  ])
  t.same([connection.uid, connection.device, connection.attempt, connection.told], [7, 1, 4, 3])
  t.same([rig.hub.users, rig.hub.bound], [1, 1])
})

t.test('ends when its session was ended, or bound elsewhere, while its Hello was being answered', async t => {
  for (const [bound, code] of [
    [undefined, 'SESSION_REVOKED'],
    [5, 'REPLACED'],
  ] as const) {
    const services = new FakeServices()
    services.bound.set('7/1', bound)
    const rig = sessionRig(services)
    const { pipe, connection } = rig.connect()
    connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 4 })))
    await rig.turn()
    t.match(pipe.seen().at(-1), { what: 'close', code })
    t.equal(rig.hub.bound, 0)
  }
})

t.test('pushes an empty first page too, for the client waits for it', async t => {
  const services = new FakeServices()
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', from: 0, to: 0, versions: [] }])
})

t.test('says Notify when there is more than the first page', async t => {
  const services = new FakeServices()
  services.itemsMax = 2
  for (let i = 0; i < 5; i++) services.timeline(7).append()
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', to: 2 }, { what: 'notify', version: 5 }])
})

t.test('what comes between Hello and its first page is neither lost nor pushed out of turn', async t => {
  const services = new FakeServices()
  services.heldPages = []
  services.timeline(7).append()
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }])
  rig.hub.hint({ uid: 7, ...services.timeline(7).append() })
  await rig.turn()
  t.same(pipe.seen(), [], 'the page goes first')
  for (const resolve of services.heldPages.splice(0)) resolve()
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'push', from: 0, to: 2, versions: [1, 2] }])
})

t.test('the first page goes first, also when an item follows what the client has', async t => {
  const services = new FakeServices()
  services.heldPages = []
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  rig.hub.hint({ uid: 7, ...services.timeline(7).append() })
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }])
})

t.test('keeps what the same read brought behind Hello, and works on it after the answer', async t => {
  const services = new FakeServices()
  services.helloMode = 'hold'
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  // A frame that would be too large for a Hello shows that the limit is the right one by then.
  const large = request(2, METHODS.send.number, new Uint8Array(30_000))
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 }), large, request(3)))
  t.equal(connection.state, 'handshaking')
  t.equal(pipe.paused, true, 'nothing is read while it is verified')
  await rig.turn()
  t.equal(services.requests.length, 0)
  const [held] = services.hellos
  if (held === undefined) throw new Error('no hello')
  held.settle(services.answerOf(held.request))
  await rig.turn()
  t.same(
    services.requests.map(({ id, method }) => [id, method]),
    [
      [2, METHODS.send.number],
      [3, METHODS.getProfile.number],
    ],
  )
  t.equal(pipe.paused, false)
})

t.test('without a token it is nameless: Register and Login only, then one Hello with a token', async t => {
  const services = new FakeServices()
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, {}), request(2, METHODS.send.number)))
  connection.receive(joined(request(3, METHODS.register.number), request(4, METHODS.login.number), request(5, 9999)))
  await rig.turn()
  t.equal(connection.state, 'nameless')
  t.match(pipe.seen(), [
    { what: 'answer', id: 1 },
    { what: 'refusal', id: 2, code: 'LOGIN_REQUIRED' },
  ])
  t.same(
    services.requests.map(({ id }) => id),
    [3, 4, 5],
    'an unknown method is for the services to refuse',
  )
  connection.receive(helloFrame(6, { token: TOKEN, attempt: 1 }))
  await rig.turn()
  t.equal(connection.state, 'open')
  connection.receive(helloFrame(7, { token: TOKEN, attempt: 2 }))
  await rig.turn()
  t.same(whats(pipe), ['answer', 'push', 'close HELLO_REPEATED'])
  t.equal(rig.hub.bound, 0)
})

t.test('a second Hello without a token is refused', async t => {
  const rig = sessionRig(new FakeServices())
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, {}), helloFrame(2, {})))
  await rig.turn()
  t.same(whats(pipe), ['answer', 'close HELLO_REPEATED'])
  t.equal(pipe.ended, true)
})

t.test('a nameless connection is closed after a minute, whatever it does', async t => {
  const rig = sessionRig(new FakeServices())
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, {})))
  for (let i = 0; i < 59; i++) {
    await rig.pass(1_000)
    connection.receive(PING)
  }
  t.equal(connection.state, 'nameless')
  await rig.pass(2_000)
  t.match(whats(pipe).at(-1), 'close NAMELESS_TIMEOUT')
})

t.test('a refused Hello is answered with its code, and that is the last frame', async t => {
  const services = new FakeServices()
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: Uint8Array.of(255), attempt: 1 }), request(2)))
  await rig.turn()
  t.same(pipe.seen(), [{ what: 'refusal', id: 1, code: 'UNAUTHENTICATED' }])
  t.equal(connection.state, 'closed')
  t.equal(pipe.ended, true)
  t.equal(services.requests.length, 0, 'what followed has no effect')
})

for (const [name, frame, code] of [
  ['without an attempt', helloFrame(1, { token: TOKEN }), 'refusal INVALID_ARGUMENT'],
  [
    'with a heartbeat that is too quick',
    helloFrame(1, { token: TOKEN, attempt: 1, heartbeatMs: 9_999 }),
    'refusal INVALID_ARGUMENT',
  ],
  [
    'with a heartbeat that is too slow',
    helloFrame(1, { token: TOKEN, attempt: 1, heartbeatMs: 1_800_001 }),
    'refusal INVALID_ARGUMENT',
  ],
  ['whose body is none', encodeRequest(1, METHODS.hello.number, Uint8Array.of(0x0a, 0x05)), 'refusal BAD_BODY'],
  ['without an id', encodeNotice(METHODS.hello.number, EMPTY), 'close PROTOCOL_ERROR'],
  ['in whose place a request comes', request(1), 'close HELLO_REQUIRED'],
  ['in whose place a notice comes', encodeNotice(METHODS.ack.number, EMPTY), 'close HELLO_REQUIRED'],
  ['in whose place a ping comes', PING, 'close HELLO_REQUIRED'],
  ['that is declared to have 16 385 bytes', Uint8Array.of(0x81, 0x80, 0x01), 'close FRAME_TOO_LARGE'],
] as const) {
  t.test(`refuses a Hello ${name}`, async t => {
    const rig = sessionRig(new FakeServices())
    const { pipe, connection } = rig.connect()
    connection.receive(joined(LEADING_ZERO, frame))
    await rig.turn()
    t.same(whats(pipe), [code])
    t.equal(connection.state, 'closed')
  })
}

t.test('a Hello of 16 384 bytes is taken, one of 16 385 is not', async t => {
  for (const [bytes, expected] of [
    [16_384, 'answer'],
    [16_385, 'close FRAME_TOO_LARGE'],
  ] as const) {
    const rig = sessionRig(new FakeServices())
    const { pipe, connection } = rig.connect()
    // An unknown field fills it: 2 bytes of id, 2 of method, 3 of the body's head, 3 of the field's.
    const filling = bytes - 10
    const body = joined(Uint8Array.of(0x7a, (filling & 127) | 128, filling >> 7), new Uint8Array(filling))
    const frame = encodeFrame({ id: 1, method: METHODS.hello.number, body })
    t.equal(frame.length - 3, bytes)
    connection.receive(joined(LEADING_ZERO, frame))
    await rig.turn()
    t.same(whats(pipe), [expected])
  }
})

t.test('no Hello within 10 seconds: HELLO_TIMEOUT, however it dribbles', async t => {
  const rig = sessionRig(new FakeServices())
  const { pipe, connection } = rig.connect()
  const bytes = joined(LEADING_ZERO, helloFrame(1, { token: new Uint8Array(100), attempt: 1 }))
  for (let i = 0; i < 10; i++) {
    connection.receive(bytes.subarray(i, i + 1))
    await rig.pass(990)
  }
  t.equal(connection.state, 'opening')
  await rig.pass(2_000)
  t.same(whats(pipe), ['close HELLO_TIMEOUT'])
})

t.test('a Hello that the services never answer ends in UNAVAILABLE', async t => {
  const services = new FakeServices()
  services.helloMode = 'hold'
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.pass(32_000)
  t.same(whats(pipe), ['close UNAVAILABLE'])
  const [held] = services.hellos
  held?.settle(services.answerOf(held.request))
  await rig.turn()
  t.same(whats(pipe), [], 'a late answer is for nobody')
  t.equal(rig.hub.bound, 0)
})

for (const [name, first] of [
  ['TLS', 0x16],
  ['HTTP', 0x47],
  ['anything', 0x99],
] as const) {
  t.test(`closes at the first byte of ${name}`, async t => {
    const rig = sessionRig(new FakeServices())
    const { pipe, connection } = rig.connect()
    connection.receive(Uint8Array.of(first))
    t.same(whats(pipe), ['close PROTOCOL_ERROR'])
  })
}

t.test('over WebSocket there is no leading byte', async t => {
  const services = new FakeServices()
  const rig = sessionRig(services, false)
  const { pipe, connection } = rig.connect()
  connection.receive(helloFrame(1, { token: TOKEN, attempt: 1 }))
  await rig.turn()
  t.equal(connection.state, 'open')
  t.same(whats(pipe), ['answer', 'push'])
})

t.test('many answers and pushes of one turn leave in one write', async t => {
  const { services, rig, pipe, connection } = await opened()
  services.onRequest = ({ caller, id }) => caller.respond(id, EMPTY)
  connection.receive(joined(...Array.from({ length: 50 }, (_, i) => request(i + 1)), PING, PING))
  rig.hub.hint({ uid: 7, ...services.timeline(7).append() })
  t.equal(pipe.writes.length, 0)
  await rig.turn()
  t.equal(pipe.writes.length, 1)
  const seen = pipe.seen()
  t.equal(seen.filter(({ what }) => what === 'answer').length, 50)
  t.equal(seen.filter(({ what }) => what === '00').length, 1, 'a read that held pings is answered by one')
})

t.test('hints of one turn become one push, in order', async t => {
  const { services, rig, pipe } = await opened()
  for (let i = 0; i < 10; i++) rig.hub.hint({ uid: 7, ...services.timeline(7).append() })
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'push', from: 0, to: 10, versions: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }])
})

t.test('a push that was gathered leaves before an answer that came later', async t => {
  const { services, rig, pipe, connection } = await opened()
  connection.receive(request(5, METHODS.send.number))
  const timeline = services.timeline(7)
  rig.hub.hint({ uid: 7, ...timeline.append() })
  const own = timeline.append()
  services.requests[0]?.caller.accepted(5, own.from, own.version)
  rig.hub.hint({ uid: 7, ...own })
  rig.hub.hint({ uid: 7, ...timeline.append() })
  await rig.turn()
  t.match(pipe.seen(), [
    { what: 'push', from: 0, to: 1 },
    { what: 'answer', id: 5 },
    { what: 'push', from: 2, to: 3 },
  ])
})

t.test('an item that does not follow makes one Notify, and no other until the client has pulled', async t => {
  const { services, rig, pipe, connection } = await opened()
  const timeline = services.timeline(7)
  timeline.append() // its hint is lost
  rig.hub.hint({ uid: 7, ...timeline.append() })
  await rig.turn()
  rig.hub.hint({ uid: 7, ...timeline.append() })
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'notify', version: 2 }])
  connection.receive(request(3, METHODS.sync.number, encodeSyncRequest(createSyncRequest({ since: 0 }))))
  const page = timeline.page(0)
  rig.hub.hint({ uid: 7, ...timeline.append() })
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
  rig.hub.hint({ uid: 7, ...timeline.append() })
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', from: 4, to: 5 }], 'caught up: pushed again')
})

t.test('a client that was told and does not pull is told again after some seconds, if there is more', async t => {
  const { services, rig, pipe } = await opened()
  const timeline = services.timeline(7)
  timeline.append()
  rig.hub.hint({ uid: 7, ...timeline.append() })
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'notify', version: 2 }])
  await rig.pass(20_000)
  t.same(pipe.seen(), [], 'nothing new')
  for (let i = 0; i < 20; i++) {
    rig.hub.hint({ uid: 7, ...timeline.append() })
    await rig.turn()
  }
  t.match(pipe.seen(), [{ what: 'notify', version: 3 }])
  await rig.pass(10_000)
  t.match(pipe.seen(), [{ what: 'notify', version: 22 }])
})

t.test('a hint without bytes is a Notify', async t => {
  const { rig, pipe } = await opened()
  rig.hub.hint({ uid: 7, from: 0, version: 1, bytes: undefined })
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'notify', version: 1 }])
})

t.test('connections of one user at the same version share the bytes of a push', async t => {
  const { services, rig, pipe } = await opened()
  const other = await openOne(rig, { token: Uint8Array.of(7, 2), attempt: 1 })
  const hint = { uid: 7, ...services.timeline(7).append() }
  rig.hub.hint(hint)
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
  rig.hub.hint({ uid: 7, ...timeline.append() })
  await rig.turn()
  connection.receive(request(1, METHODS.sync.number))
  services.requests[0]?.caller.synced(1, 99, timeline.page(99), [])
  rig.hub.hint({ uid: 7, ...timeline.append() })
  await rig.turn()
  t.match(pipe.seen().slice(1), [{ what: 'refusal', code: 'RESYNC' }])
  connection.receive(request(2, METHODS.sync.number))
  services.requests[1]?.caller.synced(2, 0, timeline.page(0), [])
  rig.hub.hint({ uid: 7, ...timeline.append() })
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

t.test('draining does not wait for ever for a request in work', async t => {
  const { rig, pipe, connection } = await opened()
  connection.receive(request(1))
  connection.drain(10)
  await rig.pass(7_000)
  t.same(whats(pipe), ['drain', 'close DRAINING'])
})

t.test('draining closes a connection that has not said Hello', async t => {
  const rig = sessionRig(new FakeServices())
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
  rig.hub.ended(7, 2, undefined, CODES.SESSION_REVOKED.code)
  rig.hub.ended(8, 1, undefined, CODES.SESSION_REVOKED.code)
  rig.hub.ended(7, 1, 3, CODES.REPLACED.code)
  t.equal(connection.state, 'open')
  rig.hub.ended(7, 1, 4, CODES.REPLACED.code)
  t.same(pipe.seen(), [{ what: 'close', code: 'REPLACED', boundAttempt: 4 }])
  const again = await openOne(rig, { attempt: 9 })
  rig.hub.ended(7, 1, undefined, CODES.SESSION_REVOKED.code)
  t.same(whats(again.pipe), ['close SESSION_REVOKED'])
})

t.test('a peer that takes nothing gets no more pushes and is not read; one Notify follows when it reads', async t => {
  const { services, rig, pipe, connection } = await opened()
  const timeline = services.timeline(7)
  pipe.takes = false
  for (let i = 0; i < 100; i++) {
    rig.hub.hint({ uid: 7, ...timeline.append(), bytes: messageItem(5_000) })
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

t.test('a page that cannot be read closes with SERVER_ERROR', async t => {
  const services = new FakeServices()
  services.page = () => Promise.reject(new Error('disk'))
  const rig = sessionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  t.same(whats(pipe), ['answer', 'close SERVER_ERROR'])
})

t.test('a Hello that binds after the connection has gone leaves nothing behind', async t => {
  const services = new FakeServices()
  services.helloMode = 'hold'
  const rig = sessionRig(services)
  const { connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  connection.gone()
  const response = createHelloResponse({ uid: 7, device: 1 })
  services.hellos[0]?.settle({ kind: 'bound', response, attempt: 1, since: 0 })
  await rig.turn()
  t.same([rig.hub.bound, rig.context.connections.size, rig.context.gate.total, rig.context.wheel.size], [0, 0, 0, 0])
})
