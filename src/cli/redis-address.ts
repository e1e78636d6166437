/** Redis, or a folder in its place, as the options of a command name it. */

import { readFileSync } from 'node:fs'
import { messageOf } from '../lib/error-message.js'
import type { OptionValues } from '../ops/command-options.js'
import type { REDIS_OPTIONS } from '../ops/redis-options.js'
import { parseRedisUrl, type RedisAddress, RedisUrlError } from '../store/redis/address.js'

/** @throws RedisUrlError with one line for people if the URL or the file is wrong */
export function redisAddress({ redis, redisPasswordFile }: OptionValues<typeof REDIS_OPTIONS>): RedisAddress {
  const address = parseRedisUrl(redis)
  if (redisPasswordFile === '') return address
  if (address.password !== undefined)
    throw new RedisUrlError('--redis-password-file: the URL of Redis has a password, too: leave one of the two out')
  return { ...address, password: passwordIn(redisPasswordFile) }
}

interface StoreValues extends OptionValues<typeof REDIS_OPTIONS> {
  readonly data: string
}

/**
 * The address of Redis; undefined if the store is a folder. A text says what is wrong.
 * @param usual the folder if none is named
 */
export function storeAddress(values: StoreValues, usual: string): RedisAddress | string | undefined {
  const { data, redis, redisPasswordFile } = values
  if (redis === '') return redisPasswordFile === '' ? undefined : '--redis-password-file needs --redis'
  if (data !== usual) return '--redis takes the place of --data'
  try {
    return redisAddress(values)
  } catch (error) {
    return messageOf(error)
  }
}

/** Keeps only where the store is of the environment: the other variables are the server's. */
export function storeOf(environment: Readonly<Record<string, string | undefined>>) {
  const { LONGWIRE_DATA, LONGWIRE_REDIS, LONGWIRE_REDIS_PASSWORD_FILE } = environment
  return { LONGWIRE_DATA, LONGWIRE_REDIS, LONGWIRE_REDIS_PASSWORD_FILE }
}

function passwordIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new RedisUrlError(`--redis-password-file cannot be read: ${messageOf(error)}`)
  }
}
