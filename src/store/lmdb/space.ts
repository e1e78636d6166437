/**
 * Keeps count of the disk's space for the store. lmdb must never meet a full disk: it ends the process on a page that it cannot write. So
 * all that the journal holds and the tables do not counts as taken already. It counts with the most pages that bringing it into the
 * tables may touch (lmdb writes a changed page anew, elsewhere).
 *
 *                       left = free on the disk + free in the tables' file - what the journal will take there
 *
 *         left < 2 × mark                left < mark                 left < mark / 4
 *         ───────────────►               ───────────►                ───────────────►
 *   ample ◄────────────── (+ 1/8) filling ◄────────── (+ 1/8) scarce ◄─────────────── none
 *
 *   what is refused:              new accounts            messages, contact requests   everything that writes
 *
 * `left` falls with every commit. The disk itself is looked at in the background, after so many bytes and after a second, so that far
 * less than the mark is written between two looks. Others may fill the disk faster than that. Then writes stop at the checkpoint's own
 * look (checkpoint.ts), or the process ends and recovers.
 */

import fs from 'node:fs'
import path from 'node:path'
import type { Clock, TimerHandle } from '../../lib/clock.js'
import type { SpaceLevel } from '../types.js'
import { DiskFullError } from './errors.js'

/** The use of the pages in the tables' file. */
export interface PageUse {
  readonly pageBytes: number
  readonly used: number
  /** Pages that the present data does not use. Those that the last two transactions freed cannot be used yet. */
  readonly free: number
}

/** The data in a journal file that is not in the tables. */
export interface Pending {
  /** The keys that change. An entry that is in the tables counts twice: its block has a page beside the one that its key is in. */
  readonly changes: number
  readonly bytes: number
}

/** The time between two looks while something is written, and while there is little space. */
const LOOK_MS = 1_000
const LOOK_BYTES_MAX = 2 ** 22

/** The multiple of the mark below which no new accounts are made: the rest is for existing users. */
const FILLING_MARKS = 2

/** The pages of a transaction that changes little: the pages from the root down, and the list of free pages. */
const TRANSACTION_PAGES = 64

/** The bytes of such a transaction while the page size is not known yet. */
export const TRANSACTION_BYTES = TRANSACTION_PAGES * 4096

/** The bytes for a table of readers: about 4 KiB, the rest for the file system, which gives it a name. */
export const READERS_BYTES = 2 ** 14

/**
 * The most bytes that bringing this into the tables takes. Each change may rewrite a page of its own, with the branches above (a tenth).
 * New data may fill half a page or, if it is long, round up to one.
 */
export function bytesTaken({ changes, bytes }: Pending, { pageBytes, used }: PageUse): number {
  return pageBytes * (1.1 * Math.min(changes, used) + TRANSACTION_PAGES) + 3 * bytes
}

/** Counts how much of the tables' file can be written to again. */
export class Reusable {
  #last = 0
  #beforeLast = 0

  /** Notes that a transaction took at most so many bytes, and freed at most as many. */
  took(bytes: number): void {
    this.#beforeLast = this.#last
    this.#last = bytes
  }

  bytes({ pageBytes, free }: PageUse): number {
    return Math.max(0, pageBytes * free - this.#last - this.#beforeLast)
  }
}

/** The bytes of the folder's disk that this process may write. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(folder)
  return bavail * bsize
}

/** Checks that the folder's disk has space for this. Throws DiskFullError. */
export function assertSpace(folder: string, needed: number): void {
  if (needed === 0) return
  const there = freeBytes(folder)
  if (there < needed) throw new DiskFullError(folder, needed, there)
}

/**
 * The bytes that lmdb needs to make a file or fill its first block; 0 if it does neither. It maps its table of readers, so a block that
 * the disk cannot give ends the process with a signal. Where we may write nothing, it makes none.
 */
export function bytesMissing(file: string, bytes: number): number {
  const blocks = fs.statSync(file, { throwIfNoEntry: false })?.blocks ?? 0
  return blocks === 0 && mayWrite(path.dirname(file)) ? bytes : 0
}

function mayWrite(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Does the same as `freeBytes`, without blocking. */
export async function lookAtDisk(folder: string): Promise<number> {
  const { bavail, bsize } = await fs.promises.statfs(folder)
  return bavail * bsize
}

export interface SpaceOptions {
  readonly clock: Clock
  /** The mark below which the space is scarce; below twice as much it is filling. */
  readonly markBytes: number
  /** Asks for the free bytes on the disk. */
  look(): Promise<number>
  use(): PageUse
  pending(): readonly Pending[]
  /** Called after each look: the level may be another. */
  readonly onLook: () => void
  /** Called when the level has changed. */
  readonly onSpace: (level: SpaceLevel, freeBytes: number) => void
}

export class Space {
  readonly #options: SpaceOptions
  readonly #reusable = new Reusable()
  #level: SpaceLevel = 'ample'
  #free = 0
  #use: PageUse
  #lookedMs = 0
  #writtenSince = 0
  #looking = false
  #closed = false
  #timer: TimerHandle | undefined

  /** Knows nothing until `look` was called. */
  constructor(options: SpaceOptions) {
    this.#options = options
    this.#use = options.use()
  }

  get level(): SpaceLevel {
    return this.#level
  }

  /** Whether the level is 'scarce' or less. */
  get isScarce(): boolean {
    return this.#level === 'scarce' || this.#level === 'none'
  }

  /** The free bytes on the disk at the last look. */
  get freeBytes(): number {
    return this.#free
  }

  /** Counts the bytes that a commit wrote. On the hot path: a few additions. */
  wrote(bytes: number): void {
    this.#writtenSince += bytes
    const before = this.#level
    this.#judge()
    const { clock, markBytes } = this.#options
    const often = this.#level !== before || this.#writtenSince >= Math.min(LOOK_BYTES_MAX, markBytes / 8)
    if (!this.#looking && (often || clock.monotonic() - this.#lookedMs >= LOOK_MS)) void this.look()
  }

  /** Notes that this is brought into the tables now. */
  checkpoint(pending: Pending): void {
    this.#reusable.took(bytesTaken(pending, this.#use))
  }

  async look(): Promise<void> {
    this.#looking = true
    this.#writtenSince = 0
    const free = await this.#options.look().catch(() => this.#free) // a disk that cannot be asked will fail at the write
    this.#looking = false
    if (this.#closed) return
    this.#free = free
    try {
      this.#use = this.#options.use()
    } catch {
      // Tables that begin no transaction have failed a checkpoint, which ends the store.
    }
    this.#lookedMs = this.#options.clock.monotonic()
    this.#judge()
    this.#options.onLook()
    if (this.#level !== 'ample') this.#lookLater()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #lookLater(): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(LOOK_MS, () => {
      if (!this.#looking) void this.look()
    })
  }

  #judge(): void {
    const { markBytes, pending, onSpace } = this.#options
    let left = this.#free + this.#reusable.bytes(this.#use)
    for (const each of pending()) left -= bytesTaken(each, this.#use)
    // The disk itself counts too: long values need adjacent pages, and the tables' free ones may not be adjacent.
    const least = Math.min(left, this.#free)
    const falls = (mark: number, wasBelow: boolean) => this.#free < mark || left < mark + (wasBelow ? markBytes / 8 : 0)
    let level: SpaceLevel = 'ample'
    if (least < markBytes / 4) level = 'none'
    else if (falls(markBytes, this.isScarce)) level = 'scarce'
    else if (falls(FILLING_MARKS * markBytes, this.#level !== 'ample')) level = 'filling'
    if (level === this.#level) return
    this.#level = level
    onSpace(level, this.#free)
  }
}
