// Reads pages of the messages that a browser's database has of a conversation, by cursors over its index.
import type { IdbCursor, IdbIndex, IdbRequest } from './indexed-db.js'
import { type HistoryPage, isNamed, type StoredMessage, type StoredRange } from './storage.js'
import { conversationOf, type StoredName, storedName } from './stored-name.js'

/** A message as the database has it. */
export type Row = Omit<StoredMessage, 'conversation'> & { readonly peer: StoredName }

export const NO_PAGE: HistoryPage = { messages: [], before: undefined, after: undefined }

type PageDone = (error: Error | undefined, page?: HistoryPage) => void

/** A part of the rows of a conversation, in the direction in which it was read. */
interface Part {
  readonly rows: readonly Row[]
  readonly keys: readonly number[]
  /** Whether there are rows behind it. */
  readonly more: boolean
}

type PartDone = (error: Error | undefined, part: Part) => void

export class StoredPages {
  readonly #index: IdbIndex
  readonly #name: StoredName

  /** @param index of all messages by their conversations, in a transaction that is open */
  constructor(index: IdbIndex, name: StoredName) {
    this.#index = index
    this.#name = name
  }

  read({ before, after, around, limit }: StoredRange, done: PageDone): void {
    if (around !== undefined) this.#around(around, limit, done)
    else if (after !== undefined) this.#between(after + 1, 0, limit, done)
    else this.#between(before, limit, 0, done)
  }

  #around(id: Parameters<typeof isNamed>[1], limit: number, done: PageDone): void {
    each(
      this.#index.openCursor(this.#name, 'prev'),
      cursor => {
        if (!isNamed(messageOf(cursor.value as Row), id)) return 'next'
        const half = limit >> 1
        this.#between(cursor.primaryKey as number, half, limit - half, done)
        return 'stop'
      },
      error => done(error),
    )
  }

  /** Reads so many rows below a key, or from the newest down, and so many from the key on. */
  #between(key: number | undefined, below: number, above: number, done: PageDone): void {
    this.#part('prev', key === undefined ? undefined : key - 1, below, (error, older) => {
      if (error !== undefined || key === undefined) {
        done(error, pageOf(older, NO_PART))
        return
      }
      this.#part('next', key, above, (failed, newer) => done(failed, pageOf(older, newer)))
    })
  }

  /** @param from the first key; undefined: from the end */
  #part(direction: 'next' | 'prev', from: number | undefined, limit: number, done: PartDone): void {
    const [rows, keys]: [Row[], number[]] = [[], []]
    let jumped = from === undefined
    each(
      this.#index.openCursor(this.#name, direction),
      cursor => {
        const key = cursor.primaryKey as number
        const isOutside = from !== undefined && (direction === 'prev' ? key > from : key < from)
        // A cursor that is to move may stand there already.
        if (!jumped && isOutside) {
          jumped = true
          cursor.continuePrimaryKey(this.#name, from)
          return 'moved'
        }
        if (rows.length === limit) {
          done(undefined, { rows, keys, more: true })
          return 'stop'
        }
        rows.push(cursor.value as Row)
        keys.push(key)
        return 'next'
      },
      error => done(error, { rows, keys, more: false }),
    )
  }
}

const NO_PART: Part = { rows: [], keys: [], more: false }

/** @param older what was read backwards */
function pageOf(older: Part, newer: Part): HistoryPage {
  const keys = [...older.keys.toReversed(), ...newer.keys]
  return {
    messages: [...older.rows.toReversed(), ...newer.rows].map(messageOf),
    before: older.more ? keys[0] : undefined,
    after: newer.more ? keys.at(-1) : undefined,
  }
}

export function rowOf({ conversation, ...message }: StoredMessage): Row {
  return { peer: storedName(conversation), ...message }
}

export function messageOf({ peer, ...message }: Row): StoredMessage {
  return { conversation: conversationOf(peer), ...message }
}

/** @param ended called when there is no more, or when it fails; not after `stop` */
export function each(
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
