/** Which node owns which partition: all agree, few move, and the shares are alike. */
import fc from 'fast-check'
import t from 'tap'
import { ownersOf } from '../../src/cluster/rendezvous.js'
import { PARTITIONS } from '../../src/store/types.js'

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 12 })

t.test('each partition has one owner among the nodes, whatever their order', async t => {
  fc.assert(
    fc.property(names, nodes => {
      const owners = ownersOf(nodes)
      if (owners.length !== PARTITIONS || owners.some(owner => !nodes.includes(owner))) throw new Error('no owner')
      t.same(ownersOf(nodes.toReversed()), owners)
    }),
  )
  t.same(ownersOf([]), [])
})

t.test('when a node goes only its partitions move; when it comes it takes and nobody else does', async t => {
  fc.assert(
    fc.property(names, fc.nat(), (nodes, at) => {
      const gone = nodes[at % nodes.length] ?? ''
      const rest = nodes.filter(node => node !== gone)
      const [before, after] = [ownersOf(nodes), ownersOf(rest)]
      for (const [partition, owner] of after.entries()) {
        if (before[partition] !== gone && before[partition] !== owner) throw new Error(`${partition} moved`)
      }
    }),
  )
  t.pass('no other moved')
})

t.test('no node has twice its fair share, and none less than a third of it, up to 8 nodes', async t => {
  // Names as processes have them: they differ in few places.
  for (let seed = 0; seed < 200; seed += 1) {
    for (const count of [2, 3, 4, 8]) {
      const nodes = Array.from({ length: count }, (_, i) => `10.0.0.${i}:7400/${seed}${i}`)
      const owners = ownersOf(nodes)
      for (const node of nodes) {
        const share = (owners.filter(owner => owner === node).length * count) / PARTITIONS
        if (share > 2 || share < 1 / 3) t.fail(`${share} of the fair share: ${nodes}`)
      }
    }
  }
  t.pass('800 clusters')
})
