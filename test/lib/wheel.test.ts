import fc from 'fast-check'
import t from 'tap'
import { Timed, Wheel } from '../../src/lib/wheel.js'
import { ManualClock } from '../support/manual-clock.js'

class Entry extends Timed {
  readonly at: number[] = []
  constructor(
    readonly clock: ManualClock,
    readonly then: (entry: Entry) => void = () => {},
  ) {
    super()
  }
  override expired(): void {
    this.at.push(this.clock.monotonic())
    this.then(this)
  }
}

t.test('an entry expires once, at its time or up to a second later', async t => {
  const clock = new ManualClock()
  const wheel = new Wheel(clock)
  clock.advance(2345)
  const entry = new Entry(clock)
  wheel.add(entry, 10_000)
  t.equal(wheel.size, 1)
  clock.advance(9_999)
  t.same(entry.at, [])
  clock.advance(1_001)
  t.equal(entry.at.length, 1)
  clock.advance(3_600_000)
  t.equal(entry.at.length, 1)
  t.equal(wheel.size, 0)
})

t.test('no timer runs while nothing waits', async t => {
  const clock = new ManualClock()
  const wheel = new Wheel(clock)
  t.equal(clock.pending, 0)
  const entry = new Entry(clock)
  wheel.add(entry, 500)
  t.equal(clock.pending, 1)
  wheel.remove(entry)
  wheel.remove(entry)
  clock.advance(5_000)
  t.equal(clock.pending, 0)
  wheel.add(entry, 500)
  clock.advance(1_500)
  t.equal(entry.at.length, 1)
})

t.test('a wait longer than the ring goes round', async t => {
  const clock = new ManualClock()
  const wheel = new Wheel(clock)
  const entry = new Entry(clock)
  wheel.add(entry, 2_710_000)
  clock.advance(2_709_000)
  t.same(entry.at, [])
  clock.advance(2_000)
  t.equal(entry.at.length, 1)
})

t.test('after a stall time is caught up one tick per turn, so that sockets are read between', async t => {
  const clock = new ManualClock()
  const wheel = new Wheel(clock)
  const entry = new Entry(clock)
  wheel.add(entry, 20_000)
  wheel.add(new Entry(clock), 600_000)
  const before = wheel.tick
  clock.stall(60_000)
  t.equal(wheel.tick, before, 'nothing ran')
  clock.advance(1)
  t.ok(wheel.tick <= before + 2)
  t.same(entry.at, [])
  clock.advance(100)
  t.equal(entry.at.length, 1)
  t.ok(wheel.tick >= before + 60)
})

t.test('an expiring entry may enter again, and remove or move others of the same slot', async t => {
  const clock = new ManualClock()
  const wheel = new Wheel(clock)
  const others: Entry[] = []
  const first = new Entry(clock, entry => {
    for (const other of others) wheel.remove(other)
    if (entry.at.length < 3) wheel.add(entry, 1_000)
  })
  for (let i = 0; i < 5; i++) others.push(new Entry(clock))
  for (const entry of others.slice(0, 3)) wheel.add(entry, 1_000)
  wheel.add(first, 1_000)
  for (const entry of others.slice(3)) wheel.add(entry, 1_000)
  clock.advance(10_000)
  t.equal(first.at.length, 3)
  // The newest of a slot is walked first: the two that entered after `first` had expired before it could remove them.
  t.same(
    others.map(entry => entry.at.length),
    [0, 0, 0, 1, 1],
  )
  t.equal(wheel.size, 0)
})

t.test('under any order of adding, moving and removing, each expires within a tick of its time', async () => {
  const command = fc.record({
    entry: fc.nat(7),
    ms: fc.oneof(fc.nat(3_000), fc.nat(1_200_000)),
    remove: fc.boolean(),
    wait: fc.nat(5_000),
  })
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), commands => {
      const clock = new ManualClock()
      const wheel = new Wheel(clock)
      const due = new Map<Entry, number>()
      const check = (entry: Entry): void => {
        const late = clock.monotonic() - (due.get(entry) ?? Number.NaN)
        if (!(late >= 0 && late <= 1_000)) throw new Error(`expired ${late} ms after its time`)
        due.delete(entry)
      }
      const entries = Array.from({ length: 8 }, () => new Entry(clock, check))
      for (const { entry: i, ms, remove, wait } of commands) {
        const entry = entries[i] as Entry
        if (remove) {
          wheel.remove(entry)
          due.delete(entry)
        } else {
          wheel.add(entry, ms)
          due.set(entry, clock.monotonic() + ms)
        }
        clock.advance(wait)
      }
      clock.advance(1_300_000)
      if (due.size > 0 || wheel.size > 0) throw new Error(`${due.size} never expired`)
    }),
    { numRuns: 100 },
  )
})
