/**
 * A process that opens a store, takes all descriptors that it may have, and goes on writing through several checkpoints.
 *
 *   node crowded-store.js <folder>
 */

import fs from 'node:fs'
import path from 'node:path'
import { openLmdbStore } from '../../../src/store/lmdb/open.js'
import { A, append, commit, log, unit } from '../contract/support.js'

const ENTRIES = 300
const [folder = ''] = process.argv.slice(2)
const file = path.join(folder, 'data.mdb')

const store = await openLmdbStore({
  path: folder,
  journalBytes: 4096,
  onFatal: error => {
    process.stdout.write(`${error.message}\n`)
    process.exit(70)
  },
})
try {
  for (;;) fs.openSync('/dev/null', 'r')
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error
}
const changes = new Set<number>()
for (let i = 0; i < ENTRIES; i++) {
  await commit(store, unit({ appends: [append(A, 'x'.repeat(500))] }))
  changes.add(fs.statSync(file).mtimeMs)
}
const entries = (await log(store, A)).length
await store.close()
process.stdout.write(
  `closed after ${entries} entries, and ${changes.size > 3 ? 'several' : changes.size} checkpoints\n`,
)
