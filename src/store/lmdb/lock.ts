/**
 * One process at a time has a data folder open. lmdb allows several, but what we keep in memory (stamps, heads, the
 * journal's writes) would then be wrong.
 *
 * The lock is a place in the table of readers of a small lmdb database: lmdb holds a kernel lock (fcntl) for each process in
 * it, which goes with the process however it ends, and which other containers on the machine see as well. So no lock is
 * ever left behind, and no process id is mistaken for another's.
 */

import fs from 'node:fs'
import path from 'node:path'
import { open } from 'lmdb'
import { isDatabase } from './database-file.js'
import { StoreInUseError } from './errors.js'

export interface FolderLock {
  release(): Promise<void>
}

/** Throws StoreInUseError if another store has the folder, in this process or another. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = path.join(folder, 'writer.mdb')
  if (!isDatabase(file)) fs.rmSync(file) // as a power loss may leave it; nobody can have it open
  const db = open({ path: file, noSubdir: true, overlappingSync: false, maxReaders: 16 })
  try {
    const place = db.useReadTransaction()
    db.readerCheck() // frees the places of dead processes
    const others = readers(db.readerList())
    others.splice(others.indexOf(process.pid), 1)
    if (others.length > 0) throw new StoreInUseError(`the data folder ${folder} is in use by process ${others[0]}`)
    return {
      async release() {
        place.done()
        await db.close()
      },
    }
  } catch (error) {
    await db.close()
    // A process of the same id in another container holds the kernel lock of our place.
    if (error instanceof Error && /temporarily unavailable|denied/.test(error.message)) {
      throw new StoreInUseError(`the data folder ${folder} is in use by another container`, { cause: error })
    }
    throw error
  }
}

/** Process ids: lmdb lists `pid thread txnid`, one place in a line, below a heading. */
function readers(list: string): number[] {
  return list
    .split('\n')
    .map(line => /^\s*(\d+)\s/.exec(line)?.[1])
    .filter(pid => pid !== undefined)
    .map(Number)
}
