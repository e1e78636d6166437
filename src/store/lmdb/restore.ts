/**
 * Makes a store from a backup, in a new epoch: everything committed after the backup is gone, and clients have seen it.
 *
 * The epoch must be above every one in which this data was ever served, or numbers are given out twice. Three things are known of that:
 * the backup's own epoch, that of the store that it replaces, and a note beside the backup (`restored`) of the epochs made from it. Where
 * these do not tell (a backup older than another one that was restored on a disk that is lost), people name the epoch.
 *
 * The new tables are made beside the old ones and take their place in one move. They know no journal: the first start makes one
 * (first-start.ts), and replaces the old files if there are any. So a damaged journal is no obstacle.
 */

import fs from 'node:fs'
import path from 'node:path'
import { messageOf } from '../../lib/error-message.js'
import { StoreDamagedError } from '../errors.js'
import { assertStore } from './backup.js'
import { assertPages } from './database-pages.js'
import { makeFolder, moveIntoPlace, syncFile, syncFolder } from './disk.js'
import { DiskFullError, StoreFolderError, StoreFormatError } from './errors.js'
import { DATABASE, databasePath, WRITER, WRITER_READERS } from './files.js'
import { START_PARTIAL } from './first-start.js'
import { JOURNAL } from './journal-file.js'
import { lockBytesMissing, lockFolder } from './lock.js'
import { BACKUP, FORMAT, isReadable } from './open.js'
import { assertSpace, READERS_BYTES, TRANSACTION_BYTES } from './space.js'
import { readersBytesMissing, Tables } from './tables.js'
import { RESTORE_PARTIAL } from './unfinished.js'

const MAP_BYTES = 2 ** 30
const NOTE = 'restored'

/** The files that an unfinished attempt leaves in a folder. */
const OURS: ReadonlySet<string> = new Set([RESTORE_PARTIAL, START_PARTIAL, WRITER, WRITER_READERS])

export interface RestoreOptions {
  /** The folder of the backup. */
  readonly from: string
  /** The data folder: missing, empty, or with the same store, which is replaced. */
  readonly to: string
  /** The least epoch to use; 0 if nothing more is known than what the files say. */
  readonly epochMin: number
}

export interface Restored {
  readonly epoch: number
  /** The epoch of the store that was replaced; 0 if there was none. */
  readonly replacedEpoch: number
}

/** The store in a data folder, as far as it is known. */
interface Target {
  readonly id: Uint8Array
  readonly epoch: number
}

/** Restores a backup. Rejects with an error of one clear line; the folder is then as it was. */
export async function restore({ from, to, epochMin }: RestoreOptions): Promise<Restored> {
  const folder = path.resolve(to)
  if (path.resolve(from) === folder)
    throw new StoreFolderError(`${folder} is both the backup and the data folder: nothing was changed`)
  assertStore(from)
  assertPages(databasePath(from))
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : []
  const isNew = files.every(name => OURS.has(name))
  if (!isNew && !files.includes(DATABASE)) {
    throw new StoreFolderError(`the data folder ${folder} is not empty and holds no store: nothing was changed`)
  }
  if (!isNew) assertStore(folder)
  makeFolderWithSpace(folder, fs.statSync(databasePath(from)).size)
  const lock = await lockFolder(folder)
  const partial = path.join(folder, RESTORE_PARTIAL)
  try {
    const target = isNew ? undefined : await targetIn(folder)
    fs.rmSync(partial, { recursive: true, force: true })
    fs.mkdirSync(partial, { mode: 0o700 })
    syncFolder(folder)
    const file = databasePath(partial)
    fs.copyFileSync(databasePath(from), file)
    fs.chmodSync(file, 0o600)
    const epoch = await renew(from, folder, partial, target, epochMin)
    syncFile(file)
    moveIntoPlace(file, databasePath(folder))
    return { epoch, replacedEpoch: target?.epoch ?? 0 }
  } catch (error) {
    const isClear = [StoreFormatError, StoreFolderError, StoreDamagedError, DiskFullError].some(
      kind => error instanceof kind,
    )
    if (isClear) throw error
    throw new StoreFolderError(`the data folder ${folder} cannot be restored: ${messageOf(error)}`, { cause: error })
  } finally {
    fs.rmSync(partial, { recursive: true, force: true })
    await lock.release()
  }
}

/** Makes the folder if its disk has space for all that is made: the copy, its changes, and what lmdb maps. Throws DiskFullError. */
function makeFolderWithSpace(folder: string, copyBytes: number): void {
  const isNew = !fs.existsSync(folder)
  makeFolder(folder)
  const opening = lockBytesMissing(folder) + readersBytesMissing(folder) + READERS_BYTES
  try {
    assertSpace(folder, copyBytes + TRANSACTION_BYTES + opening)
  } catch (error) {
    if (isNew) fs.rmdirSync(folder)
    throw error
  }
}

async function targetIn(folder: string): Promise<Target> {
  const tables = new Tables(folder, MAP_BYTES)
  try {
    const format = tables.empty ? 0 : tables.format()
    if (!isReadable(format)) throw new StoreFolderError(`the data folder ${folder} holds another kind of data`)
    return { id: tables.id(), epoch: tables.meta('epoch') }
  } finally {
    await tables.close()
  }
}

/** Turns the copy into a store of its own epoch, and notes the epoch. */
async function renew(
  from: string,
  folder: string,
  partial: string,
  target: Target | undefined,
  epochMin: number,
): Promise<number> {
  const tables = new Tables(partial, MAP_BYTES)
  try {
    if (tables.empty || !isReadable(tables.format()) || tables.meta(BACKUP) === 0) {
      throw new StoreFormatError(`${from} is not a whole backup of format ${FORMAT}`)
    }
    tables.assertValues()
    if (target !== undefined && Buffer.compare(target.id, tables.id()) !== 0) {
      throw new StoreFolderError(`the data folder ${folder} holds another store than the backup ${from}`)
    }
    const known = Math.max(tables.meta('epoch'), target?.epoch ?? 0, noted(from))
    const epoch = Math.max(known + 1, epochMin)
    note(from, epoch, epochMin > 0)
    tables.putMetas({ epoch, [BACKUP]: 0, [JOURNAL]: 0 })
    return epoch
  } finally {
    await tables.close()
  }
}

/** The highest epoch that was made from this backup; 0 if there is none. */
function noted(from: string): number {
  const file = path.join(from, NOTE)
  if (!fs.existsSync(file)) return 0
  const epoch = Number(fs.readFileSync(file, 'utf8'))
  if (!Number.isSafeInteger(epoch) || epoch < 1) throw new StoreFormatError(`${file} holds no epoch`)
  return epoch
}

/**
 * Notes the epoch beside the backup, before it is used. Where nothing can be written, people who name an epoch are responsible for it.
 */
function note(from: string, epoch: number, named: boolean): void {
  const file = path.join(from, NOTE)
  try {
    fs.writeFileSync(`${file}.new`, `${epoch}\n`, { mode: 0o600 })
    syncFile(`${file}.new`)
    moveIntoPlace(`${file}.new`, file)
  } catch (error) {
    removeBegun(`${file}.new`)
    if (named) return
    const why = `${file} cannot be written, and the next restore of this backup has to know: ${messageOf(error)}`
    throw new StoreFolderError(`${why}; --epoch N restores without it`)
  }
}

/**
 * Removes a note that could not be finished: a full disk may have made the file without its bytes. If it cannot be removed, the note's
 * own error is reported.
 */
function removeBegun(file: string): void {
  try {
    fs.rmSync(file, { force: true })
  } catch {
    // The disk is read-only, or this is the name of a folder.
  }
}
