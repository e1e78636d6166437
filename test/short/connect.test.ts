/** The Connect handler, method by method and refusal by refusal, without sockets. */

import t from 'tap'
import { CODES, type Code, type CodeName } from '../../protocol/codes.js'
import {
  createHelloRequest,
  createRefusal,
  createSyncRequest,
  decodeHelloResponse,
  decodeSendResponse,
  encodeGetProfileRequest,
  encodeGetProfileResponse,
  encodeHelloRequest,
} from '../../protocol/generated/messages.js'
import { HELLO_BYTES_MAX, HTTP_BODY_BYTES_MAX, HTTP_JSON_BODY_BYTES_MAX, POLL_MS_MAX } from '../../protocol/limits.js'
import { METHODS, type RequestMethod } from '../../protocol/methods.js'
import { CONNECT_CODES, CONNECT_STATUS } from '../../src/short/connect-codes.js'
import { pathOf } from '../../src/short/connect-route.js'
import { eventually } from '../support/eventually.js'
import { FakeServices } from '../support/fake-services.js'
import { errorOf } from '../support/http-client.js'
import { ShortRig, shown } from '../support/short-rig.js'

const EMPTY = new Uint8Array(0)
const REQUESTS = Object.values(METHODS).filter(method => method.kind === 'request') as RequestMethod[]
const OTHERS = REQUESTS.filter(method => method !== METHODS.hello && method !== METHODS.sync)

function fresh(): { services: FakeServices; rig: ShortRig } {
  const services = new FakeServices()
  return { services, rig: new ShortRig(services) }
}

t.test('every method reaches the services under its number, with its body and whose it is', async t => {
  const { services, rig } = fresh()
  for (const method of OTHERS) {
    const body = Uint8Array.of(8, 1)
    const asked = rig.askRaw(pathOf(method), body)
    const held = services.requests.pop()
    t.same([held?.method, held?.body], [method.number, body], method.rpc)
    t.same(
      [held?.caller.uid, held?.caller.device, held?.caller.address],
      [method.nameless ? 0 : 7, method.nameless ? 0 : 1, '192.0.2.1'],
    )
    held?.caller.respond(held.id, Uint8Array.of(1, 2, 3))
    t.match(asked.answers, [
      { status: 200, headers: { 'Content-Type': 'application/proto' }, body: Uint8Array.of(1, 2, 3) },
    ])
  }
  t.equal(rig.hub.polls.size, 0)
})

t.test('the paths are those of the Connect protocol', async t => {
  t.equal(pathOf(METHODS.send as RequestMethod), '/longwire.v1.MessageService/Send')
  t.equal(pathOf(METHODS.contactRequest as RequestMethod), '/longwire.v1.ContactService/Request')
  t.equal(pathOf(METHODS.hello as RequestMethod), '/longwire.v1.ConnectionService/Hello')
})

t.test('a send is answered with its version', async t => {
  const { services, rig } = fresh()
  for (const [from, version, shownFrom] of [
    [4, 5, 0],
    [2, 5, 2],
    [0, 0, 0],
  ] as const) {
    const asked = rig.ask(METHODS.send, { sendSeq: 1, to: 8, text: 'x' })
    const held = services.requests.pop()
    held?.caller.accepted(held.id, from, version)
    t.same(decodeSendResponse(asked.answers[0]?.body ?? EMPTY), { version, from: shownFrom })
  }
})

t.test('JSON in, JSON out; what is no JSON of the method is refused by name', async t => {
  const { services, rig } = fresh()
  const json = (text: string, type = 'application/json') =>
    rig.askRaw(pathOf(METHODS.getProfile as RequestMethod), new TextEncoder().encode(text), 7, {
      headers: { 'content-type': type },
    })
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json ;  charset=utf-8',
  ]) {
    const asked = json('{"uid":"12"}', type)
    const held = services.requests.pop()
    t.same(held?.body, encodeGetProfileRequest({ uid: 12, account: '' }), type)
    held?.caller.respond(held.id, encodeGetProfileResponse({ uid: 12, account: 'ann', nickname: 'Ann' }))
    const [answer] = asked.answers
    t.equal(answer?.headers['Content-Type'], 'application/json')
    t.same(JSON.parse(new TextDecoder().decode(answer?.body)), { uid: '12', account: 'ann', nickname: 'Ann' })
  }
  for (const text of ['', '{', '{"uid":-1}', '{"uid":"abc"}', '{"uid":{}}', '[]', 'null1', '{"uid":1}{"uid":2}']) {
    t.match(shown(json(text)), { status: 400, connectCode: 'invalid_argument', code: CODES.BAD_BODY.code }, text)
  }
  t.equal(services.requests.length, 0)
})

t.test(
  'each code is answered with its status, its Connect code and its detail, in JSON whatever was asked in',
  async t => {
    const { services, rig } = fresh()
    for (const [name, connectCode] of Object.entries(CONNECT_CODES)) {
      const { code } = CODES[name as CodeName]
      for (const type of ['application/proto', 'application/json']) {
        const body = type === 'application/json' ? new TextEncoder().encode('{}') : EMPTY
        const asked = rig.askRaw(pathOf(METHODS.listDevices as RequestMethod), body, 7, {
          headers: { 'content-type': type },
        })
        const held = services.requests.pop()
        held?.caller.refuse(held.id, code as Code, 'why', 1_001, createRefusal({ expectedSendSeq: 9, boundAttempt: 4 }))
        t.same(shown(asked), {
          status: CONNECT_STATUS[connectCode],
          connectCode,
          code,
          retryAfterMs: 1_001,
          expectedSendSeq: 9,
          boundAttempt: 4,
        })
        const { headers = {}, body: error } = asked.answers[0] ?? {}
        t.match(headers, { 'Content-Type': 'application/json', 'Retry-After': '2' })
        t.equal(headers['WWW-Authenticate'], connectCode === 'unauthenticated' ? 'Bearer' : undefined)
        const { message, details } = JSON.parse(new TextDecoder().decode(error))
        t.equal(message, 'why')
        t.match(details, [{ type: 'longwire.v1.ErrorDetail', value: /^[A-Za-z0-9+/]+$/ }])
      }
    }
  },
)

t.test('without a wish to come back there is no Retry-After', async t => {
  const { services, rig } = fresh()
  const asked = rig.ask(METHODS.listDevices, {})
  const held = services.requests.pop()
  held?.caller.refuse(held.id, CODES.SELF.code, 'why')
  t.equal(asked.answers[0]?.headers['Retry-After'], undefined)
  t.same(shown(asked), { status: 400, connectCode: 'invalid_argument', code: CODES.SELF.code })
})

t.test('what the headers say wrong is refused before anybody is asked', async t => {
  const { services, rig } = fresh()
  const path = pathOf(METHODS.listDevices as RequestMethod)
  const unimplemented = { connectCode: 'unimplemented', code: CODES.UNKNOWN_METHOD.code }
  const invalid = { status: 400, connectCode: 'invalid_argument', code: CODES.INVALID_ARGUMENT.code }
  for (const wrong of [
    '/',
    '',
    '*',
    '/longwire.v1.MessageService',
    '/longwire.v1.MessageService/',
    `${path}/`,
    `/${path}`,
    path.toLowerCase(),
    '/longwire.v1.MessageService/../AccountService/ListDevices',
    '/longwire.v1.AccountService%2FListDevices',
    '/longwire.v1.toString/constructor',
    '/longwire.v1.undefined/Ack',
    'http://x/longwire.v1.AccountService/ListDevices',
  ]) {
    t.same(shown(rig.askRaw(wrong, EMPTY)), { status: 404, ...unimplemented }, wrong)
  }
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'post']) {
    const asked = rig.askRaw(path, EMPTY, 7, { method })
    t.same(shown(asked), { status: 405, ...unimplemented }, method)
    t.equal(asked.answers[0]?.headers.Allow, 'POST')
  }
  for (const type of [
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/protobuf',
    'application/json; charset=latin1',
    'application/json, application/proto',
    'application/connect+proto',
    'application/grpc',
    'application/proto/x',
  ]) {
    const asked = rig.askRaw(path, EMPTY, 7, { headers: { 'content-type': type } })
    t.match(shown(asked), { status: 415 }, type)
    t.equal(asked.answers[0]?.headers['Accept-Post'], 'application/proto, application/json')
  }
  for (const headers of [{ 'connect-protocol-version': '2' }, { 'connect-protocol-version': '1, 1' }]) {
    t.same(shown(rig.askRaw(path, EMPTY, 7, { headers })), invalid)
  }
  for (const timeout of ['', '-1', '1.5', '1e3', '12345678901', ' 1', '1s', '5, 5']) {
    t.same(shown(rig.askRaw(path, EMPTY, 7, { headers: { 'connect-timeout-ms': timeout } })), invalid, timeout)
  }
  t.same([services.requests.length, services.hellos.length], [0, 0])
  rig.askRaw(path, EMPTY, 7, { headers: { 'connect-protocol-version': '1', 'connect-timeout-ms': '9999999999' } })
  t.equal(services.requests.length, 1, 'and what they say right is taken')
})

t.test('who asks is told by the Authorization header alone', async t => {
  const { services, rig } = fresh()
  const path = pathOf(METHODS.listDevices as RequestMethod)
  const ask = (authorization: string | undefined) =>
    rig.askRaw(path, EMPTY, null, { headers: authorization === undefined ? {} : { authorization } })
  const uid = (authorization: string) => {
    ask(authorization)
    return services.requests.pop()?.caller.uid
  }
  t.match(shown(ask(undefined)), { status: 401, code: CODES.LOGIN_REQUIRED.code })
  const token = Buffer.of(7, 1, 0xfb, 0xff)
  for (const text of [
    token.toString('base64url'),
    `${token.toString('base64url')}==`,
    token.toString('base64'),
    token.toString('base64').replace(/=/g, ''),
  ]) {
    t.equal(uid(`Bearer ${text}`), 7, text)
    t.equal(uid(`bearer ${text}`), 7)
  }
  for (const wrong of [
    '',
    'Bearer',
    'Bearer ',
    'Basic Bw',
    'Bw',
    'Bearer /_8',
    'Bearer B w',
    'Bearer Bw, Bearer Bw',
    'Bearer Bw\u0000',
    `Bearer ${'A'.repeat(10_000)}`,
  ]) {
    t.match(shown(ask(wrong)), { status: 401, code: CODES.UNAUTHENTICATED.code }, wrong.slice(0, 40))
  }
  t.equal(services.requests.length, 0)
})

t.test('each method but the nameless ones needs a session; those look at none', async t => {
  const { services, rig } = fresh()
  for (const method of REQUESTS) {
    if (method === METHODS.hello) continue
    const asked = rig.askRaw(pathOf(method), EMPTY, null)
    if (method.nameless) t.equal(services.requests.pop()?.caller.uid, 0, method.rpc)
    else t.match(shown(asked), { status: 401, code: CODES.LOGIN_REQUIRED.code }, method.rpc)
    rig.askRaw(pathOf(method), EMPTY, 0xff)
    if (method.nameless) t.equal(services.requests.pop()?.caller.uid, 0)
  }
  t.equal(services.requests.length, 0)
})

t.test('a body is bounded: less for those whom nobody knows', async t => {
  const { services, rig } = fresh()
  const status = (method: RequestMethod, bytes: number, type: string) =>
    rig.askRaw(pathOf(method), new Uint8Array(bytes), 7, { headers: { 'content-type': type } }).answers[0]?.status
  const limits: [RequestMethod, number, string][] = [
    [METHODS.send as RequestMethod, HTTP_BODY_BYTES_MAX, 'application/proto'],
    [METHODS.send as RequestMethod, HTTP_JSON_BODY_BYTES_MAX, 'application/json'],
    [METHODS.register as RequestMethod, HELLO_BYTES_MAX, 'application/proto'],
    [METHODS.hello as RequestMethod, HELLO_BYTES_MAX, 'application/json'],
  ]
  for (const [method, max, type] of limits) {
    t.equal(status(method, max + 1, type), 413, `${method.rpc} ${type}`)
    t.not(status(method, max, type), 413)
  }
  services.requests.length = 0
})

t.test('Hello takes its token from the body or from the header, and is refused as on a connection', async t => {
  const { services, rig } = fresh()
  services.timeline(3).append()
  const hello = (init: Parameters<typeof createHelloRequest>[0], token: number | null = null) =>
    rig.askRaw(pathOf(METHODS.hello as RequestMethod), encodeHelloRequest(createHelloRequest(init)), token)
  const answered = async (...asked: Parameters<typeof hello>) => {
    const { answers } = hello(...asked)
    await eventually(() => answers.length === 1)
    return decodeHelloResponse(answers[0]?.body ?? EMPTY)
  }
  t.match(await answered({ token: Uint8Array.of(3, 2), attempt: 1, since: 1 }), { uid: 3, head: 1, resync: false })
  t.match(await answered({ token: Uint8Array.of(3, 2), attempt: 1, since: 2 }), { uid: 3, head: 1, resync: true })
  t.match(await answered({ attempt: 1 }, 5), { uid: 5, head: 0 })
  const bare = rig.askRaw(pathOf(METHODS.hello as RequestMethod), EMPTY, null, {})
  t.same(decodeHelloResponse(bare.answers[0]?.body ?? EMPTY).uid, 0, 'nameless')
  t.match(shown(hello({ token: Uint8Array.of(3) })), { status: 400, code: CODES.INVALID_ARGUMENT.code }, 'no attempt')
  t.match(shown(hello({ token: Uint8Array.of(3), attempt: 1, heartbeatMs: 5 })), {
    status: 400,
    code: CODES.INVALID_ARGUMENT.code,
  })
  t.match(shown(hello({ token: Uint8Array.of(0xff), attempt: 1 })), { status: 401, code: CODES.UNAUTHENTICATED.code })
  services.helloMode = 'hold'
  const held = hello({ token: Uint8Array.of(3), attempt: 2 })
  services.hellos
    .pop()
    ?.settle({ kind: 'refused', code: CODES.ATTEMPT_SUPERSEDED.code, message: 'x', boundAttempt: 8, retryAfterMs: 5 })
  t.same(shown(held), {
    status: 409,
    connectCode: 'aborted',
    code: CODES.ATTEMPT_SUPERSEDED.code,
    retryAfterMs: 5,
    boundAttempt: 8,
  })
})

t.test('a Sync that asks for too long, or whose body is none, is refused', async t => {
  const { services, rig } = fresh()
  t.match(shown(rig.ask(METHODS.sync, createSyncRequest({ waitMs: POLL_MS_MAX + 1 }))), {
    status: 400,
    code: CODES.INVALID_ARGUMENT.code,
  })
  t.match(shown(rig.askRaw(pathOf(METHODS.sync as RequestMethod), Uint8Array.of(8))), {
    status: 400,
    code: CODES.BAD_BODY.code,
  })
  t.equal(services.requests.length, 0)
})

t.test('a draining server refuses, and says when to come back', async t => {
  const { services, rig } = fresh()
  rig.handler.drain(5_000)
  const retries = new Set<number>()
  for (let i = 0; i < 20; i++) {
    const asked = rig.ask(METHODS.send, { sendSeq: 1, to: 8, text: 'x' })
    const { detail } = errorOf(asked.answers[0]?.body ?? EMPTY)
    t.match(shown(asked), { status: 503, connectCode: 'unavailable', code: CODES.DRAINING.code })
    retries.add(detail?.retryAfterMs ?? 0)
  }
  t.ok(retries.size > 10 && Math.min(...retries) >= 1 && Math.max(...retries) <= 5_000, 'each at a time of its own')
  t.equal(services.requests.length, 0)
})
