/**
 * Makes files and names durable, so that they survive a power loss: all such calls are in this place.
 *
 * A file's bytes are durable after its sync, and its name after the sync of its folder. That folder's name is durable after the sync of
 * the folder above it.
 */

import fs from 'node:fs'
import path from 'node:path'
import { messageOf } from '../../lib/error-message.js'
import { StoreFolderError } from './errors.js'

/** Error codes that say that we cannot sync a folder above: it is not ours to read, or its file system does not support it. */
const NOT_OURS: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EPERM',
  'EINVAL',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EROFS',
])

export function syncFile(file: string): void {
  const descriptor = fs.openSync(file, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  syncFile(folder)
}

/**
 * Makes a usable folder, with the folders above it. Their names are durable on return, even if an earlier process made them and was
 * killed before it could sync them. Throws StoreFolderError.
 */
export function makeFolder(folder: string): void {
  try {
    makeFolders(path.resolve(folder))
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
    syncFoldersAbove(folder)
  } catch (error) {
    throw new StoreFolderError(`the data folder ${folder} cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

/** Makes folders one by one: Node's own recursive call never ends where a file system cannot make folders (/proc, Node 20). */
function makeFolders(folder: string): void {
  if (fs.existsSync(folder)) return
  makeFolders(path.dirname(folder))
  fs.mkdirSync(folder, { mode: 0o700 })
}

/** Syncs all folders up to the root of the folder's file system: nobody remembers which of them are new. */
function syncFoldersAbove(folder: string): void {
  let below = fs.realpathSync(folder)
  const { dev } = fs.statSync(below)
  for (let above = path.dirname(below); above !== below; above = path.dirname(below)) {
    if (fs.statSync(above).dev !== dev) return
    try {
      syncFolder(above)
    } catch (error) {
      if (!NOT_OURS.has((error as NodeJS.ErrnoException).code)) throw error
    }
    below = above
  }
}

/** Gives a file or folder its final name, durably: it exists whole or not at all. `from` must be synced with all that it holds. */
export function moveIntoPlace(from: string, to: string): void {
  fs.renameSync(from, to)
  syncFolder(path.dirname(path.resolve(to)))
}
