/** The states of one record need no map; those of several are found as in one. */
import t from 'tap'
import { FewRecords } from '../../src/store/lmdb/few-records.js'

const state = (stamp: number) => ({ stamp, generation: 0, position: 0, generationBefore: 0, positionBefore: 0 })

t.test('records are found by name, whether there is one or there are several', async t => {
  const records = new FewRecords()
  const seen = () => [...records].map(([name, { stamp }]) => [name, stamp])
  t.same([records.size, records.get('a'), seen()], [0, undefined, []])
  records.set('a', state(1))
  records.set('a', state(2))
  t.same([records.size, records.get('a')?.stamp, records.get('b'), seen()], [1, 2, undefined, [['a', 2]]])
  records.delete('b')
  t.equal(records.size, 1)
  records.delete('a')
  t.same([records.size, records.get('a'), seen()], [0, undefined, []])
  records.set('c', state(3))
  records.set('d', state(4))
  t.same(seen(), [
    ['c', 3],
    ['d', 4],
  ])
  records.delete('c')
  t.same([records.size, records.get('c'), records.get('d')?.stamp], [1, undefined, 4])
})
