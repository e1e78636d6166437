import t from 'tap'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { storeContract } from './contract.js'
import { newFolder } from './support/folder.js'

const failed = (error: Error): void => {
  t.fail(error.message)
}

storeContract(t, 'lmdb', t => {
  const path = newFolder(t)
  return () => openLmdbStore({ path, journalBytes: 2 ** 16, onFatal: failed })
})

// Every few commits go into the tables while the next ones are written; and nothing stays in the cache for long.
storeContract(t, 'lmdb with a journal of 1 KiB', t => {
  const path = newFolder(t)
  return () => openLmdbStore({ path, journalBytes: 1024, cachedMax: 8, mapBytes: 2 ** 17, onFatal: failed })
})
