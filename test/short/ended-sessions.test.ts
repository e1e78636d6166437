/** However a session ends, its connections on TCP and WebSocket and its poll end with it, within a second. */
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createLoginRequest,
  createSyncRequest,
  decodeChangePasswordResponse,
  type Session,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { eventually } from '../support/eventually.js'
import { call } from '../support/http-client.js'
import { RawClient } from '../support/raw-client.js'
import { RawWebSocket } from '../support/raw-web-socket.js'
import { startTestServer } from '../support/server.js'

const PASSWORD = 'correct horse battery'

interface Household {
  readonly httpPort: number
  /** The device that ends the others' sessions, on TCP; its next send_seq. */
  readonly phone: RawClient
  /** The phone's own session. */
  readonly first: Session
  readonly others: readonly Session[]
  /** Settles with how each of the others' connections ended, in order: TCP, WebSocket, poll. */
  ended(): Promise<readonly string[]>
  /** Another device logs in. */
  login(key: number): Promise<Session>
}

/** A user with four devices: one on TCP that acts, and one each on TCP, WebSocket and HTTP. */
async function household(t: Test): Promise<Household> {
  const server = await startTestServer()
  t.teardown(() => server.drain())
  const { port, httpPort } = server
  const registered = await call(httpPort, METHODS.register, {
    account: 'alice',
    password: PASSWORD,
    installationKey: new Uint8Array(16).fill(1),
    nickname: '',
    deviceName: '',
  })
  const login = async (key: number): Promise<Session> => {
    const installationKey = new Uint8Array(16).fill(key)
    const { answer } = await call(
      httpPort,
      METHODS.login,
      createLoginRequest({ account: 'alice', password: PASSWORD, installationKey }),
    )
    if (answer?.session === undefined) throw new Error('no session')
    return answer.session
  }
  const first = registered.answer?.session
  if (first === undefined) throw new Error('no session')
  const { client: phone } = await RawClient.open(port, { token: first.token, attempt: 1 })
  const others = [await login(2), await login(3), await login(4)] as const
  const { client: tcp } = await RawClient.open(port, { token: others[0].token, attempt: 1 })
  const { client: ws } = await RawWebSocket.open(httpPort, { token: others[1].token, attempt: 1 })
  const { answer } = await call(httpPort, METHODS.sync, createSyncRequest({}), { token: others[2].token })
  const poll = call(httpPort, METHODS.sync, createSyncRequest({ since: answer?.to ?? 0, waitMs: 25_000 }), {
    token: others[2].token,
  })
  let polled: Awaited<typeof poll> | undefined
  void poll.then(answered => {
    polled = answered
  })
  await eventually(() => server.context.hub.polls.all().length === 1)
  t.teardown(() => {
    for (const client of [phone, tcp, ws]) client.destroy()
  })
  return {
    httpPort,
    phone,
    first,
    others,
    login,
    async ended() {
      await eventually(() => polled !== undefined, 1_000).catch(() => {})
      const code = Object.entries(CODES).find(([, entry]) => entry.code === polled?.code)?.[0]
      return [await tcp.end(1_000), await ws.end(1_000), code ?? 'nothing']
    },
  }
}

const ALL_REVOKED = ['SESSION_REVOKED', 'SESSION_REVOKED', 'SESSION_REVOKED']

t.test('by RemoveDevice', async t => {
  const { phone, others, ended, httpPort } = await household(t)
  for (const [index, { device }] of others.entries()) {
    t.equal((await phone.call(METHODS.removeDevice, { sendSeq: index + 1, device })).code, 0)
  }
  t.same(await ended(), ALL_REVOKED)
  for (const { token } of others) {
    const { code, status } = await call(httpPort, METHODS.listDevices, {}, { token })
    t.same([code, status], [CODES.SESSION_REVOKED.code, 401], 'their tokens are void')
  }
  t.equal((await phone.call(METHODS.listDevices, {})).code, 0, 'who removed them stays')
})

t.test('by ChangePassword, which gives who changed it another token', async t => {
  const { phone, ended, httpPort, first } = await household(t)
  const request = { sendSeq: 1, oldPassword: PASSWORD, newPassword: 'another password' }
  // A poll of the phone's own, and what somebody else asks with the token that it had.
  const page = await call(httpPort, METHODS.sync, createSyncRequest({}), first)
  const since = page.answer?.to ?? 0
  const poll = call(httpPort, METHODS.sync, createSyncRequest({ since, waitMs: 25_000 }), first)
  const changed = await phone.call(METHODS.changePassword, request)
  t.equal(changed.code, 0)
  t.same(await ended(), ALL_REVOKED)
  t.match(await poll, { code: 0, answer: { to: since, items: [] } }, 'it is asked again, with the new token')
  t.equal((await call(httpPort, METHODS.listDevices, {}, first)).code, CODES.UNAUTHENTICATED.code)
  t.equal((await phone.call(METHODS.listDevices, {})).code, 0, 'who changed it stays')
  const { token } = decodeChangePasswordResponse(changed.body)
  t.equal((await call(httpPort, METHODS.listDevices, {}, { token })).code, 0)
})

t.test(
  'ChangePassword over HTTP ends the connection of the same device, and what waited with the old token',
  async t => {
    const { phone, httpPort, first } = await household(t)
    const request = { sendSeq: 1, oldPassword: PASSWORD, newPassword: 'another password' }
    const nickname = { sendSeq: 2, nickname: 'Thief' }
    const [changed, behind] = await Promise.all([
      call(httpPort, METHODS.changePassword, request, first),
      eventually(() => true).then(() => call(httpPort, METHODS.updateProfile, nickname, first)),
    ])
    t.equal(changed.code, 0)
    t.ok(behind.code === CODES.SESSION_REVOKED.code || behind.code === CODES.UNAUTHENTICATED.code, `${behind.code}`)
    t.equal(await phone.end(1_000), 'SESSION_REVOKED')
  },
)

t.test('by DeleteAccount, that of the device itself behind the answer', async t => {
  const { phone, ended } = await household(t)
  t.equal((await phone.call(METHODS.deleteAccount, { sendSeq: 1, password: PASSWORD })).code, 0)
  t.same(await ended(), ALL_REVOKED)
  t.equal(await phone.end(1_000), 'SESSION_REVOKED')
})

t.test('by Logout, over HTTP, of the device itself', async t => {
  const { others, httpPort, ended } = await household(t)
  for (const { token } of others) t.equal((await call(httpPort, METHODS.logout, {}, { token })).code, 0)
  t.same(await ended(), ALL_REVOKED)
})

t.test('not by a ninth login: who is connected or polls goes after all that are not', async t => {
  const { phone, login, httpPort, others } = await household(t)
  for (let key = 5; key <= 12; key++) await login(key)
  const { token } = await login(12)
  const { answer } = await call(httpPort, METHODS.listDevices, {}, { token })
  t.equal(answer?.devices.length, 8)
  for (const { device } of others) t.ok(answer?.devices.some(entry => entry.device === device))
  t.equal((await phone.call(METHODS.listDevices, {})).code, 0)
})
