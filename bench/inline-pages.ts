/** Loaded before a server's program: all pages of timelines are read by the main thread, as if the store let no other thread read. */
import { LmdbStore } from '../src/store/lmdb/store.js'

Object.defineProperty(LmdbStore.prototype, 'settled', { value: undefined })
