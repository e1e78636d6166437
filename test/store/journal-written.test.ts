/** The store says how many bytes of changes its journal took, and how many to fill sectors. */
import t from 'tap'
import { SECTOR_BYTES } from '../../src/store/lmdb/journal-file.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { MemoryStore } from '../../src/store/memory/store.js'
import { A, commit, put, unit } from './contract/support.js'
import { newFolder } from './support/folder.js'

t.test('changes and padding are whole sectors together, and changes hold what was put', async t => {
  const store = await openLmdbStore({ path: newFolder(t) })
  t.teardown(() => store.close())
  for (const [size, sectors] of [
    [100, 1],
    [5_000, 2],
  ] as const) {
    const before = { ...store.journalWritten }
    await commit(store, unit({ puts: [put(A, 'x', 'x'.repeat(size))] }))
    const changes = store.journalWritten.changes - before.changes
    const padding = store.journalWritten.padding - before.padding
    t.equal(changes + padding, sectors * SECTOR_BYTES)
    t.ok(changes > size && changes < size + 200, `${changes} bytes for ${size}`)
  }
})

t.test('a store without a journal says so', async t => {
  t.equal(new MemoryStore().journalWritten, undefined)
})
