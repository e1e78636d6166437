/** A process that opens a store, commits one record, says so, and holds it until it is killed. */

import { openLmdbStore } from '../../../src/store/lmdb/open.js'

const store = await openLmdbStore({ path: process.argv[2] ?? '' })
await store.commit(0, [
  { expect: [], puts: [{ actor: 'user/7', name: 'x', bytes: Buffer.from('held'), stamp: 5 }], appends: [], trims: [] },
])
process.stdout.write('open\n')
setInterval(() => {}, 60_000)
