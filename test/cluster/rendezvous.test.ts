/** Which node owns which partition: all agree, few move, and the shares are alike. */
import fc from 'fast-check'
import t from 'tap'
import { ownersOf, Preference } from '../../src/cluster/rendezvous.js'
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

t.test('actors are spread over the nodes; when a node goes only its own move', async t => {
  const nodes = ['a1', 'b2', 'c3', 'd4']
  const actors = Array.from({ length: 4_000 }, (_, i) => `user/${256 * i + 7}`)
  const counts = new Map<string, number>()
  for (const actor of actors) {
    const preferred = new Preference(nodes).of(actor) ?? ''
    counts.set(preferred, (counts.get(preferred) ?? 0) + 1)
    const left = new Preference(['a1', 'b2', 'd4']).of(actor)
    if (preferred !== 'c3' && left !== preferred) t.fail(`${actor} moved`)
  }
  for (const node of nodes) t.ok(Math.abs((counts.get(node) ?? 0) - 1_000) < 150, `${counts.get(node)}`)
  t.equal(new Preference([]).of('user/1'), undefined)
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
