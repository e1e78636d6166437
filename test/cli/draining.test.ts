/** A server that stops, with another node to name: whom it tells what, how long it serves those who stay, and when it is gone. */
import t, { type Test } from 'tap'
import { CODES } from '../../protocol/codes.js'
import {
  createSyncRequest,
  createUpdateProfileRequest,
  decodeDrainNotice,
  type Session,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import type { RunningServer } from '../../src/cli/server.js'
import { systemClock } from '../../src/lib/clock.js'
import { eventually } from '../support/eventually.js'
import { call, sayHello } from '../support/http-client.js'
import { MemoryBuckets } from '../support/memory-buckets.js'
import { MemoryLeases } from '../support/memory-leases.js'
import { RawClient } from '../support/raw-client.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

const DRAIN_MS = 1_000
/** For requests that come one after the other: the last of them is to come in time on a slow machine, too. */
const HTTP_DRAIN_MS = 4_000

/** A server that believes to share its memory with others, with `b` before it starts or later. */
async function served(t: Test, other: 'before' | 'later', drainMs = DRAIN_MS) {
  const leases = new MemoryLeases(systemClock)
  if (other === 'before') await comes(leases)
  const server = await startTestServer({
    config: testConfig('--advertise', 'a.example:8081', '--drain-ms', `${drainMs}`),
    nodePorts: {
      primaries: [],
      leases,
      buckets: new MemoryBuckets(systemClock),
      openBus: () => ({ send: () => true, close() {} }),
    },
  })
  t.teardown(() => server.abort())
  return { server, leases }
}

/** A node `b` gets its lease, and takes clients. */
function comes(leases: MemoryLeases) {
  const entry = { host: 'b.example', port: 8081, url: '' }
  return leases.renew('b', JSON.stringify({ form: 1, entry, freeConnections: 9 }), 60_000)
}

function noticesOf(client: RawClient, method: number) {
  return client.frames.filter(frame => frame.id === 0 && frame.method === method)
}

async function connected(server: RunningServer, { token, boundAttempt }: Session): Promise<RawClient> {
  return (await RawClient.open(server.port, { token, attempt: boundAttempt + 1 })).client
}

t.test('it names the other node to each client, with times of their own, and serves them until then', async t => {
  const { server } = await served(t, 'before')
  const clients: RawClient[] = []
  for (let i = 0; i < 30; i += 1) clients.push(await connected(server, await registerAccount(server.port, `user${i}`)))
  const startMs = performance.now()
  const drained = server.drain()
  await eventually(() => clients.every(client => noticesOf(client, METHODS.drain.number).length === 1))
  const notices = clients.flatMap(client => noticesOf(client, METHODS.drain.number))
  for (const { body } of notices) {
    t.match(decodeDrainNotice(body).endpoints?.endpoints, [{ host: 'b.example', port: 8081 }])
  }
  const times = notices.map(({ retryAfterMs }) => retryAfterMs)
  t.ok(times.every(ms => ms >= 1 && ms <= DRAIN_MS * 0.75))
  t.ok(times.some(ms => ms < DRAIN_MS / 4) && times.some(ms => ms > DRAIN_MS / 2), 'spread over the time')

  const [staying, ...leaving] = clients as [RawClient, ...RawClient[]]
  t.equal((await staying.call(METHODS.getProfile, { uid: 0, account: '' })).code, 0, 'it is served')
  for (const client of leaving) client.destroy()
  await eventually(() => noticesOf(staying, METHODS.close.number).length === 1)
  t.equal(noticesOf(staying, METHODS.close.number)[0]?.code, CODES.DRAINING.code)
  t.ok(performance.now() - startMs >= DRAIN_MS - 50, 'not before the time was over')
  staying.hangUp()
  await drained
})

t.test('it is gone as soon as all clients are', async t => {
  const { server } = await served(t, 'before', 60_000)
  const client = await connected(server, await registerAccount(server.port, 'alice'))
  const drained = server.drain()
  await eventually(() => noticesOf(client, METHODS.drain.number).length === 1)
  client.destroy()
  await drained
  t.pass('it did not wait a minute')
})

t.test('a node that came a moment before is named, too', async t => {
  const { server, leases } = await served(t, 'later')
  const client = await connected(server, await registerAccount(server.port, 'alice'))
  await comes(leases)
  const drained = server.drain()
  await eventually(() => noticesOf(client, METHODS.drain.number).length === 1)
  const [notice] = noticesOf(client, METHODS.drain.number)
  t.match(notice && decodeDrainNotice(notice.body).endpoints?.endpoints, [{ host: 'b.example' }])
  client.destroy()
  await drained
})

t.test(
  'over HTTP each poll is sent elsewhere at a time of its own, and everything else is done until then',
  async t => {
    const { server } = await served(t, 'before', HTTP_DRAIN_MS)
    const { httpPort, context } = server
    const { polls } = context.hub
    const sessions: Session[] = []
    for (let i = 0; i < 20; i += 1) sessions.push(await registerAccount(server.port, `user${i}`))
    const poll = async ({ token }: Session) => {
      const { answer } = await call(httpPort, METHODS.sync, createSyncRequest({ since: 0 }), { token })
      const reply = await call(httpPort, METHODS.sync, createSyncRequest({ since: answer?.to ?? 0, waitMs: 25_000 }), {
        token,
      })
      return { ...reply, atMs: performance.now() }
    }
    const [busy, ...waiting] = sessions as [Session, ...Session[]]
    const replies = waiting.map(poll)
    const first = poll(busy)
    await eventually(() => polls.size === sessions.length)
    const startMs = performance.now()
    const drained = server.drain()
    // Its poll brings what it does itself, unless its time came first, and it polls again: the node is still there.
    const rename = createUpdateProfileRequest({ sendSeq: 1, nickname: 'Ann' })
    await Promise.race(replies)
    t.equal((await call(httpPort, METHODS.updateProfile, rename, { token: busy.token })).code, 0, 'it is served')
    t.ok([0, CODES.DRAINING.code].includes((await first).code))
    t.equal((await sayHello(httpPort, busy.token, 9)).code, CODES.DRAINING.code, 'nobody comes')
    t.equal((await poll(busy)).code, CODES.DRAINING.code)
    const ended = await Promise.all(replies)
    for (const { code, detail } of ended) t.same([code, detail?.retryAfterMs], [CODES.DRAINING.code, 1])
    const times = ended.map(({ atMs }) => atMs - startMs)
    t.ok(Math.max(...times) > HTTP_DRAIN_MS / 4 && Math.max(...times) < HTTP_DRAIN_MS, 'spread over the time')
    t.ok(Math.min(...times) < HTTP_DRAIN_MS / 2)
    await drained
  },
)
