/** The same limits whatever the way in: TCP, WebSocket, HTTP; and what HTTP says of them. */
import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createLoginRequest,
  createRegisterRequest,
  createSyncRequest,
  decodeRegisterResponse,
  type Frame,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { bearer, call, urlOf } from '../support/http-client.js'
import { RawClient } from '../support/raw-client.js'
import { RawWebSocket } from '../support/raw-web-socket.js'
import { startTestServer, testConfig } from '../support/server.js'

const LIMITED = CODES.RATE_LIMITED.code
const PASSWORD = 'correct horse battery'

async function limited(settings: string) {
  return startTestServer({ config: testConfig('--limits', 'normal', '--set-limits', settings) })
}

async function register(httpPort: number, account: string) {
  const installationKey = new Uint8Array(16).fill(1)
  const reply = await call(
    httpPort,
    METHODS.register,
    createRegisterRequest({ account, password: PASSWORD, installationKey }),
  )
  const session = reply.answer?.session
  if (session === undefined) throw new Error(`refused with ${reply.code}`)
  return session
}

t.test('a user has one budget on all transports together', async t => {
  const server = await limited('look-ups=1/h+3')
  t.teardown(() => server.drain())
  const { port, httpPort } = server
  const { uid } = await register(httpPort, 'bob')
  const { token } = await register(httpPort, 'alice')
  const { client: ws } = await RawWebSocket.open(httpPort, { token, attempt: 1 })
  const about = { uid, account: '' }
  t.equal((await ws.call(METHODS.getProfile, about)).code, 0)
  t.equal((await call(httpPort, METHODS.getProfile, about, { token })).code, 0)
  const { client: tcp } = await RawClient.open(port, { token, attempt: 2 })
  t.equal((await tcp.call(METHODS.getProfile, about)).code, 0)
  const soon = ({ code, retryAfterMs }: Frame) => {
    t.equal(code, LIMITED)
    t.ok(retryAfterMs > 3_500_000 && retryAfterMs <= 3_600_000, `${retryAfterMs}`)
  }
  soon(await tcp.call(METHODS.getProfile, about))
  tcp.destroy()
  const { client: again } = await RawWebSocket.open(httpPort, { token, attempt: 3 })
  soon(await again.call(METHODS.getProfile, about))
  again.destroy()
  ws.destroy()
  const reply = await call(httpPort, METHODS.getProfile, about, { token })
  t.match(reply, { status: 429, code: LIMITED, connectCode: 'resource_exhausted' })
  t.equal(Number(reply.headers.get('retry-after')), Math.ceil((reply.detail?.retryAfterMs ?? 0) / 1_000))
})

t.test('nobody registers, logs in or says Hello without end, by any way in', async t => {
  const server = await limited('registrations=1/h+2,hellos-address=1/h+4')
  t.teardown(() => server.drain())
  const { port, httpPort } = server
  await register(httpPort, 'alice')
  const { client } = await RawClient.open(port, {})
  const request = (account: string) =>
    createRegisterRequest({ account, password: PASSWORD, installationKey: new Uint8Array(16).fill(1) })
  const second = await client.call(METHODS.register, request('bob'))
  t.ok(decodeRegisterResponse(second.body).session)
  t.equal((await client.call(METHODS.register, request('carol'))).code, LIMITED)
  t.equal((await call(httpPort, METHODS.register, request('carol'))).status, 429)
  client.destroy()
  const forged = { token: new Uint8Array(44).fill(1) }
  for (let i = 0; i < 3; i++) t.equal((await call(httpPort, METHODS.listDevices, {}, forged)).status, 401)
  t.equal((await call(httpPort, METHODS.listDevices, {}, forged)).status, 429, 'a wrong token counts as a Hello')
  await t.rejects(RawClient.open(port, {}), /RATE_LIMITED/)
  await t.rejects(RawWebSocket.open(httpPort, {}), /RATE_LIMITED/)
})

t.test('over HTTP too many bytes are refused, as they cannot be read more slowly', async t => {
  const server = await limited('bytes=1/s+4000')
  t.teardown(() => server.drain())
  const { httpPort } = server
  const { token, uid } = await register(httpPort, 'alice')
  const send = (sendSeq: number) =>
    call(httpPort, METHODS.send, { sendSeq, to: uid, text: 'x'.repeat(3_000) }, { token })
  t.equal((await send(1)).code, CODES.SELF.code)
  t.equal((await send(2)).code, CODES.SELF.code)
  t.match(await send(3), { status: 429, code: LIMITED })
  t.match(await call(httpPort, METHODS.sync, createSyncRequest({}), { token }), { status: 429 })
})

t.test('nothing is unpacked for somebody whose rate says no, and what is unpacked counts once', async t => {
  const broken = new Uint8Array(2_000).fill(1)
  for (const [settings, taken] of [
    ['requests-device=1/h+3', 3],
    ['bytes=1/h+8000', 2],
  ] as const) {
    const server = await limited(settings)
    const { httpPort } = server
    const { token } = await register(httpPort, 'alice')
    const post = (body: Uint8Array) =>
      fetch(urlOf(httpPort, METHODS.sync), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip', Authorization: bearer(token) },
        body,
      })
    t.equal((await post(broken)).status, 400, 'it is no gzip, as unpacking shows')
    // Unknown fields, so that it has a size.
    const good = gzipSync(`{"unknown":"${randomBytes(2_000).toString('hex')}"}`)
    const statuses = await Promise.all([1, 2, 3, 4, 5].map(() => post(good).then(({ status }) => status)))
    t.equal(statuses.filter(status => status === 200).length, taken, settings)
    t.equal(statuses.filter(status => status === 429).length, 5 - taken)
    t.equal((await post(broken)).status, 429, 'it is not looked at')
    await server.drain()
  }
})

t.test('wrong passwords over HTTP: a status that says why, and when to come again', async t => {
  const server = await limited('login-failures=1/h+2')
  t.teardown(() => server.drain())
  const { httpPort } = server
  await register(httpPort, 'alice')
  const guess = () => {
    const installationKey = new Uint8Array(16).fill(9)
    return call(httpPort, METHODS.login, createLoginRequest({ account: 'alice', password: 'wrong', installationKey }))
  }
  for (let i = 0; i < 3; i++) t.equal((await guess()).code, CODES.WRONG_CREDENTIALS.code)
  const refused = await guess()
  t.match(refused, { status: 429, code: LIMITED })
  t.equal(refused.headers.get('retry-after'), '1')
})
