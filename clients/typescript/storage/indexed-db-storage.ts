// A storage in a browser's IndexedDB: one transaction per commit, on disk before it counts as done.
//
//   values     by name
//   messages   in the order in which they came; the index `peer` has those of a conversation, in that order too. `peer` is
//              the conversation's stored name (stored-name.ts): older versions, which knew direct ones alone, wrote the same.
//              Earlier messages that came later have keys below all others
//
// It is open in one place at a time (indexed-db-lock.ts).
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { errorOf } from '../base/errors.js'
import { type Clock, systemClock } from '../base/system.js'
import type { IdbCursor, IdbDatabase, IdbFactory, IdbObjectStore, IdbTransaction } from './indexed-db.js'
import { openAlone } from './indexed-db-lock.js'
import { each, messageOf, NO_PAGE, type Row, rowOf, StoredPages } from './indexed-db-pages.js'
import {
  type Changes,
  type Clearing,
  HISTORY_PER_CONVERSATION_DEFAULT,
  type HistoryDone,
  type HistoryOptions,
  isCleared,
  isFound,
  isNamed,
  type Json,
  rewritten,
  type SearchDone,
  type Storage,
  type StoredId,
  type StoredMessage,
  type StoredQuery,
  type StoredRange,
  settled,
} from './storage.js'
import { type StoredName, storedName } from './stored-name.js'

export interface IndexedDbOptions extends HistoryOptions {
  /** Default: the browser's. */
  readonly indexedDB?: IdbFactory
  readonly clock?: Clock
}

/** What a stored message is to be; undefined: it goes. */
interface Mark {
  readonly id: StoredId
  readonly as: (message: StoredMessage) => StoredMessage | undefined
  readonly found?: (() => void) | undefined
}

const BOTH = ['values', 'messages'] as const

const NONE: ReadonlyMap<string, Json> = new Map()

export class IndexedDbStorage implements Storage {
  readonly #name: string
  readonly #kept: number
  readonly #factory: IdbFactory | undefined
  readonly #clock: Clock
  /** The number of stored messages of each conversation that grew since the storage was opened. */
  readonly #counts = new Map<StoredName, number>()
  #database: IdbDatabase | undefined
  #failed: Error | undefined
  #failedWith: ((error: Error) => void) | undefined

  /** @param name of the database; one per account that is used at the same time. One client at a time, in one tab. */
  constructor(name: string, options: IndexedDbOptions = {}) {
    const kept = options.historyPerConversation ?? HISTORY_PER_CONVERSATION_DEFAULT
    if (!Number.isSafeInteger(kept) || kept < 0)
      throw new RangeError(`historyPerConversation is ${kept}; it must be a whole number from 0`)
    this.#name = name
    this.#kept = kept
    this.#factory = options.indexedDB ?? (globalThis as { readonly indexedDB?: IdbFactory }).indexedDB
    this.#clock = options.clock ?? systemClock
  }

  open(done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    const opened = (error: Error | undefined, database?: IdbDatabase): void => {
      if (error === undefined && database !== undefined) {
        this.#use(database)
        this.#values(database, done)
      } else {
        this.#failed = error
        done(error, NONE)
      }
    }
    try {
      if (this.#factory === undefined) throw new Error('there is no IndexedDB here')
      openAlone({ factory: this.#factory, name: this.#name, clock: this.#clock, make: makeStores }, opened)
    } catch (error) {
      opened(errorOf(error))
    }
  }

  commit(changes: Changes, done: (error?: Error) => void): void {
    const database = this.#database
    if (this.#failed !== undefined || database === undefined) {
      done(this.#failed ?? new Error('the storage is closed'))
      return
    }
    const fail = (error: unknown): void => {
      this.#failed = errorOf(error)
      done(this.#failed)
    }
    try {
      const transaction = database.transaction(BOTH, 'readwrite', { durability: 'strict' })
      transaction.oncomplete = () => done()
      transaction.onabort = () => fail(transaction.error ?? new Error('the transaction was aborted'))
      this.#apply(transaction, changes)
    } catch (error) {
      fail(error)
    }
  }

  history(conversation: ConversationId, range: StoredRange, done: HistoryDone): void {
    const index = this.#reading(error => done(error, NO_PAGE))
    if (index === undefined) return
    const pages = new StoredPages(index.index('peer'), storedName(conversation))
    pages.read(range, (error, page) => done(error, page ?? NO_PAGE))
  }

  search(query: StoredQuery, done: SearchDone): void {
    const found: StoredMessage[] = []
    const store = this.#reading(error => done(error, []))
    if (store === undefined) return
    const { conversation, limit } = query
    const cursors =
      conversation === undefined
        ? store.openCursor(null, 'prev')
        : store.index('peer').openCursor(storedName(conversation), 'prev')
    const end = (error?: Error): void =>
      done(
        error,
        found.sort((x, y) => y.atMs - x.atMs),
      )
    each(
      cursors,
      cursor => {
        const row = cursor.value as Row
        if (isFound(row, query)) found.push(messageOf(row))
        if (found.length < limit) return 'next'
        end()
        return 'stop'
      },
      end,
    )
  }

  close(done: () => void): void {
    this.#database?.close()
    this.#database = undefined
    done()
  }

  /** A user who clears what a page has stored takes the database away, while the page is open. */
  watch(failed: (error: Error) => void): void {
    this.#failedWith = failed
  }

  /** The messages, to be read; undefined if they cannot be, and the failure is told. */
  #reading(fail: (error: Error) => void): IdbObjectStore | undefined {
    try {
      if (this.#database === undefined) throw this.#failed ?? new Error('the storage is closed')
      return this.#database.transaction(BOTH, 'readonly').objectStore('messages')
    } catch (error) {
      fail(errorOf(error))
      return undefined
    }
  }

  #use(database: IdbDatabase): void {
    this.#database = database
    database.onclose = () => {
      this.#failed ??= new Error(`the browser has closed the database ${this.#name}`)
      this.#failedWith?.(this.#failed)
    }
  }

  #values(database: IdbDatabase, done: (error: Error | undefined, values: ReadonlyMap<string, Json>) => void): void {
    const transaction = database.transaction(['values'], 'readonly')
    const store = transaction.objectStore('values')
    const names = store.getAllKeys()
    const values = store.getAll()
    transaction.oncomplete = () => {
      done(undefined, new Map(names.result.map((name, i) => [name as string, values.result[i] as Json])))
    }
    transaction.onabort = () => done(transaction.error ?? new Error('the transaction was aborted'), NONE)
  }

  #apply(transaction: IdbTransaction, changes: Changes): void {
    const { forget, values, messages, earlier } = changes
    const stored = transaction.objectStore('values')
    const log = transaction.objectStore('messages')
    if (forget) {
      stored.clear()
      log.clear()
      this.#counts.clear()
    }
    for (const [name, value] of values) {
      if (value === undefined) stored.delete(name)
      else stored.put(value, name)
    }
    const grown = new Map<StoredName, number>()
    const grow = ({ peer }: Row): void => void grown.set(peer, (grown.get(peer) ?? 0) + 1)
    const kept = this.#kept > 0 ? { messages, earlier } : { messages: [], earlier: [] }
    for (const row of kept.messages.map(rowOf)) {
      log.add(row)
      grow(row)
    }
    const before = kept.earlier.map(rowOf)
    before.forEach(grow)
    if (before.length === 0) this.#settle(transaction, changes, grown)
    else addBefore(log, before, () => this.#settle(transaction, changes, grown))
  }

  /** Changes what is stored, when all that the changes add is there. */
  #settle(
    transaction: IdbTransaction,
    { outcomes, rewrites, clearings }: Changes,
    grown: ReadonlyMap<StoredName, number>,
  ): void {
    const marks: Mark[] = [
      ...outcomes.map(each => ({ id: each, as: (m: StoredMessage) => settled(m, each) })),
      ...rewrites.map(({ present, found, ...id }) => {
        return { id, found, as: (m: StoredMessage) => present && rewritten(m, present) }
      }),
    ]
    // A message may get the version up to which its conversation is cleared.
    this.#mark(transaction, marks, 0, () => {
      for (const clearing of clearings) this.#clear(transaction, clearing)
    })
    for (const [name, count] of grown) this.#grow(transaction, name, count)
  }

  /** Changes stored messages one after the other, for two may be about the same one. They are late messages: the newest first. */
  #mark(transaction: IdbTransaction, marks: readonly Mark[], from: number, done: () => void): void {
    const mark = marks[from]
    if (mark === undefined) {
      done()
      return
    }
    const next = (): void => this.#mark(transaction, marks, from + 1, done)
    const { conversation, ...name } = mark.id
    const stored = storedName(conversation)
    each(
      transaction.objectStore('messages').index('peer').openCursor(stored, 'prev'),
      cursor => {
        const message = messageOf(cursor.value as Row)
        if (!isNamed(message, name)) return 'next'
        mark.found?.()
        const present = mark.as(message)
        if (present === undefined) this.#delete(cursor, stored)
        else cursor.update(rowOf(present))
        next()
        return 'stop'
      },
      error => {
        if (error === undefined) next()
      },
    )
  }

  #clear(transaction: IdbTransaction, { conversation, upTo }: Clearing): void {
    const name = storedName(conversation)
    each(transaction.objectStore('messages').index('peer').openCursor(name, 'next'), cursor => {
      if (isCleared((cursor.value as Row).version, upTo)) this.#delete(cursor, name)
      return 'next'
    })
  }

  #delete(cursor: IdbCursor, name: StoredName): void {
    cursor.delete()
    const count = this.#counts.get(name)
    if (count !== undefined) this.#counts.set(name, count - 1)
  }

  #grow(transaction: IdbTransaction, name: StoredName, added: number): void {
    const known = this.#counts.get(name)
    if (known !== undefined) {
      this.#trim(transaction, name, known + added)
      return
    }
    const counted = transaction.objectStore('messages').index('peer').count(name)
    counted.onsuccess = () => this.#trim(transaction, name, counted.result)
  }

  /** Drops the oldest, a quarter at a time: each of many messages would cost a deletion otherwise. */
  #trim(transaction: IdbTransaction, name: StoredName, count: number): void {
    const slack = Math.max(16, this.#kept >> 2)
    let surplus = count >= this.#kept + slack ? count - this.#kept : 0
    this.#counts.set(name, count - surplus)
    if (surplus === 0) return
    each(transaction.objectStore('messages').index('peer').openCursor(name, 'next'), cursor => {
      cursor.delete()
      surplus -= 1
      return surplus > 0 ? 'next' : 'stop'
    })
  }
}

function makeStores(database: IdbDatabase): void {
  if (!database.objectStoreNames.contains('values')) database.createObjectStore('values')
  if (!database.objectStoreNames.contains('messages')) {
    database.createObjectStore('messages', { autoIncrement: true }).createIndex('peer', 'peer')
  }
}

/** Adds rows before all that are there, the oldest first. */
function addBefore(log: IdbObjectStore, rows: readonly Row[], done: () => void): void {
  const first = log.openCursor(null, 'next')
  first.onsuccess = () => {
    const lowest = (first.result?.primaryKey ?? 1) as number
    rows.forEach((row, i) => {
      log.add(row, lowest - rows.length + i)
    })
    done()
  }
}
