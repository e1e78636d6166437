/**
 * The bytes of a journal file. Everything begins on a sector of its own. A power loss may turn a sector in flight to garbage; such a
 * sector never holds what was acknowledged before.
 *
 *   sector 0    header   written once, when the file is made: which store's file this is, and how long it must be
 *   sector 1    mark     rewritten now and then: up to this write everything has been finished
 *   sector 2…   writes   each on whole sectors, zeros behind it
 *
 *   header   crc32 (4) · 'lwjf' (4) · format (4) · index (4) · length of the file (float64) · salt (float64) · id of the store (16)
 *   mark     crc32 (4) · 'lwjm' (4) · sequence (float64) · salt (float64)
 *   write    crc32 (4) · 'lwjw' (4) · length of the changes (4) · crc32 of the changes (4) · sequence (float64) · salt (float64)
 *            · changes
 *
 * The first crc32 covers the rest of the head. Numbers are little-endian. The salt is drawn when the files are made, and the tables know
 * it too. Nobody outside does, so no content can look like a write. Sequences are never given twice under one salt.
 */

import fs from 'node:fs'
import { crc32 } from 'node:zlib'
import { StoreDamagedError } from '../errors.js'
import { syncFile, syncFolder } from './disk.js'
import { JOURNAL_FILES, journalPath } from './files.js'

/**
 * The name of the number in the tables that says which journal belongs to them: its salt. 0: the files have yet to be made, after an
 * unfinished first start or in a restored backup. Whatever is there under their names does not count.
 */
export const JOURNAL = 'journal'

/** The most bytes that a drive writes at once, and the kernel's own unit: a smaller sector would be rewritten with its neighbours. */
export const SECTOR_BYTES = 4096
/** The position of a file's mark. */
export const MARK_AT = SECTOR_BYTES
/** The position of a file's first write. */
export const WRITES_AT = 2 * SECTOR_BYTES

/** The format of a journal file; the tables have one of their own. It says how the changes are written (change-kinds.ts). */
const FORMAT = 4
/** The format before, which is read once, by the first start of this release (old-changes.ts). */
export const FORMAT_BEFORE = 2
const HEADER_MAGIC = magic('lwjf')
const MARK_MAGIC = magic('lwjm')
const WRITE_MAGIC = magic('lwjw')
const HEADER_BYTES = 48
const MARK_BYTES = 24
export const WRITE_HEAD_BYTES = 32

const ZEROS = Buffer.alloc(2 ** 20)

/** The data in the tables that identifies their journal. */
export interface JournalIdentity {
  readonly id: Uint8Array
  readonly salt: number
}

/** One write, as found in a file. */
export interface FoundWrite {
  readonly sequence: number
  /** The changes; undefined if they are not what was written. */
  readonly changes: Buffer | undefined
  /** The position behind its last sector. */
  readonly end: number
}

/** The bytes of the whole sectors that so many bytes take. */
export function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES
}

/** The bytes that are missing for two files that hold `writeBytes` of writes each. */
export function journalBytesMissing(folder: string, writeBytes: number): number {
  let missing = 0
  for (const index of JOURNAL_FILES) {
    const file = journalPath(folder, index)
    missing += Math.max(0, WRITES_AT + writeBytes - (fs.existsSync(file) ? fs.statSync(file).size : 0))
  }
  return missing
}

/**
 * Makes both files anew, durably. They are filled with zeros in their full length, so that a write changes no metadata of the file
 * system.
 */
export function makeJournalFiles(
  folder: string,
  writeBytes: number,
  identity: JournalIdentity,
  finished: number,
): void {
  for (const index of JOURNAL_FILES) {
    const file = journalPath(folder, index)
    const bytes = WRITES_AT + wholeSectors(writeBytes)
    fs.rmSync(file, { force: true })
    const descriptor = fs.openSync(file, 'wx', 0o600)
    try {
      writeZeros(descriptor, 0, bytes)
      fs.writeSync(descriptor, headerOf(index, bytes, identity), 0, HEADER_BYTES, 0)
      fs.writeSync(descriptor, markOf(finished, identity.salt), 0, SECTOR_BYTES, MARK_AT)
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }
  syncFolder(folder)
}

/** Lengthens a file that is to hold more than it was made for. */
export function lengthenJournalFile(file: string, writeBytes: number): void {
  const { size } = fs.statSync(file)
  const bytes = WRITES_AT + wholeSectors(writeBytes)
  if (size >= bytes) return
  const descriptor = fs.openSync(file, 'r+')
  writeZeros(descriptor, size, bytes)
  fs.closeSync(descriptor)
  syncFile(file)
}

function writeZeros(descriptor: number, from: number, to: number): void {
  for (let at = from; at < to; ) at += fs.writeSync(descriptor, ZEROS, 0, Math.min(ZEROS.length, to - at), at)
}

/** Checks that a file's header is whole and belongs to this journal. Throws StoreDamagedError, naming the file. */
export function assertHeader(
  file: string,
  index: number,
  size: number,
  header: Buffer,
  identity: JournalIdentity,
): void {
  const damaged = (what: string) => new StoreDamagedError(`${file} is damaged: ${what}`)
  if (header.length < HEADER_BYTES) throw damaged(`it is ${size} bytes long`)
  if (!isHead(header, HEADER_MAGIC, HEADER_BYTES)) throw damaged('its header is not what was written')
  const format = formatOf(header)
  if (format !== FORMAT && format !== FORMAT_BEFORE) throw damaged(`its format is ${format}, and not ${FORMAT}`)
  if (!header.subarray(32, HEADER_BYTES).equals(identity.id)) throw damaged('it belongs to another store')
  if (header.readDoubleLE(24) !== identity.salt) throw damaged('it belongs to another time of this store')
  if (header.readUInt32LE(12) !== index) throw damaged(`it is journal-${header.readUInt32LE(12)}`)
  const bytes = header.readDoubleLE(16)
  if (size < bytes) throw damaged(`it is ${size} bytes long, and was made with ${bytes}`)
}

/** The format that a whole header names. */
export function formatOf(header: Buffer): number {
  return header.readUInt32LE(8)
}

function headerOf(index: number, bytes: number, { id, salt }: JournalIdentity): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(FORMAT, 8)
  header.writeUInt32LE(index, 12)
  header.writeDoubleLE(bytes, 16)
  header.writeDoubleLE(salt, 24)
  header.set(id, 32)
  return sealed(header, HEADER_MAGIC)
}

/** Makes the mark that says that all writes up to this one were finished: a sector, to be written at MARK_AT. */
export function markOf(sequence: number, salt: number): Buffer {
  const mark = Buffer.alloc(MARK_BYTES)
  mark.writeDoubleLE(sequence, 8)
  mark.writeDoubleLE(salt, 16)
  return Buffer.concat([sealed(mark, MARK_MAGIC)], SECTOR_BYTES)
}

/** The mark's sequence; undefined if it is not whole. */
export function readMark(mark: Buffer, salt: number): number | undefined {
  if (!isHead(mark, MARK_MAGIC, MARK_BYTES) || mark.readDoubleLE(16) !== salt) return undefined
  return mark.readDoubleLE(8)
}

/** Writes the head of a write whose changes follow it, from `start` to `end`. */
export function putWriteHead(buffer: Buffer, start: number, end: number, sequence: number, salt: number): void {
  const changesAt = start + WRITE_HEAD_BYTES
  buffer.writeUInt32LE(WRITE_MAGIC, start + 4)
  buffer.writeUInt32LE(end - changesAt, start + 8)
  buffer.writeUInt32LE(crc32(buffer.subarray(changesAt, end)), start + 12)
  buffer.writeDoubleLE(sequence, start + 16)
  buffer.writeDoubleLE(salt, start + 24)
  buffer.writeUInt32LE(crc32(buffer.subarray(start + 4, changesAt)), start)
}

/** The write whose head is at this position and whole; undefined if there is none. */
export function writeAt(bytes: Buffer, at: number, salt: number): FoundWrite | undefined {
  if (at + WRITE_HEAD_BYTES > bytes.length || bytes.readUInt32LE(at + 4) !== WRITE_MAGIC) return undefined
  if (!isHead(bytes.subarray(at, at + WRITE_HEAD_BYTES), WRITE_MAGIC, WRITE_HEAD_BYTES)) return undefined
  if (bytes.readDoubleLE(at + 24) !== salt) return undefined
  const length = bytes.readUInt32LE(at + 8)
  const changesAt = at + WRITE_HEAD_BYTES
  const changes = bytes.subarray(changesAt, changesAt + length)
  const isWhole = changes.length === length && crc32(changes) === bytes.readUInt32LE(at + 12)
  return {
    sequence: bytes.readDoubleLE(at + 16),
    changes: isWhole ? changes : undefined,
    end: at + wholeSectors(WRITE_HEAD_BYTES + length),
  }
}

function sealed(head: Buffer, magicNumber: number): Buffer {
  head.writeUInt32LE(magicNumber, 4)
  head.writeUInt32LE(crc32(head.subarray(4)), 0)
  return head
}

function isHead(bytes: Buffer, magicNumber: number, length: number): boolean {
  if (bytes.length < length || bytes.readUInt32LE(4) !== magicNumber) return false
  return crc32(bytes.subarray(4, length)) === bytes.readUInt32LE(0)
}

function magic(text: string): number {
  return Buffer.from(text).readUInt32LE(0)
}
