/** The short side over real sockets: polls that wake, pages of other sites, packed answers, too many, and the end. */

import t from 'tap'
import { CODES, codeName } from '../../protocol/codes.js'
import {
  createContactServiceRequestRequest,
  createRemoveDeviceRequest,
  createSyncRequest,
  createUpdateProfileRequest,
  type Session,
  type SyncResponse,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from '../support/eventually.js'
import { FakeServices } from '../support/fake-services.js'
import { bearer, call, type HttpReply, sayHello, urlOf } from '../support/http-client.js'
import { RawClient } from '../support/raw-client.js'
import { head, RawHttp, WEB_SOCKET_UPGRADE } from '../support/raw-http.js'
import { RawWebSocket } from '../support/raw-web-socket.js'
import { loginAccount, registerAccount, startTestServer, testConfig } from '../support/server.js'

const PAGE = 'https://chat.example'

async function headOf(server: RunningServer, { token }: Session): Promise<number> {
  const { answer } = await call(server.httpPort, METHODS.sync, createSyncRequest({ since: 0 }), { token })
  return answer?.to ?? 0
}

/** A poll that waits in the hub. */
async function poll(
  server: RunningServer,
  { token }: Session,
  since: number,
  attempt = 0,
): Promise<{ readonly reply: Promise<HttpReply<SyncResponse>> }> {
  const { polls } = server.context.hub
  const before = polls.size
  const request = createSyncRequest({ since, waitMs: 25_000, attempt })
  const reply = call(server.httpPort, METHODS.sync, request, { token })
  await eventually(() => polls.size > before)
  return { reply }
}

t.test('a poll wakes for what another user does, over whatever transport', async t => {
  const server = await startTestServer()
  const alice = await registerAccount(server.port, 'alice')
  const bob = await registerAccount(server.port, 'bob')
  const { reply } = await poll(server, bob, await headOf(server, bob))
  const { client } = await RawWebSocket.open(server.httpPort, { token: alice.token, attempt: 1 })
  await client.call(METHODS.contactRequest, createContactServiceRequestRequest({ sendSeq: 1, uid: bob.uid }))
  const { status, answer } = await reply
  t.same([status, answer?.items.map(({ content }) => content?.case)], [200, ['contact']])
  client.destroy()
  await server.drain()
})

t.test('a session that ends takes its poll and its WebSocket with it, within a second', async t => {
  const server = await startTestServer()
  const phone = await registerAccount(server.port, 'alice')
  const { client: tablet } = await RawClient.open(server.port, { token: phone.token, attempt: 1 })
  await tablet.notice(METHODS.push.number)
  const key = new Uint8Array(16).fill(9)
  const login = await call(server.httpPort, METHODS.login, {
    account: 'alice',
    password: 'correct horse battery',
    installationKey: key,
    deviceName: '',
  })
  const other = login.answer?.session
  if (other === undefined) throw new Error('no second device')
  const { client: socket } = await RawWebSocket.open(server.httpPort, { token: other.token, attempt: 1 })
  const { reply } = await poll(server, other, await headOf(server, other), 1)
  const removed = performance.now()
  await tablet.call(METHODS.removeDevice, createRemoveDeviceRequest({ sendSeq: 1, device: other.device }))
  const { status, code } = await reply
  t.same([status, codeName(code)], [401, 'SESSION_REVOKED'])
  t.equal(await socket.end(), 'SESSION_REVOKED')
  t.ok(performance.now() - removed < 1_000)
  t.equal((await call(server.httpPort, METHODS.listDevices, {}, { token: other.token })).status, 401)
  tablet.destroy()
  await server.drain()
})

t.test('the attempt orders all transports of a device', async t => {
  const server = await startTestServer()
  const alice = await registerAccount(server.port, 'alice')
  const since = await headOf(server, alice)
  t.equal((await sayHello(server.httpPort, alice.token, 3)).status, 200)
  const again = await sayHello(server.httpPort, alice.token, 3)
  t.match(again, { status: 409, code: CODES.ATTEMPT_SUPERSEDED.code, detail: { refusal: { boundAttempt: 3 } } })
  const first = await poll(server, alice, since, 3)
  const { client: tcp } = await RawClient.open(server.port, { token: alice.token, attempt: 4 })
  t.match(await first.reply, { status: 409, code: CODES.REPLACED.code, detail: { refusal: { boundAttempt: 4 } } })
  const { client: ws } = await RawWebSocket.open(server.httpPort, { token: alice.token, attempt: 5 })
  t.equal(await tcp.end(), 'REPLACED')
  t.equal((await sayHello(server.httpPort, alice.token, 6)).status, 200)
  t.equal(await ws.end(), 'REPLACED')
  const late = await call(server.httpPort, METHODS.sync, createSyncRequest({ attempt: 5 }), { token: alice.token })
  t.match(late, { status: 409, code: CODES.REPLACED.code, detail: { refusal: { boundAttempt: 6 } } })
  await server.drain()
})

t.test('pages of the listed origins may call, others may not, and programs may', async t => {
  const server = await startTestServer({ config: testConfig('--allow-origin', `${PAGE},http://localhost:5173`) })
  const { token } = await registerAccount(server.port, 'alice')
  const url = urlOf(server.httpPort, METHODS.listDevices)
  const raw = async (method: string, ...headers: string[]): Promise<string> => {
    const client = await RawHttp.connect(server.httpPort)
    client.send(head(`${method} ${new URL(url).pathname} HTTP/1.1`, ...headers))
    await client.answers(1)
    client.destroy()
    return client.received
  }
  const preflight = [
    'Access-Control-Request-Method: POST',
    'Access-Control-Request-Headers: authorization,content-type',
  ]
  const allowed = await raw('OPTIONS', `Origin: ${PAGE}`, ...preflight)
  t.match(allowed, /^HTTP\/1.1 204 /)
  t.match(allowed, `Access-Control-Allow-Origin: ${PAGE}\r\n`)
  t.match(allowed, /^Access-Control-Allow-Headers: .*Authorization.*Connect-Timeout-Ms/m)
  t.match(allowed, /^Access-Control-Allow-Methods: POST\r$/m)
  t.match(allowed, /^Vary: .*Origin/m)
  t.notMatch(allowed, /^Content-Length/m)
  const call200 = await raw(
    'POST',
    `Origin: ${PAGE}`,
    'Content-Type: application/proto',
    `Authorization: ${bearer(token)}`,
    'Content-Length: 0',
  )
  t.match(call200, /^HTTP\/1.1 200 /)
  t.match(call200, `Access-Control-Allow-Origin: ${PAGE}\r\n`)
  t.match(call200, /^Access-Control-Expose-Headers: Retry-After\r$/m)
  const call401 = await raw('POST', `Origin: ${PAGE}`, 'Content-Type: application/proto', 'Content-Length: 0')
  t.match(call401, /^HTTP\/1.1 401 /)
  t.match(call401, `Access-Control-Allow-Origin: ${PAGE}\r\n`, 'a page may read why it was refused')
  for (const origin of [
    'https://evil.example',
    'null',
    `${PAGE}.evil.example`,
    'http://chat.example',
    `${PAGE}:8443`,
    `http://127.0.0.1:${server.httpPort}`,
    PAGE.toUpperCase(),
    `${PAGE}/`,
    `${PAGE}, ${PAGE}`,
  ]) {
    for (const method of ['OPTIONS', 'POST']) {
      const refused = await raw(
        method,
        `Origin: ${origin}`,
        ...preflight,
        'Content-Type: application/proto',
        `Authorization: ${bearer(token)}`,
        'Content-Length: 0',
      )
      t.match(refused, /^HTTP\/1.1 403 /, `${method} ${origin}`)
      t.notMatch(refused, /Access-Control-Allow/)
    }
  }
  const listed = await RawHttp.connect(server.httpPort)
  listed.send(head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE, `Origin: ${PAGE}`))
  t.same(await listed.answers(1), [101])
  listed.destroy()
  const program = await RawHttp.connect(server.httpPort)
  program.send(
    head(
      `POST ${new URL(url).pathname} HTTP/1.1`,
      'Content-Type: application/proto',
      `Authorization: ${bearer(token)}`,
      'Content-Length: 0',
    ),
  )
  t.same(await program.answers(1), [200])
  t.notMatch(program.received, /Access-Control/)
  program.destroy()
  await server.drain()
})

t.test('a large answer is packed for those who take it', async t => {
  const server = await startTestServer()
  const { token } = await registerAccount(server.port, 'alice')
  for (let sendSeq = 1; sendSeq <= 3; sendSeq++) {
    const device = {
      account: 'alice',
      password: 'correct horse battery',
      deviceName: 'x'.repeat(60),
      installationKey: new Uint8Array(16).fill(sendSeq),
    }
    await call(server.httpPort, METHODS.login, device)
  }
  const nickname = createUpdateProfileRequest({ sendSeq: 1, nickname: 'x'.repeat(64) })
  t.equal((await call(server.httpPort, METHODS.updateProfile, nickname, { token })).code, 0)
  const ask = async (accepted: string) => {
    const client = await RawHttp.connect(server.httpPort)
    const text = '{}'
    client.send(
      `${head('POST /longwire.v1.AccountService/ListDevices HTTP/1.1', 'Content-Type: application/json', `Authorization: ${bearer(token)}`, `Accept-Encoding: ${accepted}`, `Content-Length: ${text.length}`)}${text}`,
    )
    await client.answers(1)
    client.destroy()
    return client.received
  }
  const small = await ask('gzip')
  t.notMatch(small, /Content-Encoding/, 'four devices are below the bound')
  for (let i = 10; i < 14; i++) {
    const device = {
      account: 'alice',
      password: 'correct horse battery',
      deviceName: 'é'.repeat(32),
      installationKey: new Uint8Array(16).fill(i),
    }
    await call(server.httpPort, METHODS.login, device)
  }
  const bytes = (answer: string) => Number(/^Content-Length: (\d+)/m.exec(answer)?.[1])
  const plain = await ask('identity')
  t.notMatch(plain, /Content-Encoding/)
  t.match(plain, /^Vary: Accept-Encoding/m)
  const tight = await ask('br, gzip;q=0.8')
  t.match(tight, /^Content-Encoding: gzip\r$/m)
  t.ok(bytes(tight) * 2 < bytes(plain), `${bytes(tight)} of ${bytes(plain)} bytes`)
  const throughFetch = await call(server.httpPort, METHODS.listDevices, {}, { token })
  t.equal(throughFetch.answer?.devices.length, 8)
  await server.drain()
})

t.test('HTTP connections count with all others, in total and per address', async t => {
  for (const option of ['--max-connections', '--max-connections-per-address']) {
    const config = testConfig('--limits', 'normal', option, '3')
    const server = await startTestServer({ config })
    const [ann, ben] = [await registerAccount(server.port, 'ann'), await registerAccount(server.port, 'ben')]
    await eventually(() => server.context.gate.total === 0)
    const { client: tcp } = await RawClient.open(server.port, { token: ann.token, attempt: 1 })
    const { client: ws } = await RawWebSocket.open(server.httpPort, { token: ben.token, attempt: 1 })
    const http = await RawHttp.connect(server.httpPort)
    const list = ['POST /longwire.v1.AccountService/ListDevices HTTP/1.1', 'Content-Length: 0'] as const
    http.send(head(...list, 'Content-Type: application/proto', `Authorization: ${bearer(ann.token)}`))
    t.same(await http.answers(1), [200])
    const refused = await RawHttp.connect(server.httpPort)
    refused.send(head('POST /longwire.v1.AccountService/ListDevices HTTP/1.1', 'Content-Length: 0'))
    t.same(await refused.end(), [503], option)
    t.match(refused.received, /^Retry-After: \d+\r$/m)
    t.match(refused.received, 'too many connections')
    const probe = await RawHttp.connect(server.httpPort)
    probe.send(head('GET /healthz HTTP/1.1'))
    t.same(await probe.end(), [200], 'who watches the server is answered, once')
    const upgrade = await RawHttp.connect(server.httpPort)
    upgrade.send(head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE))
    t.same(await upgrade.end(), [503])
    t.match(upgrade.received, /^Retry-After: ([2-9]|10)\r$/m)
    t.equal(await (await RawClient.connect(server.port)).end(), 'TOO_MANY_CONNECTIONS')
    for (const client of [tcp, ws, http]) client.destroy()
    await eventually(() => server.context.gate.total === 0)
    const flood = await Promise.all(Array.from({ length: 200 }, () => RawHttp.connect(server.httpPort)))
    t.ok(server.context.gate.total <= 3)
    for (const client of flood) client.destroy()
    await eventually(() => server.context.gate.total === 0)
    const late = await RawHttp.connect(server.httpPort)
    late.send(head('GET /healthz HTTP/1.1'))
    t.same(await late.answers(1), [200])
    late.destroy()
    await server.drain()
  }
})

t.test('an upgrade is told when to come back while the server drains', async t => {
  const server = await startTestServer({ config: testConfig('--drain-ms', '3000') })
  // One that does not finish holds the drain up.
  const held = await RawClient.connect(server.port)
  held.socket.pause()
  held.send(Uint8Array.of(0))
  await eventually(() => server.context.connections.size === 1)
  const upgrade = await RawHttp.connect(server.httpPort)
  const drained = server.drain()
  upgrade.send(head('GET /ws HTTP/1.1', ...WEB_SOCKET_UPGRADE))
  t.same(await upgrade.end(), [503])
  t.match(upgrade.received, /^Retry-After: [1-3]\r$/m)
  held.destroy()
  await drained
})

t.test('no token stands in the log, whatever goes wrong with the request that brings it', async t => {
  const lines: string[] = []
  const line = (fields: object, text: string): void => {
    lines.push(`${JSON.stringify(fields)} ${text}`)
  }
  const log = { debug: line, info: line, warn: line, error: line, fatal: line }
  const server = await startTestServer({ log, config: testConfig('--log-level', 'debug') })
  const { token } = await registerAccount(server.port, 'alice')
  const auth = `Authorization: ${bearer(token)}`
  const text = Buffer.from(token).toString('base64url')
  for (const bytes of [
    head('POST /longwire.v1.AccountService/ListDevices HTTP/1.1', auth, 'Content-Length: x'),
    head('POST /longwire.v1.AccountService/ListDevices HTTP/1.1', auth, auth),
    head(`GET /ws?token=${text} HTTP/1.1`, auth, 'Connection: Upgrade', 'Upgrade: websocket'),
    `${head('POST /longwire.v1.AccountService/ListDevices HTTP/1.1', auth, 'Transfer-Encoding: chunked')}zz\r\n`,
    `${auth}\r\n\r\n`,
  ]) {
    const client = await RawHttp.connect(server.httpPort)
    client.send(bytes)
    await client.end()
  }
  const { client: socket } = await RawWebSocket.open(server.httpPort, { token, attempt: 1 })
  socket.socket.send('text')
  await socket.end()
  await sayHello(server.httpPort, token, 1)
  await server.drain()
  t.ok(lines.length > 3, `${lines.length} lines`)
  const forms = ['base64', 'base64url', 'hex'] as const
  for (const form of forms)
    t.notOk(
      lines.some(each => each.includes(Buffer.from(token).toString(form))),
      form,
    )
  // As JSON has an array of bytes.
  t.notOk(lines.some(each => each.includes([...token.slice(0, 8)].join(','))))
})

t.test('a peer that does not read its answer is closed, and so is one that has nothing to ask', async t => {
  const services = new FakeServices()
  const items = Array.from({ length: 40 }, (_, i) => ({ version: i + 1, bytes: new Uint8Array(500_000) }))
  services.onRequest = ({ caller, id }) =>
    caller.synced(id, 0, { kind: 'page', items, to: 40, more: false, trimmed: false, head: 40 }, [])
  const server = await startTestServer({ services: () => services, shortTimeouts: { stallMs: 200, idleMs: 200 } })
  const ask = head(
    'POST /longwire.v1.MessageService/Sync HTTP/1.1',
    'Content-Type: application/proto',
    `Authorization: ${bearer(Uint8Array.of(7))}`,
    'Content-Length: 0',
  )
  const stalled = await RawHttp.connect(server.httpPort)
  stalled.socket.pause()
  stalled.send(ask)
  const idle = await RawHttp.connect(server.httpPort)
  idle.send(head('GET /healthz HTTP/1.1'))
  await idle.answers(1)
  t.ok(server.context.gate.total >= 1)
  await eventually(() => server.context.gate.total === 0)
  t.same(await idle.end(), [200])
  stalled.destroy()
  await server.drain()
})

t.test('a server that stops answers its polls, closes its WebSockets, and takes nothing new', async t => {
  const server = await startTestServer({ config: testConfig('--drain-ms', '2000') })
  const alice = await registerAccount(server.port, 'alice')
  const bob = await loginAccount(server.port, 'alice')
  const kept = await RawHttp.connect(server.httpPort)
  const listDevices = head(
    'POST /longwire.v1.AccountService/ListDevices HTTP/1.1',
    'Content-Type: application/proto',
    `Authorization: ${bearer(alice.token)}`,
    'Content-Length: 0',
  )
  const { client: socket } = await RawWebSocket.open(server.httpPort, { token: bob.token, attempt: 1 })
  const { reply } = await poll(server, bob, await headOf(server, bob))
  kept.send(
    `${head('POST /longwire.v1.MessageService/Send HTTP/1.1', 'Content-Type: application/proto', 'Content-Length: 1')}`,
  )
  const drained = server.drain()
  const { status, code, detail, headers } = await reply
  t.same([status, codeName(code), headers.get('connection')], [503, 'DRAINING', 'close'])
  t.ok((detail?.retryAfterMs ?? 0) >= 1 && (detail?.retryAfterMs ?? 0) <= 2_000)
  t.equal(await socket.end(), 'DRAINING')
  // The body that is being read holds it up: so there is time to ask.
  const late = await RawHttp.connect(server.httpPort)
  late.send(listDevices)
  t.same(await late.end(), [503])
  t.match(late.received, 'the server is about to stop')
  t.equal((await fetch(`http://127.0.0.1:${server.httpPort}/healthz`)).status, 503)
  kept.destroy()
  await drained
  t.same([server.context.connections.size, server.context.hub.polls.size], [0, 0])
  await t.rejects(RawHttp.connect(server.httpPort))
})
