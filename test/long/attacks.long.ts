/** A tiny run of the attacks, and of the slow link, says everything that it promises. */
import t from 'tap'
import { ATTACK_NAMES } from '../../bench/attacks/list.js'
import { missingForLink } from '../../bench/link/namespaces.js'
import { bench } from '../support/bench-process.js'

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
