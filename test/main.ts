/**
 * All tests: what `tap` runs when no file is named (.taprc), a process for each file.
 *
 * tap would start the files itself, each with a module loader that only coverage needs. It costs 0.4 s of processor time in every
 * process of Node, and servers that tests start have it as well. So a plain `node` runs them here, and tap reads what they say.
 */

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** Files at a time. */
const JOBS = 2

/** For one file; one that needs more says so itself. */
const TIMEOUT_MS = 120_000

t.jobs = JOBS
t.setTimeout(0)

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.js'))

for (const name of files.sort()) {
  // tap hands its loader on in NODE_OPTIONS.
  const command = ['--unset=NODE_OPTIONS', process.execPath, `${FOLDER}${name}`]
  t.spawn('env', command, { name: `dist/test/${name}`, buffered: true, timeout: TIMEOUT_MS })
}
