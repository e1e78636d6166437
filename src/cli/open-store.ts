/** The store that the configuration names. */

import type { Config } from '../ops/config.js'
import { MemoryStore } from '../store/memory/store.js'
import type { Store } from '../store/types.js'

/** @throws Error with a message for people if the data folder cannot be used */
export async function openStore(config: Config): Promise<Store> {
  if (config.store === 'memory') return new MemoryStore()
  throw new Error('the store lmdb is not there yet')
}
