/** Whole runs over the other transports. With killed servers and cut connections: test/long/simulate-faults.long.ts. */
import t from 'tap'
import { simulate } from './support.js'

const SMALL = ['--users', '20', '--friends', '5', '--messages', '5']

for (const transport of ['ws', 'http'] as const) {
  t.test(`over ${transport}: nobody loses the connection, and nothing is lost`, async t => {
    const { code, stderr, report } = await simulate(t.testdir(), ...SMALL, '--transport', transport)
    t.equal(code, 0, stderr)
    t.match(report, { delivered: 500, lost: 0, duplicated: 0, reordered: 0, transport })
    t.same(report.online_by, { [transport]: 20 })
  })
}

t.test('mixed: devices go from one transport to the others and back while they talk', async t => {
  const { code, stderr, report } = await simulate(t.testdir(), ...SMALL, '--devices', '2', '--transport', 'mixed')
  t.equal(code, 0, stderr)
  t.match(report, { delivered: 500, lost: 0, duplicated: 0, reordered: 0, transport: 'mixed' })
  t.same(Object.keys(report.online_by).sort(), ['http', 'tcp', 'ws'])
  t.ok(report.switches > 10, `${report.switches} switches`)
})
