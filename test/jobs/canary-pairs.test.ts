/** The pairs of users for the canaries: two partitions of each primary, others for each node, always the same few. */
import t from 'tap'
import { canaryPairs, ONLY_PAIR } from '../../src/jobs/canary-pairs.js'
import { ALL_PARTITIONS } from '../../src/store/partition.js'

const THREE = [0, 1, 2].map(third => ({
  name: `primary-${third}`,
  partitions: ALL_PARTITIONS.filter(partition => partition % 3 === third),
}))

t.test('each primary gets two of its own users, and each node others', async t => {
  const seen = new Set<number>()
  for (let rank = 0; rank < 42; rank++) {
    const pairs = canaryPairs(THREE, rank)
    t.same(
      pairs.map(({ primary }) => primary),
      ['primary-0', 'primary-1', 'primary-2'],
    )
    pairs.forEach(({ sender, receiver }, third) => {
      t.same([sender % 3, receiver % 3], [third, third])
      seen.add(sender).add(receiver)
    })
  }
  t.equal(seen.size, 42 * 3 * 2, 'nobody is in two pairs')
  t.ok(Math.min(...seen) > 0, 'uid 0 is nobody')
  t.same(canaryPairs(THREE, 42), canaryPairs(THREE, 0), 'more nodes than pairs share them')
})

t.test('one primary with all partitions has 127 pairs', async t => {
  const pairs = Array.from(
    { length: 127 },
    (_, rank) => canaryPairs([{ name: 'a', partitions: ALL_PARTITIONS }], rank)[0],
  )
  t.equal(new Set(pairs.flatMap(pair => [pair?.sender, pair?.receiver])).size, 254)
})

t.test('a primary with one partition borrows a receiver; one without a user of the store has no pair', async t => {
  const few = [
    { name: 'one', partitions: [7] },
    { name: 'first', partitions: [0] },
    { name: 'none', partitions: [] },
  ]
  t.same(canaryPairs(few, 5), [{ primary: 'one', sender: 7, receiver: 1 }])
  t.same([ONLY_PAIR.sender, ONLY_PAIR.receiver], [254, 255])
})
