/** Clauses of PROTOCOL.md that were once said wrongly, or not at all, tried over a socket. */
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import { createLoginRequest, createSyncRequest, decodeLoginResponse } from '../../protocol/generated/messages.js'
import { POLL_MS_MAX } from '../../protocol/limits.js'
import { METHODS } from '../../protocol/methods.js'
import { RawClient } from '../support/raw-client.js'
import { PASSWORD, registerAccount, startTestServer, testConfig } from '../support/server.js'

const UNKNOWN = 999
const EMPTY = new Uint8Array(0)

async function online(t: Test, ...argv: string[]) {
  const server = await startTestServer({ config: testConfig(...argv) })
  t.teardown(() => server.drain())
  const session = await registerAccount(server.port, 'alice')
  const { client } = await RawClient.open(server.port, { token: session.token, attempt: 1 })
  t.teardown(() => client.destroy())
  return { server, client }
}

t.test(
  '2.5: Login on a connection with a session gives another session and leaves the connection as it is',
  async t => {
    const { client } = await online(t)
    const installationKey = new Uint8Array(16).fill(9)
    const login = createLoginRequest({ account: 'alice', password: PASSWORD, installationKey })
    const answer = await client.call(METHODS.login, login)
    t.equal(answer.code, 0)
    t.equal(decodeLoginResponse(answer.body).session?.device, 2)
    t.equal((await client.call(METHODS.sync, createSyncRequest({ since: 0 }))).code, 0)
  },
)

t.test('13.6: wait_ms and attempt of a Sync say nothing on a connection', async t => {
  const { client } = await online(t)
  const sync = createSyncRequest({ since: 1, waitMs: POLL_MS_MAX, attempt: 77 })
  const beganMs = performance.now()
  t.equal((await client.call(METHODS.sync, sync)).code, 0)
  t.ok(performance.now() - beganMs < POLL_MS_MAX / 2)
})

t.test('4.7: a session that is missing comes first, then the rate, the method, the body', async t => {
  const limits = ['--limits', 'normal', '--set-limits', 'requests-device=1/h+2,requests-nameless=1/h+5']
  const { server, client } = await online(t, ...limits)
  const ask = async (on: RawClient, method: number, body: Uint8Array) => (await on.callRaw(method, body)).code
  t.equal(await ask(client, UNKNOWN, EMPTY), CODES.UNKNOWN_METHOD.code)
  t.equal(await ask(client, METHODS.send.number, EMPTY), CODES.BAD_BODY.code)
  t.equal(await ask(client, UNKNOWN, EMPTY), CODES.RATE_LIMITED.code)
  t.equal(await ask(client, METHODS.send.number, EMPTY), CODES.RATE_LIMITED.code)
  const { client: nameless } = await RawClient.open(server.port, {})
  t.teardown(() => nameless.destroy())
  for (let i = 0; i < 4; i++) await ask(nameless, METHODS.login.number, EMPTY)
  t.equal(await ask(nameless, METHODS.login.number, EMPTY), CODES.RATE_LIMITED.code)
  t.equal(await ask(nameless, METHODS.send.number, EMPTY), CODES.LOGIN_REQUIRED.code)
})
