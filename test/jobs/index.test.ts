/** The table of jobs. */
import t from 'tap'
import { MemoryStore } from '../../src/store/memory/store.js'
import { startNode } from '../support/engine.js'
import { ManualClock } from '../support/manual-clock.js'

t.test('when a node has come or gone, work is looked for that it may have left, and nothing else', async t => {
  const clock = new ManualClock()
  const { engine, jobs } = await startNode(new MemoryStore(), clock, 'jobs')
  await jobs.start()
  const busy = () => jobs.figures().filter(({ waiting }) => waiting > 0)
  for (let passed = 0; busy().length > 0 && passed < 30_000; passed += 10) {
    clock.advance(10)
    await new Promise(setImmediate)
  }
  t.same(busy(), [])
  jobs.resume()
  const resumed = busy().map(({ name }) => name)
  t.same(resumed, ['departures', 'debts', 'reactions', 'clears', 'renames'])
  t.same(
    jobs.figures().flatMap(({ name }) => (resumed.includes(name) ? [] : name)),
    ['retention', 'clock'],
  )
  await jobs.stop()
  await engine.close()
})
