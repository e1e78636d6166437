/** Whether lmdb may be let near a file: it ends the process (a segmentation fault, seen with 3.5.6) on one that is not its own. */

import fs from 'node:fs'

/** At byte 24 of the first page: magic BEEFC0DE, version 2, both 32 bits little-endian. */
const MAGIC_AND_VERSION = Buffer.from('dec0efbe02000000', 'hex')

/** Two pages of meta data. */
const FILE_BYTES_MIN = 8192

export function isDatabase(file: string): boolean {
  // lmdb makes what is not there, or only just there.
  if (!fs.existsSync(file) || fs.statSync(file).size === 0) return true
  const head = Buffer.alloc(32)
  const descriptor = fs.openSync(file, 'r')
  fs.readSync(descriptor, head, 0, head.length, 0)
  fs.closeSync(descriptor)
  return fs.statSync(file).size >= FILE_BYTES_MIN && head.subarray(24).equals(MAGIC_AND_VERSION)
}
