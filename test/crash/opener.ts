/** A process that opens one state after the other: damaged files may end it by a signal, which is a finding too. */

import fs from 'node:fs'
import path from 'node:path'
import { Checkpointer } from '../../src/store/lmdb/checkpoint.js'
import type { Image } from './disk.js'
import { putImage } from './folder.js'
import { type Found, openFolder } from './opening.js'

export interface Task {
  readonly folder: string
  /** Within the image. */
  readonly data: string
  readonly image: Image
  readonly withOthers: boolean
}

/** The little that is written here never fills a file: no checkpoint is made, and its thread would cost more than all else. */
Checkpointer.prototype.start = async () => {}

process.on('message', async ({ folder, data, image, withOthers }: Task) => {
  putImage(folder, image)
  const found: Found = await openFolder(path.join(folder, data), withOthers)
  fs.rmSync(folder, { recursive: true, force: true })
  process.send?.(found)
})
