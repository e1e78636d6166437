/** The files of a data folder, by name. */

import path from 'node:path'

/** lmdb's database: the tables. A backup is this file alone. */
export const DATABASE = 'data.mdb'

/** lmdb's table of those who read the database. */
export const READERS = 'lock.mdb'

/** The lock of the one process that writes, and lmdb's own file beside it (lock.ts). */
export const WRITER = 'writer.mdb'
export const WRITER_READERS = `${WRITER}-lock`

/** The numbers of the journal's files. */
export const JOURNAL_FILES = [0, 1] as const

export function databasePath(folder: string): string {
  return path.join(folder, DATABASE)
}

export function journalPath(folder: string, index: number): string {
  return path.join(folder, journalName(index))
}

/** All files of a store. */
export const STORE_FILES: readonly string[] = [
  DATABASE,
  READERS,
  WRITER,
  WRITER_READERS,
  ...JOURNAL_FILES.map(journalName),
]

function journalName(index: number): string {
  return `journal-${index}`
}
