/** The store that the configuration names. */

import type { Random } from '../lib/random.js'
import type { Config } from '../ops/config.js'
import { openLmdbStore } from '../store/lmdb/open.js'
import { MemoryStore } from '../store/memory/store.js'
import type { Store } from '../store/types.js'

/**
 * @param onFatal called when the store has failed for good
 * @throws Error with one line for people if the data folder cannot be used
 */
export async function openStore(config: Config, random: Random, onFatal: (error: unknown) => void): Promise<Store> {
  if (config.store === 'memory') return new MemoryStore({ random })
  return openLmdbStore({ path: config.data, random, onFatal })
}
