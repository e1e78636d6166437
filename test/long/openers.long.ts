/**
 * A store whose checkpoints never pause, and processes that open and close its tables all the time: now and then one of them notes an
 * older transaction as the newest one (newest.ts). Without the mend the store fails within ten seconds, or shows less than there is.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openLmdbStore } from '../../src/store/lmdb/open.js'
import { A, ALL, append, commit, put, textOf, unit } from '../store/contract/support.js'
import { newFolder } from '../store/support/folder.js'

const OPENING = fileURLToPath(new URL('../store/support/opening-process.js', import.meta.url))

const COMMITS = 8_000
const READ_EVERY = 7
const READ_ENTRIES = 40

t.test('what was committed is there, and is read, whoever opens the tables meanwhile', async t => {
  const folder = newFolder(t)
  // Each commit fills a file of the journal.
  const store = await openLmdbStore({ path: folder, journalBytes: 4096, onFatal: error => t.fail(error.message) })
  const openers = [0, 1].map(() => spawn(process.execPath, [OPENING, folder], { stdio: 'inherit' }))
  t.teardown(() => {
    for (const opener of openers) opener.kill('SIGKILL')
  })
  for (let i = 1; i <= COMMITS; i++) {
    await commit(store, unit({ puts: [put(A, `r${i % 50}`, `${i}`)], appends: [append(A, `${i}`)] }))
    if (i % READ_EVERY !== 0) continue
    const from = Math.max(0, i - READ_ENTRIES)
    const { entries } = await store.read(A, from, ALL, 2 * READ_ENTRIES, 2 ** 20)
    if (entries.length !== i - from) t.fail(`${entries.length} entries were read, not ${i - from}`)
  }
  for (const opener of openers) t.equal(opener.exitCode, null, 'it opens them still')
  await store.close()
  // A start while they open the tables is another matter (ARCHITECTURE.md, "Other processes at the tables").
  const ended = Promise.all(openers.map(opener => once(opener, 'exit')))
  for (const opener of openers) opener.kill('SIGKILL')
  await ended
  const again = await openLmdbStore({ path: folder })
  const { entries } = await again.read(A, 0, ALL, 2 * COMMITS, 2 ** 24)
  t.same([entries.length, textOf(entries.at(-1)?.bytes ?? new Uint8Array())], [COMMITS, `${COMMITS}`])
  await again.close()
})
