/**
 * The mark of a migration or a restore into a new folder: the folder beside their place in which the tables are made. Until they are moved
 * to their place, nothing in the data folder is a store, and no new one may be made there: people would be served without their data.
 */

import fs from 'node:fs'
import path from 'node:path'
import { StoreFormatError } from './errors.js'
import { databasePath } from './files.js'

export const MIGRATE_PARTIAL = 'migrate.partial'
export const RESTORE_PARTIAL = 'restore.partial'

const MARKS = [
  [MIGRATE_PARTIAL, 'a migration'],
  [RESTORE_PARTIAL, 'a restore'],
] as const

/** Throws if the folder has no tables, because what was to make them was interrupted. */
export function assertFinished(folder: string): void {
  if (fs.existsSync(databasePath(folder))) return
  for (const [name, what] of MARKS) {
    if (!fs.existsSync(path.join(folder, name))) continue
    throw new StoreFormatError(`${what} into ${folder} was not finished: run it again, or remove ${folder}`)
  }
}

/** Removes what was left beside tables: either they are whole, or they are those from before a restore. */
export function removeLeftMarks(folder: string): void {
  for (const [name] of MARKS) fs.rmSync(path.join(folder, name), { recursive: true, force: true })
}
