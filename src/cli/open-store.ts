/** The store that the configuration names. */

import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Config } from '../ops/config.js'
import type { Log } from '../ops/log.js'
import { openLmdbStore } from '../store/lmdb/open.js'
import { MemoryStore } from '../store/memory/store.js'
import { addressText } from '../store/redis/address.js'
import type { SpaceLevel, Store } from '../store/types.js'
import { redisAddress } from './redis-address.js'

export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Called when the store has failed for good. */
  readonly onFatal: (error: unknown) => void
}

const SPACE_TEXTS: Readonly<Record<SpaceLevel, string>> = {
  ample: 'the disk has space again: everything is taken',
  filling: 'the disk is filling up: new accounts are refused, everything else is taken',
  scarce: 'the disk is filling up: writes are refused, but for what frees space or takes little',
  none: 'the disk is full: nothing is written, and nobody new can come in',
}

/** The store in words: for the line that announces the server, and for programs. */
export function storeText(config: Config): { readonly kind: string; readonly text: string } {
  const { store, data, redis } = config
  if (redis !== '') return { kind: 'redis', text: `Redis at ${addressText(redisAddress(config))}` }
  return { kind: store, text: store === 'lmdb' ? `lmdb in ${data}` : 'memory: everything is gone when it stops' }
}

/** @throws Error with one line for people if the data folder or Redis cannot be used */
export async function openStore(config: Config, { clock, random, log, onFatal }: Surroundings): Promise<Store> {
  if (config.redis !== '') {
    const address = redisAddress(config)
    const redis = addressText(address)
    // Its client is more than a quarter of what a start loads: a server without Redis does without it.
    const { openRedisStore } = await import('../store/redis/open.js')
    return openRedisStore({
      address,
      clock,
      random,
      onFatal,
      replicas: config.redisReplicas < 0 ? undefined : config.redisReplicas,
      requireDurable: config.requireDurable,
      onInfo: text => log.info({ redis }, text),
      onWarning: text => log.warn({ redis }, text),
    })
  }
  if (config.store === 'memory') return new MemoryStore({ random })
  const onSpace = (level: SpaceLevel, freeBytes: number): void => {
    const fields = { space: level, free_mib: Math.floor(freeBytes / 2 ** 20), data: config.data }
    if (level === 'ample') log.info(fields, SPACE_TEXTS[level])
    else if (level === 'filling') log.warn(fields, SPACE_TEXTS[level])
    else log.error(fields, SPACE_TEXTS[level])
  }
  const onWarning = (text: string): void => log.warn({ data: config.data }, text)
  const onDamage = ({ message }: Error): void => log.error({ data: config.data }, message)
  const freeBytesMin = config.freeSpace * 2 ** 20
  return openLmdbStore({ path: config.data, clock, random, onFatal, freeBytesMin, onSpace, onDamage, onWarning })
}
