import t from 'tap'
import { CountedTime, JUMPS_MAX } from '../../src/lib/counted-time.js'
import { ManualClock } from '../support/manual-clock.js'

const DAY_MS = 86_400_000
const START_MS = 1_700_000_000_000

/** A clock whose wall time the test may set apart from the steady one. */
class WrongClock extends ManualClock {
  offMs = 0
  override now(): number {
    return super.now() + this.offMs
  }
}

t.test('without a jump what counts is what passed', async t => {
  const clock = new ManualClock(START_MS)
  const time = new CountedTime(clock)
  clock.advance(200 * DAY_MS)
  t.equal(time.ago(90 * DAY_MS), START_MS + 110 * DAY_MS)
})

t.test('a jump while the process runs counts for no age, from the first look on', async t => {
  const clock = new WrongClock(START_MS)
  const time = new CountedTime(clock)
  clock.advance(DAY_MS)
  clock.offMs = 100 * DAY_MS
  t.equal(time.ago(90 * DAY_MS), START_MS + DAY_MS - 90 * DAY_MS)
  clock.advance(10 * DAY_MS)
  t.equal(time.ago(5 * DAY_MS), START_MS + 106 * DAY_MS, 'behind the jump')
  t.equal(time.ago(10 * DAY_MS), START_MS + 101 * DAY_MS, 'its end')
  t.equal(time.ago(11 * DAY_MS), START_MS, 'and over it')
})

t.test('a clock that is put right again makes nothing old', async t => {
  const clock = new WrongClock(START_MS)
  const time = new CountedTime(clock)
  clock.offMs = 100 * DAY_MS
  t.equal(time.look()?.toMs, START_MS + 100 * DAY_MS)
  clock.offMs = 0
  t.equal(time.look(), undefined)
  t.equal(time.ago(DAY_MS), START_MS - DAY_MS)
})

t.test('what is less than a day has passed, also in many steps', async t => {
  const clock = new WrongClock(START_MS)
  const time = new CountedTime(clock)
  for (let i = 0; i < 10; i++) {
    clock.offMs += DAY_MS / 2
    t.equal(time.look(), undefined)
  }
  t.equal(time.ago(DAY_MS), START_MS + 4 * DAY_MS)
})

t.test('jumps that overlap are skipped once, and the newest so many are remembered', async t => {
  const clock = new ManualClock(START_MS)
  const time = new CountedTime(clock)
  const ends = (n: number) => ({ fromMs: START_MS - 10 * DAY_MS, toMs: START_MS - n * DAY_MS })
  time.add([ends(5), ends(3), ends(5)])
  t.equal(time.jumps.length, 2)
  t.equal(time.ago(4 * DAY_MS), START_MS - 11 * DAY_MS)
  time.add(Array.from({ length: 50 }, (_, i) => ({ fromMs: i, toMs: i + 1 })))
  t.equal(time.jumps.length, JUMPS_MAX)
  t.equal(time.jumps[0]?.toMs, START_MS - 3 * DAY_MS)
})
