/** The connection's way from the leading byte to its first page. */

import t from 'tap'
import { encodeFrame, encodeNotice, encodeRequest, PING } from '../../protocol/frame-codec.js'
import { decodeHelloResponse } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { connectionRig, helloFrame, joined, LEADING_ZERO } from '../support/connection-rig.js'
import { appended } from '../support/events.js'
import { FakeServices } from '../support/fake-services.js'
import { EMPTY, request, TOKEN, whats } from '../support/open-connection.js'

t.test('answers Hello, pushes the first page right behind it, and is open', async t => {
  const services = new FakeServices()
  for (let i = 0; i < 3; i++) services.timeline(7).append()
  const rig = connectionRig(services)
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

t.test('begins at the head for who wants nothing of before, and misses nothing of what comes', async t => {
  const services = new FakeServices()
  const timeline = services.timeline(7)
  for (let i = 0; i < 3; i++) timeline.append()
  services.heldPages = []
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  const head = services.head.bind(services)
  let meanwhile: (() => void) | undefined = () => {
    // Told before the feed begins at the head, and only found by the page.
    rig.hub.take(appended(7, timeline.append()))
    timeline.append()
  }
  services.head = async (uid, since) => {
    const found = await head(uid, since)
    meanwhile?.()
    meanwhile = undefined
    return found
  }
  connection.receive(joined(LEADING_ZERO, helloFrame(9, { token: TOKEN, attempt: 4, since: 1, fromHead: true })))
  await rig.turn()
  rig.hub.take(appended(7, timeline.append()))
  for (const resolve of services.heldPages.splice(0)) resolve()
  await rig.turn()
  const [answer, push] = pipe.seen()
  t.match(decodeHelloResponse((answer?.body ?? EMPTY) as Uint8Array), { head: 3, resync: false })
  t.match(push, { what: 'push', from: 3, to: 6, versions: [4, 5, 6] })
  rig.hub.take(appended(7, timeline.append()))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'push', from: 6, to: 7 }])
})

t.test('a timeline without an item begins at 0, also from the head', async t => {
  const services = new FakeServices()
  services.heldPages = []
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(9, { token: TOKEN, attempt: 4, fromHead: true })))
  await rig.turn()
  services.timeline(7).append()
  for (const resolve of services.heldPages.splice(0)) resolve()
  await rig.turn()
  const [answer, push] = pipe.seen()
  t.equal(decodeHelloResponse((answer?.body ?? EMPTY) as Uint8Array).head, 0)
  t.match(push, { what: 'push', from: 0, to: 1, versions: [1] })
})

t.test('is refused if its head cannot be read', async t => {
  const services = new FakeServices()
  services.head = () => Promise.reject(new Error('the store does not answer'))
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(9, { token: TOKEN, attempt: 4, fromHead: true })))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'refusal', id: 9, code: 'UNAVAILABLE' }])
})

t.test('ends when another node ended its session, or bound it, while its Hello was being answered', async t => {
  for (const [bound, code] of [
    [undefined, 'SESSION_REVOKED'],
    [5, 'REPLACED'],
  ] as const) {
    const services = new FakeServices()
    services.bound.set('7/1', bound)
    const rig = connectionRig(services, true, { keep: () => undefined, noteSet() {} })
    const { pipe, connection } = rig.connect()
    connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 4 })))
    await rig.turn()
    t.match(pipe.seen().at(-1), { what: 'close', code })
    t.equal(rig.hub.bound, 0)
  }
})

t.test('hears of what ends it from the call on that binds it', async t => {
  const services = new FakeServices()
  services.helloMode = 'hold'
  services.heldPages = []
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 4 })))
  const [held] = services.hellos
  if (held === undefined) throw new Error('no hello')
  held.settle(services.answerOf(held.request))
  rig.hub.take({ kind: 'ended', to: 'user/7', device: 1, what: 'session', attempt: 4, except: 0 })
  for (const resolve of services.heldPages.splice(0)) resolve()
  await rig.turn()
  t.same(whats(pipe), ['close SESSION_REVOKED'])
  t.equal(rig.hub.bound, 0)
})

t.test('a since that is no version of its timeline is answered with resync, and all of it', async t => {
  const services = new FakeServices()
  for (let i = 0; i < 2; i++) services.timeline(7).append()
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1, since: 5 })))
  await rig.turn()
  await rig.turn()
  const seen = pipe.seen()
  t.match(seen, [{ what: 'answer' }, { what: 'push', from: 0, to: 2, versions: [1, 2] }])
  t.equal(seen.length, 2, 'the version that it named is not announced')
  t.equal(connection.told, 2)
})

t.test('a server that stops while the first page is read says so in place of the answer', async t => {
  const services = new FakeServices()
  services.heldPages = []
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  connection.drain(1_000)
  for (const resolve of services.heldPages.splice(0)) resolve()
  await rig.turn()
  t.same(whats(pipe), ['close DRAINING'])
})

t.test('a first page is given up with its connection', async t => {
  const services = new FakeServices()
  services.heldPages = []
  const rig = connectionRig(services)
  const { connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  const [asker] = services.askers
  t.equal(asker?.signal?.aborted, false)
  connection.gone()
  t.equal(asker?.signal?.aborted, true)
})

t.test('pushes an empty first page too, for the client waits for it', async t => {
  const services = new FakeServices()
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', from: 0, to: 0, versions: [] }])
})

t.test('says Notify when there is more than the first page', async t => {
  const services = new FakeServices()
  services.itemsMax = 2
  for (let i = 0; i < 5; i++) services.timeline(7).append()
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', to: 2 }, { what: 'notify', version: 5 }])
})

t.test('what comes between Hello and its first page is neither lost nor pushed out of turn', async t => {
  const services = new FakeServices()
  services.heldPages = []
  services.timeline(7).append()
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  rig.hub.take(appended(7, services.timeline(7).append()))
  await rig.turn()
  t.same(pipe.seen(), [], 'the answer and the page go first')
  for (const resolve of services.heldPages.splice(0)) resolve()
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', from: 0, to: 2, versions: [1, 2] }])
})

t.test('its page is read when other nodes tell this one what they append, and not before', async t => {
  const services = new FakeServices()
  const waiting: (() => void)[] = []
  const kept: boolean[] = []
  const keep = (uid: number): Promise<void> => {
    kept.push(rig.hub.holds(uid))
    return new Promise(resolve => waiting.push(resolve))
  }
  const rig = connectionRig(services, true, { keep, noteSet() {} })
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  await rig.turn()
  t.same(kept, [true], 'it is there by then')
  t.same(pipe.seen(), [])
  services.timeline(7).append() // by a node that knows no route
  for (const resolve of waiting) resolve()
  await rig.turn()
  await rig.turn()
  t.match(pipe.seen(), [{ what: 'answer' }, { what: 'push', from: 0, to: 1, versions: [1] }])
})

t.test('the first page goes first, also when an item follows what the client has', async t => {
  const services = new FakeServices()
  services.heldPages = []
  const rig = connectionRig(services)
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, { token: TOKEN, attempt: 1 })))
  rig.hub.take(appended(7, services.timeline(7).append()))
  await rig.turn()
  t.same(pipe.seen(), [])
})

t.test('keeps what the same read brought behind Hello, and works on it after the answer', async t => {
  const services = new FakeServices()
  services.helloMode = 'hold'
  const rig = connectionRig(services)
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
  const rig = connectionRig(services)
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
  const rig = connectionRig(new FakeServices())
  const { pipe, connection } = rig.connect()
  connection.receive(joined(LEADING_ZERO, helloFrame(1, {}), helloFrame(2, {})))
  await rig.turn()
  t.same(whats(pipe), ['answer', 'close HELLO_REPEATED'])
  t.equal(pipe.ended, true)
})

t.test('a nameless connection is closed after a minute, whatever it does', async t => {
  const rig = connectionRig(new FakeServices())
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
  const rig = connectionRig(services)
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
    const rig = connectionRig(new FakeServices())
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
    const rig = connectionRig(new FakeServices())
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
  const rig = connectionRig(new FakeServices())
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
  const rig = connectionRig(services)
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
    const rig = connectionRig(new FakeServices())
    const { pipe, connection } = rig.connect()
    connection.receive(Uint8Array.of(first))
    t.same(whats(pipe), ['close PROTOCOL_ERROR'])
  })
}

t.test('over WebSocket there is no leading byte', async t => {
  const services = new FakeServices()
  const rig = connectionRig(services, false)
  const { pipe, connection } = rig.connect()
  connection.receive(helloFrame(1, { token: TOKEN, attempt: 1 }))
  await rig.turn()
  t.equal(connection.state, 'open')
  t.same(whats(pipe), ['answer', 'push'])
})
