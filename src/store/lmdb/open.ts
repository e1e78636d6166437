/** Opening a data folder: locked, checked, made if it is new, and what is in the journal brought into the tables. */

import fs from 'node:fs'
import path from 'node:path'
import { type Clock, systemClock } from '../../lib/clock.js'
import { type Random, systemRandom } from '../../lib/random.js'
import type { Room } from '../types.js'
import { applyWrites, Checkpointer } from './checkpoint.js'
import { isDatabase, mendMetaPage } from './database-file.js'
import { DiskFullError, StoreFolderError, StoreFormatError } from './errors.js'
import { Journal, journalBytesMissing, recoverJournal, syncFolder } from './journal.js'
import { lockFolder } from './lock.js'
import { freeBytes, lookAtDisk, Reusable } from './space.js'
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
  readonly clock?: Clock
  /** With less free on its disk the store has little room (space.ts). */
  readonly freeBytesMin?: number
  /** How the disk is looked at; absent: by asking the file system. */
  readonly look?: () => Promise<number>
  /** The store's room has changed. */
  readonly onRoom?: (room: Room, freeBytes: number) => void
}

/** 64 MiB: some seconds of the fastest writer there is. */
const FREE_BYTES_MIN = 2 ** 26

/** The name of what marks tables as a whole backup (backup.ts): nothing may be written to one, its versions were given out again. */
export const BACKUP = 'backup'

/** What lmdb takes for a new database and its lock. */
const NEW_STORE_BYTES = 2 ** 20

/** Rejects with StoreFolderError, StoreInUseError, StoreFormatError or DiskFullError, each of one clear line. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<LmdbStore> {
  const folder = path.resolve(options.path)
  const random = options.random ?? systemRandom
  const journalBytes = options.journalBytes ?? 2 ** 23
  const mapBytes = options.mapBytes ?? 2 ** 30
  makeFolder(folder)
  assertRoomToStart(folder, journalBytes)
  const lock = await lockFolder(folder)
  const checkpointer = new Checkpointer({ folder, mapBytes })
  let tables: Tables | undefined
  try {
    tables = openTables(folder, mapBytes)
    const { id, epoch } = identify(folder, tables, random)
    await checkpointer.start()
    const store = new LmdbStore({
      id,
      epoch,
      lock,
      tables,
      journal: new Journal(folder, journalBytes, tables.meta('applied'), random),
      checkpointer,
      onFatal: options.onFatal ?? (() => {}),
      journalBytes,
      cachedMax: options.cachedMax ?? 200_000,
      clock: options.clock ?? systemClock,
      markBytes: options.freeBytesMin ?? FREE_BYTES_MIN,
      look: options.look ?? (() => lookAtDisk(folder)),
      onRoom: options.onRoom ?? (() => {}),
    })
    await store.lookAtDisk()
    return store
  } catch (error) {
    await checkpointer.close()
    await tables?.close()
    await lock.release()
    throw error
  }
}

export function makeFolder(folder: string): void {
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

/** A full disk in the middle of making files would be met by lmdb. Files that are there need nothing. */
function assertRoomToStart(folder: string, journalBytes: number): void {
  const isNew = !fs.existsSync(path.join(folder, 'data.mdb'))
  const needed = journalBytesMissing(folder, journalBytes) + (isNew ? NEW_STORE_BYTES : 0)
  const there = freeBytes(folder)
  if (there < needed) throw new DiskFullError(folder, needed, there)
}

function openTables(folder: string, mapBytes: number): Tables {
  const file = path.join(folder, 'data.mdb')
  mendMetaPage(file)
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
    tables.create({ id: random.bytes(16), secret: random.bytes(16) }, FORMAT)
    syncFolder(folder)
    syncFolder(path.dirname(folder))
  }
  const format = tables.meta('format')
  if (format !== FORMAT) {
    const found = format === 0 ? 'no Longwire data' : `Longwire data of format ${format}`
    throw new StoreFormatError(`the data folder ${folder} holds ${found}; this program reads format ${FORMAT}`)
  }
  if (tables.meta(BACKUP) !== 0) {
    throw new StoreFormatError(`${folder} is a backup: longwire restore ${folder} --data FOLDER makes a store of it`)
  }
  const writes = recoverJournal(folder, tables.meta('applied'))
  const last = writes.at(-1)
  if (last !== undefined) {
    const changes = writes.map(write => write.changes)
    applyWrites(tables, changes, last.sequence, folder, new Reusable())
  }
  return { id: tables.id(), epoch: tables.meta('epoch') }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
