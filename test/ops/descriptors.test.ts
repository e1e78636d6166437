import t from 'tap'
import { descriptorPlan } from '../../src/ops/descriptors.js'

t.test('connections are what was asked for, or what the descriptors leave', async t => {
  t.same(descriptorPlan(1_024, 0), { connectionsMax: 768, refusalsMax: 128, operatorsMax: 64 })
  t.equal(descriptorPlan(1_024, 17).connectionsMax, 17)
  t.equal(descriptorPlan(1_024, 100_000).connectionsMax, 768, 'not more than there can be')
  t.equal(descriptorPlan(undefined, 0).connectionsMax, 768)
  t.equal(descriptorPlan(Number.POSITIVE_INFINITY, 0).connectionsMax, Number.POSITIVE_INFINITY)
  t.equal(descriptorPlan(Number.POSITIVE_INFINITY, 5).connectionsMax, 5)
})

t.test('all of them together leave the process its own, however few there are', async t => {
  for (const limit of [64, 100, 150, 256, 1_024, 4_096, 1_048_576]) {
    const { connectionsMax, refusalsMax, operatorsMax } = descriptorPlan(limit, 0)
    const own = limit - connectionsMax - refusalsMax - operatorsMax
    t.ok(own >= Math.min(64, Math.floor(limit / 3)), `${limit} leave ${own}`)
    t.ok(connectionsMax >= limit / 4, `${connectionsMax} of ${limit}`)
  }
})
