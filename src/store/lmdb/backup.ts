/**
 * Makes a backup of a store, whether a server runs on it or not: one file, `data.mdb`, with everything in it that was acknowledged before
 * the backup began.
 *
 *   read the journal ──► copy the tables (lmdb's own snapshot) ──► bring what the copy lacks into it ──► mark it as whole
 *        ▲                                                                  │ a write is missing in between: the server
 *        └──────────────────────────────────────────────────────────────────┘ has turned its files while they were read
 *
 * The journal is read first: what is in neither by then was not acknowledged. The backup is made beside its place and moved there in the
 * end. It counts as a backup only once it is marked, so what an interruption leaves cannot be restored.
 */

import fs from 'node:fs'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { StoreDamagedError } from '../errors.js'
import { applyRecovered } from './checkpoint.js'
import { assertDatabase } from './database-file.js'
import { makeFolder, moveIntoPlace, syncFile, syncFolder } from './disk.js'
import { StoreFolderError, StoreFormatError, StoreInUseError } from './errors.js'
import { databasePath, READERS } from './files.js'
import { JOURNAL } from './journal-file.js'
import { BACKUP } from './open.js'
import { Retries, readTables } from './reading.js'
import { readJournal, recoverWrites } from './recovery.js'
import { assertSpace, TRANSACTION_BYTES } from './space.js'
import { Tables } from './tables.js'
import { assertFinished } from './unfinished.js'

const MAP_BYTES = 2 ** 30

export interface BackupOptions {
  /** The data folder. */
  readonly from: string
  /** The folder to be made. */
  readonly to: string
  readonly clock: Clock
  /** Called with the path that exists until the backup is whole. It is to be removed if the process is ended meanwhile. */
  readonly onBegin?: (partial: string) => void
}

export interface BackupMade {
  readonly epoch: number
  readonly bytes: number
}

/** Makes a backup. Rejects with an error of one clear line; nothing is left behind then. */
export async function backUp({ from, to, clock, onBegin }: BackupOptions): Promise<BackupMade> {
  assertStore(from)
  if (fs.existsSync(to)) throw new StoreFolderError(`${to} exists already: a backup overwrites nothing`)
  const parent = path.dirname(path.resolve(to))
  makeFolder(parent)
  const partial = `${path.resolve(to)}.partial-${process.pid}`
  removeLeftOvers(`${path.resolve(to)}.partial-`)
  onBegin?.(partial)
  try {
    const epoch = await copyWhole(from, partial, clock)
    const file = databasePath(partial)
    fs.rmSync(path.join(partial, READERS), { force: true })
    fs.chmodSync(file, 0o600)
    syncFile(file)
    syncFolder(partial)
    const bytes = fs.statSync(file).size
    // What runs since the copy blocks the event loop, also for a slow disk's syncs. A signal that came meanwhile is heard in the whole turn
    // between these two: it ends the process before there is a backup.
    await nextTurn()
    await nextTurn()
    moveIntoPlace(partial, to)
    return { epoch, bytes }
  } catch (error) {
    fs.rmSync(partial, { recursive: true, force: true })
    if ([StoreFormatError, StoreDamagedError, StoreInUseError].some(kind => error instanceof kind)) throw error
    throw new StoreFolderError(`${to} cannot be made: ${messageOf(error)}`, { cause: error })
  }
}

/** Removes what killed processes left. */
function removeLeftOvers(begin: string): void {
  for (const name of fs.readdirSync(path.dirname(begin))) {
    const file = path.join(path.dirname(begin), name)
    const pid = file.startsWith(begin) ? Number(file.slice(begin.length)) : 0
    if (pid > 0 && !isRunning(pid)) fs.rmSync(file, { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Throws unless a folder has what looks like a store that we may read. */
export function assertStore(folder: string): void {
  const file = databasePath(folder)
  try {
    fs.closeSync(fs.openSync(file, 'r'))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') assertFinished(folder)
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new StoreFormatError(`${folder} holds no Longwire data`)
    throw new StoreFolderError(`${folder} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  assertDatabase(file)
}

async function copyWhole(from: string, partial: string, clock: Clock): Promise<number> {
  return readTables(from, async tables => {
    const retries = new Retries(clock)
    for (;;) {
      fs.rmSync(partial, { recursive: true, force: true })
      fs.mkdirSync(partial, { mode: 0o700 })
      const journal = readJournal(from, tables)
      await tables.copyTo(partial)
      const copy = new Tables(partial, MAP_BYTES)
      try {
        // A copy has no list of free pages. lmdb aborts (seen with 3.5.6) if the first transaction on it frees more pages than one page of
        // that list takes, some 500. So the first one is small.
        assertSpace(partial, TRANSACTION_BYTES)
        copy.putMetas({ [JOURNAL]: 0 })
        applyRecovered(copy, recoverWrites(journal, copy.meta('applied')), partial)
        assertSpace(partial, TRANSACTION_BYTES)
        copy.putMetas({ [BACKUP]: 1 })
        return copy.meta('epoch')
      } catch (error) {
        await retries.next(error)
      } finally {
        await copy.close()
      }
    }
  })
}
