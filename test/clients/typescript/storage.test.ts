/** One contract for every storage of the library; in chromium the same tests run in a page (test/long/chromium.long.ts). */
import { join } from 'node:path'
import { IDBFactory } from 'fake-indexeddb'
import t from 'tap'
import { FileStorage, MemoryStorage } from '../../../clients/typescript/index.js'
import type { IdbFactory } from '../../../clients/typescript/storage/indexed-db.js'
import { IndexedDbStorage } from '../../../clients/typescript/storage/indexed-db-storage.js'
import { HURRIED } from '../../support/client-storage.js'
import { STORAGE_TESTS, type StorageMaker } from '../../support/storage-contract.js'

let folders = 0
let databases = new IDBFactory()

const makers: Readonly<Record<string, (root: string) => StorageMaker>> = {
  MemoryStorage: () => ({ lasting: false, make: options => new MemoryStorage(options) }),
  FileStorage: root => ({
    lasting: true,
    make(options, again) {
      if (!again) folders += 1
      return new FileStorage(join(root, String(folders)), { ...options, clock: HURRIED })
    },
  }),
  IndexedDbStorage: () => ({
    lasting: true,
    make(options, again) {
      if (!again) databases = new IDBFactory()
      return new IndexedDbStorage('ann', { ...options, indexedDB: databases as unknown as IdbFactory })
    },
  }),
}

for (const [name, maker] of Object.entries(makers)) {
  t.test(name, async t => {
    const root = t.testdir()
    for (const [says, test] of Object.entries(STORAGE_TESTS)) await t.resolves(test(maker(root)), says)
  })
}
