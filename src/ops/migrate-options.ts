/** The options of `longwire migrate`. */

import { type Option, optionalText } from './command-options.js'
import { REDIS_OPTIONS, REPLICAS_OPTION } from './redis-options.js'

const PLACE_FORM = 'lmdb:FOLDER or a URL of Redis'

export const MIGRATE_OPTIONS = {
  from: place('the store to move: lmdb:FOLDER, or Redis as in the option --redis of serve'),
  to: place('the place to move it to: a folder that is absent or empty, or a Redis that holds no store'),
  redisPasswordFile: REDIS_OPTIONS.redisPasswordFile,
  redisReplicas: REPLICAS_OPTION,
} as const

function place(why: string): Option<string> {
  return {
    ...optionalText('PLACE', PLACE_FORM, /^(lmdb:.|rediss?(\+sentinel)?:\/\/)/s, why),
    // What stands before an @ may be a password: it is not shown.
    fault: given => (given.includes('@') ? `it must be ${PLACE_FORM}` : undefined),
  }
}
