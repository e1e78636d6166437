/** A tiny soak says everything that it promises, and its chart is one page by itself. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SOAK_FIGURES, type SoakReport } from '../../bench/soak.js'
import { bench } from '../support/bench-process.js'

t.test('a tiny soak has samples, slopes with their intervals, a verdict and a chart', async t => {
  const chart = join(t.testdir(), 'soak.html')
  const { code, stdout, stderr } = await bench('soak', '--tiny', '--json', '--minutes', '2', '--chart', chart)
  t.equal(code, 0, stderr)
  const { j }: { j: SoakReport } = JSON.parse(stdout)
  t.equal(j.samples.length, 12)
  for (const sample of j.samples) {
    // Of a sample without a message nothing can be said of one.
    const hadMessages = sample.messages_per_second > 0
    for (const figure of SOAK_FIGURES) {
      const isNumber = hadMessages || !/^(cpu|delivered)/.test(figure)
      t.equal(typeof sample[figure], isNumber ? 'number' : 'object', figure)
    }
    t.ok(sample.own_mib > 0 && sample.file_mib > 0)
  }
  t.ok(j.samples.some(sample => sample.messages_per_second > 0))
  t.ok(j.offered_per_second < j.closed_loop_per_second)
  t.same(
    j.slopes.map(({ figure }) => figure),
    SOAK_FIGURES,
  )
  for (const { per_hour, per_hour_low, per_hour_high, trend } of j.slopes) {
    t.ok(per_hour_low <= per_hour && per_hour <= per_hour_high)
    if (trend === 'rises' || trend === 'falls') t.ok(per_hour_low * per_hour_high > 0)
  }
  t.type(j.own_memory_is_flat, 'boolean')
  const page = readFileSync(chart, 'utf8')
  t.equal(page.match(/<svg /g)?.length, SOAK_FIGURES.length)
  for (const word of ['µs', 'MiB', 'minutes since the load began', '95 % interval', 'full load: ', 'half load: '])
    t.ok(page.includes(word), word)
  t.notMatch(page, /<script|https?:|NaN|undefined/)
})
