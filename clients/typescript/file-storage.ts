// A storage in a folder of its own, for Node: an append-only journal, synced before a commit counts as done.
//
//   <folder>/journal       records (journal.ts)
//   <folder>/journal.new   a compaction under way; left by a crash it means nothing
//   <folder>/lock          the process that has the folder
//
//   closed ──open──► idle ──commit──► writing ──► syncing ──► idle
//                      │                 └────────┴──error──► failed: the file's end is unknown, nothing more is written
//                      └──commit, journal large──► writing journal.new ──► synced, renamed ──► idle
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
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { encodeChanges, encodeSnapshot, JOURNAL_FORMAT, replay } from './journal.js'
import type { Changes, HistoryOptions, HistoryPage, Json, Storage } from './storage.js'
import { StoredModel } from './stored-model.js'

/** A journal below this is never compacted: rewriting it would cost more than its room. */
const COMPACT_BYTES_MIN = 1_048_576

/** Compacted when it has grown by so many times what it was: each byte is rewritten less than once on average. */
const COMPACT_GROWTH = 2

export class FileStorage implements Storage {
  readonly #folder: string
  readonly #model: StoredModel
  #file = -1
  #bytes = 0
  #compactAbove = COMPACT_BYTES_MIN
  #failed: Error | undefined

  /** @param folder made if it is not there, for its owner alone: it holds the session's token. One client at a time. */
  constructor(folder: string, options?: HistoryOptions) {
    this.#folder = folder
    this.#model = new StoredModel(options)
  }

  open(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    let error: Error | undefined
    try {
      this.#open()
    } catch (thrown) {
      error = this.#failed = thrown instanceof Error ? thrown : new Error(String(thrown))
    }
    done(error, this.#model.values)
  }

  commit(changes: Changes, done: (error?: Error) => void): void {
    if (this.#failed !== undefined || this.#file < 0) {
      done(this.#failed ?? new Error('the storage is closed'))
      return
    }
    const bytes = encodeChanges(changes)
    this.#model.apply(changes)
    // What is forgotten is not to be found in the file either.
    if (changes.forget || this.#bytes + bytes.length > this.#compactAbove) {
      this.#guard(done, () => this.#compact())
      return
    }
    this.#write(bytes, 0, done)
  }

  history(
    peer: number,
    before: number | undefined,
    limit: number,
    done: (error: Error | undefined, page: HistoryPage) => void,
  ): void {
    done(undefined, this.#model.page(peer, before, limit))
  }

  close(done: () => void): void {
    const file = this.#file
    this.#file = -1
    if (file < 0) {
      done()
      return
    }
    rmSync(join(this.#folder, 'lock'), { force: true })
    close(file, () => done())
  }

  #open(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    this.#lock()
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
    for (const record of encodeSnapshot(this.#model)) bytes += writeAllSync(file, record)
    fsyncSync(file)
    renameSync(next, path)
    syncFolder(this.#folder)
    if (this.#file >= 0) closeSync(this.#file)
    this.#file = file
    this.#bytes = bytes
    this.#compactAbove = Math.max(COMPACT_BYTES_MIN, bytes * COMPACT_GROWTH)
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
      this.#fail(error instanceof Error ? error : new Error(String(error)), done)
      return
    }
    done()
  }

  #fail(error: Error, done: (error?: Error) => void): void {
    this.#failed = error
    done(error)
  }

  /** Two programs on one journal would ruin it. A lock left by a crash names a process that is gone. */
  #lock(): void {
    const path = join(this.#folder, 'lock')
    const holder = Number(readIfThere(path)?.toString() ?? 0)
    if (holder > 0 && holder !== process.pid && isAlive(holder)) {
      throw new Error(`${this.#folder} is in use by process ${holder}`)
    }
    writeFileSync(path, String(process.pid), { mode: 0o600 })
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
