/**
 * The first start in a data folder. A power loss may end it anywhere. Nothing was acknowledged yet, so the next start continues, and
 * never finds anything that it must refuse.
 *
 *   nothing ──► start.partial/data.mdb ──► data.mdb, names no journal ──► both journal files ──► data.mdb names them
 *      ▲         made, synced                moved there, synced    ▲        made, synced            from now on they must
 *      └── made anew ──┘                     a restored backup      └── made anew ──┘                be there
 *                                            begins here
 */

import fs from 'node:fs'
import path from 'node:path'
import type { Random } from '../../lib/random.js'
import { StoreDamagedError } from '../errors.js'
import { moveIntoPlace, syncFile } from './disk.js'
import { databasePath, JOURNAL_FILES, journalPath } from './files.js'
import { JOURNAL, makeJournalFiles } from './journal-file.js'
import { Tables } from './tables.js'

/** The folder in which the tables are made: its content does not count. */
export const START_PARTIAL = 'start.partial'

/** Makes data.mdb if it does not exist; durable on return. */
export async function makeTables(folder: string, mapBytes: number, random: Random, format: number): Promise<void> {
  const partial = path.join(folder, START_PARTIAL)
  fs.rmSync(partial, { recursive: true, force: true })
  const file = databasePath(folder)
  if (fs.existsSync(file)) return
  for (const index of JOURNAL_FILES) {
    const journal = journalPath(folder, index)
    // Journal files are made only after data.mdb exists for good.
    if (fs.existsSync(journal)) throw new StoreDamagedError(`${file} is missing, but ${journal} exists`)
  }
  fs.mkdirSync(partial, { mode: 0o700 })
  const tables = new Tables(partial, mapBytes)
  try {
    tables.create({ id: random.bytes(16), secret: random.bytes(16) }, format)
  } finally {
    await tables.close()
  }
  syncFile(databasePath(partial))
  moveIntoPlace(databasePath(partial), file)
  fs.rmSync(partial, { recursive: true, force: true })
}

/** Makes the journal files if these tables have none yet; durable on return. */
export function makeJournal(folder: string, tables: Tables, writeBytes: number, random: Random): void {
  if (tables.meta(JOURNAL) !== 0) return
  const salt = 1 + random.integer(Number.MAX_SAFE_INTEGER)
  makeJournalFiles(folder, writeBytes, { id: tables.id(), salt }, tables.meta('applied'))
  // Written twice, so that each of lmdb's two meta pages knows it. If one is lost, the other must not let a journal be made anew.
  for (let i = 0; i < 2; i++) tables.putMetas({ [JOURNAL]: salt })
}
