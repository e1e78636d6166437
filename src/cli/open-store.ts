/** The store that the configuration names. */

import type { Clock } from '../lib/clock.js'
import type { Random } from '../lib/random.js'
import type { Config } from '../ops/config.js'
import type { Log } from '../ops/log.js'
import { openLmdbStore } from '../store/lmdb/open.js'
import { MemoryStore } from '../store/memory/store.js'
import type { Room, Store } from '../store/types.js'

export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Called when the store has failed for good. */
  readonly onFatal: (error: unknown) => void
}

/** @throws Error with one line for people if the data folder cannot be used */
export async function openStore(config: Config, { clock, random, log, onFatal }: Surroundings): Promise<Store> {
  if (config.store === 'memory') return new MemoryStore({ random })
  const onRoom = (room: Room, freeBytes: number): void => {
    const fields = { room, free_mib: Math.floor(freeBytes / 2 ** 20), data: config.data }
    if (room === 'ample') log.info(fields, 'the disk has room again: writes are taken')
    else log.error(fields, 'the disk is filling up: writes are refused')
  }
  const onWarning = (text: string): void => log.warn({ data: config.data }, text)
  const onDamage = ({ message }: Error): void => log.error({ data: config.data }, message)
  const freeBytesMin = config.freeSpace * 2 ** 20
  return openLmdbStore({ path: config.data, clock, random, onFatal, freeBytesMin, onRoom, onDamage, onWarning })
}
