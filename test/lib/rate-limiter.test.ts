import t from 'tap'
import { ExpiringTable } from '../../src/lib/expiring-table.js'
import { GrowingDelay } from '../../src/lib/growing-delay.js'
import { RateLimiter } from '../../src/lib/rate-limiter.js'
import { ManualClock } from '../support/manual-clock.js'

t.test('a burst goes through at once, and then one per interval', async t => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, { perSecond: 2, burst: 3 }, 100)
  t.same(
    [1, 2, 3].map(() => limiter.take('a')),
    [0, 0, 0],
  )
  t.equal(limiter.take('a'), 500)
  t.equal(limiter.take('b'), 0, 'another key is another')
  clock.advance(499)
  t.equal(limiter.take('a'), 1)
  clock.advance(1)
  t.equal(limiter.take('a'), 0, 'who waits as long as he was told gets it')
  t.equal(limiter.take('a'), 500)
  clock.advance(60_000)
  for (let i = 0; i < 3; i++) t.equal(limiter.take('a'), 0, 'a rest gives the burst again, and not more')
  t.equal(limiter.take('a'), 500)
})

t.test('a refusal takes nothing; what is given back may be taken again; a charge is owed', async t => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, { perSecond: 1, burst: 2 }, 100)
  limiter.take('a')
  limiter.take('a')
  for (let i = 0; i < 10; i++) t.equal(limiter.take('a'), 1_000)
  limiter.giveBack('a')
  t.equal(limiter.wait('a'), 0)
  t.equal(limiter.take('a'), 0)
  limiter.charge('a', 5)
  t.equal(limiter.take('a'), 6_000)
  t.equal(limiter.wait('a'), 6_000)
  t.equal(limiter.take('huge', 50), 0, 'what is larger than the burst comes through when nothing else was taken')
  t.equal(limiter.take('huge'), 49_000)
})

t.test('what is full again is forgotten, in bounded steps, and then no timer runs', async t => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, { perSecond: 10, burst: 10 }, 1_000_000)
  for (let key = 0; key < 10_000; key++) limiter.take(key)
  t.equal(limiter.size, 10_000)
  t.equal(clock.pending, 1, 'one timer for all keys')
  clock.advance(1_000)
  t.equal(limiter.size, 10_000 - 4_096)
  clock.advance(2_000)
  t.equal(limiter.size, 0)
  t.equal(clock.pending, 0)
})

t.test('a full table forgets those with the least to forget, and never grows', async t => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, { perSecond: 1, burst: 10 }, 1_000)
  for (let i = 0; i < 10; i++) limiter.take('abuser')
  for (let stranger = 0; stranger < 50_000; stranger++) limiter.take(`stranger ${stranger}`)
  t.equal(limiter.size, 1_000)
  t.ok(limiter.take('abuser') > 0, 'inventing keys does not clear one')
})

t.test('sweeping and evicting go on while keys come and go', async t => {
  const clock = new ManualClock()
  const table = new ExpiringTable<number>(clock, 64, value => value)
  for (let i = 0; i < 2_000; i++) {
    table.set(i % 200, clock.monotonic() + (i % 7) * 500)
    if (i % 3 === 0) table.delete((i * 7) % 200)
    if (i % 11 === 0) clock.advance(250)
    if (table.size > 64) t.fail(`${table.size} keys`)
  }
  clock.advance(10_000)
  t.equal(table.size, 0)
})

const GROWTH = { free: 3, perSecond: 0.01, firstMs: 1_000, longestMs: 60_000 }

t.test('failures beyond the free ones double the delay; time forgets them', async t => {
  const clock = new ManualClock()
  const delay = new GrowingDelay(clock, GROWTH, 100)
  for (let i = 0; i < 3; i++) t.equal(delay.take('a'), 0)
  const waits: number[] = []
  for (let i = 0; i < 8; i++) {
    t.equal(delay.take('a'), 0)
    const waitMs = delay.take('a')
    waits.push(waitMs)
    clock.advance(waitMs)
  }
  for (let i = 1; i < waits.length; i++) t.ok((waits[i] ?? 0) > (waits[i - 1] ?? 0) || waits[i] === 60_000, `${waits}`)
  t.equal(waits[0], 1_000)
  t.equal(waits.at(-1), 60_000, 'never longer than the longest')
  clock.advance(2_000_000)
  t.equal(delay.size, 0, 'forgotten')
  for (let i = 0; i < 3; i++) t.equal(delay.take('a'), 0, 'and free again')
})

t.test('who tries on and on settles at the rate at which failures are forgotten', async t => {
  const clock = new ManualClock()
  const delay = new GrowingDelay(clock, { free: 5, perSecond: 6 / 3_600, firstMs: 1_000, longestMs: 600_000 }, 100)
  let tries = 0
  while (clock.monotonic() < 86_400_000) {
    const waitMs = delay.take('a')
    if (waitMs === 0) tries += 1
    clock.advance(Math.max(1, waitMs))
  }
  t.ok(tries < 24 * 6 + 20, `${tries} in a day`)
})

t.test(
  'tries under way count as failed; a right one clears the key, an undecided one is as if it had not been',
  async t => {
    const clock = new ManualClock()
    const delay = new GrowingDelay(clock, GROWTH, 100)
    for (let i = 0; i < 4; i++) delay.take('a')
    t.equal(delay.take('a'), 1_000, 'a hundred at once are not a hundred free ones')
    delay.giveBack('a')
    t.equal(delay.take('a'), 0)
    t.equal(delay.take('a'), 1_000)
    delay.clear('a')
    t.equal(delay.size, 0)
  },
)
