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
import { freeBytes, TRANSACTION_BYTES } from './space.js'
import { Tables } from './tables.js'
import { assertFinished, removeLeftMarks } from './unfinished.js'

/** The folder in which the tables are made: its content does not count. */
export const START_PARTIAL = 'start.partial'

/** Makes data.mdb if it does not exist; durable on return. Throws StoreFormatError if it was being made by another command. */
export async function makeTables(folder: string, mapBytes: number, random: Random, format: number): Promise<void> {
  const partial = path.join(folder, START_PARTIAL)
  fs.rmSync(partial, { recursive: true, force: true })
  const file = databasePath(folder)
  if (fs.existsSync(file)) {
    removeLeftMarks(folder)
    return
  }
  assertFinished(folder)
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

/** The name of the number that says whether both of lmdb's meta pages know the journal: 1, or 0. */
const KNOWN_TWICE = 'journal-known-twice'

/**
 * Makes the journal files if these tables have none yet; durable on return. The journal is written into the tables twice, so that each of
 * lmdb's two meta pages knows it. If one page is lost, the other must not let a journal be made anew. A start that was killed between the
 * two is completed here.
 */
export function makeJournal(folder: string, tables: Tables, writeBytes: number, random: Random): void {
  if (tables.meta(JOURNAL) === 0) {
    const salt = 1 + random.integer(Number.MAX_SAFE_INTEGER)
    makeJournalFiles(folder, writeBytes, { id: tables.id(), salt }, tables.meta('applied'))
    tables.putMetas({ [JOURNAL]: salt, [KNOWN_TWICE]: 0 })
    tables.putMetas({ [KNOWN_TWICE]: 1 })
  } else if (tables.meta(KNOWN_TWICE) === 0 && freeBytes(folder) >= TRANSACTION_BYTES) {
    tables.putMetas({ [KNOWN_TWICE]: 1 })
  }
}
