/** A process that opens a store, commits one record, says so, and holds it until it is killed; or says why it cannot. */

import { openLmdbStore } from '../../../src/store/lmdb/open.js'

const store = await openLmdbStore({ path: process.argv[2] ?? '' }).catch((error: Error) => {
  process.stdout.write(`${error.name}: ${error.message}\n`)
  process.exit(1)
})
await store.commit(0, [
  { expect: [], puts: [{ actor: 'user/7', name: 'x', bytes: Buffer.from('held'), stamp: 5 }], appends: [], trims: [] },
])
process.stdout.write('open\n')
setInterval(() => {}, 60_000)
