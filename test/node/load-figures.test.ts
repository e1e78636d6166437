/** What a node tells of its load: over the last seconds, not since its start. */
import t from 'tap'
import { METHODS } from '../../protocol/methods.js'
import { LoadFigures } from '../../src/node/load-figures.js'
import { Counters } from '../../src/ops/counters.js'
import { ManualClock } from '../support/manual-clock.js'

t.test('rates and quantiles are those of the last ten samples', async t => {
  const [counters, clock] = [new Counters(), new ManualClock()]
  const figures = new LoadFigures(counters, clock)
  t.same(figures.sample(), { messagesPerSecond: 0, commitP50Ms: undefined, commitP99Ms: undefined })
  for (let i = 0; i < 99; i += 1) counters.committed(1, 0.9)
  counters.committed(1, 90)
  counters.committed(1, 60_000)
  for (let i = 0; i < 5; i += 1) counters.answered(METHODS.send.number, 0)
  counters.answered(METHODS.send.number, 9)
  counters.answered(METHODS.sync.number, 0)
  clock.advance(2_000)
  t.same(figures.sample(), { messagesPerSecond: 2.5, commitP50Ms: 1, commitP99Ms: 100 })
  counters.committed(1, 60_000)
  clock.advance(1_000)
  t.equal(figures.sample().commitP99Ms, 5_000, 'above all bounds: the highest')
  for (let i = 0; i < 10; i += 1) {
    clock.advance(1_000)
    figures.sample()
  }
  t.same(figures.sample(), { messagesPerSecond: 0, commitP50Ms: undefined, commitP99Ms: undefined })
})
