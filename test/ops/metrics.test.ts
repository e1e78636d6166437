/** What Prometheus reads: the table and docs/metrics.md say the same, what happens is counted, and no peer can add a line. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  createContactServiceRequestRequest,
  createGetProfileRequest,
  createSendRequest,
  createSyncRequest,
} from '../../protocol/generated/messages.js'
import { METHODS } from '../../protocol/methods.js'
import { systemClock } from '../../src/lib/clock.js'
import { Buckets, Counters } from '../../src/ops/counters.js'
import { METRICS, type MetricSources, Metrics } from '../../src/ops/metrics.js'
import { eventually } from '../support/eventually.js'
import { RawClient } from '../support/raw-client.js'
import { registerAccount, startTestServer, testConfig } from '../support/server.js'

const IDLE: MetricSources = {
  version: '1.2.3',
  counters: new Counters(),
  connections: () => [],
  users: () => 0,
  pushedItems: () => 0,
  notifies: () => 0,
  watches: () => 6,
  interests: () => ({ own: 2, others: 3 }),
  signals: () => ({ sent: 4, dropped: 5 }),
  outboxEntries: () => 0,
  limitHits: () => [],
  limitsUnanswered: () => 0,
  primaries: () => [],
  unsentBytes: () => 0,
  queuedJobs: () => 0,
  workers: () => ({ waiting: 3, running: 1, failures: { CRASHED: 2 }, runSeconds: new Buckets([1]) }),
  jobs: () => [{ name: 'one', slices: 3, failures: 1, waiting: 2, roundAtMs: 1_700_000_000_500 }],
  storeFreeBytes: () => 5,
  journalWritten: () => ({ changes: 7, padding: 9 }),
  linesLost: () => 0,
  conflicts: () => 2,
  links: () => ({ open: 2, pending: 8, repeated: 3, refused: 4 }),
  membership: () => ({
    nodes: 3,
    isMember: true,
    leasesLost: 1,
    subscriptions: 2,
    events: { sent: 4, received: 5, dropped: 6, unknown: 7 },
  }),
}

// The server's timers do not keep a process alive, and without a socket nothing else does.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

t.test('docs/metrics.md lists every metric with its type, labels and meaning, and no other', async t => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')
  const rows = page.matchAll(/^\| `((?:longwire|process|nodejs)_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$/gm)
  const listed = Array.from(rows, ([, name, type, labels, help]) => ({ name, type, labels: labels?.trim(), help }))
  const known = Object.entries(METRICS).map(([name, { type, labels, help }]) => {
    return { name, type, labels: type === 'histogram' ? '' : labels.join(', '), help }
  })
  t.same(listed, known)
})

t.test('names end in their unit, counters in _total', async t => {
  for (const [name, { type }] of Object.entries(METRICS)) {
    t.equal(name.endsWith('_total'), type === 'counter', name)
    t.match(name, /^(longwire|process|nodejs)_[a-z0-9_]+$/)
    t.notMatch(name, /_(ms|milliseconds|kb|mb)(_|$)/, 'seconds and bytes only')
  }
})

t.test('each metric of the table is in the text, once and in the form that Prometheus reads', async t => {
  const metrics = new Metrics(IDLE, systemClock)
  t.teardown(() => metrics.stop())
  t.match(metrics.contentType, 'text/plain; version=0.0.4')
  const text = await metrics.text()
  for (const [name, { type, help }] of Object.entries(METRICS)) {
    t.equal(text.split(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`).length, 2, name)
  }
  for (const line of text.split('\n').filter(line => line !== '' && !line.startsWith('#'))) {
    t.match(line, /^[a-z_0-9]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+-]+$/)
  }
  t.match(text, 'longwire_build_info{version="1.2.3",')
  t.match(text, 'longwire_store_free_bytes 5')
  t.match(text, 'longwire_journal_bytes_total 7')
  t.match(text, 'longwire_journal_padding_bytes_total 9')
  t.match(text, 'longwire_worker_waiting_tasks 3')
  t.match(text, 'longwire_worker_failures_total{code="CRASHED"} 2')
  t.match(text, 'longwire_job_slices_total{job="one"} 3')
  t.match(text, 'longwire_job_failures_total{job="one"} 1')
  t.match(text, 'longwire_job_waiting_partitions{job="one"} 2')
  t.match(text, 'longwire_job_last_round_seconds{job="one"} 1700000000.5')
})

t.test('what does not exist has no line', async t => {
  const metrics = new Metrics(
    { ...IDLE, storeFreeBytes: () => undefined, journalWritten: () => undefined },
    systemClock,
  )
  t.teardown(() => metrics.stop())
  t.notMatch(await metrics.text(), /^longwire_(store_free_bytes|journal)/m)
})

t.test('the delay of the event loop is that since the last reading', async t => {
  const metrics = new Metrics(IDLE, systemClock)
  t.teardown(() => metrics.stop())
  const delay = async () => sample(await metrics.text(), 'longwire_event_loop_delay_max_seconds')
  let worst = 0
  // The monitor's timer has to have begun before something can be late.
  await eventually(async () => {
    const startMs = performance.now()
    while (performance.now() - startMs < 60) Math.sqrt(startMs)
    worst = Math.max(worst, await delay())
    return worst > 0.04
  })
  await eventually(async () => (await delay()) < 0.04)
})

t.test('a histogram counts each value under every bound that it is not above', async t => {
  const buckets = new Buckets([1, 10])
  for (const value of [0, 1, 2, 10, 11]) buckets.add(value)
  t.same([...buckets.counts], [2, 2, 1])
  t.equal(buckets.count, 5)
  t.equal(buckets.sum, 24)
  const counters = new Counters()
  counters.committed(3, 2)
  const metrics = new Metrics({ ...IDLE, counters }, systemClock)
  t.teardown(() => metrics.stop())
  const text = await metrics.text()
  t.equal(sample(text, 'longwire_commit_units_bucket{le="2"}'), 0)
  t.equal(sample(text, 'longwire_commit_units_bucket{le="4"}'), 1)
  t.equal(sample(text, 'longwire_commit_units_bucket{le="+Inf"}'), 1)
  t.equal(sample(text, 'longwire_commit_units_sum'), 3)
  t.equal(sample(text, 'longwire_commit_duration_seconds_sum'), 0.002)
})

t.test('a server counts what happens', async t => {
  const server = await startTestServer()
  t.teardown(() => server.drain())
  const read = () => server.metrics.text()
  const alice = await enter(server.port, 'alice')
  const bob = await enter(server.port, 'bob')
  for (const [one, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const request = createContactServiceRequestRequest({ sendSeq: 1, uid: other.uid })
    t.equal((await one.client.call(METHODS.contactRequest, request)).code, 0)
  }
  const before = await read()
  const send = createSendRequest({ sendSeq: 2, to: bob.uid, text: 'hello' })
  t.equal((await alice.client.call(METHODS.send, send)).code, 0)
  t.not((await alice.client.call(METHODS.send, { ...send, sendSeq: 9 })).code, 0)
  await bob.client.call(METHODS.sync, createSyncRequest({ since: 0 }))
  const after = await read()
  const grew = (name: string) => sample(after, name) - sample(before, name)
  const requests = (method: string, code: string) => `longwire_requests_total{method="${method}",code="${code}"}`
  t.equal(grew(requests('MessageService.Send', 'OK')), 1)
  t.equal(grew(requests('MessageService.Send', 'GAP')), 1)
  t.equal(grew(requests('MessageService.Sync', 'OK')), 1)
  t.ok(grew('longwire_commits_total') >= 1)
  t.ok(grew('longwire_items_pushed_total') >= 1, 'to bob')
  t.ok(grew('longwire_items_pulled_total') >= 1, 'by bob')
  t.equal(sample(after, 'longwire_connections{transport="tcp",state="open"}'), 2)
  t.equal(sample(after, 'longwire_users_connected'), 2)
  t.equal(sample(after, 'longwire_commit_queue_jobs'), 0)

  alice.client.destroy()
  await eventually(async () => sample(await read(), 'longwire_connections{transport="tcp",state="open"}') === 1)
  t.ok(sample(await read(), 'longwire_connections_closed_total{code="OK"}') >= 1)
  await eventually(async () => sample(await read(), 'longwire_job_last_round_seconds{job="renames"}') > 0)
})

t.test('a limit that refuses is counted by its name; those that never did are there with 0', async t => {
  const limits = ['--limits', 'normal', '--set-limits', 'registrations=1/h+1', '--max-connections-per-address', '1']
  const server = await startTestServer({ config: testConfig(...limits) })
  t.teardown(() => server.drain())
  const { token } = await registerAccount(server.port, 'dora')
  await eventually(() => server.context.connections.size === 0)
  await t.rejects(registerAccount(server.port, 'emil'))
  await eventually(() => server.context.connections.size === 0)
  const { client: first } = await RawClient.open(server.port, { token, attempt: 1 })
  t.teardown(() => first.destroy())
  await eventually(() => server.context.connections.size === 1)
  const second = await RawClient.connect(server.port)
  t.equal(await second.end(), 'TOO_MANY_CONNECTIONS')
  const text = await server.metrics.text()
  const hits = (limit: string) => sample(text, `longwire_limits_hit_total{limit="${limit}"}`)
  t.equal(hits('registrations'), 1)
  t.equal(hits('connections-address'), 1)
  t.equal(hits('connections-evicted'), 0)
  t.match(text, 'longwire_limits_hit_total{limit="logins"} 0')
})

t.test('nothing that a peer makes up becomes a line', async t => {
  const server = await startTestServer()
  t.teardown(() => server.drain())
  const carol = await enter(server.port, 'carol')
  await carol.client.call(METHODS.getProfile, createGetProfileRequest({}))
  await carol.client.callRaw(999, new Uint8Array(0))
  const before = (await server.metrics.text()).split('\n').length
  for (let method = 1_000; method < 1_100; method++) await carol.client.callRaw(method * 7_919, new Uint8Array(0))
  const text = await server.metrics.text()
  t.equal(text.split('\n').length, before)
  t.equal(sample(text, 'longwire_requests_total{method="unknown",code="UNKNOWN_METHOD"}'), 101)
  t.notMatch(text, 'carol')
  t.notMatch(text, '127.0.0.1')
})

async function enter(port: number, account: string): Promise<{ client: RawClient; uid: number }> {
  const { token, uid } = await registerAccount(port, account)
  const { client } = await RawClient.open(port, { token, attempt: 1 })
  return { client, uid }
}

/** The value of the line that begins with this; 0 if there is none. */
function sample(text: string, name: string): number {
  const line = text.split('\n').find(line => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ') + 1))
}
