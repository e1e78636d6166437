/**
 * The tests, a process for each file. What `tap` runs when no file is named (.taprc):
 *
 *   main.js         all *.test.js
 *   main.js quick   those in the folders of what needs no server
 *   main.js long    all *.long.js
 *
 * tap would start the files itself, each with a module loader that only coverage needs. It costs 0.4 s of processor time in every
 * process of Node, and servers that tests start have it as well. So a plain `node` runs them here, and tap reads what they say.
 */

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { present } from '../src/lib/assert.js'
import { ROUNDS_FACTOR } from './support/rounds.js'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** Files at a time. */
const JOBS = 2

const QUICK = /^(lib|protocol|store|sync|connection|clients\/typescript)\/[^/]+\.test\.js$/

/** The time is for one file; one that needs more says so itself. */
const WHICH: Readonly<Record<string, { readonly files: RegExp; readonly timeoutMs: number }>> = {
  all: { files: /\.test\.js$/, timeoutMs: 120_000 },
  quick: { files: QUICK, timeoutMs: 120_000 },
  long: { files: /\.long\.js$/, timeoutMs: 600_000 },
}

t.jobs = JOBS
t.setTimeout(0)

const { files, timeoutMs } = present(WHICH[process.argv[2] ?? 'all'], 'tests of that name: quick or long')

for (const name of readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!files.test(name)) continue
  // tap hands its loader on in NODE_OPTIONS.
  const command = ['--unset=NODE_OPTIONS', process.execPath, `${FOLDER}${name}`]
  const timeout = timeoutMs * Math.max(1, ROUNDS_FACTOR)
  t.spawn('env', command, { name: `dist/test/${name}`, buffered: true, timeout })
}
