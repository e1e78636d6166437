/** What lists of the embedded store cost: what they answer, and nothing for what else the store holds. */

import t from 'tap'
import { Actors } from '../../src/store/lmdb/actors.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { A, commit, put, unit } from './contract/support.js'
import { newFolder } from './support/folder.js'

/** Counts the records in memory that are looked at while `look` runs. */
async function lookedAt(look: () => Promise<unknown>): Promise<number> {
  const { unsettled } = Actors.prototype
  let count = 0
  Actors.prototype.unsettled = function (record) {
    count++
    return unsettled.call(this, record)
  }
  await look()
  Actors.prototype.unsettled = unsettled
  return count
}

t.test('a scan looks at the records of its actor, however many actors were changed', async t => {
  const store = await openLmdbStore({ path: newFolder(t) })
  await commit(store, unit({ puts: ['a', 'b', 'c'].map(name => put(A, name, name)) }))
  const scan = () => store.scan(A, '', null, 100)
  const alone = await lookedAt(scan)
  const crowd = Array.from({ length: 5_000 }, (_, i) => put(`user/${1_000 + i}`, 'a', 'x'))
  await commit(store, unit({ puts: crowd }))
  t.equal(await lookedAt(scan), alone)
  t.equal((await scan()).length, 3)
  await store.close()
})
