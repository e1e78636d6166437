/** The options of the commands that work on a data folder: `backup`, `restore`, `verify`. */

import { integer, text } from './options.js'

const data = text('./data', 'FOLDER', 'the data folder')

export const BACKUP_OPTIONS = { data } as const

export const VERIFY_OPTIONS = { data } as const

export const RESTORE_OPTIONS = {
  data: text(
    './data',
    'FOLDER',
    'the data folder to be made: not there, empty, or with the same store, which is replaced',
  ),
  epoch: integer(
    0,
    0,
    1_000_000,
    'EPOCH',
    'at least this epoch, for when a newer one was served whose disk is lost; 0: above all that are known of',
  ),
} as const
