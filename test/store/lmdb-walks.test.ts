/** What lists and walks of the embedded store cost: what they answer, and nothing for what else the store holds. */

import t from 'tap'
import { Actors } from '../../src/store/lmdb/actors.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { Tables } from '../../src/store/lmdb/tables.js'
import { A, append, commit, put, unit } from './contract/support.js'
import { newFolder } from './support/folder.js'

/** Counts the records and logs that are looked at while `look` runs. */
async function lookedAt(look: () => Promise<unknown>): Promise<number> {
  const { unsettled, glance, begun } = Actors.prototype
  const { listed } = Tables.prototype
  let count = 0
  Actors.prototype.unsettled = function (record) {
    count++
    return unsettled.call(this, record)
  }
  Actors.prototype.glance = function (actor) {
    count++
    return glance.call(this, actor)
  }
  Actors.prototype.begun = function (partition) {
    const found = begun.call(this, partition)
    count += found.length
    return found
  }
  Tables.prototype.listed = function* (partition, after) {
    for (const actor of listed.call(this, partition, after)) {
      count++
      yield actor
    }
  }
  await look()
  Object.assign(Actors.prototype, { unsettled, glance, begun })
  Object.assign(Tables.prototype, { listed })
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

t.test('a page of logs looks at what it holds, however many logs there are, in the tables or not yet', async t => {
  const store = await openLmdbStore({ path: newFolder(t), journalBytes: 2 ** 20 })
  const begin = (ns: readonly number[]) =>
    commit(store, unit({ appends: ns.map(n => append(`user/${n}`, 'x'.repeat(200))) }))
  const ours = Array.from({ length: 40 }, (_, i) => 256 * (i + 1) + 7)
  await begin(ours)
  const page = (after: string | null) => store.logs(7, after, 10)
  // The partition's own 40 logs, in memory and in the tables while a checkpoint settles, and the page; never the others' 12 000.
  const most = 3 * ours.length
  t.ok((await lookedAt(() => page(null))) <= most)
  const others = Array.from({ length: 12_000 }, (_, i) => 1_000_000 + i).filter(n => n % 256 !== 7)
  await begin(others.slice(0, 6_000))
  await begin(others.slice(6_000))
  t.ok((await lookedAt(() => page(null))) <= most)
  await begin(Array.from({ length: 1_000 }, (_, i) => 256 * (i + 5_000) + 7))
  const found: string[] = []
  for (let after: string | null = null; ; after = found.at(-1) ?? null) {
    const logs = await page(after)
    found.push(...logs.map(({ actor }) => actor))
    if (logs.length < 10) break
  }
  t.equal(new Set(found).size, 1_040)
  await store.close()
})
