/** Opening a data folder: locked, checked, made if it is new, and what is in the journal brought into the tables. */

import fs from 'node:fs'
import path from 'node:path'
import { type Random, systemRandom } from '../../lib/random.js'
import { Checkpointer } from './checkpoint.js'
import { isDatabase } from './database-file.js'
import { StoreFolderError, StoreFormatError } from './errors.js'
import { Journal, recoverJournal, syncFolder } from './journal.js'
import { lockFolder } from './lock.js'
import { LmdbStore } from './store.js'
import { Tables } from './tables.js'

/** Of everything in the folder. Another number cannot be read by this program, nor this one by another. */
export const FORMAT = 1

export interface LmdbStoreOptions {
  /** The data folder; made if it is not there. */
  readonly path: string
  /** Called once when a write or a sync has failed: the process must end, and recovers at its next start. */
  readonly onFatal?: (error: Error) => void
  readonly random?: Random
  /**
   * A journal file of this length is brought into the tables: until then a record that changes often is written once, and
   * the entries of a log lie together. 1 / 4 / 8 / 16 MiB: 17 / 14 / 12 / 13 µs CPU per unit (1 000 users, 50 units per commit;
   * the memory for it is twice as much).
   */
  readonly journalBytes?: number
  /** Records and actors whose stamps and heads are remembered, about 150 bytes each; up to twice as many are. */
  readonly cachedMax?: number
  /** lmdb's map at the start; it grows by itself. It is address space, not memory. */
  readonly mapBytes?: number
}

/** Rejects with StoreFolderError, StoreInUseError or StoreFormatError, each of one clear line. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<LmdbStore> {
  const folder = path.resolve(options.path)
  const random = options.random ?? systemRandom
  const journalBytes = options.journalBytes ?? 2 ** 23
  const mapBytes = options.mapBytes ?? 2 ** 30
  makeFolder(folder)
  const lock = await lockFolder(folder)
  let tables: Tables | undefined
  try {
    tables = openTables(folder, mapBytes)
    const { id, epoch } = identify(folder, tables, random)
    return new LmdbStore({
      id,
      epoch,
      lock,
      tables,
      journal: new Journal(folder, journalBytes, tables.meta('applied'), random),
      checkpointer: new Checkpointer({ folder, mapBytes }),
      onFatal: options.onFatal ?? (() => {}),
      journalBytes,
      cachedMax: options.cachedMax ?? 200_000,
    })
  } catch (error) {
    await tables?.close()
    await lock.release()
    throw error
  }
}

function makeFolder(folder: string): void {
  try {
    makeFolders(path.resolve(folder))
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
  } catch (error) {
    throw new StoreFolderError(`the data folder ${folder} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

/** One by one: Node's own recursive way never ends where a file system knows no folders to make (/proc, Node 20). */
function makeFolders(folder: string): void {
  if (fs.existsSync(folder)) return
  makeFolders(path.dirname(folder))
  fs.mkdirSync(folder, { mode: 0o700 })
}

function openTables(folder: string, mapBytes: number): Tables {
  const file = path.join(folder, 'data.mdb')
  if (!isDatabase(file)) throw new StoreFormatError(`${file} is not a database that this program can read`)
  try {
    return new Tables(folder, mapBytes)
  } catch (error) {
    throw new StoreFormatError(`${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

/** Checks whose data this is, or makes it ours, and recovers. */
function identify(folder: string, tables: Tables, random: Random): { readonly id: Uint8Array; readonly epoch: number } {
  if (tables.empty) {
    if (recoverJournal(folder, 0).length > 0) {
      throw new StoreFormatError(`${folder} has a journal, and ${path.join(folder, 'data.mdb')} is empty`)
    }
    tables.create(random.bytes(16), FORMAT)
    syncFolder(folder)
    syncFolder(path.dirname(folder))
  }
  const format = tables.meta('format')
  if (format !== FORMAT) {
    const found = format === 0 ? 'no Longwire data' : `Longwire data of format ${format}`
    throw new StoreFormatError(`the data folder ${folder} holds ${found}; this program reads format ${FORMAT}`)
  }
  const writes = recoverJournal(folder, tables.meta('applied'))
  const last = writes.at(-1)
  if (last !== undefined) {
    tables.apply(
      writes.map(write => write.changes),
      last.sequence,
    )
  }
  return { id: tables.id(), epoch: tables.meta('epoch') }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
