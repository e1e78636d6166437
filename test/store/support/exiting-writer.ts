/**
 * A process that fills journal files and exits while one of them is on its way into the tables.
 *
 *   node exiting-writer.js <folder> <milliseconds of writing after the first file was full>
 */

import { openLmdbStore } from '../../../src/store/lmdb/open.js'
import type { Unit } from '../../../src/store/types.js'

const [folder = '', milliseconds = ''] = process.argv.slice(2)
const JOURNAL_BYTES = 2 ** 23

const store = await openLmdbStore({ path: folder, journalBytes: JOURNAL_BYTES })

// Thousands of small changes: most of a checkpoint's time goes into putting them.
let stamp = 0
const unit = (): Unit => {
  stamp++
  const bytes = Buffer.alloc(60)
  return { expect: [], puts: [{ actor: `user/${stamp}`, name: 'x', bytes, stamp }], appends: [], trims: [] }
}
const write = (units: number) => store.commit(0, Array.from({ length: units }, unit))
let bytes = 0
while (bytes < JOURNAL_BYTES) {
  await write(2_000)
  bytes += 2_000 * 90
}
const fullMs = performance.now()
while (performance.now() - fullMs < Number(milliseconds)) await write(10)
process.exit(70)
