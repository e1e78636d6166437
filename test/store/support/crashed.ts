/** Data folders as crashes and damage leave them. */

import fs from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { type JournalWrite, readJournal, recoverWrites } from '../../../src/store/lmdb/recovery.js'
import { Tables } from '../../../src/store/lmdb/tables.js'
import { newFolder } from './folder.js'

/** What a kill would leave of an open store; no checkpoint may be under way. */
export function crashedCopy(t: Test, folder: string): string {
  const copy = newFolder(t)
  for (const name of ['data.mdb', 'journal-0', 'journal-1']) {
    fs.copyFileSync(path.join(folder, name), path.join(copy, name))
  }
  return copy
}

/** Changes bytes of a file where they stand. */
export function overwrite(file: string, at: number, bytes: Uint8Array): void {
  const descriptor = fs.openSync(file, 'r+')
  fs.writeSync(descriptor, bytes, 0, bytes.length, at)
  fs.closeSync(descriptor)
}

/** A data folder's tables, read as `verify` and `backup` do. */
export async function withTables<T>(folder: string, look: (tables: Tables) => T | Promise<T>): Promise<T> {
  const tables = new Tables(folder, 2 ** 30, true)
  try {
    return await look(tables)
  } finally {
    await tables.close()
  }
}

/** What would be brought into the tables. Throws what refuses it. */
export function recovered(folder: string, tables: Tables): readonly JournalWrite[] {
  return recoverWrites(readJournal(folder, tables), tables.meta('applied')).writes
}

/** Writes up to this one are known to be finished. */
export function finishedOf(folder: string): Promise<number> {
  return withTables(folder, tables => readJournal(folder, tables)?.finished ?? 0)
}
