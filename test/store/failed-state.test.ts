/** A write of lmdb's state fails, so that lmdb begins no transaction any more: what is in the tables never seems to be gone (newest.ts). */

import t, { type Test } from 'tap'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { Tables } from '../../src/store/lmdb/tables.js'
import { A, ALL, append, commit, committed, entryAt, log, put, readAll, shown, unit } from './contract/support.js'
import { newFolder } from './support/folder.js'
import { breakStateFile } from './support/state-file.js'

const TEXTS = Array.from({ length: 40 }, (_, i) => `${i} `.repeat(50))

/** A store that was closed, with a log and records in its tables. */
async function filled(t: Test): Promise<string> {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder })
  for (const [i, text] of TEXTS.entries()) {
    await commit(store, unit({ puts: [put(A, `device:${i}`, text)], appends: [append(A, text)] }))
  }
  await store.close()
  return folder
}

t.test('each read of the tables fails, also those behind the first one that fails', async t => {
  const folder = await filled(t)
  const tables = new Tables(folder, 2 ** 30)
  // A transaction that has been used is begun again in another way than a new one.
  t.equal([...tables.entries(A, 0, ALL)].length, TEXTS.length)
  breakStateFile(folder)
  t.throws(() => tables.putMetas({ epoch: 1 }))
  const reads: Record<string, () => unknown> = {
    entries: () => [...tables.entries(A, 0, ALL)],
    'entries down': () => [...tables.entriesDown(A, ALL)],
    entry: () => tables.entry(A, 3),
    'last version': () => tables.lastVersion(A),
    records: () => [...tables.records(A, '', null)],
    listed: () => [...tables.listed(7, null)],
    unlisted: () => tables.unlisted(),
    range: () => [...tables.range(Buffer.of(0), Buffer.of(255))],
    values: () => tables.assertValues(),
    empty: () => tables.empty,
    log: () => tables.log(A),
  }
  for (let round = 0; round < 3; round++) {
    tables.refresh()
    for (const [name, read] of Object.entries(reads)) t.throws(read, /MDB_PANIC/, name)
  }
  await tables.close()
})

t.test('a store whose checkpoint fails so answers with what there is, or not at all', async t => {
  const folder = await filled(t)
  let failure: Error | undefined
  const store = await openLmdbStore({ path: folder, journalBytes: 4096, onFatal: error => (failure = error) })
  breakStateFile(folder)
  const expected = await log(store, A)
  const records = (await store.scan(A, '', null, 1_000)).length
  let refused = 0
  const reads = async (): Promise<void> => {
    const right = await Promise.all([
      readAll(store, A).then(range => shown(range).slice(0, expected.length).join() === expected.join()),
      entryAt(store, A, 3).then(entry => entry !== undefined),
      store.scan(A, '', null, 1_000).then(found => found.length === records),
    ]).catch((): boolean[] => {
      refused++
      return []
    })
    if (right.includes(false)) t.fail(`what is there was not read: ${right}`)
  }
  while (failure === undefined) {
    await Promise.all([
      reads(),
      reads(),
      commit(store, unit({ appends: [append(A, 'x'.repeat(2_000))] })).then(committed, () => refused++),
    ])
    await new Promise(setImmediate)
  }
  await reads()
  t.ok(refused > 0, `${refused} refused`)
  await store.close()
})
