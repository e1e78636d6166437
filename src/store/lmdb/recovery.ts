/**
 * Reads the journal back: finds the writes beyond the tables, and whether any are missing.
 *
 *                  applied                                   marked
 *   tables ──────────┤                                         │
 *                    ├─ file x: A+1 … q ─┬─ file y: q+1 … ─────┴── n │ n+1 torn, or nothing
 *
 * Each file begins with the write that follows all before it. File x begins with A + 1, where A is the write up to which the tables hold
 * everything. File y begins with the write behind the last of x. A file that does neither holds only what the tables have. One write is
 * under way at a time. So a crash can tear n + 1 alone, and nothing whole can follow it.
 *
 * What is read is compared with what is known from elsewhere, never with itself. The tables know the store's id, the salt and A. The
 * marks in both files say up to where writes were finished. Damage is
 *   - a file that is missing, too short, or not the one that the tables know (its header),
 *   - a whole write beyond A, anywhere, that does not belong to the chain,
 *   - a chain that ends before a mark; two marks that are not whole (one may have been under way).
 * Only the last writes stay in doubt, those since the last mark: if nothing whole follows a damaged write, it looks like one that was cut
 * off.
 */

import fs from 'node:fs'
import { StoreDamagedError } from '../errors.js'
import { JOURNAL_FILES, journalPath } from './files.js'
import {
  assertHeader,
  FORMAT_BEFORE,
  formatOf,
  JOURNAL,
  type JournalIdentity,
  MARK_AT,
  readMark,
  SECTOR_BYTES,
  WRITES_AT,
  writeAt,
} from './journal-file.js'
import type { Tables } from './tables.js'

/** A write, as read back. The changes are a view of the file as it was read. */
export interface JournalWrite {
  readonly sequence: number
  readonly changes: Buffer
}

/** The writes beyond the tables, in order. */
export interface RecoveredWrites {
  readonly writes: readonly JournalWrite[]
  /** Whether their changes are of the journal's format before (old-changes.ts). */
  readonly isOld: boolean
}

/** Both journal files as they were read. */
export interface JournalImage {
  readonly salt: number
  readonly isOld: boolean
  readonly files: readonly { readonly file: string; readonly bytes: Buffer }[]
  /** The sequence up to which writes were finished before the files were read. */
  readonly finished: number
}

/**
 * Reads the journal that the tables know; undefined if there is none yet. The marks are read first, then one file after the other: a
 * write that is made meanwhile may be in the second and not in the first. Throws StoreDamagedError.
 */
export function readJournal(folder: string, tables: Tables): JournalImage | undefined {
  const salt = tables.meta(JOURNAL)
  if (salt === 0) return undefined
  const identity = { id: tables.id(), salt }
  const finished = finishedOf(folder, identity)
  const files = JOURNAL_FILES.map(index => {
    const file = journalPath(folder, index)
    const bytes = fs.readFileSync(file)
    assertHeader(file, index, bytes.length, bytes, identity)
    return { file, bytes }
  })
  const formats = files.map(({ bytes }) => formatOf(bytes))
  if (new Set(formats).size > 1) {
    throw new StoreDamagedError(`the journal files in ${folder} are of different formats: ${formats.join(' and ')}`)
  }
  return { salt, files, finished, isOld: formats[0] === FORMAT_BEFORE }
}

/** All writes beyond `applied`. Throws StoreDamagedError if a write is missing. */
export function recoverWrites(image: JournalImage | undefined, applied: number): RecoveredWrites {
  if (image === undefined) return { writes: [], isOld: false }
  const { files, salt, finished, isOld } = image
  const writes: JournalWrite[] = []
  const ends = files.map(() => WRITES_AT)
  for (;;) {
    const next = applied + 1 + writes.length
    const parts = files.map(({ bytes }) => chainFrom(bytes, salt, next))
    const index = parts.findIndex(({ found }) => found.length > 0)
    const part = parts[index]
    if (part === undefined) break
    writes.push(...part.found)
    ends[index] = part.end
  }
  const last = applied + writes.length
  files.forEach(({ file, bytes }, i) => {
    assertNothingBehind(file, bytes, ends[i] ?? WRITES_AT, salt, applied)
  })
  if (last < finished) {
    const names = files.map(({ file }) => file).join(' or ')
    throw new StoreDamagedError(`${names} is damaged: the last write is ${last}, but write ${finished} was finished`)
  }
  return { writes, isOld }
}

/** The writes of one file from `first` on, which must be at its beginning. */
export function chainOf(bytes: Buffer, salt: number, first: number): JournalWrite[] {
  return chainFrom(bytes, salt, first).found
}

function chainFrom(
  bytes: Buffer,
  salt: number,
  first: number,
): { readonly found: JournalWrite[]; readonly end: number } {
  const found: JournalWrite[] = []
  let at = WRITES_AT
  for (;;) {
    const write = writeAt(bytes, at, salt)
    if (write?.changes === undefined || write.sequence !== first + found.length) return { found, end: at }
    found.push({ sequence: write.sequence, changes: write.changes })
    at = write.end
  }
}

/** Throws if a whole write that the tables lack follows the end of the chain. */
function assertNothingBehind(file: string, bytes: Buffer, end: number, salt: number, applied: number): void {
  for (let at = end; at < bytes.length; at += SECTOR_BYTES) {
    const write = writeAt(bytes, at, salt)
    if (write?.changes !== undefined && write.sequence > applied) {
      throw new StoreDamagedError(`${file} is damaged at byte ${end}: the whole write ${write.sequence} follows it`)
    }
  }
}

/** Checks that both files exist, and at least one mark is whole. Throws StoreDamagedError. @returns the sequence of the highest mark */
function finishedOf(folder: string, identity: JournalIdentity): number {
  const marks: number[] = []
  for (const index of JOURNAL_FILES) {
    const file = journalPath(folder, index)
    if (!fs.existsSync(file)) throw new StoreDamagedError(`${file} is missing`)
    const head = Buffer.alloc(WRITES_AT)
    const descriptor = fs.openSync(file, 'r')
    try {
      const length = fs.readSync(descriptor, head, 0, head.length, 0)
      assertHeader(file, index, fs.fstatSync(descriptor).size, head.subarray(0, length), identity)
    } finally {
      fs.closeSync(descriptor)
    }
    const mark = readMark(head.subarray(MARK_AT), identity.salt)
    if (mark !== undefined) marks.push(mark)
  }
  if (marks.length === 0) throw new StoreDamagedError(`the marks of both journal files in ${folder} are damaged`)
  return Math.max(...marks)
}
