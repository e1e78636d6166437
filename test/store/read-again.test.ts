/** A data folder that is read while its server writes: what was read in the middle of a write seems damaged, and is read again. */

import path from 'node:path'
import t, { type Test } from 'tap'
import type { Clock } from '../../src/lib/clock.js'
import { backUp } from '../../src/store/lmdb/backup.js'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { viewStore } from '../../src/store/lmdb/view.js'
import { damageJournal } from '../cli/support.js'
import { eventually } from '../support/eventually.js'
import { ManualClock } from '../support/manual-clock.js'
import { A, commit, put, unit } from './contract/support.js'
import { crashedCopy } from './support/crashed.js'
import { newFolder } from './support/folder.js'

/** The tries of a read that finds damage each time; there is a pause between two. */
const TRIES = 20
const PAUSE_MS = 50

/** A folder with three writes in the journal, of which the first seems damaged. */
async function tornFolder(t: Test): Promise<string> {
  const folder = newFolder(t)
  const store = await openLmdbStore({ path: folder, journalBytes: 2 ** 20 })
  for (const text of ['one', 'two', 'three']) await commit(store, unit({ puts: [put(A, text, text)] }))
  const copy = crashedCopy(t, folder)
  await store.close()
  damageJournal(copy)
  return copy
}

function texts(folder: string, clock: Clock): Promise<string[]> {
  return viewStore(folder, clock, view => Array.from(view.records(), ({ bytes }) => `${Buffer.from(bytes)}`).sort())
}

async function textsOfBackup(t: Test, folder: string, clock: Clock): Promise<string[]> {
  const to = path.join(newFolder(t), 'backup')
  await backUp({ from: folder, to, clock })
  return texts(to, clock)
}

for (const [name, read] of [
  ['a view', (_: Test, folder: string, clock: Clock) => texts(folder, clock)],
  ['a backup', textsOfBackup],
] as const) {
  t.test(`${name} that finds a write half made reads it again when it is whole`, async t => {
    const clock = new ManualClock()
    const folder = await tornFolder(t)
    const reading = read(t, folder, clock)
    await Promise.race([reading, eventually(() => clock.pending > 0)])
    damageJournal(folder) // the bit is flipped back
    clock.advance(PAUSE_MS)
    t.same(await reading, ['one', 'three', 'two'])
  })

  t.test(`${name} that finds the damage in each of ${TRIES} tries says so`, async t => {
    const clock = new ManualClock()
    let pauses = 0
    let error: unknown
    const reading = read(t, await tornFolder(t), clock).catch(reason => {
      error = reason
    })
    for (;;) {
      await eventually(() => error !== undefined || clock.pending > 0)
      if (error !== undefined) break
      pauses += 1
      clock.advance(PAUSE_MS)
    }
    await reading
    t.match(error, { name: 'StoreDamagedError', message: /journal-0 is damaged at byte 8192/ })
    t.equal(pauses, TRIES - 1)
  })
}
