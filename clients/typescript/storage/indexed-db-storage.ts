// A storage in a browser's IndexedDB: one transaction per commit, on disk before it counts as done.
//
//   values     by name
//   messages   in the order in which they came; the index `peer` has those of a conversation, in that order too. `peer` is
//              the conversation's stored name (stored-name.ts): older versions, which knew direct ones alone, wrote the same
//
// It is open in one place at a time (indexed-db-lock.ts).
import type { ConversationId } from '../../../protocol/conversation-id.js'
import { errorOf } from '../base/errors.js'
import { type Clock, systemClock } from '../base/system.js'
import type { IdbCursor, IdbDatabase, IdbFactory, IdbRequest, IdbTransaction } from './indexed-db.js'
import { openAlone } from './indexed-db-lock.js'
import {
  type Changes,
  type Clearing,
  HISTORY_PER_CONVERSATION_DEFAULT,
  type HistoryDone,
  type HistoryOptions,
  isCleared,
  isNamed,
  type Json,
  rewritten,
  type Storage,
  type StoredId,
  type StoredMessage,
} from './storage.js'
import { conversationOf, type StoredName, storedName } from './stored-name.js'

export interface IndexedDbOptions extends HistoryOptions {
  /** Default: the browser's. */
  readonly indexedDB?: IdbFactory
  readonly clock?: Clock
}

/** A message as the database has it. */
type Row = Omit<StoredMessage, 'conversation'> & { readonly peer: StoredName }

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

  history(conversation: ConversationId, before: number | undefined, limit: number, done: HistoryDone): void {
    const name = storedName(conversation)
    const newestFirst: StoredMessage[] = []
    const tell = (error?: Error, older?: number): void =>
      done(error, { messages: newestFirst.reverse(), before: older })
    try {
      if (this.#database === undefined) throw this.#failed ?? new Error('the storage is closed')
      const transaction = this.#database.transaction(BOTH, 'readonly')
      let oldest: number | undefined
      let jumped = before === undefined
      each(
        transaction.objectStore('messages').index('peer').openCursor(name, 'prev'),
        cursor => {
          const key = cursor.primaryKey as number
          if (!jumped && before !== undefined && key >= before) {
            jumped = true
            // To the first one below: a cursor that goes back may stand on it already.
            if (before <= 1) {
              tell()
              return 'stop'
            }
            cursor.continuePrimaryKey(name, before - 1)
            return 'moved'
          }
          if (newestFirst.length === limit) {
            tell(undefined, oldest)
            return 'stop'
          }
          oldest = key
          newestFirst.push(messageOf(cursor.value as Row))
          return 'next'
        },
        tell,
      )
    } catch (error) {
      tell(errorOf(error))
    }
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
    const { forget, values, messages, failures, rewrites, clearings } = changes
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
    if (this.#kept > 0) {
      for (const message of messages) {
        const row = rowOf(message)
        log.add(row)
        grown.set(row.peer, (grown.get(row.peer) ?? 0) + 1)
      }
    }
    const marks: Mark[] = [
      ...failures.map(each => ({ id: each, as: (m: StoredMessage) => ({ ...m, code: each.code }) })),
      ...rewrites.map(({ present, found, ...id }) => {
        return { id, found, as: (m: StoredMessage) => present && rewritten(m, present) }
      }),
    ]
    this.#mark(transaction, marks, 0)
    for (const clearing of clearings) this.#clear(transaction, clearing)
    for (const [name, count] of grown) this.#grow(transaction, name, count)
  }

  /** Changes stored messages one after the other, for two may be about the same one. They are late messages: the newest first. */
  #mark(transaction: IdbTransaction, marks: readonly Mark[], from: number): void {
    const mark = marks[from]
    if (mark === undefined) return
    const next = (): void => this.#mark(transaction, marks, from + 1)
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

function rowOf({ conversation, ...message }: StoredMessage): Row {
  return { peer: storedName(conversation), ...message }
}

function messageOf({ peer, ...message }: Row): StoredMessage {
  return { conversation: conversationOf(peer), ...message }
}

/** @param ended called when there is no more, or when it fails; not after `stop` */
function each(
  request: IdbRequest<IdbCursor | null>,
  visit: (cursor: IdbCursor) => 'next' | 'moved' | 'stop',
  ended?: (error?: Error) => void,
): void {
  request.onsuccess = () => {
    const cursor = request.result
    if (cursor === null) ended?.()
    else if (visit(cursor) === 'next') cursor.continue()
  }
  request.onerror = () => ended?.(request.error ?? new Error('reading failed'))
}
