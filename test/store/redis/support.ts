/** A store on Redis for tests. */

import { parseRedisUrl } from '../../../src/store/redis/address.js'
import { openRedisStore, type RedisStoreOptions } from '../../../src/store/redis/open.js'
import type { RedisStore } from '../../../src/store/redis/store.js'

export function openOn(url: string, options: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  return openRedisStore({ address: parseRedisUrl(url), ...options })
}
