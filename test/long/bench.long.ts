/** The benchmark works: a tiny run says everything that it promises. What the figures are is not a matter for tests. */
import t from 'tap'
import type { GroupsReport } from '../../bench/groups.js'
import { IDLE_KINDS, type IdleRow } from '../../bench/idle-row.js'
import { BASELINES } from '../../bench/messages.js'
import type { PageReport } from '../../bench/page.js'
import { PEER_NAMES } from '../../bench/peers/index.js'
import type { ScreenReport } from '../../bench/screen.js'
import { bench } from '../support/bench-process.js'

t.test('a tiny run of the long side and the store gives one JSON object with every figure', async t => {
  const { code, stdout, stderr } = await bench('--tiny', '--json', '--only', 'requests,b,c', '--against', '.')
  t.equal(code, 0, stderr)
  t.equal(stdout.trim().split('\n').length, 1)
  const { machine, a, b, c } = JSON.parse(stdout)
  t.equal(machine.node, process.version)

  t.ok(a.request_bytes > 0 && a.response_bytes > a.request_bytes)
  for (const row of a.connections) t.ok(row.longwire_per_second > 0 && row.echo_per_second > 0 && row.rate_ratio > 0)

  // Where mosquitto and NATS are installed, they take part.
  const peers = PEER_NAMES.filter(name => b.alone.some((row: { target: string }) => row.target === name))
  t.same(
    peers.filter(name => name !== 'mosquitto' && name !== 'nats'),
    ['lmdb', 'against', 'memory', 'relay', 'socket.io'],
  )
  t.same(
    b.load.map((row: { in_flight: number; target: string }) => `${row.in_flight} ${row.target}`),
    [1, 10].flatMap(inFlight => peers.map(name => `${inFlight} ${name}`)),
  )
  for (const row of [...b.load, ...b.alone]) {
    t.ok(row.cpu_us_min <= row.cpu_us_per_message, row.target)
    const compared = BASELINES.filter(name => (name === 'against' ? row.target === 'lmdb' : name !== row.target))
    t.same(
      Object.keys(row.ratios),
      compared.filter(name => peers.includes(name)),
      row.target,
    )
    // Each server on Node is probed; the others cannot be.
    if (row.target === 'mosquitto' || row.target === 'nats') t.equal(row.sockets_per_turn, null, row.target)
    else t.ok(row.sockets_per_turn >= 1 && row.sockets_per_turn_at_min >= 1, row.target)
    if (row.target === 'lmdb') t.ok(row.journal_bytes > 100 && row.journal_padding_bytes >= 0, row.target)
    else if (row.target !== 'against') t.equal(row.journal_bytes, null, row.target)
    if (row.target === 'mosquitto' || row.target === 'nats') t.equal(row.cpu_main_us, null, row.target)
    else t.ok(row.threads_min.cpu_main_us <= row.cpu_main_us && row.cpu_main_us > 0, row.target)
    if (row.target === 'lmdb') t.ok(row.cpu_libuv_us > 0, 'the journal is written')
    if (row.target === 'relay') t.equal(row.cpu_checkpoint_us, 0)
    t.ok(row.own_mib > 0 && row.file_mib > 0, row.target)
    t.ok(row.messages_per_second > 0 && row.cpu_us_per_message >= 0 && row.generator_busy >= 0)
    t.ok(row.accepted_p50_ms <= row.accepted_p99_ms && row.delivered_p50_ms <= row.delivered_p99_ms)
  }

  t.same(
    b.floor.map((row: { target: string }) => row.target),
    ['lmdb', 'against'],
  )
  for (const row of b.floor) t.ok(row.floor_ms > b.synced_write_ms && row.p50_ratio_min > 0 && row.p99_by_p50 >= 1)

  // These are exact, and promised: no timing is in them.
  t.equal(c.heartbeat_up, 1)
  t.equal(c.heartbeat_down, 1)
  t.ok(c.message_up_beside_text <= 16, `${c.message_up_beside_text} bytes up`)
  t.ok(c.delivery_down_beside_text <= 32, `${c.delivery_down_beside_text} bytes down`)
  t.equal(c.reconnect_round_trips, 1)
  t.ok(c.accepted_down > 0 && c.ack_up > 0 && c.delivered_mark_down > 0)
})

t.test('a tiny run of the short side, of storms and of memory, too', async t => {
  const { code, stdout, stderr } = await bench('--tiny', '--json', '--only', 'd,http,ws,login')
  t.equal(code, 0, stderr)
  const { d, e, f, g } = JSON.parse(stdout)
  const kinds = IDLE_KINDS.filter(kind => kind !== 'against') // none was named
  t.same(Object.keys(d.rows), kinds)
  for (const kind of kinds) {
    const row: IdleRow = d.rows[kind]
    t.same(
      row.each.map(({ connections }) => connections),
      [10, 30, 60],
    )
    for (const { rss_bytes, own_bytes, file_bytes } of row.each) {
      t.ok(Math.abs(rss_bytes - own_bytes - file_bytes) <= 2, `${kind}: ${rss_bytes} = ${own_bytes} + ${file_bytes}`)
    }
    t.equal(row.slopes.length, 2)
    t.ok(row.connect_cpu_us_min <= row.connect_cpu_us)
    for (const { rss_bytes_min, rss_bytes } of row.each) t.ok(rss_bytes_min <= rss_bytes)
    t.type(row.compacted_rss_bytes, 'number')
  }

  t.same(
    e.rows.map((row: { method: string }) => row.method),
    ['MessageService.Sync', 'MessageService.Send'],
  )
  for (const row of e.rows) t.ok(row.longwire_per_second > 0 && row.bare_per_second > 0 && row.response_bytes > 0)

  for (const row of f.requests) t.ok(row.ws_per_second > 0 && row.tcp_per_second > 0)
  t.same(
    f.messages.map((row: { in_flight: number; transport: string }) => `${row.in_flight} ${row.transport}`),
    ['1 ws', '1 tcp', '10 ws', '10 tcp'],
  )
  for (const row of f.messages) t.ok(row.messages_per_second > 0 && row.accepted_p50_ms <= row.accepted_p99_ms)

  t.equal(g.logins_offered_per_second, 100)
  t.ok(g.quiet_p50_ms <= g.quiet_p99_ms && g.storm_p50_ms <= g.storm_p99_ms)
  t.type(g.logins_per_second, 'number')
})

t.test('a tiny run of the threads, beside the main thread', async t => {
  const { code, stdout, stderr } = await bench('--tiny', '--json', 'workers')
  t.equal(code, 0, stderr)
  const { k } = JSON.parse(stdout)
  t.same(
    k.costs.pages.map((row: { items: number; at_once: number }) => `${row.items} ${row.at_once}`),
    ['16 1', '16 8', '64 1', '64 8', '256 1', '256 8'],
  )
  for (const row of [...k.costs.pages, ...k.costs.bodies])
    t.ok(Number.isFinite(row.here_us) && Number.isFinite(row.there_us))
  t.same(
    k.first_syncs.map((row: { target: string }) => row.target),
    ['threads', 'main thread'],
  )
  for (const row of k.first_syncs) t.ok(row.pages_per_second > 0 && row.cpu_us >= row.main_cpu_us)
})

t.test('a tiny run of signals, with and without them', async t => {
  const { code, stdout, stderr } = await bench('--tiny', '--json', 'signals')
  t.equal(code, 0, stderr)
  const { n } = JSON.parse(stdout)
  t.same([n.pairs, n.typists], [3, 6])
  t.ok(n.p99_ratio > 0 && n.quiet_p50_ms <= n.quiet_p99_ms && n.typing_p50_ms <= n.typing_p99_ms)
})

t.test('a tiny run of first screens and of posts to boards, each figure with its aim', async t => {
  const { code, stdout, stderr } = await bench('--tiny', '--json', 'screen')
  t.equal(code, 0, stderr)
  const { o }: { o: ScreenReport } = JSON.parse(stdout)
  t.same([o.conversations, o.items], [2_000, 8_000])
  t.same(
    o.figures.map(({ aim }) => aim?.atMost),
    [50, 1.5, 1.5, undefined, undefined, 1.2, 1.2, undefined],
  )
  for (const { what, judged } of o.figures) t.ok(judged > 0, what)
  t.same(
    o.figures.slice(-3).map(({ figure, baseline }) => [figure.unit, baseline?.what]),
    ['ms', 'µs', ''].map(unit => [unit, '20 listeners']),
  )
  t.match(o.figures.at(-3)?.what, 'a board with 80 listeners')
  t.match(o.figures.at(-1)?.what, 'each of 5 connected listeners')
})

t.test(
  'a tiny run of the page in a browser, each figure with its aim; without a browser it says what to install',
  async t => {
    const { code, stdout, stderr } = await bench('--tiny', '--json', 'page')
    t.equal(code, 0, stderr)
    const { p }: { p: PageReport } = JSON.parse(stdout)
    t.same(
      p.figures.map(({ aim }) => aim),
      [{ atMost: 1_000 }, { atMost: 100 }, { atMost: 100 }, { atMost: 50 }],
    )
    for (const { what, figure } of p.figures) t.ok(figure.value > 0, what)
  },
)

t.test('wrong options are refused by name', async t => {
  for (const [option, value] of [
    ['--only', 'a,http,x'],
    ['--attacks', 'header,x'],
    ['--peers', 'lmdb,x'],
    ['--figures', 'costs,x'],
    ['--against', 'x'],
    ['--slowly', ''],
  ] as const) {
    const { code, stderr } = await bench(option, value)
    t.equal(code, 2)
    t.match(stderr, value === '' ? '--slowly' : '"x"')
  }
})

/** The figures of groups that are told, and what they are held to. */
const GROUP_AIMS = [
  [/^CPU of a timeline of a message to 100 members/, { atMost: 1 }],
  [/^CPU of a timeline of a message to 500 members/, { atMost: 1 }],
  [/^timelines in a second that get a message to 500 members/, { atLeast: 200_000 }],
  [/^CPU of a delivery .* on lmdb, 1 in flight/, { atMost: 0.5 }],
  [/^CPU of a delivery .* on lmdb, 10 in flight/, { atMost: 0.5 }],
  [/^CPU of a delivery .* on a Cluster, 1 in flight/, { atMost: 1 }],
  [/^CPU of a delivery .* on a Cluster, 10 in flight/, { atMost: 1 }],
  [/^units of a message .* on a Cluster, 10 in flight/, undefined],
  [/^rounds .* of a message .* on a Cluster, 10 in flight/, undefined],
  [/^CPU that 40 idle groups add/, { atMost: 1 }],
  [/^CPU of a server with 40 groups from its start/, undefined],
  [/^items that a member gets of 24 reactions/, { atMost: 12 }],
  [/^CPU of each of 24 reactions/, undefined],
  [/^CPU of a direct message on lmdb, 1 in flight/, { atMost: 1.1 }],
  [/^CPU of a direct message on lmdb, 10 in flight/, { atMost: 1.1 }],
] as const

t.test(
  'a tiny run of groups gives the cost of each size beside a direct message, and each figure with its aim',
  async t => {
    const { code, stdout, stderr } = await bench('--tiny', '--json', 'groups', '--against', '.')
    t.equal(code, 0, stderr)
    const { m }: { m: GroupsReport } = JSON.parse(stdout)
    t.same(
      m.rows.map(row => row.members),
      [2, 10, 100, 500],
    )
    for (const row of m.rows) t.ok(row.appends_per_second > 0 && row.cpu_us_per_append > 0 && row.cpu_ratio > 0)
    t.equal(m.rows[0]?.cpu_ratio, 1)
    const branches = m.rows[3]?.branches ?? 0
    t.ok(branches > 200 && branches <= 256)
    for (const [what, aim] of GROUP_AIMS) {
      const found = m.figures.filter(row => what.test(row.what))
      t.equal(found.length, 1, String(what))
      t.same(found[0]?.aim, aim, String(what))
      t.type(found[0]?.kept, aim === undefined ? 'undefined' : 'boolean', String(what))
    }
    for (const { what, figure, judged } of m.figures) {
      t.ok(Number.isFinite(figure.value) && Number.isFinite(judged), what)
    }
  },
)

t.test('of groups only what is named is measured, and without another checkout no direct message', async t => {
  const { code, stdout, stderr } = await bench('--tiny', 'groups', '--figures', 'appends,direct')
  t.equal(code, 0, stderr)
  t.match(stderr, '--against names no other checkout')
  t.match(stdout, /^500 +2\d\d/m)
  t.match(stdout, '| ≥ 200000 |')
  t.notMatch(stdout, 'direct message on lmdb')
})
