/** A storage whose disk is slow: commits wait until the test lets them through, fail when it says so, and are lost in a crash. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Changes,
  type Clock,
  type ConversationId,
  type HistoryDone,
  type HistoryOptions,
  type Json,
  MemoryStorage,
  type SearchDone,
  type Storage,
  type StoredQuery,
  type StoredRange,
  systemClock,
} from '../../clients/typescript/index.js'

/** The changes as they are now: a storage reads them during the call only. */
export function copied({ forget, values, messages, earlier, outcomes, rewrites, clearings }: Changes): Changes {
  return {
    forget,
    values: new Map(values),
    messages: [...messages],
    earlier: [...earlier],
    outcomes: [...outcomes],
    rewrites: [...rewrites],
    clearings: [...clearings],
  }
}

export class SlowStorage implements Storage {
  readonly #disk: MemoryStorage
  #waiting: { readonly changes: Changes; readonly done: (error?: Error) => void } | undefined
  /** While true commits are let through at once. */
  fast = true

  constructor(options?: HistoryOptions, disk: MemoryStorage = new MemoryStorage(options)) {
    this.#disk = disk
  }

  get waiting(): boolean {
    return this.#waiting !== undefined
  }

  /** What a program finds that starts now: what was let through. */
  afterCrash(): SlowStorage {
    return new SlowStorage(undefined, this.#disk)
  }

  /** Lets the commit that waits through. */
  release(): void {
    const waiting = this.#take()
    this.#disk.commit(waiting.changes, waiting.done)
  }

  fail(error: Error): void {
    this.#take().done(error)
  }

  open(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    this.#disk.open(done)
  }

  commit(changes: Changes, done: (error?: Error) => void): void {
    if (this.#waiting !== undefined) throw new Error('two commits at a time')
    this.#waiting = { changes: copied(changes), done }
    if (this.fast) this.release()
  }

  history(conversation: ConversationId, range: StoredRange, done: HistoryDone): void {
    this.#disk.history(conversation, range, done)
  }

  search(query: StoredQuery, done: SearchDone): void {
    this.#disk.search(query, done)
  }

  close(done: () => void): void {
    this.#disk.close(done)
  }

  #take(): { readonly changes: Changes; readonly done: (error?: Error) => void } {
    const waiting = this.#waiting
    if (waiting === undefined) throw new Error('no commit waits')
    this.#waiting = undefined
    return waiting
  }
}

/** The clock of a storage that is not to wait in a test. */
export const HURRIED: Clock = { ...systemClock, after: (_, run) => systemClock.after(0, run) }

/** The bytes of all files of a folder, as text; a socket has none. */
export function bytesIn(folder: string): string {
  const paths = readdirSync(folder).map(name => join(folder, name))
  return paths.map(path => (statSync(path).isFile() ? readFileSync(path, 'latin1') : '')).join('\n')
}
