/** The pieces of the benchmark that compute: framing, statistics, tables. */
import t from 'tap'
import { trendOf } from '../../bench/soak.js'
import { lineThrough, median, medians, Samples } from '../../bench/statistics.js'
import { table } from '../../bench/table.js'
import { LONGWIRE_WEB_SOCKET, WebSocketFraming } from '../../bench/web-socket-framing.js'

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

t.test('a line through points has a slope and an interval that holds it', async t => {
  const { slope, low, high } = lineThrough([
    [1, 2],
    [2, 4],
    [3, 5],
    [4, 4],
    [5, 5],
  ])
  t.ok(Math.abs(slope - 0.6) < 1e-9)
  // Student's t for 3 degrees of freedom is 3.182, the standard error 0.2828.
  t.ok(Math.abs(high - 1.5) < 0.01 && Math.abs(low + 0.3) < 0.01, `${low} to ${high}`)
})

t.test('errors that come in long runs say less of a slope than those that do not', async t => {
  const width = (run: number): number => {
    const { low, high } = lineThrough(
      Array.from({ length: 60 }, (_, i) => [i, Math.floor(i / run) % 2 === 0 ? 1 : -1] as const),
    )
    return high - low
  }
  t.ok(width(10) > 2.5 * width(1), `${width(10)} and ${width(1)}`)
})

t.test('a slope whose interval is wide is undecided, however small it is', async t => {
  t.equal(trendOf(100, 0.5, -50, 51), 'undecided')
  t.equal(trendOf(100, 0.5, -4, 5), 'flat')
  t.equal(trendOf(100, 0.5, 0.4, 0.6), 'flat')
  t.equal(trendOf(100, 3, 2, 4), 'rises')
  t.equal(trendOf(100, -3, -4, -2), 'falls')
})

t.test('a table is aligned', async t => {
  t.equal(table(['', 'up'], [['ping', 1]]), '       up\n─────────\nping    1')
})
