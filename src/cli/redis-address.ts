/** Redis as the options of a command name it. */

import { readFileSync } from 'node:fs'
import { messageOf } from '../lib/error-message.js'
import type { OptionValues } from '../ops/command-options.js'
import type { REDIS_OPTIONS } from '../ops/redis-options.js'
import { parseRedisUrl, type RedisAddress, RedisUrlError } from '../store/redis/address.js'

/** @throws RedisUrlError with one line for people if the URL or the file is wrong */
export function redisAddress({ redis, redisPasswordFile }: OptionValues<typeof REDIS_OPTIONS>): RedisAddress {
  return parseRedisUrl(redis, redisPasswordFile === '' ? undefined : passwordIn(redisPasswordFile))
}

function passwordIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new RedisUrlError(`--redis-password-file cannot be read: ${messageOf(error)}`)
  }
}
