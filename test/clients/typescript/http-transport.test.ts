import t from 'tap'
import { httpTransport } from '../../../clients/typescript/index.js'
import { CODES } from '../../../protocol/codes.js'
import { encodeNotice, encodeRequest, PING } from '../../../protocol/frame-codec.js'
import {
  createAckNotice,
  createHelloRequest,
  createPostRequest,
  createSendResult,
  createSyncRequest,
} from '../../../protocol/generated/messages.js'
import { HTTP_BODY_BYTES_MAX } from '../../../protocol/limits.js'
import { METHODS } from '../../../protocol/methods.js'
import { Harness, messageItem, STORE_ID, sessionOf, TOKEN, UID } from '../../support/client-harness.js'
import { BEARER, HttpRig, page, WIDE_TOKEN } from '../../support/http-rig.js'
import { ManualClock } from '../../support/manual-clock.js'
import { type ScriptedCall, ScriptedExchange } from '../../support/scripted-exchange.js'

t.test('a sign-in goes without a token, side by side; from the Hello with one on it stands in the header', async t => {
  const rig = new HttpRig()
  const [, hello] = rig.encode('hello', createHelloRequest({}))
  const [login, asked] = rig.encode('login', {
    account: 'ann',
    password: 'x',
    installationKey: new Uint8Array(16),
    deviceName: '',
  })
  rig.connection.write(new Uint8Array(Buffer.concat([hello, asked])))
  t.same(rig.exchange.peek(), ['Hello', 'Login'])
  const [first, second] = [rig.exchange.take(), rig.exchange.take()]
  t.equal(first.token, undefined)
  t.equal(second.token, undefined)
  t.equal(second.request.headers['content-type'], 'application/proto')
  second.answer('login', { session: sessionOf() })
  first.answer('hello')
  t.same(rig.told(), [String(login), '1'])
  rig.hello(0)
  const named = rig.exchange.take()
  t.equal(named.token, BEARER)
  t.match(named.of('hello'), { attempt: 3, token: WIDE_TOKEN })
  t.notMatch(named.request.path, /[?-]/)
  named.answer('hello', { storeId: STORE_ID })
  t.same(rig.told(), ['3', 'push 0-0 0'])
  t.equal(rig.exchange.take().token, BEARER)
})

t.test('up to date, the first page is known and the poll waits; otherwise the page is fetched at once', async t => {
  const cases = [
    { since: 5, hello: { head: 5, storeId: STORE_ID }, told: ['1', 'push 5-5 0'], poll: { since: 5, waitMs: 25_000 } },
    { since: 5, hello: { head: 9, storeId: STORE_ID }, told: ['1'], poll: { since: 5, waitMs: 0 } },
    // Another store, or a resync: everything from the beginning.
    { since: 5, hello: { head: 9, storeId: TOKEN }, told: ['1'], poll: { since: 0, waitMs: 0 } },
    { since: 5, hello: { head: 2, storeId: STORE_ID, resync: true }, told: ['1'], poll: { since: 0, waitMs: 0 } },
    {
      since: 5,
      hello: { head: 0, storeId: STORE_ID, resync: true },
      told: ['1', 'push 0-0 0'],
      poll: { since: 0, waitMs: 25_000 },
    },
  ]
  for (const { since, hello, told, poll } of cases) {
    const rig = new HttpRig()
    rig.hello(since)
    rig.exchange.take().answer('hello', hello)
    t.same(rig.told(), told)
    t.match(rig.exchange.take().of('sync'), { ...poll, attempt: 3 })
    t.same(rig.exchange.peek(), [])
  }
})

t.test('what is written behind Hello waits for its answer, and has none if Hello is refused', async t => {
  for (const refused of [false, true]) {
    const rig = new HttpRig()
    rig.hello()
    rig.sends(1, 2)
    rig.write('getProfile', { uid: 300, account: '' })
    t.same(rig.exchange.peek(), ['Hello'])
    const hello = rig.exchange.take()
    if (refused) {
      hello.refuse('ATTEMPT_SUPERSEDED', 0, { boundAttempt: 77 })
      t.equal(METHODS.hello.kind, 'request')
      t.same(rig.told(), ['1 ATTEMPT_SUPERSEDED'])
      t.equal(rig.closed, 'clean')
      t.same(rig.exchange.peek(), [])
    } else {
      hello.answer('hello', { storeId: STORE_ID, head: 5 })
      t.same(rig.exchange.peek().sort(), ['GetProfile', 'Sync', 'Sync'])
    }
  }
})

t.test('after ChangePassword the new token is shown, and what is refused with the old one ends no session', async t => {
  const rig = new HttpRig()
  rig.hello()
  rig.exchange.take().answer('hello', { storeId: STORE_ID, head: 5 })
  const poll = rig.exchange.take()
  rig.write('changePassword', { sendSeq: 1, oldPassword: 'old password', newPassword: 'new password' })
  const token = Uint8Array.of(1, 2, 3)
  const change = rig.exchange.take()
  t.equal(change.token, poll.token)
  change.answer('changePassword', { token })
  poll.answer('sync', { to: 5 })
  rig.clock.advance(1_000)
  t.equal(rig.exchange.take().token, `Bearer ${Buffer.from(token).toString('base64url')}`)
})

t.test('somebody else who answers Hello is no server: the connection ends', async t => {
  const answers: ((call: ScriptedCall) => void)[] = [
    call =>
      call.respond(200, { 'content-type': 'text/html' }, new TextEncoder().encode('<h1>Welcome to the hotel</h1>')),
    // Nothing is a well-formed HelloResponse.
    call => call.respond(200, { 'content-type': 'text/html' }),
    call => call.respond(502),
    call => call.respond(302, { location: 'http://portal.example' }),
    call =>
      call.respond(
        403,
        { 'content-type': 'application/json' },
        new TextEncoder().encode('{"code":"permission_denied"}'),
      ),
    call => call.fail('connect ECONNREFUSED'),
    call => call.respond(200, { 'content-type': 'application/proto' }, Uint8Array.of(8)),
  ]
  for (const answer of answers) {
    const rig = new HttpRig()
    rig.hello()
    answer(rig.exchange.take())
    t.ok(rig.closed instanceof Error, String(rig.closed))
    t.same(rig.told(), [])
    t.equal(rig.clock.pending, 0)
  }
})

t.test('a run of Sends is one Sync: its page is pushed first, then each has its own answer', async t => {
  const rig = HttpRig.bound()
  rig.sends(1, 3)
  const sync = rig.exchange.take()
  t.match(sync.of('sync'), { since: 5, waitMs: 0, attempt: 0, sends: [{ sendSeq: 1 }, { sendSeq: 2 }, { sendSeq: 3 }] })
  rig.sends(4, 1)
  rig.write('contactRequest', { sendSeq: 5, uid: 9, greeting: '' })
  rig.sends(6, 1)
  t.same(rig.exchange.peek(), [], 'one at a time')
  sync.answer('sync', {
    ...page(5, 2),
    results: [
      createSendResult({ version: 6 }),
      createSendResult({ code: CODES.NOT_FRIEND.code, message: 'no' }),
      createSendResult({ version: 7, from: 6 }),
    ],
  })
  t.same(rig.told(), ['push 5-7 2', '2', '3 NOT_FRIEND', '4'])
  // A Void or a contact request stands between, in its order.
  const next = rig.exchange.take()
  t.match(next.of('sync'), { since: 7, sends: [{ sendSeq: 4 }] })
  next.answer('sync', { to: 7, results: [createSendResult({ version: 0 })] })
  const request = rig.exchange.take()
  t.equal(request.of('contactRequest').sendSeq, 5)
  t.same(rig.exchange.peek(), [])
  request.refuse('REQUEST_LIMIT')
  t.match(rig.exchange.take().of('sync'), { sends: [{ sendSeq: 6 }] })
  t.same(rig.told(), ['push 7-7 0', '5', '6 REQUEST_LIMIT'])
})

t.test('a Sync takes 64 sends and 64 KiB at most', async t => {
  const rig = HttpRig.bound()
  rig.sends(1, 100)
  t.equal(rig.exchange.take().of('sync').sends.length, 64)
  const large = HttpRig.bound()
  large.ack(5)
  large.exchange.take()
  large.ack(5)
  large.sends(1, 10, 'x'.repeat(16_384))
  for (let sent = 0; sent < 10; ) {
    const call = large.exchange.take()
    const { sends } = call.of('sync')
    t.ok(call.request.body.length <= HTTP_BODY_BYTES_MAX, `${call.request.body.length} bytes`)
    t.ok(sends.length === 3 || sent + sends.length === 10)
    sent += sends.length
    call.answer('sync', { to: 5, results: sends.map(() => createSendResult({ version: 0 })) })
  }
})

t.test('a run that is refused as a whole, finally, goes one by one: each gets its own answer', async t => {
  const rig = HttpRig.bound()
  rig.sends(1, 3)
  rig.exchange.take().refuse('INVALID_ARGUMENT')
  t.same(rig.told(), [])
  for (const sendSeq of [1, 2, 3]) {
    const call = rig.exchange.take()
    t.equal(call.of('send').sendSeq, sendSeq)
    t.same(rig.exchange.peek(), [])
    if (sendSeq === 2) call.refuse('TEXT_TOO_LONG')
    else call.answer('send', { version: 6 })
  }
  t.same(rig.told(), ['2', '3 TEXT_TOO_LONG', '4'])
  rig.sends(4, 2)
  t.equal(rig.exchange.take().of('sync').sends.length, 2, 'and then together again')
})

t.test('a run that is refused for now is refused for each, and so is one that a proxy refused', async t => {
  const rig = HttpRig.bound()
  rig.sends(1, 2)
  rig.exchange.take().refuse('RATE_LIMITED', 3_000)
  t.match(rig.heard, [{ id: 2, code: CODES.RATE_LIMITED.code, retryAfterMs: 3_000 }, { id: 3 }])
  rig.told()
  rig.sends(1, 1)
  rig.exchange.take().respond(429, { 'retry-after': '7' })
  t.match(rig.heard, [{ id: 4, code: CODES.UNAVAILABLE.code, retryAfterMs: 7_000 }])
  t.equal(rig.closed, undefined)
})

t.test('what waits behind a number that was refused for now is refused here: the server has no use for it', async t => {
  const rig = HttpRig.bound()
  const write = (sendSeq: number): number =>
    rig.write('post', createPostRequest({ sendSeq, conversation: 'group:1.1.1', text: 'x' }))
  for (const sendSeq of [1, 2, 3]) write(sendSeq)
  rig.exchange.take().refuse('RATE_LIMITED', 3_000)
  t.same(rig.told(), ['2 RATE_LIMITED', '3 GAP', '4 GAP'])
  t.same(rig.exchange.peek(), [])
  // So it is behind what a proxy refused, behind a run, and behind the last of a run.
  write(1)
  write(2)
  rig.exchange.take().respond(502, {})
  t.same(rig.told(), ['5 UNAVAILABLE', '6 GAP'])
  rig.sends(1, 2)
  write(3)
  rig.exchange.take().refuse('RATE_LIMITED', 3_000)
  t.same(rig.told(), ['7 RATE_LIMITED', '8 RATE_LIMITED', '9 GAP'])
  rig.sends(1, 2)
  write(3)
  const results = [createSendResult({ version: 6 }), createSendResult({ code: CODES.RATE_LIMITED.code })]
  rig.exchange.take().answer('sync', { to: 6, results })
  t.same(rig.told(), ['push 5-6 0', '10', '11 RATE_LIMITED', '12 GAP'])
  // Behind a final refusal all goes on.
  write(2)
  write(3)
  rig.exchange.take().refuse('NOT_MEMBER')
  t.equal(rig.exchange.take().of('post').sendSeq, 3)
})

t.test('results that do not fit the sends end the connection', async t => {
  const rig = HttpRig.bound()
  rig.sends(1, 2)
  rig.exchange.take().answer('sync', { to: 5, results: [createSendResult({ version: 6 })] })
  t.match(rig.closed, { message: /1 results of 2 sends/ })
})

t.test('an ack goes with the next Sync that covers it, or by itself, and never two side by side', async t => {
  const rig = HttpRig.bound()
  rig.ack(4)
  const alone = rig.exchange.take()
  t.match(alone.of('sync'), { since: 5, waitMs: 0, ack: { version: 4 }, sends: [] })
  rig.ack(6)
  rig.ack(7)
  const pull = createSyncRequest({ since: 6 })
  rig.write('sync', pull)
  t.equal(rig.exchange.take().of('sync').ack, undefined, 'one is under way')
  alone.answer('sync', { to: 5 })
  const second = rig.exchange.take()
  t.match(second.of('sync'), { since: 6, ack: { version: 6 } })
  second.answer('sync', { to: 6 })
  const third = rig.exchange.take()
  t.match(third.of('sync'), { ack: { version: 7 } })
  third.answer('sync', { to: 7 })
  t.same(rig.exchange.peek(), [])
  // What is written in one piece goes together, but for what the since of a pull does not cover.
  const bytes = [
    encodeNotice(METHODS.ack.number, METHODS.ack.encode(createAckNotice({ version: 8 }))),
    rig.encode('sync', createSyncRequest({ since: 8 }))[1],
  ]
  rig.connection.write(new Uint8Array(Buffer.concat(bytes)))
  t.match(rig.exchange.take().of('sync'), { since: 8, ack: { version: 8 } })
  rig.ack(9)
  rig.sends(1, 1)
  const sends = rig.exchange.take()
  t.equal(sends.of('sync').ack, undefined)
})

t.test('an ack that was not taken goes again, before later ones, when the server takes something', async t => {
  const rig = HttpRig.bound()
  rig.ack(4)
  rig.exchange.take().refuse('OVERLOADED', 1_000)
  rig.ack(5)
  t.same(rig.exchange.peek(), [], 'not at once')
  t.equal(rig.closed, undefined)
  rig.exchange.calls[1]?.answer('sync', page(5, 1))
  t.same(rig.told(), ['push 5-6 1'])
  const again = rig.exchange.take()
  t.match(again.of('sync'), { ack: { version: 4 } })
  again.answer('sync', { to: 6 })
  t.match(rig.exchange.take().of('sync'), { ack: { version: 5 } })
})

t.test('that the session has ended is told behind the answers that are due: one of them may be why', async t => {
  const rig = HttpRig.bound()
  const id = rig.write('logout', {})
  const logout = rig.exchange.take()
  rig.exchange.calls[1]?.refuse('SESSION_REVOKED')
  t.same(rig.told(), [])
  logout.answer('logout')
  t.same(rig.told(), [String(id), 'close SESSION_REVOKED 0'])
  t.equal(rig.closed, 'clean')
})

t.test('an error is a refusal only with a detail of ours; the first that can be read counts', async t => {
  const good = { type: 'longwire.v1.ErrorDetail', value: 'CGg' }
  const cases: [unknown, number][] = [
    [[good], 104],
    [[{ type: 'google.rpc.Help', value: 'CAE' }, good], 104],
    [[{ type: good.type, value: '!' }, { type: good.type, value: 'CA' }, { type: good.type }, null, good], 104],
    // Code 0 is no error.
    [[{ type: good.type, value: '' }], CODES.UNAVAILABLE.code],
    [[], CODES.UNAVAILABLE.code],
    ['CGg', CODES.UNAVAILABLE.code],
    [undefined, CODES.UNAVAILABLE.code],
  ]
  for (const [details, code] of cases) {
    const rig = HttpRig.bound()
    rig.write('getProfile', { uid: 300, account: '' })
    rig.exchange.take().refuseWith(details, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' })
    t.match(rig.heard, [{ id: 2, code, retryAfterMs: 0 }])
  }
})

t.test('a ping is a request of its own, and any answer of the server is its answer', async t => {
  const rig = HttpRig.bound()
  rig.connection.write(PING)
  const sync = rig.exchange.take()
  t.match(sync.of('sync'), { since: 5, waitMs: 0 })
  sync.refuse('OVERLOADED')
  t.same(rig.told(), ['ping'])
  rig.connection.write(PING)
  rig.exchange.calls[1]?.answer('sync', page(5, 1))
  t.same(rig.told(), ['push 5-6 1', 'ping'])
  const nameless = new HttpRig()
  nameless.connection.write(PING)
  nameless.exchange.take().answer('hello')
  t.same(nameless.told(), ['ping'])
})

t.test("a ping while Hello waits for its answer asks on nobody's behalf", async t => {
  const rig = new HttpRig()
  rig.hello()
  t.equal(rig.exchange.take().request.headers.authorization, BEARER)
  rig.connection.write(PING)
  const ping = rig.exchange.take()
  t.equal(ping.request.headers.authorization, undefined)
  ping.answer('hello')
  t.same(rig.told(), ['ping'])
})

t.test('close() gives everything up and hears nothing more; a last ack still goes, for a moment', async t => {
  const rig = HttpRig.bound()
  rig.sends(1, 1)
  rig.write('getProfile', { uid: 300, account: '' })
  rig.ack(4)
  rig.connection.close()
  const [, poll, sends, profile, ack] = rig.exchange.calls
  t.match(ack?.of('sync'), { ack: { version: 4 } })
  t.same([poll?.aborted, sends?.aborted, profile?.aborted, ack?.aborted], [true, true, true, false])
  poll?.answer('sync', page(5, 3))
  sends?.answer('sync', { to: 6, results: [createSendResult({ version: 6 })] })
  profile?.answer('getProfile', { uid: 300 })
  t.equal(rig.clock.pending, 1)
  const answered = HttpRig.bound()
  answered.ack(4)
  answered.connection.close()
  answered.exchange.calls[2]?.answer('sync', page(5, 1))
  t.same(answered.heard, [])
  t.equal(answered.clock.pending, 0)
  rig.clock.advance(2_000)
  t.equal(ack?.aborted, true)
  ack?.answer('sync', { to: 5 })
  rig.connection.write(PING)
  t.same(rig.heard, [])
  t.equal(rig.clock.pending, 0)
  t.equal(rig.exchange.calls.length, 5)
})

t.test('a poll or a request that nobody answers ends the connection', async t => {
  const poll = HttpRig.bound()
  poll.clock.advance(34_999)
  t.equal(poll.closed, undefined)
  poll.clock.advance(1)
  t.match(poll.closed, { message: /in time/ })
  t.equal(poll.exchange.calls[1]?.aborted, true)
  const ack = HttpRig.bound(5, { pollMs: 25_000 })
  ack.ack(4)
  for (let i = 0; i < 3; i++) {
    ack.clock.advance(20_000)
    if (ack.closed === undefined) ack.exchange.calls.at(i === 0 ? 1 : -1)?.answer('sync', page(5 + i, 1))
  }
  t.match(ack.closed, { message: /in time/ })
})

t.test('a method that has no path is refused here', async t => {
  const rig = HttpRig.bound()
  rig.connection.write(encodeRequest(9, 99, new Uint8Array(0)))
  t.same(rig.told(), ['9 UNKNOWN_METHOD'])
})

t.test('the options have their limits', async t => {
  for (const pollMs of [0, 25_001, 1.5]) t.throws(() => new HttpRig({ pollMs }), /pollMs/)
})

t.test('a client over it: signs in, sends, receives, acknowledges', async t => {
  const clock = new ManualClock()
  const exchange = new ScriptedExchange()
  const harness = await Harness.start(
    undefined,
    { transport: httpTransport({ exchange, clock }), ackDelayMs: 250 },
    clock,
  )
  const login = harness.client.account.login({ account: 'ann', password: 'correct horse' })
  harness.settle()
  exchange.take().answer('hello')
  exchange.take().answer('login', { session: sessionOf() })
  harness.settle()
  await login
  const message = harness.client.send(300, 'hello')
  harness.settle()
  exchange.take().answer('hello', { uid: UID, device: 1, storeId: STORE_ID })
  harness.settle()
  t.same(harness.of('connection').at(-1), { state: 'online', transport: 'http' })
  const [one, other] = [exchange.take(), exchange.take()]
  const [poll, sends] = one.of('sync').sends.length > 0 ? [other, one] : [one, other]
  const own = messageItem('556/1/1', 'hello', { recipient: 300 })
  sends.answer('sync', { to: 1, items: [own], results: [createSendResult({ version: 1 })] })
  harness.settle()
  t.equal(message.state, 'accepted')
  poll.answer('sync', { to: 2, items: [own, messageItem('300/1/1', 'hi')] })
  harness.settle()
  t.same(
    harness.of('message').map(each => each.text),
    ['hi'],
  )
  harness.advance(40)
  t.match(exchange.take().of('sync'), { since: 2, waitMs: 25_000, attempt: 1 })
  harness.advance(210)
  t.match(exchange.take().of('sync'), {
    since: 2,
    ack: { version: 2, delivered: [{ peer: 300, device: 1, sendSeq: 1 }] },
  })
  t.match(await harness.client.history(300), { messages: [{ text: 'hello' }, { text: 'hi' }] })
  await harness.client.close()
})
