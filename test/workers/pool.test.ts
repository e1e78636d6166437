/** The pool of threads: who goes first, how much may wait, and what becomes of tasks that fail, end their thread or never end. */
import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/lib/clock.js'
import { InlineWorkers } from '../../src/workers/inline.js'
import { WorkerPool } from '../../src/workers/pool.js'
import { eventually } from '../support/eventually.js'
import { TEST_TASKS } from '../support/worker-tasks.js'

const FILE = new URL('../support/worker-thread.js', import.meta.url)

// Threads do not keep the process alive, and nothing else does.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

function start(t: Test, threads = 1, waitingMax = 100) {
  const pool = new WorkerPool({ clock: systemClock, threads, waitingMax, tasks: TEST_TASKS, file: FILE })
  t.teardown(() => pool.close())
  return pool
}

/** A gate that tasks wait at. */
function gate() {
  const buffer = new SharedArrayBuffer(4)
  return {
    buffer,
    open() {
      Atomics.store(new Int32Array(buffer), 0, 1)
      Atomics.notify(new Int32Array(buffer), 0)
    },
  }
}

t.test('a task answers, and what it throws comes with its cause; its thread goes on', async t => {
  const pool = start(t)
  t.equal(await pool.run('echo', 'hello'), 'hello')
  await t.rejects(pool.run('throws', 'too far'), { code: 'FAILED', cause: { name: 'RangeError', message: 'too far' } })
  t.equal(await pool.run('echo', 'still here'), 'still here')
  t.match(pool.figures, { waiting: 0, running: 0, failures: { FAILED: 1, CRASHED: 0 } })
  t.equal(pool.figures.runSeconds.count, 3)
})

t.test('a task that ends its thread is rejected, and those behind it are done by another', async t => {
  const pool = start(t)
  const results = await Promise.allSettled([
    pool.run('exits', 0),
    pool.run('echo', 'one'),
    pool.run('exits', 3),
    pool.run('echo', 'two'),
  ])
  t.match(results, [
    { reason: { code: 'CRASHED' } },
    { value: 'one' },
    { reason: { code: 'CRASHED' } },
    { value: 'two' },
  ])
  t.equal(pool.figures.failures.CRASHED, 2)
})

t.test('a task that never ends is rejected when its time is up, and its thread with it', async t => {
  const pool = start(t)
  await t.rejects(pool.run('endless', undefined), { code: 'TIMED_OUT' })
  t.equal(await pool.run('echo', 'next'), 'next')
})

t.test('beyond those that may wait the next is refused; each priority has its own bound', async t => {
  const pool = start(t, 1, 2)
  const { buffer, open } = gate()
  const held = pool.run('waits', buffer)
  const waiting = ['a', 'b'].map(text => pool.run('echo', text))
  await t.rejects(pool.run('echo', 'c'), { code: 'QUEUE_FULL' })
  waiting.push(pool.run('echo', 'd', { priority: 'high' }))
  t.match(pool.figures, { waiting: 3, running: 1 })
  open()
  t.same(await Promise.all([held, ...waiting]), ['done', 'a', 'b', 'd'])
})

t.test('tasks of high priority are begun first, each priority in the order in which they came', async t => {
  const pool = start(t)
  const { buffer, open } = gate()
  const held = pool.run('waits', buffer)
  const order: string[] = []
  const ask = (text: string, priority: 'high' | 'normal') =>
    pool.run('echo', text, { priority }).then(echo => order.push(echo))
  const all = [ask('n1', 'normal'), ask('n2', 'normal'), ask('h1', 'high'), ask('h2', 'high')]
  open()
  await Promise.all([held, ...all])
  t.same(order, ['h1', 'h2', 'n1', 'n2'])
})

t.test('short tasks and the others take turns, so neither waits for a whole queue', async t => {
  const pool = start(t)
  const { buffer, open } = gate()
  const held = pool.run('waits', buffer)
  const order: string[] = []
  const ask = (text: string, priority: 'short' | 'high' | 'normal') =>
    pool.run('echo', text, { priority }).then(echo => order.push(echo))
  const all = [
    ...['n1', 'n2'].map(text => ask(text, 'normal')),
    ask('h1', 'high'),
    ...['s1', 's2', 's3', 's4', 's5'].map(text => ask(text, 'short')),
  ]
  t.equal(pool.figures.waiting, 8)
  open()
  await Promise.all([held, ...all])
  t.same(order, ['s1', 'h1', 's2', 'n1', 's3', 'n2', 's4', 's5'])
})

t.test('a task hands over the buffers that it names, and the thread has them no more', async t => {
  const pool = start(t)
  t.same(await pool.run('bytes', 3), new Uint8Array([7, 7, 7]))
  t.equal(await pool.run('kept', undefined), 0)
})

t.test('a task takes over the buffers that it names, and the caller has them no more', async t => {
  const pool = start(t)
  const bytes = new Uint8Array([1, 2, 3])
  t.equal(await pool.run('sum', bytes), 6)
  t.equal(bytes.length, 0)
})

t.test('a signal takes a task that finishes out of the queue, and leaves it alone when it runs', async t => {
  const pool = start(t)
  const { buffer, open } = gate()
  const controller = new AbortController()
  const options = { signal: controller.signal, finishes: true }
  const running = pool.run('waits', buffer, options)
  await eventually(() => pool.figures.running === 1)
  const queued = pool.run('echo', 'never', options)
  controller.abort()
  await t.rejects(queued, { code: 'ABORTED' })
  open()
  t.equal(await running, 'done')
})

t.test('a signal takes a task out of the queue, ends a running one, and forbids one that has not come', async t => {
  const pool = start(t)
  const { buffer, open } = gate()
  const held = pool.run('waits', buffer)
  const queued = new AbortController()
  const later = pool.run('echo', 'never', { signal: queued.signal })
  queued.abort()
  await t.rejects(later, { code: 'ABORTED' })
  t.equal(pool.figures.waiting, 0)
  open()
  t.equal(await held, 'done')
  const running = new AbortController()
  const endless = pool.run('patient', undefined, { signal: running.signal })
  await eventually(() => pool.figures.running === 1)
  running.abort()
  await t.rejects(endless, { code: 'ABORTED' })
  await t.rejects(pool.run('echo', 'no', { signal: running.signal }), { code: 'ABORTED' })
  t.equal(await pool.run('echo', 'yes'), 'yes')
})

t.test('as many run at a time as there are threads, and no more', async t => {
  const pool = start(t, 3)
  const { buffer, open } = gate()
  const all = Array.from({ length: 5 }, () => pool.run('waits', buffer))
  await eventually(() => pool.figures.running === 3)
  t.equal(pool.figures.waiting, 2)
  open()
  t.same(await Promise.all(all), Array(5).fill('done'))
})

t.test('close ends what waits and what runs, also what would never end', async t => {
  const pool = start(t)
  const outcomes = Promise.allSettled([pool.run('patient', undefined), pool.run('echo', 'waits')])
  await eventually(() => pool.figures.running === 1)
  await pool.close()
  t.match(await outcomes, [{ reason: { code: 'CLOSED' } }, { reason: { code: 'CLOSED' } }])
  await t.rejects(pool.run('echo', 'late'), { code: 'CLOSED' })
})

t.test(
  'without a descriptor for a thread a task is rejected at once, and later ones are done when there are some',
  t => {
    const script = `
    import { closeSync, openSync } from 'node:fs'
    import { systemClock } from '${new URL('../../src/lib/clock.js', import.meta.url)}'
    import { WorkerPool } from '${new URL('../../src/workers/pool.js', import.meta.url)}'
    import { TEST_TASKS } from '${new URL('../support/worker-tasks.js', import.meta.url)}'
    setInterval(() => {}, 1_000)
    const pool = new WorkerPool({ clock: systemClock, threads: 2, tasks: TEST_TASKS, file: new URL('${FILE}') })
    const held = []
    try { for (;;) held.push(openSync('/dev/null')) } catch {}
    const codes = await Promise.all([1, 2, 3].map(() => pool.run('echo', 'no').catch(error => error.code)))
    for (const descriptor of held.splice(0)) closeSync(descriptor)
    codes.push(await pool.run('echo', 'yes'))
    process.exit(codes.join() === 'CRASHED,CRASHED,CRASHED,yes' ? 7 : 8)`
    const limited = ['-c', 'ulimit -n 100 && exec "$0" "$@"', process.execPath, '--input-type=module', '-e', script]
    t.equal(spawnSync('sh', limited, { stdio: 'inherit', env: {} }).status, 7)
    t.end()
  },
)

t.test('an idle pool does not keep its process alive', t => {
  const script = `
    import { systemClock } from '${new URL('../../src/lib/clock.js', import.meta.url)}'
    import { WorkerPool } from '${new URL('../../src/workers/pool.js', import.meta.url)}'
    import { TEST_TASKS } from '${new URL('../support/worker-tasks.js', import.meta.url)}'
    const pool = new WorkerPool({ clock: systemClock, threads: 2, tasks: TEST_TASKS, file: new URL('${FILE}') })
    process.exitCode = (await pool.run('echo', 'yes')) === 'yes' ? 7 : 8`
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], { env: {}, timeout: 10_000 })
  t.equal(result.status, 7, String(result.stderr))
  t.end()
})

t.test('inline it is the same, but for the threads', async t => {
  const workers = new InlineWorkers(TEST_TASKS)
  t.equal(await workers.run('echo', 'hello'), 'hello')
  await t.rejects(workers.run('throws', 'too far'), { code: 'FAILED', cause: { message: 'too far' } })
  await t.rejects(workers.run('echo', 'no', { signal: AbortSignal.abort() }), { code: 'ABORTED' })
  await workers.close()
  await t.rejects(workers.run('echo', 'late'), { code: 'CLOSED' })
})
