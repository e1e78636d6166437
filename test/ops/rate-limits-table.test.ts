import { readFileSync } from 'node:fs'
import t from 'tap'
import { Limits } from '../../src/ops/rate-limits.js'
import { LIMIT_NAMES, type LimitName, limitRow, parseLimitSettings, rateText } from '../../src/ops/rate-limits-table.js'
import { ManualClock } from '../support/manual-clock.js'

const PAGE = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8')

/** A row as docs/limits.md shows it. */
function shown(name: LimitName): string {
  const { key, counted, code, counts, why, growing, ...rate } = limitRow(name)
  const refusal = growing === true ? `${code}, ever longer` : code
  return `| ${name} | ${key} | ${counted} | ${rateText(rate)} | ${refusal} | ${counts}: ${why} |`
}

t.test("the table in docs/limits.md is the code's, both ways", async t => {
  const [, table = ''] = /\n\| limit \|.*\n\| *---.*\n((?:\|.*\n)+)/.exec(PAGE) ?? []
  t.same(table.trim().split('\n'), LIMIT_NAMES.map(shown))
})

t.test('an operator sets other rates, or none', async t => {
  t.same(parseLimitSettings(''), {})
  t.same(parseLimitSettings('registrations=600/h+50, look-ups=off'), {
    registrations: { amount: 600, unit: 'h', burst: 50 },
    'look-ups': null,
  })
  for (const wrong of [
    'registrations',
    'registrations=1',
    'nothing=off',
    'logins=0/s+1',
    'logins=1/s+0',
    'logins=1/d+1',
    ',',
  ])
    t.equal(parseLimitSettings(wrong), undefined, wrong)
  const limits = new Limits(new ManualClock(), parseLimitSettings('logins=1/min+1,bytes=off'))
  t.equal(limits.take('logins', 'a'), 0)
  t.equal(limits.take('logins', 'a'), 60_000)
  t.equal(limits.take('bytes', 'a', 1e9), 0)
  t.equal(limits.take('bytes', 'a', 1e9), 0)
})

t.test('open limits remember nothing', async t => {
  const limits = Limits.open(new ManualClock())
  for (let i = 0; i < 1_000; i++) t.equal(limits.take('logins', 'a'), 0)
  const { waitMs } = await limits.claim(['registrations', 'a'], ['login-failures', 'a'])
  t.equal(waitMs, 0)
  t.equal(limits.keys, 0)
})
