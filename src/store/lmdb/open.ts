/**
 * Opens a data folder: locks it, makes it if it is new, checks it, and brings the journal's content into the tables.
 *
 * The writes of an earlier process may be in the page cache alone: it may have been killed before its sync. So everything is synced
 * before it is read, and nothing is reused or answered that is not durable.
 */

import fs from 'node:fs'
import path from 'node:path'
import { present } from '../../lib/assert.js'
import { type Clock, systemClock } from '../../lib/clock.js'
import { messageOf } from '../../lib/error-message.js'
import { type Random, systemRandom } from '../../lib/random.js'
import type { SpaceLevel } from '../types.js'
import { applyRecovered, Checkpointer } from './checkpoint.js'
import { assertDatabase, databaseState, mendMeta } from './database-file.js'
import { assertPages } from './database-pages.js'
import { makeFolder, syncFile, syncFolder } from './disk.js'
import { StoreFormatError } from './errors.js'
import { databasePath, JOURNAL_FILES, journalPath, STORE_FILES } from './files.js'
import { makeJournal, makeTables } from './first-start.js'
import { Journal } from './journal.js'
import { JOURNAL, journalBytesMissing } from './journal-file.js'
import { lockBytesMissing, lockFolder } from './lock.js'
import { Presence } from './presence.js'
import { readJournal, recoverWrites } from './recovery.js'
import { assertSpace, bytesTaken, lookAtDisk, TRANSACTION_BYTES } from './space.js'
import { LmdbStore } from './store.js'
import { readersBytesMissing, Tables } from './tables.js'

/** The format of everything in the folder. This program cannot read a higher number, nor one below FORMAT_OLDEST. */
export const FORMAT = 4

/**
 * The oldest format that is read as it is; 0.1.0 wrote it. A start adds what came since: lists of logs by partition (3), a journal of
 * another form (4). The entries stay as they are: new ones are put in blocks beside them (entry-value.ts).
 */
const FORMAT_OLDEST = 2
/** The first format with lists of logs by partition. */
export const FORMAT_WITH_LISTS = 3

export interface LmdbStoreOptions {
  /** The data folder; made if it does not exist. */
  readonly path: string
  /** Called once when a write or a sync has failed: the process must end, and recovers at its next start. */
  readonly onFatal?: (error: Error) => void
  readonly random?: Random
  /**
   * The length at which a journal file is brought into the tables, or earlier (`Journal.isFull`). Until then a record that changes often
   * is written once, and the entries of a log lie together. Lengths of 1 / 4 / 8 / 16 MiB took 17 / 14 / 12 / 13 µs CPU per unit before
   * the journal said only what changes (1 000 users, 50 units per commit).
   */
  readonly journalBytes?: number
  /** The number of records and actors whose stamps and heads are remembered, about 150 bytes each; up to twice as many are. */
  readonly cachedMax?: number
  /** lmdb's map at the start; it grows by itself. It is address space, not memory. */
  readonly mapBytes?: number
  readonly clock?: Clock
  /** The free bytes on the disk below which the store has little space (space.ts). */
  readonly freeBytesMin?: number
  /** Looks at the disk; absent: asks the file system. */
  readonly look?: () => Promise<number>
  /** Called when the level of the store's space has changed. */
  readonly onSpace?: (level: SpaceLevel, freeBytes: number) => void
  /** Called when a value was read that is not what was written; its reader gets the error. Once for each value. */
  readonly onDamage?: (error: Error) => void
  /** Called when something is wrong and the store goes on: one line for people. */
  readonly onWarning?: (text: string) => void
}

/**
 * The length up to which all pages and values of a file are checked at the start: 16 MiB take 0.1 s. `verify` and `backup` check a longer
 * one too. A damaged key has to be found before it is looked for: it would seem never to have been there.
 */
const WALKED_BYTES_MAX = 2 ** 24

/** 64 MiB: some seconds of the fastest writer there is. */
const FREE_BYTES_MIN = 2 ** 26

/**
 * The name of the number that marks tables as a whole backup (backup.ts). Nothing may be written to a backup: its versions were given out
 * again.
 */
export const BACKUP = 'backup'

/** The bytes of an actor in the list of its partition, beside its name: head of the pair, kind, partition, seal. */
const LISTED_BYTES = 16

/** The bytes that lmdb needs for a new database and its lock. */
const NEW_STORE_BYTES = 2 ** 20

/** The number of stores that this thread has opened. */
let openings = 0

/** Opens a store. Rejects with one of the errors of errors.ts, each of one clear line. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<LmdbStore> {
  const folder = path.resolve(options.path)
  const random = options.random ?? systemRandom
  const journalBytes = options.journalBytes ?? 2 ** 23
  const mapBytes = options.mapBytes ?? 2 ** 30
  const warn = options.onWarning ?? (() => {})
  makeFolder(folder)
  assertSpaceToStart(folder, journalBytes)
  const lock = await lockFolder(folder)
  const checkpointer = new Checkpointer({ folder, mapBytes })
  let tables: Tables | undefined
  try {
    await makeTables(folder, mapBytes, random, FORMAT)
    syncWhatIsThere(folder)
    tables = openTables(folder, mapBytes, warn)
    assertStoreOf(folder, tables)
    if (isWalked(folder)) tables.assertValues()
    makeJournal(folder, tables, journalBytes, random)
    const finished = recover(folder, tables)
    if (upgrade(folder, tables, warn)) makeJournal(folder, tables, journalBytes, random)
    const note = present(tables.note, "the descriptor of lmdb's note")
    await checkpointer.start(note)
    const clock = options.clock ?? systemClock
    const applied = tables.meta('applied')
    const journal = new Journal(folder, journalBytes, applied, tables.meta(JOURNAL))
    if (finished < applied) await mark(journal, applied)
    keepFromOthers(folder)
    warnOfOthers(folder, warn)
    const store = new LmdbStore({
      id: tables.id(),
      epoch: tables.meta('epoch'),
      lock,
      tables,
      journal,
      checkpointer,
      presence: new Presence(folder, clock),
      place: { folder, mapBytes, note, opening: `${folder} ${++openings}` },
      onFatal: options.onFatal ?? (() => {}),
      onDamage: options.onDamage ?? (() => {}),
      journalBytes,
      cachedMax: options.cachedMax ?? 200_000,
      clock,
      markBytes: options.freeBytesMin ?? FREE_BYTES_MIN,
      look: options.look ?? (() => lookAtDisk(folder)),
      onSpace: options.onSpace ?? (() => {}),
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

/** Warns if others can read the folder. Somebody may have made it so on purpose; its content is still ours alone. */
function warnOfOthers(folder: string, warn: (text: string) => void): void {
  const mode = fs.statSync(folder).mode & 0o777
  if ((mode & 0o077) === 0) return
  warn(`others may read or enter the data folder ${folder} (mode ${mode.toString(8)}): chmod 700 keeps it from them`)
}

/** Closes files to others that an earlier release made, or that came from elsewhere. */
function keepFromOthers(folder: string): void {
  for (const name of STORE_FILES) {
    const file = path.join(folder, name)
    if (fs.existsSync(file) && (fs.statSync(file).mode & 0o077) !== 0) fs.chmodSync(file, 0o600)
  }
}

/** Checks that the disk has space for a start, or lmdb would meet a full disk while files are made. Existing files need nothing. */
function assertSpaceToStart(folder: string, journalBytes: number): void {
  const isNew = !fs.existsSync(databasePath(folder))
  const journal = journalBytesMissing(folder, journalBytes)
  // Existing tables without a journal, as a restore makes them, get its number in two transactions.
  const tables = readersBytesMissing(folder) + (journal > 0 ? 2 * TRANSACTION_BYTES : 0)
  assertSpace(folder, journal + (isNew ? NEW_STORE_BYTES : lockBytesMissing(folder) + tables))
}

function openTables(folder: string, mapBytes: number, warn: (text: string) => void): Tables {
  const file = databasePath(folder)
  mendTorn(file, warn)
  assertDatabase(file)
  assertPages(file, isWalked(folder) ? 'all pages' : 'free pages')
  try {
    return new Tables(folder, mapBytes)
  } catch (error) {
    throw new StoreFormatError(`${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function isWalked(folder: string): boolean {
  return fs.statSync(databasePath(folder)).size <= WALKED_BYTES_MAX
}

/**
 * Mends a meta page that a power loss tore while it was written. The other one is then whole, and the journal has what came later (if it
 * has not, it says so: recovery.ts).
 */
function mendTorn(file: string, warn: (text: string) => void): void {
  const state = databaseState(file)
  if (state.kind !== 'half') return
  mendMeta(file, state.meta)
  warn(`${file} continues from its last state but one (transaction ${state.meta.transaction}): ${state.reason}`)
}

/** Throws unless the folder holds a store that this program can write to. */
function assertStoreOf(folder: string, tables: Tables): void {
  assertFormat(folder, tables)
  if (tables.meta(BACKUP) !== 0) {
    throw new StoreFormatError(`${folder} is a backup: longwire restore ${folder} --data FOLDER makes a store of it`)
  }
}

/** Whether this program reads data of this format; 0 stands for no data. */
export function isReadable(format: number): boolean {
  return format >= FORMAT_OLDEST && format <= FORMAT
}

/** Throws unless the data has a format that this program reads. */
export function assertFormat(folder: string, tables: Tables): void {
  const format = tables.empty ? 0 : tables.format()
  if (isReadable(format)) return
  const found = format === 0 ? 'no Longwire data' : `Longwire data of format ${format}`
  const todo = format === 0 ? '' : ': use the release that wrote it, or another folder'
  throw new StoreFormatError(`the data folder ${folder} holds ${found}; this program reads format ${FORMAT}${todo}`)
}

function syncWhatIsThere(folder: string): void {
  for (const file of [databasePath(folder), ...JOURNAL_FILES.map(index => journalPath(folder, index))]) {
    if (fs.existsSync(file)) syncFile(file)
  }
  syncFolder(folder)
}

/**
 * Turns a store of an older format into one of this format, in one transaction. Its journal is in the tables; the new one has yet to be
 * made then. 100 000 logs take a second. Throws DiskFullError before it tries. @returns whether there was anything to do
 */
function upgrade(folder: string, tables: Tables, warn: (text: string) => void): boolean {
  const format = tables.format()
  if (format === FORMAT) return false
  const actors = format < FORMAT_WITH_LISTS ? tables.unlisted() : []
  const bytes = actors.reduce((sum, actor) => sum + LISTED_BYTES + 3 * actor.length, 0)
  assertSpace(folder, bytesTaken({ changes: actors.length, bytes }, tables.pages()) + 2 * TRANSACTION_BYTES)
  tables.list(actors, { format: FORMAT, [JOURNAL]: 0 })
  warn(`${folder} is of format ${FORMAT} from now on: earlier releases cannot read it`)
  return true
}

/** Brings into the tables what the journal holds beyond them. @returns the write up to which its marks say that all are finished */
function recover(folder: string, tables: Tables): number {
  const image = readJournal(folder, tables)
  applyRecovered(tables, recoverWrites(image, tables.meta('applied')), folder)
  return image?.finished ?? 0
}

/**
 * Marks what was recovered as finished, before the next write takes its place in the journal. A crash may tear that write. If the newest
 * state of the tables is damaged as well, only the mark says that there was one.
 */
function mark(journal: Journal, applied: number): Promise<void> {
  return new Promise((resolve, reject) => {
    journal.mark(applied, error => (error === null ? resolve() : reject(error)))
  })
}
