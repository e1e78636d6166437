/**
 * A process that fills journal files and exits while one of them is on its way into the tables.
 *
 *   node exiting-writer.js <folder> <commits after the one that fills the first file>
 */

import { openLmdbStore } from '../../../src/store/lmdb/open.js'
import type { Unit } from '../../../src/store/types.js'

const [folder = '', commits = ''] = process.argv.slice(2)
const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 20 })

// Thousands of small changes: most of a checkpoint's time goes into putting them.
let stamp = 0
const unit = (): Unit => {
  stamp++
  const bytes = Buffer.alloc(60)
  return { expect: [], puts: [{ actor: `user/${stamp}`, name: 'x', bytes, stamp }], appends: [], trims: [] }
}
const write = (units: number) => store.commit(0, Array.from({ length: units }, unit))
for (let i = 0; i < 12; i++) await write(1_000)
for (let left = Number(commits); left > 0; left--) await write(10)
process.exit(70)
