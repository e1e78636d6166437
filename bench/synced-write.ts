/** Times one synced write of 1 KB, made as the journal makes its writes: in place, in a file that is there and opened with O_DSYNC. */

import { closeSync, constants, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './statistics.js'

const TRIES = 200
const WRITE_BYTES = 1024

/** The median of some writes, one after the other. */
export function syncedWriteMs(folder: string): number {
  const path = join(folder, 'synced-write')
  const made = openSync(path, 'w')
  writeSync(made, Buffer.alloc(TRIES * WRITE_BYTES))
  fsyncSync(made)
  closeSync(made)
  const file = openSync(path, constants.O_RDWR | constants.O_DSYNC)
  const block = Buffer.alloc(WRITE_BYTES, 1)
  const tookMs = Array.from({ length: TRIES }, (_, i) => {
    const startMs = performance.now()
    writeSync(file, block, 0, block.length, i * WRITE_BYTES)
    return performance.now() - startMs
  })
  closeSync(file)
  rmSync(path)
  return median(tookMs)
}
