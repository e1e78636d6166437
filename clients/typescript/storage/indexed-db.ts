// The part of the IndexedDB interface that is used, as types: the compiler of a library that also runs in Node knows no browser.

export interface IdbRequest<T> {
  readonly result: T
  readonly error: Error | null
  onsuccess: (() => void) | null
  onerror: ((event: { preventDefault(): void }) => void) | null
}

export interface IdbOpenRequest extends IdbRequest<IdbDatabase> {
  onupgradeneeded: (() => void) | null
}

export interface IdbFactory {
  /** Opens a database. Without a version it is the one that is there, or 1. */
  open(name: string, version?: number): IdbOpenRequest
}

export interface IdbDatabase {
  readonly version: number
  readonly objectStoreNames: { contains(name: string): boolean }
  /** The browser has closed it. */
  onclose: (() => void) | null
  createObjectStore(name: string, options?: { readonly autoIncrement: boolean }): IdbObjectStore
  transaction(
    stores: readonly string[],
    mode: 'readonly' | 'readwrite',
    options?: { readonly durability: 'strict' | 'relaxed' },
  ): IdbTransaction
  close(): void
}

export interface IdbTransaction {
  readonly error: Error | null
  oncomplete: (() => void) | null
  onabort: (() => void) | null
  objectStore(name: string): IdbObjectStore
}

export interface IdbObjectStore {
  createIndex(name: string, keyPath: string): unknown
  index(name: string): IdbIndex
  getAll(): IdbRequest<unknown[]>
  getAllKeys(): IdbRequest<unknown[]>
  put(value: unknown, key?: unknown): unknown
  add(value: unknown, key?: unknown): unknown
  delete(key: unknown): unknown
  clear(): unknown
  openCursor(key: unknown, direction: 'next' | 'prev'): IdbRequest<IdbCursor | null>
}

export interface IdbIndex {
  count(key: unknown): IdbRequest<number>
  openCursor(key: unknown, direction: 'next' | 'prev'): IdbRequest<IdbCursor | null>
}

export interface IdbCursor {
  readonly primaryKey: unknown
  readonly value: unknown
  continue(): void
  continuePrimaryKey(key: unknown, primaryKey: unknown): void
  update(value: unknown): unknown
  delete(): unknown
}
