/** The options of the commands that work on a data folder: `backup`, `restore`, `verify`. */

import { integer, text } from './command-options.js'
import { REDIS_OPTIONS, REPLICAS_OPTION } from './redis-options.js'

const data = text('./data', 'FOLDER', 'the data folder')

export const BACKUP_OPTIONS = { data } as const

export const VERIFY_OPTIONS = { data, ...REDIS_OPTIONS } as const

export const RESTORE_OPTIONS = {
  data: text(
    './data',
    'FOLDER',
    'the data folder to make: it may be absent, empty, or hold the same store, which is then replaced',
  ),
  epoch: integer(
    0,
    0,
    1_000_000,
    'EPOCH',
    'the least epoch, for when a newer one was served whose disk is lost; 0: above all known epochs',
  ),
  ...REDIS_OPTIONS,
  redisReplicas: REPLICAS_OPTION,
} as const
