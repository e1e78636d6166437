/**
 * Lets one process at a time open a data folder. lmdb allows several, but what we keep in memory (stamps, heads, the journal's writes)
 * would then be wrong.
 *
 * The lock is a place in the table of readers of a small lmdb database. For each process in that table lmdb holds a kernel lock (fcntl).
 * It goes away with the process however that ends, and other containers on the machine see it as well. So no lock is ever left behind,
 * and no process id is mistaken for another's.
 *
 * Processes in two containers mostly have the same id. lmdb cannot give the second one a place, and its binding then tries for ten
 * seconds with the event loop stopped. So we check for a place under our own id before we take one.
 */

import fs from 'node:fs'
import path from 'node:path'
import type { RootDatabase, Transaction } from 'lmdb'
import { MAGIC, PAGE_HEAD_BYTES } from './database-file.js'
import { StoreInUseError } from './errors.js'
import { WRITER, WRITER_READERS } from './files.js'
import { open } from './lmdb.js'
import { assertSpace, bytesMissing, READERS_BYTES } from './space.js'

export interface FolderLock {
  release(): Promise<void>
}

/**
 * The most tries. The place of a dead process stays while others look at the table, which takes them milliseconds; then it is cleared.
 */
const TRIES_MAX = 4
const AGAIN_MS = 50

/** Two pages of meta data, each with lmdb's magic. */
const LOCK_BYTES = 8192
const LOCK_PAGES = [0, 4096]

/** The folders that this process has locked, as device and inode. */
const held = new Set<string>()

/** The bytes on the disk that taking a folder's lock needs. */
export function lockBytesMissing(folder: string): number {
  const readers = path.join(folder, WRITER_READERS)
  return bytesMissing(path.join(folder, WRITER), LOCK_BYTES) + bytesMissing(readers, READERS_BYTES)
}

/**
 * Locks a folder. Throws StoreInUseError, in 0.2 s at the most, if another store has the folder, in this process or another; or
 * DiskFullError.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const { dev, ino } = fs.statSync(folder)
  const identity = `${dev}:${ino}`
  if (held.has(identity)) throw new StoreInUseError(`the data folder ${folder} is in use by process ${process.pid}`)
  held.add(identity)
  try {
    const place = await takePlace(folder)
    return {
      async release() {
        await place.release()
        held.delete(identity)
      },
    }
  } catch (error) {
    held.delete(identity)
    throw error
  }
}

async function takePlace(folder: string): Promise<FolderLock> {
  const file = path.join(folder, WRITER)
  if (isInPieces(file)) fs.rmSync(file) // a power loss may leave it so; nobody can have it open
  assertSpace(folder, lockBytesMissing(folder))
  for (let tries = 1; ; tries++) {
    const options = { path: file, noSubdir: true, overlappingSync: false, maxReaders: 16, permissionsMode: 0o600 }
    const db = open(options)
    try {
      const release = tryPlace(db)
      if (release !== undefined) return { release }
      if (tries === TRIES_MAX) throw new StoreInUseError('another container')
    } catch (error) {
      await db.close()
      if (error instanceof StoreInUseError) {
        throw new StoreInUseError(`the data folder ${folder} is in use by ${error.message}`)
      }
      throw error
    }
    await db.close()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS)
  }
}

/** @returns the function that leaves the place; undefined if another process has one under our process id */
function tryPlace(db: RootDatabase): FolderLock['release'] | undefined {
  db.readerCheck() // frees the places of dead processes
  if (readers(db).includes(process.pid)) return undefined
  const place = placeOf(db)
  const other = readers(db).find(pid => pid !== process.pid)
  if (other !== undefined) throw new StoreInUseError(`process ${other}`)
  return () => {
    place.done()
    return db.close()
  }
}

function placeOf(db: RootDatabase): Transaction {
  try {
    return db.useReadTransaction()
  } catch (error) {
    // Another process that began at the same moment was faster.
    if (readers(db).includes(process.pid)) throw new StoreInUseError('another container')
    throw error
  }
}

/** Whether the file is too damaged for lmdb to accept it as its own. It holds nothing but the lock. */
function isInPieces(file: string): boolean {
  if (!fs.existsSync(file)) return false
  const bytes = fs.readFileSync(file)
  if (bytes.length === 0) return false
  return bytes.length < LOCK_BYTES || LOCK_PAGES.some(at => bytes.readUInt32LE(at + PAGE_HEAD_BYTES) !== MAGIC)
}

/** The process ids of the readers. lmdb lists `pid thread txnid`, one place in a line, below a heading. */
function readers(db: RootDatabase): number[] {
  return db
    .readerList()
    .split('\n')
    .map(line => /^\s*(\d+)\s/.exec(line)?.[1])
    .filter(pid => pid !== undefined)
    .map(Number)
}
