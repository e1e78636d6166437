/** A new folder on the disk for a test, removed after it. */

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'

export function newFolder(t: Test): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'longwire-test-'))
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}
