/** The benchmark works: a tiny run says everything that it promises. What the figures are is not a matter for tests. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ATTACK_NAMES } from '../../bench/attacks/list.js'
import { missingForLink } from '../../bench/link/namespaces.js'
import { BASELINES } from '../../bench/messages.js'
import { PEER_NAMES } from '../../bench/peers/index.js'
import { median, medians, Samples } from '../../bench/statistics.js'
import { table } from '../../bench/table.js'
import { LONGWIRE_WEB_SOCKET, WebSocketFraming } from '../../bench/web-socket-framing.js'

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

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
    t.ok(row.own_mib > 0 && row.file_mib > 0, row.target)
    t.ok(row.messages_per_second > 0 && row.cpu_us_per_message >= 0 && row.generator_busy >= 0)
    t.ok(row.accepted_p50_ms <= row.accepted_p99_ms && row.delivered_p50_ms <= row.delivered_p99_ms)
  }

  t.same(
    b.floor.map((row: { target: string }) => row.target),
    ['lmdb', 'against'],
  )
  for (const row of b.floor) t.ok(row.floor_ms > b.synced_write_ms && row.p50_ratio > 0 && row.p99_by_p50 >= 1)

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
  t.equal(d.to_connections, 60)
  for (const name of ['rss_ratio', 'ws_rss_ratio', 'poll_rss_ratio', 'ws_own_bytes', 'poll_own_bytes']) {
    t.type(d[name], 'number', name)
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

t.test('a tiny run of the attacks has a row for each', async t => {
  const { code, stdout, stderr } = await bench('--tiny', '--json', '--only', 'attacks')
  t.equal(code, 0, stderr)
  const { h } = JSON.parse(stdout)
  t.same(
    h.rows.map((row: { attack: string }) => row.attack),
    ATTACK_NAMES,
  )
  for (const row of h.rows) {
    t.ok(row.idle_p50_ms <= row.idle_p99_ms && row.attack_p50_ms <= row.attack_p99_ms, row.attack)
    t.ok(row.idle_rss_mib > 0 && row.attack_rss_mib >= row.attack_own_mib, row.attack)
    t.type(row.delay_kept, 'boolean')
    t.type(row.memory_kept, 'boolean')
    t.equal(typeof row.attack_login_ms, row.attack === 'logins' ? 'number' : 'object', row.attack)
    // The attack took place.
    t.ok(Object.keys(row.answers).length > 0, row.attack)
  }
})

t.test('a tiny run at a slow link counts packets and bytes, or says what this machine lacks for it', async t => {
  const { code, stdout, stderr } = await bench('link', '--tiny', '--json')
  t.equal(code, 0, stderr)
  const { i } = JSON.parse(stdout)
  const missing = missingForLink()
  if (missing !== undefined) {
    t.equal(i, undefined)
    t.match(stderr, missing)
    return
  }
  const own = i.rows.filter(({ protocol }: { protocol: string }) => protocol !== 'mqtt')
  t.same(
    own.map((row: { protocol: string; takes_turns: boolean }) => `${row.protocol} ${row.takes_turns}`),
    ['longwire false', 'longwire true', 'longwire-silent false', 'longwire-silent true'],
  )
  for (const row of i.rows) {
    // A message goes up and comes down, and each is acknowledged at least once.
    t.ok(row.packets_up >= 2 && row.packets_down >= 2, JSON.stringify(row))
    t.ok(row.bytes_up > 200 && row.bytes_down > 200, JSON.stringify(row))
    t.ok(row.arrived_p50_ms >= i.profile.rtt, JSON.stringify(row))
    t.equal(typeof row.receipt_p50_ms, row.protocol === 'longwire' ? 'number' : 'object')
  }
})

t.test('wrong options are refused by name', async t => {
  for (const [option, value] of [
    ['--only', 'a,http,x'],
    ['--attacks', 'header,x'],
    ['--peers', 'lmdb,x'],
    ['--against', 'x'],
    ['--slowly', ''],
  ] as const) {
    const { code, stderr } = await bench(option, value)
    t.equal(code, 2)
    t.match(stderr, value === '' ? '--slowly' : '"x"')
  }
})

t.test('messages of a WebSocket are read in any cut', async t => {
  const sizes = [0, 1, 125, 126, 300, 70_000]
  const messages = sizes.map((size, i) => {
    const head =
      size < 126 ? [0x82, size] : size < 65_536 ? [0x82, 126, size >> 8, size & 255] : [0x82, 127, 0, 0, 0, 0]
    if (size >= 65_536) head.push(size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255)
    return Buffer.concat([Buffer.from(head), Buffer.alloc(size, i + 1)])
  })
  const sent = Buffer.concat(messages)
  const expected = Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i + 1)))
  for (const cut of [1, 2, 3, 7, 1_000, sent.length]) {
    const framing = new WebSocketFraming(() => {}, LONGWIRE_WEB_SOCKET)
    const got: Buffer[] = []
    for (let at = 0; at < sent.length; at += cut) {
      framing.unwrap(sent.subarray(at, at + cut), payload => got.push(Buffer.from(payload)))
    }
    t.ok(Buffer.concat(got).equals(expected), `pieces of ${cut}`)
  }
})

t.test('medians and percentiles', async t => {
  t.equal(median([5, 1, 3]), 3)
  t.equal(median([4, 1, 3, 2]), 2.5)
  t.same(medians([{ x: 1 }, { x: 9 }, { x: 4 }]), { x: 4 })
  const samples = new Samples()
  for (let i = 5_000; i > 0; i--) samples.add(i)
  t.equal(samples.percentile(0.5), 2_500)
  t.equal(samples.percentile(0.99), 4_950)
  samples.clear()
  t.same(samples.percentile(0.5), Number.NaN)
})

t.test('a table is aligned', async t => {
  t.equal(table(['', 'up'], [['ping', 1]]), '       up\n─────────\nping    1')
})

function bench(...options: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [MAIN, ...options])
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', chunk => {
      output.stdout += chunk
    })
    child.stderr.on('data', chunk => {
      output.stderr += chunk
    })
    child.on('close', code => resolve({ code, ...output }))
  })
}
