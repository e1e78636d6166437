// A storage in a folder of its own, for Node: an append-only journal, synced before a commit counts as done.
//
//   <folder>/journal       records (journal.ts)
//   <folder>/journal.new   a compaction under way; left by a crash it means nothing
//   <folder>/lock-…        the client that has the folder (folder-lock.ts)
//
//   closed ──open──► idle ──commit──► writing ──► syncing ──► idle
//                      │                 └────────┴──error──► failed: the file's end is unknown, nothing more is written
//                      ├──commit, journal large──► writing journal.new ──► synced, renamed ──► idle
//                      └──commit takes content away──► waiting, if that was less than a second ago ──► writing journal.new …

import {
  close,
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { errorOf } from '../base/errors.js'
import { type Clock, systemClock, type TimerHandle } from '../base/system.js'
import { FolderLock } from './folder-lock.js'
import { encodeChanges, encodeSnapshot, JOURNAL_FORMAT, replay } from './journal.js'
import type {
  Changes,
  HistoryDone,
  HistoryOptions,
  Json,
  SearchDone,
  Storage,
  StoredQuery,
  StoredRange,
} from './storage.js'
import { StoredModel } from './stored-model.js'

/** A journal below this is never compacted: rewriting it would cost more than the space that it takes. */
const COMPACT_BYTES_MIN = 1_048_576

/** Compacted when it has grown by so many times what it was: each byte is rewritten less than once on average. */
const COMPACT_GROWTH = 2

/**
 * The least time from one commit that takes content away to the next, for each rewrites everything. A client gathers meanwhile what comes,
 * for its next commit.
 */
const ERASING_MS_MIN = 1_000

export interface FileStorageOptions extends HistoryOptions {
  readonly clock?: Clock
}

export class FileStorage implements Storage {
  readonly #folder: string
  readonly #model: StoredModel
  readonly #clock: Clock
  #lock: FolderLock | undefined
  #file = -1
  #bytes = 0
  #compactAbove = COMPACT_BYTES_MIN
  #failed: Error | undefined
  /** The time when a commit last took content away, monotonic. */
  #erasedMs = Number.NEGATIVE_INFINITY
  /** The commit that waits to do so. */
  #waiting: { readonly timer: TimerHandle; readonly erase: () => void } | undefined

  /** @param folder made if it is not there, for its owner alone: it holds the session's token. One client at a time. */
  constructor(folder: string, options: FileStorageOptions = {}) {
    this.#folder = folder
    this.#clock = options.clock ?? systemClock
    this.#model = new StoredModel(options)
  }

  open(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    this.#guard(
      error => {
        if (error === undefined) this.#takeLock(done)
        else done(error, this.#model.values)
      },
      () => mkdirSync(this.#folder, { recursive: true, mode: 0o700 }),
    )
  }

  commit(changes: Changes, done: (error?: Error) => void): void {
    if (this.#failed !== undefined || this.#file < 0) {
      done(this.#failed ?? new Error('the storage is closed'))
      return
    }
    const bytes = encodeChanges(changes)
    // What is gone is not to be found in the file either: not where it stood, nor in a record of what takes its place.
    if (this.#model.apply(changes)) this.#erase(done)
    else if (this.#bytes + bytes.length > this.#compactAbove) this.#guard(done, () => this.#compact())
    else this.#write(bytes, 0, done)
  }

  history(conversation: ConversationId, range: StoredRange, done: HistoryDone): void {
    done(undefined, this.#model.page(conversation, range))
  }

  search(query: StoredQuery, done: SearchDone): void {
    done(undefined, this.#model.search(query))
  }

  close(done: () => void): void {
    this.#waiting?.timer.cancel()
    this.#waiting?.erase()
    const file = this.#file
    this.#file = -1
    const closed = (): void => {
      this.#unlock()
      done()
    }
    if (file < 0) closed()
    else close(file, closed)
  }

  #takeLock(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    const lock = new FolderLock(this.#folder)
    lock.take(refused => {
      if (refused !== undefined) {
        this.#fail(refused, () => done(refused, this.#model.values))
        return
      }
      this.#lock = lock
      this.#guard(
        error => {
          if (error === undefined) done(undefined, this.#model.values)
          // What is refused is not held: the folder may be mended and opened again.
          else this.close(() => done(error, this.#model.values))
        },
        () => this.#open(),
      )
    })
  }

  #unlock(): void {
    this.#lock?.release()
    this.#lock = undefined
  }

  #open(): void {
    // What an earlier version of this library locked with; it says nothing.
    rmSync(join(this.#folder, 'lock'), { force: true })
    const path = join(this.#folder, 'journal')
    const bytes = readIfThere(path)
    if (bytes === undefined) {
      this.#compact()
      return
    }
    const result = replay(bytes, this.#model)
    if (result.kind === 'damaged') throw new Error(`${path} is damaged at byte ${result.at} of ${bytes.length}`)
    if (result.kind === 'other-format') {
      throw new Error(`${path} has format ${String(result.format)}; this version reads ${JOURNAL_FORMAT}`)
    }
    if (result.end === 0) {
      // Not even the first record, which rename() had put there whole: the disk lost it.
      throw new Error(`${path} is damaged at byte 0 of ${bytes.length}`)
    }
    this.#file = openSync(path, 'a', 0o600)
    if (result.end < bytes.length) {
      ftruncateSync(this.#file, result.end)
      fsyncSync(this.#file)
    }
    this.#bytes = result.end
    this.#compactAbove = Math.max(COMPACT_BYTES_MIN, result.end * COMPACT_GROWTH)
  }

  /** Writes everything to a new journal and puts it in the old one's place. */
  #compact(): void {
    const path = join(this.#folder, 'journal')
    const next = `${path}.new`
    const file = openSync(next, 'w', 0o600)
    let bytes = 0
    try {
      for (const record of encodeSnapshot(this.#model)) bytes += writeAllSync(file, record)
      fsyncSync(file)
      renameSync(next, path)
      syncFolder(this.#folder)
    } catch (error) {
      closeSync(file)
      throw error
    }
    if (this.#file >= 0) closeSync(this.#file)
    this.#model.cleaned()
    this.#file = file
    this.#bytes = bytes
    this.#compactAbove = Math.max(COMPACT_BYTES_MIN, bytes * COMPACT_GROWTH)
  }

  /** Commits what takes content away, as soon as it may. */
  #erase(done: (error?: Error) => void): void {
    const erase = (): void => {
      this.#waiting = undefined
      this.#guard(done, () => {
        this.#compact()
        this.#erasedMs = this.#clock.monotonic()
      })
    }
    const waitMs = this.#erasedMs + ERASING_MS_MIN - this.#clock.monotonic()
    if (waitMs <= 0) erase()
    else this.#waiting = { timer: this.#clock.after(waitMs, erase), erase }
  }

  #write(bytes: Uint8Array, from: number, done: (error?: Error) => void): void {
    write(this.#file, bytes, from, bytes.length - from, null, (error, written) => {
      if (error !== null) {
        this.#fail(error, done)
      } else if (from + written < bytes.length) {
        this.#write(bytes, from + written, done)
      } else {
        fdatasync(this.#file, syncError => {
          if (syncError !== null) {
            this.#fail(syncError, done)
          } else {
            this.#bytes += bytes.length
            done()
          }
        })
      }
    })
  }

  #guard(done: (error?: Error) => void, act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#fail(errorOf(error), done)
      return
    }
    done()
  }

  #fail(error: Error, done: (error?: Error) => void): void {
    this.#failed = error
    done(error)
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function writeAllSync(file: number, bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  return bytes.length
}

/** A renamed file is there after a power cut only when its folder was synced. */
function syncFolder(folder: string): void {
  // Windows has no such call on folders, and needs none.
  if (process.platform === 'win32') return
  const file = openSync(folder, 'r')
  fsyncSync(file)
  closeSync(file)
}
