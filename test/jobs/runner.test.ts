/** The runner of jobs: whose partitions it works on, how it rests, when it pauses, and what it does after a failure. */
import t from 'tap'
import type { Job, Pace } from '../../src/jobs/job.js'
import { BUSY_LATE_MS, BUSY_QUEUE_DEPTH } from '../../src/jobs/pacer.js'
import { JobRunner } from '../../src/jobs/runner.js'
import { seededRandom } from '../../src/lib/random.js'
import { PARTITIONS } from '../../src/store/types.js'
import { ManualClock } from '../support/manual-clock.js'

interface Load {
  queueDepth: number
}

/** A runner with one job, whose time passes step by step. */
function rig(run: Job['run'], job: Partial<Job> = {}, owned: ReadonlySet<number> = new Set([7])) {
  const clock = new ManualClock()
  const load: Load = { queueDepth: 0 }
  const failing: unknown[] = []
  const runner = new JobRunner({
    jobs: [{ name: 'job', each: 'partition', atStart: true, isResumed: true, atOnce: 1, ...job, run }],
    clock,
    random: seededRandom('runner'),
    queueDepth: () => load.queueDepth,
    owns: partition => owned.has(partition),
    onFailing: (_job, _partition, error) => failing.push(error),
  })
  const pass = async (ms: number, stepMs = 1) => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      clock.advance(stepMs)
      await turn()
    }
  }
  const figures = () => runner.figures()[0]
  return { clock, load, failing, runner, pass, figures }
}

/** Lets promises that are ready run. */
async function turn(): Promise<void> {
  for (let i = 0; i < 4; i += 1) await new Promise(setImmediate)
}

/** A job of so many slices, each of which is noted. */
function slices(count: number, done: string[], sliceMs = 0, clock?: () => ManualClock): Job['run'] {
  return async (partition: number, pace: Pace) => {
    for (let i = 1; i <= count && !pace.isStopped; i += 1) {
      done.push(`${partition}.${i}`)
      clock?.().stall(sliceMs)
      await pace.rest()
    }
  }
}

t.test('a round goes over the partitions that this node owns, and the next begins when it is due', async t => {
  const seen: number[] = []
  const run = async (partition: number) => void seen.push(partition)
  const { runner, pass, clock, figures } = rig(run, { every: 1_000 }, new Set([3, 9, 200]))
  runner.start()
  t.equal(figures()?.waiting, 3)
  await pass(20)
  t.same(
    seen.toSorted((a, b) => a - b),
    [3, 9, 200],
  )
  t.match(figures(), { waiting: 0, failures: 0 })
  const roundAtMs = figures()?.roundAtMs ?? 0
  t.ok(roundAtMs > 0 && roundAtMs <= clock.now())
  await pass(970)
  t.equal(seen.length, 3, 'not before its time')
  await pass(50)
  t.equal(seen.length, 6)
  await runner.stop()
  t.equal(clock.pending, 0, 'no timer is left')
})

t.test('a round without a partition of its own is followed by the next', async t => {
  const owned = new Set<number>()
  const seen: number[] = []
  const { runner, pass } = rig(async partition => void seen.push(partition), { every: 1_000 }, owned)
  runner.start()
  await pass(500)
  owned.add(4)
  await pass(600)
  t.same(seen, [4])
  await runner.stop()
})

t.test(
  'a partition that becomes another node’s ends at its next rest, and is gone on with when it comes back',
  async t => {
    const owned = new Set([7])
    const done: string[] = []
    const { runner, pass } = rig(slices(100, done), {}, owned)
    runner.start()
    await pass(20)
    const before = done.length
    t.ok(before > 2 && before < 100)
    owned.delete(7)
    await pass(50)
    t.ok(done.length <= before + 1, 'one slice at most was under way')
    owned.add(7)
    runner.resume()
    await pass(50)
    t.ok(done.length > before + 5)
    await runner.stop()
  },
)

t.test(
  'a job whose work is not noted begins no round when a node has come or gone, and keeps the time of its next',
  async t => {
    const seen: number[] = []
    const job = { isResumed: false, every: 1_000 }
    const { runner, pass } = rig(async partition => void seen.push(partition), job)
    runner.start()
    await pass(900)
    runner.resume()
    await pass(50)
    t.same(seen, [7])
    await pass(100)
    t.same(seen, [7, 7])
    await runner.stop()
  },
)

t.test('work that began here is done here, whoever owns the partition', async t => {
  const done: string[] = []
  const { runner, pass } = rig(slices(3, done), { atStart: false, every: 1_000_000 }, new Set())
  runner.wake('job', 11)
  await pass(50)
  t.same(done, ['11.1', '11.2', '11.3'])
  await runner.stop()
})

t.test('work that comes while the partition is worked on is not forgotten', async t => {
  let runs = 0
  const { runner, pass } = rig(async (_, pace) => {
    runs += 1
    await pace.rest()
  })
  runner.wake('job', 7)
  runner.wake('job', 7)
  await turn()
  runner.wake('job', 7)
  runner.wake('job', 7)
  await pass(100)
  t.equal(runs, 2)
  await runner.stop()
})

t.test('no more partitions at a time than the job says', async t => {
  let now = 0
  let most = 0
  const run: Job['run'] = async (_, pace) => {
    now += 1
    most = Math.max(most, now)
    await pace.rest()
    now -= 1
  }
  const all = new Set(Array.from({ length: PARTITIONS }, (_, i) => i))
  const { runner, pass, figures } = rig(run, { atOnce: 3 }, all)
  runner.start()
  await pass(600)
  t.equal(most, 3)
  t.equal(figures()?.waiting, 0)
  await runner.stop()
})

t.test('it rests nine times as long as a slice took, so it takes a tenth of the time', async t => {
  const done: string[] = []
  const { runner, pass, clock }: ReturnType<typeof rig> = rig((...asked) => slices(20, done, 10, () => clock)(...asked))
  runner.start()
  const beganMs = clock.monotonic()
  while (done.length < 20) await pass(10, 10)
  const tookMs = clock.monotonic() - beganMs
  t.ok(tookMs >= 19 * 100, `${tookMs} ms for 20 slices of 10 ms`)
  t.ok(tookMs < 20 * 130, `${tookMs} ms for 20 slices of 10 ms`)
  await runner.stop()
})

t.test(
  'while many transitions wait for a write it does one slice a second, and all of them when the load is gone',
  async t => {
    const done: string[] = []
    const { runner, pass, load } = rig(slices(200, done))
    load.queueDepth = BUSY_QUEUE_DEPTH + 1
    runner.start()
    await pass(900, 10)
    t.same(done, [], 'it does not even begin')
    await pass(4_000, 10)
    t.ok(done.length >= 3 && done.length <= 5, `${done.length} slices in 5 s`)
    load.queueDepth = BUSY_QUEUE_DEPTH
    await pass(500)
    t.ok(done.length > 100, `${done.length} slices`)
    await runner.stop()
  },
)

t.test('while the event loop is late it pauses too', async t => {
  const done: string[] = []
  const { runner, clock, pass } = rig(slices(1_000, done))
  runner.start()
  await pass(20)
  const before = done.length
  t.ok(before > 2)
  for (let turns = 0; turns < 20; turns += 1) {
    clock.stall(BUSY_LATE_MS + 60) // timers run so late at each turn of the loop
    clock.advance(0)
    await turn()
  }
  t.ok(done.length <= before + 4, `${done.length - before} slices in 2.2 s`)
  await pass(200)
  t.ok(done.length > before + 20, 'on time again')
  await runner.stop()
})

t.test('what failed is tried again, later each time; others do not wait for it', async t => {
  const tries: number[] = []
  let works = false
  const { runner, pass, clock, failing, figures }: ReturnType<typeof rig> = rig(
    async partition => {
      if (partition === 7) tries.push(clock.monotonic())
      if (partition === 7 && !works) throw new Error('out of reach')
    },
    { every: 1_000_000_000 },
    new Set([7, 8]),
  )
  runner.start()
  await pass(200_000, 100)
  t.match(
    tries.slice(1).map((atMs, i) => Math.round((atMs - (tries[i] ?? 0)) / 1_000)),
    [5, 10, 20, 40, 40],
  )
  t.equal(failing.length, 1, 'it is said once')
  t.match(figures(), { failures: tries.length, waiting: 1, roundAtMs: 0 })
  works = true
  await pass(50_000, 100)
  t.equal(figures()?.waiting, 0)
  const count = tries.length
  await pass(50_000, 100)
  t.equal(tries.length, count)
  works = false
  runner.wake('job', 7)
  await pass(6_000, 100)
  t.equal(tries.length, count + 2, 'the back-off begins anew')
  t.equal(failing.length, 2)
  await runner.stop()
})

t.test('what throws before it waits for anything fails like the rest', async t => {
  const { runner, pass, figures } = rig(() => {
    throw new Error('at once')
  })
  runner.start()
  await pass(10)
  t.match(figures(), { failures: 1, waiting: 1 })
  await runner.stop()
})

t.test('stop ends it at its next rest, and waits for the slice that is under way', async t => {
  const done: string[] = []
  let finish = () => {}
  const { runner, pass, clock } = rig(async (partition, pace) => {
    for (let i = 1; !pace.isStopped; i += 1) {
      done.push(`${partition}.${i}`)
      if (i === 5) await new Promise<void>(resolve => (finish = resolve))
      await pace.rest()
    }
  })
  runner.start()
  await pass(50)
  t.equal(done.length, 5)
  let isStopped = false
  void runner.stop().then(() => (isStopped = true))
  await pass(50)
  t.notOk(isStopped)
  finish()
  await turn()
  t.ok(isStopped)
  t.equal(done.length, 5)
  t.equal(clock.pending, 0)
  runner.wake('job', 7)
  await pass(50)
  t.equal(done.length, 5, 'nothing begins any more')
})

t.test('a job of the node is done by each node, whatever it owns', async t => {
  const seen: number[] = []
  const { runner, pass } = rig(async partition => void seen.push(partition), { each: 'node', every: 100 }, new Set())
  runner.start()
  await pass(250)
  t.same(seen, [0, 0, 0])
  await runner.stop()
})

t.test('partitions without work are passed without a rest for each', async t => {
  let runs = 0
  const all = new Set(Array.from({ length: PARTITIONS }, (_, i) => i))
  const { runner, clock, figures } = rig(
    async () => {
      runs += 1
    },
    {},
    all,
  )
  runner.start()
  for (let i = 0; i < 200; i += 1) await turn()
  t.equal(runs, PARTITIONS)
  t.equal(figures()?.roundAtMs, clock.now())
  await runner.stop()
})

t.test('a process that stood still for an hour is not under load', async t => {
  const done: string[] = []
  const { runner, clock, pass } = rig(slices(1_000, done))
  runner.start()
  await pass(20)
  const before = done.length
  clock.stall(3_600_000)
  await pass(10)
  t.ok(done.length >= before + 2)
  await runner.stop()
})
