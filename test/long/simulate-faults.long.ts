/** Runs on lmdb under kills and cuts, long enough for rare moments: a minute or two of them. */
import t from 'tap'
import { simulate } from '../clients/simulate/support.js'

const FAULTS = ['--devices', '2', '--kill-every', '1.5', '--drop-every', '0.5'] as const

for (const seed of [1, 2, 3, 4]) {
  t.test(`100 people with two devices each, killed servers and cut connections, seed ${seed}`, async t => {
    const size = ['--users', '100', '--friends', '10', '--messages', '20'] as const
    const { code, stderr, report } = await simulate(t.testdir(), ...size, ...FAULTS, '--seed', String(seed))
    t.equal(code, 0, stderr)
    t.match(report, { sent: 20_000, accepted: 20_000, delivered: 20_000, lost: 0, duplicated: 0, reordered: 0 })
    t.ok(report.kills >= 2, `${report.kills} kills`)
  })
}

t.test('a crowd that keeps the server busy while it is killed', async t => {
  const size = ['--users', '300', '--friends', '30', '--messages', '10'] as const
  const { code, stderr, report } = await simulate(t.testdir(), ...size, '--kill-every', '3', '--seed', '5')
  t.equal(code, 0, stderr)
  t.match(report, { sent: 90_000, accepted: 90_000, delivered: 90_000, lost: 0, duplicated: 0, reordered: 0 })
  t.ok(report.kills >= 1, `${report.kills} kills`)
})

for (const transport of ['ws', 'http', 'mixed'] as const) {
  t.test(`40 people with two devices each over ${transport}, killed servers and cut connections`, async t => {
    const size = ['--users', '40', '--friends', '5', '--messages', '10', '--transport', transport] as const
    const { code, stderr, report } = await simulate(t.testdir(), ...size, ...FAULTS, '--seed', '6')
    t.equal(code, 0, stderr)
    t.match(report, { sent: 2_000, accepted: 2_000, delivered: 2_000, lost: 0, duplicated: 0, reordered: 0, transport })
    t.ok(report.kills >= 1, `${report.kills} kills`)
    if (transport === 'mixed') t.ok(report.switches > 20, `${report.switches} switches`)
  })
}
