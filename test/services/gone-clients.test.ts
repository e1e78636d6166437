/** A client that has gone costs no hash: what it waits for leaves the queue, and the next one is served at once. */
import t from 'tap'
import { CODES } from '../../protocol/codes.js'
import { encodeRequest } from '../../protocol/frame-codec.js'
import { createLoginRequest, encodeLoginRequest } from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { eventually } from '../support/eventually.js'
import { urlOf } from '../support/http-client.js'
import { RawClient } from '../support/raw-client.js'
import { head, RawHttp } from '../support/raw-http.js'
import { PASSWORD, registerAccount, startTestServer, testConfig } from '../support/server.js'

/** More than may wait (workers/pool.ts): the queue is full. */
const LOGINS = 240
/** As many as one connection may have in work, and few enough for their limit. */
const LOGINS_PER_CONNECTION = 60
const FULL = 200
/** The time of a hash is 50 ms: of so many nearly all wait when their clients go. */
const HASHED_MAX = FULL / 2

/** A login that waits in the same queue as all others. */
const NEW_DEVICE = createLoginRequest({
  account: 'alice',
  password: PASSWORD,
  installationKey: new Uint8Array(16).fill(99),
})

function loginBody(i: number): Uint8Array {
  const installationKey = new Uint8Array(16).fill(i)
  return encodeLoginRequest(createLoginRequest({ account: `nobody${i}`, password: 'a guess', installationKey }))
}

/** A server whose hashes take as long as everywhere, with limits that let all these logins in. */
function start(): Promise<RunningServer> {
  const limits = ['logins', 'login-failures-address', 'requests-nameless'].map(name => `${name}=off`).join(',')
  const argv = ['--limits', 'normal', '--set-limits', limits, '--max-connections-per-address', '1000']
  return startTestServer({ config: testConfig(...argv) })
}

async function metric(server: RunningServer, name: string): Promise<number> {
  const line = (await server.metrics.text()).split('\n').find(each => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}

const waiting = (server: RunningServer) => metric(server, 'longwire_worker_waiting_tasks')
const hashed = (server: RunningServer) => metric(server, 'longwire_worker_run_seconds_count')

async function longClients(server: RunningServer, logins = LOGINS): Promise<() => void> {
  const clients: RawClient[] = []
  for (let i = 0; i < logins / LOGINS_PER_CONNECTION; i += 1) {
    const { client } = await RawClient.open(server.port, {})
    clients.push(client)
  }
  clients.forEach((client, c) => {
    for (let i = 0; i < LOGINS_PER_CONNECTION; i += 1) {
      client.send(encodeRequest(10 + i, METHODS.login.number, loginBody(c * LOGINS_PER_CONNECTION + i)))
    }
  })
  return () => {
    // Some are reset, and others are closed as every program's sockets are.
    clients.forEach((client, i) => {
      if (i % 2 === 0) client.reset()
      else client.destroy()
    })
  }
}

async function shortClients(server: RunningServer): Promise<() => void> {
  const { pathname } = new URL(urlOf(server.httpPort, METHODS.login))
  const clients = await Promise.all(Array.from({ length: LOGINS }, () => RawHttp.connect(server.httpPort)))
  clients.forEach(({ socket }, i) => {
    const body = loginBody(i)
    const type = 'Content-Type: application/proto'
    socket.write(head(`POST ${pathname} HTTP/1.1`, type, `Content-Length: ${body.length}`))
    socket.write(body)
  })
  return () => {
    clients.forEach(({ socket }, i) => {
      if (i % 2 === 0) socket.resetAndDestroy()
      else socket.destroy()
    })
  }
}

for (const [side, clients] of [
  ['long', longClients],
  ['short', shortClients],
] as const) {
  t.test(`${side}: a full queue of logins empties when their clients go, and computes no hash for them`, async t => {
    const server = await start()
    t.teardown(() => server.drain())
    await registerAccount(server.port, 'alice')
    const before = await hashed(server)
    const goAway = await clients(server)
    await eventually(async () => (await waiting(server)) >= FULL - 5)
    goAway()
    const { client } = await RawClient.open(server.port, {})
    await eventually(async () => (await client.call(METHODS.login, NEW_DEVICE)).code === CODES.OK.code)
    client.destroy()
    await eventually(async () => (await waiting(server)) === 0)
    t.ok((await hashed(server)) - before < HASHED_MAX, `${(await hashed(server)) - before} hashes`)
    const given = await metric(server, 'longwire_worker_failures_total{code="ABORTED"}')
    t.ok(given >= FULL - HASHED_MAX, `${given} were given up`)
  })
}

t.test('a client that finishes sending is told to come back, unless its hash has begun', async t => {
  const server = await start()
  t.teardown(() => server.drain())
  const goAway = await longClients(server, FULL / 2)
  await eventually(async () => (await waiting(server)) > FULL / 4)
  const { client } = await RawClient.open(server.port, {})
  const answer = client.callRaw(METHODS.login.number, loginBody(LOGINS))
  client.hangUp()
  t.equal((await answer).code, CODES.OVERLOADED.code)
  goAway()
})
