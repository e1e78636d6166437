/** Runs on lmdb under kills and cuts, with others each time: rare moments are met by many runs. */
import t from 'tap'
import { simulate } from '../clients/simulate/support.js'
import { rounds } from '../support/rounds.js'

const FAULTS = ['--devices', '2', '--kill-every', '2.5', '--drop-every', '0.5'] as const

const first = Date.now() % 1_000_000

for (let seed = first; seed < first + rounds(1); seed++) {
  t.test(`100 people with two devices each, killed servers and cut connections, seed ${seed}`, async t => {
    const size = ['--users', '100', '--friends', '10', '--messages', '20'] as const
    const { code, stderr, report } = await simulate(t.testdir(), ...size, ...FAULTS, '--seed', String(seed))
    t.equal(code, 0, stderr)
    t.match(report, { sent: 20_000, accepted: 20_000, delivered: 20_000, lost: 0, duplicated: 0, reordered: 0 })
    t.ok(report.kills >= 2, `${report.kills} kills`)
  })
}

t.test('a crowd that keeps the server busy while it is killed', async t => {
  const size = ['--users', '300', '--friends', '30', '--messages', '5'] as const
  const { code, stderr, report } = await simulate(t.testdir(), ...size, '--kill-every', '3', '--seed', '5')
  t.equal(code, 0, stderr)
  t.match(report, { sent: 45_000, accepted: 45_000, delivered: 45_000, lost: 0, duplicated: 0, reordered: 0 })
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

t.test('messages to groups that are taken back, while members come and go and the server is killed', async t => {
  const size = ['--users', '8', '--friends', '2', '--messages', '2', '--devices', '2', '--kill-every', '1'] as const
  const groups = ['--groups', '3', '--group-size', '5', '--group-messages', '10', '--churn', '--recalls', '40'] as const
  const { code, stderr, report } = await simulate(t.testdir(), ...size, ...groups)
  t.equal(code, 0, stderr)
  t.match(report, { group_sent: 150, recall_leaks: 0, group_order_violations: 0, unentitled: 0, lost: 0 })
  t.ok(report.recalled > 0, `${report.recalled} recalled`)
})
