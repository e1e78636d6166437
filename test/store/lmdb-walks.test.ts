/** What lists and walks of the embedded store cost: what they answer, and nothing for what else the store holds. */

import t from 'tap'
import { Actors } from '../../src/store/lmdb/actors.js'
import { KEYS_AT_ONCE, REMEMBERED_MAX } from '../../src/store/lmdb/lasting.js'
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

/** Counts the keys that are walked and the entries that are read in the tables, and the turns in which keys are walked. */
async function walkedKeys(look: () => Promise<unknown>) {
  const { range, entry } = Tables.prototype
  const counted = { keys: 0, entries: 0, slices: 0 }
  Tables.prototype.range = function* (start, end) {
    counted.slices++
    for (const pair of range.call(this, start, end)) {
      counted.keys++
      yield pair
    }
  }
  Tables.prototype.entry = function (...asked) {
    counted.entries++
    return entry.apply(this, asked)
  }
  await look()
  Object.assign(Tables.prototype, { range, entry })
  return counted
}

t.test(
  'the keys of a log are walked once for all pages of its lasting entries, in slices; nothing else is read',
  async t => {
    const folder = newFolder(t)
    const first = await openLmdbStore({ path: folder })
    const count = 2 * KEYS_AT_ONCE + 100
    for (let from = 0; from < count; from += 500) {
      const keyed = Array.from({ length: Math.min(500, count - from) }, (_, i) => append(A, 'x', `k${from + i}`))
      const plain = Array.from({ length: 500 }, () => append(A, 'a message that is passed over'))
      const passing = Array.from({ length: 500 }, (_, i) => append(A, 'x', `about/${from + i}`))
      await commit(first, unit({ appends: [...plain, ...passing, ...keyed] }))
    }
    await first.close()
    const store = await openLmdbStore({ path: folder })
    const versions: number[] = []
    const pages = async (): Promise<void> => {
      for (let after = 0, more = true; more; ) {
        const page = await store.lasting(A, after, 256, 1e6)
        versions.push(...page.entries.map(({ version }) => version))
        ;({ to: after, more } = page)
      }
    }
    const { keys, entries, slices } = await walkedKeys(pages)
    t.equal(versions.length, count)
    t.same(
      versions,
      versions.toSorted((a, b) => a - b),
    )
    t.ok(keys <= count + 4, `${keys} keys`)
    t.equal(slices, 4, 'two whole slices, then up to the passing keys, and what is behind them')
    t.ok(entries <= count + count / 256 + 1, `${entries} entries`)
    // What is remembered is of so many logs only, and what came since is found.
    for (let n = 0; n < REMEMBERED_MAX; n += 1) await store.lasting(`user/${256 * n + 263}`, 0, 1, 1)
    t.ok((await walkedKeys(pages)).keys >= count, 'the oldest was forgotten')
    await commit(store, unit({ appends: [append(A, 'y', 'k0')] }))
    const { entries: last, to } = await store.lasting(A, (versions.at(-1) ?? 0) - 1, 9, 1e6)
    t.same(
      last.map(({ version }) => version),
      [versions.at(-1), to],
    )
    await store.close()
  },
)
